"""What the tests of the schedule share: parts that make no true run, and a clock that is given."""

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forecast.cli.exit_codes import first_of
from forecast.errors import InputError
from forecast.schedule.job_call import Call, JobReport
from forecast.schedule.missed import Bounds
from forecast.schedule.parts import MadeRun
from forecast.schedule.schedule_file import Job
from forecast.schedule.work import attend

WEEKLY = """[job.weekly]
cron = "0 7 * * 1"
zone = "Europe/Berlin"
since = 2031-03-03
"""
"""A job of every Monday; the made-up scenario goes from 3 March to 29 September 2031, both Mondays."""


def at(text: str) -> datetime:
    """An instant, UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass
class StandIn:
    """Parts that make no true run.

    Attributes:
        negotiated: the odds by as-of date; the last before a date counts.
        fails: errors by as-of date, raised instead of a run.
        broken: the error of the scenario, if it cannot be read.
        stale_series: what is stale.
        done: as-of dates and instants in the order in which runs were marked.
        files: names of imported files, each with the number of imports.
    """

    negotiated: dict[str, float] = field(default_factory=dict)
    fails: dict[str, Exception] = field(default_factory=dict)
    broken: Exception | None = None
    stale_series: list[dict[str, Any]] = field(default_factory=list)
    standard_error: float = 0.002
    done: list[tuple[str, str]] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    pruned: list[str] = field(default_factory=list)
    horizon: date = date(2031, 9, 29)

    def bounds(self, job: Job) -> Bounds:
        if self.broken:
            raise self.broken
        return Bounds("two-islands", date(2031, 3, 3), self.horizon)

    def make(self, job: Job, as_of: date, kept: Path, notify: Any) -> MadeRun:
        if (error := self.fails.get(as_of.isoformat())) is not None:
            raise error
        name = f"two-islands_{as_of}"
        unchanged = name in self.made
        self.made.append(name)
        share = next((odds for day, odds in sorted(self.negotiated.items(), reverse=True) if day <= str(as_of)), 0.2)
        odds = {
            key: {"probability": p, "standard_error": self.standard_error}
            for key, p in (("negotiated", share), ("unresolved", 0.95 - share), ("battlefield", 0.05))
        }
        return MadeRun(name, kept / name, unchanged, odds, self.stale_series)

    def mark(self, made: MadeRun, job: Job, instant: datetime) -> None:
        self.done.append((made.run.removeprefix("two-islands_"), f"{instant:%Y-%m-%dT%H:%MZ}"))

    def import_file(self, job: Job, path: Path, today: date, kept: Path) -> list[str]:
        if not path.read_bytes().startswith(b"good"):
            raise InputError("found no rows; expected some", file=path.name)
        self.files[path.name] = self.files.get(path.name, 0) + 1
        return ["1 row was added."]

    def stale(self, job: Job, day: date) -> list[dict[str, Any]]:
        return self.stale_series

    def prune(self, job: Job, kept: Path, now: datetime) -> list[str]:
        self.pruned.append(job.name)
        return []

    @property
    def dates(self) -> list[str]:
        """As-of dates of the runs, in the order in which they were made."""
        return [day for day, _ in self.done]


@dataclass
class Bench:
    """A folder of runs with a schedule."""

    kept: Path
    parts: StandIn

    def write(self, text: str) -> None:
        self.kept.mkdir(parents=True, exist_ok=True)
        (self.kept / "schedule.toml").write_text(text, encoding="utf-8")

    def call(self, now: str) -> list[JobReport]:
        return attend(self.kept / "schedule.toml", Call(self.kept, at(now), self.parts, first_of))

    def codes(self, now: str) -> set[int]:
        return {code for report in self.call(now) for code in report.codes}

    @property
    def heartbeat(self) -> dict[str, Any]:
        return json.loads((self.kept / ".schedule/heartbeat.json").read_text())

    @property
    def received(self) -> list[dict[str, Any]]:
        """The alerts that the command of `alert` received."""
        path = self.kept / "received"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


RECEIVER = "import json,sys; open('received','a').write(json.dumps(json.load(sys.stdin))+chr(10))"


def alert(script: str = RECEIVER, points: float = 2.0, **more: Any) -> str:
    """The table of alerts of the weekly job, whose command is a Python script."""
    lines = [f"points = {points}", f"command = {json.dumps([sys.executable, '-c', script])}"]
    return "\n[job.weekly.alert]\n" + "\n".join([*lines, *(f"{key} = {value}" for key, value in more.items())]) + "\n"
