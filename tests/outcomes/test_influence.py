"""The inputs on which the odds depend: an effect is that of the input alone, others held."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from forecast.outcomes.influence import NAMED_ABOVE, first_order, influence, variance_between
from forecast.scenario.load import load_scenario

HEADLINES = ("battlefield", "negotiated", "unresolved")


def test_what_moves_only_with_what_the_odds_turn_on_is_no_effect() -> None:
    scenario = load_scenario("ukraine-2025")
    random = np.random.default_rng(1)
    draws = pd.DataFrame(random.standard_normal((500, len(scenario.priors))), columns=list(scenario.priors))
    worth = draws["moscow.worth"]
    # Tied to each other by the scenario; only the first moves the odds.
    draws["talks.optimism"] = 0.6 * worth + 0.8 * draws["talks.optimism"]
    chance = 0.5 - 0.1 * special.ndtri((worth.rank() - 0.5) / 500)
    negotiated = random.random((500, 200)) < chance.to_numpy()[:, None]
    timelines = pd.DataFrame(
        {
            "draw": np.repeat(np.arange(500), 200),
            "headline": pd.Categorical(np.where(negotiated, "negotiated", "unresolved").ravel(), HEADLINES),
        }
    )
    found = influence(timelines, draws, scenario).set_index("name")
    assert found.index[0] == "moscow.worth"
    assert found["negotiated"]["moscow.worth"] == pytest.approx(-0.2563, abs=4 * found["negotiated_error"].iloc[0])
    assert found["sureness"]["moscow.worth"] > 20
    assert "talks.optimism" in found.index
    assert found["sureness"]["talks.optimism"] < NAMED_ABOVE
    assert (found["battlefield"] == 0).all()
    # All of the variance between draws is the one's, and what it shares with the other goes with that too.
    assert found["negotiated_share"]["moscow.worth"] == pytest.approx(1.0, abs=0.02)
    assert found["negotiated_share"]["talks.optimism"] == pytest.approx(0.36, abs=0.12)
    assert (found["battlefield_share"] == 0).all()
    assert found["low"]["moscow.worth"] == worth.quantile(0.1)
    assert found["high"]["moscow.worth"] == worth.quantile(0.9)


def test_first_order_shares_find_curved_effects_and_count_no_noise() -> None:
    random = np.random.default_rng(2)
    shares = []
    for _ in range(40):
        z = random.standard_normal((500, 3))
        # Variances 0.0016 and 0.0008: shares of two thirds and one third. The third input does nothing.
        chance = 0.3 + 0.04 * z[:, 0] + 0.02 * (z[:, 1] ** 2 - 1.0)
        seen = (random.random((500, 40)) < np.clip(chance, 0.0, 1.0)[:, None]).mean(axis=1, keepdims=True)
        between = variance_between(seen, np.full(500, 40.0))
        found, error = first_order(z, seen, between)
        shares.append(np.concatenate([found[:, 0], error[:, 0], between]))
    mean, spread = np.mean(shares, axis=0), np.std(shares, axis=0, ddof=1)
    assert mean[:3] == pytest.approx([2 / 3, 1 / 3, 0.0], abs=0.05)
    assert mean[6] == pytest.approx(0.0024, rel=0.1)
    # Errors are those of a squared correlation, given the variance between draws.
    assert mean[3] == pytest.approx(spread[0], rel=0.5)
