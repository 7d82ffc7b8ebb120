"""How what happened is coded: the guide of states and decisions, and the rows of events and changes, read and checked.

`coding.toml` says what each value of a state means and what would count as each decision of the model; `events.csv` and
`states.csv` hold what did. See `forecast.evidence.chronology`.
"""

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from forecast.evidence.states import MOVED, STATES
from forecast.timeline.weekly_record import STREAMS
from forecast.validation import Place, Table, as_table, near, read_text, same_keys

GUIDE: Final = "coding.toml"
EVENTS: Final = "events.csv"
CHANGES: Final = "states.csv"

NOTABLE: Final = (
    "europe.upheaval", "kyiv.instability", "kyiv.provocation", "moscow.strain_shock", "washington.crisis",
)  # fmt: skip
"""Decisions that an event can be and that no list of events has in full: told, and not weighed."""

RECORDED: Final = (*STREAMS, *MOVED, *NOTABLE)
"""Decisions of the model that an event can be; all others are luck that nobody sees."""

JUDGEMENT: Final = "judgement"
"""The source that no event has."""


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            if len(value) != len("2025-01-20"):
                raise ValueError
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("a real day, written YYYY-MM-DD") from None
    return value


Text = Annotated[str, Field(pattern=r"\S")]
Day = Annotated[date, BeforeValidator(_day)]


class StateGuide(Table):
    """A state that is recorded: `[state.<id>]` of `coding.toml`.

    Attributes:
        meaning: what it is in the world.
        values: the criterion of each of its values.
    """

    meaning: Text
    values: dict[str, Text]


class DecisionGuide(Table):
    """A decision of the model that an event can be: `[decision."<name>"]` of `coding.toml`.

    Attributes:
        systematic: any chronicle of the war would have carried it the next day, so that no row is knowledge that it did
            not happen, and the replay weighs both.
        guide: what would count as such an event, and who would have recorded it.
        state: the recorded state that it moves, see `recorded.MOVED`; empty if none. Then `states.csv` tells when, and
            a row among the events is for the reader.
    """

    systematic: bool
    guide: Text
    state: str = ""


class Guide(Table):
    """The coding guide, `coding.toml`: by id of the state, and by name of the decision."""

    state: dict[str, StateGuide] = Field(default_factory=dict)
    decision: dict[str, DecisionGuide] = Field(default_factory=dict)


class Dated(Table):
    """What every row has: the day it happened, and the first day on which it was surely public."""

    observed: Day
    available: Day


class EventRow(Dated):
    """A row of `events.csv`; `decision` is empty for an event that is none of the model's."""

    decision: str
    event: Text
    reason: Text
    source: Text


class ChangeRow(Dated):
    """A row of `states.csv`: from `observed` on, `state` has this `value`."""

    state: str
    value: str
    reason: Text
    source: Text


@dataclass(frozen=True)
class Known:
    """What rows are checked against.

    Attributes:
        guide: the coding guide.
        sources: ids in `sources.toml`.
        first: the reference date.
        last: the horizon.
    """

    guide: Guide
    sources: Collection[str]
    first: date
    last: date


def read_guide(raw: Any, place: Place) -> Guide:
    """Read the coding guide.

    Raises:
        InputError: a state or a value has no criterion, or is not one of the model's; a decision is none of its.
    """
    guide = as_table(Guide, raw, place)
    same_keys(guide.state, STATES, place.at("state"), "state")
    for state, told in guide.state.items():
        same_keys(told.values, STATES[state], place.at("state", state, "values"), "value")
    for name, decision in guide.decision.items():
        spot = place.at("decision", name)
        if name not in RECORDED:
            what = f"no such decision can be recorded; allowed are {', '.join(RECORDED)}"
            raise spot.error(what, near(name, RECORDED))
        moved = MOVED[name][0] if name in MOVED else ""
        if decision.state != moved:
            what = f"found {decision.state!r}; allowed is {moved!r}" if moved else f"found {decision.state!r}"
            raise spot.at("state").error(what, None if moved else "Take it out: the decision moves no recorded state")
        if decision.systematic and not moved and name not in STREAMS:
            what = f"found true; of what moves no state the replay weighs {', '.join(STREAMS)}"
            raise spot.at("systematic").error(what, "Set it to false: such events are told, and weigh nothing")
    return guide


def read_events(path: Path, place: Place, known: Known) -> list[tuple[int, EventRow]]:
    """Read `events.csv`: the rows, each with its line as an editor counts it.

    Raises:
        InputError: a column, a date, a decision or a source is not one of those allowed; a row is out of order or given
            twice.
    """
    rows = _read(EventRow, path, place, known, ("observed", "decision", "event"))
    for line, row in rows:
        if row.decision and row.decision not in known.guide.decision:
            what = f"found {row.decision!r}; allowed is nothing, or a decision of {GUIDE}"
            mend = near(row.decision, known.guide.decision, f"Add it to {GUIDE}, or leave it empty")
            raise place.at(f"row {line}", "decision").error(what, mend)
    return rows


def read_changes(path: Path, place: Place, known: Known) -> list[tuple[int, ChangeRow]]:
    """Read `states.csv`: the rows, each with its line; whether they can follow each other is not looked at.

    Raises:
        InputError: as `read_events`, of states and values.
    """
    rows = _read(ChangeRow, path, place, known, ("observed", "state", "value"))
    for line, row in rows:
        spot = place.at(f"row {line}")
        if row.state not in STATES:
            what = f"found {row.state!r}; allowed are {', '.join(STATES)}"
            raise spot.at("state").error(what, near(row.state, STATES))
        if row.value not in STATES[row.state]:
            what = f"found {row.value!r}; allowed for {row.state} are {', '.join(STATES[row.state])}"
            raise spot.at("value").error(what, near(row.value, STATES[row.state]))
    return rows


def _read[R: Dated](model: type[R], path: Path, place: Place, known: Known, key: Sequence[str]) -> list[tuple[int, R]]:
    """Read the rows of a file; two with the same `key` and `available` are one too many."""
    reader = csv.reader(io.StringIO(read_text(path, place), newline=""), strict=True)
    columns = list(model.model_fields)
    rows: list[tuple[int, R]] = []
    seen: dict[tuple[Any, ...], int] = {}
    try:
        header = next(reader, [])
        if sorted(header) != sorted(columns):
            what = f"found the columns {', '.join(header) or 'none'}; allowed are {', '.join(columns)}"
            raise place.at("row 1").error(what)
        for cells in reader:
            line = reader.line_num
            spot = place.at(f"row {line}")
            if len(cells) != len(header):
                raise spot.error(f"found {len(cells)} cells; the header names {len(header)} columns")
            row = as_table(model, dict(zip(header, cells, strict=True)), spot)
            _check(row, rows[-1][1].observed if rows else known.first, known, spot)
            same = tuple(getattr(row, name) for name in (*key, "available"))
            if same in seen:
                raise spot.error(f"it repeats row {seen[same]}", "A revision needs a later date in available")
            seen[same] = line
            rows.append((line, row))
    except csv.Error as error:
        raise place.at(f"row {reader.line_num}").error(f"it is not CSV: {error}") from error
    return rows


def _check(row: Any, above: date, known: Known, spot: Place) -> None:
    """Check dates, order and source of a row, `above` being the day of the row before it."""
    if not known.first <= row.observed <= known.last:
        what = f"found {row.observed}; allowed are {known.first}, the reference date, to {known.last}, the horizon"
        raise spot.at("observed").error(what)
    if row.available < row.observed:
        what = f"{row.available} is before observed, {row.observed}; allowed is that day or later"
        raise spot.at("available").error(what)
    if row.observed < above:
        what = f"{row.observed} is before the row above, {above}; allowed is that day or later"
        raise spot.at("observed").error(what, "Put the rows in the order of observed")
    named = row.source in known.sources and row.source != JUDGEMENT
    if not named and not row.source.startswith(("https://", "http://")):
        what = f"found {row.source!r}; allowed is an id in sources.toml other than {JUDGEMENT}, or an address"
        raise spot.at("source").error(what, near(row.source, known.sources))
