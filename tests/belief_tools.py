"""Shared by the tests of the three smaller blocks: simulated evidence, and the blocks compiled once."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy import stats

from forecast.belief import compiled_model, datatree, model
from forecast.belief.aid import AidBlock, AidData
from forecast.belief.block import Block
from forecast.belief.capital import NEVER, TERM, CapitalBlock, CapitalData
from forecast.belief.compiled_model import CompiledBlock, compile_model
from forecast.belief.fit import Fit, SamplerSettings
from forecast.belief.instability import MONTH, MONTH_DAYS, SLOTS, InstabilityBlock, InstabilityData
from forecast.belief.student_t import TAIL_DEGREES
from forecast.calendar import days_after
from forecast.scenario.elicit import Marginal, fit_quantiles

INF = math.inf
CAPITAL, AID, INSTABILITY = CapitalBlock(), AidBlock(), InstabilityBlock()
SMALL: tuple[Block[Any], ...] = (CAPITAL, AID, INSTABILITY)
QUICK = SamplerSettings(chains=2, draws=400, tune=500, target_accept=0.9, seed=3)
START = date(2031, 1, 6)
WEEKS, HOUSES, MONTHS, AFTER = 50, 5, 24, 12
RUNS = 12
"""Sets of evidence simulated from the prior and fitted."""


def above(low: float, middle: float, high: float, floor: float = 0.0) -> Marginal:
    return fit_quantiles(low, middle, high, floor, INF)


PRIORS: dict[str, Marginal] = {
    "washington.capital_start": Marginal("normal", (0.5, 0.8)),
    "washington.capital_half_life": above(8.0, 20.0, 50.0, 1.0),
    "washington.capital_mean": Marginal("normal", (0.0, 0.5)),
    "washington.approval_at_zero": fit_quantiles(40.0, 45.0, 50.0, 0.0, 100.0),
    "washington.approval_per_sd": above(1.6, 3.1, 5.5),
    "washington.approval_first_mean": fit_quantiles(36.0, 43.0, 50.0, 0.0, 100.0),
    "washington.approval_house": above(0.7, 1.7, 3.8),
    "washington.approval_noise": above(0.7, 1.5, 3.0),
    "washington.us_aid": above(0.7, 1.6, 3.2),
    "washington.aid_delivered": above(0.3, 0.55, 1.0),
    "washington.aid_lumpiness": above(0.35, 0.75, 1.6),
    "washington.aid_revision": above(0.1, 0.25, 0.6),
    "europe.europe_aid": above(1.1, 2.0, 3.6),
    "europe.aid_delivered": above(0.35, 0.5, 0.75),
    "europe.aid_lumpiness": above(0.15, 0.3, 0.7),
    "europe.aid_revision": above(0.05, 0.15, 0.4),
    "kyiv.instability_start": Marginal("normal", (0.3, 0.6)),
    "kyiv.instability_half_life": above(8.0, 20.0, 45.0, 1.0),
    "kyiv.instability_error": above(0.2, 0.45, 1.0, 0.1),
    "kyiv.concessions_centre": fit_quantiles(8.0, 20.0, 40.0, 0.0, 100.0),
    "kyiv.concessions_loading": above(0.25, 0.6, 1.4),
    "kyiv.trust_centre": fit_quantiles(45.0, 65.0, 82.0, 0.0, 100.0),
    "kyiv.trust_loading": above(0.25, 0.6, 1.4),
    "kyiv.desertion_centre": above(800.0, 2500.0, 7000.0),
    "kyiv.desertion_loading": above(0.3, 0.7, 1.6),
}


@contextmanager
def only(blocks: tuple[Block[Any], ...]) -> Iterator[None]:
    """The belief with these blocks only."""
    parameters = tuple(name for block in blocks for name in block.parameters)
    with pytest.MonkeyPatch.context() as patch:
        for module in (model, datatree):
            patch.setattr(module, "BLOCKS", blocks)
        patch.setattr(model, "PARAMETERS", parameters)
        yield


@contextmanager
def one_attempt() -> Iterator[None]:
    """Fits without a second attempt: a few hundred draws never meet the limits for the forecast's thousands.

    Without this each fit would be repeated, four times as long and with smaller steps. The bounds of these tests are
    set for few draws. The second attempt is tested in `tests/belief/test_model.py`.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_model, "failures", lambda diagnostics: [])
        yield


class Small:
    """The three smaller blocks, compiled together once."""

    def __init__(self) -> None:
        with only(SMALL):
            self.compiled = compile_model(model.shapes(simulate(0)[0]), model.families(PRIORS))

    def fit(
        self, data: Mapping[str, Any], priors: Mapping[str, Marginal] = PRIORS, sampler: SamplerSettings = QUICK
    ) -> Fit:
        with only(SMALL), one_attempt():
            return self.compiled.fit(data, priors, sampler)


@pytest.fixture(scope="session")
def small() -> Small:
    return Small()


@pytest.fixture(scope="session")
def aid_alone() -> CompiledBlock:
    """The smallest block, compiled."""
    own = {name: PRIORS[name] for name in AID.parameters}
    with only((AID,)):
        (part,) = compile_model(model.shapes({"aid": simulate(0)[0]["aid"]}), model.families(own)).parts
    return part


@pytest.fixture(scope="session")
def fitted(small: Small) -> tuple[dict[str, Any], Fit]:
    """Evidence simulated from the prior, and its posterior."""
    data, _, _ = simulate(0)
    return data, small.fit(data)


@pytest.fixture(scope="session")
def recovered(small: Small) -> list[tuple[dict[str, Any], dict[str, float], dict[str, float], Fit]]:
    """Evidence simulated from the prior, the scores and states behind it, and its posterior."""
    return [(*run, small.fit(run[0])) for run in map(simulate, range(RUNS))]


def walk(rng: np.random.Generator, start: float, mean: float, half_life: float, gaps: Any) -> np.ndarray:
    """A level that reverts to its mean, after each of the gaps."""
    x = [start]
    for gap in gaps:
        kept = 0.5 ** (gap / half_life)
        x.append(mean + kept * (x[-1] - mean) + math.sqrt(1.0 - kept**2) * rng.standard_normal())
    return np.array(x[1:])


def simulate(seed: int) -> tuple[dict[str, Any], dict[str, float], dict[str, float]]:
    """Evidence of the three blocks, simulated from the prior by the equations in their modules' docstrings.

    Returns:
        the data of each block on the last day, the true scores, and the true levels on that day.
    """
    rng = np.random.default_rng(seed)
    scores = {name: float(rng.standard_normal()) for name in PRIORS}
    value = {name: float(PRIORS[name].quantile(score)) for name, score in scores.items()}
    w, e, k = ({n.split(".")[1]: v for n, v in value.items() if n.startswith(p)} for p in ("wash", "eur", "kyiv"))

    first = w["approval_first_mean"] + w["approval_per_sd"] * walk(
        rng, 0.0, 0.0, w["capital_half_life"], [NEVER, *[4.0] * (TERM - 1)]
    )
    capital = walk(rng, w["capital_start"], w["capital_mean"], w["capital_half_life"], np.ones(WEEKS))
    polls = (
        w["approval_at_zero"]
        + w["approval_per_sd"] * capital
        + w["approval_noise"] * rng.standard_t(TAIL_DEGREES, (HOUSES, WEEKS))
    )
    polls += w["approval_house"] * rng.standard_normal((HOUSES, 1))
    polls[rng.random(polls.shape) < 0.6] = np.nan
    days = days_after(START, 7 * np.arange(1, WEEKS + 1))
    term = days_after(date(2021, 1, 4), 28 * np.arange(TERM))
    houses = tuple(f"house_{number}" for number in range(HOUSES))
    approval = CapitalData(START, float(WEEKS), first, term, polls, np.tile(days, (HOUSES, 1)), ("first", houses))

    recent = np.array([0.0] * 4 + [1.0] * 4)
    sums = []
    for flow, own in ((w["us_aid"], w), (e["europe_aid"], e)):
        variance = own["aid_lumpiness"] ** 2 + recent * own["aid_revision"] ** 2
        sums.append(rng.gamma(1.0 / variance, 3.0 * flow / own["aid_delivered"] * variance))
    quarters = np.arange("2029-04", "2031-04", 3, dtype="datetime64[M]").astype("datetime64[D]") - np.timedelta64(
        1, "D"
    )
    aid = AidData(quarters, np.maximum(np.array(sums), 0.05), recent, ("us", "europe"))

    halves = [walk(rng, k["instability_start"], 0.0, k["instability_half_life"], [MONTH] * MONTHS) for _ in range(2)]
    level = np.concatenate([halves[0][::-1], [k["instability_start"]], halves[1]])
    where = np.linspace(0, MONTHS + AFTER, SLOTS).astype(int)
    weight = np.tile(np.eye(level.size)[where], (3, 1, 1))
    read = level[where] + k["instability_error"] * rng.standard_t(TAIL_DEGREES, (3, SLOTS))
    logit = [np.log(k[f"{part}_centre"] / (100.0 - k[f"{part}_centre"])) for part in ("concessions", "trust")]
    figures = np.array(
        [
            100.0 / (1.0 + np.exp(-logit[0] - k["concessions_loading"] * read[0])),
            100.0 / (1.0 + np.exp(-logit[1] + k["trust_loading"] * read[1])),
            k["desertion_centre"] * np.exp(k["desertion_loading"] * read[2]),
        ]
    )
    figure_days = np.tile(days_after(START, np.round(MONTH_DAYS * (where - MONTHS))), (3, 1))
    names = ("ready", "trust", "cases")
    unrest = InstabilityData(START, MONTHS, float(AFTER), figures, figure_days, weight, names)

    states = {"washington.capital": float(capital[-1]), "kyiv.instability": float(level[MONTHS + AFTER])}
    return {"capital": approval, "aid": aid, "instability": unrest}, scores, states


def log_density(block: Block[Any], data: Any, point: Mapping[str, np.ndarray]) -> float:
    """Log density of one block's model at a point: its scores and its latents, by name."""
    priors = {name: PRIORS[name] for name in block.parameters}
    with only((block,)):
        built = model.build(block, model.shapes({block.name: data}), model.families(priors))
        for name, values in (block.inputs(data) | model.numbers(priors)).items():
            built.set_data(name, values)
    return float(built.compile_logp(mode="FAST_COMPILE")(point))


def inside(ranks: np.ndarray) -> float:
    """Share of ranks that lie in the central 80%."""
    return float((np.abs(ranks - 0.5) < 0.4).mean())


def ranks(recovered: Any, names: tuple[str, ...], shift: int = 0) -> np.ndarray:
    """Ranks of true scores in posteriors, (run, name); with a shift, in the posteriors of other runs."""
    return np.array(
        [
            [(recovered[(i + shift) % RUNS][3].scores[name] < scores[name]).mean() for name in names]
            for i, (_, scores, _, _) in enumerate(recovered)
        ]
    )


def check_found_again(recovered: Any, parameters: tuple[str, ...], informed: tuple[str, ...], state: str) -> np.ndarray:
    """Posteriors contain the true values as often as they should, and those of other runs do not.

    Args:
        recovered: from the fixture.
        parameters: their true values lie in the central 80% in about 8 of 10 cases (within four binomial standard
            errors, with the parameters of one run taken as independent), and their ranks are uniform.
        informed: parameters with much evidence: fewer lie in the central 80% of other runs (the control).
        state: dotted name of a level on the last day; its errors agree with the posterior's standard deviation.

    Returns:
        (run,) the posterior standard deviation of that level.
    """
    own = ranks(recovered, parameters)
    assert abs(inside(own) - 0.8) < 4 * math.sqrt(0.8 * 0.2 / own.size)
    assert stats.kstest(own.ravel(), "uniform").pvalue > 1e-3
    assert inside(ranks(recovered, informed, shift=3)) < inside(ranks(recovered, informed)) - 0.1
    away = np.array([fit.states[state].mean() - states[state] for _, _, states, fit in recovered])
    spread = np.array([fit.states[state].std() for *_, fit in recovered])
    assert np.mean((away / spread) ** 2) < stats.chi2.ppf(1 - 1e-4, RUNS) / RUNS
    return spread
