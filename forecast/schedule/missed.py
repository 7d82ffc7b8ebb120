"""The instants that a job has missed since its last: those to run, and those outside the scenario's period."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from forecast.schedule.instants import Due, Timetable
from forecast.schedule.journal import JobState
from forecast.schedule.schedule_file import Job

_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Bounds:
    """The period in which a scenario can be run.

    Attributes:
        scenario: its id.
        reference: its reference date, the first as-of date.
        horizon: its last day, the last as-of date.
    """

    scenario: str
    reference: date
    horizon: date


@dataclass(frozen=True)
class Missed:
    """The instants since the last, oldest first.

    Attributes:
        early: those before the reference date, which are never run.
        runs: those to run.
        late: those after the horizon, which wait for the scenario that follows.
    """

    early: tuple[Due, ...]
    runs: tuple[Due, ...]
    late: tuple[Due, ...]


def starting_point(job: Job, state: JobState) -> datetime:
    """The instant after which a job is due: its last, else the start of `since`, else its first call; UTC."""
    if state.done_until is not None:
        return state.done_until
    if job.since is not None:
        return job.timetable.start_of(job.since) - _JUST_BEFORE
    return state.first_seen


def due_now(job: Job, state: JobState, now: datetime) -> list[Due]:
    """The instants that are due and not done, by as-of date, oldest first.

    A clock that went back finds nothing due until it passes the last instant that is done.
    """
    return job.timetable.due(starting_point(job, state), now)


def missed(due: list[Due], bounds: Bounds) -> Missed:
    """Divide instants by the scenario's period."""
    return Missed(
        tuple(one for one in due if one.as_of < bounds.reference),
        tuple(one for one in due if bounds.reference <= one.as_of <= bounds.horizon),
        tuple(one for one in due if one.as_of > bounds.horizon),
    )


def next_instant(job: Job, state: JobState, now: datetime) -> datetime | None:
    """The next instant that is not yet due, UTC; None if none comes."""
    return job.timetable.next_after(max(now, starting_point(job, state)))


def is_over(timetable: Timetable, now: datetime, bounds: Bounds) -> bool:
    """Whether the horizon has passed in a job's zone."""
    return timetable.local(now).date() > bounds.horizon
