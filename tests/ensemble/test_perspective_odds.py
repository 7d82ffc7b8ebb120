"""Under each perspective of the default scenario the odds move the way its premises say, on the same draws and luck."""

import pandas as pd
import pytest

from forecast.belief.assemble import update
from forecast.ensemble.simulated import simulate
from forecast.outcomes.clustering import Clusters
from forecast.scenario.load import load_scenario

TIMELINES = 8000

MOVES = [
    ("washington", "negotiated", +1),
    ("washington", "russia_fails", +1),
    ("washington", "walked_away", -1),
    ("article", "negotiated", -1),
    ("article", "ukraine_defeated", +1),
    ("article", "breakthrough", +1),
    ("commenter", "negotiated", -1),
    ("commenter", "ukraine_defeated", +1),
    ("commenter", "russia_fails", -1),
    ("commenter", "walked_away", +1),
    ("commenter", "coup_attempt", +1),
    ("commenter", "provocation", +1),
]
"""Perspective, event, and which way it moves against the base."""


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    found = {}
    for name in ("base", "washington", "article", "commenter"):
        scenario = load_scenario("ukraine-2025", perspective=name)
        found[name] = simulate(scenario, update(scenario, prior_only=True), timelines=TIMELINES).timelines
    return found


def happened(table: pd.DataFrame, event: str) -> pd.Series:
    """1 where it happened."""
    if event == "negotiated":
        return (table["headline"] == event).astype(float)
    if event in table["ending"].cat.categories:
        return (table["ending"] == event).astype(float)
    return table[event].notna().astype(float)


@pytest.mark.parametrize(("name", "event", "sign"), MOVES)
def test_odds_move_the_way_the_premises_say(tables: dict[str, pd.DataFrame], name: str, event: str, sign: int) -> None:
    base = tables["base"]
    moved = happened(tables[name], event) - happened(base, event)
    estimate = Clusters(base["draw"].to_numpy()).share(moved.to_numpy())
    assert estimate.probability is not None
    assert estimate.standard_error is not None
    assert sign * estimate.probability > 2.0 * estimate.standard_error


def test_every_change_of_a_perspective_rests_on_a_premise_and_moves_its_number() -> None:
    base = load_scenario("ukraine-2025")
    assert list(base.perspectives) == ["article", "commenter", "washington"]
    for name, perspective in base.perspectives.items():
        seen = load_scenario("ukraine-2025", perspective=name)
        for change in perspective.changes:
            assert change.premises
            assert seen.priors[change.entry].marginal != base.priors[change.entry].marginal
