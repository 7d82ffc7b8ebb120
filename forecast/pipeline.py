"""The main job: scenario and evidence to posterior, timelines, odds, and a run's folder."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forecast import coherence, store
from forecast.belief.assemble import DRAW_SEED, Posterior, check_as_of, update
from forecast.belief.fit import SamplerSettings
from forecast.belief.model import learnt_from
from forecast.belief.update import failures
from forecast.influence import influence
from forecast.outcomes import odds
from forecast.report.context import report_text
from forecast.report.faults import outside
from forecast.report.predictive import predictive, titles, units
from forecast.scenario.load import load_scenario, parse_fix
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario
from forecast.simulation import USED_DRAWS, Simulation, check_size, simulate

log = logging.getLogger("forecast")

TELLING = 8
"""Most priors that a run's summary names as those the odds turn on."""

SURE = 4.0
"""Standard errors that a prior's effect must exceed to be named: what is fitted was picked among several hundred priors
for what it does in these very draws, and by chance alone some of those lie beyond three."""


def _silent(_: str) -> None:
    """Report no progress."""


def run(
    scenario: str | Path | None = None,
    *,
    priors: Path | None = None,
    runs: Path | None = None,
    as_of: date | None = None,
    timelines: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    perspective: str | Path = BASE,
    edits: Sequence[str] = (),
    fixes: Sequence[str] = (),
    prior_only: bool = False,
    allow_unconverged: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] = _silent,
) -> store.Run:
    """Make a forecast and keep it.

    Args:
        scenario: name or folder; by default ukraine-2025.
        priors: folder of scenarios to look in first.
        runs: folder to keep the run in; by default `$FORECAST_RUNS`, else `./runs`.
        as_of: date whose evidence is used; by default the scenario's reference date.
        timelines: how many to simulate.
        seed: seed of the timelines' luck.
        threads: threads to use; changes no number.
        perspective: whose premises: `base`, a perspective's name, or the file of one.
        edits: priors to change before the update, after the perspective, `part.key.field=value`.
        fixes: parameters to hold at a value after it, `part.key=value`.
        prior_only: leave the evidence out.
        allow_unconverged: keep a posterior whose chains did not converge.
        progress: show a progress bar while sampling.
        tell: told, in a phrase, what is being done.

    Raises:
        InputError: something given is wrong; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    started, code = datetime.now(UTC), store.code_digest()
    check_size(timelines, threads)
    tell("reading the scenario")
    loaded = load_scenario(scenario, priors=priors, edits=edits, perspective=perspective)
    fix = parse_fix(loaded, fixes)
    day = check_as_of(loaded, as_of)
    _warn_of_outside(loaded, day)
    with store.Writer(store.runs_folder(runs), f"{loaded.id}_{day}") as writer:
        tell("updating the priors by the evidence")
        posterior = update(
            loaded,
            day,
            prior_only=prior_only,
            allow_unconverged=allow_unconverged,
            fix=fix,
            progress=progress,
        )
        tell(f"simulating {timelines:,} timelines")
        simulation = simulate(loaded, posterior, timelines=timelines, seed=seed, threads=threads)
        tell("working out the odds and saving the run")
        settings = {
            "timelines": timelines,
            "seed": seed,
            "draw_seed": DRAW_SEED,
            "draws": USED_DRAWS,
            "edits": list(loaded.edits),
            "fixed": dict(sorted(posterior.fixed.items())),
            "prior_only": prior_only,
            "allow_unconverged": allow_unconverged,
            "perspective": loaded.perspective,
            "sampler": asdict(SamplerSettings()),
        }
        return _save(writer, loaded, posterior, simulation, settings, code, started)


def _save(
    writer: store.Writer,
    scenario: Scenario,
    posterior: Posterior,
    simulation: Simulation,
    settings: dict[str, Any],
    code: str,
    started: datetime,
) -> store.Run:
    """Write everything a run keeps."""
    day = posterior.as_of
    inputs = _inputs(scenario, day)
    hashes = {
        "evidence_seen": scenario.evidence.digest(day),
        "inputs": store.digest_of(inputs),
        "code": code,
    }
    versions = store.versions()
    name = store.run_name(scenario.id, day, [settings, hashes, versions])
    writer.rename(name)
    for file, text in inputs.items():
        writer.text(f"inputs/{file}", text)
    scenario.evidence.rows(day).to_csv(writer.folder / "inputs" / "evidence.csv", index=False, lineterminator="\n")
    store.write_parquet(posterior.draws, writer.folder / "draws.parquet")
    store.write_parquet(simulation.timelines, writer.folder / "timelines.parquet")
    store.write_parquet(simulation.bands, writer.folder / "bands.parquet")
    anew = {
        "names": list(posterior.anew),
        "mean": posterior.anew_mean[:USED_DRAWS].tolist(),
        "chol": posterior.anew_chol.tolist(),
    }
    writer.text(store.ANEW, store.to_json(anew))
    if posterior.netcdf:
        (writer.folder / "posterior.nc").write_bytes(posterior.netcdf)
    checked = predictive(posterior.netcdf, titles(scenario), units(scenario))
    for figure, text in checked.figures.items():
        writer.text(f"figures/{figure}", text)
    again = {"checks": checked.checks, "flagged": checked.flagged}
    summary = summarise(scenario, posterior, simulation, settings, name) | {"predictive": again}
    writer.text("summary.json", store.to_json(summary))
    writer.text("report.md", report_text(scenario, summary))
    finished = datetime.now(UTC)
    return writer.finish(
        {
            "id": name,
            "schema": store.SCHEMA,
            "scenario": scenario.id,
            "as_of": day.isoformat(),
            "started": started.isoformat(timespec="milliseconds"),
            "finished": finished.isoformat(timespec="milliseconds"),
            "settings": settings,
            "hashes": hashes,
            "versions": versions,
        }
    )


def _inputs(scenario: Scenario, day: date) -> dict[str, str]:
    """The inputs as text: the files read, and every prior after edits.

    The evidence is not among the files: a run keeps only the rows that it saw.
    """
    files = {
        f"priors/{name}": text
        for name, text in scenario.texts.items()
        if not (name.startswith("evidence/") and name.endswith(".csv"))
    }
    table = {
        name: {
            "family": prior.marginal.family,
            "numbers": list(prior.marginal.args),
            "elicited": prior.elicited,
            "unit": prior.unit,
            "support": [repr(end) for end in prior.support],
            "varies": prior.varies,
            "without": prior.without,
            "premises": list(prior.premises),
            "source": prior.source,
            "as_of": prior.as_of.isoformat() if prior.as_of else None,
            "reason": prior.reason,
            "file": prior.file,
        }
        for name, prior in scenario.priors.items()
    }
    return files | {"priors.json": store.to_json(table)}


def summarise(
    scenario: Scenario, posterior: Posterior, simulation: Simulation, settings: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """What `summary.json` holds: the odds, what they turn on, and what they rest on."""
    day = posterior.as_of
    found = posterior.diagnostics
    vintage = scenario.evidence.vintage(day)
    turns = influence(simulation.timelines, posterior.draws, scenario)
    turns = turns[turns["sureness"] > SURE].head(TELLING)
    learnt = learnt_from(scenario, day)
    return {
        "schema": store.SCHEMA,
        "run": name,
        "scenario": scenario.id,
        "as_of": day.isoformat(),
        "horizon": scenario.horizon.isoformat(),
        "timelines": len(simulation.timelines),
        "draws": int(simulation.timelines["draw"].nunique()),
        "seed": settings["seed"],
        "perspective": scenario.perspective,
        "perspective_detail": _perspective(scenario),
        "provisional": scenario.perspective == BASE,
        "edits": settings["edits"],
        "fixed": settings["fixed"],
        "prior_only": settings["prior_only"],
        **odds(simulation.timelines),
        "coherence": coherence.summary(scenario, simulation.timelines, day),
        "turns_on": json.loads(turns.to_json(orient="records", double_precision=6)),
        "amounts": {
            column: {
                f"q{round(100 * q):02d}": _rounded(simulation.timelines[column].quantile(q)) for q in (0.05, 0.5, 0.95)
            }
            for column in ("km2_4w", "km2_13w", "km2_26w", "km2_end", "approval_4w", "approval_13w")
        },
        "diagnostics": {
            "sampler": None if found is None else asdict(found),
            "converged": None if found is None else not failures(found),
            "evidence": {
                str(series): {
                    "last_observed": None if row["count"] == 0 else row["last_observed"].date().isoformat(),
                    "last_available": None if row["count"] == 0 else row["last_available"].date().isoformat(),
                    "rows": int(row["count"]),
                    "used": series in learnt,
                    "block": learnt[series][0] if series in learnt else None,
                    "learnt_from": learnt[series][1] if series in learnt and not settings["prior_only"] else 0,
                }
                for series, row in vintage.iterrows()
            },
            "outside_declared_range": outside_declared_range(scenario, day),
        },
    }


def _perspective(scenario: Scenario) -> dict[str, Any] | None:
    """The perspective of a run and what it changes, as `summary.json` holds them; null where it is `base`."""
    if scenario.perspective == BASE:
        return None
    told = asdict(scenario.perspectives[scenario.perspective])
    names = ("q05", "q50", "q95")
    for change in told["changes"]:
        for key in ("quantiles", "base"):
            change[key] = dict(zip(names, map(_rounded, change[key]), strict=True))
    return told


def outside_declared_range(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """The figures seen on a date that lie outside the range that their series declares, as `summary.json` holds them.

    A range without an end has null there.
    """
    flags = scenario.evidence.flags(day)
    names = ("series", "observed", "value", "lowest", "highest")
    return [
        {
            "series": series,
            "observed": observed.date().isoformat(),
            "value": float(value),
            "lowest": float(lowest) if math.isfinite(lowest) else None,
            "highest": float(highest) if math.isfinite(highest) else None,
            "unit": scenario.evidence.specs[series].unit,
        }
        for series, observed, value, lowest, highest in zip(*(flags[name] for name in names), strict=True)
    ]


def _warn_of_outside(scenario: Scenario, day: date) -> None:
    for entry in outside_declared_range(scenario, day):
        log.warning("%s; it was kept", outside(entry))


def _rounded(x: Any) -> float | None:
    """A number for `summary.json`; null where there is none."""
    return None if math.isnan(x) else round(float(x), 6)
