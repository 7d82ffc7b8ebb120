"""The families of priors: every one is a quantile map with its inverse, its density and its ends."""

import math

import numpy as np
import pytest

from forecast.scenario.elicit import Marginal, fit_quantiles
from forecast.scenario.families import FAMILIES

CASES = {
    "point": Marginal("point", (0.3,)),
    "normal": Marginal("normal", (0.1, 2.0)),
    "lognormal": Marginal("lognormal", (2.0, 0.3)),
    "uniform": Marginal("uniform", (-1.0, 4.0)),
    "beta": Marginal("beta", (2.0, 3.5)),
    "gamma": Marginal("gamma", (2.2, 1.7)),
    "myerson": fit_quantiles(0.0, 1.0, 4.0, -math.inf, math.inf),
    "jqpd_s": fit_quantiles(1.0, 2.0, 5.0, 0.0, math.inf),
    "jqpd_b": fit_quantiles(0.1, 0.2, 0.6, 0.0, 1.0),
}
VARYING = [name for name in CASES if name != "point"]


def test_there_is_a_case_of_every_family() -> None:
    assert {marginal.family for marginal in CASES.values()} == set(FAMILIES)
    assert all(marginal.family == name for name, marginal in CASES.items())


@pytest.mark.parametrize("family", VARYING)
def test_score_is_the_inverse_of_quantile(family: str) -> None:
    z = np.linspace(-3.0, 3.0, 25)
    values = CASES[family].quantile(z)
    assert (np.diff(values) > 0.0).all()
    np.testing.assert_allclose(CASES[family].score(values), z, atol=1e-6)


@pytest.mark.parametrize("family", VARYING)
def test_density_is_that_of_the_quantile_map(family: str) -> None:
    z, step = np.linspace(-2.5, 2.5, 21), 1e-5
    marginal = CASES[family]
    slope = (marginal.quantile(z + step) - marginal.quantile(z - step)) / (2.0 * step)
    expected = -0.5 * z**2 - 0.5 * math.log(2.0 * math.pi) - np.log(slope)
    np.testing.assert_allclose(marginal.log_density(z), expected, atol=1e-6)
    # The control: another spread has another density.
    assert np.abs(marginal.log_density(z) - expected - math.log(1.01)).min() > 1e-3


@pytest.mark.parametrize("family", VARYING)
def test_values_stay_within_the_bounds(family: str) -> None:
    low, high = CASES[family].bounds()
    values = CASES[family].quantile(np.array([-6.0, 0.0, 6.0]))
    assert low <= values[0] < values[1] < values[2] <= high


def test_a_point_is_one_value_without_density() -> None:
    point = CASES["point"]
    assert point.is_point
    assert point.quantile(np.array([-3.0, 3.0])).tolist() == [0.3, 0.3]
    assert point.log_density(np.array([-3.0, 3.0])).tolist() == [0.0, 0.0]
    assert point.bounds() == (0.3, 0.3)


@pytest.mark.parametrize("family", ["beta", "gamma"])
def test_families_without_a_closed_form_take_numbers_alone(family: str) -> None:
    class Symbols:
        exp = sinh = arcsinh = ndtr = staticmethod(lambda x: x)

    with pytest.raises(TypeError, match=f"a {family} prior cannot be updated"):
        CASES[family].quantile(0.0, ops=Symbols())
