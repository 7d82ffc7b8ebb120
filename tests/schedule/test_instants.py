"""Instants of cron expressions in the nights of clock changes, and over long absences."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schedule_tools import at

from forecast.errors import InputError
from forecast.schedule.instants import Timetable, parse_now, read_instant, written

NIGHTS = {
    "Europe/Berlin": ("2025-03-30", "2025-10-26"),
    "America/New_York": ("2025-03-09", "2025-11-02"),
    "Australia/Lord_Howe": ("2025-10-05", "2025-04-06"),
    "Africa/Casablanca": ("2025-04-06", "2025-02-23"),
}
"""By zone the night in which the clock is put forward, and the one in which it is put back."""


def times(cron: str, zone: str, day: str) -> list[str]:
    table = Timetable(cron, ZoneInfo(zone))
    return [f"{table.local(instant):%d %H:%M %z}" for instant in table.of_day(date.fromisoformat(day))]


@pytest.mark.parametrize("zone", NIGHTS)
def test_a_time_in_the_night_of_a_change_is_due_once(zone: str) -> None:
    for day in NIGHTS[zone]:
        for cron in ("30 2 * * 0", "15 2 * * *", "0 2 * * *", "45 1 * * 0", "30 1 * * *", "0 3 * * *"):
            assert len(times(cron, zone, day)) == 1, (cron, day)


@pytest.mark.parametrize(
    ("cron", "zone", "day", "expected"),
    [
        ("30 2 * * 0", "Europe/Berlin", "2025-03-30", ["30 03:00 +0200"]),
        ("30 2 * * 0", "Europe/Berlin", "2025-10-26", ["26 02:30 +0200"]),
        ("*/15 2 * * *", "Europe/Berlin", "2025-03-30", ["30 03:00 +0200"]),
        ("*/15 2 * * *", "Europe/Berlin", "2025-10-26", [f"26 02:{m} +0200" for m in ("00", "15", "30", "45")]),
        ("0 2,3 * * *", "Europe/Berlin", "2025-03-30", ["30 03:00 +0200"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2025-10-05", ["05 02:30 +1100"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2025-04-06", ["06 01:45 +1100"]),
        ("30 2 * * *", "Africa/Casablanca", "2025-04-06", ["06 03:00 +0100"]),
        ("30 2 * * *", "Africa/Casablanca", "2025-02-23", ["23 02:30 +0100"]),
        # Midnight itself is skipped, then the whole day: both are due at the next instant that exists.
        ("0 0 * * *", "America/Santiago", "2025-09-07", ["07 01:00 -0300"]),
        ("0 12 * * *", "Pacific/Apia", "2011-12-30", ["31 00:00 +1400"]),
    ],
)
def test_instants_of_a_night(cron: str, zone: str, day: str, expected: list[str]) -> None:
    assert times(cron, zone, day) == expected


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Africa/Casablanca"])
@pytest.mark.parametrize(("cron", "minutes"), [("30 * * * *", 60), ("*/15 * * * *", 15)])
def test_a_job_of_every_hour_keeps_its_rhythm(zone: str, cron: str, minutes: int) -> None:
    for day in NIGHTS[zone]:
        table = Timetable(cron, ZoneInfo(zone))
        found = table.of_day(date.fromisoformat(day))
        assert {b - a for a, b in itertools.pairwise(found)} == {timedelta(minutes=minutes)}


@pytest.mark.parametrize("zone", NIGHTS)
def test_weekly_over_two_years_one_a_week(zone: str) -> None:
    table = Timetable("30 2 * * 0", ZoneInfo(zone))
    due = table.due(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC))
    sundays = [date(2024, 1, 7) + timedelta(days=7 * week) for week in range(104)]
    assert [one.as_of for one in due] == sundays
    assert {one.count for one in due} == {1}


@given(
    st.sampled_from(["30 2 * * *", "*/20 1-3 * * *", "0 */2 * * *", "5 * * * *", "30 23 L * *", "0 0 * * *"]),
    st.sampled_from([*NIGHTS, "America/Santiago", "Asia/Beirut", "UTC", "Africa/Cairo"]),
    st.integers(0, 4 * 366 * 86_400),
    st.lists(st.integers(1, 2_000_000), min_size=1, max_size=6),
)
@settings(max_examples=60, deadline=None)
def test_calls_at_any_times_lose_and_repeat_nothing(cron: str, zone: str, start: int, steps: list[int]) -> None:
    table = Timetable(cron, ZoneInfo(zone))
    first = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
    last = first + timedelta(seconds=sum(steps))
    whole = table.due(first, last)
    parts, now = [], first
    for step in steps:
        parts += table.due(now, now + timedelta(seconds=step))
        now += timedelta(seconds=step)
    assert sum(one.count for one in parts) == sum(one.count for one in whole)
    assert {one.instant for one in whole} <= {one.instant for one in parts}
    assert {one.as_of for one in whole} == {one.as_of for one in parts}
    upcoming = table.next_after(first)
    assert upcoming is not None
    assert upcoming > first
    assert table.due(first, upcoming)[0].instant == upcoming
    assert table.due(first, upcoming - timedelta(seconds=1)) == []


def test_every_minute_of_two_years_is_one_instant_a_day() -> None:
    due = Timetable("* * * * *", ZoneInfo("Europe/Berlin")).due(at("2023-12-31T23:00Z"), at("2025-12-31T22:59Z"))
    assert len(due) == 731
    assert sum(one.count for one in due) == 731 * 1440 - 1  # the first minute is not after the start


@pytest.mark.parametrize(
    "cron", ["", "@daily", "* * * *", "* * * * * *", "61 * * * *", "0 0 31 2 *", "0 0 30 2 *", "x" * 999]
)
def test_bad_expressions(cron: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Timetable(cron, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "text",
    ["2025-03-31T07:00", "2025-03-31", "now", "", "9999-12-31T23:59-12:00", "0001-01-01T00:00+12:00", "\x1b" * 99],
)
def test_bad_now(text: str) -> None:
    with pytest.raises(InputError, match="--now: "):
        parse_now(text)


def test_times_are_written_and_read() -> None:
    instant = at("2025-03-31T07:00:30.5+02:00")
    assert written(instant) == "2025-03-31T05:00:30Z"
    assert read_instant(written(instant)) == instant.replace(microsecond=0)
    for bad in (None, 5, "2025-03-31T05:00:30", "x"):
        with pytest.raises(ValueError, match=r"\w"):
            read_instant(bad)
