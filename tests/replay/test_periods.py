"""The periods that are scored, and the ground gained in each as it was known."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from forecast.replay.periods import BLOCK, blocks, changes_between, changes_since
from forecast.scenario.spec import Scenario

FIRST = date(2031, 3, 3)


@pytest.mark.parametrize(("days", "number"), [(0, 0), (27, 0), (28, 1), (55, 1), (56, 2)])
def test_only_whole_periods_count(days: int, number: int) -> None:
    found = blocks(FIRST, FIRST + timedelta(days=days))
    assert found == [(FIRST + k * BLOCK, FIRST + (k + 1) * BLOCK) for k in range(number)]


def test_a_change_lies_between_two_areas_that_are_known(tiny: Scenario) -> None:
    table = tiny.evidence.as_of(tiny.horizon).series(tiny.area_series)
    days = [day.date() for day in table["observed"][:6]]
    value = dict(zip(days, table["value"], strict=False))
    found = changes_between(tiny, tiny.horizon, days)
    assert [day for day, _ in found] == days[1:]
    assert [change for _, change in found] == pytest.approx([value[b] - value[a] for a, b in pairwise(days)])
    # A day takes the area of the six days before it, and of no earlier one.
    assert changes_between(tiny, tiny.horizon, [days[0], days[0] + timedelta(days=6)]) == [
        (days[0] + timedelta(days=6), 0.0)
    ]
    assert changes_between(tiny, tiny.horizon, [days[0] - timedelta(days=1), days[0]]) == []
    # Nothing that became public after the day asked about.
    assert changes_between(tiny, days[1], days) == found[:1]


def test_changes_since_the_reference_date_end_with_their_period(tiny: Scenario) -> None:
    assert changes_since(tiny, tiny.reference_date) == []
    later = replace(tiny, reference_date=tiny.reference_date - timedelta(days=56))
    found = changes_since(later, tiny.reference_date)
    assert [day for day, _ in found] == [
        tiny.reference_date - timedelta(days=29),
        tiny.reference_date - timedelta(days=1),
    ]
