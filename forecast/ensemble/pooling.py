"""The pool of members: their timelines in one table, and their weights updated by their log predictive densities.

    w_m' ~ w_m exp(temper sum log density_m), then raised to the floor

The log predictive density of each period is given all periods before it (Dawid's prequential principle). It covers a
declared set of items, for which every member has a density. The odds use the declared weights; the updated weights are
only reported.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecast.outcomes.clustering import MEMBER
from forecast.scenario.members import Pool

Densities = Mapping[str, Sequence[tuple[date, float]]]
"""By item of the common set: the last day of each period, and the log predictive density of the item in it."""


def updated_weights(pool: Pool, densities: Mapping[str, Densities]) -> dict[str, float]:
    """Update the weights of the members by the periods since the reference date; without periods, they stay.

    Args:
        pool: members, declared weights, temper, floor and common set.
        densities: by member, for the same periods; items outside the common set are not used.

    Returns:
        By member in the order of the pool, adding up to 1.

    Raises:
        ValueError: members have densities of different periods.
    """
    periods = {name: _periods(pool, densities[name]) for name in pool.weights}
    first = next(iter(periods.values()))
    for name, found in periods.items():
        if found != first:
            raise ValueError(f"the densities of {name} are of other periods than those of {next(iter(periods))}")
    if not first:
        return pool.weights
    fit = {
        name: pool.temper * sum(density for item in pool.common for _, density in densities[name].get(item, ()))
        for name in pool.weights
    }
    best = max(fit.values())
    if best == -np.inf:  # every member gave the evidence probability 0
        return floored(pool.weights, pool.floor)
    raw = {name: weight * float(np.exp(fit[name] - best)) for name, weight in pool.weights.items()}
    return floored(raw, pool.floor)


def _periods(pool: Pool, densities: Densities) -> list[tuple[str, date]]:
    """The items and periods for which a member has densities."""
    return [(item, day) for item in pool.common for day, _ in densities.get(item, ())]


def floored(weights: Mapping[str, float], floor: float) -> dict[str, float]:
    """Normalise weights to a sum of 1 with none below the floor.

    Weights below the floor are raised to it, and the others are scaled down in proportion. This is repeated until no
    weight is below the floor.

    Args:
        weights: by member, none below 0, not all 0.
        floor: less than 1 divided by the number of members.
    """
    total = sum(weights.values())
    found = {name: weight / total for name, weight in weights.items()}
    raised: set[str] = set()
    while low := {name for name, weight in found.items() if weight < floor and name not in raised}:
        raised |= low
        rest = sum(found[name] for name in found if name not in raised)
        room = 1.0 - floor * len(raised)
        found = {name: floor if name in raised else weight * room / rest for name, weight in found.items()}
    return found


def pooled(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the tables of members, with the column `perspective`; a column of timelines is numbered from 0.

    Args:
        tables: by member, in their order.
    """
    parts, first = [], 0
    for name, own in tables.items():
        parts.append(part_of_pool(own, name, list(tables), first))
        first += len(own)
    return pd.concat(parts, ignore_index=True)


def part_of_pool(own: pd.DataFrame, name: str, members: Sequence[str], first: int) -> pd.DataFrame:
    """A member's table as a part of the pool's, with the column `perspective`; a column of timelines is renumbered.

    Args:
        own: the table.
        name: of the member.
        members: the names of all members, in their order.
        first: number of the table's first row in the pool's table.
    """
    table = own.copy(deep=False)
    code = np.full(len(own), list(members).index(name))
    member = pd.Categorical.from_codes(code, categories=pd.Index(list(members), dtype=object))
    table.insert(0, MEMBER, pd.Series(member, table.index))
    if "timeline" in table:
        table["timeline"] = first + np.arange(len(table))
    return table
