"""How an input is moved to a value: alone, or with its declared correlates; and the range of an input.

In the Gaussian copula of `correlations.toml` the score of a correlate given the score z of an input is, in each draw,

    s' = s + rho (z - s_input)

so the correlate keeps the part of its uncertainty that the input does not share. Where the evidence updates the
correlate and not the input, rho is replaced by the slope of the regression of the one on the other over the draws.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import special

from forecast.arrays import Array
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.inputs import Input
from forecast.sweep.subject import Subject

LOW, HIGH = 0.05, 0.95
"""The quantiles between which an input is moved."""


def quantiles(subject: Subject, one: Input, probabilities: Sequence[float]) -> list[float]:
    """Quantiles of an input on the as-of date, in its unit: over the draws of all members by their weights.

    An input that varies by timeline has the quantiles of its prior.
    """
    name, first = one.columns[0], subject.members[0].engine
    if name in first.posterior.redrawn:
        marginal = first.scenario.priors[name].marginal
        return [float(marginal.quantile(special.ndtri(p))) for p in probabilities]
    parts = [member.engine.own.values[:, member.engine.place[name]] for member in subject.members]
    if len(parts) == 1:
        return [float(q) for q in np.quantile(parts[0], probabilities)]
    masses = [np.full(len(p), m.weight / len(p)) for p, m in zip(parts, subject.members, strict=True)]
    values, weights = np.concatenate(parts), np.concatenate(masses)
    return [float(q) for q in np.quantile(values, probabilities, weights=weights, method="inverted_cdf")]


def alone(one: Input, value: float) -> Cell:
    """The cell in which an input has a value in all draws, and all others stay as they are."""
    return Cell(dict.fromkeys(one.columns, value))


def correlates(engine: Engine, one: Input) -> dict[str, float]:
    """The declared correlates of an input that vary by draw, with their correlation."""
    scenario, name = engine.scenario, one.columns[0]
    found = {}
    for pair in scenario.correlations:
        if name in (pair.first, pair.second):
            other = pair.second if name == pair.first else pair.first
            if other not in engine.posterior.redrawn and other not in engine.posterior.fixed:
                found[other] = pair.rho
    return found


def along(engine: Engine, one: Input, value: float, alias: Mapping[str, str]) -> Cell:
    """The cell in which an input has a value, and its declared correlates move along.

    Args:
        engine: of the member.
        one: a parameter that varies by draw.
        value: in its unit.
        alias: the level that goes with each parameter that is the start of one.
    """
    priors, posterior = engine.scenario.priors, engine.posterior
    name = one.columns[0]
    own = _scores(engine, name)
    shift = float(priors[name].marginal.score(value)) - own
    moves: dict[str, float | Array] = dict.fromkeys(one.columns, value)
    for other, rho in correlates(engine, one).items():
        scores = _scores(engine, other)
        slope = rho
        if other in posterior.block_scores and name not in posterior.block_scores:
            slope = float(np.cov(own, scores)[0, 1] / own.var(ddof=1))
        moved = np.asarray(priors[other].marginal.quantile(scores + slope * shift))
        if priors[other].unit == "chance/year":
            moved = np.minimum(moved, np.nextafter(1.0, 0.0))
        moves[other] = moved
        if other in alias:
            moves[alias[other]] = moved
    return Cell(moves)


def _scores(engine: Engine, name: str) -> Array:
    """The normal scores of a parameter in the draws."""
    values = engine.column(name)
    with np.errstate(all="ignore"):
        found = engine.scenario.priors[name].marginal.score(values)
    return np.clip(found, -8.0, 8.0)
