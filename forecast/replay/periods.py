"""The periods on which forecasts are scored: blocks of 28 days from the reference date, and ground gained in each."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from forecast.scenario.spec import Scenario

BLOCK = timedelta(days=28)
"""Length of a period."""

NEAR = timedelta(days=7)
"""An observation of area is used for its own day and for later days less than this after it."""


def blocks(first: date, as_of: date) -> list[tuple[date, date]]:
    """Whole periods from `first` to the as-of date: the first day of each and the first day after it."""
    return [(first + k * BLOCK, first + (k + 1) * BLOCK) for k in range((as_of - first) // BLOCK)]


def changes_since(scenario: Scenario, as_of: date) -> list[tuple[date, float]]:
    """The change of area in each whole period before the as-of date: its last day, and the change in km2."""
    first = scenario.reference_date
    days = [first, *(end for _, end in blocks(first, as_of))]
    return [(day - timedelta(days=1), gained) for day, gained in changes_between(scenario, as_of, days)]


def changes_between(scenario: Scenario, seen: date, days: Sequence[date]) -> list[tuple[date, float]]:
    """Changes of area from each day to the next, as known on a date, where both areas are known.

    Args:
        scenario: the scenario.
        seen: the date.
        days: in order.

    Returns:
        The day before the end of each change, and the change in km2.
    """
    table = scenario.evidence.as_of(seen).series(scenario.area_series)
    observed = table["observed"].to_numpy()
    areas: list[float | None] = []
    for day in days:
        place = int(observed.searchsorted(np.datetime64(day), side="right")) - 1
        near = place >= 0 and np.datetime64(day) - observed[place] < np.timedelta64(NEAR)
        areas.append(float(table["value"].iloc[place]) if near else None)
    pairs = zip(days[1:], pairwise(areas), strict=True)
    return [(day, after - before) for day, (before, after) in pairs if before is not None and after is not None]
