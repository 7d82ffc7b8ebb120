"""The distribution of the odds between draws, with the noise of finitely many timelines removed.

A draw of forty timelines shows a share in steps of 1/40, so the shares seen are spread wider than the probabilities
p_d behind them, and a small probability is mostly seen as 0. Their distribution g over draws is estimated by smoothing
by roughening (Laird and Louis, Computational Statistics & Data Analysis 12, 1991): start from a smooth g and take few
steps of the EM algorithm for the nonparametric maximum likelihood,

    g'(p) = g(p) mean over draws of  f(seen of d | p) / sum over q of g(q) f(seen of d | q)        f binomial

The start is normal in the log-odds, about the mean share, with the variance between draws. Without a limit of steps g
would become a few spikes; without a step the draws would decide its width only.

For other sums than counts, the number of timelines of a draw is the one that gives a count the variance seen within
draws. In a ratio, draws count in proportion to their denominators, so that the mean of g is about the ratio itself.
"""

from typing import Final

import numpy as np

from forecast.arrays import Array

STEPS: Final = 10
"""Steps of the EM algorithm. With 5 to 20 the ends of the ranges of the default scenario hardly differ."""

LOG_ODDS: Final = np.linspace(-12.0, 12.0, 161)
"""The log-odds on which the distribution is estimated."""

PROBABILITIES: Final = 1.0 / (1.0 + np.exp(-LOG_ODDS))
LOG_P: Final = -np.logaddexp(0.0, -LOG_ODDS)
LOG_NOT_P: Final = -np.logaddexp(0.0, LOG_ODDS)

LEVELS: Final = (np.arange(400) + 0.5) / 400
"""Levels of the quantiles that stand for a distribution."""

WIDEST: Final = 4.0
"""Largest standard deviation of the starting distribution, in log-odds."""

MOST: Final = 1e4
"""Largest number of timelines a draw that the likelihood uses; with more the grid would be too coarse."""


def quantiles_between_draws(part: Array, whole: Array, squares: Array, number: Array) -> Array:
    """Equally likely values of the share given a draw.

    Args:
        part: (draws,) sum of the numerator over the timelines of each draw.
        whole: (draws,) sum of the denominator.
        squares: (draws,) sum over timelines of (x - p_d y)^2, with x and y a timeline's numerator and denominator.
        number: (draws,) number of timelines with a denominator.

    Returns:
        Values in order, `LEVELS` quantiles; the share itself, alone, where draws do not differ by more than their
        timelines explain.
    """
    seen = whole > 0.0
    part, whole, squares, number = part[seen], whole[seen], squares[seen], number[seen]
    if not len(part):
        return np.zeros(1)
    p = float(part.sum() / whole.sum())
    shares = part / whole
    draws = len(part)
    several = number > 1
    if draws < 2 or not several.any() or p <= 0.0 or p >= 1.0:
        return np.array([p])
    # Variance of a draw's share by its timelines; a draw of one timeline has that of the others.
    of_one = squares[several].sum() / (number[several] - 1.0).sum()
    chance = np.where(several, squares / np.maximum(number - 1.0, 1.0), of_one) * number / whole**2
    within = float(np.average(chance, weights=whole))
    total = float(np.average((shares - p) ** 2, weights=whole)) * draws / (draws - 1.0)
    between = total - within
    if between <= 1e-12 * total:
        return np.array([p])
    # Size of the counts that would have the variance seen within draws.
    binomial = float(np.average(shares * (1.0 - shares) / np.maximum(number - 1.0, 1.0), weights=whole))
    size = np.minimum(number * binomial / within if within > 0.0 else np.full(draws, MOST), MOST)
    counts, inverse = np.unique(shares * size + 1j * (1.0 - shares) * size, return_inverse=True)
    weight = np.bincount(inverse, weights=whole) / whole.sum()
    likelihood = np.outer(counts.real, LOG_P) + np.outer(counts.imag, LOG_NOT_P)
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    spread = min(np.sqrt(between) / (p * (1.0 - p)), WIDEST)
    mass = np.exp(-0.5 * ((LOG_ODDS - np.log(p / (1.0 - p))) / spread) ** 2)
    mass /= mass.sum()
    for _ in range(STEPS):
        mass = mass * ((weight / np.maximum(likelihood @ mass, 1e-300)) @ likelihood)
        mass /= mass.sum()
    middle = np.cumsum(mass) - 0.5 * mass
    return np.asarray(1.0 / (1.0 + np.exp(-np.interp(LEVELS, middle, LOG_ODDS))))
