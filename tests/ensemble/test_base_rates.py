"""The member `base-rates`: its counts by hand, exact predictive densities, and timelines that hang together."""

import math
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from forecast.belief.assemble import update
from forecast.ensemble.base_rates import believe, common_density, simulate
from forecast.ensemble.base_rates_learning import Change, blocks, fighting_years, known, log_none
from forecast.ensemble.simulated import simulate as simulate_weekly
from forecast.errors import InputError
from forecast.outcomes.clustering import Clusters
from forecast.outcomes.shares import odds
from forecast.scenario.base_rates import DAYS_PER_YEAR
from forecast.scenario.load import load_scenario
from forecast.scenario.members import Rate
from forecast.scenario.spec import Scenario

DAY = date(2025, 1, 20)
LATER = date(2025, 7, 1)
TIMELINES = 20_000


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


@pytest.fixture(scope="module")
def draws(ukraine: Scenario) -> pd.DataFrame:
    return believe(ukraine, DAY)


@pytest.fixture(scope="module")
def table(ukraine: Scenario, draws: pd.DataFrame) -> pd.DataFrame:
    return simulate(ukraine, draws, DAY, timelines=TIMELINES, seed=1)


# The record


def test_the_class_is_counted_by_hand(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    # Of wars between two and five years old: Crimea, Mexico, the Pacific, the First World War, Greece and Turkey, China
    # and Japan, the Chaco, which count half; Korea and Badme. Half an end is the prior's.
    assert base.end.events == 0.5 + 0.5 * 7 + 2
    assert base.modes == {"won_or_lost": 0.5 + 0.5 * 6, "stalemate": 0.5 + 2, "other": 0.5 + 0.5 * 1}
    late = (1129 + 951) / DAYS_PER_YEAR - 4.0 + 3.0 + 3.0 + 3.0
    early = sum(min(d / DAYS_PER_YEAR, 5.0) - 2.0 for d in (860, 1756, 1935, 1761, 1567, 1255, 1092, 1613, 2174))
    assert base.end.years == pytest.approx(late + 0.5 * early, rel=1e-12)


@pytest.mark.parametrize(("events", "years"), [(0, 0.44), (1, 0.44), (3, 5.0)])
def test_a_rate_is_updated_exactly(events: int, years: float) -> None:
    """Against the prior weighted by its likelihood, with ends seen elsewhere and without."""
    prior = Rate(6.0, 20.25)
    after = prior.after(events, years)
    gamma = stats.gamma(prior.events, scale=1.0 / prior.years)

    def weighted(power: int) -> float:
        found, _ = integrate.quad(lambda x: x ** (power + events) * math.exp(-x * years) * gamma.pdf(x), 0.0, 5.0)
        return float(found)

    mean = weighted(1) / weighted(0)
    assert after.events / after.years == pytest.approx(mean, rel=1e-7)
    assert after.events / after.years**2 == pytest.approx(weighted(2) / weighted(0) - mean**2, rel=1e-5)
    assert log_none(prior, years) == pytest.approx(math.log(integrate.quad(
        lambda x: math.exp(-x * years) * gamma.pdf(x), 0.0, 5.0)[0]), rel=1e-7)  # fmt: skip


def test_a_time_without_an_end_lowers_the_rate_and_so_do_draws_weighted_by_it(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    first, later = known(ukraine, base, DAY), known(ukraine, base, LATER)
    years = (LATER - DAY).days / DAYS_PER_YEAR
    assert first.end == base.end
    assert later.end == Rate(base.end.events, base.end.years + years)
    # The same by weights: each draw of the first counts by its chance of no end.
    rates = believe(ukraine, DAY)["end"].to_numpy()
    weights = np.exp(-rates * years)
    exact = believe(ukraine, LATER)["end"].mean()
    assert np.average(rates, weights=weights) == pytest.approx(exact, rel=2e-3)
    assert exact < rates.mean()


def test_the_change_of_area_is_learnt_one_by_one_as_at_once() -> None:
    seen = [120.0, -40.0, 310.0, 95.0, 210.0]
    change = Change()
    for gained in seen:
        change = change.after(gained)
    assert (change.count, change.mean, change.scale) == pytest.approx((5, np.mean(seen), np.std(seen, ddof=1)))
    spread = np.std(seen, ddof=1) * math.sqrt(1.2)
    assert change.log_density(400.0) == pytest.approx(stats.t.logpdf(400.0, 4, np.mean(seen), spread), rel=1e-12)


def test_fighting_years_leave_truces_out() -> None:
    begin, end = date(2025, 2, 1), date(2025, 3, 1)
    assert fighting_years(begin, end, ()) == 28 / DAYS_PER_YEAR
    before_and_in = [(date(2025, 1, 20), date(2025, 2, 5)), (date(2025, 2, 20), None)]
    assert fighting_years(begin, end, before_and_in) == pytest.approx((28 - 4 - 9) / DAYS_PER_YEAR)


# Densities on the common set


def test_periods_are_whole_blocks_of_four_weeks() -> None:
    assert blocks(DAY, DAY) == blocks(DAY, DAY + timedelta(days=27)) == []
    assert blocks(DAY, DAY + timedelta(days=57)) == [
        (DAY, DAY + timedelta(days=28)),
        (DAY + timedelta(days=28), DAY + timedelta(days=56)),
    ]


def test_densities_of_periods_multiply_to_that_of_the_whole(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    found = common_density(ukraine, LATER)
    assert [len(items) for items in found.values()] == [5, 5, 5]
    years = 5 * 28 / DAYS_PER_YEAR
    for item, rate in (("war_ended", base.end), ("general_truce", base.truce)):
        assert sum(density for _, density in found[item]) == pytest.approx(log_none(rate, years), rel=1e-12)
    assert [day for day, _ in found["km2"]] == [day for day, _ in found["war_ended"]]
    assert all(-12.0 < density < -5.0 for _, density in found["km2"])
    assert common_density(ukraine, DAY) == {"war_ended": [], "general_truce": [], "km2": []}


def test_a_truce_counts_where_it_begins_and_halts_the_clock(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    second = DAY + timedelta(days=28)
    truces = [(second + timedelta(days=7), second + timedelta(days=35))]
    plain, found = (dict(common_density(ukraine, LATER, t)["general_truce"]) for t in ((), truces))
    days = list(plain)
    assert found[days[0]] == plain[days[0]]
    none = log_none(base.truce.after(0, 28 / DAYS_PER_YEAR), 28 / DAYS_PER_YEAR)
    assert found[days[1]] == pytest.approx(math.log(1.0 - math.exp(none)), rel=1e-9)
    # In the third period seven days are still held by it; one truce has been seen by then, in 35 days of fighting.
    after = base.truce.after(1, 35 / DAYS_PER_YEAR)
    assert found[days[2]] == pytest.approx(log_none(after, 21 / DAYS_PER_YEAR), rel=1e-12)


def test_later_evidence_moves_no_earlier_density_and_no_draw(ukraine: Scenario) -> None:
    early = common_density(ukraine, date(2025, 4, 20))
    late = common_density(ukraine, date(2025, 12, 30))
    assert all(late[item][: len(early[item])] == early[item] for item in early)
    assert len(late["km2"]) > len(early["km2"]) == 3
    kept = ukraine.evidence.table[ukraine.evidence.table["available"] <= pd.Timestamp(DAY)]
    blind = replace(ukraine, evidence=replace(ukraine.evidence, table=kept.reset_index(drop=True)))
    pd.testing.assert_frame_equal(believe(blind, DAY), believe(ukraine, DAY))


def test_too_few_figures_of_area_are_refused(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    short = replace(ukraine, base_rates=replace(base, advance_years=0.1))
    with pytest.raises(InputError, match=r"base_rates.toml: advance.years: found 0.1, in which area_deepstate has 1"):
        believe(short, DAY)


# Draws and timelines


def test_draws_have_the_moments_that_were_declared(ukraine: Scenario, draws: pd.DataFrame) -> None:
    base = ukraine.base_rates
    assert base is not None
    assert len(draws) == 4000
    assert draws["end"].mean() == pytest.approx(base.end.events / base.end.years, rel=0.01)
    assert draws["end"].var() == pytest.approx(base.end.events / base.end.years**2, rel=0.05)
    total = sum(base.modes.values())
    for name, cases in base.modes.items():
        assert draws[name].mean() == pytest.approx(cases / total, abs=0.01)
    assert draws["initiator_wins"].mean() == pytest.approx(0.6, abs=0.005)
    weights = [name for name in draws if name.startswith("weight.")]
    assert draws[weights].sum(axis=1).to_numpy() == pytest.approx(np.ones(4000), abs=1e-12)
    assert not any("dictated" in name for name in weights)


def test_timelines_end_as_often_as_the_exact_chance_says(ukraine: Scenario, table: pd.DataFrame) -> None:
    base = ukraine.base_rates
    assert base is not None
    years = ((ukraine.horizon - DAY).days + 1) / DAYS_PER_YEAR
    exact = 1.0 - math.exp(log_none(base.end, years))
    found = Clusters(table["draw"].to_numpy()).share((table["headline"] != "unresolved").to_numpy())
    assert found.probability is not None
    assert abs(found.probability - exact) < 4.0 * (found.standard_error or 0.0)
    # The control: one end more in the class would be seen.
    other = 1.0 - math.exp(log_none(base.end.after(2, 0), years))
    assert abs(found.probability - other) > 4.0 * (found.standard_error or 0.0)


def test_timelines_have_the_columns_of_all_others(ukraine: Scenario, table: pd.DataFrame) -> None:
    other = simulate_weekly(ukraine, update(ukraine, prior_only=True), timelines=40).timelines
    assert list(table) == list(other)
    for name in table:
        if isinstance(other[name].dtype, pd.CategoricalDtype):
            assert list(table[name].cat.categories) == list(other[name].cat.categories), name
    pd.testing.assert_frame_equal(
        table[["draw", "replicate"]].head(40), other[["draw", "replicate"]], check_index_type=False
    )
    for name in ("talks_alive", "engaged", "first_refusal", "steps_up", "term_index", "approval_4w", "coup_attempt"):
        assert table[name].isna().all(), name


def test_timelines_hang_together(ukraine: Scenario, table: pd.DataFrame) -> None:
    negotiated = table["headline"] == "negotiated"
    battlefield = table["headline"] == "battlefield"
    assert (table["signed"].notna() == negotiated).all()
    assert (table["settlement"].astype(object)[negotiated] == table["ending"].astype(object)[negotiated]).all()
    assert table["settlement"][~negotiated].isna().all()
    assert (table["settlement_age"].notna() == negotiated).all()
    horizon = pd.Timestamp(ukraine.horizon)
    assert (table["last_date"][~battlefield] == horizon).all()
    assert table["last_date"].between(pd.Timestamp(DAY), horizon).all()
    assert (table["general_first"] <= table["general_last"]).sum() == table["general_first"].notna().sum()
    assert (table["general_first"][negotiated] <= table["signed"][negotiated]).all()
    assert ((table["truce_longest"] > 0.0) == table["general_first"].notna()).all()
    assert (table["truce"].astype(object) == "general")[negotiated | (table["ending"] == "general_truce")].all()
    assert not (table["truce"].astype(object) == "general")[battlefield].any()
    assert table["broken"].isna().all()
    # Ground is gained in the days of fighting alone: where those are fewer the gain varies less.
    fought = ~(negotiated | battlefield) & table["general_first"].isna()
    assert table["km2_end"][fought].std() > 1.2 * table["km2_end"][negotiated].std()
    month = known(ukraine, ukraine.base_rates, DAY).change  # type: ignore[arg-type]
    assert table["km2_4w"][fought].mean() == pytest.approx(month.mean, abs=4.0 * month.scale / math.sqrt(month.count))


def test_settlements_that_break_are_not_in_force(ukraine: Scenario, draws: pd.DataFrame) -> None:
    base = ukraine.base_rates
    assert base is not None
    frail = replace(ukraine, base_rates=replace(base, breaking=0.5))
    broken = simulate(frail, draws, DAY, timelines=TIMELINES, seed=1)
    signed = broken["signed"].notna()
    assert broken["broken"][signed].notna().mean() == pytest.approx(0.5, abs=0.05)
    assert (broken["broken"] >= broken["signed"])[broken["broken"].notna()].all()
    assert ((broken["headline"] == "negotiated") == (signed & broken["broken"].isna())).all()


def test_a_truce_that_holds_stands_at_the_start_of_every_timeline(ukraine: Scenario) -> None:
    day = DAY + timedelta(days=100)
    truces = [(DAY + timedelta(days=58), None)]
    believed = believe(ukraine, day, truces)
    held = simulate(ukraine, believed, day, truces, timelines=TIMELINES, seed=1)
    plain = simulate(ukraine, believed, day, timelines=TIMELINES, seed=1)
    assert set(held["general_first"]) == {pd.Timestamp(DAY + timedelta(days=58))}
    # Six weeks are behind it, and it breaks as often in 4 weeks as the rate of breaking says.
    assert held["truce_longest"].min() >= 6.0
    rate = believed["truce_breaks"].to_numpy()
    broken = (held["truce_longest"] < 10.0) & held["signed"].isna() & (held["week"] >= 4.0)
    assert broken.mean() == pytest.approx((1.0 - np.exp(-rate * 28 / 365.25)).mean(), rel=0.15)
    # No ground is gained while it holds.
    holding = held["truce"].eq("general") & held["signed"].isna()
    assert holding.mean() > 0.2
    assert (held.loc[holding, "km2_26w"] == held.loc[holding, "km2_4w"]).all()
    assert held["km2_end"].std() < plain["km2_end"].std()


def test_timelines_are_the_first_of_more_and_the_seed_moves_them(
    ukraine: Scenario, draws: pd.DataFrame, table: pd.DataFrame
) -> None:
    fewer = simulate(ukraine, draws, DAY, timelines=700, seed=1)
    pd.testing.assert_frame_equal(fewer, table.head(700))
    assert not simulate(ukraine, draws, DAY, timelines=700, seed=2)["ending"].equals(fewer["ending"])


def test_what_it_does_not_follow_it_gives_no_odds(table: pd.DataFrame) -> None:
    found = odds(table)
    assert sum(entry["probability"] for entry in found["odds"].values()) == pytest.approx(1.0, abs=1e-12)
    assert [found["beside"][name]["of"] for name in ("talks_alive", "washington_engaged", "breakthrough")] == [0, 0, 0]
    assert found["beside"]["ever_signed"]["of"] == TIMELINES
    assert found["defeat"]["washington_engaged"]["probability"] is None


# The file


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            'table = "interstate_wars"',
            'table = "inter_wars"',
            r"class.table: found 'inter_wars'.*Did you mean interstate",
        ),
        ('table = "interstate_wars"', 'table = "crowds"', r"class.table: found 'crowds', which has no column start"),
        ("oldest = 5.0", "oldest = 1.0", r"class.oldest: found 1; expected more than youngest, 2"),
        ("weight = 0.5", "weight = 1.5", r"era.weight: found 1.5; expected a number of at most 1"),
        ("ends = 0.5", "ends = 0.0", r"end.ends: found 0; expected a number greater than 0"),
        ("stalemate = 0.5\n", "", r"modes.stalemate: it is missing"),
        ("chance = 0.0", "chances = 0.0", r"breaking.chances: unknown key"),
        ('source = "cow4_codebook"', 'source = "cow5"', r"breaking.source: found 'cow5'; expected an id in sources"),
    ],
)
def test_what_is_wrong_in_the_file_is_told(tmp_path: Path, ukraine: Scenario, old: str, new: str, text: str) -> None:
    folder = shutil.copytree(ukraine.folder, tmp_path / "ukraine-2025")
    path = folder / "base_rates.toml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=rf"ukraine-2025/base_rates.toml: {text}"):
        load_scenario(folder)


# Days that are not coded


def coded(scenario: Scenario, day: date) -> Scenario:
    return replace(scenario, chronology=replace(scenario.chronology, coded_until=day))


def test_days_that_are_not_coded_do_not_count(ukraine: Scenario) -> None:
    base = ukraine.base_rates
    assert base is not None
    short = coded(ukraine, date(2025, 3, 31))
    known_then, known_now = known(ukraine, base, date(2025, 4, 1)), known(short, base, LATER)
    assert (known_now.end, known_now.truce) == (known_then.end, known_then.truce)
    # The maps are a series: they count up to the as-of date.
    assert known_now.change == known(ukraine, base, LATER).change
    assert known(coded(ukraine, date(2025, 6, 30)), base, LATER) == known(ukraine, base, LATER)
    found, whole = common_density(short, LATER), common_density(ukraine, LATER)
    for item, entries in found.items():
        assert entries == [(last, log) for last, log in whole[item] if last <= date(2025, 3, 31)]
        assert len(entries) == 2


def test_a_truce_may_begin_and_end_in_days_that_are_not_coded(ukraine: Scenario) -> None:
    short, truces = coded(ukraine, date(2025, 3, 31)), [(date(2025, 3, 1), None)]
    # All truces break within days, so hardly any is left after three months.
    made = believe(short, LATER, truces).assign(truce_breaks=50.0)
    seen = simulate(short, made, LATER, truces, timelines=2000, seed=1)
    holding = simulate(coded(ukraine, date(2025, 6, 30)), made, LATER, truces, timelines=2000, seed=1)
    at_start = (holding["truce_longest"] > 17.0).mean()
    assert at_start > 0.9 > 0.1 > (seen["truce_longest"] > 17.0).mean()
    begun = simulate(short, made.assign(truce=5.0), LATER, timelines=2000, seed=1)
    early = begun["general_first"] < np.datetime64(LATER)
    assert 0.5 < early.mean() < 0.9
    assert (begun["general_first"].dropna() >= np.datetime64("2025-04-01")).all()
    table = simulate(ukraine, believe(ukraine, LATER), LATER, timelines=500, seed=1)
    pd.testing.assert_frame_equal(
        simulate(coded(ukraine, date(2025, 6, 30)), believe(ukraine, LATER), LATER, timelines=500, seed=1), table
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("since = 1823", "since = 3000"),
        ("since = 1823", "since = 1999"),
        ("youngest = 2.0\noldest = 5.0", "youngest = 60.0\noldest = 70.0"),
    ],
)
def test_a_class_without_wars_is_refused(tmp_path: Path, ukraine: Scenario, old: str, new: str) -> None:
    folder = shutil.copytree(ukraine.folder, tmp_path / "ukraine-2025")
    path = folder / "base_rates.toml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1).replace("war_years = 0.0", "war_years = 3.0", 1), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"base_rates\.toml: class: no war of the table 'interstate_wars'.*expected at least"
    ):
        load_scenario(folder)
