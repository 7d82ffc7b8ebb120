"""Weekly quantile bands of the levels, counted while timelines run, without storing their paths.

The declared range of each level is cut into bins. The path of a timeline is added to the counts of its kind of ending.
Counts add up to the same sum in any order, so chunks and threads do not change the bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.codes import KYIV, MOSCOW, RUNNING
from forecast.timeline.forms import asinh
from forecast.timeline.front import SCALE
from forecast.timeline.jit import kernel, routine
from forecast.timeline.result import Result
from forecast.timeline.state import State

BINS = 256

GROUPS = ("battlefield", "negotiated", "unresolved")
"""The kinds of ending, each with separate bands."""


@dataclass(frozen=True)
class Level:
    """A quantity with weekly bands.

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
    Level("pocket", "km2", 0.0, 4.2, curved=True),
    Level("consent_moscow", "chance", 0.0, 1.0),
    Level("consent_kyiv", "chance", 0.0, 1.0),
    Level("rung", "code", -0.5, 4.5),
)
"""Consent is to the terms on the table, 0.5 without terms."""

LOWS = np.array([level.low for level in LEVELS])
PER_UNIT = np.array([BINS / (level.high - level.low) for level in LEVELS])


@kernel
def curve(x: float) -> float:
    """The scale asinh(x / 40)."""
    return asinh(x / SCALE) if x != 0.0 else 0.0


@routine
def note(s: State, path: NDArray[np.float64]) -> None:
    """Write the week's levels into `path`, shape (levels,), in the order of `LEVELS`."""
    path[0] = s.capital
    path[1] = s.attention
    path[2] = s.hawks
    path[3] = s.obstruction
    path[4] = s.instability
    path[5] = s.strain
    path[6] = s.adequacy
    path[7] = curve(s.net)
    path[8] = curve(s.km2)
    path[9] = curve(s.pocket)
    path[10] = s.consent[MOSCOW]
    path[11] = s.consent[KYIV]
    path[12] = float(s.rung)


class Paths(NamedTuple):
    """The bins of a chunk of timelines, kept until all are counted: then the counts in use fit into the cache.

    Attributes:
        bins: (chunk, weeks, levels) bin of each level in each week.
        first: (chunk,) first week of each timeline.
        last: (chunk,) week after its last week.
        group: (chunk,) its kind of ending.
    """

    bins: NDArray[np.uint8]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    group: NDArray[np.int64]


def empty_paths(chunk: int, weeks: int) -> Paths:
    """Room for the paths of a chunk of timelines."""
    bins = np.zeros((chunk, weeks, len(LEVELS)), np.uint8)
    return Paths(bins, *(np.zeros(chunk, np.int64) for _ in range(3)))


@kernel
def group_of(r: Result) -> int:
    """Number of a timeline's kind of ending in `GROUPS`."""
    if r.ending != RUNNING:
        return 0
    return 1 if r.settlement >= 0 else 2


@routine
def keep(paths: Paths, i: int, path: NDArray[np.float64], first: int, last: int, group: int) -> None:
    """Keep the bins of a finished timeline, of weeks `first` to `last` - 1, at the place `i`."""
    paths.first[i], paths.last[i], paths.group[i] = first, last, group
    for week in range(first, last):
        for k in range(len(LOWS)):
            place = (path[week, k] - LOWS[k]) * PER_UNIT[k]
            paths.bins[i, week, k] = np.uint8(np.int32(min(max(place, 0.0), BINS - 1.0)))


@routine
def count(paths: Paths, timelines: int, counts: NDArray[np.int32]) -> None:
    """Add the paths of a number of timelines to the counts of their groups, week by week."""
    for week in range(counts.shape[1]):
        for i in range(timelines):
            if paths.first[i] <= week < paths.last[i]:
                for k in range(len(LOWS)):
                    counts[paths.group[i], week, k, paths.bins[i, week, k]] += 1


def empty_counts(weeks: int) -> NDArray[np.int32]:
    """Counts of no timelines, shape (groups, weeks, levels, bins)."""
    return np.zeros((len(GROUPS), weeks, len(LEVELS), BINS), dtype=np.int32)


def quantiles(counts: NDArray[np.int64], level: Level, probabilities: Sequence[float]) -> NDArray[np.float64]:
    """Quantiles of one level from its bins, linear within a bin.

    Args:
        counts: shape (..., bins).
        level: the level counted.
        probabilities: k probabilities, between 0 and 1.

    Returns:
        Shape (..., k), in the level's unit; NaN where the counts have no timeline.
    """
    width = (level.high - level.low) / BINS
    upto = np.cumsum(counts, axis=-1)
    total = upto[..., -1:]
    out = np.full((*counts.shape[:-1], len(probabilities)), np.nan)
    for k, p in enumerate(probabilities):
        # The first bin at which the cumulative share of timelines reaches p, and the position of p within it.
        place = np.argmax(upto >= np.maximum(p * total, 1e-9), axis=-1)[..., None]
        inside = np.take_along_axis(counts, place, axis=-1)
        before = np.take_along_axis(upto, place, axis=-1) - inside
        with np.errstate(invalid="ignore", divide="ignore"):
            value = level.low + width * (place + (p * total - before) / inside)
        out[..., k] = np.where(total > 0, value, np.nan)[..., 0]
    if level.unit == "code":
        return np.round(out)
    return SCALE * np.sinh(out) if level.curved else out
