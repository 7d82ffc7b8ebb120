"""The Monte Carlo error of a run: forty repetitions with other draws, another replay and other luck vary as it says."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from places import TINY
from scipy import stats

from forecast.ensemble.request import RunRequest
from forecast.pipeline import workflow

pytestmark = pytest.mark.calibration

REPETITIONS = 40

BOUNDS = stats.chi2.ppf([0.005, 0.995], REPETITIONS - 1) / (REPETITIONS - 1)
"""Within these the ratio of the two variances lies in 99 of 100 cases, if errors are right and odds about normal."""

CASES = {
    "reference date": RunRequest("ukraine-2025", timelines=8000, prior_only=True, perspective="base"),
    "pool": RunRequest("ukraine-2025", timelines=4000, prior_only=True),
    "after a replay": RunRequest(
        "ukraine-2025", timelines=8000, perspective="base", prior_only=True, as_of=date(2025, 3, 31)
    ),
    "other islands": RunRequest(TINY, timelines=8000, prior_only=True),
}


@pytest.mark.parametrize("case", CASES)
def test_seen_and_stated_errors_agree(case: str, tmp_path: Path) -> None:
    found = []
    for number in range(REPETITIONS):
        request = CASES[case]
        fields = {
            name: getattr(request, name) for name in ("scenario", "timelines", "prior_only", "perspective", "as_of")
        }
        run = workflow.run(RunRequest(**fields, runs=tmp_path, seed=100 + number, draw_seed=100 + number))
        odds = run.summary["odds"]
        found.append([[odds[kind]["probability"], odds[kind]["standard_error"]] for kind in odds])
    seen = np.var([[p for p, _ in row] for row in found], axis=0, ddof=1)
    stated = np.mean([[error**2 for _, error in row] for row in found], axis=0)
    enough = np.mean([[p for p, _ in row] for row in found], axis=0) > 0.01
    assert ((seen / stated)[enough] > BOUNDS[0]).all(), seen / stated
    assert ((seen / stated)[enough] < BOUNDS[1]).all(), seen / stated
