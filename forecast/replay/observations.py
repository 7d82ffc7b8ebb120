"""From the chronology and the map to the past as the weekly code takes it: states and events week by week."""

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar
from forecast.evidence import states
from forecast.evidence.chronology import Chronology
from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import GENERAL, SIGNED
from forecast.timeline.front import KURSK_GONE
from forecast.timeline.weekly_record import STREAMS, Past, moves_code


def past_of(scenario: Scenario, day: date, until: date | None = None) -> Past:
    """What is recorded, as known on a date, of the weeks between the reference date and it, or an earlier day."""
    seen = scenario.chronology.as_of(day)
    ends: list[date] = calendar.week_ends(scenario.reference_date, until or day)[1:].tolist()
    course = {state: _course(seen, state, ends) for state in states.STATES}
    return Past(
        rung=course["rung"],
        posture=course["posture"],
        truce=course["truce"],
        paused=course["arms"],
        banned=course["ban"],
        events=_events(seen, ends),
        moves=_moves(seen, ends),
        kursk=_kursk(scenario, day, ends, course["kursk"][1:]),
    )


def _changes(seen: Chronology, state: str) -> list[tuple[date, int]]:
    """The changes of a state: day, and the code of the value from then on."""
    rows = seen.states[seen.states["state"] == state]
    codes = [states.STATES[state].index(value) for value in rows["value"]]
    return list(zip((day.date() for day in rows["observed"]), codes, strict=True))


def _course(seen: Chronology, state: str, ends: list[date]) -> NDArray[np.int64]:
    """A state's code at the start and at the end of each week."""
    course = [states.STATES[state].index(seen.start[state])]
    changes = _changes(seen, state)
    for end in ends:
        before = [code for day, code in changes if day < end]
        course.append(before[-1] if before else course[0])
    return np.array(course, np.int64)


def _moves(seen: Chronology, ends: list[date]) -> NDArray[np.int64]:
    """The moves of the ladder in each week.

    That talks are left at contact by a settlement or a general truce that breaks is none of them.
    """
    at = states.STATES["rung"].index(seen.start["rung"])
    steps: list[list[int]] = [[] for _ in ends]
    broken = _general_ends(seen)
    for day, rung in _changes(seen, "rung"):
        if day < ends[-1] and at != SIGNED and not (day in broken and rung < at):
            steps[next(k for k, end in enumerate(ends) if day < end)].append(rung - at)
        at = rung
    return np.array([moves_code(taken) for taken in steps], np.int64)


def _general_ends(seen: Chronology) -> set[date]:
    """Days on which a general truce ended."""
    code, found = states.STATES["truce"].index(seen.start["truce"]), set()
    for day, truce in _changes(seen, "truce"):
        if code == GENERAL and truce != GENERAL:
            found.add(day)
        code = truce
    return found


def _events(seen: Chronology, ends: list[date]) -> dict[str, NDArray[np.int64]]:
    """How many events of each stream that is recorded systematically happened in each week."""
    begins = [date.min, *ends[:-1]]
    counts = {}
    for stream in STREAMS:
        if stream in seen.guide.decision and seen.guide.decision[stream].systematic:
            days = [day.date() for day in seen.events.loc[seen.events["decision"] == stream, "observed"]]
            found = [sum(begin <= day < end for day in days) for begin, end in zip(begins, ends, strict=True)]
            counts[stream] = np.array(found, np.int64)
    return counts


def _kursk(scenario: Scenario, day: date, ends: list[date], held: NDArray[np.int64]) -> Array:
    """Russian ground held by Ukraine at the end of each week, km2; NaN where the map is not known."""
    found = np.full(len(ends), np.nan)
    if scenario.series.kursk is not None:
        rows = scenario.evidence.as_of(day).series(scenario.series.kursk)
        known = pd.Series(rows["value"].to_numpy(float), index=[when.date() for when in rows["observed"]])
        # While it is recorded as held, the last map stands, and is no less than what counts as held.
        found = known.reindex(ends, method="ffill").to_numpy(float)
        found = np.where(held == 1, np.maximum(found, KURSK_GONE), found)
    return np.where(held == 1, found, 0.0)
