"""Timelines simulated part by part are those simulated at once, and more of them use more draws."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from forecast.belief.assemble import DRAWS, update
from forecast.ensemble import base_rates
from forecast.ensemble.request import BLOCK
from forecast.ensemble.simulated import USED_DRAWS, Simulator, draws_used, simulate
from forecast.replay.starting_points import Start
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import TIMELINES_PER_DRAW

PARTS = (77, 77, 77, 69)


def test_a_block_has_forty_timelines_of_each_of_its_draws() -> None:
    assert BLOCK == USED_DRAWS * TIMELINES_PER_DRAW
    assert DRAWS % USED_DRAWS == 0


def test_parts_of_weekly_timelines_make_the_whole(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    whole = simulate(tiny, posterior, timelines=300, seed=4)
    simulator = Simulator(tiny, posterior, draws=USED_DRAWS, seed=4)
    tables = [simulator.next(count) for count in PARTS]
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole.timelines)
    pd.testing.assert_frame_equal(simulator.bands(), whole.bands)


def test_parts_of_base_rates_make_the_whole() -> None:
    scenario = load_scenario("ukraine-2025")
    day = scenario.reference_date
    draws = base_rates.believe(scenario, day)
    whole = base_rates.simulate(scenario, draws, day, timelines=300, seed=4)
    simulator = base_rates.Simulator(scenario, draws, day, (), seed=4, used=USED_DRAWS)
    tables = [simulator.next(count) for count in PARTS]
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole)


@pytest.mark.parametrize(
    ("timelines", "draws"),
    [(1, 500), (20_000, 500), (20_001, 1000), (100_000, 2500), (160_000, 4000), (160_001, 4000), (10_000_000, 4000)],
)
def test_each_block_uses_the_next_draws_until_all_are_used(timelines: int, draws: int) -> None:
    assert draws_used(timelines) == draws


@pytest.mark.parametrize("later", [0, 60], ids=["reference date", "after a replay"])
def test_more_timelines_begin_with_fewer(tiny: Scenario, later: int) -> None:
    day = tiny.reference_date + timedelta(days=later)
    posterior = update(tiny, day, prior_only=True)
    few, many = (simulate(tiny, posterior, timelines=n, seed=4) for n in (BLOCK, 2 * BLOCK + 100))
    pd.testing.assert_frame_equal(many.timelines.head(BLOCK), few.timelines)
    assert len(many.start.draw) == draws_used(2 * BLOCK + 100)
    assert many.start.draw[:USED_DRAWS].tolist() == few.start.draw.tolist()
    cells = many.timelines[["draw", "replicate"]]
    assert not cells.duplicated().any()
    again = many.start.first_places(USED_DRAWS)
    for name in Start.__dataclass_fields__:
        assert np.asarray(getattr(again, name)).tobytes() == np.asarray(getattr(few.start, name)).tobytes(), name


def test_after_the_last_draw_blocks_begin_again_with_new_replicates(tiny: Scenario) -> None:
    used = DRAWS * TIMELINES_PER_DRAW
    start = Simulator(tiny, update(tiny, prior_only=True), draws=DRAWS, seed=4).start
    first, second = start.cells(np.arange(BLOCK)), start.cells(np.arange(used, used + BLOCK))
    assert second.draw.tolist() == first.draw.tolist()
    assert (second.replicate - first.replicate == TIMELINES_PER_DRAW).all()


def test_more_timelines_of_base_rates_begin_with_fewer() -> None:
    scenario = load_scenario("ukraine-2025")
    day = scenario.reference_date
    draws = base_rates.believe(scenario, day)
    few, many = (base_rates.simulate(scenario, draws, day, timelines=n, seed=4) for n in (BLOCK, 2 * BLOCK + 100))
    pd.testing.assert_frame_equal(many.head(BLOCK), few)
    assert many["draw"].nunique() == 2 * USED_DRAWS + 3
