"""One timeline of a saved run, told as dated lines in plain words.

The weeks are simulated again (`forecast.narrative.rerun`), what happened in each is found
(`forecast.narrative.events`), and put into the words of `forecast/report/templates/telling.j2`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from forecast.narrative.events import TELLERS
from forecast.narrative.rerun import Course, Step, retold, week_days
from forecast.narrative.talks import Said, on_the_table
from forecast.narrative.words import Words
from forecast.outcomes.clustering import MEMBER
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run
from forecast.timeline.codes import RUNGS, RUNNING, TRUCES

YOUNG_WEEKS = 4.0
"""Age below which a settlement in force at the horizon is told with its age."""


@dataclass(frozen=True)
class Line:
    """One line of a timeline that is told.

    Attributes:
        begin: first day of its week.
        end: last day of it, on which the run's tables date what happened.
        part: the part of the week that it belongs to; `levels` for how things stand.
        text: what happened.
    """

    begin: date
    end: date
    part: str
    text: str


@dataclass(frozen=True)
class Told:
    """A timeline told.

    Attributes:
        title: which it is, and how it ends.
        row: its row in the run's table.
        lines: what is simulated, in order.
        recorded: what happened before, as recorded, and is the same in every timeline: day and text, in order.
        begin: the as-of date, from which it is simulated.
        stands: where each recorded state stands on that date.
    """

    title: str
    row: Mapping[str, Any]
    lines: tuple[Line, ...]
    recorded: tuple[tuple[date, str], ...]
    begin: date
    stands: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The same as `--json` prints it."""
        lines = [
            {"from": line.begin.isoformat(), "to": line.end.isoformat(), "part": line.part, "text": line.text}
            for line in self.lines
        ]
        recorded = [{"date": day.isoformat(), "text": text} for day, text in self.recorded]
        return {"timeline": dict(self.row), "recorded": recorded, "stands": list(self.stands), "lines": lines}


def tell(run: Run, timeline: int) -> Told:
    """Tell a timeline of a saved run.

    Raises:
        InputError: no such timeline, or one that cannot be simulated again; see `forecast.narrative.rerun.retold`.
    """
    scenario, course = retold(run, timeline)
    kept = run.timelines.iloc[[timeline]]
    row = json.loads(kept.to_json(orient="records", date_format="iso", double_precision=15))[0]
    for name in kept.columns[[column.kind == "M" for column in kept.dtypes]]:
        row[name] = row[name] and row[name][:10]
    labels = {ending.id: ending for ending in scenario.endings}
    ending = labels[row["ending"]]
    headed = ending.label.lower().startswith(ending.kind)
    label = ending.label if headed else f"{ending.kind.capitalize()}: {ending.label}"
    whose = f"{row[MEMBER]}, " if MEMBER in row else ""
    title = f"Timeline {timeline} of run {run.id} ({whose}draw {row['draw']}, replicate {row['replicate']}). {label}"
    begin = date.fromisoformat(run.manifest["as_of"])
    known = run.summary.get("since") or {"happened": [], "states": []}
    happened = [entry for entry in known["happened"] if entry["counts"] or entry["state"]]
    return Told(
        title,
        row,
        tuple(lines(scenario, course, ending.label)),
        tuple((date.fromisoformat(entry["observed"]), entry["text"]) for entry in happened),
        begin,
        tuple(f"{entry['label']}: {entry['words']}" for entry in known["states"]),
    )


def lines(scenario: Scenario, course: Course, ending: str) -> Iterator[Line]:
    """The lines of a timeline.

    Args:
        scenario: of its run.
        course: its weeks.
        ending: what its ending is called.
    """
    words = Words(scenario, ending)
    counted, elapsed, again = float(course.states["km2_start"][0]), 0.0, False
    last, first = course.weeks[-1], course.weeks[0]
    for step in course.steps():
        begin, end = week_days(scenario, course.world, step.week)
        if step.week == first and begin > scenario.reference_date:
            yield Line(begin, begin, "levels", words.say(*levels(scenario, course, step.before)))
            again = True
        found = [(part, said) for part, teller in TELLERS.items() for said in teller(scenario, course, step)]
        elapsed += (end - begin).days + 1
        if step.week == last and step.after.ending == RUNNING:
            found.append(("endings", horizon(step)))
        opened = step.week == first and again
        if (step.week == last or quarter_ends(begin, end)) and not opened:
            pace = (step.after.km2 - counted) / (elapsed / 7.0)
            standing = levels(scenario, course, step.after, pace, again=again)
            place = sum(part != "endings" for part, _ in found)
            found.insert(place, ("levels", standing))
            counted, elapsed, again = step.after.km2, 0.0, True
        for part, said in found:
            yield Line(begin, end, part, words.say(*said))


def quarter_ends(begin: date, end: date) -> bool:
    """Whether the last day of a quarter lies within these days."""
    days = (begin + timedelta(days=k) for k in range((end - begin).days + 1))
    return any(pd.Timestamp(day).is_quarter_end for day in days)


def levels(scenario: Scenario, course: Course, after: Any, pace: float | None = None, *, again: bool = False) -> Said:
    """How things stand in a state.

    Args:
        scenario: of the run.
        course: the timeline's weeks.
        after: the state, at the end of a week or at the start of the first.
        pace: ground gained since the last such line, or since the start, km2 a week; None at the start.
        again: there was such a line before.
    """
    washington = course.parameters.washington
    table = on_the_table(scenario, after) if after.template >= 0 else {"template": None, "index": None}
    return "levels", {
        "km2": after.km2,
        "pace": pace,
        "again": again,
        "approval": float(washington.approval_at_zero + washington.approval_per_sd * after.capital),
        "posture": after.posture,
        "rung": RUNGS[after.rung],
        "template": table["template"],
        "index": table["index"],
        "settled": bool(after.in_force),
        "truce": TRUCES[after.truce],
    }


def horizon(step: Step) -> Said:
    """The end of a timeline that no battlefield ended; a settlement is told with its age while that is short."""
    young = step.after.in_force and step.after.settlement_age < YOUNG_WEEKS
    return "horizon", {"age": step.after.settlement_age if young else None}
