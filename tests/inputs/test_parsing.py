"""The parsers of dates, numbers and counts: what each edge of the program takes, and what none takes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.inputs.parsing import (
    given_count,
    given_day,
    given_number,
    kind_of,
    parse_count,
    parse_day,
    parse_month_and_day,
    parse_number,
    shortened,
)

ARABIC = "\u0662\u0660\u0662\u0665-01-20"


def test_a_day_is_a_date_or_is_written_in_one_way() -> None:
    assert parse_day("2025-01-20") == parse_day(date(2025, 1, 20)) == date(2025, 1, 20)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2025-W04-1",
            "20250120",
            "2025-1-20",
            " 2025-01-20",
            "2025-01-20T00:00",
            "2025-02-29",
            "0000-01-01",
            ARABIC,
            "",
        ),
        *(
            datetime(2025, 1, 20, tzinfo=UTC),
            pd.Timestamp("2025-01-20"),
            np.datetime64("2025-01-20"),
            20250120,
            True,
            None,
        ),
    ],
)
def test_what_is_not_a_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a real day, written YYYY-MM-DD$"):
        parse_day(value)


def test_a_day_of_every_year() -> None:
    assert parse_month_and_day("03-25") == (3, 25)
    for value in ("W04-1", "3-25", "02-29", "13-01", 325, date(2025, 3, 25)):
        with pytest.raises(ValueError, match=r"^a day of every year, written MM-DD$"):
            parse_month_and_day(value)


def test_a_number_is_one_or_is_written_in_ascii() -> None:
    for value in ("12.5", "+1.25e1", 12.5, np.float32(12.5)):
        assert parse_number(value) == 12.5
    assert parse_number(3) == parse_number(np.int64(3)) == parse_number("3") == parse_number("3.") == 3.0


@pytest.mark.parametrize(
    "value",
    [
        *("2_000", "\u0661\u0662", " 1", "1,5", "0x10", "nan", "inf", "1e999", "", "much"),
        *(True, np.bool_(True), float("nan"), float("inf"), 10**400, None, [1.0], Decimal(1), 1j),
    ],
)
def test_what_is_not_a_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a finite number$"):
        parse_number(value)


def test_a_count_is_whole() -> None:
    assert parse_count("20000") == parse_count(20000) == parse_count(np.int32(20000)) == 20000
    assert parse_count("-1") == -1


@pytest.mark.parametrize(
    "value", ["2_000", "\u0661\u0662", "1.0", "1e3", " 5", "0x10", "", 1000.0, True, np.bool_(False), 10**2000, None]
)
def test_what_is_not_a_count_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^a whole number, written in digits$"):
        parse_count(value)


def test_errors_name_the_option_and_the_value() -> None:
    with pytest.raises(InputError, match=r"^--as-of: '2025-W04-1' is not a date\. Write it as YYYY-MM-DD$"):
        given_day("2025-W04-1", "--as-of")
    with pytest.raises(InputError, match=r"^--seed: found 1\.0; expected a whole number, written in digits$"):
        given_count(1.0, "--seed")
    with pytest.raises(InputError, match=r"^--fix: moscow\.worth: found true; expected a finite number\. Write digits"):
        given_number(True, "--fix", "moscow.worth")


def test_refused_values_are_shown_short() -> None:
    assert len(shortened("x" * 5000)) == 60
    assert shortened(10**6000) == "a number"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "null"),
        (True, "true"),
        ([1, None], "[1, null]"),
        ({"a": False}, '{"a": false}'),
        ("x", "'x'"),
        (1.5, "1.5"),
    ],
)
def test_refused_values_are_shown_in_no_words_of_python(value: object, words: str) -> None:
    assert shortened(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((None, "null"), (False, "true or false"), (7, "a number"), ("x", "a text"), ({}, "an object")),
        *(([], "a list"), (date(2025, 1, 1), "a date"), (object(), "something else")),
    ],
)
def test_kinds_of_values_are_named_in_a_reader_s_words(value: object, words: str) -> None:
    assert kind_of(value) == words
