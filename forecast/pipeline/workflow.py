"""The main job: from a request to the folder of a run."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from forecast.cache.limit import cache_limit
from forecast.ensemble.forecasts import forecasts, forecasts_until
from forecast.ensemble.member import Member
from forecast.ensemble.pooling import pooled
from forecast.ensemble.precision import Stopping
from forecast.ensemble.progress import silent
from forecast.ensemble.request import BLOCK, RunRequest
from forecast.ensemble.resolve import ResolvedRequest, resolve
from forecast.ensemble.stop import Stop
from forecast.evidence.readings import READINGS
from forecast.locations import source_digest
from forecast.pipeline.cautions import warn
from forecast.pipeline.changes import days_not_coded, readings_used
from forecast.pipeline.summary import outside_declared_range, summarise
from forecast.report.context import report_text
from forecast.report.figures import odds_figure
from forecast.report.flags import outside
from forecast.report.predictive import predictive, titles, units
from forecast.scenario.review import PAGE
from forecast.scenario.series_roles import after_horizon, weeks_without_monday
from forecast.scenario.spec import Scenario
from forecast.store.csv_text import csv_text
from forecast.store.digests import digest_of, run_name, versions
from forecast.store.json_text import to_json
from forecast.store.manifest import DRAWS, REDRAWN, SCHEMA, start_file
from forecast.store.parquet import write_parquet
from forecast.store.saved_run import Run, runs_folder
from forecast.store.timeline_file import TimelineFile
from forecast.store.writer import Writer

SHIFTED = 5
"""Weeks in a row with maps of other days than Mondays only, from which a run warns that dates may be shifted."""

LEAST_BYTES, LEAST_BYTES_EACH = 1_000_000, 50
"""Space that a run needs at least, and for each timeline."""


@dataclass(frozen=True)
class Plan:
    """A run before any work: its request, read and checked, and its name.

    Attributes:
        resolved: the request and the things that it names.
        inputs: the texts that the run keeps, by path.
        manifest: as it is saved, without the files.
        cautions: warnings about the record, a sentence each, without the one that depends on the present day.
        begun: reading of the monotonic clock when the work began, in seconds.
    """

    resolved: ResolvedRequest
    inputs: Mapping[str, str]
    manifest: dict[str, Any]
    cautions: tuple[str, ...]
    begun: float

    def with_timelines(self, timelines: int) -> "Plan":
        """The plan of the run with a number of timelines, in place of a precision."""
        resolved = self.resolved.with_timelines(timelines)
        settings = resolved.settings()
        depends_on = [settings, self.manifest["hashes"], self.manifest["versions"]]
        name = run_name(resolved.scenario.id, resolved.day, depends_on)
        return replace(self, resolved=resolved, manifest=self.manifest | {"id": name, "settings": settings})

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self.manifest["id"])


def run(request: RunRequest, *, progress: bool = False, notify: Callable[[str], None] = silent) -> Run:
    """Make a forecast and save it, whether or not it has been made before; see `forecast.pipeline.make`.

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
    plan = planned(request, notify)
    warn(request, plan.cautions, plan.resolved.scenario.horizon, plan.resolved.day)
    if request.precision is not None:
        return saved_when_precise(plan, progress=progress, notify=notify)[0]
    return saved(plan, progress=progress, notify=notify)


def planned(request: RunRequest, notify: Callable[[str], None] = silent) -> Plan:
    """Read the scenario and everything that gives a run its name.

    Raises:
        InputError: something given is wrong.
    """
    started, begun, code = datetime.now(UTC), time.monotonic(), source_digest()
    notify("reading the scenario")
    return plan_of(resolve(request), started, begun, code, notify)


def plan_of(
    resolved: ResolvedRequest, started: datetime, begun: float, code: str, notify: Callable[[str], None] = silent
) -> Plan:
    """The plan of a run whose request has been resolved.

    Args:
        resolved: the request.
        started: when the work began, UTC.
        begun: the same on the clock that only runs forwards, `time.monotonic`.
        code: SHA-256 of the code then.
        notify: called with a phrase for each step.
    """
    scenario, day = resolved.scenario, resolved.day
    folder = os.fsencode(scenario.folder).decode("utf-8", "backslashreplace")
    notify(f"the scenario is in {folder}")
    cautions = [f"{outside(entry)}; it was kept" for entry in outside_declared_range(scenario, day)]
    cautions += cautions_of_record(scenario, day)
    inputs = input_texts(scenario)
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
    return Plan(resolved, inputs, manifest, tuple(cautions), begun)


def saved(plan: Plan, *, progress: bool = False, notify: Callable[[str], None] = silent) -> Run:
    """Make the forecast of a plan and save it.

    Raises:
        InputError: it cannot be saved there; nothing is written.
        SystemRefusal: the system lacks space, memory or a lock; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    resolved = plan.resolved
    request = resolved.request
    least = LEAST_BYTES + LEAST_BYTES_EACH * request.timelines * len(resolved.members)
    with Writer(runs_folder(request.runs), plan.name, least) as writer:
        names = None if resolved.pool is None else list(resolved.members)
        with TimelineFile(writer.folder, names, writer.saving) as file:
            members = forecasts(resolved, file.keep, progress=progress, notify=notify)
        notify("computing the odds and saving the run")
        with writer.saving():
            return _save(writer, resolved, members, file, plan.inputs, plan.manifest)


def saved_when_precise(
    plan: Plan,
    *,
    standing: Callable[[str], Run | None] = lambda _: None,
    progress: bool = False,
    notify: Callable[[str], None] = silent,
) -> tuple[Run, Stop]:
    """Make the forecast of a plan with a precision, and save it as the run with as many timelines as that needs.

    The files are those of that run, byte for byte; the request for a precision is not in them.

    Args:
        plan: its request has a precision.
        standing: gives the sound run of a name that is saved already. It is left as it is.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Returns:
        The run, and why it has no more timelines.

    Raises:
        InputError: it cannot be saved there; nothing is written.
        SystemRefusal: the system lacks space, memory or a lock; nothing is written.
        NotConverged: the sampler's diagnostics are outside their limits; nothing is written.
    """
    resolved = plan.resolved
    request = resolved.request
    if request.precision is None:
        raise ValueError("the request of the plan has no precision")
    stopping = Stopping(request.precision, request.time_budget, plan.begun)
    least = LEAST_BYTES + LEAST_BYTES_EACH * BLOCK * len(resolved.members)
    with Writer(runs_folder(request.runs), plan.name, least) as writer:
        names = None if resolved.pool is None else list(resolved.members)
        with TimelineFile(writer.folder, names, writer.saving, in_turn=True) as file:
            members, stop = forecasts_until(resolved, file.keep, stopping, progress=progress, notify=notify)
        found = plan.with_timelines(stop.timelines)
        if (run := standing(found.name)) is not None:
            return run, stop
        writer.rename(found.name)
        notify("computing the odds and saving the run")
        with writer.saving():
            return _save(writer, found.resolved, members, file, found.inputs, found.manifest), stop


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
        what = f"{series} has {rows} after the horizon, from {late[0]}, which no run uses"
        found.append(f"{what}: check the year, or see forecast roll")
    for maps in (scenario.area_series, scenario.second_area_series):
        if maps is not None and (missed := weeks_without_monday(scenario.evidence.as_of(day), maps, SHIFTED)):
            what = f"{maps} has maps of {len(missed)} weeks, from {missed[0]}, on other days than Mondays only"
            found.append(f"{what}; the front uses Mondays: check whether dates are shifted")
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
    for name, text in seen_texts(scenario, day).items():
        writer.text(f"inputs/{name}", text)
    write_tables(writer, members, pool=resolved.pool is not None)
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


def seen_texts(scenario: Scenario, day: date) -> dict[str, str]:
    """The evidence that a run as of a day uses, as CSV by the name of its file."""
    seen = {
        "evidence.csv": scenario.evidence.rows(day),
        "events.csv": scenario.chronology.event_rows(day),
        "states.csv": scenario.chronology.state_rows(day),
    }
    return {name: csv_text(rows) for name, rows in seen.items()}


def seen_digest(scenario: Scenario, day: date) -> str:
    """Hash of all evidence that a run as of a day uses: observations, events and states."""
    return digest_of({"evidence": scenario.evidence.digest(day), "chronology": scenario.chronology.digest(day)})


def write_tables(writer: Writer, members: Sequence[Member], *, pool: bool) -> None:
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


def input_texts(scenario: Scenario) -> dict[str, str]:
    """The inputs of a run as text: the files read, and every prior after edits.

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
