"""What is known of the weeks from the reference date on: when they end, what a date has seen of them, and shapes."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from front_tools import hide, simulate

from forecast.belief import model
from forecast.belief.assemble import DRAWS, PATHS, STATES, fix_parameters, update
from forecast.belief.cache import fit_key
from forecast.belief.draws import generator, interleave
from forecast.belief.fit import SamplerSettings
from forecast.belief.front import FrontBlock
from forecast.belief.front_model import NET_SCALE
from forecast.calendar import week_ends
from forecast.scenario.elicit import Marginal
from forecast.scenario.load import load_scenario

SHAPE = (2, 5)
FRONT = tuple(name for name in PATHS if name.startswith("front."))
SLOW_LEVELS = ("washington.capital", "kyiv.instability")


@pytest.fixture(scope="module")
def war():
    return load_scenario("ukraine-2025")


def made_up(war, day):
    """Levels and weeks of every block on a date, from latents out of a hat."""
    rng = np.random.default_rng(3)
    data = model.block_data(war, day)
    priors = {name: war.priors[name].marginal for name in model.PARAMETERS}
    value = model.values(priors, {name: rng.standard_normal(SHAPE) for name in model.PARAMETERS})
    capital, instability, front = data["capital"], data["instability"], data["front"]
    draws = {
        "front_error": 0.1 * rng.standard_normal((*SHAPE, front.weeks + 1)),
        "front_slow": rng.standard_normal((*SHAPE, front.weeks)),
        "capital_steps": rng.standard_normal((*SHAPE, capital.weeks)),
        "instability_steps": rng.standard_normal((*SHAPE, 2, instability.months)),
    }
    states, paths = {}, {}
    for block in model.BLOCKS:
        states |= block.states(draws, value, data[block.name])
        paths |= block.weekly(value, draws, data[block.name], rng)
    return data, states, paths


def test_weeks_end_on_mondays_and_on_the_day():
    def days(reference, day):
        return [str(end) for end in week_ends(date.fromisoformat(reference), date.fromisoformat(day))]

    # 20 January 2025 is a Monday.
    assert days("2025-01-20", "2025-01-20") == ["2025-01-20"]
    assert days("2025-01-20", "2025-01-21") == ["2025-01-20", "2025-01-21"]
    assert days("2025-01-20", "2025-01-27") == ["2025-01-20", "2025-01-27"]
    assert days("2025-01-20", "2025-02-05") == ["2025-01-20", "2025-01-27", "2025-02-03", "2025-02-05"]
    # From a Wednesday on: its week began on Monday.
    assert days("2025-01-22", "2025-01-22") == ["2025-01-20"]
    assert days("2025-01-22", "2025-01-24") == ["2025-01-20", "2025-01-24"]
    assert days("2025-01-22", "2025-01-28") == ["2025-01-20", "2025-01-27", "2025-01-28"]


@pytest.mark.parametrize(
    ("day", "weeks", "unseen"),
    [
        ("2025-01-20", 0, []),
        ("2025-01-22", 1, [1]),
        ("2025-01-27", 1, []),
        ("2025-03-31", 10, [10]),  # no map on that Monday
        ("2025-04-01", 11, [10, 11]),
        ("2025-04-07", 11, []),  # it is between two with maps by now
        ("2025-12-29", 49, []),
        ("2025-12-31", 50, [50]),  # the second mapper's file of the day before is empty
    ],
)
def test_weeks_that_a_date_has_seen(war, day, weeks, unseen):
    data, states, paths = made_up(war, date.fromisoformat(day))
    assert set(paths) == set(PATHS)
    assert set(states) == set(STATES)
    for name, path in paths.items():
        assert path.shape == (*SHAPE, weeks + 1), name
        gone = sorted({*unseen, *([0] if name == "front.net" else [])}) if name in FRONT else []
        assert [k for k in range(weeks + 1) if np.isnan(path[..., k]).any()] == gone, name
        assert (np.isnan(path[..., gone])).all()
    for name in SLOW_LEVELS:
        assert np.array_equal(paths[name][..., -1], states[name])
    # The front's levels end where the last week with a map does.
    last = max(k for k in range(weeks + 1) if k not in unseen)
    for name in ("front.slow", "front.fast"):
        assert np.array_equal(paths[name][..., last], states[name])
    seen = [k for k in range(1, weeks + 1) if k not in unseen]
    z = paths["front.slow"] + paths["front.fast"]
    assert np.allclose(paths["front.net"][..., seen], NET_SCALE * np.sinh(z[..., seen]))
    # The truth gained in all weeks together is that of the map, but for its errors at the two ends.
    if seen:
        area = data["front"].area
        gained = area[data["front"].last] - area[(war.reference_date - war.first_week).days // 7]
        assert np.abs(np.nansum(paths["front.net"], axis=-1) - gained).max() < 0.1 * abs(gained) + 60.0


def test_levels_between_two_points_are_linear(war):
    # Capital is a path by weeks from a Monday on: each Monday is a point of it, a Thursday lies between two.
    data, _, paths = made_up(war, date(2025, 2, 6))
    assert data["capital"].ends.tolist() == [0.0, 1.0, 2.0, pytest.approx(17 / 7)]
    _, _, later = made_up(war, date(2025, 2, 10))
    capital, after = paths["washington.capital"], later["washington.capital"]
    assert np.array_equal(capital[..., :3], after[..., :3])
    assert np.allclose(capital[..., 3], after[..., 2] * 4 / 7 + after[..., 3] * 3 / 7)


def test_a_reference_date_in_the_middle_of_a_week(war):
    moved = replace(war, reference_date=date(2025, 1, 22))
    _, states, paths = made_up(moved, date(2025, 1, 28))
    assert all(path.shape[-1] == 3 for path in paths.values())
    assert np.isnan(paths["front.slow"]).any(axis=(0, 1)).tolist() == [False, False, True]
    for name in SLOW_LEVELS:
        assert np.array_equal(paths[name][..., -1], states[name])


def test_weeks_without_a_map_before_the_start_take_the_last_that_was_seen():
    data = replace(hide(simulate(0)[0], 40, gaps=(39, 40)), ends=week_ends(date(2030, 10, 14), date(2030, 10, 23)))
    assert data.last == 38
    ended, seen = data.weeks_ended
    assert ended.tolist() == [38, 38, 38]
    assert seen.tolist() == [True, False, False]


def test_padding_is_not_handed_on(war):
    # Latents after the last map move nothing.
    rng = np.random.default_rng(1)
    data = FrontBlock().data(war, date(2025, 4, 1))
    value = {name: war.priors[name].marginal.quantile(rng.standard_normal(SHAPE)) for name in FrontBlock.parameters}
    draws = {
        "front_error": rng.standard_normal((*SHAPE, data.weeks + 1)),
        "front_slow": rng.standard_normal((*SHAPE, data.weeks)),
    }
    one = FrontBlock().weekly(value, draws, data, rng)
    beyond = {
        "front_error": np.where(np.arange(data.weeks + 1) > data.last, 9.0, draws["front_error"]),
        "front_slow": np.where(np.arange(data.weeks) >= data.last, 9.0, draws["front_slow"]),
    }
    other = FrontBlock().weekly(value, beyond, data, rng)
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)


def test_shapes_are_the_same_on_every_day(war):
    days = {war.reference_date + timedelta(days=k) for k in range(0, 346, 23)}
    days |= {date(2025, 3, 31), date(2025, 4, 1), date(2025, 12, 29), date(2025, 12, 30), war.horizon}
    assert len({model.shapes(model.block_data(war, day)) for day in days}) == 1
    # The reading of 0 km2 of 30 December is of no Monday, and is not learnt from.
    assert np.nanmin(model.block_data(war, war.horizon)["front"].second) > 100_000


@pytest.mark.parametrize("day", ["2031-03-03", "2031-03-05", "2031-03-10", "2031-09-29"])
def test_any_date_up_to_the_horizon_has_draws_and_weeks(tiny, day):
    believed = update(tiny, date.fromisoformat(day), prior_only=True)
    weeks = len(week_ends(tiny.reference_date, date.fromisoformat(day)))
    assert {name: path.shape for name, path in believed.paths.items()} == dict.fromkeys(PATHS, (DRAWS, weeks))
    for name in SLOW_LEVELS:
        assert np.array_equal(believed.paths[name][:, 0], believed.draws[f"{name}_start"])
        assert np.array_equal(believed.paths[name][:, -1], believed.draws[name])
    # Nothing is seen of the front: a timeline has its start, and simulates the rest.
    for name in ("front.slow", "front.fast"):
        assert np.isfinite(believed.paths[name][:, 0]).all()
        assert np.isnan(believed.paths[name][:, 1:]).all()
    assert np.isnan(believed.paths["front.net"]).all()
    if weeks == 1:
        for name in ("front.slow", "front.fast"):
            assert np.array_equal(believed.paths[name][:, 0], believed.draws[name])


def test_a_start_that_is_held_is_no_later_level(tiny):
    believed = update(tiny, date(2031, 3, 17), prior_only=True)
    held = fix_parameters(believed, {"washington.capital_start": 0.7})
    path = held.paths["washington.capital"]
    assert (path[:, 0] == 0.7).all()
    assert np.array_equal(path[:, 1:], believed.paths["washington.capital"][:, 1:])
    assert held.draws["washington.capital"].equals(believed.draws["washington.capital"])
    assert (believed.paths["washington.capital"][:, 0] != 0.7).all()


def test_rows_of_a_path_are_those_of_the_draws():
    rng = np.random.default_rng(0)
    chains = rng.standard_normal((4, 10, 3))
    rows = interleave(chains, 33)
    assert rows.shape == (33, 3)
    assert all(np.array_equal(rows[:, k], interleave(chains[..., k], 33)) for k in range(3))


def test_prior_weeks_and_levels_are_of_the_same_luck(war):
    day = date(2025, 6, 4)
    priors = {name: war.priors[name].marginal for name in model.PARAMETERS}
    fit = model.prior_fit(model.block_data(war, day), priors, SamplerSettings(chains=2, draws=30))
    for name in SLOW_LEVELS:
        assert np.array_equal(fit.paths[name][..., -1], fit.states[name])
    rng = generator(0, "front, states")
    value = model.values(priors, fit.scores)
    data = model.block_data(war, war.reference_date)["front"]
    start = FrontBlock().prior_states(value, data, rng)["front.slow"]
    assert np.allclose(fit.paths["front.slow"][..., 0], start)


def test_perspectives_with_the_same_numbers_share_a_fit(war):
    data = model.block_data(war, date(2025, 6, 4))

    def key(scenario):
        priors = {name: scenario.priors[name].marginal for name in model.PARAMETERS}
        return fit_key(data, priors, SamplerSettings()), priors

    assert war.perspectives
    base, numbers = key(war)
    for name in war.perspectives:
        other, changed = key(load_scenario("ukraine-2025", perspective=name))
        assert (other == base) == (changed == numbers), name
    wider = numbers | {"kyiv.instability_start": Marginal("normal", (0.0, 2.0))}
    assert fit_key(data, wider, SamplerSettings()) != base
