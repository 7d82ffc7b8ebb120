"""The front's process simulated: what each instrument's replicates are made of, and the weeks of a draw."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from front_tools import PRIORS, SEASON, SEEN, SERIES, hide, simulate

from forecast.belief import front_replicates as replicates
from forecast.belief.front_data import FrontData, front_inputs, front_observed
from forecast.belief.front_model import NET_SCALE
from forecast.calendar import week_ends

SHAPE = (2, 3)
QUIET = {"slow_sd": 0.0, "fast_scale": 0.0, "mapper_error": 0.0, "second_error": 0.0, "monthly_error": 0.0}
"""Spreads and errors of a front without noise."""


def values(**fixed):
    """Parameters in their units: medians of the priors, with some fixed."""
    median = {name: float(prior.quantile(0.0)) for name, prior in PRIORS.items()}
    given = {f"front.{name}": value for name, value in fixed.items()}
    return {name: np.full(SHAPE, value) for name, value in (median | given).items()}


def rng():
    return np.random.default_rng(8)


@pytest.fixture
def data():
    return hide(simulate(0)[0], SEEN, gaps=(30,))


def test_without_noise_the_replicates_follow_the_season_and_the_scales(data):
    value = values(**QUIET, level=1.2, mud=0.6, second_scale=1.5, monthly_scale=0.5)
    found = replicates.front_replicates(value, None, data, rng())
    weekly = NET_SCALE * np.sinh(1.2 - 0.6 * SEASON[:SEEN])
    truth = np.concatenate([[0.0], np.cumsum(weekly)])
    seen = [week for week in range(SEEN) if week not in (29, 30)]  # the map of Monday 30 is missing
    assert np.allclose(found["area"], weekly[seen])
    assert np.allclose(found["second"], 1.5 * np.diff(truth[::4]))
    months = np.isfinite(data.monthly)
    begin, end = (np.interp(when[months], np.arange(SEEN + 1), truth) for when in (data.month_begins, data.month_ends))
    assert np.allclose(found["gains"], 0.5 * (end - begin))


@pytest.mark.parametrize(
    ("error", "series"), [("mapper_error", "area"), ("second_error", "second"), ("monthly_error", "gains")]
)
def test_an_instrument_s_error_is_in_its_own_series_only(data, error, series):
    exact = replicates.front_replicates(values(**QUIET), None, data, rng())
    noisy = replicates.front_replicates(values(**(QUIET | {error: 20.0})), None, data, rng())
    assert {name for name in SERIES if not np.allclose(exact[name], noisy[name])} == {series}
    # Half of Student's t with four degrees lies within 0.741 scales; a week's change has the errors of both its maps.
    spread = np.median(np.abs(noisy[series] - exact[series]))
    assert 0.5 * 0.741 * 20.0 < spread < 2.0 * 0.741 * 20.0


def test_errors_of_two_weeks_share_the_map_between_them(data):
    # Without noise but the map's own, a high reading raises one week's advance and lowers that of the next.
    noisy = replicates.front_replicates(values(**(QUIET | {"mapper_error": 20.0})), None, data, rng())["area"]
    exact = replicates.front_replicates(values(**QUIET), None, data, rng())["area"]
    away = np.clip((noisy - exact)[..., :28], -60.0, 60.0)
    assert np.corrcoef(away[..., :-1].ravel(), away[..., 1:].ravel())[0, 1] < -0.25


def test_replicates_of_the_posterior_keep_its_slow_level(data):
    slow = np.linspace(-1.0, 1.0, data.weeks) * np.ones((*SHAPE, 1))
    found = replicates.front_replicates(values(**QUIET), {"front_slow": slow}, data, rng())
    seen = [week for week in range(SEEN) if week not in (29, 30)]
    assert np.allclose(found["area"], NET_SCALE * np.sinh(slow[..., seen]))


def test_only_observed_series_have_replicates(data):
    bare = FrontData(data.area, data.season, data.first)
    assert set(replicates.front_replicates(values(), None, bare, rng())) == {"area"}
    found = replicates.front_replicates(values(), None, data, rng())
    assert {name: drawn.shape for name, drawn in found.items()} == {
        name: (*SHAPE, len(days)) for name, (days, _) in front_observed(data).items()
    }


def test_a_shock_without_limit_stays_finite(data):
    found = replicates.front_replicates(values(fast_scale=1e6), None, data, rng())
    assert all(np.isfinite(drawn).all() for drawn in found.values())


def test_levels_add_up_to_the_week_s_advance(data):
    latents = {
        "front_error": rng().standard_normal((*SHAPE, data.weeks + 1)),
        "front_slow": np.zeros((*SHAPE, data.weeks)),
    }
    value = values(mapper_error=5.0)
    slow, fast = replicates.slow_and_fast(latents, value, data)
    assert slow.shape == fast.shape == (*SHAPE, SEEN)
    # The truth is the map plus its error; on the missing Monday the error's unit is 40 km2.
    error = latents["front_error"] * np.where(np.arange(data.weeks + 1) == 30, NET_SCALE, 5.0)
    truth = (front_inputs(data)["front_area"] + error)[..., : SEEN + 1]
    assert np.allclose(NET_SCALE * np.sinh(slow + fast), np.diff(truth, axis=-1))


def test_fast_part_of_the_stationary_process_has_its_spread():
    wide = {
        name: np.full((4, 20_000), drawn[0, 0]) for name, drawn in values(fast_persistence=0.8, fast_scale=0.3).items()
    }
    fast = replicates.stationary(wide, 0.0, rng())["front.fast"]
    # A t with four degrees has variance 2; of an AR(1) the variance is that of the shock over 1 - persistence^2.
    assert fast.std() == pytest.approx(0.3 * math.sqrt(2.0 / (1.0 - 0.8**2)), rel=0.05)


def test_weeks_start_on_the_reference_date_and_end_with_the_maps(data):
    ends = week_ends(date(2031, 12, 15), date(2032, 1, 14))
    shown = replace(data, ends=ends)
    draws = {"front_error": np.zeros((*SHAPE, data.weeks + 1)), "front_slow": np.full((*SHAPE, data.weeks), 0.4)}
    found = replicates.front_weeks(values(), draws, shown, rng())
    # The last map is that of Monday 5 January 2032, the third after the reference date: two later ends are unobserved.
    assert data.mondays[data.last] == np.datetime64("2032-01-05")
    assert np.isnan(found["front.slow"]).any(axis=(0, 1)).tolist() == [False, False, False, False, True, True]
    assert np.isnan(found["front.net"]).any(axis=(0, 1)).tolist() == [True, False, False, False, True, True]
    assert np.allclose(found["front.net"][..., 1:4], np.diff(data.area[SEEN - 3 : SEEN + 1]))
    start = replicates.front_weeks(values(), None, shown, rng())
    assert np.isfinite(start["front.slow"][..., 0]).all()
    assert np.isnan(start["front.slow"][..., 1:]).all()
    assert np.isnan(start["front.net"]).all()
