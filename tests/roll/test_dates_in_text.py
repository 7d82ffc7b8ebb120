"""Dates in texts: replaced where that is certain, found where a reader must judge."""

from datetime import date

import pytest

from forecast.roll.dates_in_text import Dates, ages, dates_named, phrases, redated

OLD = Dates(date(2025, 1, 20), date(2025, 12, 31))
NEW = Dates(date(2026, 1, 5), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Will the war in 2025 be decided?", "Will the war in 2026 be decided?"),
        ("By the end of 31 December 2025 either", "By the end of 31 December 2026 either"),
        ("held on 20 January 2025, by", "held on 5 January 2026, by"),
        ("by December 31, 2025.", "by December 31, 2026."),
        ("until 2025-12-31", "until 2026-12-31"),
        ("The war in Ukraine, 2025", "The war in Ukraine, 2026"),
        ("the end of 2025.", "the end of 2026."),
        ("since March 2025", "since March 2025"),
        ("in spring 2025 and mid-2025", "in spring 2025 and mid-2025"),
        ("2024-25, 2025-26 and 2025/26", "2024-25, 2025-26 and 2025/26"),
        ("took after 24 February 2022", "took after 24 February 2022"),
        ("12025 men, 2,025 and 20,250", "12025 men, 2,025 and 20,250"),
        ("131 December 2025", "131 December 2025"),
    ],
)
def test_redated(before: str, after: str) -> None:
    assert redated(before, OLD, NEW) == after


def test_dates_in_two_years_have_no_year_of_their_own() -> None:
    assert redated("in 2025", Dates(date(2025, 6, 1), date(2026, 5, 31)), NEW) == "in 2025"
    assert redated("in 2025", OLD, Dates(date(2026, 7, 1), date(2027, 6, 30))) == "in 2026-27"


def test_a_new_date_is_not_replaced_again() -> None:
    once = Dates(date(2025, 12, 31), date(2026, 12, 31))
    assert redated("from 20 January 2025 to 31 December 2025", OLD, once) == "from 31 December 2025 to 31 December 2026"


def test_dates_named() -> None:
    assert dates_named("In March 2024 he may go; in May, on the date, aged 72.") == [
        *("March", "2024", "in May", "on the date", "aged 72"),
    ]
    assert dates_named("A gain of 1,990 km2 may count 2.2024 times.") == []


def test_phrases_quote_each_date_with_the_words_around_it() -> None:
    text = f"In 2024 it was so. {'word ' * 60}And in May it is. {'word ' * 60}"
    first, second = phrases(text, ["2024", "in May"])
    assert first.startswith("In 2024 it was so. word")
    assert first.endswith("...")
    assert second.startswith("...word")
    assert "And in May it is." in second
    assert len(second) < 150
    assert phrases("In March 2024.", ["March", "2024"]) == ("In March 2024.",)
    assert phrases("Nothing.", []) == ()


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("As in 2024.", True),
        ("As of 2025.", True),
        ("On the date it is so.", True),
        ("A quarrel in November.", True),
        ("Korea in July 1951.", False),
        ("Kharkiv in September 2022.", False),
        ("By 31 December 2026.", False),
        ("Nothing.", False),
        ("The president is 72 years old.", True),
    ],
)
def test_ages(text: str, old: bool) -> None:
    assert bool(ages(text, OLD, NEW)) is old
