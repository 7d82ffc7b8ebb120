"""The chronology: dated events and changes of states, coded by a guide, and the view of them as of a day.

Three files in `evidence/` go together, or are all left out:

    coding.toml    the guide: the meaning of each state's values, and what counts as each decision of the model
    events.csv     observed,available,decision,event,reason,source
    states.csv     observed,available,state,value,reason,source

`observed` is the day it happened, `available` the first day on which it was surely public. A state has its value from
`observed` on; before its first row it has that of the scenario's `[start]`. Moves of one state on one day, as a rung
won and lost, are rows that follow each other, with the same `available`.

A run as of a day sees the rows with `available` on that day or before and `observed` before it: the day itself belongs
to the future. A revision is a new row with the same `observed` and state, or the same `observed`, decision and event,
and a later `available`. It replaces the row that it revises; it undoes a change by giving the value before it. A change
that cannot follow the public rows waits for the row between: until then the view has the state without it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

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
from forecast.evidence.csv_rows import DatedRow, row_place
from forecast.evidence.states import MOVED, Fault, StateChange, faults
from forecast.validation import Place, place_in

EVENT_COLUMNS: Final = tuple(EventRow.model_fields)
STATE_COLUMNS: Final = tuple(ChangeRow.model_fields)
"""Columns of the files, and of the rows that a run keeps."""

_EVENT: Final = ["observed", "decision", "event"]
_CHANGE: Final = ["observed", "state"]
"""Columns that a row and its revision share."""


@dataclass(frozen=True, eq=False)
class Chronology:
    """Events and changes of states: all rows, or those that a day may see.

    Both tables are sorted by observed and available, their dates datetime64; `row` is the line of the file.

    Attributes:
        guide: the coding guide; empty where the scenario has no chronology.
        start: the value of each state on the reference date, by id.
        events: columns row, observed, available, decision (or empty), event, systematic, reason, source; `systematic`
            as the guide says of the decision, False for none.
        states: columns row, observed, available, state, value, reason, source.
        day: the as-of date of a view; None for all rows, revisions included.
    """

    guide: Guide
    start: Mapping[str, str]
    events: pd.DataFrame
    states: pd.DataFrame
    day: date | None = None

    def as_of(self, day: date) -> "Chronology":
        """Give the view of a day, the latest revision of each row; perhaps without a row.

        Raises:
            ValueError: this is itself the view of another day.
        """
        if self.day is not None:
            if day != self.day:
                raise ValueError(f"a view as of {self.day} cannot give {day}: that needs the whole chronology")
            return self
        events = _latest(_public(self.events, day), _EVENT)
        states = _latest(_public(self.states, day), _CHANGE)
        stands = np.array([fault is None for fault in _judged(states, self.start)], dtype=bool)
        return Chronology(
            self.guide, self.start, events.reset_index(drop=True), states[stands].reset_index(drop=True), day
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
    guide: Any = None,
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
        guide: `coding.toml` as read; None if the scenario has none, and then it has no chronology.
        label: what errors call the folder; by default its path.
        kept: the files are what a saved run saw, in which an event may stand before the change that it made.

    Returns:
        the chronology with all its rows, revisions included; empty if none of the three files is there.

    Raises:
        InputError: one of the three files is there without the others; a column, date, decision, state, value or source
            is not one of those allowed; a row is out of order or given twice; a change of a state is none, or none that
            the model can make; an event that moves a state has no row among the changes.
    """
    places = {name: place_in(folder, label, name) for name in (GUIDE, EVENTS, CHANGES)}
    there = {name for name in (EVENTS, CHANGES) if (folder / name).exists()}
    if guide is not None:
        there.add(GUIDE)
    if not there:
        return Chronology(Guide(), dict(start), _events([], Guide()), _table([], STATE_COLUMNS))
    for name, place in places.items():
        if name not in there:
            raise place.error(f"it is missing; {', '.join(places)} go together", "Add it, or take the others out")
    limits = Limits(read_guide(guide, places[GUIDE]), set(sources), first, last)
    events = _events(read_events(folder / EVENTS, places[EVENTS], limits), limits.guide)
    states = _table(read_changes(folder / CHANGES, places[CHANGES], limits), STATE_COLUMNS)
    states = states.sort_values(["observed", "available", "state"], kind="stable")
    _check_changes(states, start, places[CHANGES])
    if not kept:
        _check_moved(events, states, places[EVENTS])
    return Chronology(limits.guide, dict(start), events.reset_index(drop=True), states.reset_index(drop=True))


def _check_changes(states: pd.DataFrame, start: Mapping[str, str], place: Place) -> None:
    """Check that the latest revisions of all changes can follow each other; `row` has the lines of the file."""
    revised = set(states.loc[states["available"] > states.groupby(_CHANGE)["available"].transform("min"), "row"])
    rows = _latest(states, _CHANGE)
    for line, fault in zip(rows["row"], _judged(rows, start), strict=True):
        if fault is not None and not (fault.repeats and line in revised):
            raise row_place(place, line).error(fault.what, fault.remedy)


def _check_moved(events: pd.DataFrame, states: pd.DataFrame, place: Place) -> None:
    """Check that every event that moves a recorded state has its row among the changes of that day."""
    changed = set(zip(states["observed"], states["state"], states["value"], strict=True))
    for line, day, decision in zip(events["row"], events["observed"], events["decision"], strict=True):
        if decision not in MOVED:
            continue
        state, values = MOVED[decision]
        if not any((day, state, value) in changed for value in values):
            what = f"{CHANGES} has no row of {day.date()} in which {state} becomes {' or '.join(values)}"
            raise row_place(place, line).at("decision").error(what, "Add that row, or leave the decision empty")


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
