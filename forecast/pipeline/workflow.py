"""The main job: from a request to the folder of a run."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from forecast.cache.limit import cache_limit
from forecast.ensemble.forecasts import forecasts, silent
from forecast.ensemble.member import Member
from forecast.ensemble.pooling import pooled
from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import ResolvedRequest, resolve
from forecast.evidence.readings import READINGS
from forecast.locations import source_digest
from forecast.pipeline.changes import days_not_coded, readings_used
from forecast.pipeline.summary import outside_declared_range, summarise
from forecast.report.context import report_text
from forecast.report.figures import odds_figure
from forecast.report.flags import outside
from forecast.report.predictive import predictive, titles, units
from forecast.scenario.review import PAGE
from forecast.scenario.series_roles import after_horizon, other_weekdays
from forecast.scenario.spec import Scenario
from forecast.store.csv_text import csv_text
from forecast.store.digests import digest_of, run_name, versions
from forecast.store.json_text import to_json
from forecast.store.manifest import DRAWS, REDRAWN, SCHEMA, start_file
from forecast.store.parquet import write_parquet
from forecast.store.saved_run import Run, runs_folder
from forecast.store.timeline_file import TimelineFile
from forecast.store.writer import Writer

LEAST_BYTES, LEAST_BYTES_EACH = 1_000_000, 50
"""Space that a run needs at least, and for each timeline."""

log = logging.getLogger("forecast")


def run(request: RunRequest, *, progress: bool = False, notify: Callable[[str], None] = silent) -> Run:
    """Make a forecast and save it.

    Args:
        request: from the command line, or made in Python.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        InputError: something given is wrong; nothing is written.
        SystemRefusal: the system lacks space, memory or a lock; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    cache_limit()  # a bad one is refused before the work
    started, code = datetime.now(UTC), source_digest()
    notify("reading the scenario")
    resolved = resolve(request)
    scenario, day = resolved.scenario, resolved.day
    folder = os.fsencode(scenario.folder).decode("utf-8", "backslashreplace")
    notify(f"the scenario is in {folder}")
    for entry in outside_declared_range(scenario, day):
        log.warning("%s; it was kept", outside(entry))
    for text in cautions_of_record(scenario, day):
        log.warning("%s", text)
    if request.as_of is None and (today := datetime.now(UTC).date()) > scenario.horizon:
        end = f"today, {today}, is after the horizon, {scenario.horizon}"
        log.warning("%s: the forecast is made as of the reference date, %s", end, day)
    inputs = _inputs(scenario)
    settings, found = resolved.settings(), versions()
    hashes = {"evidence_seen": seen_digest(scenario, day), "inputs": digest_of(inputs), "code": code}
    manifest = {
        "id": run_name(scenario.id, day, [settings, hashes, found]),
        "schema": SCHEMA,
        "scenario": scenario.id,
        "scenario_folder": folder,
        "as_of": day.isoformat(),
        "started": started.isoformat(timespec="milliseconds"),
        "settings": settings,
        "hashes": hashes,
        "versions": found,
    }
    least = LEAST_BYTES + LEAST_BYTES_EACH * request.timelines * len(resolved.members)
    with Writer(runs_folder(request.runs), str(manifest["id"]), least) as writer:
        names = None if resolved.pool is None else list(resolved.members)
        with TimelineFile(writer.folder, names, writer.saving) as file:
            members = forecasts(resolved, file.keep, progress=progress, notify=notify)
        notify("computing the odds and saving the run")
        with writer.saving():
            return _save(writer, resolved, members, file, inputs, manifest)


def cautions_of_record(scenario: Scenario, day: date) -> list[str]:
    """Rows that the run does not use although they are there, and days for which none are coded."""
    found = []
    if (review := scenario.review) is not None and review.open:
        count = f"{len(review.open)} of {len(review.items)} entries"
        found.append(f"the scenario was rolled on from {review.rolled_from}, and {count} of {PAGE} are not confirmed")
    if days := days_not_coded(scenario, day):
        until = scenario.chronology.coded_until
        found.append(f"events and recorded states are coded until {until}; the {days} days after it are simulated")
    for series, late in after_horizon(scenario.evidence, scenario.horizon).items():
        rows = "an observation" if len(late) == 1 else f"{len(late)} observations"
        found.append(f"{series} has {rows} after the horizon, from {late[0]}, which no run uses: check the year")
    second = scenario.second_area_series
    if second is not None:
        for when in other_weekdays(scenario.evidence.as_of(day), second):
            found.append(f"{second} of {when}, a {when:%A}, is not used: the front uses Mondays")
    for entry in readings_used(scenario, day):
        if not entry["rows"]:
            found.append(f"the reading {entry['id']} changes nothing: none of its rows was public by {day}")
    later = next(iter(scenario.chronology.contradictions), None)
    if later is not None:
        found.append(f"a later row, which this run does not use, contradicts the others: {later.error}")
    return found


def _save(
    writer: Writer,
    resolved: ResolvedRequest,
    members: Sequence[Member],
    file: TimelineFile,
    inputs: Mapping[str, str],
    manifest: dict[str, Any],
) -> Run:
    """Write all files of a run whose timelines are written."""
    scenario, day = resolved.scenario, resolved.day
    for name, text in inputs.items():
        writer.text(f"inputs/{name}", text)
    seen = {
        "evidence.csv": scenario.evidence.rows(day),
        "events.csv": scenario.chronology.event_rows(day),
        "states.csv": scenario.chronology.state_rows(day),
    }
    for name, rows in seen.items():
        writer.text(f"inputs/{name}", csv_text(rows))
    _write_tables(writer, members, pool=resolved.pool is not None)
    first = next((member.netcdf for member in members if member.netcdf), b"")
    checked = predictive(first, titles(scenario), units(scenario))
    for figure, text in checked.figures.items():
        writer.text(f"figures/{figure}", text)
    summary = summarise(resolved, members, *file.read(), manifest["id"])
    summary["predictive"] = {"checks": checked.checks, "flagged": checked.flagged}
    writer.text("summary.json", to_json(summary))
    writer.text("odds.svg", odds_figure(scenario, summary))
    writer.text("report.md", report_text(scenario, summary))
    fits = {member.name: member.fit_key for member in members if member.fit_key}
    return writer.finish(manifest | {"fits": fits, "finished": datetime.now(UTC).isoformat(timespec="milliseconds")})


def seen_digest(scenario: Scenario, day: date) -> str:
    """Hash of all evidence that a run as of a day uses: observations, events and states."""
    return digest_of({"evidence": scenario.evidence.digest(day), "chronology": scenario.chronology.digest(day)})


def _write_tables(writer: Writer, members: Sequence[Member], *, pool: bool) -> None:
    """Write the members' draws, bands, redrawn parameters, starting points and fits.

    The tables of a pool's members are written as one, with the column `perspective`.
    """

    def joined(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
        return pooled(tables) if pool else next(iter(tables.values()))

    draws: dict[str, dict[str, pd.DataFrame]] = {}
    for member in members:
        draws.setdefault(member.draws_file, {})[member.name] = member.draws.reset_index()
    for file, own in draws.items():
        shared = pool and file == DRAWS
        write_parquet(pooled(own) if shared else next(iter(own.values())), writer.folder / file)
    bands = joined({member.name: member.bands for member in members if len(member.bands)})
    write_parquet(bands, writer.folder / "bands.parquet")
    redrawn = {member.name: member.redrawn for member in members if member.redrawn is not None}
    writer.text(REDRAWN, to_json({"members": redrawn} if pool else redrawn.popitem()[1]))
    for member in members:
        if start := member.start:
            (writer.folder / start_file(member.name if pool else None)).write_bytes(start)
    _write_fits(writer, members)


def _write_fits(writer: Writer, members: Sequence[Member]) -> None:
    """Write each fit once: the first member's as `posterior.nc`, every other that differs under its member's name."""
    fits: dict[bytes, str] = {}
    for member in members:
        if member.netcdf:
            fits.setdefault(member.netcdf, member.name)
    for number, (netcdf, name) in enumerate(fits.items()):
        file = f"posterior_{name}.nc" if number else "posterior.nc"
        (writer.folder / file).write_bytes(netcdf)


def _inputs(scenario: Scenario) -> dict[str, str]:
    """The inputs as text: the files read, and every prior after edits.

    The tables of evidence are not among the files: a run saves only the rows that it used. `readings.toml` is one of
    them unless the run uses a reading.
    """
    left_out = () if scenario.chronology.used else (f"evidence/{READINGS}",)
    files = {
        f"priors/{name}": text
        for name, text in scenario.texts.items()
        if not (name.startswith("evidence/") and name.endswith(".csv")) and name not in left_out
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
    return files | {"priors.json": to_json(table)}
