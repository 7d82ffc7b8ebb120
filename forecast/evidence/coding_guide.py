"""The coding guide: the criteria of states and decisions, and the rows coded by them, read and checked.

`coding.toml` says what each value of a state means, and what would count as each decision of the model. `events.csv`
and `states.csv` hold the events and changes. See `forecast.evidence.chronology`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from forecast.evidence.csv_rows import DatedRow, check_row, read_rows, row_place
from forecast.evidence.series import CODED_UNTIL, INDEX
from forecast.evidence.states import MOVED, STATES
from forecast.inputs.validation import Day, Place, Table, Text, as_table, near, read_text, same_keys
from forecast.timeline.weekly_record import STREAMS

GUIDE: Final = "coding.toml"
EVENTS: Final = "events.csv"
CHANGES: Final = "states.csv"

EVENT_KEY: Final = ("observed", "decision", "event")
CHANGE_KEY: Final = ("observed", "state", "value")
"""Columns in which no two rows with the same `available` agree."""

NOTABLE: Final = (
    "europe.upheaval", "kyiv.instability", "kyiv.provocation", "moscow.strain_shock", "washington.crisis",
)  # fmt: skip
"""Decisions of which no list of events is complete: an event is reported, and carries no weight."""

RECORDED: Final = (*STREAMS, *MOVED, *NOTABLE)
"""Decisions of the model that an event can be; nobody observes the others."""

JUDGEMENT: Final = "judgement"
"""The source that no event has."""


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

    If it moves a recorded state (`states.MOVED`), `states.csv` says when, and a row among the events is for the reader.

    Attributes:
        systematic: any chronicle of the war would have reported it the next day. The absence of a row is then evidence
            that it did not happen, and the replay weights by both.
        guide: what would count as such an event, and who would have reported it.
    """

    systematic: bool
    guide: Text


class Guide(Table):
    """The coding guide, `coding.toml`: by name of the state, and by name of the decision."""

    state: dict[str, StateGuide] = Field(default_factory=dict)
    decision: dict[str, DecisionGuide] = Field(default_factory=dict)


class EventRow(DatedRow):
    """A row of `events.csv`; `decision` is empty for an event that the model does not decide."""

    decision: str
    event: Text
    reason: Text
    source: Text


class ChangeRow(DatedRow):
    """A row of `states.csv`: from `observed` on, `state` has this `value`."""

    state: str
    value: str
    reason: Text
    source: Text


AFTER_HORIZON = (
    "Later days belong to the next scenario: write it with `forecast roll` and record them there; days before its "
    "reference date go into its [start]"
)
"""The remedy for a row of the record that is later than the horizon."""


@dataclass(frozen=True)
class Limits:
    """The limits that rows are checked against.

    Attributes:
        guide: the coding guide.
        sources: ids in `sources.toml`.
        first: the reference date.
        last: the horizon.
        coded_until: the last day for which events and states are coded.
    """

    guide: Guide
    sources: Collection[str]
    first: date
    last: date
    coded_until: date


class _Coverage(Table):
    """The key of `evidence.toml` that says until when events and states are coded."""

    coded_until: Day


def read_coded_until(index: Mapping[str, Any], place: Place, first: date, last: date) -> date:
    """Read until when events and recorded states are coded: the last day that somebody has looked at.

    Until that day the lack of a row means that nothing happened. After it the lack of a row means nothing.

    Args:
        index: `evidence.toml` as read.
        place: of that file.
        first: the reference date.
        last: the horizon.

    Raises:
        InputError: it is missing, not a day, or outside the time that is forecast.
    """
    spot = place.at(CODED_UNTIL)
    if CODED_UNTIL not in index:
        what = "it is missing; expected the last day for which events and recorded states are coded"
        raise spot.error(what, f"Add {CODED_UNTIL} = YYYY-MM-DD above the first [[series]]")
    day = as_table(_Coverage, {CODED_UNTIL: index[CODED_UNTIL]}, place).coded_until
    before = first - timedelta(days=1)
    if not before <= day <= last:
        what = f"found {day}; expected {before}, the day before the reference date, to {last}, the horizon"
        raise spot.error(what, AFTER_HORIZON if day > last else "Check the year")
    return day


def read_guide(raw: Any, place: Place) -> Guide:
    """Read the coding guide.

    Raises:
        InputError: a state or a value has no criterion, or is not one of the model's; a decision is none of its.
    """
    guide = as_table(Guide, raw, place)
    same_keys(guide.state, STATES, place.at("state"), "state")
    for state, criteria in guide.state.items():
        same_keys(criteria.values, tuple(STATES[state].values), place.at("state", state, "values"), "value")
    for name, decision in guide.decision.items():
        spot = place.at("decision", name)
        if name not in RECORDED:
            what = f"no such decision can be recorded; expected {', '.join(RECORDED)}"
            raise spot.error(what, near(name, RECORDED))
        if decision.systematic and name not in (*MOVED, *STREAMS):
            what = f"found true; allowed only for decisions that move a state, and for {', '.join(STREAMS)}"
            raise spot.at("systematic").error(what, "Set it to false: such events are reported and carry no weight")
    return guide


def read_events(path: Path, place: Place, limits: Limits) -> list[tuple[int, EventRow]]:
    """Read `events.csv`: the rows, each with its line.

    Raises:
        InputError: a column, a date, a decision or a source is not one of those allowed; a row is out of order or given
            twice.
    """
    return _read(EventRow, path, place, limits, EVENT_KEY, _check_event)


def read_changes(path: Path, place: Place, limits: Limits) -> list[tuple[int, ChangeRow]]:
    """Read `states.csv`: the rows, each with its line; whether they can follow each other is not checked here.

    Raises:
        InputError: as `read_events`, of states and values.
    """
    return _read(ChangeRow, path, place, limits, CHANGE_KEY, _check_change)


def as_event(cells: object, spot: Place, limits: Limits, model: type[EventRow] = EventRow) -> EventRow:
    """Check a row of events that stands in another file, with the columns and the checks of `events.csv`.

    Args:
        cells: the row's cells by column.
        spot: the row's place.
        limits: the limits that rows are checked against.
        model: the columns, if the other file has more.

    Raises:
        InputError: a column, a date, a decision or a source is not one of those allowed.
    """
    row = check_row(model, cells, spot, limits.sources)
    _check_event(row, spot, limits)
    return row


def as_change(cells: object, spot: Place, limits: Limits) -> ChangeRow:
    """Check a change of a state that stands in another file, with the columns and the checks of `states.csv`.

    Args:
        cells: the row's cells by column.
        spot: the row's place.
        limits: the limits that rows are checked against.

    Raises:
        InputError: a column, a date, a state, a value or a source is not one of those allowed.
    """
    row = check_row(ChangeRow, cells, spot, limits.sources)
    _check_change(row, spot, limits)
    return row


def _check_event(row: EventRow, spot: Place, limits: Limits) -> None:
    """Check an event's dates, source and decision."""
    _check_limits(row, spot, limits)
    if row.decision and row.decision not in limits.guide.decision:
        what = f"found {row.decision!r}; expected a decision of {GUIDE}, or an empty cell"
        remedy = near(row.decision, limits.guide.decision, f"Add it to {GUIDE}, or leave it empty")
        raise spot.at("decision").error(what, remedy)


def _check_change(row: ChangeRow, spot: Place, limits: Limits) -> None:
    """Check a change's dates, source, state and value."""
    _check_limits(row, spot, limits)
    if row.state not in STATES:
        what = f"found {row.state!r}; expected {', '.join(STATES)}"
        raise spot.at("state").error(what, near(row.state, STATES))
    values = STATES[row.state].values
    if row.value not in values:
        what = f"found {row.value!r}; allowed for {row.state} are {', '.join(values)}"
        raise spot.at("value").error(what, near(row.value, values))


def _check_limits(row: EventRow | ChangeRow, spot: Place, limits: Limits) -> None:
    """Check that a row is within the year simulated and the days coded, and has a source."""
    if not limits.first <= row.observed <= limits.last:
        days = f"{limits.first}, the reference date, to {limits.last}, the horizon"
        remedy = AFTER_HORIZON if row.observed > limits.last else "Check the year"
        raise spot.at("observed").error(f"found {row.observed}; expected {days}", remedy)
    if row.observed > limits.coded_until:
        what = f"found {row.observed}; expected {limits.coded_until}, which is {CODED_UNTIL}, or before"
        raise spot.at("observed").error(what, f"Give the day until which all is coded as {CODED_UNTIL} in {INDEX}")
    if row.source == JUDGEMENT:
        what = f"found {JUDGEMENT!r}; expected another id in sources.toml, or an address"
        raise spot.at("source").error(what)


def _read[R: DatedRow](
    model: type[R],
    path: Path,
    place: Place,
    limits: Limits,
    key: Sequence[str],
    check: Callable[[R, Place, Limits], None],
) -> list[tuple[int, R]]:
    """Read the rows of a file, each checked and in the order of days."""
    rows = read_rows(model, read_text(path, place), place, limits.sources, key)
    above = limits.first
    for line, row in rows:
        spot = row_place(place, line)
        check(row, spot, limits)
        if row.observed < above:
            what = f"{row.observed} is before the row above, {above}; expected that day or later"
            raise spot.at("observed").error(what, "Put the rows in the order of observed")
        above = row.observed
    return rows
