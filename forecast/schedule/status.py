"""The state of the schedule, from the journal: the last success, the next instant, overdue ones, and the reason."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecast.errors import ForecastError, InputError
from forecast.schedule import inbox
from forecast.schedule.instants import written
from forecast.schedule.job_call import end_of
from forecast.schedule.journal import HEARTBEAT, JobState, Journal
from forecast.schedule.missed import Bounds, due_now, is_over, missed, next_instant
from forecast.schedule.parts import Parts
from forecast.schedule.schedule_file import Job, Schedule
from forecast.store.json_text import read_object


def schedule_status(schedule: Schedule, kept: Path, now: datetime, parts: Parts) -> dict[str, Any]:
    """The state of every job; nothing is written.

    Args:
        schedule: the jobs.
        kept: folder of saved runs.
        now: the present, UTC.
        parts: the forecaster.

    Raises:
        InputError: the journal is wrong.
    """
    journal = Journal(kept)
    journal.load()
    heartbeat = _heartbeat(journal)
    called = None if heartbeat is None else heartbeat.get("finished")
    return {
        "schedule": str(schedule.file.absolute()),
        "now": written(now),
        "last_call": heartbeat,
        "jobs": [_job(job, journal.states.get(job.name), now, parts, called) for job in schedule.jobs],
    }


def _heartbeat(journal: Journal) -> dict[str, Any] | None:
    try:
        return read_object(journal.folder / HEARTBEAT)
    except InputError:
        return None


def _job(job: Job, state: JobState | None, now: datetime, parts: Parts, called: Any) -> dict[str, Any]:
    known = state or JobState(first_seen=now)
    bounds, fault = _bounds(job, parts)
    due = due_now(job, known, now)
    runs = due if bounds is None else list(missed(due, bounds).runs)
    over = bounds is not None and is_over(job.timetable, now, bounds)
    upcoming = next_instant(job, known, now)
    overdue = [{"instant": written(one.instant), "as_of": one.as_of.isoformat()} for one in runs]
    overdue = [{"instant": one["instant"], "as_of": one["as_of"]} for one in known.retry] + overdue
    return {
        "job": job.name,
        "cron": job.timetable.cron,
        "zone": job.timetable.zone.key,
        "scenario": None if job.scenario is None else str(job.scenario),
        "last_success": known.last,
        "next": None
        if upcoming is None
        else {"utc": written(upcoming), "local": job.timetable.local(upcoming).isoformat()},
        "overdue": overdue,
        "why": _why(state, now, bool(overdue), called),
        "last_failure": known.last_failure,
        "over": end_of(job, bounds) if over and bounds is not None else None,
        "stale": _stale(job, now, bounds, parts),
        "inbox": None if job.inbox is None else _counts(job.inbox),
        "alerts_waiting": [
            {"id": name, "attempts": one["attempts"], "fault": one.get("fault")} for name, one in known.pending.items()
        ],
        "fault": fault,
    }


def _bounds(job: Job, parts: Parts) -> tuple[Bounds | None, str | None]:
    try:
        return parts.bounds(job), None
    except ForecastError as error:
        return None, str(error)


def _why(state: JobState | None, now: datetime, overdue: bool, called: Any) -> str | None:
    """The reason for which something is overdue, or nothing can be due."""
    if state is not None and state.done_until is not None and now < state.done_until:
        return f"the clock is before the last instant that is done, {written(state.done_until)}: nothing is due"
    if not overdue:
        return None
    if state is not None and state.failing and state.last_failure is not None:
        entry = state.last_failure
        failed = f"the run as of {entry['as_of']}" if entry["as_of"] else "the job"
        return f"{failed} failed and is tried again at the next call: {entry['message']}"
    if state is None:
        return "the job never ran: the scheduler has not been called since it was added"
    return f"the scheduler has not been called since {called}" if called else "the scheduler has not been called"


def _stale(job: Job, now: datetime, bounds: Bounds | None, parts: Parts) -> list[dict[str, Any]] | str | None:
    """The series that are stale today, within the scenario's period; a sentence if that is not known."""
    if bounds is None:
        return None
    today = job.timetable.local(now).date()
    try:
        return parts.stale(job, min(max(today, bounds.reference), bounds.horizon))
    except ForecastError as error:
        return str(error)


def _counts(folder: Path) -> dict[str, Any]:
    try:
        return {"folder": str(folder), **inbox.counts(folder)}
    except ForecastError as error:
        return {"folder": str(folder), "fault": str(error)}


def age(stamp: object, now: datetime | None = None) -> str | None:
    """The time since a stamp of the heartbeat, in words."""
    from forecast.schedule.instants import read_instant

    try:
        seconds = int(((now or datetime.now(UTC)) - read_instant(stamp)).total_seconds())
    except ValueError:
        return None
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
