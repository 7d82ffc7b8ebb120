"""Weeks and seasons: the numbers that the belief and the timelines use in place of dates."""

import math
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array

AMOUNT_DAYS = {"4w": 28, "13w": 91, "26w": 182}
"""Days from the as-of date after which ground gained and approval are recorded, by the suffix of the column."""

Dates = NDArray[np.datetime64]
"""Days, datetime64[D]."""


def monday(day: date) -> date:
    """The Monday of the week of `day`."""
    return day - timedelta(days=day.weekday())


def mud(middle: date, peaks: Sequence[tuple[int, int]], half_width: float) -> float:
    """Depth of the mud on a day, from 0 (dry) to 1: a raised cosine around the peak of each mud season.

    Args:
        middle: the day; for a week, its Thursday.
        peaks: (month, day) of each peak.
        half_width: weeks from a peak to the end of the mud.
    """
    deepest = 0.0
    for month, day in peaks:
        for year in (middle.year - 1, middle.year, middle.year + 1):
            away = abs((middle - date(year, month, day)).days) / 7.0
            if away < half_width:
                deepest = max(deepest, 0.5 * (1.0 + math.cos(math.pi * away / half_width)))
    return deepest


def season(first: date, weeks: int, peaks: Sequence[tuple[int, int]], half_width: float) -> Array:
    """`mud` in the middle of each of `weeks` weeks from the Monday `first`, shape (weeks,)."""
    middles = (first + timedelta(days=7 * k + 3) for k in range(weeks))
    return np.array([mud(middle, peaks, half_width) for middle in middles])


def weeks_to(first: date, last: date) -> int:
    """Number of calendar weeks, from Monday to Sunday, with a day from `first` to `last`."""
    return (last - monday(first)).days // 7 + 1


def days_after(day: date, counts: NDArray[Any]) -> Dates:
    """The days that are `counts` days after `day`, in the shape of `counts`."""
    return np.asarray(np.datetime64(day, "D") + np.asarray(counts, dtype=np.int64).astype("timedelta64[D]"))


def week_ends(reference: date, day: date) -> Dates:
    """The start and the ends of the calendar weeks with a day from the reference date to the day before the as-of date.

    Args:
        reference: the reference date.
        day: the as-of date, on or after the reference date.

    Returns:
        (K + 1,) the Monday of the reference date's week, then the Monday after each of the K weeks; the last entry is
        the as-of date if that is earlier than the Monday.
    """
    first = monday(reference)
    count = weeks_to(reference, day - timedelta(days=1)) if day > reference else 0
    return np.minimum(days_after(first, 7 * np.arange(count + 1)), np.datetime64(day, "D"))
