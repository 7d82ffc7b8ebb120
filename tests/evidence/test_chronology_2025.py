"""The tables of 2025: what must be in them, and what must not."""

import re
from datetime import date, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from chronology_tools import START
from places import DOCS

from forecast.calendar import monday
from forecast.docs_pages.coding_page import coding_page
from forecast.evidence.coding_guide import RECORDED
from forecast.evidence.states import STATES
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline import cells
from forecast.timeline.random_numbers import decisions


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


NOTED = """
01-20 01-22 02-12 02-18 02-28 03-02 03-03 03-11 03-13 03-18 04-18 04-19 04-26 04-28 04-30 05-10 05-16 05-19 07-14 07-22
07-23 07-28 07-31 08-15 08-18 09-12 10-16 10-22 10-23 11-10 11-20 11-28 12-01 12-02 12-12 12-19 12-28 12-29 12-31
"""
"""Days of the 39 events that a chronicle of the year was collected with."""


def test_all_noted_events_are_there_and_public_the_day_after(ukraine: Scenario) -> None:
    events = ukraine.chronology.events
    days = [date.fromisoformat(f"2025-{day}") for day in NOTED.split()]
    assert len(days) == 39
    for day in days:
        rows = events[events["observed"] == pd.Timestamp(day)]
        assert (rows["available"] == pd.Timestamp(day + timedelta(days=1))).any(), day


def test_every_coded_decision_is_one_of_the_model_and_the_guide_has_all_that_can_be_events(ukraine: Scenario) -> None:
    guide = set(ukraine.chronology.guide.decision)
    assert set(ukraine.chronology.events["decision"]) - {""} <= guide < set(decisions())
    assert guide == set(RECORDED) - {"kyiv.coup_succeeds"}
    assert decisions()[cells.REDRAW] == "parameters.timeline"
    no_event = {
        *("parameters.timeline", "front.drift", "front.fast", "front.adequacy", "front.shares", "moscow.strain"),
        *("washington.capital", "washington.attention", "washington.posture_which", "hawks.level"),
        *("europe.obstruction", "kyiv.successor", "kyiv.coup_succeeds", "endings.which"),
        *("talks.private_worth", "talks.template", "talks.opening_terms", "talks.clauses", "talks.ladder_which"),
        *("talks.cause", "talks.implemented", "replay.resample"),
    }
    assert guide | no_event == set(decisions())
    assert not guide & no_event


def test_what_happened_ends_where_the_record_does(ukraine: Scenario) -> None:
    told = ukraine.chronology
    end = {
        "rung": "terms",
        "posture": "mediating",
        "truce": "none",
        "arms": "flowing",
        "ban": "stands",
        "pocket": "lost",
    }
    assert told.standing(ukraine.horizon) == end
    assert told.start == START
    assert told.standing(date(2025, 3, 9)) == START | {"rung": "contact", "posture": "pressing_kyiv", "arms": "paused"}
    view = told.as_of(date(2026, 1, 2))
    assert (len(view.events), len(view.states)) == (len(told.events), len(told.states))


def test_no_state_but_the_rung_changes_twice_in_a_week(ukraine: Scenario) -> None:
    rows = ukraine.chronology.states
    for state in set(STATES) - {"rung"}:
        weeks = [monday(day.date()) for day in rows[rows["state"] == state]["observed"]]
        assert all(one < other for one, other in pairwise(weeks)), state


def test_a_reason_names_no_day_after_the_row_was_public(ukraine: Scenario) -> None:
    named = 0
    for table in (ukraine.chronology.events, ukraine.chronology.states):
        for row in table.to_dict("records"):
            for day in re.findall(r"\b\d{1,2} [A-Z][a-z]+\b", row["reason"]):
                named += 1
                when = pd.Timestamp(datetime.strptime(f"{day} 2025", "%d %B %Y"))  # noqa: DTZ007 - a day has no zone
                assert when <= row["available"], (row["observed"], day)
    assert named > 5


def test_a_reason_tells_of_what_happened_and_of_no_page_or_file(ukraine: Scenario) -> None:
    for table in (ukraine.chronology.events, ukraine.chronology.states):
        for row in table.to_dict("records"):
            assert not re.search(r"\bpages?\b|https?:|\.csv|\.toml", row["reason"]), (row["observed"], row["reason"])


def test_each_day_of_the_year_has_a_view_without_a_row_waiting(ukraine: Scenario) -> None:
    told, counts = ukraine.chronology, []
    for days in range(346):
        day = ukraine.reference_date + timedelta(days=days)
        at = pd.Timestamp(day)
        public = told.states[(told.states["available"] <= at) & (told.states["observed"] < at)]
        counts.append(len(told.as_of(day).states))
        assert counts[-1] == len(public)
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(told.states))


def test_the_page_is_up_to_date(ukraine: Scenario) -> None:
    kept = DOCS / "coding.md"
    assert kept.read_text(encoding="utf-8") == coding_page(ukraine), (
        "python -m forecast.docs_pages.coding_page > docs/coding.md"
    )
