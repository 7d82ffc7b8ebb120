"""Events read off a trace: every date and count of a result is in it, and the ladder's moves follow one another."""

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from narrative_tools import of_ukraine

from forecast.narrative.events import REPEATED, Event, events
from forecast.timeline.codes import (
    ALL_GROUND,
    BREAKTHROUGH_CAUSE,
    CAUSES,
    CONTACT,
    DEATH,
    MUTINY,
    OVERTHROW,
    PARTS,
    RUNGS,
    SIGNED,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
)
from forecast.timeline.fields import fields
from forecast.timeline.result import Result
from forecast.timeline.trace import KINDS

DATED = {
    "ban_lifted": "kyiv.ban_lifted",
    "transfer": "kyiv.transfer",
    "election": "kyiv.election",
    "mobilised": "front.mobilised",
    "draft_failed": "front.draft_failed",
    "arms_renewed": "washington.renewed",
    "sanctions_lapsed": "europe.vote",
    "troops_in": "europe.troops_in",
    "wider_war": "europe.wider_war",
    "limited_first": "talks.limited_began",
    "general_first": "talks.general_began",
    "breakthrough": "front.broken_through",
    "pocket_lost": "front.pocket_lost",
    "arms_paused": "washington.paused",
    "provocation": "kyiv.provocation",
}
"""Dates of a result, and the kind of event in the trace that each of them is the first of."""

TOLD_APART = {
    "walked_away", "returned", "signed", "broken", "coup_attempt", "limited_last", "general_last", "taken",
    "troops_text", "collapse_began", "home_shock",
}  # fmt: skip
"""Other dates of a result, each with a line of its own in the test."""


def test_no_date_of_a_result_is_left_out() -> None:
    days = {name for name, declared in fields(Result).items() if declared.unit == "day"}
    assert days == DATED.keys() | TOLD_APART


def test_every_kind_belongs_to_a_part_of_the_week() -> None:
    assert {kind.part for kind in KINDS} == set(PARTS) - {"hawks"}


def test_every_date_and_every_count_of_a_result_is_in_the_trace() -> None:
    scenario, courses = of_ukraine()
    for course in courses[:1500]:
        result, count = course.result[0], Counter(entry.kind.name for entry in course.entries)
        first: dict[str, int] = {}
        for entry in course.entries:
            # A vote is an event whether sanctions lapse at it or not.
            if entry.kind.name != "europe.vote" or entry.code == 1:
                first.setdefault(entry.kind.name, entry.week)
        for column, kind in DATED.items():
            day = result[column]
            if np.isnan(day):
                assert kind not in first, (result.timeline, column)
            else:
                assert first[kind] == day // 7, (result.timeline, column)
        turns = [
            (entry.week, entry.code, entry.value) for entry in course.entries if entry.kind.name == "washington.turned"
        ]
        assert same_week(result.walked_away, [week for week, new, _ in turns if new == WALKED_AWAY][:1])
        assert same_week(result.returned, [week for week, _, old in turns if old == WALKED_AWAY][:1])
        if "europe.troops_text" in first:
            # A settlement may bring troops in its text from the first, which is no event.
            assert result.troops_text // 7 <= first["europe.troops_text"]
        for truce in ("limited", "general"):
            began = [entry.week for entry in course.entries if entry.kind.name == f"talks.{truce}_began"]
            assert same_week(result[f"{truce}_last"], began[-1:])
        assert count["talks.climbed"] == result.steps_up
        assert count["talks.fell"] == sum(result[f"down_{cause}"] for cause in ("consent", "europe", "hawks", "kyiv"))
        assert count["talks.dead_letter"] == result.dead_letters
        assert count["front.broken_through"] == result.breakthroughs
        signed = count["talks.in_force"] + count["talks.dead_letter"]
        assert (signed > 0) == (not np.isnan(result.signed))
        assert (count["talks.broken_down"] + count["talks.dead_letter"] > 0) == (not np.isnan(result.broken))
        attempts = count["kyiv.overthrown"] + count["kyiv.coup_failed"] + (result.cause == OVERTHROW)
        assert (attempts > 0) == (not np.isnan(result.coup_attempt))
        shocks = [
            entry.week
            for entry in course.entries
            if entry.kind.name == "moscow.home_shock"
            or (entry.kind.name == "endings.failed" and entry.code in {MUTINY, DEATH})
        ]
        assert same_week(result.home_shock, shocks[:1])
        began = [entry.week for entry in course.entries if entry.kind.name == "endings.collapsing"]
        assert same_week(result.collapse_began, began[-1:])
        assert count["endings.halted"] + count["endings.collapsed"] <= len(began)
        ends = ("endings.exhausted", "endings.collapsed", "endings.defeated", "endings.failed")
        last = [entry for entry in course.entries if entry.kind.name in ends]
        assert len(last) == (result.ending > 0)
        if last:
            known = {"endings.exhausted": ALL_GROUND, "endings.collapsed": BREAKTHROUGH_CAUSE}
            assert known.get(last[0].kind.name, last[0].code) == result.cause
        for k in range(len(scenario.regions)):
            took = [entry.week for entry in course.entries if (entry.kind.name, entry.code) == ("front.taken", k)]
            assert (took[0] == result.taken[k] // 7) if took else np.isnan(result.taken[k])


def same_week(day: float, weeks: list[int]) -> bool:
    """Whether a date lies in the one week given; without one, whether there is none."""
    return np.isnan(day) if not weeks else weeks[0] == day // 7


def test_moves_of_the_ladder_follow_one_another() -> None:
    _, courses = of_ukraine()
    for course in courses[:1500]:
        rung, k = int(course.states["rung"][0]), 0
        for entry in course.entries:
            while course.weeks[k] < entry.week:
                k += 1
                assert rung == course.states["rung"][k]
            name = entry.kind.name
            if name == "talks.climbed":
                assert entry.code == rung + 1
                rung = entry.code
            elif name == "talks.fell":
                assert entry.code == rung - 1
                rung = entry.code
            elif name in ("talks.dead_letter", "talks.broken_down"):
                assert rung == SIGNED
                rung = CONTACT
            elif name == "talks.general_ended" and entry.code == 1:
                rung = CONTACT


def told(course_number: int) -> list[Event]:
    scenario, courses = of_ukraine()
    return list(events(scenario, courses[course_number]))


def test_events_are_in_order_and_say_what_the_trace_says() -> None:
    _, courses = of_ukraine()
    for number in range(0, 1500, 10):
        found = told(number)
        begins = [event.begin for event in found]
        assert begins == sorted(begins)
        assert all(event.part in PARTS for event in found)
        climbs = [event for event in found if event.kind in ("talks.begun", "talks.climbed")]
        signed = [event for event in found if event.kind in ("talks.in_force", "talks.dead_letter")]
        assert len(climbs) + len(signed) == courses[number].result.steps_up[0]
        falls = [event.values["rung"] for event in found if event.kind == "talks.fell"]
        assert set(falls) <= set(RUNGS[:3])


def test_events_that_repeat_in_a_month_are_counted_and_none_is_lost() -> None:
    _, courses = of_ukraine()
    repeated = 0
    for number in range(300):
        found = [event for event in told(number) if event.kind in REPEATED]
        months = [(event.kind, event.end.year, event.end.month) for event in found]
        assert len(set(months)) == len(months)
        for kind in REPEATED:
            # A dated upheaval is an event of its own.
            entries = [e for e in courses[number].entries if e.kind.name == kind and e.value != 1.0]
            assert sum(event.values["count"] for event in found if event.kind == kind) == len(entries)
        repeated += sum(event.values["count"] > 1 for event in found)
    assert repeated > 50


def test_an_end_on_the_battlefield_says_its_cause() -> None:
    _, courses = of_ukraine()
    seen = set()
    for number, course in enumerate(courses):
        for event in told(number):
            if event.kind in ("endings.defeated", "endings.failed"):
                assert event.values["cause"] == CAUSES[int(course.result.cause[0])]
                assert event.values["code"] == course.result.engaged[0]
                assert (event.kind == "endings.defeated") == (course.result.ending[0] == UKRAINE_DEFEATED)
                seen.add(event.values["cause"])
    assert seen == {*CAUSES[2:]}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        # A pause that ends within its week is one event.
        (("washington.paused", "washington.resumed"), ["washington.paused_briefly"]),
        (("washington.resumed", "washington.paused"), ["washington.resumed", "washington.paused"]),
        # What a draft leaves out belongs to it, and so does the contact that it begins.
        (("talks.proposed", "talks.omitted", "talks.climbed"), ["talks.begun"]),
        (("talks.proposed", "talks.omitted"), ["talks.proposed"]),
        # Falls in a row are one fall.
        (("talks.fell", "talks.fell"), ["talks.fell"]),
    ],
)
def test_entries_that_make_one_event_to_a_reader_are_one(kinds: tuple[str, ...], expected: list[str]) -> None:
    scenario, courses = of_ukraine()
    kept = {entry.kind.name: entry for course in courses for entry in course.entries if entry.code <= 1}
    week = courses[0].weeks[5]
    entries = tuple(replace(kept[kind], week=week) for kind in kinds)
    found = list(events(scenario, replace(courses[0], entries=entries)))
    assert [event.kind for event in found] == expected
    assert {event.begin for event in found} == {date(2025, 2, 24)}
