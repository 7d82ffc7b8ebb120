"""The inputs on which the odds depend: an effect is that of the input alone, others held."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from forecast.outcomes.influence import NAMED_ABOVE, influence
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
    assert found["low"]["moscow.worth"] == worth.quantile(0.1)
    assert found["high"]["moscow.worth"] == worth.quantile(0.9)
