"""The priors on which the odds depend: the effect of each parameter, the others fixed, fitted to a run's draws.

Priors are correlated, so odds that move with a number need not be moved by it. The shares of each draw's timelines
are therefore regressed on many numbers jointly, as normal scores, by least squares: on those that the odds move with
most, and on every prior that the scenario's correlations tie to one of them. An effect is what the fit says of a
number's way from its 10th to its 90th percentile, the others fixed. It is linear in the scores and fitted to this
run's draws; runs that fix the parameter (`--fix`) show the same without a fit.

The share of the uncertainty that a prior holds is a first-order share of the variance between draws: the part of it
that a quadratic in the prior's normal score explains, with the noise of finitely many timelines taken out of the
variance, and corrected for what a quadratic explains by chance. It counts for a prior what goes with its correlates
too. `forecast.sweep.groups` estimates such shares for groups, from simulations made for it.
"""

import numpy as np
import pandas as pd
from scipy import special

from forecast.arrays import Array
from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.conditions import Timelines
from forecast.scenario.spec import Scenario

LOW, HIGH = 0.1, 0.9
"""The quantiles that an effect leads from and to."""

SPAN = float(special.ndtri(HIGH) - special.ndtri(LOW))
"""The distance between them, in normal scores."""

CANDIDATES = 20
"""Parameters with the closest relation to the odds; they and their correlates are fitted jointly."""

MOST = 5
"""Draws that there must be for each number fitted; with fewer, fewer numbers are candidates."""

FEWEST = 50
"""Draws below which nothing is fitted."""

NAMED_ABOVE = 4.0
"""Standard errors that an effect must exceed to be named: it was selected among several hundred priors by what it does
in these very draws, and by chance alone some of those exceed three."""

COLUMNS = [
    *("name", "low", "high"),
    *(f"{h}{what}" for what in ("", "_error", "_share", "_share_error") for h in HEADLINES),
    *("largest", "sureness"),
]


def influence(timelines: Timelines, draws: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """The change of the odds as a parameter goes from its 10th to its 90th percentile, the others fixed.

    As fitted to this run's draws, jointly and by least squares: see the module.

    Args:
        timelines: of one run.
        draws: its draws; the index has their numbers.
        scenario: for the priors and their correlations.

    Returns:
        A row for each prior fitted, largest effect first: `name`, `low` and `high` (its 10 and 90% quantiles over the
        draws used, in its unit), for each of the headline odds the difference in probability (`battlefield`, ...) and
        its standard error (`battlefield_error`, ...), the share of the variance of these odds between draws that it
        holds alone (`battlefield_share`, ...) with its standard error, `largest`, the largest difference in absolute
        value, and `sureness`, the most standard errors that one of them is from 0. Empty with fewer than `FEWEST`
        draws.
    """
    shares, sizes = shares_of_draws(timelines)
    if len(shares) < FEWEST:
        return pd.DataFrame(columns=COLUMNS)
    p = shares.to_numpy()
    used = draws.loc[shares.index]
    values = used[list(scenario.priors)].to_numpy()
    varied = (values != values[0]).any(axis=0)
    names = [name for name, varies in zip(scenario.priors, varied, strict=True) if varies]
    scores = normal_scores(values[:, varied])
    chosen = candidates(names, scores, p, scenario)
    effect, error = (SPAN * x for x in partial(scores[:, chosen], p))
    held, held_error = first_order(scores[:, chosen], p, variance_between(p, sizes))
    rows = []
    for k, column in enumerate(chosen):
        low, high = used[names[column]].quantile([LOW, HIGH])
        rows.append(
            {"name": names[column], "low": float(low), "high": float(high)}
            | {h: float(effect[k, i]) for i, h in enumerate(HEADLINES)}
            | {f"{h}_error": float(error[k, i]) for i, h in enumerate(HEADLINES)}
            | {f"{h}_share": float(held[k, i]) for i, h in enumerate(HEADLINES)}
            | {f"{h}_share_error": float(held_error[k, i]) for i, h in enumerate(HEADLINES)}
            | {"largest": float(np.abs(effect[k]).max()), "sureness": sureness(effect[k], error[k])}
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("largest", ascending=False, ignore_index=True, kind="stable")


def shares_of_draws(timelines: Timelines) -> tuple[pd.DataFrame, Array]:
    """Share of each draw's timelines with each of `HEADLINES`, indexed by the draw's number, and their counts."""
    drawn, place = np.unique(timelines["draw"].to_numpy(), return_inverse=True)
    kinds = len(HEADLINES)
    kind = pd.Categorical(timelines["headline"], categories=list(HEADLINES)).codes
    counts = np.bincount(kinds * place + kind, minlength=kinds * len(drawn)).reshape(-1, kinds).astype(float)
    sizes = counts.sum(axis=1)
    return pd.DataFrame(counts / sizes[:, None], index=drawn, columns=list(HEADLINES)), sizes


def variance_between(p: Array, sizes: Array) -> Array:
    """(k,) variance of each column's probability between draws, the noise of their timelines removed; at least 0.

    Args:
        p: (draws, k) shares of each draw's timelines.
        sizes: (draws,) number of timelines of each draw.
    """
    noise = (p * (1.0 - p) / np.maximum(sizes - 1.0, 1.0)[:, None]).mean(axis=0)
    return np.asarray(np.maximum(p.var(axis=0, ddof=1) - noise, 0.0))


def first_order(scores: Array, p: Array, between: Array) -> tuple[Array, Array]:
    """Share of the variance between draws that a quadratic in each score explains, and its standard error.

    Args:
        scores: (draws, n) normal scores.
        p: (draws, k) shares of each draw's timelines.
        between: (k,) the variance between draws.

    Returns:
        (n, k) shares, from 0 to 1, and (n, k) standard errors, those of a squared correlation in a normal sample.
    """
    draws = len(p)
    total = p.var(axis=0)
    shares, errors = np.zeros((2, scores.shape[1], p.shape[1]))
    for k in range(scores.shape[1]):
        x = np.column_stack([scores[:, k], scores[:, k] ** 2 - 1.0])
        x -= x.mean(axis=0)
        fitted = x @ np.linalg.lstsq(x, p - p.mean(axis=0), rcond=None)[0]
        explained = np.divide(fitted.var(axis=0), total, out=np.zeros_like(total), where=total > 0.0)
        adjusted = np.clip(1.0 - (1.0 - explained) * (draws - 1.0) / (draws - 3.0), 0.0, 1.0)
        scale = np.divide(total, between, out=np.zeros_like(total), where=between > 0.0)
        shares[k] = np.minimum(adjusted * scale, 1.0)
        errors[k] = 2.0 * np.sqrt(adjusted / draws) * (1.0 - adjusted) * scale
    return shares, errors


def normal_scores(values: Array) -> Array:
    """Ranks of every column as normal scores of mean 0 and variance 1: held or edited priors need no other."""
    ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    scores = special.ndtri((ranks + 0.5) / len(values))
    standard: Array = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    return standard


def scores_of(draws: pd.DataFrame) -> pd.DataFrame:
    """Normal scores of the columns that vary, with the same index."""
    values = draws.to_numpy(float)
    varying = (values != values[0]).any(axis=0)
    return pd.DataFrame(normal_scores(values[:, varying]), index=draws.index, columns=draws.columns[varying])


def candidates(names: list[str], scores: Array, p: Array, scenario: Scenario) -> list[int]:
    """Columns that the odds move with most, and every one that is correlated with one of those, in their order."""
    centred = p - p.mean(axis=0)
    spread = centred.std(axis=0)
    rho = scores.T @ np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0) / len(p)
    t = np.abs(rho) / np.sqrt(np.maximum(1.0 - rho**2, 1e-12) / (len(p) - 2))
    most = min(CANDIDATES, len(p) // (2 * MOST))
    chosen = {names[k] for k in np.argsort(-t.max(axis=1), kind="stable")[:most]}
    tied = {pair.second for pair in scenario.correlations if pair.first in chosen}
    tied |= {pair.first for pair in scenario.correlations if pair.second in chosen}
    return [k for k, name in enumerate(names) if name in chosen | tied]


def partial(scores: Array, p: Array) -> tuple[Array, Array]:
    """Coefficients of a joint least-squares fit of each column of `p` on all of `scores`, and their standard errors."""
    x = np.column_stack([np.ones(len(scores)), scores])
    inverse = np.linalg.pinv(x.T @ x)
    coefficients = inverse @ x.T @ p
    residual = p - x @ coefficients
    variance = (residual**2).sum(axis=0) / max(len(x) - x.shape[1], 1)
    error = np.sqrt(np.outer(np.diag(inverse), variance))
    return coefficients[1:], error[1:]


def sureness(difference: Array, error: Array) -> float:
    """The most standard errors that one of several differences is from 0; one without an error counts for nothing."""
    return float(np.max(np.divide(np.abs(difference), error, out=np.zeros_like(error), where=error > 0)))
