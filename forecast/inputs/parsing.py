"""The parsers of dates, numbers and counts: the same in files, options and the Python functions.

Each takes text or a value that has the type already, and raises a ValueError that names the allowed values. Text is
read as it stands: no spaces around it, no underscores, ASCII digits only, and of the ISO dates only YYYY-MM-DD. True
and False are not numbers, and a count is a whole number and not a float that happens to be one.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Final

from forecast.errors import InputError

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COUNT: Final = re.compile(r"[+-]?[0-9]{1,1000}")

DAY: Final = "a real day, written YYYY-MM-DD"
MONTH_AND_DAY: Final = "a day of every year, written MM-DD"
NUMBER: Final = "a finite number"
COUNT: Final = "a whole number, written in digits"
SECONDS: Final = "a length of time above 0, such as 60s, 5m or 1h"
"""The allowed values, in the words of an error."""

MOST_DIGITS: Final = 1000
"""Most digits of a whole number in a file of JSON."""

NUMBER_REMEDY: Final = "Write digits and at most one decimal point, as in 58.5"
"""The remedy for text that is not a number."""

DAY_REMEDY: Final = "Write it as YYYY-MM-DD"
"""The remedy for text that is not a day."""

_AS_JSON: Final = (type(None), bool, list, tuple, dict)

UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
"""Seconds of a unit of time, by its letter."""

KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "true or false",
    Real: "a number",
    str: "a text",
    date: "a date",
    Mapping: "an object",
    Iterable: "a list",
}
"""Kinds of values in a reader's words, the narrower ones first."""

SHOWN: Final = 60
"""Most characters of a refused value that an error shows."""


def parse_day(value: object) -> date:
    """Parse a day; a moment of a day, such as a timestamp, is refused.

    Raises:
        ValueError: it is not a day.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(DAY) from None
    raise ValueError(DAY)


def parse_month_and_day(value: object) -> tuple[int, int]:
    """Parse a day of every year, written MM-DD: month and day.

    Raises:
        ValueError: it is not one; 29 February is not one either.
    """
    try:
        # 2001 is not a leap year: every year has its days.
        day = parse_day(f"2001-{value}")
    except ValueError:
        raise ValueError(MONTH_AND_DAY) from None
    return day.month, day.day


def parse_number(value: object) -> float:
    """Parse a finite number.

    Raises:
        ValueError: it is not a finite number.
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(NUMBER)
    if isinstance(value, bool) or not isinstance(value, str | Real):
        raise ValueError(NUMBER)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(NUMBER) from None
    if not math.isfinite(number):
        raise ValueError(NUMBER)
    return number


def parse_count(value: object) -> int:
    """Parse a whole number of at most a thousand digits.

    Raises:
        ValueError: it is not a whole number; a float is refused too.
    """
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    if isinstance(value, Integral) and not isinstance(value, bool) and abs(int(value)) < 10**1000:
        return int(value)
    raise ValueError(COUNT)


def whole_number(digits: str) -> int:
    """Read a whole number of a file of JSON.

    Raises:
        ValueError: it has more than `MOST_DIGITS` digits.
    """
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"found a whole number of {len(digits):,} digits; expected at most {MOST_DIGITS:,}")
    return int(digits)


def parse_seconds(value: object) -> float:
    """Parse a length of time: a number of seconds, or text such as `60s`, `5m` and `1h`.

    Raises:
        ValueError: it is not a length of time above 0.
    """
    unit = UNITS.get(value[-1:]) if isinstance(value, str) else None
    try:
        seconds = parse_number(value) if unit is None else unit * parse_number(str(value)[:-1])
    except ValueError:
        raise ValueError(SECONDS) from None
    if not 0.0 < seconds < math.inf:
        raise ValueError(SECONDS)
    return seconds


def given_day(value: object, key: str) -> date:
    """Parse a day that an option or an argument gives.

    Args:
        value: as given.
        key: the option, which errors name.

    Raises:
        InputError: it is not a day.
    """
    try:
        return parse_day(value)
    except ValueError:
        raise InputError(f"{shortened(value)} is not a date", key=key, remedy=DAY_REMEDY) from None


def given_count(value: object, key: str) -> int:
    """Parse a whole number that an option or an argument gives; see `given_day`.

    Raises:
        InputError: it is not a whole number.
    """
    try:
        return parse_count(value)
    except ValueError as error:
        raise InputError(f"found {shortened(value)}; expected {error}", key=key) from None


def given_number(value: object, file: str, key: str | None = None) -> float:
    """Parse a number that an option or an argument gives; `file` is the option, `key` the name in it, if it has one.

    Raises:
        InputError: it is not a finite number.
    """
    try:
        return parse_number(value)
    except ValueError as error:
        what = f"found {shortened(value)}; expected {error}"
        raise InputError(what, file=file, key=key, remedy=NUMBER_REMEDY) from None


def given_seconds(value: object, key: str) -> float:
    """Parse a length of time that an option or an argument gives, in seconds; see `given_day`.

    Raises:
        InputError: it is not above 0.
    """
    try:
        return parse_seconds(value)
    except ValueError as error:
        raise InputError(f"found {shortened(value)}; expected {error}", key=key) from None


def given_names(value: object, key: str) -> tuple[str, ...]:
    """Parse the names that an option or an argument gives: one text, or several.

    Raises:
        InputError: it is neither a text nor a list of texts.
    """
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Iterable) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise InputError(f"found {shortened(value)}; expected a text or a list of texts", key=key)
    return names


def given_folder(value: str | Path, key: str) -> Path:
    """Parse the path of a folder that an option or an argument gives; see `given_day`.

    Raises:
        InputError: it is an empty text, as from a variable without a value.
    """
    if isinstance(value, str) and not value.strip():
        remedy = "Leave it out, or write . for the present folder"
        raise InputError("found an empty text; expected the path of a folder", key=key, remedy=remedy)
    return Path(value)


def shortened(value: object) -> str:
    """Show a refused value, shortened; null, true, false, a list and an object as JSON has them."""
    try:
        text = json.dumps(value) if isinstance(value, _AS_JSON) else repr(value)
    except (TypeError, ValueError, RecursionError):  # a whole number of thousands of digits, or no JSON
        text = kind_of(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def kind_of(value: object) -> str:
    """Say in words which kind of value something is: null, a number, a text, a list, an object."""
    return next((words for kind, words in KINDS.items() if isinstance(value, kind)), "something else")
