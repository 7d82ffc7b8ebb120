"""Capital learnt from approval: the likelihood by hand, simulated terms found again, and what a date may see."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from belief_tools import CAPITAL, PRIORS, check_found_again, log_density, simulate
from scipy import stats

from forecast.belief import ornstein_uhlenbeck
from forecast.belief.capital import NEVER, TERM
from forecast.belief.model import SCORE
from forecast.scenario.load import load_scenario
from forecast.scenario.records import SeriesRoles


@pytest.fixture(scope="module")
def war():
    return load_scenario("ukraine-2025")


def point_of(rng, data):
    return {
        SCORE: rng.standard_normal(len(CAPITAL.parameters)),
        "capital_steps": rng.standard_normal(data.weeks),
        "capital_houses": rng.standard_normal(data.polls.shape[0]),
    }


def test_density_of_a_level_is_that_of_its_gaussian_process():
    # Seen at uneven times: the joint density is a multivariate normal with covariance 2^(-|s - t| / half-life).
    times, half_life = np.array([0.0, 1.0, 5.0, 6.0, 30.0]), 7.0
    x = np.random.default_rng(0).standard_normal(5)
    gaps = np.concatenate([[NEVER], np.diff(times)])
    found = (
        ornstein_uhlenbeck.log_density(pt.constant(x), np.roll(x, 1), gaps, half_life).sum().eval(mode="FAST_COMPILE")
    )
    covariance = 0.5 ** (np.abs(times[:, None] - times) / half_life)
    assert float(found) == pytest.approx(stats.multivariate_normal(np.zeros(5), covariance).logpdf(x), abs=1e-9)


def test_one_step_by_hand():
    # Half-life 4, gap 4: half is kept. From 1.0 to 0.2: mean 0.5, variance 0.75.
    found = ornstein_uhlenbeck.log_density(pt.constant([0.2]), np.array([1.0]), np.array([4.0]), 4.0).eval(
        mode="FAST_COMPILE"
    )
    assert float(found[0]) == pytest.approx(-0.5 * 0.09 / 0.75 - 0.5 * math.log(2 * math.pi * 0.75))


@pytest.mark.parametrize("half_life", [1.0, 20.0, 500.0])
def test_path_without_a_loop_is_the_path(half_life):
    noise = np.random.default_rng(1).standard_normal(150)
    wanted = ornstein_uhlenbeck.path(np.array(0.7), np.array(-0.4), np.array(half_life), 1.0, noise)
    found = ornstein_uhlenbeck.path_tensor(
        0.7, -0.4, pytensor.shared(half_life), np.arange(1.0, 151.0), pt.constant(noise)
    )
    assert np.allclose(found.eval(mode="FAST_COMPILE"), wanted[1:], atol=1e-10)
    kept = 0.5 ** (1 / half_life)
    assert wanted[1] == pytest.approx(-0.4 + kept * 1.1 + math.sqrt(1 - kept**2) * noise[0])


def test_density_is_the_one_written_down():
    data = simulate(0)[0]["capital"]
    rng = np.random.default_rng(4)
    for _ in range(2):
        point = point_of(rng, data)
        scores = dict(zip(CAPITAL.parameters, point[SCORE], strict=True))
        v = {name.split(".")[1]: float(PRIORS[name].quantile(score)) for name, score in scores.items()}
        wanted = sum(stats.norm.logpdf(values).sum() for values in point.values())
        kept = 0.5 ** (4 / v["capital_half_life"])
        wanted += stats.norm.logpdf(data.first[0], v["approval_first_mean"], v["approval_per_sd"])
        mean = v["approval_first_mean"] + kept * (data.first[:-1] - v["approval_first_mean"])
        wanted += stats.norm.logpdf(data.first[1:], mean, v["approval_per_sd"] * math.sqrt(1 - kept**2)).sum()
        x, kept = v["capital_start"], 0.5 ** (1 / v["capital_half_life"])
        for week, step in enumerate(point["capital_steps"]):
            x = v["capital_mean"] + kept * (x - v["capital_mean"]) + math.sqrt(1 - kept**2) * step
            for house, effect in enumerate(point["capital_houses"]):
                if not np.isnan(data.polls[house, week]):
                    middle = v["approval_at_zero"] + v["approval_per_sd"] * x + v["approval_house"] * effect
                    wanted += stats.t.logpdf(data.polls[house, week], 4, middle, v["approval_noise"])
        assert log_density(CAPITAL, data, point) == pytest.approx(wanted)


@pytest.mark.calibration
def test_simulated_terms_are_found_again(recovered):
    informed = tuple(f"washington.approval_{key}" for key in ("first_mean", "per_sd", "noise"))
    spread = check_found_again(recovered, CAPITAL.parameters, informed, "washington.capital")
    # The prior's standard deviation is 1.1: that of the process, 1, and of its mean, 0.5.
    assert np.median(spread) < 0.8


def test_without_polls_the_prior_stays(tiny):
    # The made-up scenario has none: the density is that of the scores and of the latents, whatever they are.
    data = CAPITAL.data(tiny, tiny.reference_date)
    assert CAPITAL.observed(data) == {}
    point = point_of(np.random.default_rng(2), data)
    wanted = sum(stats.norm.logpdf(values).sum() for values in point.values())
    assert log_density(CAPITAL, data, point) == pytest.approx(wanted)


def test_what_the_reference_date_knows(war):
    data = CAPITAL.data(war, war.reference_date)
    (seen,) = CAPITAL.observed(data).items()
    days, figures = seen[1]
    assert seen[0] == war.series.first_term_approval
    assert (np.diff(days) == np.timedelta64(28, "D")).all()
    assert figures.size == len(days) <= TERM
    assert days[0] == np.datetime64("2017-01-23")
    rng = np.random.default_rng(5)
    value = {name: PRIORS[name].quantile(rng.standard_normal((2, 3))) for name in CAPITAL.parameters}
    assert np.array_equal(
        CAPITAL.prior_states(value, data, rng)["washington.capital"], value["washington.capital_start"]
    )


def test_rows_not_yet_available_are_not_in_the_data(war):
    day = date(2025, 4, 20)
    cut = war.evidence.table[war.evidence.table["available"] <= np.datetime64(day)]
    shorter = replace(war, evidence=replace(war.evidence, table=cut))
    one, other = (CAPITAL.inputs(CAPITAL.data(scenario, day)) for scenario in (war, shorter))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    # The poll of 21 July became available a week later; shapes are the same on every date.
    late = {day: CAPITAL.data(war, date.fromisoformat(day)) for day in ("2025-07-27", "2025-07-28", "2025-12-31")}
    gallup = [np.isfinite(data.polls[1]).sum() for data in late.values()]
    assert gallup == [1, 2, 5]
    shapes = {tuple(values.shape for values in CAPITAL.inputs(data).values()) for data in late.values()}
    assert len(shapes) == 1


def test_polls_stand_at_the_nearest_end_of_a_week(war):
    roles = SeriesRoles(approval=("approval_2025", "approval_2025_gallup"))
    data = CAPITAL.data(replace(war, series=roles), date(2025, 12, 31))
    # 21 and 27 January go to the first week's end, 22 March (61 days) to the ninth, 29 March (68) to the tenth.
    assert data.polls[0, :12].tolist()[0] == 51.6
    assert data.polls[1, 0] == 47.0
    assert data.polls[0, 8:10].tolist() == [47.5, 47.4]
    assert data.days[0, 8] == np.datetime64("2025-03-22")
    assert np.isfinite(data.polls).sum() == 13


@pytest.mark.calibration
def test_states_and_paths_lie_on_the_weekly_path(fitted):
    data, fit = fitted
    tree = fit.tree()
    path = tree["posterior_paths"]["washington.capital"]
    assert path.dims == ("chain", "draw", "washington.capital_date")
    assert path["washington.capital_date"].values[0] == np.datetime64(data["capital"].start)
    thin = {"draw": path["draw"].values}
    state = tree["posterior"]["washington.capital_state"].sel(thin)
    assert np.allclose(path.isel({"washington.capital_date": -1}), state, rtol=1e-3, atol=1e-6)
    start = tree["posterior"]["washington.capital_start"].sel(thin)
    assert np.allclose(path.isel({"washington.capital_date": 0}), start, rtol=1e-3, atol=1e-6)


def test_replicates_have_the_spread_of_simulated_terms():
    runs = [simulate(seed)[0]["capital"] for seed in range(300)]
    rng = np.random.default_rng(7)
    value = {name: PRIORS[name].quantile(rng.standard_normal((2, 2000))) for name in CAPITAL.parameters}
    again = CAPITAL.replicates(value, None, runs[0], rng)
    assert set(again) == {"first", *runs[0].series[1]} == set(CAPITAL.observed(runs[0]))
    first = np.array([run.first for run in runs])
    for part in (np.s_[..., 0], np.s_[..., -1]):
        assert stats.ks_2samp(first[part], again["first"][part].ravel()).pvalue > 1e-3
    moves = np.abs(np.diff(first)).mean(axis=1), np.abs(np.diff(again["first"])).mean(axis=2).ravel()
    assert stats.ks_2samp(*moves).pvalue > 1e-3
    polls = np.array([run.polls[0][np.isfinite(run.polls[0])][-1] for run in runs])
    assert stats.ks_2samp(polls, again["house_0"][..., -1].ravel()).pvalue > 1e-3
