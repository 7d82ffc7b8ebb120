"""The front's block: its density by hand, its prior, and its posterior on simulated fronts."""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from forecast.belief.front import (
    FRONT_PARAMETERS,
    NET_SCALE,
    FrontData,
    SamplerSettings,
    compile_front,
    prior_front,
)
from forecast.belief.front_model import front_model, model_data
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal, fit_quantiles

INF = math.inf
PRIORS = {
    "level": fit_quantiles(0.9, 1.35, 1.8, -INF, INF),
    "slow_sd": fit_quantiles(0.25, 0.45, 0.75, 0.0, INF),
    "slow_half_life": fit_quantiles(8.0, 20.0, 45.0, 2.0, 104.0),
    "fast_persistence": fit_quantiles(0.03, 0.25, 0.6, 0.0, 1.0),
    "fast_scale": fit_quantiles(0.2, 0.45, 0.9, 0.0, INF),
    "mud": fit_quantiles(0.0, 0.25, 0.7, -0.3, INF),
    "mapper_error": fit_quantiles(4.0, 12.0, 40.0, 0.0, INF),
}
WEEKS, SEEN = 120, 104
SEASON = 0.5 - 0.5 * np.cos(4 * math.pi * np.arange(WEEKS) / 52)
QUICK = SamplerSettings(chains=2, draws=400, tune=500, target_accept=0.85, seed=3)


def hide(data, last, gaps=()):
    """The same evidence as of an earlier Monday, with Mondays missing."""
    seen = data.seen * (np.arange(data.weeks + 1) <= last)
    seen[list(gaps)] = 0.0
    return FrontData(np.where(seen > 0, data.area, 0.0), seen, data.season)


def simulate(seed):
    """A front drawn from the prior by the simulator's recursion: evidence of all weeks, and the truth."""
    rng = np.random.default_rng(seed)
    scores = {name: rng.standard_normal() for name in FRONT_PARAMETERS}
    value = {name: float(PRIORS[name].quantile(score)) for name, score in scores.items()}
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
        states.append({"slow": slow, "fast": fast})
    area = np.array(truth) + value["mapper_error"] * rng.standard_t(4, WEEKS + 1)
    return FrontData(area, np.ones(WEEKS + 1), SEASON), scores, states


def fingerprint(fit):
    content = b"".join(draws.tobytes() for draws in [*fit.scores.values(), *fit.states.values()])
    return hashlib.sha256(content + fit.netcdf).hexdigest()


@pytest.fixture(scope="module")
def compiled():
    return compile_front(WEEKS, PRIORS)


def test_data_are_checked():
    good = hide(simulate(0)[0], 10)
    assert (good.weeks, good.last) == (WEEKS, 10)
    with pytest.raises(ValueError, match="must be"):
        FrontData(good.area[:-1], good.seen, good.season)
    with pytest.raises(ValueError, match="0 or 1"):
        FrontData(good.area, good.seen * 0.5, good.season)
    with pytest.raises(ValueError, match="season"):
        FrontData(good.area, good.seen, good.season + 1.0)
    with pytest.raises(InputError, match="1 weekly figures"):
        hide(good, 0)
    with pytest.raises(InputError, match="first Monday not seen"):
        hide(good, 10, gaps=[0])


def test_priors_are_checked():
    data = hide(simulate(0)[0], 10)
    with pytest.raises(InputError, match="found level"):
        prior_front(data, {"level": PRIORS["level"]}, QUICK)
    with pytest.raises(InputError, match="mud: a beta prior cannot be updated"):
        compile_front(WEEKS, PRIORS | {"mud": Marginal("beta", (2.0, 3.0))})


def test_prior_draws_come_from_the_stationary_process():
    data = hide(simulate(0)[0], 10)
    fixed = {"level": 1.2, "slow_sd": 0.5, "fast_persistence": 0.6, "fast_scale": 0.3, "mud": 0.8}
    priors = PRIORS | {name: Marginal("point", (value,)) for name, value in fixed.items()}
    fit = prior_front(data, priors, SamplerSettings(chains=4, draws=10_000, seed=1))
    count = fit.states["slow"].size
    for name in FRONT_PARAMETERS:
        assert stats.kstest(fit.scores[name].ravel(), "norm").pvalue > 1e-4
    mean = 1.2 - 0.8 * SEASON[9]
    assert stats.kstest((fit.states["slow"].ravel() - mean) / 0.5, "norm").pvalue > 1e-4
    # A t with 4 degrees has variance 2 and no fourth moment: compare the middle with a long run instead.
    rng = np.random.default_rng(2)
    shocks, path = 0.3 * rng.standard_t(4, 400_000), np.empty(400_000)
    path[0] = 0.0
    for i in range(1, path.size):
        path[i] = 0.6 * path[i - 1] + shocks[i]
    long_run = np.quantile(path, [0.05, 0.25, 0.75, 0.95])
    error = 4 * np.sqrt([0.0475, 0.1875, 0.1875, 0.0475]) / math.sqrt(count) / [0.14, 0.7, 0.7, 0.14]
    assert (np.abs(np.quantile(fit.states["fast"], [0.05, 0.25, 0.75, 0.95]) - long_run) < error).all()
    again = prior_front(data, priors, SamplerSettings(chains=4, draws=10_000, seed=1))
    assert fingerprint(fit) == fingerprint(again)


def test_density_is_the_one_written_down():
    # Five weeks of which three are seen, the second Monday missing: against scipy, term by term.
    season = np.array([0.1, 0.4, 0.9, 0.6, 0.2])
    area = np.array([1000.0, 0.0, 1090.0, 1065.0, 0.0, 0.0])
    data = FrontData(area, (area > 0).astype(float), season)
    rng = np.random.default_rng(4)
    model = front_model(5, PRIORS)
    for name, values in model_data(data).items():
        model.set_data(name, values)
    logp = model.compile_logp(mode="FAST_COMPILE")

    def wanted(point):
        v = {name: float(PRIORS[name].quantile(point[name])) for name in FRONT_PARAMETERS}
        error, slow = point["error"], point["slow"]
        total = sum(stats.norm.logpdf(point[name]) for name in FRONT_PARAMETERS)
        total += stats.t.logpdf(error[[0, 2, 3]], 4).sum()
        total += -0.5 * (error[4] ** 2 + error[5] ** 2 + slow[3] ** 2 + slow[4] ** 2)
        truth = np.array([0.0, 45.0, 90.0, 65.0])
        truth += error[:4] * [v["mapper_error"], NET_SCALE, v["mapper_error"], v["mapper_error"]]
        net = np.diff(truth)
        mean, keep = v["level"] - v["mud"] * season, 0.5 ** (1 / v["slow_half_life"])
        total += stats.norm.logpdf(slow[0], mean[0], v["slow_sd"])
        step = v["slow_sd"] * math.sqrt(1 - keep**2)
        total += stats.norm.logpdf(slow[1:3], mean[1:3] + keep * (slow[:2] - mean[:2]), step).sum()
        fast, scale = np.arcsinh(net / NET_SCALE) - slow[:3], v["fast_scale"]
        total += stats.t.logpdf(fast[0], 4, scale=scale / math.sqrt(1 - v["fast_persistence"] ** 2))
        total += stats.t.logpdf(fast[1:], 4, v["fast_persistence"] * fast[:2], scale).sum()
        return total - 0.5 * np.log(net**2 + NET_SCALE**2).sum()

    points = [
        {name: np.array(rng.standard_normal()) for name in FRONT_PARAMETERS}
        | {"error": rng.standard_normal(6), "slow": rng.standard_normal(5)}
        for _ in range(3)
    ]
    # Normalising constants of the slow level's Gaussian steps are left out of the model.
    left_out = [float(logp(point)) - wanted(point) for point in points]
    assert np.allclose(left_out, 1.5 * math.log(2 * math.pi), atol=1e-8)


def test_posterior_covers_what_was_simulated(compiled):
    # Ten fronts from the prior: the truth lies in the central 80% of its posterior about 8 times in ten, and
    # all ranks look uniform. The control judges the truths by the posteriors of other fronts.
    runs = [simulate(seed) for seed in range(10)]
    fits = [compiled.fit(hide(data, SEEN, gaps=(30, 31, 70)), QUICK) for data, _, _ in runs]

    def ranks(shift, names):
        return np.array(
            [
                [(fits[(i + shift) % 10].scores[name] < scores[name]).mean() for name in names]
                for i, (_, scores, _) in enumerate(runs)
            ]
        )

    def inside(ranks):
        return (np.abs(ranks - 0.5) < 0.4).mean()

    own = ranks(0, FRONT_PARAMETERS)
    assert abs(inside(own) - 0.8) < 4 * math.sqrt(0.8 * 0.2 / own.size)
    assert stats.kstest(own.ravel(), "uniform").pvalue > 1e-3
    informed = ("level", "slow_sd", "fast_scale", "mapper_error")
    assert inside(ranks(3, informed)) < inside(ranks(0, informed)) - 0.1
    # What is handed on to the simulator: the slow level of the last week seen.
    truth = [states[SEEN - 1]["slow"] for _, _, states in runs]
    last = [fit.states["slow"] for fit in fits]
    assert inside(np.array([(slow < true).mean() for slow, true in zip(last, truth, strict=True)])) >= 0.4
    assert np.mean([abs(slow.mean() - true) for slow, true in zip(last, truth, strict=True)]) < 0.5
    assert sum(fit.diagnostics.divergences for fit in fits) == 0


def test_unseen_weeks_change_nothing_and_dates_do_not_touch(compiled):
    data = simulate(1)[0]
    early, late = hide(data, 60), hide(data, SEEN)
    first = fingerprint(compiled.fit(early, QUICK))
    assert fingerprint(compiled.fit(late, QUICK)) != first
    assert fingerprint(compiled.fit(early, QUICK)) == first
    beyond = np.arange(WEEKS + 1) > 60
    other = FrontData(
        np.where(beyond, 5.0, early.area), early.seen, np.where(beyond[1:], 1.0 - early.season, early.season)
    )
    assert fingerprint(compiled.fit(other, QUICK)) == first
    with pytest.raises(ValueError, match="compiled for 120 weeks"):
        compiled.fit(FrontData(data.area[:-1], data.seen[:-1], data.season[:-1]), QUICK)


def test_fit_can_be_read_by_arviz(compiled, tmp_path):
    data = hide(simulate(1)[0], SEEN)
    fit = compiled.fit(data, QUICK)
    tree = fit.tree()
    assert tree["posterior"]["level"].shape == (2, 400)
    assert np.array_equal(tree["posterior"]["mud_score"].values, fit.scores["mud"])
    assert np.allclose(tree["posterior"]["level"], PRIORS["level"].quantile(fit.scores["level"]))
    assert np.array_equal(tree["posterior"]["slow_state"].values, fit.states["slow"])
    last = tree["posterior_paths"].isel(week=-1)
    thin = {"draw": tree["posterior_paths"]["draw"].values}
    assert np.allclose(last["fast"], tree["posterior"]["fast_state"].sel(thin), atol=1e-5)
    assert tree["observed_data"]["net"].shape == (SEEN,)
    # Replicated weeks: about 90% of those observed lie in the central 90%.
    low, high = np.quantile(tree["posterior_predictive"]["net"], [0.05, 0.95], axis=(0, 1))
    observed = tree["observed_data"]["net"].values
    assert np.mean((observed > low) & (observed < high)) > 0.8


def test_cold_process_gives_the_same_bytes(compiled, tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_belief_front import *
print(fingerprint(compile_front(WEEKS, PRIORS).fit(hide(simulate(1)[0], SEEN), QUICK)))
"""
    flags = {"PYTENSOR_FLAGS": f"base_compiledir={tmp_path}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | flags
    )
    assert done.stdout.strip() == fingerprint(compiled.fit(hide(simulate(1)[0], SEEN), QUICK))
    assert not list(tmp_path.rglob("*.nbi")), "numba's cache was written although it is off"
