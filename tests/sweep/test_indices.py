"""Sobol' indices of functions with published ones, through the code that divides the odds."""

from collections.abc import Callable

import numpy as np
import pytest

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.sweep.indices import Indices, Values, cautions, check_base, design, indices

SETS = ("x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8")


def ishigami(u: Array) -> Array:
    x = np.pi * (2.0 * u - 1.0)
    return np.asarray(np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def sobol_g(u: Array) -> Array:
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])
    return np.asarray(((np.abs(4.0 * u - 2.0) + a) / (1.0 + a)).prod(axis=1))


def of_function(
    function: Callable[[Array], Array], sets: int, base: int, noise: Callable[[Array, int], Array] | None = None
) -> Indices:
    a, b = design(sets, base, 1)
    evaluations = 0

    def both(u: Array) -> Array:
        nonlocal evaluations
        evaluations += 2
        exact = function(u)
        if noise is None:
            return np.stack([exact, exact], axis=1)
        return np.stack([noise(exact, evaluations), noise(exact, evaluations + 1)], axis=1)

    def moved(one: Array, other: Array, k: int) -> Array:
        exchanged = one.copy()
        exchanged[:, k] = other[:, k]
        return both(exchanged)

    names = SETS[:sets]
    values = Values(
        both(a),
        both(b),
        {name: moved(a, b, k) for k, name in enumerate(names)},
        {name: moved(b, a, k) for k, name in enumerate(names)},
    )
    return indices(values, 1)


def check(found: Indices, key: str, published: list[float], floor: float) -> None:
    """Within three bootstrap errors; the floor is for indices of 0, which have hardly any."""
    for value, error, wanted in zip(found.table[key], found.table[f"{key}_error"], published, strict=True):
        assert abs(value - wanted) < 3.0 * error + floor, (key, value, error, wanted)


# T. Ishigami and T. Homma (1990), a = 7, b = 0.1; I. Sobol' (1993), with a = 0, 1, 4.5, 9, 99, ..., as in SALib.
ISHIGAMI = {"first": [0.3139, 0.4424, 0.0], "total": [0.5576, 0.4424, 0.2437]}
SOBOL_G = {
    "first": [0.7165, 0.1791, 0.0237, 0.0072, 0.0001, 0.0001, 0.0001, 0.0001],
    "total": [0.7871, 0.2422, 0.0343, 0.0105, 0.0001, 0.0001, 0.0001, 0.0001],
}


@pytest.mark.parametrize(("function", "published"), [(ishigami, ISHIGAMI), (sobol_g, SOBOL_G)])
def test_published_indices(function: Callable[[Array], Array], published: dict[str, list[float]]) -> None:
    found = of_function(function, len(published["first"]), 1024)
    assert found.noise == 0.0
    for key, wanted in published.items():
        check(found, key, wanted, 2e-4)
        assert (found.table[f"{key}_error"] < 0.05).all()
        assert (found.table[f"{key}_low"] <= found.table[f"{key}_high"]).all()


def test_published_variance_and_second_order() -> None:
    found = of_function(ishigami, 3, 2048)
    assert found.variance == pytest.approx(13.8446, abs=3.0 * found.variance_error)
    second = found.pairs.set_index(["one", "other"])
    wanted = {("x1", "x3"): 0.2437, ("x1", "x2"): 0.0, ("x2", "x3"): 0.0}
    for pair, value in wanted.items():
        assert abs(second.loc[pair, "second"] - value) < 3.0 * second.loc[pair, "second_error"]
    assert second["second_error"].max() < 0.1


def test_noise_is_not_taken_for_an_interaction() -> None:
    def chance(u: Array) -> Array:
        return np.asarray(0.1 + 0.2 * u[:, 0] + 0.1 * u[:, 1])

    def drawn(p: Array, seed: int) -> Array:
        return np.asarray(np.random.default_rng(seed).binomial(4, p) / 4.0)

    found = of_function(chance, 3, 2048, drawn)
    assert found.noise > 10.0 * found.variance
    assert found.variance == pytest.approx((0.2**2 + 0.1**2) / 12.0, abs=3.0 * found.variance_error)
    check(found, "first", [0.8, 0.2, 0.0], 0.0)
    check(found, "total", [0.8, 0.2, 0.0], 0.0)
    assert (found.pairs["second"].abs() < 3.0 * found.pairs["second_error"]).all()


def test_an_output_without_variance_has_no_indices() -> None:
    found = of_function(lambda u: np.zeros(len(u)), 3, 64)
    assert not found.varies
    assert found.table["total"].isna().all()
    assert found.pairs.empty
    assert "cannot be told from 0" in cautions(found, "battlefield", 64)[0]


def test_negative_and_imprecise_indices_are_named() -> None:
    def drawn(exact: Array, seed: int) -> Array:
        return exact + np.random.default_rng(seed).normal(0.0, 0.5, len(exact))

    found = of_function(sobol_g, 8, 64, drawn)
    said = " ".join(cautions(found, "battlefield", 64))
    assert "below 0" in said
    assert "imprecise" in said


@pytest.mark.parametrize("base", [0, 8, 1000, 1025, 4096])
def test_a_base_that_is_no_power_of_two_is_refused(base: int) -> None:
    with pytest.raises(InputError, match="power of two"):
        check_base(base)


def test_the_design_is_even() -> None:
    a, b = design(4, 128, 3)
    for points in (a, b):
        assert (np.sort((points * 128).astype(int), axis=0) == np.arange(128)[:, None]).all()
    assert not (a == b).any()
