"""The true parts of the forecaster behind the schedule: the pipeline, the store and the intake of evidence."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.schedule.missed import Bounds
from forecast.schedule.parts import MadeRun, Notify
from forecast.schedule.schedule_file import Job


class Forecaster:
    """The true parts; see `forecast.schedule.parts.Parts`. Heavy modules are imported when a run is made.

    Args:
        priors: folder of scenarios in which names are looked up first.
        progress: show a progress bar while sampling.
    """

    def __init__(self, priors: Path | None = None, *, progress: bool = False) -> None:
        self.priors, self.progress = priors, progress

    def folder(self, job: Job) -> Path:
        """The folder of a job's scenario.

        Raises:
            InputError: there is no such scenario.
        """
        from forecast.scenario.find import find_scenario

        return find_scenario(job.scenario, priors=self.priors)

    def bounds(self, job: Job) -> Bounds:
        """Read the dates of a scenario, and nothing else of it."""
        from forecast.inputs.validation import Place, read_text
        from forecast.scenario.find import MARK

        path = self.folder(job) / MARK
        try:
            content = tomllib.loads(read_text(path, Place(path)))
        except (ValueError, RecursionError) as error:
            raise InputError("it is not TOML", file=path, remedy="See: forecast check") from error
        found, reference, horizon = (content.get(key) for key in ("id", "reference_date", "horizon"))
        if not isinstance(found, str) or type(reference) is not date or type(horizon) is not date:
            raise InputError("it lacks an id, a reference date or a horizon", file=path, remedy="See: forecast check")
        return Bounds(found, reference, horizon)

    def make(self, job: Job, as_of: date, kept: Path, notify: Notify) -> MadeRun:
        """Make a run of a job, or find it unchanged."""
        from forecast.ensemble.request import RunRequest
        from forecast.pipeline.make import make

        precise = {"precision": job.precision, "time_budget": job.time_budget}
        given: dict[str, Any] = {key: value for key, value in precise.items() if value is not None}
        if job.timelines is not None:
            given["timelines"] = job.timelines
        request = RunRequest(
            scenario=job.scenario, priors=self.priors, runs=kept, as_of=as_of, perspective=job.perspective, **given
        )
        made = make(request, progress=self.progress, notify=notify)
        stale = [dict(entry.plain()) for entry in made.stale]
        return MadeRun(made.run.id, made.run.folder, made.unchanged, made.run.summary["odds"], stale)

    def mark(self, made: MadeRun, job: Job, instant: datetime) -> None:
        """Mark a run as a run of record."""
        from forecast.store.manifest import read_manifest
        from forecast.store.record import mark_scheduled
        from forecast.store.saved_run import Run

        mark_scheduled(Run(made.folder, read_manifest(made.folder)), job.name, instant)

    def import_file(self, job: Job, path: Path, today: date, kept: Path) -> list[str]:
        """Import a file of evidence into the scenario's own folder."""
        from forecast.intake.inbox import import_file

        report = import_file(path, self.folder(job), today=today, runs=kept)
        return [*report.lines, *report.flags]

    def stale(self, job: Job, day: date) -> list[dict[str, Any]]:
        """List the series that are stale on a day."""
        from forecast.pipeline.staleness import stale_series
        from forecast.scenario.load import load_scenario

        scenario = load_scenario(job.scenario, priors=self.priors)
        return [dict(entry.plain()) for entry in stale_series(scenario, day)]

    def prune(self, job: Job, kept: Path, now: datetime) -> list[str]:
        """Remove the runs that a job's retention lets go."""
        from forecast.store.prune import Retention, prune

        retention = Retention(job.retention.keep_days, job.retention.keep_last)
        return prune(kept, retention, now=now, job=job.name)
