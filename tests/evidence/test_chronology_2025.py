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
from forecast.evidence.chronology import Chronology
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
        *(
            "front.draft",
            "washington.renewal",
            "endings.collapse",
            "talks.template",
            "talks.opening_terms",
            "talks.clauses",
            "talks.ladder_which",
        ),
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


RUNG = [("2025-02-12", "contact"), ("2025-06-02", "terms"), ("2025-09-12", "contact"), ("2025-11-21", "terms")]


def rungs(told: Chronology) -> list[tuple[str, str]]:
    rows = told.states[told.states["state"] == "rung"]
    return list(zip(rows["observed"].dt.strftime("%Y-%m-%d"), rows["value"], strict=True))


def test_each_reading_holds_alone_and_both_together(ukraine: Scenario) -> None:
    told = ukraine.chronology
    assert list(told.readings) == ["april-text", "september-pause"]
    told.check()
    assert rungs(told) == RUNG
    april, september, both = (told.under(name) for name in (*told.readings, tuple(told.readings)))
    assert rungs(april) == [RUNG[0], ("2025-04-25", "terms"), ("2025-05-08", "contact"), *RUNG[1:]]
    assert rungs(september) == RUNG[:2]
    assert rungs(both) == [*rungs(april)[:3], RUNG[1]]
    for view in (april, september, both):
        assert view.contradictions == ()
        assert len(view.events) == len(told.events)
        assert view.standing(ukraine.horizon) == told.standing(ukraine.horizon)


def test_a_day_sees_a_reading_once_its_rows_were_public(ukraine: Scenario) -> None:
    april, september = (ukraine.chronology.under(name) for name in ukraine.chronology.readings)

    def seen(told: Chronology, day: str) -> tuple[int, str]:
        when = date.fromisoformat(day)
        return told.edits_seen(told.used[0], when), told.as_of(when).standing(when)["rung"]

    assert [seen(april, f"2025-{day}") for day in ("04-25", "04-26", "05-17", "05-18", "06-03")] == [
        (0, "contact"), (2, "terms"), (2, "terms"), (4, "contact"), (4, "terms"),
    ]  # fmt: skip
    assert [seen(september, f"2025-{day}") for day in ("09-12", "09-13", "11-21", "11-22")] == [
        (0, "terms"), (2, "terms"), (2, "terms"), (4, "terms"),
    ]  # fmt: skip
    for told, day in ((april, "2025-04-25"), (september, "2025-09-12")):
        when = date.fromisoformat(day)
        assert told.digest(when) == ukraine.chronology.digest(when)


def test_the_rows_of_readings_are_of_events_in_the_record(ukraine: Scenario) -> None:
    told = ukraine.chronology
    words, sources = set(told.events["event"]), {*told.events["source"], *told.states["source"]}
    for reading in told.readings.values():
        for edit in reading.edits:
            if edit.row is None:
                continue
            row = edit.row.model_dump()
            assert row.get("event", "") in {"", *words}
            assert row["source"] in sources
            for day in re.findall(r"\b\d{1,2} [A-Z][a-z]+\b", row["reason"]):
                when = datetime.strptime(f"{day} 2025", "%d %B %Y").date()  # noqa: DTZ007 - a day has no zone
                assert when <= row["available"], (row["observed"], day)


def test_the_page_is_up_to_date(ukraine: Scenario) -> None:
    kept = DOCS / "coding.md"
    assert kept.read_text(encoding="utf-8") == coding_page(ukraine), (
        "python -m forecast.docs_pages.coding_page > docs/coding.md"
    )
