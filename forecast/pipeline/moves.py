"""How far the headline odds moved from one run to another, and whether that is more than the Monte Carlo error."""

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forecast.store.saved_run import Run, list_runs

BEYOND = 2.0
"""Combined standard errors beyond which a move is not taken for Monte Carlo error."""

PLAIN = {"edits": [], "fixed": {}, "readings": [], "prior_only": False}
"""Settings of a run that is not a what-if."""


@dataclass(frozen=True)
class Move:
    """A move of one of the headline odds.

    Attributes:
        outcome: `battlefield`, `negotiated` or `unresolved`.
        before: the odds before, in percent.
        now: the odds now, in percent.
        standard_error: of the difference, in points; None if an error is not known.
    """

    outcome: str
    before: float
    now: float
    standard_error: float | None

    @property
    def points(self) -> float:
        """The move, in points."""
        return self.now - self.before

    def exceeds(self, points: float) -> bool:
        """Whether the move is larger than a number of points, and than its error could explain."""
        known = self.standard_error is not None
        return known and abs(self.points) > max(points, BEYOND * (self.standard_error or 0.0))

    def sentence(self) -> str:
        """The move in a sentence."""
        way = "rose" if self.points > 0 else "fell"
        return f"{self.outcome} {way} by {abs(self.points):.1f} points, from {self.before:.1f}% to {self.now:.1f}%"

    def plain(self) -> dict[str, Any]:
        """The move as JSON has it."""
        return {
            "outcome": self.outcome,
            "before": self.before,
            "now": self.now,
            "points": self.points,
            "standard_error": self.standard_error,
        }


def moves(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Move]:
    """The moves of the headline odds between the summaries of two runs of one scenario.

    The standard error takes the two runs for independent. Runs on the same random numbers differ by less.
    """
    found = []
    for outcome, entry in now["odds"].items():
        former = before["odds"].get(outcome)
        if former is None:
            continue
        errors = [one["standard_error"] for one in (former, entry)]
        error = None if None in errors else 100.0 * math.hypot(*errors)
        found.append(Move(outcome, 100.0 * former["probability"], 100.0 * entry["probability"], error))
    return found


def run_before(run: Run) -> Run | None:
    """The run to compare a run with: the run of record before it by as-of date; None if there is none.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    try:
        record = importlib.import_module("forecast.store.record")
    except ModuleNotFoundError:
        return _earlier(run)
    found: Run | None = record.previous(run)
    return found


def _earlier(run: Run) -> Run | None:
    """The latest earlier run of the scenario with default settings, under the same perspective."""

    def when(one: Run) -> tuple[str, str]:
        return one.manifest["as_of"], one.manifest["started"]

    perspective = run.manifest["settings"]["perspective"]
    found = [
        other
        for other in list_runs(run.folder.parent)
        if other.id != run.id
        and other.manifest.get("scenario") == run.manifest["scenario"]
        and _is_plain(other, perspective)
        and when(other) < when(run)
    ]
    return max(found, key=when, default=None)


def _is_plain(run: Run, perspective: str) -> bool:
    settings = run.manifest.get("settings", {})
    return settings.get("perspective") == perspective and all(
        settings.get(key, value) == value for key, value in PLAIN.items()
    )
