"""The effect of each premise on the odds: switched off, with the same draws and random numbers.

A premise is switched off by setting every parameter whose prior cites it to a neutral value, `without`. An issue rests
on the premise that puts it on the agenda: without the premise, no party gives the issue any weight. The timelines of
both simulations are pairs with the same draw, replicate and random numbers. So the difference of their odds has a much
smaller error than either of the odds. The error is clustered by draw, as the error of the odds is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import Posterior, fix_parameters
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.request import SEED, TIMELINES
from forecast.ensemble.simulated import USED_DRAWS, simulate
from forecast.outcomes.paired import differences
from forecast.scenario.spec import Scenario

NO_WEIGHT = -20.0
"""Log weight of an issue to which no party gives any weight."""

ROWS = ("parties.position.", "parties.salience.", "settlements.terms.")
"""Beginnings of the names of priors about an issue; these priors rest on the issue's premises."""

CLEAR_ABOVE = 2.0
"""Number of paired standard errors that a difference must exceed to count as clear."""


@dataclass(frozen=True)
class Effect:
    """The effect of switching a premise off.

    Attributes:
        premise: its id.
        entries: names of the priors that were switched off.
        difference: change of the odds, by outcome: without the premise less with it.
        error: paired standard error of each change.
        changed: share of timelines with any change in their row of the table.
        endings: share of timelines with another ending.
    """

    premise: str
    entries: tuple[str, ...]
    difference: dict[str, float]
    error: dict[str, float]
    changed: float
    endings: float

    @property
    def clear(self) -> bool:
        """Whether one of the odds moves by more than `CLEAR_ABOVE` paired errors."""
        return any(abs(self.difference[h]) > CLEAR_ABOVE * self.error[h] for h in HEADLINES)


def switched_off(scenario: Scenario, premise: str) -> dict[str, float]:
    """The neutral value of each parameter that rests on a premise, by name; in the order of the priors.

    Args:
        scenario: the scenario.
        premise: id of a premise.

    Raises:
        KeyError: the scenario has no such premise.
    """
    if premise not in scenario.premises:
        raise KeyError(premise)
    agenda = {issue.id for issue in scenario.issues if premise in issue.premises}
    values = {}
    for name, prior in scenario.priors.items():
        if name.startswith(ROWS) and name.rsplit(".", 1)[-1] in agenda:
            if name.startswith("parties.salience."):
                values[name] = NO_WEIGHT
        elif premise in prior.premises:
            values[name] = prior.without
    return values


def effects(
    scenario: Scenario,
    posterior: Posterior,
    premises: Sequence[str] | None = None,
    *,
    timelines: int = TIMELINES,
    seed: int = SEED,
    threads: int | None = None,
) -> list[Effect]:
    """The effect of switching each premise off, in the order of the premises.

    Args:
        scenario: the scenario.
        posterior: from `update`.
        premises: ids; by default all premises of the scenario.
        timelines: number of timelines in each simulation.
        seed: seed of the random numbers.
        threads: number of threads; does not change the results.
    """
    size: dict[str, Any] = {"timelines": timelines, "seed": seed, "threads": threads, "draws": USED_DRAWS}
    base = simulate(scenario, posterior, **size).timelines
    found = []
    for premise in scenario.premises if premises is None else premises:
        values = switched_off(scenario, premise)
        without = fix_parameters(posterior, values)
        table = simulate(scenario, without, **size).timelines
        found.append(compare(premise, tuple(values), base, table))
    return found


def compare(premise: str, entries: tuple[str, ...], base: pd.DataFrame, without: pd.DataFrame) -> Effect:
    """The difference between two simulations of the same cells.

    Args:
        premise: id of the premise.
        entries: names of the priors that were switched off.
        base: timelines with the premise.
        without: the same timelines without it.
    """
    difference, error = differences(base, without)
    return Effect(
        premise,
        entries,
        difference,
        error,
        float(differs(base, without).mean()),
        float((base["ending"].to_numpy() != without["ending"].to_numpy()).mean()),
    )


def differs(base: pd.DataFrame, without: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether each row differs between two tables of the same timelines; missing values count as equal; shape (n,)."""
    rows = np.zeros(len(base), dtype=bool)
    for column in base.columns:
        a, b = base[column], without[column]
        rows |= ~((a == b) | (a.isna() & b.isna())).to_numpy(bool)
    return rows
