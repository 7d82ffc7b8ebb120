"""The trace of a timeline: its events in order, which the simulator logs when asked.

A part of the week declares a kind of event once, beside the decision that it belongs to::

    MOBILISED = event("front.mobilised", "Kyiv widens mobilisation")

and writes it where it happens, with ``note(context.log, MOBILISED, s.week, code, value)``. The narrative of a timeline
is made from this log, so that no rule of the simulator is repeated elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from forecast.timeline.fields import CAPACITY, Table, Whole, field
from forecast.timeline.jit import routine

ENTRIES = CAPACITY["entry"]
"""Room for the events of one timeline."""


@dataclass(frozen=True)
class Kind:
    """A kind of event.

    Attributes:
        name: the part of the week and the event, `part.event`.
        meaning: a phrase that describes the event.
        code: meaning of an entry's code; empty if entries have none.
        value: meaning and unit of an entry's value; empty if entries have none.
    """

    name: str
    meaning: str
    code: str = ""
    value: str = ""

    @property
    def part(self) -> str:
        """The part of the week in which the event happens."""
        return self.name.split(".")[0]


KINDS: list[Kind] = []
"""The kinds declared so far. The number of a kind is its place here."""


def event(name: str, meaning: str, *, code: str = "", value: str = "") -> int:
    """Declare a kind of event and return its number.

    Raises:
        ValueError: the name is taken.
    """
    if any(kind.name == name for kind in KINDS):
        raise ValueError(f"event {name!r} is declared twice")
    KINDS.append(Kind(name, meaning, code, value))
    return len(KINDS) - 1


class Trace:
    """The log of one timeline."""

    wanted: Whole = field("flag", "the log is wanted")
    count: Whole = field("count", "events so far")
    kind: Table = field("code", "kind of the event: its place in `KINDS`", shape=("entry",))
    week: Table = field("count", "calendar week, counted from the reference date's", shape=("entry",))
    code: Table = field("code", "region, rung, posture or leader, as the kind declares", shape=("entry",))
    value: Table = field("count", "amount, as the kind declares", shape=("entry",))


@routine
def note(trace: Trace, kind: int, week: int, code: int, value: float) -> None:
    """Write an event to the log, if the log is wanted."""
    if trace.wanted == 0:
        return
    if trace.count < ENTRIES:
        trace.kind[trace.count] = kind
        trace.week[trace.count] = week
        trace.code[trace.count] = code
        trace.value[trace.count] = value
    trace.count += 1


@dataclass(frozen=True)
class Entry:
    """One event of a timeline.

    Attributes:
        kind: its kind.
        week: the calendar week, counted from the reference date's.
        code: which region, rung, posture or leader, as the kind declares.
        value: an amount, as the kind declares.
    """

    kind: Kind
    week: int
    code: int
    value: float


def entries(trace: Any) -> Iterator[Entry]:
    """Give the events of a trace in their order.

    Args:
        trace: a record laid out as `Trace`.

    Raises:
        OverflowError: the timeline had more events than the log has room for.
    """
    count = int(trace["count"])
    if count > ENTRIES:
        raise OverflowError(f"one timeline has {count} events; its log has room for {ENTRIES}")
    rows = zip(*(trace[name][:count].tolist() for name in ("kind", "week", "code", "value")), strict=True)
    for kind, week, code, value in rows:
        yield Entry(KINDS[int(kind)], int(week), int(code), value)
