"""Synthetic years: the posterior of a replayed record covers the parameters that made it."""

import math

import pandas as pd
import pytest
from synthetic_years import INFORMED, inside, study

pytestmark = pytest.mark.calibration

WORLDS, WEEKS, REPLICATES, DRAWS = 48, 45, 5, 1000


@pytest.fixture(scope="module")
def found() -> tuple[pd.DataFrame, pd.DataFrame, list[float]]:
    """Places of true parameters by the record of their own world, and by that of another; effective draws."""
    return study(WORLDS, WEEKS, REPLICATES, DRAWS)


def away(places: pd.DataFrame) -> float:
    """How far the share within the middle 80% lies from 0.8, in its standard error.

    Parameters of one world share its record, so it is worlds that are counted: the error is that of the mean of their
    shares. Were the parameters of a world all inside or all outside together, it would be the binomial's of 48.
    """
    share = inside(places).mean(axis=1)
    error = float(share.std(ddof=1)) / math.sqrt(WORLDS)
    assert error < math.sqrt(0.8 * 0.2 / WORLDS)
    return (float(share.mean()) - 0.8) / error


def test_the_middle_80_percent_hold_80_percent_of_what_was_put_in(
    found: tuple[pd.DataFrame, pd.DataFrame, list[float]],
) -> None:
    places, _, effective = found
    assert places.shape == (WORLDS, len(INFORMED))
    assert sorted(effective)[WORLDS // 2] > 50
    assert abs(away(places)) < 3.0
    # Nor do places lean to one side: the mean of a world's parameters spreads less than a single one.
    assert abs(places.to_numpy().mean() - 0.5) < 3.0 * math.sqrt(1.0 / 12.0 / WORLDS)


def test_the_record_of_another_world_does_not_cover_them(
    found: tuple[pd.DataFrame, pd.DataFrame, list[float]],
) -> None:
    own, others, _ = found
    assert away(others) < -3.0
    assert inside(own).to_numpy().mean() > inside(others).to_numpy().mean() + 0.03
