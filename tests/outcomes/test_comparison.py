"""The odds beside past wars and what crowds said."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.outcomes.comparison import crowds, implied, wars
from forecast.report.sections import gap_in_words
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


def table(**columns: object) -> pd.DataFrame:
    """Four timelines of two draws."""
    base = {
        "draw": [0, 0, 1, 1],
        "headline": ["battlefield", "negotiated", "unresolved", "unresolved"],
        "ending": ["ukraine_defeated", "pause", "general_truce", "still_fighting"],
        "general_first": pd.to_datetime([None, "2025-05-01", "2025-08-01", "2025-11-01"]),
        "signed": pd.to_datetime([None, "2025-05-01", None, None]),
        "truce_longest": [0.0, 30.0, 3.0, 5.0],
    }
    return pd.DataFrame(base | columns)


def test_implied_counts_a_truce_that_holds_as_an_end_of_the_fighting() -> None:
    found = implied(table())
    assert {name: entry["count"] for name, entry in found.items()} == {
        "ended": 3,
        "won_or_lost": 1,
        "negotiated": 1,
        "general_truce_without_settlement": 1,
    }


def test_crowds_are_compared_with_the_event_nearest_to_their_wording(ukraine: Scenario) -> None:
    found = crowds(ukraine, table(), date(2025, 1, 20))
    assert len(found) >= 4
    counts = {(row["platform"], row["to"]): row["forecast"]["count"] for row in found}
    assert counts[("Good Judgment Open", "2025-05-25")] == 1  # lasts 28 days, begun by then
    assert counts[("Good Judgment Open", "2025-09-28")] == 1  # one of three weeks does not count
    assert counts[("Metaculus", "2025-12-31")] == 3
    assert counts[("Polymarket", "2025-12-31")] == 3
    assert all(0.0 < row["crowd"] < 1.0 and row["asked"] <= "2025-01-20" for row in found)


def test_what_was_asked_later_or_over_other_days_is_left_out(ukraine: Scenario) -> None:
    assert crowds(ukraine, table(), date(2025, 3, 31)) == []


def test_scenario_without_the_tables_is_compared_with_nothing(tiny: Scenario) -> None:
    assert crowds(tiny, table(), tiny.reference_date) == []
    assert wars(tiny) == []


def test_wars_are_counted_by_hand(ukraine: Scenario) -> None:
    every, recent = wars(ukraine)
    assert every["war_years"] == pytest.approx(29.8, abs=0.05)
    assert sum(every["ends"].values()) == 9
    assert recent["ended_a_year"] == pytest.approx(1.0 - np.exp(-2 / recent["war_years"]))


@pytest.mark.parametrize(
    ("gaps", "words"),
    [
        ([-20.0, -12.4], "lower, by 12 to 20 points"),
        ([4.0, 11.0], "higher, by 4 to 11 points"),
        ([-8.0, 2.0], "differ from theirs by -8 to +2 points"),
        ([], ""),
    ],
)
def test_gaps_in_words(gaps: list[float], words: str) -> None:
    assert words in gap_in_words(gaps)
