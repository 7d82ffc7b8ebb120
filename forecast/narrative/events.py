"""The events of a timeline, read from its trace and ready to be put into sentences.

The trace lists every event in the simulator's own order (`forecast.timeline.trace`). Here codes become labels of the
scenario, and entries that are one event to a reader are joined: an omitted clause belongs to its draft, and falls that
follow each other are one fall. Events that repeat within a month are counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, Final

from forecast.narrative.rerun import week_days
from forecast.scenario.records import Settlement
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import Course
from forecast.timeline.codes import CAUSES as ENDED_BY
from forecast.timeline.codes import CONTACT, PARTIES, RUNGS, SIGNED
from forecast.timeline.ladder import CAUSES
from forecast.timeline.trace import Entry

REPEATED: Final = frozenset(
    {"washington.crisis", "moscow.economic_shock", "europe.upheaval", "kyiv.provocation", "kyiv.coup_failed"}
)
"""Kinds of event that are reported once a month, with their number."""


@dataclass(frozen=True)
class Event:
    """One event, or several that are reported together.

    Attributes:
        begin: first day of its week, or of the first of several.
        end: last day of its week, or of the last of several; the run's tables date the event by it.
        part: the part of the week to which it belongs.
        kind: the kind in the trace, or one that stands for several kinds.
        values: the labels, dates and amounts in its sentence.
    """

    begin: date
    end: date
    part: str
    kind: str
    values: dict[str, Any]


def events(scenario: Scenario, course: Course) -> Iterator[Event]:
    """Give the events of a timeline in order; those that repeat within a month are one event with a count."""
    return iter(_counted(_all_events(scenario, course)))


def _all_events(scenario: Scenario, course: Course) -> Iterator[Event]:
    """Give every event of a timeline."""
    table = Table(scenario, int(course.states["settlement"][0]), float(course.states["index"][0]))
    for week, entries in groupby(course.entries, key=lambda entry: entry.week):
        begin, end = week_days(scenario, course, week)
        for kind, values in _of_week(scenario, table, list(entries), begin, end):
            yield Event(begin, end, kind.split(".")[0], kind, values | _stands(kind, course))


def _stands(kind: str, course: Course) -> dict[str, float]:
    """The levels on which the cause of an ending rests, as they stand when the war ends."""
    if kind not in {"endings.defeated", "endings.failed"}:
        return {}
    last = course.states[-1]
    return {level: float(last[level]) for level in ("adequacy", "instability", "strain", "arms")}


@dataclass
class Table:
    """The draft on the table, as far as the trace has been read.

    Attributes:
        scenario: has the settlements.
        settlement: number of its settlement, -1 without a draft.
        index: its term index.
    """

    scenario: Scenario
    settlement: int
    index: float

    @property
    def values(self) -> dict[str, Any]:
        """The settlement's label, its term index, and who must sign it."""
        settlement = self.scenario.settlements[self.settlement]
        return {"settlement": settlement.label, "index": self.index, "signs": signatories(settlement)}


def signatories(settlement: Settlement) -> list[str]:
    """The parties that must consent to a settlement: the two at war, and the signatories that it names."""
    return [party for party in PARTIES if party in (*settlement.signatories, "kyiv", "moscow")]


def _of_week(
    scenario: Scenario, table: Table, entries: Sequence[Entry], begin: date, end: date
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the events of one week: the kind of each, and the values in its sentence."""
    left = list(entries)
    while left:
        entry = left.pop(0)
        kind, code = entry.kind.name, entry.code
        match kind:
            case "talks.proposed":
                table.settlement, table.index = code, entry.value
                clauses = scenario.settlements[code].clauses
                omitted = [clauses[clause.code].label for clause in _take(left, "talks.omitted")]
                begun = bool(left) and left[0].kind.name == "talks.climbed" and left[0].code == CONTACT
                if begun:
                    left.pop(0)
                yield "talks.begun" if begun else kind, table.values | {"omitted": omitted}
            case "talks.climbed":
                if code != SIGNED:  # the outcome of a signature is the next entry
                    table.index = entry.value
                    yield kind, table.values | {"rung": RUNGS[code]}
            case "talks.fell":
                falls = [entry, *_take(left, kind)]
                causes = list(dict.fromkeys(CAUSES[int(fall.value)] for fall in falls))
                yield kind, {"rung": RUNGS[falls[-1].code], "causes": causes}
            case "talks.in_force" | "talks.dead_letter" | "talks.broken_down":
                table.index = table.index if kind == "talks.broken_down" else entry.value
                yield kind, table.values | {"weeks": entry.value}
            case "washington.paused" if _take(left, "washington.resumed"):
                yield "washington.paused_briefly", {}
            case "front.taken" | "front.retaken" | "moscow.demands":
                region = scenario.regions[code]
                yield kind, {"region": region.label, "km2": region.demand_after_km2}
            case "europe.upheaval" if entry.value == 1.0:
                for known in scenario.upheavals:
                    if begin <= known.date <= end:
                        yield "europe.upheaval_dated", {"code": code, "event": known.label, "day": known.date}
            case "europe.vote":
                for known in scenario.votes:
                    if begin <= known.date <= end:
                        yield kind, {"event": known.label, "day": known.date, "outcome": code}
            case "endings.defeated" | "endings.failed":
                yield kind, {"code": int(entry.value), "cause": ENDED_BY[code]}
            case _:
                yield kind, {"code": code, "value": entry.value}


def _take(left: list[Entry], kind: str) -> list[Entry]:
    """Remove the entries of a kind from the head of a list, and give them."""
    taken = []
    while left and left[0].kind.name == kind:
        taken.append(left.pop(0))
    return taken


def _counted(found: Iterable[Event]) -> list[Event]:
    """Give the events; those of a kind that repeat within a month are one, at the place of the first."""
    out: list[Event] = []
    places: dict[tuple[str, int, int], int] = {}
    for event in found:
        if event.kind in REPEATED:
            month = (event.kind, event.end.year, event.end.month)
            if month in places:
                first = out[places[month]]
                values = first.values | {"count": first.values["count"] + 1}
                out[places[month]] = replace(first, end=event.end, values=values)
                continue
            places[month] = len(out)
            event = replace(event, values=event.values | {"count": 1})
        out.append(event)
    return out
