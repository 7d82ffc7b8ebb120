"""Readings: other defensible codings of disputed rows, as edits of `events.csv` and `states.csv` together.

`readings.toml` in `evidence/` may be left out. A reading is a table `[reading.<id>]` with `title` (a sentence),
`reason` and `source` (an id of `sources.toml`), and with lists of rows below `states` and `events`:

    [[reading.<id>.states.add]]      a row with the columns of `states.csv`
    [[reading.<id>.states.replace]]  such a row; it replaces the row of the same `observed` and `state`
    [[reading.<id>.states.remove]]   `observed` and `state` of a row, and its `value` if there are several
    [[reading.<id>.events.add]]      a row with the columns of `events.csv`
    [[reading.<id>.events.replace]]  such a row; it replaces the row of the same `observed` and `decision`;
                                     `replaces` is the decision of that row if it differs
    [[reading.<id>.events.remove]]   `observed` and `decision` of a row, and its `event` if there are several

Rows are checked as those of the CSV files are. A row and its revisions are replaced or removed together. Rows of a
reading have dates of publication as all rows have, and a day sees them only once they were public.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydantic import Field

from forecast.errors import InputError
from forecast.evidence.coding_guide import (
    CHANGE_KEY,
    CHANGES,
    EVENT_KEY,
    EVENTS,
    EventRow,
    Limits,
    as_change,
    as_event,
)
from forecast.evidence.csv_rows import DatedRow, refuse_repeat, row_place
from forecast.inputs.parsing import given_names, shortened
from forecast.inputs.validation import Day, Place, Raws, Table, Text, as_table, near, spot_of

READINGS: Final = "readings.toml"
OPTION: Final = "--reading"

ADD, REPLACE, REMOVE = "add", "replace", "remove"
"""Kinds of edit, by the key of their list."""

Row = tuple[int, DatedRow]
"""A row with its line in the CSV file, or with a negative number if it comes from a reading."""


@dataclass(frozen=True)
class Edit:
    """An edit of one row, as `readings.toml` gives it.

    Attributes:
        kind: `add`, `replace` or `remove`.
        file: the file whose row it edits, `states.csv` or `events.csv`.
        place: its place in `readings.toml`.
        row: the row added, or the row in the place of another; None for a row removed.
        old: the cells by which the row edited is found; empty for a row added.
        chosen_by: the cell that chooses among several such rows; empty where none is given.
    """

    kind: str
    file: str
    place: Place
    row: DatedRow | None = None
    old: Mapping[str, Any] = field(default_factory=dict)
    chosen_by: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A reading of the record.

    Attributes:
        id: its id, by which `--reading` names it.
        title: the reading in a sentence.
        reason: why it is defensible.
        source: id of a source in `sources.toml`, or `judgement`.
        edits: its edits, those of `states.csv` first.
    """

    id: str
    title: str
    reason: str
    source: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Applied:
    """An edit of one row, with the rows that it found.

    Attributes:
        reading: id of the reading.
        edit: the edit.
        old: the row replaced or removed and its revisions; empty for a row added.
    """

    reading: str
    edit: Edit
    old: tuple[Row, ...] = ()

    def seen(self, day: date) -> bool:
        """Whether the edit changes what a run as of a day sees."""
        rows = [row for _, row in self.old] + ([] if self.edit.row is None else [self.edit.row])
        return any(row.available <= day and row.observed < day for row in rows)

    def addresses(self) -> set[tuple[object, ...]]:
        """Give the rows touched, each by its file, its day, and its state or its decision and event."""
        rows = [row for _, row in self.old] + ([] if self.edit.row is None else [self.edit.row])
        return {(self.edit.file, *(getattr(row, name) for name in _REVISED[self.edit.file])) for row in rows}


@dataclass(frozen=True)
class Record:
    """The rows of both CSV files.

    Attributes:
        states: the changes of states.
        events: the events.
        places: the files, by name.
        readings: where rows with negative numbers stand in `readings.toml`.
        used: ids of the readings under which the rows are.
        applied: the edits that were made.
    """

    states: Sequence[Row]
    events: Sequence[Row]
    places: Mapping[str, Place]
    readings: Mapping[int, Place] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    applied: tuple[Applied, ...] = ()

    def place(self, file: str, line: int) -> Place:
        """Give the place of a row; under readings, that of a row of a CSV file names them."""
        if line in self.readings:
            return self.readings[line]
        spot = row_place(self.places[file], line)
        if not self.used:
            return spot
        under = f"reading{'s' if len(self.used) > 1 else ''} {' and '.join(self.used)}"
        return type(spot)(spot.file, f"{spot.key} under the {under}")


_REVISED: Final = {CHANGES: ("observed", "state"), EVENTS: ("observed", "decision", "event")}
"""Columns that a row and its revision share."""

_KEYS: Final = {CHANGES: CHANGE_KEY, EVENTS: EVENT_KEY}


class _Lists(Table):
    """The edits of one file; their rows are checked one by one."""

    add: Raws = ()
    replace: Raws = ()
    remove: Raws = ()


class _ReadingTable(Table):
    """`[reading.<id>]` of `readings.toml`."""

    title: Text
    reason: Text
    source: Text
    states: _Lists = Field(default_factory=_Lists)
    events: _Lists = Field(default_factory=_Lists)


class _ReadingsFile(Table):
    """The whole of `readings.toml`."""

    reading: dict[str, Any]


class _ChangeRemoved(Table):
    """A row of `states.csv` to be removed; `value` chooses among several of one day."""

    observed: Day
    state: Text
    value: Text | None = None


class _Replacing(EventRow):
    """An event in the place of another; `replaces` is the decision of that one if it differs."""

    replaces: str | None = None


class _EventRemoved(Table):
    """A row of `events.csv` to be removed; `event` chooses among several of one day."""

    observed: Day
    decision: str
    event: Text | None = None


def read_readings(raw: Any, place: Place, limits: Limits) -> dict[str, Reading]:
    """Read `readings.toml`: the readings by id, in the order of the file. Their rows are not matched here.

    Args:
        raw: the file as parsed; None if the scenario has none.
        place: the file's place.
        limits: the limits that rows are checked against.

    Raises:
        InputError: a key, a date, a state, a value, a decision or a source is not one of those allowed; a reading edits
            no row.
    """
    if raw is None:
        return {}
    found = {}
    for name, given in as_table(_ReadingsFile, raw, place).reading.items():
        spot = spot_of(place.at("reading"), name)
        table = as_table(_ReadingTable, given, spot)
        if table.source not in limits.sources:
            what = f"found {table.source!r}; expected an id in sources.toml"
            raise spot.at("source").error(what, near(table.source, limits.sources))
        edits = (
            *_edits(table.states, CHANGES, spot.at("states"), limits),
            *_edits(table.events, EVENTS, spot.at("events"), limits),
        )
        if not edits:
            what = f"it edits no row; expected {ADD}, {REPLACE} or {REMOVE} below states or events"
            raise spot.error(what, "Add the rows that the reading changes, or take it out")
        found[name] = Reading(name, table.title, table.reason, table.source, edits)
    return found


def _edits(lists: _Lists, file: str, place: Place, limits: Limits) -> list[Edit]:
    """Read the edits of one file."""
    found = []
    for kind, items in ((ADD, lists.add), (REPLACE, lists.replace), (REMOVE, lists.remove)):
        for number, cells in enumerate(items, start=1):
            spot = place.at(kind, number)
            if kind == REMOVE:
                found.append(_removal(cells, file, spot))
            else:
                found.append((_change if file == CHANGES else _event)(cells, kind, spot, limits))
    return found


def _change(cells: object, kind: str, spot: Place, limits: Limits) -> Edit:
    """Read a row of states that is added, or that replaces another."""
    row = as_change(cells, spot, limits)
    old = {"observed": row.observed, "state": row.state}
    return Edit(kind, CHANGES, spot, row, old if kind == REPLACE else {})


def _event(cells: object, kind: str, spot: Place, limits: Limits) -> Edit:
    """Read an event that is added, or that replaces another."""
    if kind == ADD:
        return Edit(kind, EVENTS, spot, as_event(cells, spot, limits))
    given = as_event(cells, spot, limits, _Replacing)
    replaces = getattr(given, "replaces", None)
    old = {"observed": given.observed, "decision": given.decision if replaces is None else replaces}
    return Edit(kind, EVENTS, spot, given.record(EventRow), old, {"event": given.event})


def _removal(cells: object, file: str, spot: Place) -> Edit:
    """Read how a row that is removed is found."""
    removed: _ChangeRemoved | _EventRemoved
    if file == CHANGES:
        removed = as_table(_ChangeRemoved, cells, spot)
        column, choice, given = "state", "value", removed.value
    else:
        removed = as_table(_EventRemoved, cells, spot)
        column, choice, given = "decision", "event", removed.event
    old = {"observed": removed.observed, column: getattr(removed, column)}
    return Edit(REMOVE, file, spot, None, old, {} if given is None else {choice: given})


def known_readings(readings: Mapping[str, Reading], given: str | Iterable[str]) -> tuple[str, ...]:
    """Give the readings asked for, in the order of `readings.toml`.

    Args:
        readings: those that the scenario has, by id.
        given: the id of one, or the ids of several.

    Raises:
        InputError: there is no reading of that id, or one is given twice.
    """
    names = given_names(given, OPTION)
    for number, name in enumerate(names):
        if name not in readings:
            if not readings:
                what = f"found {shortened(name)}; the scenario has no readings"
                raise InputError(what, key=OPTION, remedy=f"Leave it out, or write evidence/{READINGS}")
            what = f"found {shortened(name)}; expected {', '.join(readings)}"
            raise InputError(what, key=OPTION, remedy=near(name, readings))
        if name in names[:number]:
            raise InputError(f"found {name!r} twice; expected each reading once", key=OPTION)
    return tuple(name for name in readings if name in names)


def read_as(record: Record, readings: Sequence[Reading]) -> Record:
    """Apply readings to the rows as coded.

    Args:
        record: the rows as coded, under no reading.
        readings: the readings; none changes nothing.

    Raises:
        InputError: a row to be replaced or removed is not there, or is one of several; a row is added that is there
            already, or replaced by an equal one; two edits are of the same row.
    """
    rows: dict[str, list[Row]] = {CHANGES: list(record.states), EVENTS: list(record.events)}
    applied: list[Applied] = []
    where: dict[int, Place] = {}
    for reading in readings:
        for edit in reading.edits:
            coded = record.states if edit.file == CHANGES else record.events
            made = Applied(reading.id, edit, _matched(coded, edit) if edit.old else ())
            _refuse_shared(made, applied)
            applied.append(made)
            number = -len(applied)
            where[number] = edit.place
            rows[edit.file] = _edited(rows[edit.file], made, number)
    changed = Record(
        rows[CHANGES],
        rows[EVENTS],
        record.places,
        where,
        tuple(reading.id for reading in readings),
        tuple(applied),
    )
    for file, own in rows.items():
        seen: dict[tuple[Any, ...], Place] = {}
        # Rows of the CSV files come first, so that the error names the row of the reading.
        for line, row in sorted(own, key=lambda one: one[0] < 0):
            spot = changed.place(file, line)
            refuse_repeat(row, spot if line < 0 else Place(spot.file, f"row {line} of {file}"), _KEYS[file], seen)
    return changed


def _edited(rows: Sequence[Row], made: Applied, number: int) -> list[Row]:
    """Make one edit; the new row takes the place of the old one, or comes last."""
    lines, new = [line for line, _ in made.old], made.edit.row
    if new is not None and not lines:
        return [*rows, (number, new)]
    found: list[Row] = []
    for line, row in rows:
        if line not in lines:
            found.append((line, row))
        elif line == lines[0] and new is not None:
            found.append((number, new))
    return found


def _matched(rows: Iterable[Row], edit: Edit) -> tuple[Row, ...]:
    """Find the row that an edit replaces or removes, with its revisions."""

    def agree(row: DatedRow, cells: Mapping[str, Any]) -> bool:
        return all(getattr(row, name) == cell for name, cell in cells.items())

    found = [(line, row) for line, row in rows if agree(row, edit.old)]
    (day, (column, cell)) = edit.old["observed"], list(edit.old.items())[1]
    wanted = f"a row of {edit.file} of {day} with {column} {cell or 'empty'}"
    if not found:
        there = ", ".join(dict.fromkeys(_shown(getattr(row, column)) for _, row in rows if row.observed == day))
        what = f"found no such row; expected {wanted}"
        raise edit.place.error(what, f"The rows of that day have {column} {there}" if there else "Check the date")
    # A removal that chooses must find its row; a replacement chooses only among several.
    chosen = [(line, row) for line, row in found if agree(row, edit.chosen_by)]
    if edit.chosen_by and (edit.kind == REMOVE or _several(found, edit.file)):
        choice, given = next(iter(edit.chosen_by.items()))
        if not chosen:
            there = "; ".join(_shown(getattr(row, choice)) for _, row in found)
            what = f"found {_shown(given)}; expected the {choice} of {wanted}: {there}"
            raise edit.place.at(choice).error(what)
        found = chosen
    if _several(found, edit.file):
        lines = ", ".join(str(line) for line, _ in found)
        choice = "value" if edit.file == CHANGES else "event"
        remedy = f"Give the {choice} as well" if edit.kind == REMOVE else "Remove these rows and add others"
        raise edit.place.error(f"found rows {lines}; expected {wanted} and no other", remedy)
    if edit.row is not None and edit.row == found[-1][1]:
        what = f"found a row equal to row {found[-1][0]} of {edit.file}; expected another"
        raise edit.place.error(what, "Take it out")
    return tuple(found)


def _several(rows: Sequence[Row], file: str) -> bool:
    """Whether rows are more than one row with its revisions, which share their key and became public on other days."""
    keys = {tuple(getattr(row, name) for name in _REVISED[file]) for _, row in rows}
    return len(keys) > 1 or len({row.available for _, row in rows}) < len(rows)


def _shown(cell: object) -> str:
    """A cell in an error, shortened."""
    return shortened(cell) if cell else "empty"


def _refuse_shared(made: Applied, before: Sequence[Applied]) -> None:
    """Refuse an edit of a row that an edit before it touches.

    Raises:
        InputError: two edits of one reading, or two readings, touch the same row.
    """
    for other in before:
        if made.reading == other.reading:
            if made.edit.file == other.edit.file and {line for line, _ in made.old} & {line for line, _ in other.old}:
                what = f"found a row that {other.edit.place.key} edits too; expected one edit of each row"
                raise made.edit.place.error(what, "Keep one")
            continue
        for file, day, *rest in sorted(made.addresses() & other.addresses(), key=str):
            row = f"{file} of {day}, {_shown(next(filter(None, rest)))}"
            what = f"{other.reading} and {made.reading} both change a row of {row}; expected readings of different rows"
            raise InputError(what, key=OPTION, remedy="Give one of them")
