"""Priors of the levels on the new reference date that no series measures: quantiles of the replayed posterior.

A level that a series measures, and that its block reads on both sides of the reference date, keeps its prior and learns
from the series carried on. Taking its posterior as a prior would count that series twice. Political capital takes its
posterior: its block reads polls from the reference date on alone, so no poll counts twice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from forecast.arrays import Array
from forecast.replay.starting_points import Start
from forecast.scenario.elicit import fit_quantiles
from forecast.scenario.families import C95
from forecast.scenario.prior import Prior
from forecast.scenario.reader import LARGEST, REACH
from forecast.scenario.spec import Scenario

LEVELS: Final = {
    "front.adequacy_start": "adequacy",
    "front.pocket_start": "pocket",
    "moscow.strain_start": "strain",
    "washington.capital_start": "capital",
    "washington.attention_start": "attention",
    "washington.stock_start": "stock",
    "hawks.hawks_start": "hawks",
    "europe.obstruction_start": "obstruction",
    "kyiv.instability_start": "instability",
}
"""The prior of each level on the reference date, and its field of the state."""

PROBABILITIES: Final = (0.05, 0.5, 0.95)

LEAST_SPREAD: Final = 1e-3
"""Distance of the outer quantiles, relative to the median, below which a level counts as known."""

LEAST_PART: Final = 0.02
"""Least distance of two quantiles, or of one and the support's end, as a part of the outer quantiles' distance."""

DIGITS: Final = 4
"""Significant digits of the quantiles that are written."""


@dataclass(frozen=True)
class StartingLevel:
    """A prior that starts from the replayed posterior.

    Attributes:
        prior: its dotted name.
        quantiles: 5, 50 and 95% quantiles of the replayed level, in the prior's unit.
        fitted: the keys that give the new distribution in the scenario's file.
    """

    prior: str
    quantiles: tuple[float, float, float]
    fitted: dict[str, Any]


def state_weights(start: Start) -> Array:
    """Give the weight of each starting state, (states,): they add up to 1."""
    weights = np.zeros(len(start.states))
    replicates = start.share.shape[1]
    for offset in range(replicates):
        np.add.at(weights, start.first + offset, start.share[:, offset])
    return weights / weights.sum()


def weighted_quantiles(values: Array, weights: Array, at: Sequence[float] = PROBABILITIES) -> tuple[float, ...]:
    """Give quantiles of weighted values: the least value by which the weights reach each probability."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, np.asarray(at) * reached[-1])
    return tuple(float(values[order][min(place, len(order) - 1)]) for place in places)


def measured_starts(scenario: Scenario) -> tuple[str, ...]:
    """Give the starts that a series measures before the reference date, which keep their priors."""
    roles = scenario.series
    return ("kyiv.instability_start",) if any((roles.concessions, roles.trust, roles.desertion)) else ()


def starting_levels(scenario: Scenario, start: Start, pocket_lost: bool) -> list[StartingLevel]:
    """Give the priors of all levels that start from the replayed posterior, regions included.

    Args:
        scenario: the scenario that is rolled on.
        start: the starting points on the day up to which it was replayed.
        pocket_lost: by the record, Kyiv holds none of Moscow's ground any more.
    """
    weights = state_weights(start)
    kept = measured_starts(scenario)
    values = {name: np.asarray(start.states[state], float) for name, state in LEVELS.items() if name not in kept}
    for number, region in enumerate(scenario.regions):
        values[f"front.held.{region.id}"] = np.asarray(start.states["held"], float)[:, number]
    if pocket_lost:
        values["front.pocket_start"] = np.zeros(len(weights))
    found = []
    for name, level in values.items():
        low, middle, high = weighted_quantiles(level, weights)
        found.append(StartingLevel(name, (low, middle, high), fitted(scenario.priors[name], (low, middle, high))))
    return found


def fitted(prior: Prior, quantiles: tuple[float, float, float]) -> dict[str, Any]:
    """Give the keys of an entry with these quantiles.

    A normal prior stays normal: a fit of evidence compiled for one family serves it then. A level that is known is a
    point. Quantiles that touch each other or the end of the support are moved apart.

    Args:
        prior: the prior before, for its support and its family.
        quantiles: 5, 50 and 95% quantiles.
    """
    low, middle, high = quantiles
    if high - low <= LEAST_SPREAD * max(1.0, abs(middle)):
        return {
            "distribution": {"family": "point", "value": _rounded(min(max(middle, prior.support[0]), prior.support[1]))}
        }
    if prior.marginal.family == "normal" and all(map(math.isinf, prior.support)):
        return {
            "distribution": {"family": "normal", "mean": _rounded(middle), "sd": _rounded((high - low) / (2.0 * C95))}
        }
    part = LEAST_PART
    while True:
        apart = _apart(quantiles, prior.support, part)
        if _computable(apart, prior.support) or part > 0.3:
            return {"quantiles": list(apart)}
        part *= 2.0


def _apart(
    quantiles: tuple[float, float, float], support: tuple[float, float], part: float
) -> tuple[float, float, float]:
    """Move quantiles apart, and away from the ends of the support."""
    low, middle, high = quantiles
    width = high - low
    least = part * width
    if math.isfinite(support[0]):
        low = max(low, support[0] + least)
    if math.isfinite(support[1]):
        high = min(high, support[1] - least)
    middle = min(max(middle, low + least), high - least)
    return _rounded(low), _rounded(middle), _rounded(high)


def _computable(quantiles: tuple[float, float, float], support: tuple[float, float]) -> bool:
    """Whether quantiles can be fitted, and the outermost draws computed with."""
    try:
        marginal = fit_quantiles(*quantiles, *support)
    except (ValueError, ArithmeticError):
        return False
    with np.errstate(all="ignore"):
        ends = [float(marginal.quantile(np.asarray(z))) for z in (-REACH, REACH)]
    return all(math.isfinite(number) for number in marginal.args) and all(abs(end) <= LARGEST for end in ends)


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}") + 0.0
