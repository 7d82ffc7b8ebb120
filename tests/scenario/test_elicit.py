"""The families of priors: every one is a quantile map with its inverse, its density and its ends."""

import math

import numpy as np
import pytest

from forecast.scenario.elicit import C95, FAMILIES, NAMED, Marginal, families, fit_quantiles, named

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


@pytest.mark.parametrize(
    ("quantiles", "support"),
    [
        ((-1.0, 0.5, 4.0), (-math.inf, math.inf)),
        ((1.0, 2.0, 3.0), (-math.inf, math.inf)),
        ((0.1, 0.2, 4.0), (0.0, math.inf)),
        ((-4.0, -3.0, -0.5), (-math.inf, 0.0)),
        ((0.2, 0.5, 0.8), (0.0, 1.0)),
        ((0.2, 0.7, 0.8), (0.0, 1.0)),
    ],
)
def test_fitted_quantiles_are_those_given(quantiles: tuple[float, ...], support: tuple[float, float]) -> None:
    fitted = fit_quantiles(*quantiles, *support)
    assert [float(fitted.quantile(z)) for z in (-C95, 0.0, C95)] == pytest.approx(list(quantiles), rel=1e-6)
    assert support[0] <= fitted.bounds()[0]
    assert fitted.bounds()[1] <= support[1]


def test_the_families_that_can_be_named_say_which_numbers_they_need() -> None:
    assert set(families()) == set(NAMED)
    assert families()["normal"] == ("mean", "sd")
    assert families()["uniform"] == ("low", "high")
    assert named("gamma", {"scale": 3.0, "shape": 2.0}) == Marginal("gamma", (2.0, 3.0))


@pytest.mark.parametrize(
    ("family", "numbers", "words"),
    [
        ("cauchy", {}, "'cauchy' is unknown; allowed: point, normal"),
        ("normal", {"mean": 0.0}, "normal takes mean, sd; found mean"),
        ("normal", {"mean": math.nan, "sd": 1.0}, "mean is nan; it must be a finite number"),
        ("gamma", {"shape": 0.0, "scale": 1.0}, "shape is 0.0; it must be greater than 0"),
        ("uniform", {"low": 2.0, "high": 1.0}, "low must be less than high"),
    ],
)
def test_wrong_numbers_are_refused(family: str, numbers: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        named(family, numbers)


@pytest.mark.parametrize(
    ("quantiles", "support"),
    [((2.0, 1.0, 3.0), (0.0, 9.0)), ((0.0, 1.0, 2.0), (0.0, 9.0)), ((1.0, 2.0, 9.0), (0.0, 9.0))],
)
def test_quantiles_out_of_order_or_support_are_refused(
    quantiles: tuple[float, ...], support: tuple[float, float]
) -> None:
    with pytest.raises(ValueError, match=r"strictly increasing|inside the support"):
        fit_quantiles(*quantiles, *support)


@pytest.mark.parametrize("family", ["beta", "gamma"])
def test_families_without_a_closed_form_take_numbers_alone(family: str) -> None:
    class Symbols:
        exp = sinh = arcsinh = ndtr = staticmethod(lambda x: x)

    with pytest.raises(TypeError, match=f"a {family} prior cannot be updated"):
        CASES[family].quantile(0.0, ops=Symbols())
