"""The six recorded states: their values, what may follow each value, and which recorded changes the model can make.

`STATES` declares each state once; the coding guide, the chronology, the replay and the reports take names and words
from it. The record is replayed by the same weekly code as the future, so a change that the model has no move for is
refused: talks climb or leave one rung at a time, Washington turns from one party to the other by way of mediating, and
arms are paused only on turning to press Kyiv or after walking away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Final

from forecast.calendar import monday
from forecast.timeline.codes import POSTURES, RUNGS, TRUCES


@dataclass(frozen=True)
class Value:
    """A value of a recorded state.

    Attributes:
        words: the value for readers; `{kyiv}` stands for the party's label, and so on.
        next: the values that may follow it.
    """

    words: str
    next: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordedState:
    """A state that is recorded day by day.

    Attributes:
        kernel: the kernel's name of it: in `State`, `WeeklyRecord` and `[start]` of `scenario.toml`.
        label: its name for readers; `{washington}` stands for the party's label, and so on.
        values: by name, in the order of the kernel's codes, from 0.
        decisions: decisions of the model that move it, each with the values that it can lead to; empty for all values.
        followed: it is followed by its series alone; its changes carry no weight.
    """

    kernel: str
    label: str
    values: Mapping[str, Value]
    decisions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    followed: bool = False

    def code(self, value: str) -> int:
        """Give the kernel's code of a value."""
        return list(self.values).index(value)


def _named(names: Sequence[str], *values: Value) -> Mapping[str, Value]:
    """The values of a state by the simulator's names of them, in the order of its codes."""
    return dict(zip(names, values, strict=True))


STATES: Final[Mapping[str, RecordedState]] = {
    "rung": RecordedState(
        kernel="rung",
        label="Talks on ending the war",
        values=_named(
            RUNGS,
            Value("none agreed or under way", ("contact",)),
            Value("agreed or under way, no written terms yet", ("none", "terms")),
            Value("written terms in the hands of both sides", ("contact", "text")),
            Value("one draft worked on by all who must sign it", ("terms", "signed")),
            Value("a settlement signed", ("contact",)),
        ),
        decisions={"talks.ladder": (), "talks.breakdown": ("contact",)},
    ),
    "posture": RecordedState(
        kernel="posture",
        label="{washington}",
        values=_named(
            POSTURES,
            Value("mediating between both sides", ("pressing_kyiv", "pressing_moscow", "walked_away")),
            Value("pressing {kyiv}", ("mediating", "walked_away")),
            Value("pressing {moscow}", ("mediating", "walked_away")),
            Value("walked away", ("mediating",)),
        ),
        decisions={"washington.posture": ()},
    ),
    "truce": RecordedState(
        kernel="truce",
        label="Truce without a settlement",
        values=_named(
            TRUCES,
            Value("none", ("limited", "general")),
            Value("a limited one (one kind of attack, one place or a holiday)", ("none", "general")),
            Value("a general one, along the whole front", ("none",)),
        ),
        decisions={
            "talks.limited_truce": ("limited",),
            "talks.general_truce": ("general",),
            "talks.truce_ends": ("none",),
        },
    ),
    "arms": RecordedState(
        kernel="paused",
        label="{washington}'s arms for {kyiv}",
        values={"flowing": Value("delivered", ("paused",)), "paused": Value("held back", ("flowing",))},
        decisions={"washington.pause": ()},
    ),
    "ban": RecordedState(
        kernel="banned",
        label="{kyiv}'s ban on negotiating",
        values={"lifted": Value("lifted"), "stands": Value("stands", ("lifted",))},
        decisions={"kyiv.ban": ("lifted",)},
    ),
    "pocket": RecordedState(
        kernel="pocket",
        label="{kyiv}'s foothold on {moscow}'s territory",
        values={"lost": Value("no longer held by {kyiv}"), "held": Value("held by {kyiv}", ("lost",))},
        decisions={"front.pocket": ("lost",)},
        followed=True,
    ),
}
"""The recorded states, by the name that the files give them."""

MOVED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    decision: (name, values or tuple(state.values))
    for name, state in STATES.items()
    for decision, values in state.decisions.items()
}
"""By decision: the recorded state that it moves, and the values that it can lead to."""


FOLLOWED: Final = next(name for name, state in STATES.items() if state.followed)
"""The recorded state that is followed by its series and carries no weight."""


@dataclass(frozen=True)
class StateChange:
    """A recorded change of a state.

    Attributes:
        day: the first day of the new value.
        state: the state's name.
        value: its new value.
    """

    day: date
    state: str
    value: str


@dataclass(frozen=True)
class Fault:
    """Why a change is refused.

    Attributes:
        what: the contradiction.
        remedy: how to correct it.
        repeats: the state has this value already.
    """

    what: str
    remedy: str
    repeats: bool = False


def recorded_as(kernel: str) -> str:
    """The recorded state that has this name in the kernel; the name itself if it is of no recorded state."""
    return next((name for name, state in STATES.items() if state.kernel == kernel), kernel)


def moved_state(decision: str) -> str:
    """Give the recorded state that a decision of the model moves; empty if it moves none."""
    return MOVED[decision][0] if decision in MOVED else ""


def faults(changes: Iterable[StateChange], start: Mapping[str, str]) -> list[Fault | None]:
    """Check that changes can follow each other.

    A change at fault is left out of what later changes are compared with. How the states fit together is checked at
    the end of each day, so that all changes made by one event are seen together.

    Args:
        changes: in order of day; several of one day and state are moves that follow each other.
        start: the value of each state before them.

    Returns:
        for each change its fault, None if it has none.
    """
    standing, last = dict(start), dict.fromkeys(start, date.min)
    found: list[Fault | None] = []
    for day, today in groupby(changes, key=lambda change: change.day):
        before, earlier, rows = dict(standing), dict(last), list(today)
        judged = [_move(change, standing, last) for change in rows]
        clash = _clash(before, standing, last, day)
        if clash is not None:
            states, fault = clash
            for k, change in enumerate(rows):
                if change.state in states and judged[k] is None:
                    judged[k] = fault
            standing.update({state: before[state] for state in states})
            last.update({state: earlier[state] for state in states})
        found += judged
    return found


def _move(change: StateChange, standing: dict[str, str], last: dict[str, date]) -> Fault | None:
    """Check one change against the state's own value, and make it if it has no fault."""
    state, value, now = change.state, change.value, standing[change.state]
    if value == now:
        since = f", since {last[state]}" if last[state] > date.min else ", from the start"
        return Fault(f"{state} is {now} already on {change.day}{since}", "Keep changes only", repeats=True)
    following = STATES[state].values[now].next
    if value not in following:
        after = ", ".join(following) or "nothing"
        what = f"{state} cannot go from {now} to {value}; allowed after {now} is {after}"
        return Fault(what, "Give each step its row" if following else "Take the row out")
    if state != "rung" and last[state] > date.min and monday(last[state]) == monday(change.day):
        what = f"{state} changes twice in the week of {monday(change.day)}, on {last[state]} and {change.day}"
        return Fault(what, "Keep the change that stands at the week's end, or neither")
    standing[state], last[state] = value, change.day
    return None


def _clash(
    before: Mapping[str, str], now: Mapping[str, str], last: Mapping[str, date], day: date
) -> tuple[Sequence[str], Fault] | None:
    """Check that the states of a day's end can stand together; else give those that cannot, and why."""
    if now["rung"] == "signed" and now["ban"] == "stands":
        return ("rung", "ban"), Fault("rung is signed while the ban stands", "Lift the ban on that day or before")
    if now["rung"] == "signed" and now["truce"] != "general":
        what = f"rung is signed while truce is {now['truce']}: a signature makes it general"
        return ("rung", "truce"), Fault(what, "Add a row for the truce on that day")
    if before["truce"] == "none" != now["truce"] and now["rung"] == "none":
        what = f"truce becomes {now['truce']} while rung is none"
        return ("truce",), Fault(what, "A truce begins only from contact on")
    if now["arms"] == "paused":
        if now["posture"] in ("mediating", "pressing_moscow"):
            what = f"arms are paused while posture is {now['posture']}"
            return ("arms", "posture"), Fault(what, "Arms are paused only while pressing_kyiv or walked_away")
        begins = before["arms"] != "paused"
        if begins and now["posture"] == "pressing_kyiv" and monday(last["posture"]) != monday(day):
            what = f"arms are paused on {day}, but posture is pressing_kyiv since {last['posture']}"
            return ("arms",), Fault(what, "The model pauses arms only in the week of that turn")
    return None
