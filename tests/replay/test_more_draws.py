"""More draws where few fit the record: right in a case with a known answer, and beside ten times as many plain draws."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from forecast.belief.assemble import Posterior, update
from forecast.replay.more_draws import WANTED, in_rounds
from forecast.replay.observations import weekly_record_of
from forecast.replay.starting_points import replayed
from forecast.replay.weights import effective_size
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.particle_filter import Replayed
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE

SEEN = {"kyiv.ban": (2.4, 0.35), "washington.renewal": (-1.8, 0.5), "kyiv.sees_failure": (1.2, 0.4)}
"""What a made-up record says of the normal score of each prior: a measurement and its error."""


@pytest.fixture(scope="module")
def war() -> Scenario:
    return load_scenario("ukraine-2025")


def weighted(x: np.ndarray, log_weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted means of columns, and their standard errors."""
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = weight @ x
    return mean, np.sqrt((weight[:, None] ** 2 * (x - mean) ** 2).sum(axis=0))


def made_of(log_weight: np.ndarray) -> Replayed:
    """A replay with these weights and nothing else."""
    count = len(log_weight)
    return Replayed(
        log_weight[:, None],
        np.ones((count, 1)),
        np.zeros((count, 1), STATE).view(np.recarray),
        np.zeros((count, 1), RESULT).view(np.recarray),
        np.zeros((count, 1, 0)),
        np.zeros((1, 1), np.int64),
    )


@pytest.mark.statistical
def test_rounds_find_a_posterior_that_is_known_exactly(war: Scenario) -> None:
    # A score, Normal(0, 1) before, measured as m with error s, is Normal(m / (1 + s^2), s^2 / (1 + s^2)) after.
    names = list(SEEN)
    assert not {name for pair in war.correlations for name in (pair.first, pair.second)} & set(names)

    def score(posterior: Posterior, name: str) -> np.ndarray:
        return war.priors[name].marginal.score(posterior.draws[name].to_numpy())

    def replay(posterior: Posterior, _: int) -> Replayed:
        parts = [-0.5 * ((score(posterior, name) - SEEN[name][0]) / SEEN[name][1]) ** 2 for name in names]
        return made_of(np.sum(parts, axis=0))

    believed = update(war, prior_only=True)
    alone = effective_size(replay(believed, 0).log_weight[:, -1])
    learnt = in_rounds(war, believed, replay)
    log_weight = learnt.made.log_weight[:, -1]
    assert alone < WANTED < effective_size(log_weight)
    assert learnt.rounds > 1
    x = np.column_stack([score(learnt.posterior, name) for name in names])
    mean, error = weighted(x, log_weight)
    squares, squares_error = weighted((x - mean) ** 2, log_weight)
    for k, name in enumerate(names):
        middle, spread = SEEN[name]
        assert abs(mean[k] - middle / (1.0 + spread**2)) < 4.0 * error[k], name
        assert abs(squares[k] - spread**2 / (1.0 + spread**2)) < 4.0 * squares_error[k] + 0.01, name


RATES = ("talks.text", "talks.terms", "washington.press_kyiv", "kyiv.ban", "moscow.private")


@pytest.mark.calibration
def test_rounds_agree_with_ten_times_as_many_plain_draws(war: Scenario) -> None:
    day = date(2025, 10, 1)
    past = weekly_record_of(war, day)

    def plain(seed: int) -> tuple[np.ndarray, np.ndarray]:
        drawn = update(war, day, draw_seed=seed, prior_only=True)
        return drawn.draws[list(RATES)].to_numpy(), replayed(war, drawn, past, day).log_weight[:, -1]

    many = [plain(seed) for seed in range(11, 21)]
    expected, expected_error = weighted(np.concatenate([x for x, _ in many]), np.concatenate([w for _, w in many]))

    def replay(posterior: Posterior, number: int) -> Any:
        return replayed(war, posterior, past, day, round_number=number)

    learnt = in_rounds(war, update(war, day, prior_only=True), replay)
    found, error = weighted(learnt.posterior.draws[list(RATES)].to_numpy(), learnt.made.log_weight[:, -1])
    assert effective_size(learnt.made.log_weight[:, -1]) > 200.0
    z = (found - expected) / np.hypot(error, expected_error)
    assert np.abs(z).max() < 4.0, dict(zip(RATES, z, strict=True))
