"""The front's block: its density by hand, its prior, and its posterior on simulated fronts."""

import hashlib
import math
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from forecast.belief import model, tree
from forecast.belief.fit import SamplerSettings
from forecast.belief.front import NET_SCALE, FrontBlock, FrontData
from forecast.belief.front_data import front_data
from forecast.errors import InputError
from forecast.scenario.elicit import fit_quantiles

INF = math.inf
FRONT = FrontBlock()
PRIORS = {
    "front.level": fit_quantiles(0.9, 1.35, 1.8, -INF, INF),
    "front.slow_sd": fit_quantiles(0.25, 0.45, 0.75, 0.0, INF),
    "front.slow_half_life": fit_quantiles(8.0, 20.0, 45.0, 2.0, 104.0),
    "front.fast_persistence": fit_quantiles(0.03, 0.25, 0.6, 0.0, 1.0),
    "front.fast_scale": fit_quantiles(0.2, 0.45, 0.9, 0.0, INF),
    "front.mud": fit_quantiles(0.0, 0.25, 0.7, -0.3, INF),
    "front.mapper_error": fit_quantiles(4.0, 12.0, 40.0, 0.0, INF),
    "front.second_scale": fit_quantiles(0.6, 1.0, 1.6, 0.0, INF),
    "front.second_error": fit_quantiles(8.0, 30.0, 110.0, 0.0, INF),
    "front.monthly_scale": fit_quantiles(0.6, 1.0, 1.6, 0.0, INF),
    "front.monthly_error": fit_quantiles(10.0, 40.0, 140.0, 0.0, INF),
}
WEEKS, SEEN = 120, 104
SPANS = WEEKS // 4
SEASON = 0.5 - 0.5 * np.cos(4 * math.pi * np.arange(WEEKS) / 52)
FIRST = date(2030, 1, 7)
# The first 27 months from February 2030 on begin and end within the weeks.
MONTHS = np.arange("2030-02", "2032-05", dtype="datetime64[M]").astype("datetime64[D]")
POSITIONS = (MONTHS - np.datetime64(FIRST)).astype(float) / 7
SERIES = ("area", "second", "gains")
QUICK = SamplerSettings(chains=2, draws=400, tune=500, target_accept=0.85, seed=3)


def hide(data, last, gaps=()):
    """The same evidence as of an earlier Monday, with Mondays of the first map missing."""
    monday = np.arange(data.weeks + 1)
    area = np.where(monday <= last, data.area, np.nan)
    area[list(gaps)] = np.nan
    return replace(
        data,
        area=area,
        second=np.where(monday <= last, data.second, np.nan),
        gains=np.where(data.month_ends <= last, data.gains, np.nan),
    )


def simulate(seed):
    """A front drawn from the prior by the simulator's recursion: evidence of all weeks, and the truth."""
    rng = np.random.default_rng(seed)
    scores = {name: rng.standard_normal() for name in PRIORS}
    value = {name.removeprefix("front."): float(PRIORS[name].quantile(score)) for name, score in scores.items()}
    keep, persistence = 0.5 ** (1 / value["slow_half_life"]), value["fast_persistence"]
    mean = value["level"] - value["mud"] * SEASON
    slow = mean[0] + value["slow_sd"] * rng.standard_normal()
    fast = value["fast_scale"] / math.sqrt(1 - persistence**2) * rng.standard_t(4)
    truth = [108_000.0]
    states = []
    for week in range(WEEKS):
        if week:
            slow = mean[week] + keep * (slow - mean[week - 1])
            slow += value["slow_sd"] * math.sqrt(1 - keep**2) * rng.standard_normal()
            fast = persistence * fast + value["fast_scale"] * rng.standard_t(4)
        truth.append(truth[-1] + NET_SCALE * math.sinh(slow + fast))
        states.append({"front.slow": slow, "front.fast": fast})
    truth = np.array(truth)
    area = truth + value["mapper_error"] * rng.standard_t(4, WEEKS + 1)
    # The second map: its figures of every fourth Monday are what the block takes, the others are noise.
    second = 113_000.0 + rng.standard_normal(WEEKS + 1)
    change = value["second_scale"] * np.diff(truth[::4]) + value["second_error"] * rng.standard_t(4, SPANS)
    second[::4] = 113_000.0 + np.concatenate([[0.0], np.cumsum(change)])
    gains = np.full(SPANS, np.nan)
    month = value["monthly_scale"] * np.diff(np.interp(POSITIONS, np.arange(WEEKS + 1), truth))
    gains[: month.size] = month + value["monthly_error"] * rng.standard_t(4, month.size)
    gains[:14] = np.nan  # the count begins in its second year
    return FrontData(area, SEASON, FIRST, second, gains, SERIES), scores, states


def fingerprint(fit):
    content = b"".join(draws.tobytes() for draws in [*fit.scores.values(), *fit.states.values()])
    return hashlib.sha256(content + fit.netcdf).hexdigest()


@contextmanager
def alone():
    """The belief with no block but the front's."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (model, tree):
            patch.setattr(module, "BLOCKS", (FRONT,))
            patch.setattr(module, "PARAMETERS", FRONT.parameters)
        yield


class Alone:
    """The front's block compiled by itself."""

    def __init__(self):
        with alone():
            self.compiled = model.compile_model(model.shapes({"front": simulate(0)[0]}), PRIORS)

    def fit(self, data, sampler=QUICK):
        with alone():
            return self.compiled.fit({"front": data}, sampler)


@pytest.fixture(scope="module")
def compiled():
    return Alone()


def test_data_are_checked():
    good = hide(simulate(0)[0], 10)
    assert (good.weeks, good.last) == (WEEKS, 10)
    for wrong, match in (
        ({"area": good.area[:-1]}, r"area has shape \(120,\)"),
        ({"second": good.second[:-1]}, r"second has shape \(120,\)"),
        ({"gains": good.gains[:-1]}, r"gains has shape \(29,\)"),
        ({"second": np.full(WEEKS + 1, INF)}, "second must be finite"),
        ({"season": good.season + 1.0}, "season must be between"),
        ({"first": date(2030, 1, 8)}, "2030-01-08 is no Monday"),
    ):
        with pytest.raises(ValueError, match=match):
            replace(good, **wrong)
    with pytest.raises(InputError, match="1 weekly figures"):
        hide(good, 0)
    with pytest.raises(InputError, match="first Monday not seen"):
        hide(good, 10, gaps=[0])


def test_spans_and_months_are_those_that_are_known():
    area = 1000.0 + np.arange(18.0)
    area[13:] = np.nan
    second = 2000.0 + 10.0 * np.arange(18.0)
    second[4] = np.nan
    gains = np.array([5.0, 6.0, 7.0, 8.0])
    data = FrontData(area, np.zeros(17), date(2030, 1, 7), second, gains, SERIES)
    # Two spans touch the missing fourth Monday, the last ends after the last Monday of the first map.
    assert np.array_equal(data.spans, [np.nan, np.nan, 40.0, np.nan], equal_nan=True)
    # February and March 2030 have ended by Monday 1 April, the twelfth; April has not.
    assert list(data.months) == [np.datetime64(f"2030-0{month}-01") for month in (2, 3, 4, 5, 6)]
    assert np.allclose(data.month_begins, [25 / 7, 53 / 7, 12.0, 114 / 7])
    assert np.array_equal(data.monthly, [5.0, 6.0, np.nan, np.nan], equal_nan=True)
    observed = FRONT.observed(data)
    assert [(name, str(days[-1]), values.tolist()[-1]) for name, (days, values) in observed.items()] == [
        ("area", "2030-04-01", 1.0),
        ("second", "2030-04-01", 40.0),
        ("gains", "2030-03-31", 6.0),
    ]
    inputs = FRONT.inputs(data)
    assert inputs["front_month_end"].tolist() == [53 / 7, 12.0, 0.0, 0.0]
    assert inputs["front_second"].tolist() == [0.0, 0.0, 40.0, 0.0]
    # A month that begins on the first Monday counts.
    assert FrontData(area, np.zeros(17), date(2030, 4, 1)).months[0] == np.datetime64("2030-04-01")


def test_scenario_without_second_series_gives_one_series(tiny):
    data = front_data(tiny, tiny.reference_date)
    assert list(FRONT.observed(data)) == [tiny.area_series]
    inputs = FRONT.inputs(data)
    assert not inputs["front_second_seen"].any()
    assert not inputs["front_gain_seen"].any()


def test_prior_draws_come_from_the_stationary_process():
    data = hide(simulate(0)[0], 10)
    fixed = {"level": 1.2, "slow_sd": 0.5, "fast_persistence": 0.6, "fast_scale": 0.3, "mud": 0.8}
    value = {f"front.{name}": np.full((4, 10_000), number) for name, number in fixed.items()}
    states = FRONT.prior_states(value, data, np.random.default_rng(1))
    mean = 1.2 - 0.8 * SEASON[9]
    assert stats.kstest((states["front.slow"].ravel() - mean) / 0.5, "norm").pvalue > 1e-4
    # A t with 4 degrees has variance 2 and no fourth moment: compare the middle with a long run instead.
    rng = np.random.default_rng(2)
    shocks, path = 0.3 * rng.standard_t(4, 400_000), np.empty(400_000)
    path[0] = 0.0
    for i in range(1, path.size):
        path[i] = 0.6 * path[i - 1] + shocks[i]
    long_run = np.quantile(path, [0.05, 0.25, 0.75, 0.95])
    error = 4 * np.sqrt([0.0475, 0.1875, 0.1875, 0.0475]) / math.sqrt(40_000) / [0.14, 0.7, 0.7, 0.14]
    assert (np.abs(np.quantile(states["front.fast"], [0.05, 0.25, 0.75, 0.95]) - long_run) < error).all()


def test_prior_predictive_is_what_simulated_fronts_show():
    # 400 fronts by the recursion above against 8,000 replicates: of each series, three sums over its figures.
    fronts = [hide(simulate(seed)[0], SEEN, gaps=(30,)) for seed in range(400)]
    rng = np.random.default_rng(5)
    value = {name: prior.quantile(rng.standard_normal((2, 4000))) for name, prior in PRIORS.items()}
    again = FRONT.replicates(value, None, fronts[0], rng)
    for number, name in enumerate(SERIES):
        seen = np.array([FRONT.observed(front)[name][1] for front in fronts])
        assert again[name].shape == (2, 4000, seen.shape[1])
        drawn = again[name].reshape(8000, -1)
        for part in (slice(0, 1), slice(-1, None), slice(None)):
            found = stats.ks_2samp(seen[:, part].sum(axis=1), drawn[:, part].sum(axis=1))
            assert found.pvalue > 1e-3, (number, part)


def test_density_is_the_one_written_down():
    # Six weeks of which four are seen, the second Monday missing: against scipy, term by term.
    season = np.array([0.1, 0.4, 0.9, 0.6, 0.2, 0.0])
    area = np.array([1000.0, np.nan, 1090.0, 1065.0, 1150.0, np.nan, np.nan])
    second = np.array([5000.0, 1.0, 1.0, 1.0, 5130.0, np.nan, np.nan])
    data = FrontData(area, season, date(2031, 1, 27), second, np.array([170.0]), SERIES)
    rng = np.random.default_rng(4)
    with alone():
        built = model.build(model.shapes({"front": data}), PRIORS)
    inputs = FRONT.inputs(data)
    # February ends after the last Monday seen. The count given here is of a month that ends in the fourth week.
    assert inputs["front_gain_seen"].tolist() == [0.0]
    inputs |= {"front_gain_seen": np.ones(1), "front_gain": np.array([170.0])}
    inputs |= {"front_month_begin": np.array([5 / 7]), "front_month_end": np.array([3.5])}
    for name, values in inputs.items():
        built.set_data(name, values)
    logp = built.compile_logp(mode="FAST_COMPILE")

    def wanted(point):
        v = {name.removeprefix("front."): float(PRIORS[name].quantile(point[name])) for name in PRIORS}
        error, slow = point["front_error"], point["front_slow"]
        total = sum(stats.norm.logpdf(point[name]) for name in PRIORS)
        total += stats.t.logpdf(error[[0, 2, 3, 4]], 4).sum()
        total += -0.5 * (error[5] ** 2 + error[6] ** 2 + slow[4] ** 2 + slow[5] ** 2)
        truth = np.array([0.0, 45.0, 90.0, 65.0, 150.0])
        truth += error[:5] * np.where(np.arange(5) == 1, NET_SCALE, v["mapper_error"])
        net = np.diff(truth)
        mean, keep = v["level"] - v["mud"] * season, 0.5 ** (1 / v["slow_half_life"])
        total += stats.norm.logpdf(slow[0], mean[0], v["slow_sd"])
        step = v["slow_sd"] * math.sqrt(1 - keep**2)
        total += stats.norm.logpdf(slow[1:4], mean[1:4] + keep * (slow[:3] - mean[:3]), step).sum()
        fast, scale = np.arcsinh(net / NET_SCALE) - slow[:4], v["fast_scale"]
        total += stats.t.logpdf(fast[0], 4, scale=scale / math.sqrt(1 - v["fast_persistence"] ** 2))
        total += stats.t.logpdf(fast[1:], 4, v["fast_persistence"] * fast[:3], scale).sum()
        total += stats.t.logpdf(130.0, 4, v["second_scale"] * (truth[4] - truth[0]), v["second_error"])
        month = (0.5 * truth[3] + 0.5 * truth[4]) - (2 / 7 * truth[0] + 5 / 7 * truth[1])
        total += stats.t.logpdf(170.0, 4, v["monthly_scale"] * month, v["monthly_error"])
        return total - 0.5 * np.log(net**2 + NET_SCALE**2).sum()

    points = [
        {name: np.array(rng.standard_normal()) for name in PRIORS}
        | {"front_error": rng.standard_normal(7), "front_slow": rng.standard_normal(6)}
        for _ in range(3)
    ]
    # Normalising constants of the slow level's Gaussian steps are left out of the model.
    left_out = [float(logp(point)) - wanted(point) for point in points]
    assert np.allclose(left_out, 2.0 * math.log(2 * math.pi), atol=1e-8)


def test_posterior_covers_what_was_simulated(compiled):
    # Twelve fronts from the prior: the truth lies in the central 80% of its posterior about 8 times in ten (within
    # four binomial standard errors, the parameters of one front taken as independent), and all ranks look uniform.
    # The control judges the truths by the posteriors of other fronts.
    count = 12
    runs = [simulate(seed) for seed in range(count)]
    fits = [compiled.fit(hide(data, SEEN, gaps=(30, 31, 70))) for data, _, _ in runs]

    def ranks(shift, names):
        return np.array(
            [
                [(fits[(i + shift) % count].scores[name] < scores[name]).mean() for name in names]
                for i, (_, scores, _) in enumerate(runs)
            ]
        )

    def inside(ranks):
        return (np.abs(ranks - 0.5) < 0.4).mean()

    own = ranks(0, tuple(PRIORS))
    assert abs(inside(own) - 0.8) < 4 * math.sqrt(0.8 * 0.2 / own.size)
    assert stats.kstest(own.ravel(), "uniform").pvalue > 1e-3
    informed = tuple(f"front.{name}" for name in ("level", "slow_sd", "fast_scale", "mapper_error"))
    others = tuple(f"front.{name}" for name in ("second_scale", "second_error", "monthly_scale", "monthly_error"))
    for names in (informed, others):
        assert inside(ranks(3, names)) < inside(ranks(0, names)) - 0.1
    # The second map's scale is learnt: half the spread of its prior is gone, and the truth is where it is said to be.
    away = np.array([(fits[i].scores[others[0]].mean() - runs[i][1][others[0]]) for i in range(count)])
    spread = np.array([fit.scores[others[0]].std() for fit in fits])
    assert np.median(spread) < 0.5
    assert np.mean((away / spread) ** 2) < stats.chi2.ppf(1 - 1e-4, count) / count
    # What is handed on to the simulator: the slow level of the last week seen.
    truth = [states[SEEN - 1]["front.slow"] for _, _, states in runs]
    last = [fit.states["front.slow"] for fit in fits]
    assert inside(np.array([(slow < true).mean() for slow, true in zip(last, truth, strict=True)])) >= 0.4
    assert np.mean([abs(slow.mean() - true) for slow, true in zip(last, truth, strict=True)]) < 0.5
    assert sum(fit.diagnostics.divergences for fit in fits) == 0


def test_a_redrawn_or_empty_map_does_not_move_the_level(compiled):
    # The second map is redrawn by -900 km2 in one span and reads 0 km2 on another Monday, which touches two; a
    # month's figure has a digit too many. Two runs of 800 draws differ by 0.15 posterior standard deviations or less
    # from luck alone (two standard errors at an effective size of 350 each); a figure lost moves them a little too.
    clean = hide(simulate(6)[0], SEEN)
    second, gains = clean.second.copy(), clean.gains.copy()
    second[17:] -= 900.0
    second[60] = 0.0
    gains[18] *= 10.0
    spoilt = replace(clean, second=second, gains=gains)
    assert np.nanmax(np.abs(spoilt.spans)) > 100_000
    one, other = compiled.fit(clean), compiled.fit(spoilt)
    for name in ("front.slow", "front.fast"):
        assert abs(one.states[name].mean() - other.states[name].mean()) < 0.4 * one.states[name].std()
    for name in ("front.level", "front.slow_sd", "front.fast_scale", "front.second_scale", "front.monthly_scale"):
        assert abs(one.scores[name].mean() - other.scores[name].mean()) < 0.5 * one.scores[name].std(), name
    for name in ("front.second_error", "front.monthly_error"):
        wide, narrow = (np.median(PRIORS[name].quantile(fit.scores[name])) for fit in (other, one))
        assert wide < 3.0 * narrow


def test_unseen_weeks_change_nothing_and_dates_do_not_touch(compiled):
    data = simulate(1)[0]
    early, late = hide(data, 60), hide(data, SEEN)
    first = fingerprint(compiled.fit(early))
    assert fingerprint(compiled.fit(late)) != first
    assert fingerprint(compiled.fit(early)) == first
    # Figures of the other two that come after the last Monday of the first map wait for it; so does the season.
    beyond = np.arange(WEEKS + 1) > 60
    other = replace(
        early,
        season=np.where(beyond[1:], 1.0 - early.season, early.season),
        second=np.where(beyond, 5.0, early.second),
        gains=np.where(early.month_ends > 60, 5.0, early.gains),
    )
    assert fingerprint(compiled.fit(other)) == first
    # The second map counts by every fourth Monday, and by nothing between.
    between = np.where(np.arange(WEEKS + 1) % 4 > 0, 7.0, early.second)
    assert fingerprint(compiled.fit(replace(early, second=between))) == first
    moved = early.second + 50.0 * (np.arange(WEEKS + 1) > 40)
    assert fingerprint(compiled.fit(replace(early, second=moved))) != first


def test_rows_not_yet_available_are_not_in_the_data(tiny):
    # The evidence of the made-up scenario, seen a year before: the later rows are cut away, and nothing changes.
    day = date(2030, 9, 2)
    cut = tiny.evidence.table[tiny.evidence.table["available"] <= np.datetime64(day)]
    shorter = replace(tiny, evidence=replace(tiny.evidence, table=cut))
    one, other = (FRONT.inputs(front_data(scenario, day)) for scenario in (tiny, shorter))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    later = FRONT.inputs(front_data(tiny, tiny.reference_date))
    assert any(not np.array_equal(one[name], later[name]) for name in one)
    assert {name: values.shape for name, values in one.items()} == {
        name: values.shape for name, values in later.items()
    }


def test_fit_can_be_read_by_arviz(compiled):
    data = hide(simulate(1)[0], SEEN)
    fit = compiled.fit(data)
    kept = fit.tree()
    assert kept["posterior"]["front.level"].shape == (2, 400)
    assert np.allclose(kept["posterior"]["front.level"], PRIORS["front.level"].quantile(fit.scores["front.level"]))
    last = kept["posterior_paths"].isel({"front.fast_date": -1, "front.slow_date": -1})
    thin = {"draw": kept["posterior_paths"]["draw"].values}
    assert np.allclose(last["front.fast"], kept["posterior"]["front.fast_state"].sel(thin), atol=1e-5)
    # Replicates: about 90% of the figures observed lie in the central 90%: over 80% of weeks, 70% of the fewer others.
    for name, least in zip(SERIES, (0.8, 0.7, 0.7), strict=True):
        low, high = np.quantile(kept["posterior_predictive"][name], [0.05, 0.95], axis=(0, 1))
        observed = kept["observed_data"][name].values
        assert np.mean((observed > low) & (observed < high)) > least, name


def test_cold_process_gives_the_same_bytes(compiled, tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_belief_front import *
print(fingerprint(Alone().fit(hide(simulate(1)[0], SEEN))))
"""
    flags = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | flags
    )
    assert done.stdout.strip() == fingerprint(compiled.fit(hide(simulate(1)[0], SEEN)))
    assert not list(tmp_path.rglob("*.nbi")), "numba's cache was written although it is off"
