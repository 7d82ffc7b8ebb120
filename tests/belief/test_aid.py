"""Aid learnt from allocations: the likelihood by hand, simulated flows found again, and what a date may see."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from belief_tools import AID, PRIORS, inside, log_density, ranks, simulate
from scipy import stats

from forecast.belief.aid import LEAST, QUARTERS
from forecast.belief.model import SCORE
from forecast.scenario.load import load_scenario


@pytest.fixture(scope="module")
def war():
    return load_scenario("ukraine-2025")


def test_density_is_the_one_written_down():
    data = simulate(0)[0]["aid"]
    sums = data.sums.copy()
    sums[0, 2], sums[1, 7] = 0.0, np.nan  # a quarter of nothing, one that is not known
    data = replace(data, sums=sums)
    scores = np.random.default_rng(4).standard_normal(len(AID.parameters))
    v = {name: float(PRIORS[name].quantile(z)) for name, z in zip(AID.parameters, scores, strict=True)}
    wanted = stats.norm.logpdf(scores).sum()
    for row, (flow, part) in enumerate((("washington.us_aid", "washington"), ("europe.europe_aid", "europe"))):
        for quarter, amount in enumerate(sums[row]):
            if not math.isnan(amount):
                mean = 3.0 * v[flow] / v[f"{part}.aid_delivered"]
                revised = data.recent[quarter] * v[f"{part}.aid_revision"]
                shape = 1.0 / (v[f"{part}.aid_lumpiness"] ** 2 + revised**2)
                wanted += stats.gamma.logpdf(max(amount, LEAST), shape, scale=mean / shape)
    assert log_density(AID, data, {SCORE: scores}) == pytest.approx(wanted)


@pytest.mark.calibration
def test_simulated_flows_are_found_again(recovered):
    own = ranks(recovered, AID.parameters)
    assert abs(inside(own) - 0.8) < 4 * math.sqrt(0.8 * 0.2 / own.size)
    assert stats.kstest(own.ravel(), "uniform").pvalue > 1e-3
    # What the sums speak of is flow over ratio: it is known far better than either was.
    for flow, part in (("washington.us_aid", "washington"), ("europe.europe_aid", "europe")):
        names = (flow, f"{part}.aid_delivered")
        prior = math.hypot(*(np.ptp(np.log(PRIORS[n].quantile(np.array([-1.0, 1.0])))) / 2 for n in names))
        for _, _, _, fit in recovered:
            values = [PRIORS[name].quantile(fit.scores[name]) for name in names]
            assert np.log(values[0] / values[1]).std() < 0.75 * prior


def test_without_series_the_prior_stays(tiny):
    data = AID.data(tiny, tiny.reference_date)
    assert AID.observed(data) == {}
    scores = np.random.default_rng(2).standard_normal(len(AID.parameters))
    assert log_density(AID, data, {SCORE: scores}) == pytest.approx(stats.norm.logpdf(scores).sum())
    assert AID.states({}, {}, data) == AID.prior_states({}, data, np.random.default_rng(0)) == {}


def test_quarters_are_whole_and_known(war):
    data = AID.data(war, war.reference_date)
    assert (data.ends[0], data.ends[-1]) == (np.datetime64("2023-03-31"), np.datetime64("2024-12-31"))
    assert data.sums.shape == (2, QUARTERS)
    rows = war.evidence.as_of(war.reference_date).series("aid_us").set_index("observed")["value"]
    assert data.sums[0, 5] == pytest.approx(rows["2024-04-30":"2024-06-30"].sum())
    # November 2024 became available on 29 January 2025, December on 1 March.
    assert np.isnan(data.sums[:, 7]).all()
    assert np.isfinite(data.sums[:, :7]).all()
    assert np.isnan(AID.data(war, date(2025, 2, 28)).sums[:, 7]).all()
    later = AID.data(war, date(2025, 3, 1))
    assert np.isfinite(later.sums).all()
    assert later.recent.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    days, figures = AID.observed(data)["aid_europe"]
    assert (len(days), figures.tolist()) == (7, data.sums[1, :7].tolist())


def test_rows_not_yet_available_are_not_in_the_data(war):
    day = date(2025, 2, 1)
    cut = war.evidence.table[war.evidence.table["available"] <= np.datetime64(day)]
    shorter = replace(war, evidence=replace(war.evidence, table=cut))
    one, other = (AID.inputs(AID.data(scenario, day)) for scenario in (war, shorter))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    shapes = {
        tuple(values.shape for values in AID.inputs(AID.data(war, d)).values()) for d in (day, date(2025, 12, 31))
    }
    assert len(shapes) == 1


def test_replicates_have_the_spread_of_simulated_quarters():
    runs = [simulate(seed)[0]["aid"] for seed in range(300)]
    rng = np.random.default_rng(7)
    value = {name: PRIORS[name].quantile(rng.standard_normal((2, 2000))) for name in AID.parameters}
    again = AID.replicates(value, None, runs[0], rng)
    for row, name in enumerate(("us", "europe")):
        for quarter in (0, -1):
            seen = np.array([run.sums[row, quarter] for run in runs])
            drawn = np.maximum(again[name][..., quarter].ravel(), LEAST)
            assert stats.ks_2samp(seen, drawn).pvalue > 1e-3
