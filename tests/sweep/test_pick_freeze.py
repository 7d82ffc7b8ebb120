"""Pick-freeze estimates reach the analytic shares of known functions, and noise of the function does not count."""

from collections.abc import Callable
from math import pi

import numpy as np
import pytest

from forecast.arrays import Array
from forecast.sweep.pick_freeze import Share, mean_scale, noise_free, ratio, resamples, share, single, terms

PAIRS = 20_000

Function = Callable[[Array], Array]


def samples(inputs: int, pairs: int = PAIRS) -> tuple[Array, Array]:
    rng = np.random.default_rng(7)
    return rng.random((pairs, inputs)), rng.random((pairs, inputs))


def exchanged(a: Array, b: Array, own: list[int]) -> tuple[Array, Array]:
    mask = np.isin(np.arange(a.shape[1]), own)
    return np.where(mask, b, a), np.where(mask, a, b)


def estimated(f: Function, inputs: int, own: list[int], pairs: int = PAIRS) -> Share:
    a, b = samples(inputs, pairs)
    moved = exchanged(a, b, own)
    return share(terms(f(a), f(b), f(moved[0]), f(moved[1])), resamples(pairs, 3))


def linear(x: Array) -> Array:
    return x @ np.array([3.0, 4.0, 12.0, 0.0])


def ishigami(x: Array) -> Array:
    x = pi * (2.0 * x - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


COEFFICIENTS = np.array([0.0, 0.5, 3.0, 9.0, 99.0])


def sobol_g(x: Array) -> Array:
    return np.asarray(np.prod((np.abs(4.0 * x - 2.0) + COEFFICIENTS) / (1.0 + COEFFICIENTS), axis=1))


def sobol_g_shares(own: list[int]) -> tuple[float, float]:
    """First and total order of a set: the variance of a product of independent factors of mean 1."""
    each = 1.0 / (3.0 * (1.0 + COEFFICIENTS) ** 2)

    def variance(which: list[int]) -> float:
        return float(np.prod(1.0 + each[which]) - 1.0)

    others = [k for k in range(len(each)) if k not in own]
    whole = variance(list(range(len(each))))
    return variance(own) / whole, 1.0 - variance(others) / whole


def ishigami_shares() -> dict[tuple[int, ...], tuple[float, float]]:
    a, b = 7.0, 0.1
    first, second = 0.5 * (1.0 + b * pi**4 / 5.0) ** 2, a**2 / 8.0
    both = b**2 * pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    whole = first + second + both
    return {
        (0,): (first / whole, (first + both) / whole),
        (1,): (second / whole, second / whole),
        (2,): (0.0, both / whole),
        (0, 2): ((first + both) / whole, (first + both) / whole),
        (1, 2): (second / whole, (second + both) / whole),
    }


CASES = [
    *((linear, 4, [k], (c**2 / 169.0,) * 2) for k, c in enumerate((3.0, 4.0, 12.0))),
    (linear, 4, [0, 2], (153.0 / 169.0,) * 2),
    *((ishigami, 3, list(own), expected) for own, expected in ishigami_shares().items()),
    *((sobol_g, 5, own, sobol_g_shares(own)) for own in ([0], [1], [2], [0, 1], [1, 2, 3], [3, 4])),
]


@pytest.mark.parametrize(("f", "inputs", "own", "expected"), CASES)
def test_shares_of_known_functions(f: Function, inputs: int, own: list[int], expected: tuple[float, float]) -> None:
    found = estimated(f, inputs, own)
    assert abs(found.first - expected[0]) < 4.0 * found.first_error
    assert abs(found.total - expected[1]) < 4.0 * found.total_error
    assert max(found.first_error, found.total_error) < 0.02


def test_a_set_without_effect_has_no_share_and_all_inputs_have_all_of_it() -> None:
    assert estimated(linear, 4, [3], 100) == Share(0.0, 0.0, 0.0, 0.0)
    everything = estimated(ishigami, 3, [0, 1, 2], 100)
    assert (everything.first, everything.total) == pytest.approx((1.0, 1.0))


def test_errors_are_those_of_repetitions() -> None:
    """The bootstrap error of a few pairs is the spread over independent sets of pairs."""
    a, b = samples(3)
    moved = exchanged(a, b, [0])
    values = [f.reshape(100, 200) for f in (ishigami(a), ishigami(b), ishigami(moved[0]), ishigami(moved[1]))]
    found = [share(terms(*(v[k] for v in values)), resamples(200, k)) for k in range(100)]
    for order in ("first", "total"):
        spread = np.std([getattr(one, order) for one in found], ddof=1)
        assert np.mean([getattr(one, f"{order}_error") for one in found]) == pytest.approx(spread, rel=0.3)


def noisy(x: Array, seed: int, replicates: int = 2) -> Array:
    """Whether an event of chance f(x) happens, with two seeds; pairs share their random numbers as timelines do."""
    p = 0.1 + 0.8 * x[:, 0] * x[:, 1]
    u = np.random.default_rng(seed).random((len(x), 2, replicates))
    return np.asarray((u < p[:, None, None]).astype(float))


def test_noise_is_removed_from_the_shares_of_a_probability() -> None:
    a, b = samples(3)
    moved = exchanged(a, b, [0])
    values = [noisy(x, 1) for x in (a, b, *moved)]
    found = share(terms(*values, product=noise_free), resamples(PAIRS, 3))
    # The chance is a product of two uniform numbers: variances 1/48 for each alone, 7/144 in all.
    assert abs(found.first - 3.0 / 7.0) < 4.0 * found.first_error
    assert abs(found.total - 4.0 / 7.0) < 4.0 * found.total_error
    variance, error = ratio(terms(*values, product=noise_free).scale / 4.0, np.ones(PAIRS), resamples(PAIRS, 3))
    assert abs(variance - 0.64 * 7.0 / 144.0) < 4.0 * error
    # Counted with its noise, the same set has another share.
    assert share(terms(*values, product=single), resamples(PAIRS, 3)).total > 0.65


def test_single_outcomes_count_their_random_numbers() -> None:
    """An event of chance 0.3 that depends on random numbers alone: the set that holds them has all of the variance."""
    rng = np.random.default_rng(1)
    a, b = ((rng.random((4000, 2, 2)) < 0.3).astype(float) for _ in range(2))
    weights = resamples(4000, 3)
    assert share(terms(a, b, b, a, single), weights).first == pytest.approx(1.0)
    assert share(terms(a, b, a, b, single), weights).total == 0.0
    variance, error = ratio(terms(a, b, b, a, single).scale / 4.0, np.ones(4000), weights)
    assert abs(variance - 0.21) < 4.0 * error


def test_one_variance_for_several_sets_is_more_precise() -> None:
    pairs = 500
    a, b = samples(5, pairs)
    found = []
    for own in range(5):
        moved = exchanged(a, b, [own])
        found.append(terms(sobol_g(a), sobol_g(b), sobol_g(moved[0]), sobol_g(moved[1])))
    weights, ones = resamples(pairs, 3), np.ones(pairs)
    together = ratio(mean_scale(found), ones, weights)[1]
    assert together <= max(ratio(each.scale, ones, weights)[1] for each in found)
    first = share(found[0], weights, mean_scale(found))
    assert abs(first.first - sobol_g_shares([0])[0]) < 4.0 * first.first_error


def test_without_variance_there_are_no_shares() -> None:
    constant = np.ones(20)
    found = share(terms(constant, constant, constant, constant), resamples(20, 1))
    assert np.isnan([found.first, found.first_error, found.total, found.total_error]).all()
