"""The main job: scenario and evidence to posterior, timelines, odds, and a run's folder."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.belief.assemble import DRAW_SEED, check_as_of, check_fixed, update
from forecast.belief.fit import SamplerSettings
from forecast.ensemble import base_rates
from forecast.ensemble.pooling import Densities, pooled
from forecast.ensemble.simulated import USED_DRAWS, check_size, simulate
from forecast.locations import source_digest
from forecast.pipeline.summary import SURE, Made, outside_declared_range, summarise
from forecast.replay.prequential import common_density
from forecast.replay.starting_points import nothing_to_foresee
from forecast.report.context import report_text
from forecast.report.flags import outside
from forecast.report.predictive import predictive, titles, units
from forecast.scenario.load import load_scenario, load_under, parse_fix
from forecast.scenario.perspectives import BASE, BASE_RATES, POOL
from forecast.scenario.spec import Scenario
from forecast.store import saved_run

__all__ = ["SURE", "members", "run"]

log = logging.getLogger("forecast")


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
    perspective: str | Path | None = None,
    edits: Sequence[str] = (),
    fixes: Sequence[str] = (),
    prior_only: bool = False,
    allow_unconverged: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] = _silent,
) -> saved_run.Run:
    """Make a forecast and keep it.

    Args:
        scenario: name or folder; by default ukraine-2025.
        priors: folder of scenarios to look in first.
        runs: folder to keep the run in; by default `$FORECAST_RUNS`, else `./runs`.
        as_of: date whose evidence is used; by default the scenario's reference date.
        timelines: how many to simulate; in a pool, of each member.
        seed: seed of the timelines' luck.
        threads: threads to use; changes no number.
        perspective: whose premises: `base`, a perspective's name, or the file of one. By default the pool of all
            members that the scenario's `pool.toml` names; `base` where there is none.
        edits: priors to change before the update, after the perspective, `part.key.field=value`.
        fixes: parameters to hold at a value after it, `part.key=value`.
        prior_only: leave the series out; what is recorded since the reference date still counts.
        allow_unconverged: keep a posterior whose chains did not converge.
        progress: show a progress bar while sampling.
        tell: told, in a phrase, what is being done.

    Raises:
        InputError: something given is wrong; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    started, code = datetime.now(UTC), source_digest()
    check_size(timelines, threads)
    tell("reading the scenario")
    whose = BASE if perspective is None else perspective
    loaded = load_scenario(scenario, priors=priors, edits=edits, perspective=whose)
    day = check_as_of(loaded, as_of)
    check_fixed(loaded, parse_fix(loaded, fixes), day)
    nothing_to_foresee(loaded, day)
    _warn_of_outside(loaded, day)
    with saved_run.Writer(saved_run.runs_folder(runs), f"{loaded.id}_{day}") as writer:
        made = members(
            loaded,
            day,
            pool=perspective is None and loaded.pool is not None,
            timelines=timelines,
            seed=seed,
            threads=threads,
            fixes=fixes,
            prior_only=prior_only,
            allow_unconverged=allow_unconverged,
            progress=progress,
            tell=tell,
        )
        tell("working out the odds and saving the run")
        told = POOL if perspective is None and loaded.pool is not None else loaded.perspective
        settings = {
            "timelines": timelines,
            "seed": seed,
            "draw_seed": DRAW_SEED,
            "draws": USED_DRAWS,
            "edits": list(loaded.edits),
            "fixed": dict(sorted(parse_fix(loaded, fixes).items())),
            "prior_only": prior_only,
            "allow_unconverged": allow_unconverged,
            "perspective": told,
            "sampler": asdict(SamplerSettings()),
        }
        return _save(writer, loaded, day, made, settings, code, started)


def members(
    scenario: Scenario,
    day: date,
    *,
    pool: bool,
    timelines: int = 20_000,
    seed: int = 1,
    threads: int | None = None,
    fixes: Sequence[str] = (),
    prior_only: bool = False,
    allow_unconverged: bool = False,
    progress: bool = False,
    tell: Callable[[str], None] = _silent,
) -> list[Made]:
    """Make the forecast of each member of the scenario's pool, or that of the scenario as it is.

    Each member is read anew from the scenario's folder, under its perspective and then with the scenario's edits;
    `base-rates` goes by the files as they stand, and nothing is set or held in it.

    Args:
        scenario: under no perspective if it is the pool that is asked for.
        day: the as-of date.
        pool: the pool is asked for.
        timelines: how many to simulate of each member.
        seed: see `run`, as for all that follow.
        threads: see there.
        fixes: see there.
        prior_only: see there.
        allow_unconverged: see there.
        progress: see there.
        tell: see there.
    """
    names = list(scenario.pool.weights) if pool and scenario.pool else [scenario.perspective]
    simulated = [name for name in names if name not in (BASE_RATES, scenario.perspective)]
    under = {scenario.perspective: scenario}
    under |= dict(zip(simulated, load_under(simulated, scenario.folder, edits=scenario.edits), strict=True))
    made = []
    for name in names:
        of = f" ({name})" if pool else ""
        if name == BASE_RATES:
            tell(f"simulating {timelines:,} timelines{of}")
            plain = load_scenario(scenario.folder) if scenario.edits else scenario
            truces = base_rates.general_truces(plain, day)
            draws = base_rates.believe(plain, day, truces)
            table = base_rates.simulate(plain, draws, day, truces, timelines=timelines, seed=seed)
            made.append(Made(name, plain, draws, table, densities=base_rates.common_density(plain, day, truces)))
            continue
        seen = under[name]
        believe = partial(
            update,
            seen,
            prior_only=prior_only,
            allow_unconverged=allow_unconverged,
            fix=parse_fix(seen, fixes),
            progress=progress,
        )
        tell(f"updating the priors by the evidence{of}")
        posterior = believe(day)
        later = day > seen.reference_date
        tell(f"simulating {timelines:,} timelines{of}" + (", and what led up to them" if later else ""))
        simulation = simulate(seen, posterior, timelines=timelines, seed=seed, threads=threads)
        densities: Densities = {}
        if pool and later:
            densities = common_density(seen, believe(seen.reference_date), day, threads)
        made.append(Made.simulated(name, seen, posterior, simulation, densities))
    return made


def _save(
    writer: saved_run.Writer,
    scenario: Scenario,
    day: date,
    made: Sequence[Made],
    settings: dict[str, Any],
    code: str,
    started: datetime,
) -> saved_run.Run:
    """Write everything a run keeps."""
    inputs = _inputs(scenario, day)
    hashes = {
        "evidence_seen": seen_digest(scenario, day),
        "inputs": saved_run.digest_of(inputs),
        "code": code,
    }
    versions = saved_run.versions()
    name = saved_run.run_name(scenario.id, day, [settings, hashes, versions])
    writer.rename(name)
    for file, text in inputs.items():
        writer.text(f"inputs/{file}", text)
    seen = {
        "evidence.csv": scenario.evidence.rows(day),
        "events.csv": scenario.chronology.event_rows(day),
        "states.csv": scenario.chronology.state_rows(day),
    }
    for file, rows in seen.items():
        rows.to_csv(writer.folder / "inputs" / file, index=False, lineterminator="\n")
    timelines = _write_tables(writer, made, pool=settings["perspective"] == POOL)
    first = next((one.posterior.netcdf for one in made if one.posterior and one.posterior.netcdf), b"")
    checked = predictive(first, titles(scenario), units(scenario))
    for figure, text in checked.figures.items():
        writer.text(f"figures/{figure}", text)
    again = {"checks": checked.checks, "flagged": checked.flagged}
    summary = summarise(scenario, day, made, timelines, settings, name) | {"predictive": again}
    writer.text("summary.json", saved_run.to_json(summary))
    writer.text("report.md", report_text(scenario, summary))
    finished = datetime.now(UTC)
    return writer.finish(
        {
            "id": name,
            "schema": saved_run.SCHEMA,
            "scenario": scenario.id,
            "as_of": day.isoformat(),
            "started": started.isoformat(timespec="milliseconds"),
            "finished": finished.isoformat(timespec="milliseconds"),
            "settings": settings,
            "hashes": hashes,
            "versions": versions,
        }
    )


def seen_digest(scenario: Scenario, day: date) -> str:
    """Hash of all evidence that a run as of a day sees: figures, events and states."""
    return saved_run.digest_of(
        {"evidence": scenario.evidence.digest(day), "chronology": scenario.chronology.digest(day)}
    )


def _write_tables(writer: saved_run.Writer, made: Sequence[Made], *, pool: bool) -> pd.DataFrame:
    """Write draws, timelines, bands, what timelines draw anew and the fits; returns the timelines as written.

    Of a pool, tables of members stand in one, with the column `perspective`; draws of a member that is not simulated
    have a file of their own, and so has each fit that differs from the first.
    """
    simulated = {one.name: one.posterior for one in made if one.posterior is not None}
    anew = {
        name: {
            "names": list(posterior.anew),
            "mean": posterior.anew_mean[:USED_DRAWS].tolist(),
            "chol": posterior.anew_chol.tolist(),
        }
        for name, posterior in simulated.items()
    }
    if pool:
        timelines = pooled({one.name: one.timelines for one in made})
        draws = pooled({name: posterior.draws for name, posterior in simulated.items()})
        bands = pooled({one.name: one.bands for one in made if one.posterior is not None})
        for one in made:
            if one.posterior is None:
                saved_run.write_parquet(one.draws, writer.folder / f"draws_{one.name}.parquet")
        writer.text(saved_run.ANEW, saved_run.to_json({"members": anew}))
    else:
        (one,) = made
        timelines, draws, bands = one.timelines, one.draws, one.bands
        writer.text(saved_run.ANEW, saved_run.to_json(anew[one.name]))
    saved_run.write_parquet(draws, writer.folder / "draws.parquet")
    saved_run.write_parquet(timelines, writer.folder / "timelines.parquet")
    saved_run.write_parquet(bands, writer.folder / "bands.parquet")
    for one in made:
        if one.start is not None and one.start.effective is not None:
            (writer.folder / saved_run.start_file(one.name if pool else None)).write_bytes(one.start.to_bytes())
    fits = {posterior.netcdf: name for name, posterior in reversed(simulated.items()) if posterior.netcdf}
    first = next(iter(simulated))
    for netcdf, name in fits.items():
        file = "posterior.nc" if name == first else f"posterior_{name}.nc"
        (writer.folder / file).write_bytes(netcdf)
    return timelines


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
    return files | {"priors.json": saved_run.to_json(table)}


def _warn_of_outside(scenario: Scenario, day: date) -> None:
    for entry in outside_declared_range(scenario, day):
        log.warning("%s; it was kept", outside(entry))
