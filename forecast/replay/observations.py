"""Weekly observations for the simulator, from the chronology and the map: states, events, and the pocket's area."""

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar
from forecast.arrays import Array
from forecast.evidence.chronology import Chronology
from forecast.evidence.states import STATES
from forecast.scenario.spec import Scenario
from forecast.timeline import kyiv, talks, washington
from forecast.timeline.codes import GENERAL, SIGNED
from forecast.timeline.conditioning import FREE, NOT_OBSERVED
from forecast.timeline.front import POCKET_GONE
from forecast.timeline.weekly_record import STREAMS, WeeklyRecord, moves_code, observed_record

POCKET_MAP: Final = "pocket map"
"""Name of the pocket's series in `Chronology.unrecorded`: from that day on no map says how much is held."""

DECISIONS: Final = {
    "rung": (kyiv.PROVOCATION, talks.BREAKDOWN),
    "posture": (washington.POSTURE,),
    "truce": (talks.LIMITED_TRUCE, talks.GENERAL_TRUCE, talks.TRUCE_ENDS),
    "paused": (washington.PAUSE,),
    "banned": (kyiv.BAN,),
}
"""The decisions that the record of each state observes, by the state's name in the simulator."""


def weekly_record_of(scenario: Scenario, day: date, until: date | None = None) -> WeeklyRecord:
    """The record of the weeks from the reference date to `day`, or to an earlier day `until`, as known on `day`."""
    seen = scenario.chronology.as_of(day)
    ends: list[date] = calendar.week_ends(scenario.reference_date, until or day)[1:].tolist()
    coded = sum(end <= seen.known_until(day) for end in ends)
    codes = {state.kernel: _codes(seen, name, ends) for name, state in STATES.items()}
    held = codes.pop("pocket")
    pocket = _pocket(scenario, day, ends, held[1:])
    pocket[coded:] = np.where(held[1:] != held[:-1], pocket, np.nan)[coded:]
    without, no_map = (_unrecorded_weeks(seen, name, ends) for name in ("pocket", POCKET_MAP))
    pocket[without] = np.where(held[1:] != held[:-1], pocket, np.nan)[without]
    pocket[no_map & (held[1:] == 1)] = np.nan
    return WeeklyRecord(**codes, events=_events(seen, ends), moves=_moves(seen, ends), pocket=pocket, coded=coded)


def observed_of(scenario: Scenario, past: WeeklyRecord, day: date) -> Any:
    """The record of a run as of `day`, laid out as `Observed`, shape (1,).

    A state or stream that is not recorded from some day on (`Chronology.unrecorded`) is neither clamped nor weighted in
    the weeks that end later: random numbers make its decisions. Its changes and events in such a week are observed.
    """
    observed = observed_record(past)
    seen = scenario.chronology.as_of(day)
    ends: list[date] = calendar.week_ends(scenario.reference_date, day)[1:].tolist()[: past.weeks]
    decided = observed["decision"][0]
    for name in seen.unrecorded:
        free = np.flatnonzero(_unrecorded_weeks(seen, name, ends))
        if name in past.events:
            decided[STREAMS[name], free[past.events[name][free] == 0]] = FREE
        elif name in STATES and (kernel := STATES[name].kernel) in DECISIONS:
            codes = getattr(past, kernel)
            moved = (codes[1:] != codes[:-1]) | ((past.moves != 0) if kernel == "rung" else False)
            free = free[~moved[free]]
            observed[kernel][0, free] = NOT_OBSERVED
            if kernel == "rung":
                observed["rung_before"][0, free] = NOT_OBSERVED
                observed["moves"][0, free] = 0
            decided[np.ix_(DECISIONS[kernel], free)] = FREE
    return observed


def _unrecorded_weeks(seen: Chronology, name: str, ends: list[date]) -> NDArray[np.bool_]:
    """The weeks at the end of which a state, a stream or the pocket's map is not recorded."""
    first = seen.unrecorded.get(name)
    return np.array([first is not None and end > first for end in ends], dtype=bool)


def _changes(seen: Chronology, state: str) -> list[tuple[date, int]]:
    """The changes of a state: the day, and the code of the value from that day on."""
    rows = seen.states[seen.states["state"] == state]
    codes = [STATES[state].code(value) for value in rows["value"]]
    return list(zip((day.date() for day in rows["observed"]), codes, strict=True))


def _codes(seen: Chronology, state: str, ends: list[date]) -> NDArray[np.int64]:
    """A state's code at the start and at the end of each week."""
    codes = [STATES[state].code(seen.start[state])]
    changes = _changes(seen, state)
    for end in ends:
        before = [code for day, code in changes if day < end]
        codes.append(before[-1] if before else codes[0])
    return np.array(codes, np.int64)


def _moves(seen: Chronology, ends: list[date]) -> NDArray[np.int64]:
    """The moves of the ladder in each week.

    A fall to contact because a settlement or a general truce broke is not a move of the ladder.
    """
    at = STATES["rung"].code(seen.start["rung"])
    steps: list[list[int]] = [[] for _ in ends]
    broken = _general_ends(seen)
    for day, rung in _changes(seen, "rung"):
        if day < ends[-1] and at != SIGNED and not (day in broken and rung < at):
            steps[next(k for k, end in enumerate(ends) if day < end)].append(rung - at)
        at = rung
    return np.array([moves_code(taken) for taken in steps], np.int64)


def _general_ends(seen: Chronology) -> set[date]:
    """Days on which a general truce ended."""
    code, found = STATES["truce"].code(seen.start["truce"]), set()
    for day, truce in _changes(seen, "truce"):
        if code == GENERAL and truce != GENERAL:
            found.add(day)
        code = truce
    return found


def _events(seen: Chronology, ends: list[date]) -> dict[str, NDArray[np.int64]]:
    """Number of events in each week, by stream that is recorded systematically."""
    begins = [date.min, *ends[:-1]]
    counts = {}
    for stream in STREAMS:
        if stream in seen.guide.decision and seen.guide.decision[stream].systematic:
            days = [day.date() for day in seen.events.loc[seen.events["decision"] == stream, "observed"]]
            found = [sum(begin <= day < end for day in days) for begin, end in zip(begins, ends, strict=True)]
            counts[stream] = np.array(found, np.int64)
    return counts


def _pocket(scenario: Scenario, day: date, ends: list[date], held: NDArray[np.int64]) -> Array:
    """Russian ground held by Ukraine at the end of each week, km2; NaN where there is no map yet."""
    found = np.full(len(ends), np.nan)
    if scenario.series.pocket is not None:
        rows = scenario.evidence.as_of(day).series(scenario.series.pocket)
        known = pd.Series(rows["value"].to_numpy(float), index=[when.date() for when in rows["observed"]])
        # While the state is `held`, the last map is used, raised to the smallest area that counts as held.
        found = known.reindex(ends, method="ffill").to_numpy(float)
        found = np.where(held == 1, np.maximum(found, POCKET_GONE), found)
    return np.where(held == 1, found, 0.0)
