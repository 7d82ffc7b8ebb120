"""Shared by the tests of the front block: priors, fronts simulated from them, and the compiled block."""

import hashlib
import math
from dataclasses import replace
from datetime import date

import numpy as np
from belief_tools import one_attempt, only

from forecast.belief import model
from forecast.belief.compiled_model import compile_model
from forecast.belief.fit import SamplerSettings
from forecast.belief.front import NET_SCALE, FrontBlock, FrontData
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
    """The evidence as of an earlier Monday, without some Mondays of the first map."""
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


class Alone:
    """The front block, compiled without the others."""

    def __init__(self):
        with only((FRONT,)):
            self.compiled = compile_model(model.shapes({"front": simulate(0)[0]}), model.families(PRIORS))

    def fit(self, data, sampler=QUICK):
        with only((FRONT,)), one_attempt():
            return self.compiled.fit({"front": data}, PRIORS, sampler)
