"""Standard errors and intervals of the odds, in a case whose answer is known.

The chance p_d of a draw follows a Beta distribution, and 40 timelines of it are seen.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import special, stats

from forecast.outcomes.clustering import Clusters

pytestmark = pytest.mark.statistical

DRAWS, EACH, REPEATS = 500, 40, 200
DRAW = np.repeat(np.arange(DRAWS), EACH)

SPREAD = 4.0 / math.sqrt(2 * (REPEATS - 1))
"""Four relative standard errors of a standard deviation taken over the repeats."""


@dataclass
class Repeated:
    """Estimates of the repeats, one row each."""

    share: np.ndarray
    error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    naive: np.ndarray
    raw: np.ndarray


def repeated(a: float, b: float, condition: tuple[float, float] | None = None) -> Repeated:
    rng = np.random.default_rng(1)
    rows, raw = [], []
    for _ in range(REPEATS):
        what = rng.random((DRAWS, EACH)) < rng.beta(a, b, DRAWS)[:, None]
        given = np.ones((DRAWS, EACH), bool)
        if condition is not None:
            given = rng.random((DRAWS, EACH)) < rng.beta(*condition, DRAWS)[:, None]
        e = Clusters(DRAW).share((what & given).ravel(), given.ravel())
        p = e.probability
        rows.append((p, e.standard_error, e.low, e.high, math.sqrt(p * (1 - p) / given.sum())))
        raw.append(np.quantile(what.mean(axis=1), [0.05, 0.95]))
    return Repeated(*np.array(rows).T, np.array(raw))


@pytest.mark.parametrize("shape", [(6, 14), (1, 30)])
def test_standard_error_is_that_of_the_estimates(shape: tuple[float, float]) -> None:
    found = repeated(*shape)
    true = found.share.std(ddof=1)
    assert found.share.mean() == pytest.approx(shape[0] / sum(shape), abs=4 * true / math.sqrt(REPEATS))
    assert found.error.mean() == pytest.approx(true, rel=SPREAD)
    # As if timelines of one draw were independent: too small.
    assert found.naive.mean() != pytest.approx(true, rel=SPREAD)


def test_standard_error_of_a_ratio() -> None:
    found = repeated(6, 14, (2, 8))
    true = found.share.std(ddof=1)
    assert found.share.mean() == pytest.approx(0.3, abs=4 * true / math.sqrt(REPEATS))
    assert found.error.mean() == pytest.approx(true, rel=SPREAD)
    assert found.naive.mean() != pytest.approx(true, rel=SPREAD)


@pytest.mark.parametrize("shape", [(6, 14), (5, 5), (14, 6)])
def test_interval_is_that_of_what_is_not_known(shape: tuple[float, float]) -> None:
    found = repeated(*shape)
    true = stats.beta(*shape).ppf([0.05, 0.95])
    for k, ends in enumerate((found.low, found.high)):
        # Half the standard error of one run's end.
        tolerance = 0.5 * ends.std(ddof=1)
        assert abs(ends.mean() - true[k]) < tolerance
        # The plain quantiles of the shares seen are too wide: luck is in them.
        assert abs(found.raw[:, k].mean() - true[k]) > tolerance
    assert found.raw[:, 0].mean() < true[0]
    assert found.raw[:, 1].mean() > true[1]


SMALL = {
    "one in a hundred, known within a factor of three": (-4.6, 0.7),
    "one in fifty, known within a factor of six": (-4.2, 1.1),
    "almost never or often": (-3.0, 2.0),
    "almost always": (4.2, 1.0),
}


@pytest.mark.parametrize("case", SMALL)
def test_interval_of_small_odds_is_right_at_both_ends(case: str) -> None:
    # Forty timelines cannot show a chance of one in a hundred: most draws show none.
    middle, spread = SMALL[case]
    rng = np.random.default_rng(4)
    found = []
    for _ in range(REPEATS):
        chance = special.expit(middle + spread * rng.standard_normal(DRAWS))
        e = Clusters(DRAW).share((rng.random((DRAWS, EACH)) < chance[:, None]).ravel())
        found.append((e.low, e.high))
    true = special.expit(middle + spread * stats.norm.ppf([0.05, 0.95]))
    # As it is told: in whole percents, or as one in so many.
    assert np.mean(found, axis=0) == pytest.approx(true, abs=0.01, rel=0.35)
    assert np.abs(np.mean(found, axis=0) - true).max() < 0.012


def test_interval_of_a_ratio_counts_draws_by_the_condition() -> None:
    # Draws in which the condition is rare say little of the odds given it.
    found = repeated(6, 14, (5, 5))
    rng = np.random.default_rng(2)
    p, y = rng.beta(6, 14, 10**6), rng.beta(5, 5, 10**6)
    true = np.quantile(p, [0.05, 0.95], weights=y, method="inverted_cdf")
    for k, ends in enumerate((found.low, found.high)):
        assert abs(ends.mean() - true[k]) < 0.5 * ends.std(ddof=1)


def test_values_that_are_no_counts_have_the_variance_between_draws() -> None:
    rng = np.random.default_rng(5)
    middle = rng.beta(6, 14, DRAWS)
    e = Clusters(DRAW).share(np.clip(middle[:, None] + 0.2 * (rng.random((DRAWS, EACH)) - 0.5), 0.0, 1.0).ravel())
    assert (e.low, e.high) == pytest.approx(tuple(np.quantile(middle, [0.05, 0.95])), abs=0.01)


def test_without_differences_between_draws_the_interval_closes() -> None:
    rng = np.random.default_rng(1)
    same = [Clusters(DRAW).share(rng.random(DRAWS * EACH) < 0.3) for _ in range(40)]
    width = np.mean([e.high - e.low for e in same])
    raw = np.quantile(rng.binomial(EACH, 0.3, DRAWS) / EACH, [0.05, 0.95])
    assert width < 0.2 * (raw[1] - raw[0])
