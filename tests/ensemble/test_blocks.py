"""Timelines simulated block by block are those simulated at once."""

import pandas as pd

from forecast.belief.assemble import update
from forecast.ensemble import base_rates
from forecast.ensemble.simulated import simulate, simulate_blocks
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


def test_blocks_of_weekly_timelines_make_the_whole(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    whole = simulate(tiny, posterior, timelines=300, seed=4)
    tables: list[pd.DataFrame] = []
    bands, _, _ = simulate_blocks(tiny, posterior, tables.append, timelines=300, seed=4, block=77)
    assert [len(table) for table in tables] == [77, 77, 77, 69]
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole.timelines)
    pd.testing.assert_frame_equal(bands, whole.bands)


def test_blocks_of_base_rates_make_the_whole() -> None:
    scenario = load_scenario("ukraine-2025")
    day = scenario.reference_date
    draws = base_rates.believe(scenario, day)
    whole = base_rates.simulate(scenario, draws, day, timelines=300, seed=4)
    tables = list(base_rates.simulate_blocks(scenario, draws, day, timelines=300, seed=4, block=77))
    assert len(tables) == 4
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole)
