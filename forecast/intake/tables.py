"""Figures of any series from a CSV file, the columns of which are named by the user."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from forecast.errors import InputError
from forecast.inputs.parsing import DAY_REMEDY, NUMBER_REMEDY, parse_day, parse_number, shortened
from forecast.inputs.validation import Place, near
from forecast.intake.figures import Figure, Request, record_figures
from forecast.intake.limits import named
from forecast.intake.reports import ImportReport
from forecast.intake.sheets import Sheet, sheets_of

FIELDS: Final = ("series", "observed", "available", "value", "low", "high", "note", "source")
"""The fields that a column can hold."""

_EXAMPLE: Final = "Write it as in --map day=observed,trust=value"

NEEDED: Final = ("series", "observed", "available", "value")


def parse_mapping(given: Sequence[str]) -> dict[str, str]:
    """Parse `column=field` pairs, of which several may stand in one text, with commas between: the column of a field.

    Raises:
        InputError: it is not such a pair, or a field is given twice.
    """
    found: dict[str, str] = {}
    for pair in (pair for text in given for pair in text.split(",")):
        column, equals, field = (part.strip() for part in pair.rpartition("="))
        if not equals or not column:
            raise InputError(f"found {shortened(pair)}; expected column=field", key="--map", remedy=_EXAMPLE)
        if field not in FIELDS:
            what = f"found the field {shortened(field)}; expected {', '.join(FIELDS)}"
            raise InputError(what, key="--map", remedy=near(field[:50], FIELDS, _EXAMPLE))
        if field in found:
            raise InputError(f"the field {field} is given twice", key="--map", remedy="Name one column for it")
        found[field] = column
    return found


def import_csv(
    folder: Path,
    path: Path,
    request: Request,
    *,
    columns: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> ImportReport:
    """Record the figures of a CSV file; all of them or none.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        path: the file.
        request: how figures are recorded.
        columns: the column of each field; by default the column with its name.
        constants: fields that are the same for all rows, and stand in no column.

    Raises:
        InputError: a column is missing, or a cell is not of its field; see also `record_figures`.
    """
    place = named(path)
    (sheet, *others) = sheets_of(path, place)
    if others:
        raise place.error("found a workbook of several sheets; expected a CSV file", "Save the sheet as CSV")
    return record_figures(folder, figures_of(sheet, columns or {}, constants or {}), request)


def has_fields(sheet: Sheet) -> bool:
    """Whether the columns of a table are those that evidence needs, by their own names."""
    return bool(sheet.rows) and set(NEEDED) <= set(sheet.rows[0][1])


def figures_of(sheet: Sheet, columns: Mapping[str, str], constants: Mapping[str, str]) -> list[Figure]:
    """Read the figures of a table.

    Raises:
        InputError: a column is missing or given twice, a row has other cells than the header, or a cell is not of its
            field.
    """
    if not sheet.rows:
        raise sheet.place.error("it has no rows; expected a header and at least one row")
    (line, header), *rows = sheet.rows
    spot = sheet.place.at(f"row {line}")
    where: dict[str, int] = {}
    for field in FIELDS:
        column = columns.get(field, field)
        if header.count(column) > 1:
            raise spot.error(f"the column {shortened(column)} is given twice", "Keep one")
        if column in header and field not in constants:
            where[field] = header.index(column)
        elif field in columns or (field in NEEDED and field not in constants):
            what = f"found no column {shortened(column)} for {field}; found {shortened(', '.join(header))}"
            raise spot.error(what, near(column[:100], header, f"Name the column that holds {field}"))
    if not rows:
        raise sheet.place.error("it has no rows below its header")
    keys = {field: f"column {header[position]}" for field, position in where.items()}
    keys |= {field: f"--{field}" for field in constants}
    found = []
    for number, cells in rows:
        spot = sheet.place.at(f"row {number}")
        if len(cells) != len(header):
            raise spot.error(f"found {len(cells)} cells; expected {len(header)}, one for each column of the header")
        given = {field: cells[position] for field, position in where.items()} | dict(constants)
        ends = {name: _number(given[name], spot, name) for name in ("low", "high") if given.get(name)}
        figure = Figure(
            given["series"],
            _day(given["observed"], spot, "observed"),
            _day(given["available"], spot, "available"),
            _number(given["value"], spot, "value"),
            note=given.get("note", ""),
            source=given.get("source", ""),
            place=spot,
            keys=keys,
            **ends,
        )
        found.append(figure)
    return found


def _day(text: str, spot: Place, field: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        raise _wrong(text, spot, field, error, DAY_REMEDY) from None


def _number(text: str, spot: Place, field: str) -> float:
    try:
        return parse_number(text)
    except ValueError as error:
        raise _wrong(text, spot, field, error, NUMBER_REMEDY) from None


def _wrong(text: str, spot: Place, field: str, error: ValueError, remedy: str) -> InputError:
    """The error that a cell is not of its field."""
    return spot.at(f"column {field}").error(f"found {shortened(text)}; expected {error}", remedy)
