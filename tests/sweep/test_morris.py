"""Elementary effects of functions with known ones, and of the made-up scenario."""

import numpy as np
import pytest
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.morris import LEVELS, STEP, effects, measures, morris, paths


def test_paths_move_each_factor_once_and_stay_on_the_grid() -> None:
    owner = np.array([0, 1, 1, 2])
    points, order, steps = paths(owner, 20, 1)
    assert (np.sort(order, axis=1) == np.arange(3)).all()
    on_grid = points * (LEVELS - 1)
    assert np.allclose(on_grid, np.rint(on_grid))
    assert points.min() > -1e-9
    assert points.max() < 1 + 1e-9
    for k in range(20):
        for j, factor in enumerate(order[k]):
            assert (((points[k, j + 1] - points[k, j]) != 0) == (owner == factor)).all()
    assert (np.abs(steps) == STEP).all()


def of_function(function, noise: float = 0.0):
    points, order, steps = paths(np.arange(3), 200, 2)
    exact = function(points.reshape(-1, 3)).reshape(points.shape[:2])
    values = exact[..., None] + np.random.default_rng(1).normal(0.0, noise, (*exact.shape, 2))
    found = effects(values, order, np.sign(steps))
    return [measures(found[:, k]) for k in range(3)]


def test_effects_of_a_linear_function_are_its_coefficients() -> None:
    for own, wanted in zip(of_function(lambda x: 3.0 * x[:, 0] - 2.0 * x[:, 1]), (3.0, -2.0, 0.0), strict=True):
        assert own["mu"] == pytest.approx(wanted)
        assert own["mu_star"] == own["rms"] == pytest.approx(abs(wanted), abs=1e-12)
        assert own["sigma"] == pytest.approx(0.0, abs=1e-7)


def test_an_interaction_shows_in_sigma_and_noise_does_not() -> None:
    exact = of_function(lambda x: x[:, 0] * x[:, 1])
    # The effect of x1 is x2, on levels 0, 1/3, 2/3, 1: mean 1/2, variance 5/36.
    assert exact[0]["mu"] == pytest.approx(0.5, abs=0.08)
    assert exact[0]["sigma"] == pytest.approx(np.sqrt(5.0 / 36.0), abs=0.06)
    noisy = of_function(lambda x: x[:, 0] * x[:, 1], noise=0.3)
    assert noisy[0]["sigma"] == pytest.approx(np.sqrt(5.0 / 36.0), abs=0.15)
    assert noisy[2]["mu_star"] > 0.2  # of noise alone
    assert noisy[2]["rms"] < 0.15


def test_the_input_that_matters_is_found() -> None:
    request = RunRequest(TINY, perspective="base", prior_only=True, timelines=200)
    result = morris(request, ["endings.failure", "talks.tempo", "hawks"], "battlefield", trajectories=4)
    assert set(result.table["input"]) == {"endings.failure", "talks.tempo", "hawks"}
    assert result.table.iloc[0]["input"] == "endings.failure"
    assert result.table.set_index("input")["mu"].isna()["hawks"]
    for wrong in (1, 0):
        with pytest.raises(InputError, match="at least 2"):
            morris(request, ["talks.tempo"], trajectories=wrong)
    with pytest.raises(InputError, match="no parameter in common"):
        morris(request, ["hawks", "hawks.sabotage"])
