"""The front's block compiled and sampled alone: simulated fronts found again, masks, spoilt files, equal bytes."""

import math
from dataclasses import replace

import numpy as np
import pytest
from belief_tools import RUNS, inside, ranks
from front_tools import PRIORS, QUICK, SEEN, SERIES, WEEKS, Alone, fingerprint, hide, simulate
from scipy import stats

pytestmark = pytest.mark.calibration

LONG = replace(QUICK, draws=3000)


@pytest.fixture(scope="module")
def compiled():
    return Alone()


@pytest.fixture(scope="module")
def clean(compiled):
    """A front's evidence without faults, and its posterior of many draws."""
    data = hide(simulate(6)[0], SEEN)
    return data, compiled.fit(data, LONG)


def test_posterior_covers_what_was_simulated(compiled):
    # Twelve fronts from the prior: the truth lies in the central 80% of its posterior about 8 times in ten (within
    # four binomial standard errors, the parameters of one front taken as independent), and all ranks look uniform.
    # The control judges the truths by the posteriors of other fronts.
    runs = [simulate(seed) for seed in range(RUNS)]
    recovered = [(*run, compiled.fit(hide(run[0], SEEN, gaps=(30, 31, 70)))) for run in runs]
    fits = [fit for *_, fit in recovered]
    own = ranks(recovered, tuple(PRIORS))
    assert abs(inside(own) - 0.8) < 4 * math.sqrt(0.8 * 0.2 / own.size)
    assert stats.kstest(own.ravel(), "uniform").pvalue > 1e-3
    informed = tuple(f"front.{name}" for name in ("level", "slow_sd", "fast_scale", "mapper_error"))
    others = tuple(f"front.{name}" for name in ("second_scale", "second_error", "monthly_scale", "monthly_error"))
    for names in (informed, others):
        assert inside(ranks(recovered, names, shift=3)) < inside(ranks(recovered, names)) - 0.1
    # The second map's scale is learnt: half the spread of its prior is gone, and the truth is where it is said to be.
    away = np.array([(fits[i].scores[others[0]].mean() - runs[i][1][others[0]]) for i in range(RUNS)])
    spread = np.array([fit.scores[others[0]].std() for fit in fits])
    assert np.median(spread) < 0.5
    assert np.mean((away / spread) ** 2) < stats.chi2.ppf(1 - 1e-4, RUNS) / RUNS
    # What is handed on to the simulator: the slow level of the last week seen.
    truth = [states[SEEN - 1]["front.slow"] for _, _, states in runs]
    last = [fit.states["front.slow"] for fit in fits]
    assert inside(np.array([(slow < true).mean() for slow, true in zip(last, truth, strict=True)])) >= 0.4
    assert np.mean([abs(slow.mean() - true) for slow, true in zip(last, truth, strict=True)]) < 0.5
    assert sum(fit.diagnostics.divergences for fit in fits) == 0


def test_a_redrawn_or_empty_map_does_not_move_the_level(compiled, clean):
    # The second map is redrawn by -900 km2 in one span and reads 0 km2 on another Monday, which touches two; a
    # month's figure has a digit too many. Two runs differ a little from luck alone, and a figure lost moves them a
    # little too. Each lost figure widens its error, but by the loss and not by the size of the fault: one ten times
    # as large does no more.
    data, one = clean

    def spoilt(size):
        second, gains = data.second.copy(), data.gains.copy()
        second[17:] -= 900.0 * size
        second[60] = 0.0
        gains[18] *= 10.0 * size
        return replace(data, second=second, gains=gains)

    assert np.nanmax(np.abs(spoilt(1).spans)) > 100_000
    other, larger = (compiled.fit(spoilt(size), LONG) for size in (1, 10))
    for name in ("front.slow", "front.fast"):
        assert abs(one.states[name].mean() - other.states[name].mean()) < 0.4 * one.states[name].std()
    for name in ("front.level", "front.slow_sd", "front.fast_scale", "front.second_scale", "front.monthly_scale"):
        assert abs(one.scores[name].mean() - other.scores[name].mean()) < 0.5 * one.scores[name].std(), name
    for name in ("front.second_error", "front.monthly_error"):
        narrow, wide, wider = (np.median(PRIORS[name].quantile(fit.scores[name])) for fit in (one, other, larger))
        assert narrow < wide < 900.0 / 4.0  # with normal errors it would be of the size of the faults, or larger
        assert wider < 1.2 * wide


def test_batches_and_missing_maps_of_the_first_mapper_do_not_move_the_level(compiled, clean):
    # Twice the changes of days before are posted at once: the map lags by some 90 km2 for a Monday, and catches up.
    # Four Mondays have no map.
    data, one = clean
    area = data.area.copy()
    area[[70, 90]] -= [86.0, 92.0]
    area[[45, 80, 81, 99]] = np.nan
    other = compiled.fit(replace(data, area=area), LONG)
    for name in ("front.slow", "front.fast"):
        assert abs(one.states[name].mean() - other.states[name].mean()) < 0.4 * one.states[name].std()
    assert abs(one.scores["front.level"].mean() - other.scores["front.level"].mean()) < 0.5
    assert other.diagnostics.divergences == 0


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


def test_fit_can_be_read_by_arviz(compiled):
    data = hide(simulate(1)[0], SEEN)
    fit = compiled.fit(data)
    kept = fit.tree()
    assert kept["posterior"]["front.level"].shape == (2, 200)
    scores = fit.scores["front.level"][:, ::2]
    assert np.allclose(kept["posterior"]["front.level"], PRIORS["front.level"].quantile(scores))
    last = kept["posterior_paths"].isel({"front.fast_date": -1, "front.slow_date": -1})
    thin = {"draw": kept["posterior_paths"]["draw"].values}
    assert np.allclose(last["front.fast"], kept["posterior"]["front.fast_state"].sel(thin), rtol=1e-3, atol=1e-6)
    # Replicates: about 90% of the figures observed lie in the central 90%: over 80% of weeks, 70% of the fewer others.
    for name, least in zip(SERIES, (0.8, 0.7, 0.7), strict=True):
        low, high = np.quantile(kept["posterior_predictive"][name], [0.05, 0.95], axis=(0, 1))
        observed = kept["observed_data"][name].values
        assert np.mean((observed > low) & (observed < high)) > least, name
