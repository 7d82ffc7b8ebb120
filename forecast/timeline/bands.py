"""Weekly quantile bands of the levels, counted as timelines run, without holding their paths.

Each level has a declared range cut into bins; a timeline's path is added to the counts of its kind of ending.
Counts add up whatever the order, so chunks and threads change nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.codes import KYIV, MOSCOW, RUNNING
from forecast.timeline.compiled import kernel
from forecast.timeline.front import SCALE
from forecast.timeline.record import Record
from forecast.timeline.state import State

BINS = 256

GROUPS = ("battlefield", "negotiated", "unresolved")
"""The kinds of ending that bands are kept apart by."""


@dataclass(frozen=True)
class Level:
    """One quantity that bands are kept of.

    Attributes:
        name: its name.
        unit: its unit.
        low: lower end of its bins (of asinh(x / 40) for amounts in km2).
        high: upper end.
        curved: whether it is counted on the scale asinh(x / 40).
    """

    name: str
    unit: str
    low: float
    high: float
    curved: bool = False


LEVELS = (
    Level("capital", "sd", -7.0, 7.0),
    Level("attention", "sd", -9.0, 9.0),
    Level("hawks", "sd", -7.0, 7.0),
    Level("obstruction", "sd", -7.0, 7.0),
    Level("instability", "sd", -7.0, 7.0),
    Level("strain", "sd", -7.0, 9.0),
    Level("adequacy", "sd", -8.0, 8.0),
    Level("km2_week", "km2", -6.3, 6.3, curved=True),
    Level("km2", "km2", -9.0, 9.0, curved=True),
    Level("kursk", "km2", 0.0, 4.2, curved=True),
    Level("consent_moscow", "chance", 0.0, 1.0),
    Level("consent_kyiv", "chance", 0.0, 1.0),
    Level("rung", "code", -0.5, 4.5),
)
"""Consents are those to the terms on the table, 0.5 with none."""

LOWS = np.array([level.low for level in LEVELS])
WIDTHS = np.array([(level.high - level.low) / BINS for level in LEVELS])


@kernel
def note(s: State, path: NDArray[np.float64]) -> None:
    """Write the week's levels, in the order of `LEVELS`."""
    path[0] = s.capital
    path[1] = s.attention
    path[2] = s.hawks
    path[3] = s.obstruction
    path[4] = s.instability
    path[5] = s.strain
    path[6] = s.adequacy
    path[7] = math.asinh(s.net / SCALE)
    path[8] = math.asinh(s.km2 / SCALE)
    path[9] = math.asinh(s.kursk / SCALE)
    path[10] = s.consent[MOSCOW]
    path[11] = s.consent[KYIV]
    path[12] = float(s.rung)


@kernel
def count(r: Record, path: NDArray[np.float64], first: int, last: int, counts: NDArray[np.int64]) -> None:
    """Add a finished timeline's path, weeks `first` to `last` - 1, to the counts of its group."""
    group = 2
    if r.ending != RUNNING:
        group = 0
    elif r.settlement >= 0:
        group = 1
    for week in range(first, last):
        for k in range(len(LOWS)):
            place = int((path[week, k] - LOWS[k]) / WIDTHS[k])
            counts[group, week, k, min(max(place, 0), BINS - 1)] += 1


def empty_counts(weeks: int) -> NDArray[np.int64]:
    """Counts of no timelines, shape (groups, weeks, levels, bins)."""
    return np.zeros((len(GROUPS), weeks, len(LEVELS), BINS), dtype=np.int64)


def quantiles(counts: NDArray[np.int64], level: int, probabilities: NDArray[np.float64]) -> NDArray[Any]:
    """Quantiles of one level from its bins, linear within a bin.

    Args:
        counts: shape (weeks, bins).
        level: index into `LEVELS`.
        probabilities: shape (k,).

    Returns:
        Shape (weeks, k); NaN in weeks without a timeline.
    """
    what = LEVELS[level]
    edges = np.linspace(what.low, what.high, BINS + 1)
    out = np.full((counts.shape[0], len(probabilities)), np.nan)
    for week, row in enumerate(counts):
        if row.any():
            # From the left edge of the first bin in use, not of the whole range.
            first = int(np.argmax(row > 0))
            below = np.concatenate([[0.0], np.cumsum(row[first:])]) / row.sum()
            out[week] = np.interp(probabilities, below, edges[first:])
    return SCALE * np.sinh(out) if what.curved else out
