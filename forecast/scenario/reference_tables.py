"""Reference classes: each a table of past cases, with its title and its source.

A case that stands in a table twice would count twice, so it is refused. Two tables have a meaning of their own, and
their rows are checked: the wars and the crowd forecasts that the odds are compared with.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from forecast.evidence.csv_rows import read_cells, row_place
from forecast.inputs.parsing import parse_count, parse_day, parse_number
from forecast.inputs.validation import Day, Place, Table, Text, as_table, near, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.reader import Reader
from forecast.scenario.reference_class import YEAR

WARS: Final = "interstate_wars.csv"
CROWDS: Final = "crowds.csv"
"""Files of the two tables that the odds are compared with."""

OUTCOMES: Final = ("won_or_lost", "stalemate", "other")
"""How the wars of a class end: with a winner and a loser, with neither, or turned into something else."""

CROWD_EVENTS: Final = {
    "general_truce_28_days": "a ceasefire along the whole front begins by then, and the longest lasts 28 days or more",
    "general_truce": "a ceasefire along the whole front, of any length, that begins by then",
    "truce_or_agreement": "a ceasefire along the whole front begins, or an agreement is signed, by then",
}
"""Events of the timelines that crowd questions are compared with."""

PARTS: Final = {
    "attempts": ("successes",),
    "wars_at_risk": ("ended",),
    "exits": ("irregular", "regular", "natural_death"),
}
"""Columns of numbers that are parts of another column."""

SPANS: Final = (("start", "end"), ("from", "to"), ("year_from", "year_to"))
"""Columns of the begin and the end of a case."""

COMMENTS: Final = ("note", "source")
"""Columns that do not belong to the case."""

Cells = Mapping[str, str]


def _one_of(words: Iterable[str]) -> AfterValidator:
    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return word

    return AfterValidator(check)


class WarRow(Table):
    """The columns of a war that are used.

    Attributes:
        war: its name.
        start: its first day.
        duration_days: how long it lasted.
        end: its last day; a table may lack it.
        outcome: how it ended.
    """

    war: Text
    start: Day
    duration_days: Annotated[int, BeforeValidator(parse_count), Field(ge=0)]
    outcome: Annotated[str, _one_of(OUTCOMES)]
    end: Day | None = None


class CrowdRow(Table):
    """The columns of a crowd forecast that are used.

    Attributes:
        asked: the day on which the crowd was asked.
        begins: the first day of the question.
        to: its last day.
        event: the event of the timelines that it is compared with.
        probability: the crowd's answer.
    """

    asked: Day
    begins: Annotated[Day, Field(alias="from")]
    to: Day
    event: Annotated[str, _one_of(CROWD_EVENTS)]
    probability: Annotated[float, BeforeValidator(parse_number), Field(ge=0, le=1)]


def read_reference(reader: Reader, texts: Mapping[str, str]) -> None:
    """Read the reference classes: each is a table with title and source, and no file is left over.

    Raises:
        InputError: a file or a column is wrong, or a case stands in a table twice.
    """
    index = "reference/reference.toml"
    if index not in texts:
        raise reader.place(index).error("it is missing; every scenario has it")
    taken: dict[str, str] = {}
    for name, raw in reader.tables[index].items():
        spot = spot_of(reader.place(index), name)
        table = as_table(toml_tables.ReferenceTable, raw, spot)
        reader.check_source(table.source, spot.at("source"))
        path = f"reference/{table.file}"
        if path not in texts or path in taken or not path.endswith(".csv"):
            what = f"found {table.file!r}; expected a CSV file beside reference.toml, named once"
            raise spot.at("file").error(what)
        taken[path] = name
    for path, text in texts.items():
        if not (path.startswith("reference/") and path.endswith(".csv")):
            continue
        place = reader.place(path)
        if path not in taken:
            raise place.error("reference.toml does not name this file", "Add a table there, or move the file")
        rows = read_cells(text, place, _check_header)
        if not rows:
            raise place.error("it has no rows; at least one is needed")
        _check_once(rows, place)
        _check_sense(rows, place)
        if path == f"reference/{WARS}":
            war_rows(rows, place, reader.day)
        if path == f"reference/{CROWDS}":
            for line, cells in rows:
                checked_row(CrowdRow, cells, row_place(place, line))
        reader.classes[taken[path]] = [cells for _, cells in rows]


def war_rows(rows: Sequence[tuple[int, Cells]], place: Place, day: date | None = None) -> list[WarRow]:
    """Check the rows of a table of wars, each with its line.

    Args:
        rows: the rows.
        place: the file's place.
        day: the reference date: wars that ended on it or later are not known yet.

    Raises:
        InputError: a column is missing, a cell is wrong, a war stands there twice, its duration is not that from its
            first to its last day, or it ends on the reference date or later.
    """
    found: dict[tuple[object, ...], int] = {}
    wars = []
    for line, cells in rows:
        war = checked_row(WarRow, cells, row_place(place, line))
        same = (war.war.strip().casefold(), war.start)
        if same in found:
            what = f"found {war.war} of {war.start}, which is row {found[same]} already; expected each war once"
            raise row_place(place, line).error(what, "Take one of them out")
        found[same] = line
        _check_war(war, row_place(place, line), day)
        wars.append(war)
    return wars


def checked_row[R: Table](model: type[R], cells: Cells, spot: Place) -> R:
    """Check the columns of a row that are used; the others may hold anything."""
    names = [info.alias or name for name, info in model.model_fields.items()]
    needed = [info.alias or name for name, info in model.model_fields.items() if info.is_required()]
    for name in needed:
        if name not in cells:
            what = f"the column {name} is missing; expected {', '.join(names)}"
            raise spot.error(what, near(name, cells, "Add it"))
    return as_table(model, {name: cells[name] for name in names if name in cells}, spot)


def _check_war(war: WarRow, spot: Place, day: date | None) -> None:
    """Check a war's duration against its dates, and its end against the reference date."""
    end = war.end or war.start + timedelta(days=max(war.duration_days - 1, 0))
    lasted = (end - war.start).days + 1
    if abs(lasted - war.duration_days) > 1:
        what = f"found {war.duration_days}; expected {lasted}, the days from {war.start} to {end}"
        raise spot.at("duration_days").error(what, "Correct the duration or a date")
    if day is not None and end >= day:
        what = f"the war ended on {end}; expected a day before {day}, the reference date"
        raise spot.at("end" if war.end else "duration_days").error(what, "Take it out: it was not known then")


def _check_sense(rows: Sequence[tuple[int, Cells]], place: Place) -> None:
    """Check that no case ends before it begins, and that no parts are more than the whole."""
    for line, cells in rows:
        spot = row_place(place, line)
        for first, last in SPANS:
            if first in cells and last in cells and _later(cells[first], cells[last]):
                raise spot.at(last).error(f"found {cells[last]}, which is before {cells[first]} in {first}")
        for whole, parts in PARTS.items():
            figures = [cells[name] for name in (whole, *parts) if name in cells]
            if whole in cells and len(figures) > 1 and all(map(_is_number, figures)):
                most, *others = map(parse_number, figures)
                if sum(others) > most:
                    what = f"found {' + '.join(figures[1:])} in {', '.join(parts)}; expected {most:g} at most"
                    raise spot.at(whole).error(what)


def _later(one: str, other: str) -> bool:
    """Whether a cell is a later day, or a larger number, than another; false if they are neither."""
    with contextlib.suppress(ValueError):
        return parse_day(one) > parse_day(other)
    return _is_number(one) and _is_number(other) and parse_number(one) > parse_number(other)


def _check_header(header: Sequence[str], place: Place) -> None:
    """Check that the columns have names, each once."""
    if not header or "" in header or len(set(header)) < len(header):
        what = f"found the columns {', '.join(header) or 'none'}; expected names, each once"
        raise row_place(place, 1).error(what)


def _check_once(rows: Sequence[tuple[int, Cells]], place: Place) -> None:
    """Check that no case stands in a table twice: the same cells again, or the same year where rows are years."""
    columns = [name for name in rows[0][1] if name not in COMMENTS]
    year = next((name for name in YEAR if name in columns), None)
    others = [name for name in columns if name != year]
    yearly = year is not None and all(_is_number(cells[name]) for _, cells in rows for name in others)
    key = [year] if year is not None and yearly else columns
    found: dict[tuple[str, ...], int] = {}
    for line, cells in rows:
        same = tuple(cells[name].strip().casefold() for name in key)
        if same in found:
            what = f"found the same {', '.join(key)} as in row {found[same]}; expected each case once"
            raise row_place(place, line).error(what, "Take one of them out")
        found[same] = line


def _is_number(cell: str) -> bool:
    try:
        parse_number(cell)
    except ValueError:
        return False
    return True
