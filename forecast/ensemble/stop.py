"""Why a run for a precision stopped. This module must be quick to import: a run that stands needs nothing else."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from forecast.ensemble.request import MOST_TIMELINES

Reason = Literal["reached", "time budget", "draws", "most timelines"]

WORDS: Final[dict[Reason, str]] = {
    "reached": "the Monte Carlo error is as small as asked for",
    "time budget": "the time budget is spent",
    "draws": "the draws are the limit: more timelines of the same draws no longer lower the error enough",
    "most timelines": f"no run has more than {MOST_TIMELINES:,} timelines",
}
"""The reasons, for readers."""


@dataclass(frozen=True)
class Stop:
    """Why a run stopped, and where.

    Attributes:
        reason: key of `WORDS`.
        timelines: number of timelines, in a pool of each member.
        error: the largest Monte Carlo error of the three outcomes, in points; None from one draw.
        precision: the error asked for, in points.
    """

    reason: Reason
    timelines: int
    error: float | None
    precision: float

    @property
    def words(self) -> str:
        """The reason, the error and the number of timelines, as a sentence."""
        error = "unknown" if self.error is None else f"{self.error:.2g} points"
        return (
            f"Stopped after {self.timelines:,} timelines: {WORDS[self.reason]}. The largest Monte Carlo error of the "
            f"three odds is {error}; at most {self.precision:g} were asked for."
        )

    def plain(self) -> dict[str, Any]:
        """The content as JSON."""
        return {
            "reason": self.reason,
            "timelines": self.timelines,
            "error": self.error,
            "precision": self.precision,
            "words": self.words,
        }
