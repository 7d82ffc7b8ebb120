"""The causes between two runs: everything in which their inputs differ, by group and entry."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from forecast.compare.sides import Side
from forecast.evidence.chronology import Chronology
from forecast.evidence.states import STATES
from forecast.report.numbers import listed
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.prior import Prior
from forecast.scenario.spec import Beliefs, Question, Scenario
from forecast.timeline.weekly_record import STREAMS

GROUPS: Mapping[str, str] = {
    "evidence": "New figures of the series",
    "states": "Recorded changes and events",
    "priors": "Edited priors and scenario files",
    "readings": "Readings of disputed events",
    "perspectives": "Settings and weights of perspectives",
    "draws": "Draws, number of timelines and seed",
}
"""The groups of causes, in the order of the ledger, with their titles."""

WORDS_ONLY = frozenset({"reason", "reasons", "source", "label", "title", "note", "premises", "question", "criteria"})
"""Fields of a scenario that change no number."""

SEED, TIMELINES, DRAW_SEED = "draws/seed", "draws/timelines", "draws/draw_seed"
SAMPLER, PRIOR_ONLY, WEIGHTS, FILES = "draws/sampler", "perspectives/prior_only", "perspectives/weights", "priors/files"


@dataclass(frozen=True)
class Cause:
    """Something in which two runs differ.

    Attributes:
        id: its group, a slash, and its entry.
        label: its name for readers, one line of plain text.
    """

    id: str
    label: str

    @property
    def group(self) -> str:
        """Name of its group, one of `GROUPS`."""
        return self.id.partition("/")[0]

    @property
    def entry(self) -> str:
        """Its name within the group."""
        return self.id.partition("/")[2]


def causes_between(a: Side, b: Side) -> tuple[Cause, ...]:
    """The causes between an earlier and a later run, in the order of `GROUPS`."""
    found = [
        *_of_evidence(a, b),
        *_of_record(a, b),
        *_of_priors(a, b),
        *_of_perspectives(a, b),
        *_of_draws(a, b),
    ]
    order = list(GROUPS)
    return tuple(sorted(found, key=lambda cause: order.index(cause.group)))


def grouped(causes: tuple[Cause, ...]) -> dict[str, list[str]]:
    """The ids of causes by group."""
    found: dict[str, list[str]] = {}
    for cause in causes:
        found.setdefault(cause.group, []).append(cause.id)
    return found


def _of_evidence(a: Side, b: Side) -> Iterator[Cause]:
    """The series that the forecast uses and that have other rows."""
    before, after = rows_by_series(a.scenario, a.day), rows_by_series(b.scenario, b.day)
    for series in series_used_by(b):
        if not _same_rows(before.get(series), after.get(series)):
            new = _new_days(before.get(series), after.get(series))
            title = b.scenario.evidence.specs[series].title
            yield Cause(f"evidence/{series}", f"{title}{f' ({new})' if new else ''}")


def series_used_by(side: Side) -> list[str]:
    """The ids of the series that a run's members use, in the order of the scenario."""
    scenario = side.scenario
    learnt = [*scenario.front.named().values(), *(series for _, series in scenario.series.named())]
    if not side.prior_only:
        return list(dict.fromkeys(learnt))
    kept = [scenario.series.pocket] if scenario.series.pocket else []
    return [scenario.area_series, *kept] if BASE_RATES in side.members else kept


def rows_by_series(scenario: Scenario, day: date) -> dict[str, pd.DataFrame]:
    """The rows that a run as of a day sees, by series."""
    return {str(name): own for name, own in scenario.evidence.as_of(day).table.groupby("series")}


def _same_rows(before: pd.DataFrame | None, after: pd.DataFrame | None) -> bool:
    """Whether two tables have the same figures of the same days."""
    if before is None or after is None:
        return before is after
    columns = ["observed", "value", "low", "high"]
    one, other = (table[columns].reset_index(drop=True) for table in (before, after))
    return one.equals(other)


def _new_days(before: pd.DataFrame | None, after: pd.DataFrame | None) -> str:
    """The new figures of a series in words."""
    known = set() if before is None else set(before["observed"])
    new = [] if after is None else [(day, value) for day, value in zip(after["observed"], after["value"], strict=True)]
    new = [(day, value) for day, value in new if day not in known]
    if not new:
        return "revised or withdrawn figures"
    day, value = new[-1]
    last = f"{value:,.6g} on {day:%Y-%m-%d}"
    return last if len(new) == 1 else f"{len(new)} figures, the last {last}"


def changes_of(chronology: Chronology, day: date, state: str) -> list[tuple[date, str]]:
    """The recorded changes of a state that a run as of a day sees: day and value."""
    rows = chronology.as_of(day).states
    rows = rows[rows["state"] == state]
    return [(when.date(), str(value)) for when, value in zip(rows["observed"], rows["value"], strict=True)]


def events_of(chronology: Chronology, day: date, stream: str) -> list[date]:
    """The days of the events of a stream that a run as of a day sees."""
    rows = chronology.as_of(day).events
    return [when.date() for when in rows.loc[rows["decision"] == stream, "observed"]]


def streams_of(chronology: Chronology) -> list[str]:
    """The streams of events that are recorded systematically."""
    decision = chronology.guide.decision
    return [name for name in STREAMS if name in decision and decision[name].systematic]


def _of_record(a: Side, b: Side) -> Iterator[Cause]:
    """The recorded states and streams of events that have other rows; those of a reading go with the reading."""
    one, other = a.scenario.chronology, b.scenario.chronology
    read = _read_differently(one, other)
    labels = b.scenario.names
    for state, what in STATES.items():
        before, after = changes_of(one, a.day, state), changes_of(other, b.day, state)
        if before != after:
            label = f"{what.label.format(**labels)}: {_moves(state, before, after, labels)}"
            if state in read:
                yield Cause(f"readings/{state}", f"{label} (under the reading {read[state]})")
            else:
                yield Cause(f"states/{state}", label)
    for stream in dict.fromkeys([*streams_of(other), *streams_of(one)]):
        if stream == "endings.any":
            continue
        days, later = events_of(one, a.day, stream), events_of(other, b.day, stream)
        if days != later:
            group = "readings" if stream in read else "states"
            yield Cause(f"{group}/{stream}", f"Events of the kind {stream}: {len(later)} recorded, {len(days)} before")


def _moves(state: str, before: list[tuple[date, str]], after: list[tuple[date, str]], labels: Mapping[str, str]) -> str:
    """The changes that only the later run sees, in words; otherwise those that only the earlier one sees."""

    def words(moves: list[tuple[date, str]]) -> str:
        values = STATES[state].values
        return listed([f"{values[value].words.format(**labels)} from {day}" for day, value in moves])

    new, gone = [move for move in after if move not in before], [move for move in before if move not in after]
    return "; ".join(part for part in (words(new), f"no longer recorded: {words(gone)}" if gone else "") if part)


def _read_differently(one: Chronology, other: Chronology) -> dict[str, str]:
    """The states and streams that readings edit which only one of the runs uses, each with the readings' ids."""
    found: dict[str, list[str]] = {}
    readings = dict(one.readings) | dict(other.readings)
    for name in sorted(set(one.used) ^ set(other.used)):
        for edit in readings[name].edits if name in readings else ():
            touched = {getattr(edit.row, key, None) for key in ("state", "decision")}
            touched |= {edit.old.get(key) for key in ("state", "decision")}
            for entry in touched - {None, ""}:
                if name not in found.setdefault(str(entry), []):
                    found[str(entry)].append(name)
    return {entry: listed(names) for entry, names in found.items()}


def prior_key(prior: Prior) -> tuple[Any, ...]:
    """The parts of a prior that its draws depend on."""
    return prior.marginal.family, tuple(prior.marginal.args), prior.unit, tuple(prior.support), prior.varies


def changed_priors(one: Mapping[str, Prior], other: Mapping[str, Prior]) -> list[str]:
    """Names of the priors that both have and that differ."""
    return [name for name in other if name in one and prior_key(one[name]) != prior_key(other[name])]


def _of_priors(a: Side, b: Side) -> Iterator[Cause]:
    """The priors, the fixed parameters, and all else in the scenario's files that changes a number."""
    for name in changed_priors(a.scenario.priors, b.scenario.priors):
        before, after = (_quantiles(side.scenario.priors[name]) for side in (a, b))
        yield Cause(f"priors/{name}", f"The prior {name}: {before} before, now {after}")
    for name in sorted(a.fixed.keys() | b.fixed.keys()):
        if a.fixed.get(name) != b.fixed.get(name):
            now = f"fixed at {b.fixed[name]:g}" if name in b.fixed else "no longer fixed"
            yield Cause(f"priors/fix {name}", f"The parameter {name}: {now}")
    if structure_of(a.scenario) != structure_of(b.scenario):
        yield Cause(FILES, "Other parts of the scenario's files")


def _quantiles(prior: Prior) -> str:
    return " / ".join(f"{value:.3g}" for value in prior.quantiles())


def structure_of(scenario: Scenario) -> Any:
    """Everything in a scenario's files that changes a number, but for priors that both runs can have, and evidence."""
    names = [field.name for part in (Question, Beliefs) for field in fields(part) if field.name != "priors"]
    return {
        **{name: _plain(getattr(scenario, name)) for name in names},
        "names": sorted(scenario.priors),
        "base_rates": _plain(scenario.base_rates),
        "systematic": streams_of(scenario.chronology),
    }


def _plain(value: Any) -> Any:
    """A value without its words, made of parts that can be compared."""
    if isinstance(value, BaseModel):
        return _plain({name: getattr(value, name) for name in type(value).model_fields})
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key not in WORDS_ONLY}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def _of_perspectives(a: Side, b: Side) -> Iterator[Cause]:
    """The weights of the members, the premises of each, and whether the series count."""
    if a.weights != b.weights:
        same = a.weights.keys() == b.weights.keys()
        weights = ", ".join(f"{name} {float(weight):g}" for name, weight in b.weights.items())
        yield Cause(WEIGHTS, f"{'Weights' if same else 'Choice'} of the perspectives: now {weights}")
    edited = set(changed_priors(a.scenario.priors, b.scenario.priors))
    for name in b.members:
        if name in a.members and (own := premises_changed(a, b, name, edited)):
            yield Cause(f"perspectives/of {name}", f"Premises of {name}: {listed(own[:3])}{' ...' * (len(own) > 3)}")
    if a.prior_only != b.prior_only:
        yield Cause(PRIOR_ONLY, "The series are left out" if b.prior_only else "The series count")


def premises_changed(a: Side, b: Side, member: str, edited: set[str]) -> list[str]:
    """Priors that differ for a member although the base premises agree about them."""
    if len(b.members) == 1:
        return []
    changed = changed_priors(a.members[member].priors, b.members[member].priors)
    return [name for name in changed if name not in edited]


def _of_draws(a: Side, b: Side) -> Iterator[Cause]:
    """The numbers that only bear on the simulation's error."""
    if a.sampler != b.sampler:
        yield Cause(SAMPLER, "Settings of the sampler")
    if a.draw_seed != b.draw_seed:
        yield Cause(DRAW_SEED, f"Other draws from the priors (seed {b.draw_seed})")
    if a.timelines != b.timelines:
        yield Cause(TIMELINES, f"{b.timelines:,} timelines in place of {a.timelines:,}")
    if a.seed != b.seed:
        yield Cause(SEED, f"Other random numbers (seed {b.seed})")
