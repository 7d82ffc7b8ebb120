"""The front's block: what it is given on a date, its density by hand, its prior."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from belief_tools import only
from front_tools import FRONT, INF, NET_SCALE, PRIORS, SEASON, SEEN, SERIES, WEEKS, hide, simulate
from scipy import stats

from forecast.belief import model
from forecast.belief.front import FrontData
from forecast.belief.front_data import front_data
from forecast.errors import InputError
from forecast.scenario.load import load_scenario


def test_data_are_checked():
    good = hide(simulate(0)[0], 10)
    assert (good.weeks, good.last) == (WEEKS, 10)
    for wrong, match in (
        ({"area": good.area[:-1]}, r"area has shape \(120,\)"),
        ({"second": good.second[:-1]}, r"second has shape \(120,\)"),
        ({"gains": good.gains[:-1]}, r"gains has shape \(29,\)"),
        ({"second": np.full(WEEKS + 1, INF)}, "second must be finite"),
        ({"season": good.season + 1.0}, "season must be between"),
        ({"first": date(2030, 1, 8)}, "2030-01-08 is not a Monday"),
    ):
        with pytest.raises(ValueError, match=match):
            replace(good, **wrong)
    with pytest.raises(InputError, match="1 weekly observations"):
        hide(good, 0)
    with pytest.raises(InputError, match="first Monday not observed"):
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
    with only((FRONT,)):
        built = model.build(FRONT, model.shapes({"front": data}), model.families(PRIORS))
        inputs = FRONT.inputs(data) | model.numbers(PRIORS)
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

    def sampled(point):
        scores = np.array([point[name] for name in FRONT.parameters])
        return {model.SCORE: scores} | {name: point[name] for name in ("front_error", "front_slow")}

    points = [
        {name: np.array(rng.standard_normal()) for name in PRIORS}
        | {"front_error": rng.standard_normal(7), "front_slow": rng.standard_normal(6)}
        for _ in range(3)
    ]
    # Normalising constants of the slow level's Gaussian steps are left out of the model.
    left_out = [float(logp(sampled(point))) - wanted(point) for point in points]
    assert np.allclose(left_out, 2.0 * math.log(2 * math.pi), atol=1e-8)


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


def write_three(folder, second, gains):
    """Give the made-up scenario a second map and a monthly count: rows of (observed, available, value)."""
    index = folder / "evidence" / "evidence.toml"
    text = index.read_text()
    for name, rows in (("second", second), ("gains", gains)):
        lines = ["observed,available,value", *(",".join(map(str, row)) for row in rows)]
        (folder / "evidence" / f"{name}.csv").write_text("\n".join(lines) + "\n")
        text += f'''
[[series]]
id = "{name}"
file = "{name}.csv"
title = "Made up"
unit = "km2"
instrument = "nobody"
lag_days = 0
every_days = 7
range = [0, 9000]
source = "survey"
'''
    index.write_text(text)
    question = folder / "scenario.toml"
    keys = 'area_series = "area_survey"\nsecond_area_series = "second"\nmonthly_series = "gains"\n'
    question.write_text(question.read_text().replace('area_series = "area_survey"\n', keys))


def test_three_series_as_known_on_a_date(tiny_folder):
    mondays = [date(2030, 1, 7) + timedelta(days=7 * week) for week in range(20)]
    second = [(day, day, 1000 + 3 * week) for week, day in enumerate(mondays)]
    # The map of the ninth Monday was empty, and mended a week later. The last figure is of a Tuesday.
    second[8] = (mondays[8], mondays[8], 0)
    second += [(mondays[8], mondays[9], 1024), (date(2030, 5, 21), date(2030, 5, 21), 5)]
    gains = [("2030-02-28", "2030-03-05", 11), ("2030-03-31", "2030-04-08", 12)]
    write_three(tiny_folder, second, gains)
    scenario = load_scenario(tiny_folder)

    def known(day):
        return {name: values.tolist() for name, (_, values) in FRONT.observed(front_data(scenario, day)).items()}

    assert known(mondays[8])["second"] == [12.0, -1012.0]
    assert known(mondays[9])["second"] == [12.0, 12.0]
    assert "gains" not in known(date(2030, 3, 4))
    assert known(date(2030, 3, 5))["gains"] == [11.0]
    assert known(date(2030, 4, 7))["gains"] == [11.0]
    assert known(date(2030, 4, 8))["gains"] == [11.0, 12.0]
    data = front_data(scenario, scenario.reference_date)
    assert data.series == ("area_survey", "second", "gains")
    assert np.isfinite(data.second).sum() == 20


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"second"', '"secnd"', "front.second_area_series: found 'secnd'"),
        ('"gains"', '"gain"', "front.monthly_series: found 'gain'"),
        (
            '"second"',
            '"area_survey"',
            "front.second_area_series: found 'area_survey', which the front already uses",
        ),
        ('"gains"', '"second"', "front.monthly_series: found 'second', which"),
    ],
)
def test_series_of_the_front_are_each_another(tiny_folder, old, new, message):
    write_three(tiny_folder, [("2030-01-07", "2030-01-07", 1)], [("2030-02-28", "2030-03-01", 1)])
    question = tiny_folder / "scenario.toml"
    question.write_text(question.read_text().replace(old, new, 1))
    with pytest.raises(InputError) as refused:
        load_scenario(tiny_folder)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("second", "gains", "message"),
    [
        (
            "2030-01-08",
            "2030-02-28",
            "evidence/second.csv: row 2, column observed: found an observation of 2030-01-08, a Tuesday",
        ),
        ("2030-01-07", "2030-02-27", "evidence/gains.csv: row 2, column observed: found an observation of 2030-02-27"),
    ],
)
def test_days_of_the_front_s_series_are_checked(tiny_folder, second, gains, message):
    write_three(tiny_folder, [(second, second, 1)], [(gains, "2030-03-01", 1)])
    with pytest.raises(InputError) as refused:
        load_scenario(tiny_folder)
    assert message in str(refused.value)
