"""`[start]` of the next scenario: recorded states by the record, all other states by the replayed posterior."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.evidence.chronology import Chronology
from forecast.evidence.states import STATES
from forecast.replay.starting_points import Start
from forecast.roll.starting_levels import state_weights
from forecast.scenario.records import LEADERS
from forecast.scenario.spec import Scenario

FLAGS = {
    "martial_law": "martial_law",
    "legitimate": "legitimate",
    "lapsed": "lapsed",
    "elected": "elected",
    "mobilised": "mobilised",
    "draft_failed": "draft_failed",
    "home_shock": "home_shock",
    "troops_in": "troops_in",
}
"""Keys of `[start]` that are true or false and have no recorded state, and their field of the state."""

ALWAYS = ("martial_law", "legitimate", "lapsed")
"""The keys among them that every `[start]` has."""

NEVER_LESS = 0.0005
"""Amount below which a key is left out."""

HALF = 0.5

RARE = 0.005
"""Weight of replays up to which a flag counts as known to be false, or true."""


@dataclass(frozen=True)
class StartingRecord:
    """The table `[start]`, and what in it is uncertain.

    Attributes:
        values: its keys but for `source` and `reason`.
        uncertain: by key, the weight of the replays in which a flag is true, where that is neither 0 nor 1.
    """

    values: dict[str, Any]
    uncertain: Mapping[str, float]


def starting_record(scenario: Scenario, start: Start, reference: date) -> StartingRecord:
    """Give `[start]` of the next scenario.

    Args:
        scenario: the scenario that is rolled on.
        start: the starting points on the day up to which it was replayed.
        reference: the new reference date.
    """
    seen = scenario.chronology.as_of(reference)
    weights = state_weights(start)
    values = recorded_values(seen, reference)
    shares = {key: _mean(start, field, weights) for key, field in FLAGS.items()}
    values |= {key: share > HALF for key, share in shares.items() if key in ALWAYS or share > HALF}
    amounts = {
        "demands": _mean(start, "demands", weights),
        "stalled_weeks": _mean(start, "stall", weights),
        "engagement": _mean(start, "engagement", weights),
        "truce_weeks": _mean(start, "truce_age", weights) if values["truce"] == "general" else 0.0,
        "leaderless": _mean(start, "leaderless", weights),
    }
    values |= {key: round(amount, 3) for key, amount in amounts.items() if amount >= NEVER_LESS}
    if (since := weeks_since_pause(scenario, seen, reference)) is not None:
        values["weeks_since_pause"] = since
    leaders = np.bincount(np.asarray(start.states["leader"], int), weights, len(LEADERS))
    if (leader := int(leaders.argmax())) != 0:
        values["leader"] = LEADERS[leader]
    if failed := failures(scenario, start, weights):
        values["failed"] = failed
    substantial = np.asarray(start.states["substantial"], float).T @ weights
    if regions := [region.id for k, region in enumerate(scenario.regions) if substantial[k] > HALF]:
        values["substantial"] = regions
    uncertain = {key: share for key, share in shares.items() if RARE < share < 1.0 - RARE}
    return StartingRecord(values, uncertain)


def recorded_values(seen: Chronology, reference: date) -> dict[str, Any]:
    """Give the keys of `[start]` that the record has, as they stand at the end of the day before the reference date."""
    standing = seen.standing(reference)
    values: dict[str, Any] = {}
    for name, state in STATES.items():
        if not state.followed:
            flag = set(state.values) == {"flowing", "paused"} or set(state.values) == {"lifted", "stands"}
            values[state.kernel] = bool(state.code(standing[name])) if flag else standing[name]
    return values


def weeks_since_pause(scenario: Scenario, seen: Chronology, reference: date) -> float | None:
    """Give the weeks since Washington's arms were last paused, by the record; None if they never were.

    Without a pause in the record, a pause of the scenario's own `[start]` goes on counting.
    """
    arms = seen.states[seen.states["state"] == "arms"]
    if seen.standing(reference)["arms"] == "paused":
        return 0.0
    if not arms.empty:
        return _weeks(arms["observed"].iloc[-1].date(), reference)
    before = scenario.start.weeks_since_pause
    return None if before is None else round(before + _weeks(scenario.reference_date, reference), 2)


def failures(scenario: Scenario, start: Start, weights: Array) -> dict[str, float]:
    """Give the failures of each settlement that has any: halvings of the mean weight with which it is proposed."""
    kept = np.asarray(start.states["dampening"], float).T @ weights
    found = {
        deal.id: round(float(-np.log2(kept[k])), 2) for k, deal in enumerate(scenario.settlements) if kept[k] > 0.0
    }
    return {deal: count for deal, count in found.items() if count > 0.0}


def last_changes(seen: Chronology) -> dict[str, tuple[date, str]]:
    """Give the last change of each recorded state, by its id: its day and its value."""
    rows = zip(seen.states["state"], seen.states["observed"], seen.states["value"], strict=True)
    return {state: (pd.Timestamp(day).date(), value) for state, day, value in rows}


def _weeks(first: date, last: date) -> float:
    return round((last - first).days / 7.0, 2)


def _mean(start: Start, field: str, weights: Array) -> float:
    return float(np.asarray(start.states[field], float) @ weights)
