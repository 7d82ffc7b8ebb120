"""The files that are read: of a bearable size, and text."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from forecast.inputs.validation import Place, read_text
from forecast.plain_text import without_middle

LARGEST: Final = 50_000_000
"""Most bytes of a file that is imported."""

_DATE: Final = re.compile(r"(?<!\d)(\d{4})([-_.]?)(\d\d)\2(\d\d)(?!\d)")


def named(path: Path) -> Place:
    """Give the place of a file for errors: its name."""
    return Place(without_middle(path.name or str(path)))


def check_size(path: Path, place: Place) -> None:
    """Refuse a file that is empty or larger than any that a publisher issues.

    Raises:
        InputError: it is empty or too large; or it cannot be read.
    """
    try:
        size = path.stat().st_size if path.is_file() else None
    except (OSError, ValueError) as error:
        raise place.error("it cannot be read", "Check its name and its permissions") from error
    if size is None:
        return
    if size == 0:
        raise place.error("the file is empty")
    if size > LARGEST:
        raise place.error(f"it holds {size / 1e6:.0f} MB; expected at most {LARGEST / 1e6:.0f} MB")


def text_of(path: Path, place: Place) -> str:
    """Read a file of a bearable size as UTF-8.

    Raises:
        InputError: it is empty, too large, not UTF-8, or cannot be read.
    """
    check_size(path, place)
    return read_text(path, place)


def dates_in(text: str) -> Iterator[date]:
    """Give the days that are written in a name, as 20250120, 2025-01-20, 2025_01_20 or 2025.01.20; of any year."""
    for found in _DATE.finditer(text):
        try:
            yield date(int(found[1]), int(found[3]), int(found[4]))
        except ValueError:
            continue


def refuse_later(day: date, today: date, place: Place) -> None:
    """Refuse a date to come.

    Raises:
        InputError: it is after today.
    """
    if day > today:
        raise place.error(f"found the date {day}, a day to come; expected {today} or before", "Check the year")
