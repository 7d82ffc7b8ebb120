"""The states that are recorded as they happened: their values, and which of their changes the model can make.

A record is replayed by the same weekly code as the future, so a change that the model has no move for cannot stand in
it: a rung is climbed or left one at a time, Washington turns from one party to the other by way of mediating, arms are
paused only on turning to press Kyiv or after walking away.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from forecast.calendar import monday
from forecast.timeline.codes import POSTURES, RUNGS, TRUCES

STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "rung": RUNGS,
    "posture": tuple(word.replace(" ", "_").lower() for word in POSTURES),
    "truce": TRUCES,
    "arms": ("flowing", "paused"),
    "ban": ("lifted", "stands"),
    "kursk": ("expelled", "held"),
}
"""The states and their values: the place of a value is its code in `forecast.timeline.state`, 0 or 1 for the last three
(arms paused, the ban stands, ground in Kursk held)."""

FOLLOWED: Final = "kursk"
"""The recorded state that is followed by its series and weighs nothing."""

MOVED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "talks.ladder": ("rung", STATES["rung"]),
    "talks.breakdown": ("rung", ("contact",)),
    "talks.limited_truce": ("truce", ("limited",)),
    "talks.general_truce": ("truce", ("general",)),
    "talks.truce_ends": ("truce", ("none",)),
    "washington.posture": ("posture", STATES["posture"]),
    "washington.pause": ("arms", STATES["arms"]),
    "kyiv.ban": ("ban", ("lifted",)),
    "front.kursk": ("kursk", ("expelled",)),
}
"""The decisions that move a recorded state: which, and to which of its values."""

_NEXT: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "rung": {
        "none": ("contact",),
        "contact": ("none", "terms"),
        "terms": ("contact", "text"),
        "text": ("terms", "signed"),
        "signed": ("contact",),
    },
    "posture": {
        "mediating": ("pressing_kyiv", "pressing_moscow", "walked_away"),
        "pressing_kyiv": ("mediating", "walked_away"),
        "pressing_moscow": ("mediating", "walked_away"),
        "walked_away": ("mediating",),
    },
    "truce": {"none": ("limited", "general"), "limited": ("none", "general"), "general": ("none",)},
    "arms": {"flowing": ("paused",), "paused": ("flowing",)},
    "ban": {"stands": ("lifted",), "lifted": ()},
    "kursk": {"held": ("expelled",), "expelled": ()},
}
"""What can follow each value."""


@dataclass(frozen=True)
class Change:
    """A recorded change of a state.

    Attributes:
        day: from this day on.
        state: the state.
        value: its value.
    """

    day: date
    state: str
    value: str


@dataclass(frozen=True)
class Fault:
    """Why a change cannot stand where it does.

    Attributes:
        what: what is wrong.
        mend: how to mend it.
        repeats: the state has this value already.
    """

    what: str
    mend: str
    repeats: bool = False


def faults(changes: Iterable[Change], start: Mapping[str, str]) -> list[Fault | None]:
    """Judge changes in the order of their days.

    A change at fault is left out of what the later ones are judged against. What several states are to each other is
    judged at the end of a day, so that all that one event changed stands together.

    Args:
        changes: in order of day; several of one day and state are moves that follow each other.
        start: the value of each state before them.

    Returns:
        for each change what is wrong with it, None where nothing is.
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


def _move(change: Change, standing: dict[str, str], last: dict[str, date]) -> Fault | None:
    """Judge one change by its own state, and make it if nothing is wrong."""
    state, value, now = change.state, change.value, standing[change.state]
    if value == now:
        since = f", since {last[state]}" if last[state] > date.min else ", from the start"
        return Fault(f"{state} is {now} already on {change.day}{since}", "Keep changes only", repeats=True)
    if value not in _NEXT[state][now]:
        after = ", ".join(_NEXT[state][now]) or "nothing"
        what = f"{state} cannot go from {now} to {value}; allowed after {now} is {after}"
        return Fault(what, "Give each step its row" if _NEXT[state][now] else "Take the row out")
    if state != "rung" and last[state] > date.min and monday(last[state]) == monday(change.day):
        what = f"{state} changes twice in the week of {monday(change.day)}, on {last[state]} and {change.day}"
        return Fault(what, "Keep the one that stands at the week's end, or none")
    standing[state], last[state] = value, change.day
    return None


def _clash(
    before: Mapping[str, str], now: Mapping[str, str], last: Mapping[str, date], day: date
) -> tuple[Sequence[str], Fault] | None:
    """Tell what the states are at a day's end that they cannot be together: which of them, and why."""
    if now["rung"] == "signed" and now["ban"] == "stands":
        return ("rung", "ban"), Fault("rung is signed while the ban stands", "Lift the ban on that day or before")
    if now["rung"] == "signed" and now["truce"] != "general":
        what = f"rung is signed while truce is {now['truce']}: a signature makes it general"
        return ("rung", "truce"), Fault(what, "Give the truce its row of that day")
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
            return ("arms",), Fault(what, "The model pauses them in the week of that turn only")
    return None
