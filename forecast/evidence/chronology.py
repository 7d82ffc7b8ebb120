"""The chronology: dated events and changes of states, coded by a guide, and the view of them as of a day.

Three files in `evidence/` go together, or are all left out; `readings.toml` may stand beside them:

    coding.toml    the guide: the meaning of each state's values, and what counts as each decision of the model
    events.csv     observed,available,decision,event,reason,source
    states.csv     observed,available,state,value,reason,source
    readings.toml  other readings of disputed rows: see `forecast.evidence.readings`

`observed` is the day it happened, `available` the first day on which it was surely public. A state has its value from
`observed` on; before its first row it has that of the scenario's `[start]`. Moves of one state on one day, as a rung
won and lost, are rows that follow each other, with the same `available`.

A run as of a day sees the rows with `available` on that day or before and `observed` before it: the day itself belongs
to the future. A revision is a new row with the same `observed` and state, or the same `observed`, decision and event,
and a later `available`. It replaces the row that it revises; it undoes a change by giving the value before it. A change
that cannot follow the public rows waits for the row between: until then the view has the state without it.

`coded_until` in `evidence.toml` is the last day for which all this is coded. After it the lack of a row means nothing.

Rows that contradict each other are kept with the chronology. They stop the runs that see them and no other, so a
mistake in November's rows does not stop a run as of April. The same holds of the rows under a reading.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.errors import InputError
from forecast.evidence.coding_guide import (
    CHANGES,
    EVENTS,
    GUIDE,
    ChangeRow,
    EventRow,
    Guide,
    Limits,
    read_changes,
    read_events,
    read_guide,
)
from forecast.evidence.csv_rows import DatedRow
from forecast.evidence.readings import READINGS, Applied, Reading, Record, known_readings, read_as, read_readings
from forecast.evidence.states import MOVED, Fault, StateChange, faults
from forecast.inputs.validation import Place, place_in

EVENT_COLUMNS: Final = tuple(EventRow.model_fields)
STATE_COLUMNS: Final = tuple(ChangeRow.model_fields)
"""Columns of the files, and of the rows that a run keeps."""


@dataclass(frozen=True)
class Contradiction:
    """A row that cannot stand beside the others.

    Attributes:
        file: its file.
        line: its line there.
        observed: the day of the row.
        available: the first day on which it was public.
        error: the contradiction, with its place and its remedy.
    """

    file: str
    line: int
    observed: date
    available: date
    error: InputError

    def seen(self, day: date) -> bool:
        """Whether a run as of a day sees the row."""
        return self.available <= day and self.observed < day


_EVENT: Final = ["observed", "decision", "event"]
_CHANGE: Final = ["observed", "state"]
"""Columns that a row and its revision share."""


@dataclass(frozen=True, eq=False, repr=False)
class Chronology:
    """Events and changes of states: all rows, or those that a day may see.

    Both tables are sorted by observed and available, their dates datetime64; `row` is the line of the file.

    Attributes:
        guide: the coding guide; empty where the scenario has no chronology.
        start: the value of each state on the reference date, by id.
        events: columns row, observed, available, decision (or empty), event, systematic, reason, source; `systematic`
            as the guide says of the decision, False for none.
        states: columns row, observed, available, state, value, reason, source.
        coded_until: the last day for which events and states are coded.
        day: the as-of date of a view; None for all rows, revisions included.
        contradictions: rows that cannot stand beside the others, in the order of the files.
        readings: the readings of the record that the scenario has, by id.
        used: ids of the readings that the rows are under, in the order of `readings.toml`.
        applied: the edits that these readings made; empty for the rows that a saved run saw.
        coded: the rows as coded, under no reading; None in a view, and for the rows that a saved run saw.
        places: where a row stands that a reading gives, by its `row`, which is negative.
        unrecorded: states and streams of events that are not recorded from a day on, each with that day. The lack of
            a row then means nothing, as after `coded_until`. Empty as read; a comparison of runs sets it.
    """

    guide: Guide
    start: Mapping[str, str]
    events: pd.DataFrame
    states: pd.DataFrame
    coded_until: date
    day: date | None = None
    contradictions: tuple[Contradiction, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    applied: tuple[Applied, ...] = ()
    coded: Record | None = None
    places: Mapping[int, Place] = field(default_factory=dict)
    unrecorded: Mapping[str, date] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the numbers of rows, not the rows."""
        view = "" if self.day is None else f", as of {self.day}"
        view += f", under {' and '.join(self.used)}" if self.used else ""
        rows = f"{len(self.events)} events, {len(self.states)} changes of states"
        return f"Chronology({rows}, coded until {self.coded_until}{view})"

    def check(self) -> None:
        """Refuse a contradiction in any row, whatever the day, as coded and under each reading alone.

        Raises:
            InputError: the first contradiction, with its row; under a reading, the error names the reading.
        """
        for found in self.contradictions:
            raise found.error
        if self.coded is not None:
            for view in (self.under(()), *(self.under(name) for name in self.readings)):
                for found in view.contradictions:
                    raise found.error

    def under(self, readings: str | Iterable[str]) -> "Chronology":
        """Give the rows under one reading or several, in place of those that they are under now.

        Args:
            readings: the id of a reading, or the ids of several; none gives the rows as coded.

        Raises:
            InputError: there is no such reading, or two of them change the same row.
            ValueError: this is a view of a day, or the rows are those that a saved run saw.
        """
        if self.coded is None:
            raise ValueError("these are rows that a day or a saved run saw; a reading needs the whole chronology")
        used = known_readings(self.readings, readings)
        record = read_as(self.coded, [self.readings[name] for name in used])
        made = _built(record, self.guide, self.start, self.coded_until)
        return replace(made, readings=self.readings, coded=self.coded)

    def edits_seen(self, reading: str, day: date) -> int:
        """Give the number of rows that a reading in use adds, replaces or removes among those that a day may see."""
        return sum(made.reading == reading and made.seen(day) for made in self.applied)

    def reading_of(self, row: int) -> str | None:
        """Give the id of the reading that a row comes from, by its `row`; None for a row of a CSV file."""
        return self.applied[-row - 1].reading if row in self.places else None

    def row_name(self, file: str, row: int) -> str:
        """Give the name of a row for errors: `states.csv row 3`, or its place in `readings.toml`."""
        return f"{READINGS} {self.places[row].key}" if row in self.places else f"{file} row {row}"

    def known_until(self, day: date) -> date:
        """The day up to which a run as of `day` knows events and states: that day, or the first day not coded."""
        return min(day, self.coded_until + timedelta(days=1))

    def as_of(self, day: date) -> "Chronology":
        """Give the view of a day, the latest revision of each row; perhaps without a row.

        Raises:
            InputError: rows that the day sees contradict each other.
            ValueError: this is itself the view of another day.
        """
        if self.day is not None:
            if day != self.day:
                raise ValueError(f"a view as of {self.day} cannot give {day}: that needs the whole chronology")
            return self
        events = _latest(_public(self.events, day), _EVENT)
        states = _latest(_public(self.states, day), _CHANGE)
        stands = np.array([fault is None for fault in _judged(states, self.start)], dtype=bool)
        waiting = set(states.loc[~stands, "row"])
        for found in self.contradictions:
            # A change that is a contradiction only beside later rows is not one yet.
            if found.seen(day) and (found.file == EVENTS or found.line in waiting):
                raise found.error
        return replace(
            self,
            events=events.reset_index(drop=True),
            states=states[stands].reset_index(drop=True),
            day=day,
            contradictions=(),
            coded=None,
        )

    def standing(self, day: date) -> dict[str, str]:
        """Give the value of each state at the end of a day, by id; of all rows by the latest revisions.

        Args:
            day: any day; before the first row of a state its value is that of the reference date.
        """
        rows = _latest(self.states, _CHANGE)
        rows = rows[rows["observed"] <= pd.Timestamp(day)]
        return dict(self.start) | dict(zip(rows["state"], rows["value"], strict=True))

    def event_rows(self, day: date) -> pd.DataFrame:
        """Give the events that a run as of `day` sees, with columns `EVENT_COLUMNS`, to be kept with it."""
        return self.as_of(day).events[list(EVENT_COLUMNS)].copy()

    def state_rows(self, day: date) -> pd.DataFrame:
        """Give the changes of states that a run as of `day` sees, with columns `STATE_COLUMNS`, to be kept with it."""
        return self.as_of(day).states[list(STATE_COLUMNS)].copy()

    def digest(self, day: date) -> str:
        """Give the SHA-256, in hexadecimal, of the rows that a run as of `day` sees.

        The text hashed has a JSON list a row, events first, with ISO dates: no row that is not seen changes it.
        """
        lines = [
            json.dumps([observed.date().isoformat(), available.date().isoformat(), *words])
            for table in (self.event_rows(day), self.state_rows(day))
            for observed, available, *words in table.itertuples(index=False)
        ]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def load_chronology(
    folder: Path,
    sources: Iterable[str],
    *,
    start: Mapping[str, str],
    first: date,
    last: date,
    coded_until: date,
    guide: Any = None,
    readings: Any = None,
    reading: str | Iterable[str] = (),
    label: str | None = None,
    kept: bool = False,
) -> Chronology:
    """Read `events.csv` and `states.csv` of a folder, and check all of both by the guide.

    Args:
        folder: the folder that holds the two files.
        sources: the ids in `sources.toml`.
        start: the value of each state on the reference date, by id.
        first: the reference date.
        last: the horizon.
        coded_until: the last day for which events and states are coded.
        guide: `coding.toml` as read; None if the scenario has none, and then it has no chronology.
        readings: `readings.toml` as read; None if the scenario has none.
        reading: ids of the readings to use.
        label: what errors call the folder; by default its path.
        kept: the files are what a saved run saw, under its readings, which are not applied again. An event may stand
            there before the change that it made.

    Returns:
        the chronology with all its rows, revisions included; empty if none of the three files is there. It has the
        contradictions among its rows: a change that is none, or that the model cannot make; an event that moves a
        state and has no row among the changes.

    Raises:
        InputError: one of the three files is there without the others; a column, date, decision, state, value or source
            is not one of those allowed; a row is out of order, given twice, or of a day that is not coded; a reading is
            wrong, edits a row that is not there, or is not one that the scenario has.
    """
    places = {name: place_in(folder, label, name) for name in (GUIDE, EVENTS, CHANGES)}
    of_readings = place_in(folder, label, READINGS)
    there = {name for name in (EVENTS, CHANGES) if (folder / name).exists()}
    if guide is not None:
        there.add(GUIDE)
    if not there:
        if readings is not None:
            raise of_readings.error(
                f"found readings of a record that is not there; expected {', '.join(places)} beside it"
            )
        known_readings({}, reading)
        return Chronology(Guide(), dict(start), _events([], Guide()), _table([], STATE_COLUMNS), coded_until)
    for name, place in places.items():
        if name not in there:
            raise place.error(f"it is missing; {', '.join(places)} go together", "Add it, or take the others out")
    limits = Limits(read_guide(guide, places[GUIDE]), set(sources), first, last, coded_until)
    events = read_events(folder / EVENTS, places[EVENTS], limits)
    coded = Record(read_changes(folder / CHANGES, places[CHANGES], limits), events, places)
    found = read_readings(readings, of_readings, limits)
    if kept:
        made = _built(coded, limits.guide, start, coded_until, kept=True)
        return replace(made, readings=found, used=known_readings(found, reading))
    for one in found.values():
        read_as(coded, [one])
    as_coded = replace(_built(coded, limits.guide, start, coded_until), readings=found, coded=coded)
    used = known_readings(found, reading)
    return as_coded.under(used) if used else as_coded


def _built(
    record: Record, guide: Guide, start: Mapping[str, str], coded_until: date, *, kept: bool = False
) -> Chronology:
    """Make the chronology of rows that have been read, with the contradictions among them."""
    events = _events(record.events, guide)
    states = _table(record.states, STATE_COLUMNS)
    states = states.sort_values(["observed", "available", "state"], kind="stable")
    found = [*_impossible(states, start, record)]
    if not kept:
        found += _without_change(events, states, record)
    return Chronology(
        guide,
        dict(start),
        events.reset_index(drop=True),
        states.reset_index(drop=True),
        coded_until,
        contradictions=tuple(found),
        used=record.used,
        applied=record.applied,
        places=record.readings,
    )


def _impossible(states: pd.DataFrame, start: Mapping[str, str], record: Record) -> Iterator[Contradiction]:
    """Find the latest revisions of changes that cannot follow each other; `row` has the lines of the file."""
    revised = set(states.loc[states["available"] > states.groupby(_CHANGE)["available"].transform("min"), "row"])
    rows = _latest(states, _CHANGE)
    for line, observed, available, fault in zip(*_dated(rows), _judged(rows, start), strict=True):
        if fault is not None and not (fault.repeats and line in revised):
            error = record.place(CHANGES, line).error(fault.what, fault.remedy)
            yield Contradiction(CHANGES, line, observed.date(), available.date(), error)


def _without_change(events: pd.DataFrame, states: pd.DataFrame, record: Record) -> Iterator[Contradiction]:
    """Find the events that move a recorded state and have no row among the changes of that day."""
    changed = set(zip(states["observed"], states["state"], states["value"], strict=True))
    for line, day, available, decision in zip(*_dated(events), events["decision"], strict=True):
        if decision not in MOVED:
            continue
        state, values = MOVED[decision]
        if not any((day, state, value) in changed for value in values):
            what = f"{CHANGES} has no row of {day.date()} in which {state} becomes {' or '.join(values)}"
            error = record.place(EVENTS, line).at("decision").error(what, "Add that row, or leave the decision empty")
            yield Contradiction(EVENTS, line, day.date(), available.date(), error)


def _dated(table: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """The line of each row, and its two dates."""
    return table["row"], table["observed"], table["available"]


def _judged(states: pd.DataFrame, start: Mapping[str, str]) -> list[Fault | None]:
    """Give the fault of each change, in the order of the table."""
    cells = zip(states["observed"], states["state"], states["value"], strict=True)
    return faults([StateChange(day.date(), state, value) for day, state, value in cells], start)


def _public(table: pd.DataFrame, day: date) -> pd.DataFrame:
    """The rows that were public by a day, and happened before it."""
    at = pd.Timestamp(day)
    return table[(table["available"] <= at) & (table["observed"] < at)]


def _latest(table: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
    """The rows that no later row revises."""
    if table.empty:
        return table
    return table[table["available"] == table.groupby(list(key))["available"].transform("max")]


def _events(rows: Sequence[tuple[int, DatedRow]], guide: Guide) -> pd.DataFrame:
    """The table of events, sorted, with what the guide says of their decisions."""
    table = _table(rows, EVENT_COLUMNS)
    known = [name in guide.decision and guide.decision[name].systematic for name in table["decision"]]
    table.insert(list(table.columns).index("reason"), "systematic", pd.Series(known, dtype=bool))
    return table.sort_values(["observed", "available", "decision", "event"])


def _table(rows: Sequence[tuple[int, DatedRow]], columns: Sequence[str]) -> pd.DataFrame:
    """Rows as a table; `row` has their lines in the file."""
    cells = [(line, *(getattr(row, name) for name in columns)) for line, row in rows]
    table = pd.DataFrame(cells, columns=["row", *columns])
    types = {name: "datetime64[us]" if name in ("observed", "available") else "str" for name in columns}
    return table.astype({"row": int, **types})
