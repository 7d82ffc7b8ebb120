"""Instruments with faults: a figure far from all others moves a level little, and is found by the flags."""

from dataclasses import replace

import numpy as np
import pytest
from belief_tools import HOUSES, PRIORS, QUICK, WEEKS, only, simulate

from forecast.belief import model
from forecast.report.predictive import RARE, tail_probability
from forecast.scenario.elicit import Marginal

LONG = replace(QUICK, draws=1500)


@pytest.fixture(scope="module")
def clean(small):
    data = simulate(4)[0]
    return data, small.fit(data, sampler=LONG)


def shift(fit, other, name):
    """How far the mean of a level moved, in the spread it had."""
    return abs(fit.states[name].mean() - other.states[name].mean()) / fit.states[name].std()


def rare(fit, series):
    """Which figures of a series are flagged."""
    tree = fit.tree()
    again = tree["posterior_predictive"][series].values.astype(np.float64)
    found = tail_probability(tree["observed_data"][series].values, again.reshape(-1, again.shape[-1]))
    return np.flatnonzero(found < RARE).tolist()


@pytest.mark.calibration
def test_clean_figures_are_hardly_flagged(clean):
    data, fit = clean
    series = [name for block in ("capital", "instability") for name in names(data, block)]
    assert sum(len(rare(fit, name)) for name in series) <= 1


def names(data, block):
    return [name for member in model.BLOCKS if member.name == block for name in member.observed(data[block])]


@pytest.mark.calibration
@pytest.mark.parametrize("size", [25.0, -30.0])
def test_a_poll_gone_wrong_does_not_move_capital(small, clean, size):
    data, fit = clean
    polls = data["capital"].polls.copy()
    house, week = next((h, w) for w in range(WEEKS - 2, 0, -1) for h in range(HOUSES) if np.isfinite(polls[h, w]))
    polls[house, week] += size
    spoilt = small.fit(data | {"capital": replace(data["capital"], polls=polls)}, sampler=LONG)
    assert shift(fit, spoilt, "washington.capital") < 0.5
    place = int(np.isfinite(polls[house, :week]).sum())
    assert rare(spoilt, f"house_{house}") == [place]


@pytest.mark.calibration
def test_a_house_that_jumps_for_good_counts_for_less(small, clean):
    # From the middle on, one of five houses reads 12 points higher: it is not the level that jumped.
    data, fit = clean
    polls = data["capital"].polls.copy()
    polls[2, WEEKS // 2 :] += 12.0
    spoilt = small.fit(data | {"capital": replace(data["capital"], polls=polls)}, sampler=LONG)
    per_sd = np.median(PRIORS["washington.approval_per_sd"].quantile(fit.scores["washington.approval_per_sd"]))
    moved = spoilt.states["washington.capital"].mean() - fit.states["washington.capital"].mean()
    # A fifth of the jump is what a mean of five houses would take.
    assert abs(moved) * per_sd < 12.0 / HOUSES


@pytest.mark.calibration
def test_a_wild_figure_does_not_move_instability(small, clean):
    data, fit = clean
    figures = data["instability"].figures.copy()
    figures[2, -2] *= 300.0
    figures[1, -3] = 1.0
    spoilt = small.fit(data | {"instability": replace(data["instability"], figures=figures)}, sampler=LONG)
    assert shift(fit, spoilt, "kyiv.instability") < 0.6
    assert figures.shape[1] - 2 in rare(spoilt, "cases")


@pytest.mark.calibration
def test_a_series_that_stops_leaves_the_others(small, clean):
    # The counts of cases end a year before the last day: the level is told by the polls, less surely.
    data, fit = clean
    figures = data["instability"].figures.copy()
    figures[2, figures.shape[1] * 2 // 3 :] = np.nan
    stopped = small.fit(data | {"instability": replace(data["instability"], figures=figures)}, sampler=LONG)
    assert shift(fit, stopped, "kyiv.instability") < 2.0
    assert stopped.states["kyiv.instability"].std() > 0.95 * fit.states["kyiv.instability"].std()
    assert stopped.states["kyiv.instability"].std() < 1.0


@pytest.mark.calibration
@pytest.mark.parametrize("factor", [0.7, 1.3])
def test_a_vintage_of_aid_revised_moves_it_by_less_than_the_revision(small, clean, factor):
    # The figures of the last year, all of them, 30% lower or higher: those before it, and the prior, hold.
    data, fit = clean
    aid = data["aid"]
    sums = np.where(aid.recent > 0, factor * aid.sums, aid.sums)
    revised = small.fit(data | {"aid": replace(aid, sums=sums)}, sampler=LONG)
    for name in ("washington.us_aid", "europe.europe_aid"):
        ratio = np.exp(
            np.log(PRIORS[name].quantile(revised.scores[name])).mean()
            - np.log(PRIORS[name].quantile(fit.scores[name])).mean()
        )
        low, high = sorted((1.0, factor))
        assert low - 0.02 < ratio < high + 0.02, name
        assert abs(np.log(ratio)) < 0.75 * abs(np.log(factor)), name


@pytest.mark.calibration
def test_a_change_in_one_block_samples_that_block_only(small):
    # Other numbers for one prior of instability, and nothing else: the other blocks' draws are the same, and were not
    # sampled again.
    data = simulate(5)[0]
    first = small.fit(data)
    parts = {part.block.name: part for part in small.compiled.parts}
    kept = {name: dict(part.last) for name, part in parts.items()}
    moved = PRIORS | {"kyiv.instability_start": Marginal("normal", (0.6, 0.6))}
    second = small.fit(data, moved)
    for name, part in parts.items():
        (before,), (after,) = kept[name].values(), part.last.values()
        assert (before is after) == (name != "instability")
    with only(tuple(part.block for part in parts.values())):
        for name in model.PARAMETERS:
            same = np.array_equal(first.scores[name], second.scores[name])
            assert same == (not name.startswith("kyiv.")), name
    assert second.states["kyiv.instability"].mean() > first.states["kyiv.instability"].mean()
    assert second.diagnostics.divergences == first.diagnostics.divergences == 0
