"""The outputs of a sweep of a saved run: outcomes, endings and events, and the members that can answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.encoding.timeline_table import HEADLINES, data_dictionary
from forecast.ensemble.base_rates import ANSWERED
from forecast.errors import InputError
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.condition_text import similar
from forecast.outcomes.conditions import Condition, Timelines, equals, flag
from forecast.outcomes.shares import EVENT_NAMES, events, followed, label
from forecast.scenario.party_names import ROLES
from forecast.store.run_folder import Run
from forecast.timeline.codes import PARTIES

FLAGS = ("talks_alive", "engaged")
"""Flags that may be an output, as well as the dates."""


@dataclass(frozen=True)
class Output:
    """Something that happens in a timeline or does not.

    Attributes:
        name: as the user gives it.
        label: in readers' words.
        column: the column of the table that it is read from.
        event: from timelines to booleans.
    """

    name: str
    label: str
    column: str
    event: Condition


@dataclass(frozen=True)
class Member:
    """A member of a pool, or a single perspective.

    Attributes:
        name: its name.
        weight: in the pool; 1 for a single perspective.
        rows: (n,) true for its timelines.
    """

    name: str
    weight: float
    rows: NDArray[np.bool_]


def outputs_of(timelines: Timelines, name: str | None = None, key: str = "--output") -> list[Output]:
    """The output of a name; without one, the three outcomes.

    Args:
        timelines: the table.
        name: an outcome, an ending, a recorded event, or a flag at the end.
        key: the option that errors name.

    Raises:
        InputError: there is no such output.
    """
    outcomes = [Output(kind, label("odds", kind), "headline", equals("headline", kind)) for kind in HEADLINES]
    if name is None:
        return outcomes
    known = {output.name: output for output in outcomes}
    for ending in timelines["ending"].cat.categories:
        known.setdefault(ending, Output(ending, label("endings", ending), "ending", equals("ending", ending)))
    words, columns = meanings(timelines), {event: column for column, event in EVENT_NAMES.items()}
    for event, condition in events(timelines).items():
        column = columns.get(event, event)
        for called in (column, event):
            known.setdefault(called, Output(called, words.get(column, column), column, condition))
    for column in (flagged for flagged in FLAGS if flagged in timelines):
        known.setdefault(column, Output(column, words[column], column, flag(column)))
    if name not in known:
        what = f"found {name!r}; expected an outcome ({', '.join(HEADLINES)}), an ending or an event"
        raise InputError(f"{what}{similar(name, known)}", key=key)
    return [known[name]]


def meanings(timelines: Timelines) -> dict[str, str]:
    """The meaning of each column, by name, for readers."""
    known = {name: meaning.split(", empty if")[0] for name, _, meaning in data_dictionary(ROLES)}
    for name in timelines.columns:
        begin, _, end = str(name).rpartition("_")
        for shape in ("party", "region"):
            meaning = known.get(f"{begin}_<{shape}>")
            if name not in known and meaning and (shape == "region" or end in PARTIES):
                known[str(name)] = f"{end}: {meaning}"
    return {str(name): known[str(name)] for name in timelines.columns if name in known}


def members_of(run: Run) -> list[Member]:
    """The members of a run's pool with their weights; of a single perspective, one of weight 1."""
    timelines, weights = run.timelines, run.weights
    if weights is None:
        return [Member(str(run.manifest["settings"]["perspective"]), 1.0, np.ones(len(timelines), bool))]
    member = timelines[MEMBER].astype(str).to_numpy()
    return [Member(name, weight, member == name) for name, weight in weights.items()]


def lacks(member: Member, timelines: Timelines, columns: Iterable[str]) -> list[str]:
    """The columns among some that a member leaves empty because it does not simulate week by week."""
    if followed(timelines)[member.rows].any():
        return []
    return [name for name in columns if name not in (*ANSWERED, MEMBER)]


def timeline_weights(members: Iterable[Member], number: int) -> Array:
    """(n,) weight of each timeline in the mixture of some members; 0 for those of others. The sum is 1.

    Args:
        members: the members kept.
        number: of timelines in the table.
    """
    kept = list(members)
    total = sum(member.weight for member in kept)
    weights = np.zeros(number)
    for member in kept:
        weights[member.rows] = member.weight / total / max(int(member.rows.sum()), 1)
    return weights


def about_run(run: Run) -> dict[str, Any]:
    """The facts of a run that the result of each sweep of it has."""
    summary, settings = run.summary, run.manifest["settings"]
    return {
        "run": run.id,
        "scenario": summary["scenario"],
        "perspective": settings["perspective"],
        "as_of": summary["as_of"],
        "replayed": False,
        "timelines": summary["timelines"],
        "seed": settings["seed"],
    }
