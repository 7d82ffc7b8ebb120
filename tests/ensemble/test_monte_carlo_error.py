"""The Monte Carlo error: forty repetitions with other draws, another replay and other random numbers vary as it says."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import TINY
from scipy import stats

from forecast.ensemble.forecasts import forecasts
from forecast.ensemble.member import scores_of_strata
from forecast.ensemble.pooling import pooled
from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.outcomes.shares import headline_odds

pytestmark = pytest.mark.calibration

REPETITIONS = 40

BOUNDS = stats.chi2.ppf([0.005, 0.995], REPETITIONS - 1) / (REPETITIONS - 1)
"""The ratio of the two variances lies within these in 99 of 100 cases, if the errors are right and odds about normal."""

CASES: dict[str, dict[str, Any]] = {
    "reference date": {"timelines": 8000, "perspective": "base"},
    "pool": {"timelines": 8000},
    "after a replay": {"timelines": 8000, "perspective": "base", "as_of": date(2025, 3, 31)},
    "other islands": {"scenario": TINY, "timelines": 8000},
    "three blocks": {"scenario": TINY, "timelines": 60_000, "perspective": "base"},
}


@pytest.mark.parametrize("case", CASES)
def test_seen_and_stated_errors_agree(case: str) -> None:
    found = []
    for number in range(REPETITIONS):
        resolved = resolve(RunRequest(**CASES[case], prior_only=True, seed=100 + number, draw_seed=100 + number))
        blocks: dict[str, list[pd.DataFrame]] = {}

        def keep(member: str, block: pd.DataFrame, blocks: dict[str, list[pd.DataFrame]] = blocks) -> None:
            blocks.setdefault(member, []).append(block)

        members = forecasts(resolved, keep)
        tables = {member: pd.concat(own, ignore_index=True) for member, own in blocks.items()}
        table = next(iter(tables.values())) if len(tables) == 1 else pooled(tables)
        odds = headline_odds(table, resolved.weights, scores_of_strata(members))
        found.append([[entry["probability"], entry["standard_error"]] for entry in odds.values()])
    odds, errors = np.moveaxis(np.array(found), 2, 0)
    ratio = odds.var(axis=0, ddof=1) / (errors**2).mean(axis=0)
    ratio = ratio[odds.mean(axis=0) > 0.01]  # fewer make no normal odds
    assert ((ratio > BOUNDS[0]) & (ratio < BOUNDS[1])).all(), ratio
