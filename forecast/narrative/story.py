"""One timeline of a saved run as dated sentences.

The timeline is simulated again with its trace (`forecast.narrative.rerun`), and its events are read from the trace
(`forecast.narrative.events`). The sentences are in `forecast/narrative/sentences.j2`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from forecast.narrative.events import Event, Table, events
from forecast.narrative.rerun import simulated_again, week_days
from forecast.narrative.words import Words
from forecast.outcomes.clustering import MEMBER
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run
from forecast.timeline import washington
from forecast.timeline.cells import Course
from forecast.timeline.codes import RUNGS, RUNNING, TRUCES

LATE_WEEKS = 4
"""Weeks over which the pace of late is counted."""

YOUNG_WEEKS = 4.0
"""Age of a settlement at the horizon below which its age is mentioned, weeks."""


@dataclass(frozen=True)
class Line:
    """One dated sentence.

    Attributes:
        begin: first day of its week, or of the first of several weeks.
        end: last day of its week, or of the last of several; the run's tables date the event by it.
        part: the part of the week to which it belongs; `levels` for a summary of the situation.
        text: the sentence.
    """

    begin: date
    end: date
    part: str
    text: str


@dataclass(frozen=True)
class Story:
    """A timeline as dated sentences.

    Attributes:
        title: which timeline, and how it ends.
        row: its row in the run's table.
        lines: the simulated part, in order.
        recorded: the events and changes recorded before the as-of date, the same in every timeline: day and text, in
            order.
        begin: the as-of date, on which the simulated part begins.
        stands: each recorded state and its value on that date.
    """

    title: str
    row: Mapping[str, Any]
    lines: tuple[Line, ...]
    recorded: tuple[tuple[date, str], ...]
    begin: date
    stands: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The story as `--json` prints it."""
        lines = [
            {"from": line.begin.isoformat(), "to": line.end.isoformat(), "part": line.part, "text": line.text}
            for line in self.lines
        ]
        recorded = [{"date": day.isoformat(), "text": text} for day, text in self.recorded]
        return {"timeline": dict(self.row), "recorded": recorded, "stands": list(self.stands), "lines": lines}


def story_of(run: Run, timeline: int) -> Story:
    """The story of a timeline of a saved run.

    Raises:
        InputError: there is no such timeline, or it cannot be simulated again: see
            `forecast.narrative.rerun.simulated_again`.
    """
    scenario, course = simulated_again(run, timeline)
    kept = run.timelines.iloc[[timeline]]
    row = json.loads(kept.to_json(orient="records", date_format="iso", double_precision=15))[0]
    for name in kept.columns[[column.kind == "M" for column in kept.dtypes]]:
        row[name] = row[name] and row[name][:10]
    ending = next(ending for ending in scenario.endings if ending.id == row["ending"])
    headed = ending.label.lower().startswith(ending.kind)
    label = ending.label if headed else f"{ending.kind.capitalize()}: {ending.label}"
    whose = f"{row[MEMBER]}, " if MEMBER in row else ""
    title = f"Timeline {timeline} of run {run.id} ({whose}draw {row['draw']}, replicate {row['replicate']}). {label}"
    known = run.summary.get("since") or {"happened": [], "states": []}
    happened = [entry for entry in known["happened"] if entry["counts"] or entry["state"]]
    return Story(
        title,
        row,
        tuple(lines(scenario, course, ending.label)),
        tuple((date.fromisoformat(entry["observed"]), entry["text"]) for entry in happened),
        date.fromisoformat(run.manifest["as_of"]),
        tuple(f"{entry['label']}: {entry['words']}" for entry in known["states"]),
    )


def lines(scenario: Scenario, course: Course, ending: str) -> Iterator[Line]:
    """Give the sentences of a timeline in order.

    Args:
        scenario: the scenario of its run.
        course: the timeline.
        ending: label of its ending.
    """
    words = Words(scenario, ending)
    found = [*events(scenario, course), *standings(scenario, course)]
    # The summary of the situation follows the week's events, but precedes the end of the war.
    found.sort(key=lambda event: (event.begin, event.part == "endings", event.part == "levels"))
    if course.states["ending"][-1] == RUNNING:
        found.append(horizon(scenario, course))
    for event in found:
        yield Line(event.begin, event.end, event.part, words.sentence(event.kind, event.values))


def standings(scenario: Scenario, course: Course) -> Iterator[Event]:
    """Give summaries of the situation: at the end of each quarter, in the last week, and on a later as-of date."""
    first, last = course.weeks[0], course.weeks[-1]
    begin, _ = week_days(scenario, course, first)
    later = begin > scenario.reference_date
    if later:
        yield Event(begin, begin, "levels", "levels", standing(scenario, course, 0))
    for k, week in enumerate(course.weeks, start=1):
        begin, end = week_days(scenario, course, week)
        if (week == last or quarter_ends(begin, end)) and not (later and week == first):
            since = max(k - LATE_WEEKS, 0)
            opened, _ = week_days(scenario, course, course.weeks[since])
            gained = float(course.states["km2"][k]) - float(course.states["km2"][since])
            pace = gained / (((end - opened).days + 1) / 7.0)
            yield Event(begin, end, "levels", "levels", standing(scenario, course, k) | {"pace": pace})


def quarter_ends(begin: date, end: date) -> bool:
    """Whether the last day of a quarter lies within these days."""
    days = (begin + timedelta(days=k) for k in range((end - begin).days + 1))
    return any(pd.Timestamp(day).is_quarter_end for day in days)


def standing(scenario: Scenario, course: Course, k: int) -> dict[str, Any]:
    """The situation in state number `k` of a timeline."""
    state = course.states[k]
    table = Table(scenario, int(state.settlement), float(state.index))
    return {
        "km2": float(state.km2),
        "pace": None,
        "approval": float(washington.approval(course.parameters.washington, state)),
        "posture": int(state.posture),
        "rung": RUNGS[state.rung],
        "table": table.values if state.settlement >= 0 else None,
        "in_force": bool(state.in_force),
        "truce": TRUCES[state.truce],
    }


def horizon(scenario: Scenario, course: Course) -> Event:
    """The horizon, if the war did not end on the battlefield; a young settlement is given with its age."""
    begin, end = week_days(scenario, course, course.weeks[-1])
    age = float(course.states["settlement_age"][-1])
    young = bool(course.states["in_force"][-1]) and age < YOUNG_WEEKS
    return Event(begin, end, "endings", "endings.horizon", {"end": end, "age": age if young else None})
