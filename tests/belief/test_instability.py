"""Instability learnt from polls and desertion: the likelihood by hand, simulated countries, and what a date may see."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from belief_tools import INSTABILITY, PRIORS, check_found_again, log_density, simulate
from scipy import stats

from forecast.belief.instability import MONTH, MONTH_DAYS, SLOTS
from forecast.belief.model import SCORE
from forecast.scenario.load import load_scenario


@pytest.fixture(scope="module")
def war():
    return load_scenario("ukraine-2025")


def point_of(rng, data):
    return {
        SCORE: rng.standard_normal(len(INSTABILITY.parameters)),
        "instability_steps": rng.standard_normal((2, data.months)),
    }


def test_density_is_the_one_written_down():
    data = simulate(0)[0]["instability"]
    figures = data.figures.copy()
    figures[0, 20:], figures[2, 3] = np.nan, np.nan
    data = replace(data, figures=figures)
    rng = np.random.default_rng(4)
    point = point_of(rng, data)
    scores = dict(zip(INSTABILITY.parameters, point[SCORE], strict=True))
    v = {name.split(".")[1]: float(PRIORS[name].quantile(score)) for name, score in scores.items()}
    kept = 0.5 ** (MONTH / v["instability_half_life"])

    def walk(noise):
        x = [v["instability_start"]]
        for step in noise:
            x.append(kept * x[-1] + math.sqrt(1 - kept**2) * step)
        return x

    earlier, later = point["instability_steps"]
    path = np.array([*walk(earlier)[:0:-1], *walk(later)])
    wanted = sum(stats.norm.logpdf(values).sum() for values in point.values())
    level, count = np.einsum("rsp,p->rs", data.weight, path), 0
    for row, (part, sign) in enumerate((("concessions", 1), ("trust", -1), ("desertion", 1))):
        centre, loading = v[f"{part}_centre"], v[f"{part}_loading"]
        for slot, figure in enumerate(figures[row]):
            if math.isnan(figure):
                continue
            count += 1
            if part == "desertion":
                read, middle = math.log(figure), math.log(centre)
            else:
                read, middle = math.log(figure / (100 - figure)), math.log(centre / (100 - centre))
            error = loading * v["instability_error"]
            wanted += stats.t.logpdf(read, 4, middle + sign * loading * level[row, slot], error)
    assert count == 2 * SLOTS - 4 + SLOTS - 1
    assert log_density(INSTABILITY, data, point) == pytest.approx(wanted)


@pytest.mark.calibration
def test_simulated_countries_are_found_again(recovered):
    informed = tuple(f"kyiv.{part}_{key}" for part in ("trust", "desertion") for key in ("centre", "loading"))
    spread = check_found_again(recovered, INSTABILITY.parameters, informed, "kyiv.instability")
    assert np.median(spread) < 0.5


def test_without_series_the_prior_stays(tiny):
    data = INSTABILITY.data(tiny, tiny.reference_date)
    assert INSTABILITY.observed(data) == {}
    point = point_of(np.random.default_rng(2), data)
    wanted = sum(stats.norm.logpdf(values).sum() for values in point.values())
    assert log_density(INSTABILITY, data, point) == pytest.approx(wanted)


def test_what_the_reference_date_knows(war):
    data = INSTABILITY.data(war, war.reference_date)
    seen = INSTABILITY.observed(data)
    # Nothing of 2022; the first count of cases has no row before it within reach, and the third of 2024 is not out.
    assert seen["concessions_kiis"][1].tolist() == [9, 10, 19, 26, 32, 38]
    assert seen["trust_kiis"][1].tolist() == [77, 64, 59, 52]
    assert seen["desertion_awol"][1].tolist() == [1471.5, 3923]
    rng = np.random.default_rng(5)
    value = {name: PRIORS[name].quantile(rng.standard_normal((2, 3))) for name in INSTABILITY.parameters}
    state = INSTABILITY.prior_states(value, data, rng)["kyiv.instability"]
    assert np.array_equal(state, value["kyiv.instability_start"])


def test_a_poll_sees_its_day_and_a_count_its_period(war):
    data = INSTABILITY.data(war, war.reference_date)
    months = MONTH_DAYS * (np.arange(2 * data.months + 1) - data.months)
    seen = np.isfinite(data.figures)
    assert np.allclose(data.weight[seen].sum(axis=1), 1.0)
    assert (data.weight >= 0).all()
    # The mean time that a figure sees: the day of a poll, the middle of the days of a count.
    time = data.weight @ months
    start = np.datetime64(war.reference_date)
    assert time[0, 5] == pytest.approx((np.datetime64("2024-12-17") - start).astype(int))
    assert time[2, 0] == pytest.approx((np.datetime64("2023-07-02") - start).astype(int), abs=1.0)
    assert time[2, 1] == pytest.approx((np.datetime64("2024-05-16") - start).astype(int), abs=1.0)
    assert np.count_nonzero(data.weight[0, 5]) == 2
    assert np.count_nonzero(data.weight[2, 0]) in (12, 13, 14)


def test_a_revised_count_is_read_in_its_own_period(war):
    # On 1 September 2025 July's row is the mean of seven months; in November it is July alone.
    for day, months in ((date(2025, 9, 1), 7.0), (date(2025, 11, 5), 1.0)):
        data = INSTABILITY.data(war, day)
        row = int(np.flatnonzero(data.days[2] == np.datetime64("2025-07-31"))[0])
        times = MONTH * (np.arange(2 * data.months + 1) - data.months)
        weight = data.weight[2, row]
        spread = math.sqrt(weight @ (times - weight @ times) ** 2)
        # A uniform period of m months has a standard deviation of m / sqrt(12); interpolation adds some.
        assert months * MONTH / math.sqrt(12) - 0.1 < spread < months * MONTH / math.sqrt(12) + 2.0


def test_rows_not_yet_available_are_not_in_the_data(war):
    day = date(2025, 3, 1)
    cut = war.evidence.table[war.evidence.table["available"] <= np.datetime64(day)]
    shorter = replace(war, evidence=replace(war.evidence, table=cut))
    one, other = (INSTABILITY.inputs(INSTABILITY.data(scenario, day)) for scenario in (war, shorter))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    late = [INSTABILITY.data(war, d) for d in (date(2025, 2, 22), date(2025, 2, 23), date(2025, 12, 31))]
    assert [int(np.isfinite(data.figures[1]).sum()) for data in late] == [4, 5, 13]
    shapes = {tuple(values.shape for values in INSTABILITY.inputs(data).values()) for data in late}
    assert len(shapes) == 1
    assert late[0].figures.shape == (3, SLOTS)


@pytest.mark.calibration
def test_states_and_paths_pass_through_the_start(fitted):
    data, fit = fitted
    tree = fit.tree()
    path = tree["posterior_paths"]["kyiv.instability"]
    thin = {"draw": path["draw"].values}
    start = tree["posterior"]["kyiv.instability_start"].sel(thin)
    assert np.allclose(path.isel({"kyiv.instability_date": data["instability"].months}), start, rtol=1e-3, atol=1e-6)
    state = tree["posterior"]["kyiv.instability_state"].sel(thin)
    assert np.allclose(path.isel({"kyiv.instability_date": -1}), state, rtol=1e-3, atol=1e-6)


def test_replicates_have_the_spread_of_simulated_countries():
    runs = [simulate(seed)[0]["instability"] for seed in range(300)]
    rng = np.random.default_rng(7)
    value = {name: PRIORS[name].quantile(rng.standard_normal((2, 2000))) for name in INSTABILITY.parameters}
    again = INSTABILITY.replicates(value, None, runs[0], rng)
    for row, name in enumerate(("ready", "trust", "cases")):
        seen = np.array([run.figures[row] for run in runs])
        for slot in (0, -1):
            assert stats.ks_2samp(seen[:, slot], again[name][..., slot].ravel()).pvalue > 1e-3
        swing = [np.abs(np.diff(np.log(x), axis=-1)).mean(axis=-1).ravel() for x in (seen, again[name])]
        assert stats.ks_2samp(*swing).pvalue > 1e-3
