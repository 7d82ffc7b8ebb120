"""Priors from numbers: named distributions, and those fitted to three quantiles."""

import math

import pytest

from forecast.scenario.elicit import Marginal, families, fit_quantiles, named
from forecast.scenario.families import C95, NAMED


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
