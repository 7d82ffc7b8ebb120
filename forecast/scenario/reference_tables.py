"""Reference classes: each a table of past cases, with its title and its source.

A case that stands in a table twice would count twice, so it is refused. Two tables have a meaning of their own, and
their rows are checked: the wars and the crowd forecasts that the odds are compared with.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from forecast.evidence.csv_rows import read_cells, row_place
from forecast.inputs.parsing import parse_count, parse_number
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
        outcome: how it ended.
    """

    war: Text
    start: Day
    duration_days: Annotated[int, BeforeValidator(parse_count), Field(ge=0)]
    outcome: Annotated[str, _one_of(OUTCOMES)]


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
        if path == f"reference/{WARS}":
            war_rows(rows, place)
        if path == f"reference/{CROWDS}":
            for line, cells in rows:
                checked_row(CrowdRow, cells, row_place(place, line))
        reader.classes[taken[path]] = [cells for _, cells in rows]


def war_rows(rows: Sequence[tuple[int, Cells]], place: Place) -> list[WarRow]:
    """Check the rows of a table of wars, each with its line.

    Raises:
        InputError: a column is missing, a cell is wrong, or a war stands there twice.
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
        wars.append(war)
    return wars


def checked_row[R: Table](model: type[R], cells: Cells, spot: Place) -> R:
    """Check the columns of a row that are used; the others may hold anything."""
    names = [info.alias or name for name, info in model.model_fields.items()]
    for name in names:
        if name not in cells:
            what = f"the column {name} is missing; expected {', '.join(names)}"
            raise spot.error(what, near(name, cells, "Add it"))
    return as_table(model, {name: cells[name] for name in names}, spot)


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
