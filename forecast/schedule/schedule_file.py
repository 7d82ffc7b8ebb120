"""`schedule.toml`: the jobs, each checked key by key before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import Field

from forecast.inputs.validation import (
    Day,
    Place,
    Positive,
    Table,
    Text,
    Texts,
    as_table,
    near,
    parse_toml,
    read_text,
    spot_of,
)
from forecast.locations import expanded
from forecast.schedule.instants import YEARS, Timetable

FILE = "schedule.toml"
"""Name of the file, in the folder of runs."""

LONGEST_NAME, MOST_WORDS = 60, 100
"""Most letters of a job's name, and most words of an alert command."""

TIME_LIMIT = 60.0
"""Seconds that an alert command may take, if the job does not say."""

LONGEST_ZONE = 100

_ROOT_KEYS = ("job",)


class Alert(Table):
    """`[job.<name>.alert]`: when to alert, and how.

    Attributes:
        points: a move of a headline odds, in points, beyond which an alert is sent; None for no such alerts.
        command: the words of the command, which gets the alert as JSON on standard input; None to send nothing.
        time_limit: seconds after which the command is stopped.
    """

    points: Annotated[float | None, Field(gt=0, le=100)] = None
    command: Annotated[Texts | None, Field(min_length=1, max_length=MOST_WORDS)] = None
    time_limit: Annotated[float, Field(gt=0, le=3600)] = TIME_LIMIT


class Retention(Table):
    """`[job.<name>.retention]`: the runs that are kept; published ones always are.

    Attributes:
        keep_days: runs younger than this many days are kept.
        keep_last: the newest runs, this many, are kept.
    """

    keep_days: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    keep_last: Annotated[int | None, Field(ge=1, le=1_000_000)] = None


class JobTable(Table):
    """`[job.<name>]` as the file has it; see `Job`."""

    cron: Text
    zone: Text
    since: Day | None = None
    scenario: Text | None = None
    timelines: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    precision: Annotated[float | None, Field(gt=0, le=50)] = None
    time_budget: Positive | None = None
    perspective: Text | None = None
    inbox: Text | None = None
    fail_if_stale: bool = True
    alert: Alert = Alert()
    retention: Retention = Retention()


@dataclass(frozen=True)
class Job:
    """A job of the schedule.

    Attributes:
        name: of the job.
        timetable: its instants.
        since: a job that never ran is due from the start of this day; None for the first instant after the first call.
        scenario: name or folder of the scenario; None for the default.
        timelines: number of timelines; None for the default, or with a precision.
        precision: Monte Carlo error of the headline odds to reach, points.
        time_budget: seconds that a run with a precision may take.
        perspective: a perspective's name or file; None for the pool.
        inbox: folder of files to import before the runs.
        fail_if_stale: whether stale evidence gives exit code 3.
        alert: when to alert, and how.
        retention: the runs to keep.
        place: where it stands in the file, for errors.
    """

    name: str
    timetable: Timetable
    since: date | None
    scenario: str | Path | None
    timelines: int | None
    precision: float | None
    time_budget: float | None
    perspective: str | Path | None
    inbox: Path | None
    fail_if_stale: bool
    alert: Alert
    retention: Retention
    place: Place


@dataclass(frozen=True)
class Schedule:
    """The jobs of a file.

    Attributes:
        file: the file.
        jobs: in the order of the file.
    """

    file: Path
    jobs: tuple[Job, ...]

    @property
    def folder(self) -> Path:
        """The folder of the file: relative paths in it, and the alert command, start from there."""
        return self.file.absolute().parent


def read_schedule(path: Path) -> Schedule:
    """Read the jobs of a file.

    Raises:
        InputError: the file is missing or wrong; the error names file, key, value, the values allowed and a remedy.
    """
    place = Place(path)
    if not path.exists():
        remedy = "Write one as README.md shows under 'Run it on a schedule', or name another with --schedule"
        raise place.error("there is no such file", remedy)
    tables = parse_toml(read_text(path, place), place)
    for key in tables:
        if key not in _ROOT_KEYS:
            raise place.at(key).error("unknown key; expected tables [job.<name>]", near(key, _ROOT_KEYS, "Take it out"))
    raw = tables.get("job")
    if not isinstance(raw, dict) or not raw:
        raise place.at("job").error("there is no job; expected a table [job.<name>]", "Add one")
    folder = path.absolute().parent
    jobs = tuple(_job(name, table, place.at("job"), folder) for name, table in raw.items())
    _check_inboxes(jobs, folder)
    return Schedule(path, jobs)


def _job(name: str, raw: object, place: Place, folder: Path) -> Job:
    spot = spot_of(place, name)
    if len(name) > LONGEST_NAME:
        raise place.error(f"found a name of {len(name)} letters; expected at most {LONGEST_NAME}", "Shorten it")
    table = as_table(JobTable, raw, spot)
    _check_together(table, raw if isinstance(raw, dict) else {}, spot)
    return Job(
        name,
        _timetable(table, spot),
        table.since,
        _name_or_path(table.scenario, folder, spot.at("scenario")),
        table.timelines,
        table.precision,
        table.time_budget,
        _name_or_path(table.perspective, folder, spot.at("perspective"), ".toml"),
        None if table.inbox is None else _path(table.inbox, folder, spot.at("inbox")),
        table.fail_if_stale,
        table.alert,
        table.retention,
        spot,
    )


def _check_together(table: JobTable, raw: Mapping[str, Any], spot: Place) -> None:
    """Refuse keys that contradict each other or have no effect."""
    if table.timelines is not None and table.precision is not None:
        raise spot.at("precision").error("found both timelines and precision; expected one of them", "Take one out")
    if table.time_budget is not None and table.precision is None:
        what = "found a time budget without a precision; it limits the search for a precision"
        raise spot.at("time_budget").error(what, "Add precision, or take it out")
    if table.since is not None and not YEARS[0] <= table.since.year <= YEARS[1]:
        raise spot.at("since").error(f"found {table.since}; expected a day from {YEARS[0]} to {YEARS[1]}")
    for key in ("alert", "retention"):
        if raw.get(key) == {}:
            raise spot.at(key).error("the table is empty", "Take it out, or give it a key")
    for number, word in enumerate(table.alert.command or (), 1):
        if "\0" in word:
            raise spot.at("alert.command", number).error("found the character 0; no command can have it")


def _timetable(table: JobTable, spot: Place) -> Timetable:
    zone = _zone(table.zone, spot.at("zone"))
    try:
        return Timetable(table.cron, zone)
    except ValueError as error:
        remedy = "'0 7 * * 1' is every Monday at 7:00"
        raise spot.at("cron").error(f"found {table.cron[:60]!r}; expected {error}", remedy) from error


def _zone(name: str, spot: Place) -> ZoneInfo:
    try:
        if len(name) > LONGEST_ZONE:
            raise ValueError(name)
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as error:
        what = f"found {name[:LONGEST_ZONE]!r}; expected a time zone such as Europe/Berlin or UTC"
        raise spot.error(what, near(name[:LONGEST_ZONE], available_timezones(), None)) from error


def _name_or_path(given: str | None, folder: Path, spot: Place, suffix: str | None = None) -> str | Path | None:
    """Give a name as it is; a path, known by a slash, the home folder or its suffix, starts from the file's folder."""
    if given is None:
        return None
    is_path = "/" in given or given.startswith("~") or given in (".", "..")
    return _path(given, folder, spot) if is_path or (suffix and given.endswith(suffix)) else given


def _path(given: str, folder: Path, spot: Place) -> Path:
    if "\0" in given:
        raise spot.error("found the character 0; no path can have it")
    return folder / expanded(Path(given))


def _check_inboxes(jobs: tuple[Job, ...], folder: Path) -> None:
    """Refuse an inbox of two scenarios, since a file goes to one, and one in which the schedule itself lies.

    Files of an inbox are moved away.
    """
    scenarios: dict[Path, Job] = {}
    for job in jobs:
        if job.inbox is None:
            continue
        if folder.resolve().is_relative_to(job.inbox.resolve()):
            what = f"found {job.inbox.resolve()}, in which the schedule lies; expected a folder for evidence alone"
            raise job.place.at("inbox").error(what, "Name a folder of its own, such as inbox")
        first = scenarios.setdefault(job.inbox, job)
        if first.scenario != job.scenario:
            what = f"found the inbox of the job {first.name}, which has another scenario"
            raise job.place.at("inbox").error(what, "Give each scenario an inbox of its own")
