"""The parts of the forecaster that the schedule calls, as one interface; `real` has the true ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from forecast.schedule.missed import Bounds
from forecast.schedule.schedule_file import Job

Notify = Callable[[str], None]


@dataclass(frozen=True)
class MadeRun:
    """A run that a job made.

    Attributes:
        run: its name.
        folder: its folder.
        unchanged: whether it was there before.
        odds: the headline odds, each with `probability` and `standard_error`.
        stale: the series that are stale as of its date, each as `Parts.stale` gives it.
    """

    run: str
    folder: Path
    unchanged: bool
    odds: Mapping[str, Mapping[str, Any]]
    stale: Sequence[dict[str, Any]] = ()


class Parts(Protocol):
    """The parts of the forecaster that the schedule calls."""

    def bounds(self, job: Job) -> Bounds:
        """Find the period of a job's scenario.

        Raises:
            InputError: the scenario is not there, or cannot be read.
        """

    def make(self, job: Job, as_of: date, kept: Path, notify: Notify) -> MadeRun:
        """Make a run, or find it unchanged.

        Raises:
            ForecastError: it cannot be made.
        """

    def mark(self, made: MadeRun, job: Job, instant: datetime) -> None:
        """Mark a run as a run of record.

        Raises:
            ForecastError: the mark cannot be written.
        """

    def import_file(self, job: Job, path: Path, today: date, kept: Path) -> list[str]:
        """Import a file of evidence into a job's scenario; gives sentences about it.

        Raises:
            ForecastError: it cannot be imported.
        """

    def stale(self, job: Job, day: date) -> list[dict[str, Any]]:
        """List the series that are stale on a day, with `series`, `title`, `last_available` and `expected`.

        Raises:
            ForecastError: the scenario cannot be read.
        """

    def prune(self, job: Job, kept: Path, now: datetime) -> list[str]:
        """Remove the runs that a job's retention lets go; gives their names.

        Raises:
            ForecastError: they cannot be removed.
        """
