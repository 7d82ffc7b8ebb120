"""CSV files read row by row: every row has its line number, and every error says file, row and column.

Rows are numbered as an editor numbers lines: the header is row 1.
"""

import csv
import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from forecast.inputs.validation import Day, Place, Table, as_table, near

ADDRESSES = ("https://", "http://")
"""How a source begins that is an address."""

NOT_IN_ADDRESS = re.compile(r"[\s<>\"`{}|\\^\[\]]")
"""A character that no address has."""

MOST_DAYS_LATE = 300
"""Days from `observed` to `available` beyond which a row is refused unless its series declares more.

A year mistyped in either date makes a row at least 365 days late, or puts `available` before `observed`. Such a row
would be hidden from every run. Events and changes of states become public within days, and a run as of the horizon
could not use a row that is much later.
"""


@dataclass(frozen=True)
class RowPlace(Place):
    """Where a row of a CSV file stands; the places below it are those of its cells."""

    def at(self, *parts: object) -> Place:
        """Give the place of a cell, by its column."""
        return Place(self.file, ", column ".join((self.key, *(str(part) for part in parts if part != ""))))


def row_place(place: Place, line: int) -> RowPlace:
    """Give the place of a row of the file at `place`."""
    return RowPlace(place.file, f"row {line}")


class DatedRow(Table):
    """The columns that all rows of evidence have.

    Attributes:
        observed: the day that the row is about.
        available: the first day on which it was surely public.
    """

    observed: Day
    available: Day


def read_cells(
    text: str, place: Place, check_header: Callable[[Sequence[str], Place], None]
) -> list[tuple[int, dict[str, str]]]:
    """Read the rows of a CSV file: the line of each, and its cells by column.

    Args:
        text: the file.
        place: the file's place, for errors.
        check_header: raises an error if the columns are not those allowed; it is given them and the place.

    Raises:
        InputError: it is not CSV, or a row has too many cells or too few.
    """
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        header = next(lines, [])
        check_header(header, place)
        for cells in lines:
            if len(cells) != len(header):
                what = f"found {len(cells)} cells; expected {len(header)}, one for each column of the header"
                raise row_place(place, lines.line_num).error(what)
            rows.append((lines.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise row_place(place, lines.line_num).error(f"it is not CSV: {error}") from error
    return rows


def read_rows[R: DatedRow](
    model: type[R],
    text: str,
    place: Place,
    sources: Collection[str],
    key: Sequence[str],
    most_days_late: int = MOST_DAYS_LATE,
) -> list[tuple[int, R]]:
    """Read and check the rows of a file of evidence, each with its line.

    Args:
        model: the columns; those with a default may be left out. A column `source` is checked if it is not empty.
        text: the file.
        place: the file's place, for errors.
        sources: the ids in `sources.toml`.
        key: the columns that two rows share of which the later is a revision.
        most_days_late: most days from `observed` to `available`.

    Raises:
        InputError: a column or a cell is wrong, a row was available before it was observed or too late after it, or a
            row is given twice.
    """
    rows: list[tuple[int, R]] = []
    seen: dict[tuple[Any, ...], Place] = {}
    for line, cells in read_cells(text, place, partial(_check_columns, model)):
        spot = row_place(place, line)
        row = check_row(model, cells, spot, sources, most_days_late)
        refuse_repeat(row, spot, key, seen)
        rows.append((line, row))
    return rows


def check_row[R: DatedRow](
    model: type[R], cells: object, spot: Place, sources: Collection[str], most_days_late: int = MOST_DAYS_LATE
) -> R:
    """Check the cells of one row, from a CSV file or from a table of a TOML file.

    Args:
        model: the columns.
        cells: the row's cells by column, as text or as TOML gives them.
        spot: the row's place.
        sources: the ids in `sources.toml`.
        most_days_late: most days from `observed` to `available`.

    Raises:
        InputError: a column or a cell is wrong, or the row was available before it was observed or too late after it.
    """
    row = as_table(model, cells, spot)
    if row.available < row.observed:
        what = f"{row.available} is before observed, {row.observed}; expected that day or later"
        raise spot.at("available").error(what)
    _check_delay(row, spot, most_days_late)
    source = getattr(row, "source", "")
    address = source.startswith(ADDRESSES) and not NOT_IN_ADDRESS.search(source)
    if source and source not in sources and not address:
        what = f"found {source!r}; expected an id in sources.toml, or an address"
        raise spot.at("source").error(what, near(source, sources))
    return row


def refuse_repeat(row: DatedRow, spot: Place, key: Sequence[str], seen: dict[tuple[Any, ...], Place]) -> None:
    """Refuse a row that stands in the same table already, and remember it.

    Args:
        row: the row.
        spot: its place.
        key: the columns that two rows share of which the later is a revision.
        seen: the places of the rows before it, by their cells; the row is added.

    Raises:
        InputError: a row before it has the same key and the same `available`.
    """
    same = tuple(getattr(row, name) for name in (*key, "available"))
    if same in seen:
        what = f"found a row with the same {', '.join(key)} and available as {seen[same].key}"
        raise spot.error(what, "A revision needs a later date in available")
    seen[same] = spot


def _check_delay(row: DatedRow, spot: Place, most: int) -> None:
    """Check that a row became public soon enough after its day, and that a late row says why."""
    late = (row.available - row.observed).days
    if late > most:
        what = f"found {row.available}, {late} days after observed, {row.observed}; expected at most {most} days"
        raise spot.at("available").error(what, "Check the years; a series with later figures declares longest_lag_days")
    if late > MOST_DAYS_LATE and not getattr(row, "note", "").strip():
        what = f"it is empty; expected the reason why the row became public only after {late} days"
        raise spot.at("note").error(what, "Check the years, or give the reason")


def _check_columns(model: type[Table], header: Sequence[str], place: Place) -> None:
    """Check that the columns are those of a table, in any order, each once."""
    allowed = ", ".join(model.model_fields)
    if not header:
        raise place.error(f"it is empty, or its first line is; allowed there are the columns {allowed}")
    spot = row_place(place, 1)
    for position, column in enumerate(header):
        if column not in model.model_fields:
            raise spot.at(column).error(f"unknown column; expected {allowed}", near(column, model.model_fields))
        if column in header[:position]:
            raise spot.at(column).error(f"the column is given twice; expected {allowed}, each once")
    for column, declared in model.model_fields.items():
        if declared.is_required() and column not in header:
            raise spot.at(column).error(f"the column is missing; found {', '.join(header)}", "Add it")
