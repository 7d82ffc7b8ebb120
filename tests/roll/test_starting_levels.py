"""Priors fitted to the quantiles of a replay: inside their support, computable, and of the family before."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.roll.starting_levels import fitted, state_weights, weighted_quantiles
from forecast.scenario.elicit import Marginal, fit_quantiles
from forecast.scenario.prior import Prior

INF = math.inf


def prior(support: tuple[float, float], family: str = "jqpd_s") -> Prior:
    return Prior.model_construct(support=support, marginal=Marginal(family, (0.0, 1.0)))


def test_a_normal_prior_stays_normal() -> None:
    made = fitted(prior((-INF, INF), "normal"), (-1.0, 0.5, 2.29))
    assert made == {"distribution": {"family": "normal", "mean": 0.5, "sd": 1.0}}


def test_a_known_level_is_a_point_within_its_support() -> None:
    assert fitted(prior((0.0, INF)), (0.0, 0.0, 0.0)) == {"distribution": {"family": "point", "value": 0.0}}
    assert fitted(prior((0.01, INF)), (0.0, 0.0, 0.0)) == {"distribution": {"family": "point", "value": 0.01}}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.floats(-1e5, 1e5), min_size=3, max_size=3),
    st.sampled_from([(-INF, INF), (0.0, INF), (0.01, INF), (0.0, 26500.0), (0.0, 1.0)]),
)
def test_any_quantiles_can_be_fitted(numbers: list[float], support: tuple[float, float]) -> None:
    low, middle, high = (min(max(x, support[0]), support[1]) for x in sorted(numbers))
    made = fitted(prior(support), (low, middle, high))
    if "quantiles" in made:
        marginal = fit_quantiles(*made["quantiles"], *support)
        ends = [float(marginal.quantile(np.asarray(z))) for z in (-8.0, 8.0)]
        assert all(abs(end) <= 1e12 for end in ends)
    else:
        assert support[0] <= made["distribution"]["value"] <= support[1]


def test_weighted_quantiles_by_hand() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([0.5, 0.25, 0.25])
    assert weighted_quantiles(values, weights, (0.25, 0.5, 0.51)) == (1.0, 2.0, 3.0)
    assert weighted_quantiles(values, weights, (0.0, 1.0)) == (1.0, 3.0)


def test_weights_of_states_add_up_over_draws_and_replicates() -> None:
    stand = type("Stand", (), {})()
    stand.states, stand.first = np.zeros(4), np.array([0, 0, 2])
    stand.share = np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]])
    assert state_weights(stand) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.0])
