"""Shares of a variance by sets of inputs, from pairs of evaluations between which one set is exchanged (pick-freeze).

A function f has independent sets of inputs. Two independent samples of all inputs, A and B, are exchanged set by set:
A_g is A with the set g of B, and B_g is B with the set g of A. With V the variance of f,

    first order   S = Var(E[f | g]) / V           the part of V that would vanish if the set alone were known
    total order   T = E[Var(f | all others)] / V  the part of V that would be left if all other sets were known

The estimators are those of Azzini, Mara and Rosati (2021), with sums over pairs of samples:

    S = 2 sum (f_Bg - f_B) (f_A - f_Ag) / sum [(f_A - f_B)^2 + (f_Bg - f_Ag)^2]
    T = sum [(f_B - f_Bg)^2 + (f_A - f_Ag)^2] / sum [(f_A - f_B)^2 + (f_Bg - f_Ag)^2]

A set without any effect has shares of exactly 0, and the set of all inputs exactly 1. The total is Jansen's (1999), on
both sides of the exchange. Several sets of the same function may be divided by the mean of their sums (`mean_scale`),
which estimates the variance more precisely where it is small.

**Noise.** If f is a probability that is estimated from simulations, every product above would count the noise as well.
Each f is therefore estimated twice, with two independent seeds, and a product takes one factor from each
(`noise_free`). The noise of two factors is then independent, so that the products are unbiased for those of the
probabilities themselves. Within a seed all four evaluations use the same random numbers, so most of the noise cancels
from the differences.

Standard errors are those of a bootstrap over pairs.

I. Azzini, T. A. Mara and R. Rosati, Environmental Modelling & Software 144, 105167 (2021);
M. J. W. Jansen, Computer Physics Communications 117, 35-43 (1999);
A. Janon et al., ESAIM: Probability and Statistics 18, 342-364 (2014), for pick-freeze with noisy functions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array

RESAMPLES = 400
"""Resamples of a bootstrap."""

Product = Callable[[Array, Array], Array]
"""Product of two differences: from two arrays with pairs along the first axis to one number for each pair."""


@dataclass(frozen=True)
class Terms:
    """The terms of an estimate, one for each pair.

    Attributes:
        first: (n,) terms of the first-order share.
        total: (n,) terms of the total-order share.
        scale: (n,) terms of four times the variance, by which both are divided.
    """

    first: Array
    total: Array
    scale: Array


@dataclass(frozen=True)
class Share:
    """The share of a variance that a set of inputs has; NaN if the variance is estimated as 0.

    Attributes:
        first: first-order share. An estimate may be slightly below 0.
        first_error: its standard error.
        total: total-order share.
        total_error: its standard error.
    """

    first: float
    first_error: float
    total: float
    total_error: float


def terms(a: Array, b: Array, a_exchanged: Array, b_exchanged: Array, product: Product = np.multiply) -> Terms:
    """The terms of an estimate, from the values of f.

    Args:
        a: values in the sample A, pairs along the first axis.
        b: values in the sample B.
        a_exchanged: values in A with the set of B.
        b_exchanged: values in B with the set of A.
        product: product of differences; by default that of exact values, (n,) each.
    """
    a_moved, b_moved, across, back = a - a_exchanged, b - b_exchanged, a - b, b_exchanged - a_exchanged
    return Terms(
        first=-2.0 * product(b_moved, a_moved),
        total=product(b_moved, b_moved) + product(a_moved, a_moved),
        scale=product(across, across) + product(back, back),
    )


def noise_free(x: Array, y: Array) -> Array:
    """Product of the means over replicates of two differences, each factor with another seed; both ways are averaged.

    Args:
        x: (n, 2, m) differences by pair, seed and replicate.
        y: (n, 2, m)

    Returns:
        (n,)
    """
    x, y = x.mean(axis=2), y.mean(axis=2)
    return np.asarray((x[:, 0] * y[:, 1] + x[:, 1] * y[:, 0]) / 2.0)


def single(x: Array, y: Array) -> Array:
    """Mean over seeds and replicates of the product of two differences: each timeline counts, with its noise.

    Args:
        x: (n, 2, m) differences by pair, seed and replicate.
        y: (n, 2, m)

    Returns:
        (n,)
    """
    return np.asarray((x * y).mean(axis=(1, 2)))


def resamples(pairs: int, seed: int) -> Array:
    """How often each resample of a bootstrap takes each pair; shape (RESAMPLES, pairs)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(pairs, np.full(pairs, 1.0 / pairs), size=RESAMPLES).astype(float)


def mean_scale(sets: Sequence[Terms]) -> Array:
    """The mean over sets of the terms of the variance; shape (n,)."""
    return np.asarray(np.mean([each.scale for each in sets], axis=0))


def share(of: Terms, weights: Array, scale: Array | None = None) -> Share:
    """The share of a set, with bootstrap errors.

    Args:
        of: its terms.
        weights: from `resamples`.
        scale: (n,) terms of the variance, from `mean_scale`; by default those of the set alone.
    """
    scale = of.scale if scale is None else scale
    return Share(*ratio(of.first, scale, weights), *ratio(of.total, scale, weights))


def ratio(numerator: Array, denominator: Array, weights: Array) -> tuple[float, float]:
    """The ratio of two sums over pairs and its bootstrap error; NaN if the denominator is not positive."""
    if denominator.sum() <= 0.0:
        return np.nan, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (weights @ numerator) / (weights @ denominator)
    return float(numerator.sum() / denominator.sum()), float(found[np.isfinite(found)].std(ddof=1))
