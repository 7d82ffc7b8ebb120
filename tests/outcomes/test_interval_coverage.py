"""Standard errors and intervals of the odds, in a case whose answer is known.

The chance p_d of a draw follows a Beta distribution, and 40 timelines of it are seen.
"""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

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


def test_interval_of_a_ratio_is_that_of_its_linearised_residuals() -> None:
    # p + (p_d - p) y_d / y: wider than p_d's own range where the condition's share y_d varies.
    found = repeated(6, 14, (5, 5))
    rng = np.random.default_rng(2)
    p, y = rng.beta(6, 14, 10**6), rng.beta(5, 5, 10**6)
    true = np.quantile(0.3 + (p - 0.3) * y / 0.5, [0.05, 0.95])
    for k, ends in enumerate((found.low, found.high)):
        assert abs(ends.mean() - true[k]) < 0.5 * ends.std(ddof=1)


def test_without_differences_between_draws_the_interval_closes() -> None:
    rng = np.random.default_rng(1)
    same = [Clusters(DRAW).share(rng.random(DRAWS * EACH) < 0.3) for _ in range(40)]
    width = np.mean([e.high - e.low for e in same])
    raw = np.quantile(rng.binomial(EACH, 0.3, DRAWS) / EACH, [0.05, 0.95])
    assert width < 0.2 * (raw[1] - raw[0])
