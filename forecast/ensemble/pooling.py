"""The pool of members: their timelines in one table, and their weights updated by their log predictive densities.

    w_m' ~ w_m exp(temper sum log density_m), then none below the floor

with the log predictive density of each period given all before it (Dawid's prequential principle), on a declared set
that every member has a density for. The odds use the declared weights; the updated ones are reported too.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecast.outcomes.clustering import MEMBER
from forecast.scenario.members import Pool

Densities = Mapping[str, Sequence[tuple[date, float]]]
"""By item of the common set: the last day of each period, and the log predictive density of what happened in it."""


def updated_weights(pool: Pool, densities: Mapping[str, Densities]) -> dict[str, float]:
    """The weights of the members after the periods since the reference date; without one, the declared weights.

    Args:
        pool: members, declared weights, temper, floor and common set.
        densities: of each member, by name; of the same periods for all. Items outside the common set are left out.

    Returns:
        by member in the order of the pool, adding up to 1.

    Raises:
        ValueError: members whose densities are of unlike periods.
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
    """Which periods a member has densities of, by item."""
    return [(item, day) for item in pool.common for day, _ in densities.get(item, ())]


def floored(weights: Mapping[str, float], floor: float) -> dict[str, float]:
    """Weights that add up to 1, none below the floor.

    Those below it are raised to it, and the others scaled down in proportion to make room; again, until none is below.

    Args:
        weights: by member, none below 0, not all 0.
        floor: less than one over their number.
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
    """Tables of members as one, with the column `perspective`; timelines, if any, are numbered from 0.

    Args:
        tables: by member, in their order.
    """
    table = pd.concat(tables.values(), ignore_index=True)
    sizes = [len(own) for own in tables.values()]
    names = pd.Index(list(tables), dtype=object)
    member = pd.Categorical.from_codes(np.repeat(np.arange(len(sizes)), sizes), categories=names)
    table.insert(0, MEMBER, pd.Series(member, table.index))
    if "timeline" in table:
        table["timeline"] = np.arange(len(table))
    return table
