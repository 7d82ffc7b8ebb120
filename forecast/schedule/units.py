"""The lines that let a system start the scheduler: a service and a timer of systemd, or a line for cron."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import InputError
from forecast.schedule.schedule_file import Job

SERVICE, TIMER, CRON = "forecast-schedule.service", "forecast-schedule.timer", "crontab line"
"""Names of the files, and of the line."""

NO_FAILURES = (3, 5)
"""Exit codes that are not failures: stale evidence, and an alert."""

EVERY_QUARTER = "*:0/15"

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Start:
    """How the scheduler is started.

    Attributes:
        program: the words that start the forecaster, the first an absolute path.
        folder: the folder that it starts in.
        runs: the folder of runs.
        schedule: the file of the schedule, if it is not in the folder of runs.
        environment: variables of the environment.
    """

    program: Sequence[str]
    folder: Path
    runs: Path
    schedule: Path | None
    environment: Mapping[str, str]

    @property
    def words(self) -> list[str]:
        """The words of the command."""
        words = [*self.program, "schedule", "run", "--runs", str(self.runs)]
        return words if self.schedule is None else [*words, "--schedule", str(self.schedule)]

    def check(self) -> None:
        """Refuse paths that no unit can have.

        Raises:
            InputError: one has a control character, or bytes that are not UTF-8.
        """
        for text in (*self.words, str(self.folder), *self.environment.values()):
            if not text.isprintable():
                what = f"found the path {text[:60]!r}; expected one without control characters"
                raise InputError(what, key="schedule unit", remedy="Rename the folder, or name another")


def systemd(start: Start, jobs: Sequence[Job]) -> dict[str, str]:
    """Give the service and the timer, by file name.

    Raises:
        InputError: a path has a control character.
    """
    start.check()
    environment = "".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in start.environment.items())
    # A colon before the program: systemd must not replace $NAME in the words.
    words = start.words
    if set(words[0]) & set("'\"\\"):  # systemd starts no program with such a name
        words = ["/bin/sh", "-c", 'exec "$0" "$@"', *words]
    first, *others = words
    command = " ".join([_quoted(f":{first}"), *(_quoted(word) for word in others), "--quiet"])
    service = (
        "[Unit]\n"
        "Description=Forecasts that are due\n"
        "After=network.target local-fs.target\n\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"WorkingDirectory={str(start.folder).replace('%', '%%')}\n"
        f"{environment}"
        f"ExecStart={command}\n"
        "# 3: evidence is stale. 5: an alert was sent. Both come after the run was saved.\n"
        f"SuccessExitStatus={' '.join(map(str, NO_FAILURES))}\n"
    )
    calendars = [calendar for job in jobs if (calendar := on_calendar(job)) is not None]
    if len(calendars) == len(jobs):
        lines = [f"OnCalendar={calendar}\n" for calendar in dict.fromkeys(calendars)]
        lines += ["# Every hour: failed jobs are tried again, and the inbox is read.\n", "OnCalendar=hourly\n"]
    else:
        lines = [f"OnCalendar={EVERY_QUARTER}\n"]
    timer = (
        "[Unit]\nDescription=Times at which forecasts may be due\n\n"
        f"[Timer]\n{''.join(lines)}Persistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )
    return {SERVICE: service, TIMER: timer}


def cron(start: Start) -> dict[str, str]:
    """Give the line for a crontab, which starts the scheduler every 15 minutes.

    Raises:
        InputError: a path has a control character.
    """
    start.check()
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in start.environment.items())
    command = f"cd {shlex.quote(str(start.folder))} && {variables + ' ' if variables else ''}{shlex.join(start.words)}"
    command += " --quiet >/dev/null"
    # cron takes a % for the end of the command, unless a backslash stands before it.
    escaped = command.replace("%", "\\%")
    return {CRON: f"*/15 * * * * {escaped}\n"}


def on_calendar(job: Job) -> str | None:
    """Give the calendar expression of systemd for a job; None if its cron expression has none that is certain.

    The timer may start the scheduler when nothing is due; then nothing is done, because the scheduler decides.
    """
    minute, hour, day, month, weekday = job.timetable.cron.split()
    plain = [_numbers(field) for field in (minute, hour, day, month)]
    days = _weekdays(weekday)
    if None in plain or days is None or (day != "*" and weekday != "*"):
        return None
    minutes, hours, dates, months = plain
    prefix = f"{days} " if days else ""
    return f"{prefix}*-{months}-{dates} {hours}:{minutes}:00 {job.timetable.zone.key}"


def _numbers(field: str) -> str | None:
    if field == "*":
        return "*"
    numbers = field.split(",")
    if all(number.isascii() and number.isdigit() for number in numbers):
        return ",".join(f"{int(number):02d}" for number in numbers)
    return None


def _weekdays(field: str) -> str | None:
    if field == "*":
        return ""
    found = []
    for part in field.split(","):
        ends = [_weekday(end) for end in part.split("-")]
        if len(ends) > 2 or None in ends:
            return None
        found.append("..".join(end for end in ends if end is not None))
    # systemd's week begins on Monday, so a range from Sunday is left to the quarter hours.
    return None if any(part.startswith("Sun..") for part in found) else ",".join(found)


def _weekday(text: str) -> str | None:
    if text.isascii() and text.isdigit():
        return _DAYS[int(text)] if int(text) < len(_DAYS) else None
    return text.title() if text.title() in _DAYS else None


def _quoted(word: str) -> str:
    """A word of a unit file: quoted, with specifiers and quotes as text."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
