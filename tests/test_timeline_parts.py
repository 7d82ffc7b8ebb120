"""Each part alone: a case worked by hand for every rate and target, and one suite that every part passes."""

import inspect
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from timeline_tools import Bench, bench, choose, ukraine_inputs

from forecast.timeline import (
    bargain,
    endings,
    europe,
    forms,
    front,
    hawks,
    kyiv,
    luck,
    moscow,
    state,
    talks,
    washington,
    week,
)
from forecast.timeline.codes import (
    CONTACT,
    EUROPE,
    GENERAL,
    HARDER,
    HAWKS,
    INCUMBENT,
    KYIV,
    LIMITED,
    MEDIATING,
    MOSCOW,
    NO_TRUCE,
    NONE,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    READIER,
    RUNNING,
    RUSSIA_FAILS,
    SIGNED,
    SPEAKER,
    TERMS,
    TEXT,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
    WASHINGTON,
)
from forecast.timeline.luck import luck_record
from forecast.timeline.registry import WEEKS_PER_YEAR, fields, to_kernel
from forecast.timeline.state import State

SURE = 1e9
"""A weekly rate under which an event happens for sure."""


def ratio(x: float, most: float = 5.0) -> float:
    """A bounded rate ratio, written out."""
    return math.exp(x / math.sqrt(1 + (x / math.log(most)) ** 2))


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def near(x: float) -> object:
    return pytest.approx(x, rel=1e-12, abs=1e-12)


@pytest.fixture
def b() -> Bench:
    return bench()


# Forms


def test_forms() -> None:
    assert forms.decay(4.0, 8.0) == near(0.25)
    assert forms.revert(3.0, 1.0, 10.0, 10.0, 0.0) == near(2.0)
    assert forms.revert(3.0, 1.0, 10.0, 10.0, 2.0) == near(2.0 + 2 * math.sqrt(0.75))
    assert forms.bounded(1.5, 1.5) == near(1.5 / math.sqrt(2))
    assert forms.ratio(0.7) == near(ratio(0.7))
    assert forms.wide_ratio(-0.7) == near(ratio(-0.7, 12))
    assert forms.logistic(-2.0) == near(logistic(-2))
    assert forms.logistic(-800.0) == 0.0
    assert forms.logistic(800.0) == 1.0


def test_intensities_become_weekly_rates() -> None:
    rate = to_kernel("chance/year", 0.2)
    assert 1 - math.exp(-rate * WEEKS_PER_YEAR) == near(0.2)
    assert to_kernel("1/year", 2.0) * WEEKS_PER_YEAR == near(2.0)
    assert to_kernel("weeks", 3.0) == 3.0


# Front


def test_arms_flow_counts_from_the_start() -> None:
    assert front.arms_flow(1.0, 3.0, 2.0, 2.0) == near(0.0)
    assert front.arms_flow(0.0, 3.0, 2.0, 2.0) == near(-0.25)


def test_adequacy_target(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.arms, p.mobilisation, p.attrition, p.desertion = 2.0, 0.7, 0.3, 0.1
    s.mobilised, s.advance, s.advance_start, s.instability, s.instability_start = 1, 1.5, 0.5, 2.0, -1.0
    assert front.adequacy_target(p, s, -0.25) == near(-0.5 + 0.7 - 0.3 - 0.3)


def test_expected_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, p.mud, p.adequacy_on_advance, p.talks_on_advance = 1.0, 0.4, 0.5, 0.2
    b.w.season[0] = 0.25
    s.drift, s.thrust, s.adequacy, s.adequacy_start, s.rung = 0.3, 0.9, -1.0, 1.0, TERMS
    assert front.expected_z(p, s, b.w) == near(1.0 - 0.1 + 0.3 + 0.9 + 1.0 + 0.2)


def test_net_gain_is_odd_and_capped() -> None:
    assert front.net_gain(1.2) == near(40 * math.sinh(1.2))
    assert front.net_gain(-1.2) == near(-40 * math.sinh(1.2))
    assert front.net_gain(50.0) == near(40 * math.sinh(6.2))


def test_memory_of_the_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, s.advance, s.advance_start = 1.0, 3.0, 0.5
    front.step(p, s, b.r, b.w, b.luck, 0.0, 1.0)
    assert s.advance == pytest.approx(1 + 2 * 2 ** (-1 / 4))
    # A general truce: the memory returns to where it began, and nothing is gained.
    s.truce, s.advance = GENERAL, 3.0
    before = s.km2
    front.step(p, s, b.r, b.w, b.luck, 0.0, 1.0)
    assert (s.net, s.km2) == (0.0, before)
    assert s.advance == pytest.approx(0.5 + 2.5 * 2 ** (-1 / 4))


def test_slow_level_and_weekly_shock(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.slow_sd, p.slow_half_life, p.fast_persistence, p.fast_scale = 0.5, 20.0, 0.6, 0.2
    s.drift, s.fast = 1.0, 1.0
    choose(b, front.DRIFT, 0, 0.8413447460685429)
    choose(b, front.FAST, 0, 0.9)
    front.drift_step(p, s, b.luck, 1.0)
    front.fast_step(p, s, b.luck, 1.0)
    kept = 2 ** (-1 / 20)
    assert s.drift == pytest.approx(kept + 0.5 * math.sqrt(1 - kept**2), rel=1e-8)
    assert s.fast == pytest.approx(0.6 + 0.2 * 1.5332062740589438, abs=1e-6)
    # Half a week keeps the root of what a week keeps, and the variance of two halves is that of the week.
    s.fast = 1.0
    front.fast_step(p, s, b.luck, 0.5)
    shock = s.fast - math.sqrt(0.6)
    assert shock**2 * (1 + 0.6) == pytest.approx((0.2 * 1.5332062740589438) ** 2, rel=1e-5)


def test_a_retreat_gives_back_no_more_than_was_held(b: Bench) -> None:
    b.w.facts.region_area[:2] = [120.0, 500.0]
    front.fill(b.s, b.r, b.w, -100.0)
    # Room for 20 in the first region: the other 80 come off the second.
    assert list(b.s.held[:2]) == [near(120), near(180)]


def test_later_regions_wait_until_the_first_are_gone(b: Bench) -> None:
    b.w.facts.region_later[1] = 1.0
    b.s.day = 6.0
    front.fill(b.s, b.r, b.w, 60.0)
    assert list(b.s.held[:2]) == [near(40), near(100)]
    front.fill(b.s, b.r, b.w, 60.0)
    assert list(b.s.held[:2]) == [near(0), near(80)]
    assert b.r.taken[0] == 6.0
    assert front.fill(b.s, b.r, b.w, 500.0) == near(420)  # no room for what is left
    assert list(b.s.held[:2]) == [near(0), near(0)]


def test_ground_in_reach_exhausted_is_a_defeat(b: Bench) -> None:
    b.w.facts.region_later[1] = 1.0
    b.s.held[0] = 1.0
    endings.events(b.s, b.w, b.luck, 0, 1.0)
    assert b.s.ending == RUNNING
    b.s.held[0] = 0.0
    endings.events(b.s, b.w, b.luck, 0, 1.0)
    assert b.s.ending == UKRAINE_DEFEATED


def test_shares_of_the_advance(b: Bench) -> None:
    b.p.front.share[:2] = [3.0, 0.0]
    front.begin(b.p.front, b.s, b.w, b.luck)
    assert b.s.pull[0] > 0.0
    assert b.s.pull[1] == 0.0


def test_breakthrough(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.breakthrough, p.breakthrough_adequacy, p.breakthrough_instability = 0.01, 0.6, 0.4
    s.adequacy, s.instability = -1.0, 0.5
    assert front.breakthrough_rate(p, s) == near(0.01 * ratio(0.8))
    p.breakthrough, p.breakthrough_thrust, p.thrust_half_life, s.thrust, s.day = SURE, 1.5, 3.0, 1.0, 20.0
    front.events(p, s, b.r, b.luck, 0, 1.0)
    assert s.thrust == s.thrust_full == near(1.5 + 2 ** (-1 / 3))
    assert (b.r.breakthrough, b.r.breakthroughs) == (20.0, 1.0)
    s.truce = GENERAL
    front.events(p, s, b.r, b.luck, 0, 1.0)
    assert b.r.breakthroughs == 1.0


def test_mobilisation_is_widened_once(b: Bench) -> None:
    b.p.front.mobilisation_chance, b.s.day = SURE, 3.0
    front.events(b.p.front, b.s, b.r, b.luck, 0, 1.0)
    b.s.day = 10.0
    front.events(b.p.front, b.s, b.r, b.luck, 0, 1.0)
    assert (b.s.mobilised, b.r.mobilised) == (1, 3.0)


# Moscow


@pytest.mark.parametrize(
    ("posture", "rung", "expected"),
    [
        (MEDIATING, NONE, 0.5 - 0.3),
        (MEDIATING, CONTACT, 0.5 - 0.2 - 0.3),
        (PRESSING_KYIV, TEXT, 0.5 - 0.2 - 0.3),
        (PRESSING_MOSCOW, TEXT, 0.5 + 0.8 - 0.3),
        (WALKED_AWAY, TEXT, 0.5 - 0.3),
    ],
)
def test_strain_target(b: Bench, posture: int, rung: int, expected: float) -> None:
    p = b.p.moscow
    p.strain_trend, p.strain_pressed, p.strain_relief = 0.5, 0.8, 0.2
    b.s.posture, b.s.rung, b.s.lapsed = posture, rung, 1
    assert moscow.strain_target(p, b.s, 0.3) == near(expected)


def test_demands_ratchet(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.demand_per_gain, p.demand_kept, p.demand_substantial = 0.1, 0.75, 0.05
    b.w.facts.region_demand[0] = 60.0
    start = np.array([100.0, 100.0] + [0.0] * 10)
    s.km2 = 500.0
    moscow.ratchet(p, s, b.w, start)
    assert s.demands == near(0.05)
    s.km2 = 100.0
    moscow.ratchet(p, s, b.w, start)
    assert s.demands == near(0.05 - 0.25 * 0.04)
    s.held[0] = 40.0
    moscow.ratchet(p, s, b.w, start)
    moscow.ratchet(p, s, b.w, start)
    assert s.demands == near(0.05 - 0.01 + 0.05)
    s.km2 = -1e6
    moscow.ratchet(p, s, b.w, start)
    assert s.demands == 0.0


def test_moscows_worth_of_fighting(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.worth, p.worth_advance, p.worth_break, p.worth_strain, p.worth_pressed = 0.4, 0.1, 0.05, 0.08, 0.2
    s.advance, s.advance_start, s.instability, s.strain, s.demands = 2.0, 1.0, -1.0, 0.5, 0.03
    assert moscow.worth_of_fighting(p, s, 0.5) == near(0.4 + 0.1 - 0.05 - 0.04 + 0.03)
    s.posture = PRESSING_MOSCOW
    assert moscow.worth_of_fighting(p, s, 0.5) == near(0.44 - 0.1)


def test_shocks_to_moscow(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.home_shock, p.home_shock_strain, s.strain = 0.002, 0.5, 1.2
    assert moscow.home_shock_rate(p, s) == near(0.002 * ratio(0.6))
    p.home_shock = p.strain_shock_rate = SURE
    p.strain_shock, p.home_shock_effect = 0.4, 1.0
    s.day = 5.0
    moscow.events(p, s, b.r, b.luck, 0, 1.0)
    moscow.events(p, s, b.r, b.luck, 0, 1.0)
    # The shock at home happens once.
    assert s.strain == near(1.2 + 2 * 0.4 + 1.0)
    assert b.r.home_shock == 5.0


# Washington


def test_arms_that_flow(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.us_aid = 2.0
    reserve = 2.0 * 12 / WEEKS_PER_YEAR * 8
    s.stock = reserve * 3
    assert washington.us_flow(p, s) == near(2.0)
    s.stock = reserve / 4
    assert washington.us_flow(p, s) == near(0.5)
    s.paused = 1
    assert washington.us_flow(p, s) == 0.0
    p.us_aid, s.paused = 0.0, 0
    assert washington.us_flow(p, s) == 0.0
    p.stock_start = 2.0 * reserve
    assert washington.stock_share(p, s) == near(1 / 8)


def test_arms_flow_of_both(b: Bench) -> None:
    b.p.washington.us_aid, b.p.europe.europe_aid, b.p.europe.replacement = 2.0, 3.0, 0.4
    assert week.arms_flow(b.p, b.s) == near(0.0)
    b.s.paused = 1
    assert week.arms_flow(b.p, b.s) == near((3.0 + 0.8) / 5.0 - 1)


def test_capital_target(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.capital_mean, p.capital_stall, p.capital_owned, p.capital_arming = 0.5, 0.2, 1.5, 0.3
    s.engagement, s.stall = 0.4, 6.5
    assert washington.capital_target(p, s) == near(0.5 - 1.6 * 0.2 * 0.5)
    s.stall, s.posture = 90.0, PRESSING_MOSCOW
    assert washington.capital_target(p, s) == near(0.5 - 1.6 * 0.2 * 2 - 0.3)
    s.paused = 1
    assert washington.capital_target(p, s) == near(0.5 - 1.6 * 0.2 * 2)


def test_a_week_in_washington(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.capital_setback, p.capital_owned, p.attention_progress, p.us_aid = 0.3, 1.0, 0.5, 2.0
    p.engagement_half_life = 6.0
    s.setbacks, s.progress, s.engagement, s.stall, s.stock = 2.0, 0.0, 0.5, 4.0, 100.0
    washington.step(p, s, b.luck, 1.0)
    assert s.capital == near(-2 * 0.3 * 1.5)
    assert s.attention == near(0.0)
    assert (s.stall, s.setbacks) == (5.0, 0.0)
    assert s.engagement == near(1 - 0.5 * 2 ** (-1 / 6))
    assert s.stock == near(100 - 2 * 12 / WEEKS_PER_YEAR)
    s.progress = 2.0
    washington.step(p, s, b.luck, 1.0)
    assert s.attention == near(1.0)
    assert (s.stall, s.progress) == (0.0, 0.0)
    s.posture, s.paused = WALKED_AWAY, 1
    washington.step(p, s, b.luck, 1.0)
    assert (s.stall, s.pause_memory) == (0.0, 0.0)
    s.paused = 0
    washington.step(p, s, b.luck, 0.5)
    assert s.pause_memory == 0.5


def test_washingtons_consent_is_deliverability(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.deliver, p.deliver_hawks, p.deliver_tau = 1.0, 0.4, 0.5
    s.capital, s.hawks = 0.3, 2.0
    assert washington.deliverability_gap(p, s, 0.9) == near(0.9 + 0.8 - 1.0 - 0.3)
    assert washington.consent(p, s, 0.9) == near(logistic(-0.4 / 0.5))


def test_moves_between_postures(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.walk_away, p.walk_attention, p.walk_capital, p.walk_stall = 0.01, 0.5, 0.3, 0.2
    s.attention, s.capital, s.stall = -1.0, 1.0, 13.0
    assert washington.walk_away_rate(p, s) == near(0.01 * ratio(0.5 - 0.3 + 0.2))
    p.press_kyiv, p.press_moscow, p.press_refusal, p.press_hawks = 0.02, 0.03, 1.2, 0.4
    s.consent[KYIV], s.consent[MOSCOW], s.hawks = 0.2, 0.7, 0.5
    assert washington.press_kyiv_rate(p, s) == near(0.02 * ratio(0.6))
    assert washington.press_moscow_rate(p, s) == near(0.03 * ratio(-0.6 + 0.2))
    p.come_back, p.come_back_attention = 0.05, 0.7
    assert washington.come_back_rate(p, s) == near(0.05 * ratio(-0.7))


@pytest.mark.parametrize(("u", "posture"), [(0.19, WALKED_AWAY), (0.49, PRESSING_KYIV), (0.51, PRESSING_MOSCOW)])
def test_exits_of_mediating_compete(b: Bench, u: float, posture: int) -> None:
    p = b.p.washington
    p.walk_away, p.press_kyiv, p.press_moscow = 2e6, 3e6, 5e6
    choose(b, washington.POSTURE_WHICH, 0, u)
    washington.events(p, b.s, b.r, b.luck, 0, 1.0)
    assert b.s.posture == posture
    assert math.isnan(b.r.walked_away) == (posture != WALKED_AWAY)


def test_pauses_of_arms(b: Bench) -> None:
    p, s = b.p.washington, b.s
    s.day = 4.0
    p.pause_on_pressing = 0.6
    choose(b, washington.PAUSE, 0, 0.59)
    washington.turn(p, s, b.r, b.luck, 0, PRESSING_KYIV)
    assert (s.paused, b.r.arms_paused) == (1, 4.0)
    washington.turn(p, s, b.r, b.luck, 0, MEDIATING)
    assert s.paused == 0
    choose(b, washington.PAUSE, 0, 0.61)
    washington.turn(p, s, b.r, b.luck, 0, PRESSING_KYIV)
    assert s.paused == 0
    washington.turn(p, s, b.r, b.luck, 0, WALKED_AWAY)
    p.pause_walked = SURE
    washington.events(p, s, b.r, b.luck, 0, 1.0)
    assert s.paused == 1
    p.pause_end = SURE
    washington.events(p, s, b.r, b.luck, 0, 1.0)
    assert s.paused == 0


def test_coming_back_and_rival_crises(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.crisis_rate, p.attention_crisis, p.come_back = SURE, 0.8, SURE
    s.posture, s.day = WALKED_AWAY, 30.0
    washington.events(p, s, b.r, b.luck, 0, 1.0)
    assert (s.attention, s.posture, b.r.returned) == (near(-0.8), MEDIATING, 30.0)


def test_nobody_walks_away_from_a_settlement_that_holds(b: Bench) -> None:
    b.p.washington.walk_away, b.s.in_force = SURE, 1
    washington.events(b.p.washington, b.s, b.r, b.luck, 0, 1.0)
    assert b.s.posture == MEDIATING


# Hawks


def test_hawks(b: Bench) -> None:
    p, s = b.p.hawks, b.s
    p.hawks_capital, p.hawks_text, p.hawks_half_life = 0.5, 2.0, 7.0
    s.hawks, s.capital, s.hawks_loss = 1.0, -0.6, 0.4
    hawks.step(p, s, b.luck, 7.0)
    assert s.hawks == near(0.5 * (1.0 + 0.3 + 0.8))
    p.sabotage, p.sabotage_hawks = 0.01, 0.4
    assert hawks.sabotage_rate(p, s) == near(0.01 * ratio(0.4 * s.hawks))


# Europe


def test_obstruction(b: Bench) -> None:
    p, s = b.p.europe, b.s
    p.obstruction_text, p.fatigue, p.obstruction_half_life, p.upheaval = 0.9, 0.5, 7.0, 0.25
    s.obstruction, s.index, s.week = 1.0, 0.8, 26
    b.w.upheavals[26] = 2.0
    europe.step(p, s, b.r, b.w, b.luck, 7.0)
    target = -0.5 * 26 / WEEKS_PER_YEAR
    assert s.obstruction == near(target + (1 - target) / 2 - 0.5)
    s.obstruction, s.rung = 1.0, TEXT
    europe.step(p, s, b.r, b.w, b.luck, 7.0)
    target += 0.9 * (0.8 - 1 / 3) * 1.5
    assert s.obstruction == near(target + (1 - target) / 2 - 0.5)


def test_europe_replaces_a_part_and_backs_the_war(b: Bench) -> None:
    p = b.p.europe
    p.europe_aid, p.replacement, p.worth, p.worth_obstruction = 3.0, 0.4, 0.2, 0.1
    assert europe.europe_flow(p, 2.0, 0.5) == near(3.6)
    assert europe.europe_flow(p, 2.0, 2.5) == near(3.0)
    b.s.obstruction = -1.0
    assert europe.worth_of_fighting(p, b.s) == near(0.1)


@pytest.mark.parametrize(("u", "lapsed"), [(0.29, 1), (0.31, 0)])
def test_sanctions_votes(b: Bench, u: float, lapsed: int) -> None:
    b.p.europe.holdout = 0.3
    b.w.votes[0] = 1.0
    choose(b, europe.VOTE, 0, u)
    europe.step(b.p.europe, b.s, b.r, b.w, b.luck, 1.0)
    assert b.s.lapsed == lapsed


def test_troops_and_a_wider_war(b: Bench) -> None:
    p, s, r = b.p.europe, b.s, b.r
    p.troops_into_text, p.troops_obstruction, s.obstruction = 0.1, 0.5, 1.0
    assert europe.troops_rate(p, s) == near(0.1 * ratio(0.5))
    p.troops_into_text, p.troops_shift, p.troops_weeks, p.upheaval_rate, p.upheaval = SURE, 0.3, 6.0, SURE, 0.2
    b.w.facts.guarantees, s.terms[1], s.rung, s.day = 1, 0.5, TEXT, 40.0
    europe.events(p, s, r, b.w, b.luck, 0, 1.0)
    assert (s.obstruction, s.troops_text, s.terms[1], r.troops_text) == (near(0.8), 1, near(0.2), 40.0)
    s.rung, s.in_force, s.settlement_age, p.wider_war = SIGNED, 1, 5.9, SURE
    europe.events(p, s, r, b.w, b.luck, 0, 1.0)
    assert s.troops_in == 0
    s.settlement_age, s.day = 6.0, 90.0
    europe.events(p, s, r, b.w, b.luck, 0, 1.0)
    assert (s.troops_in, r.troops_in, r.wider_war) == (1, 90.0, 90.0)


# Kyiv


def test_kyivs_worth_of_fighting(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.worth, p.worth_adequacy, p.worth_backing, p.worth_instability = 0.4, 0.1, 0.05, 0.06
    p.worth_ground, p.worth_pressed = 0.07, 0.2
    s.adequacy, s.adequacy_start, s.obstruction, s.instability = 1.0, 0.5, 2.0, -1.0
    s.advance, s.advance_start, s.worth_shift = 2.0, 1.0, 0.11
    assert kyiv.worth_of_fighting(p, s) == near(0.4 + 0.05 + 0.1 + 0.06 - 0.07 + 0.11)
    s.posture = PRESSING_KYIV
    assert kyiv.worth_of_fighting(p, s) == near(0.65 - 0.2)


def test_instability(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.instability_ground, p.instability_draft, p.instability_terms, p.instability_half_life = 0.3, 0.5, 0.8, 7.0
    s.advance, s.advance_start, s.mobilised, s.index, s.instability = 2.0, 1.0, 1, 0.75, 1.0
    kyiv.step(p, s, b.luck, 7.0)
    assert s.instability == near(0.5 * (1 + 0.8))
    s.rung, s.instability = TERMS, 1.0
    kyiv.step(p, s, b.luck, 7.0)
    assert s.instability == near(0.5 * (1 + 0.8 + 0.4))


def test_rates_in_kyiv(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.ban, p.ban_terms, p.ban_text = 0.01, 2.0, 40.0
    p.coup, p.coup_text, p.coup_instability = 0.001, 0.5, 0.3
    p.provocation, p.provocation_talks = 0.02, 0.6
    s.consent[KYIV], s.instability = 0.3, 1.0
    quiet, talking = (near(0.001 * ratio(0.3)), near(0.02)), (near(0.001 * ratio(0.3)), near(0.02 * ratio(0.6)))
    expected = {
        NONE: (near(0.01), quiet[0], 0.0),
        CONTACT: (near(0.01), *quiet),
        TERMS: (near(0.02), *talking),
        TEXT: (near(0.12), near(0.001 * ratio(0.8)), talking[1]),
        SIGNED: (near(0.01), quiet[0], 0.0),
    }
    for rung, rates in expected.items():
        s.rung = rung
        assert (kyiv.ban_rate(p, s), kyiv.coup_rate(p, s), kyiv.provocation_rate(p, s)) == rates, rung


def test_ban_transfer_and_provocation(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.ban = p.transfer = p.provocation = SURE
    s.banned, s.rung, s.day, s.worth_shift = 1, CONTACT, 9.0, 0.4
    assert kyiv.events(p, s, b.r, b.luck, 0, 1.0) == 1.0
    assert (s.banned, s.leader, s.legitimate, s.worth_shift) == (0, SPEAKER, 1, 0.0)
    assert (b.r.ban_lifted, b.r.transfer, b.r.provocation) == (9.0, 9.0, 9.0)


@pytest.mark.parametrize(
    ("truce", "martial_law", "held"),
    [(NO_TRUCE, 1, False), (LIMITED, 1, False), (GENERAL, 1, True), (NO_TRUCE, 0, True)],
)
def test_elections_need_a_truce_or_peacetime_law(b: Bench, truce: int, martial_law: int, held: bool) -> None:
    b.p.kyiv.election = SURE
    b.s.truce, b.s.martial_law = truce, martial_law
    kyiv.events(b.p.kyiv, b.s, b.r, b.luck, 0, 1.0)
    assert (b.s.elected == 1) == held == (not math.isnan(b.r.election)) == (b.s.legitimate == 1)


def test_martial_law_lapses(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    s.martial_law, p.martial_law_truce = 1, SURE
    kyiv.events(p, s, b.r, b.luck, 0, 1.0)
    assert s.martial_law == 1
    s.truce = GENERAL
    kyiv.events(p, s, b.r, b.luck, 0, 1.0)
    assert s.martial_law == 0


@pytest.mark.parametrize(
    ("leader", "wins", "harder", "expected"),
    [(INCUMBENT, 1.0, 0.0, INCUMBENT), (INCUMBENT, 0.0, 1.0, HARDER), (INCUMBENT, 0.0, 0.0, READIER),
     (SPEAKER, 1.0, 1.0, HARDER)],
)  # fmt: skip
def test_who_is_elected(b: Bench, leader: int, wins: float, harder: float, expected: int) -> None:
    p, s = b.p.kyiv, b.s
    p.incumbent_wins, p.successor_harder, p.successor_shift, s.leader = wins, harder, 0.2, leader
    kyiv.hold_election(p, s, b.r, b.luck, 0)
    assert s.leader == expected
    assert s.worth_shift == {INCUMBENT: 0.0, HARDER: 0.2, READIER: -0.2}[expected]


def test_coup(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.coup, p.coup_succeeds, p.coup_harder, p.coup_unrest, p.successor_shift = SURE, 1.0, 1.0, 0.7, 0.2
    s.rung, s.day = TEXT, 11.0
    assert kyiv.events(p, s, b.r, b.luck, 0, 1.0) == 1.0
    assert (s.leader, s.instability, s.worth_shift, b.r.coup_attempt) == (HARDER, near(0.7), near(0.2), 11.0)
    s.rung, p.coup_succeeds, s.leader = SIGNED, 0.0, SPEAKER
    assert kyiv.events(p, s, b.r, b.luck, 0, 1.0) == 0.0
    assert s.leader == SPEAKER


# The bargain

POSITION = {KYIV: (0.1, 0.0), MOSCOW: (0.9, 1.0), EUROPE: (0.3, 0.2), WASHINGTON: (0.5, 0.6), HAWKS: (0.2, 0.1)}
SALIENCE = {KYIV: (0.75, 0.25), MOSCOW: (0.4, 0.6), EUROPE: (0.5, 0.5), WASHINGTON: (0.2, 0.8), HAWKS: (0.9, 0.1)}
X = (0.6, 0.3)


@pytest.fixture
def table(b: Bench) -> Bench:
    """Terms on the table; the template is signed by Kyiv, Moscow and Europe."""
    for party in range(5):
        b.p.parties.position[party, :2] = POSITION[party]
        b.p.parties.salience[party, :2] = SALIENCE[party]
    b.s.terms[:2] = X
    b.s.template, b.s.rung = 0, TERMS
    b.w.facts.needs_europe[0] = 1.0
    b.p.talks.tau = 0.1
    b.p.moscow.worth, b.p.kyiv.worth, b.p.europe.worth = 0.5, 0.6, 0.7
    b.s.private[:] = [0.0, 0.0, 0.01, -0.02, 0.03]
    b.p.settlements.terms[0, :2] = 0.5
    b.p.settlements.terms[1, :2] = (0.2, 0.9)
    return b


def worth_of_terms(party: int, x: tuple[float, float] = X) -> float:
    return sum(w * (1 - abs(a - y)) for w, a, y in zip(SALIENCE[party], x, POSITION[party], strict=True))


def test_value_of_terms(table: Bench) -> None:
    assert bargain.value(table.p, table.s, table.w, KYIV) == near(0.75 * 0.5 + 0.25 * 0.7)
    assert bargain.value(table.p, table.s, table.w, MOSCOW) == near(0.4 * 0.7 + 0.6 * 0.3)
    assert bargain.opening_value(table.p, table.w, 1, KYIV) == near(0.75 * 0.9 + 0.25 * 0.1)
    assert bargain.term_index(table.p, table.s, table.w) == near(0.575 * 0.6 + 0.425 * 0.3)


def test_commitment(table: Bench) -> None:
    p, s, facts = table.p, table.s, table.w.facts
    m = p.moscow
    m.distrust, m.cheating, m.stop_first, m.kursk_cost, m.illegitimate = 0.2, 0.1, 0.05, 0.04, 0.03
    m.troops_cost, p.hawks.moscow_fear, p.settlements.lock_in[0] = 0.3, 0.02, 0.25
    fear = 0.2 * 0.75
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(fear)
    facts.temporary[0], facts.stops_first[0], facts.election_first[0], s.hawks, s.kursk = 1.0, 1.0, 1.0, 2.0, 10.0
    fear += 0.1 + 0.02 * 2 + 0.05 + 0.04 + 0.03 + 0.3
    assert bargain.commitment_moscow(p, s, table.w, 0, 1.0) == near(fear)
    s.legitimate, s.kursk, facts.temporary[0] = 1, 0.0, 0.0
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(0.15 + 0.02 + 0.05)
    p.kyiv.truce_distrust, p.settlements.monitoring[0] = 0.2, 0.4
    assert bargain.commitment_kyiv(p, 0) == near(0.12)


def test_consents_and_gaps(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.moscow.distrust, p.kyiv.truce_distrust = 0.05, 0.04
    p.settlements.load[0], p.washington.deliver = 0.8, 1.0
    bargain.weigh(p, s, r, table.w)
    gaps = {
        MOSCOW: 0.5 - (worth_of_terms(MOSCOW) - 0.05) - 0.03,
        KYIV: 0.6 - (worth_of_terms(KYIV) - 0.04) + 0.02,
        EUROPE: 0.7 - worth_of_terms(EUROPE) - 0.01,
    }
    for party, gap in gaps.items():
        assert r.gap[party] == near(gap)
        assert s.consent[party] == near(logistic(-gap / 0.1))
    assert s.consent[WASHINGTON] == near(logistic(0.2))
    assert r.gap[WASHINGTON] == near(-0.2)
    assert r.gap[HAWKS] == near(1 - worth_of_terms(HAWKS))
    # What cost most: Kyiv 0.75 * 0.5 against 0.25 * 0.3; Moscow 0.4 * 0.3 against 0.6 * 0.7.
    assert (r.gap_issue[KYIV], r.gap_issue[MOSCOW]) == (0, 1)
    # A worse offer later is not noted.
    s.terms[:2] = (0.9, 1.0)
    bargain.weigh(p, s, r, table.w)
    assert r.gap[KYIV] == near(gaps[KYIV])
    assert s.hawks_loss == 0.0
    s.rung = TEXT
    bargain.weigh(p, s, r, table.w)
    assert s.hawks_loss == near(1 - worth_of_terms(HAWKS, (0.9, 1.0)))


def test_terms_move_towards_those_who_refuse(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.terms_move, p.settlements.give[0] = 0.2, 0.3
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.1, 0.5, 0.4, 0.8]
    pulls = {EUROPE: 0.5, KYIV: 0.6, MOSCOW: 0.2}

    def moved(i: int, refusing: dict[int, float]) -> float:
        total = sum(SALIENCE[q][i] for q in pulls)
        pull = sum(c * SALIENCE[q][i] / total * (POSITION[q][i] - X[i]) for q, c in refusing.items())
        return X[i] + (1 - math.exp(-0.2 * 0.5)) * pull

    bargain.move_terms(p, s, table.w, 0.5)
    assert list(s.terms[:2]) == [near(moved(0, pulls)), near(moved(1, pulls))]
    for posture, refusing in (
        (PRESSING_KYIV, {EUROPE: 0.5, MOSCOW: 0.2}),
        (PRESSING_MOSCOW, {EUROPE: 0.5, KYIV: 0.6}),
        (WALKED_AWAY, {}),
    ):
        s.terms[:2], s.posture = X, posture
        bargain.move_terms(p, s, table.w, 0.5)
        assert list(s.terms[:2]) == [near(moved(0, refusing)), near(moved(1, refusing))]


def test_terms_stay_within_the_give(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.terms_move = SURE
    s.consent[:], s.consent[MOSCOW] = 1.0, 0.0
    p.settlements.give[0] = 0.15
    bargain.move_terms(p, s, table.w, 1.0)
    assert list(s.terms[:2]) == [near(0.65), near(0.3 + 0.7 * 0.6 / (0.6 + 0.25 + 0.5))]
    # Terms that were drawn outside the give come nearer, and no further away.
    s.terms[:2] = (0.8, 0.3)
    bargain.move_terms(p, s, table.w, 1.0)
    assert s.terms[0] == near(0.8)


def test_appeal_of_a_template(table: Bench) -> None:
    p, s, facts = table.p, table.s, table.w.facts
    p.talks.optimism, p.talks.template_temperature, p.hawks.temporary, s.hawks = 0.1, 0.25, 0.3, 5.0
    p.settlements.weight[0], s.dampening[0], facts.temporary[0] = 2.0, 0.5, 1.0
    p.settlements.load[0], facts.needs_washington[0] = 0.5, 1.0
    p.hawks.moscow_fear = 0.01
    half = (0.5, 0.5)
    consents = [
        logistic(-(0.5 - 0.1 - worth_of_terms(MOSCOW, half) + 0.01 * 5) / 0.1),
        logistic(-(0.6 - worth_of_terms(KYIV, half)) / 0.1),
        logistic(-(0.7 - worth_of_terms(EUROPE, half)) / 0.1),
        logistic(-0.5),
    ]
    expected = 2.0 * 0.5 * math.exp(sum(consents) / 4 / 0.25 + 0.3 * 3)
    assert bargain.appeal(p, s, table.w, 0) == near(expected)


def test_a_template_is_drawn_in_proportion_to_its_appeal(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.settlements.spread[:2] = 0.0
    ratio_of = bargain.appeal(p, s, w, 1) / (bargain.appeal(p, s, w, 0) + bargain.appeal(p, s, w, 1))
    chance = luck_record(1, 1)[0]
    number = 4000
    drawn = 0
    for k in range(number):
        chance.cell = luck.cell_key(k, 0)
        bargain.draw_template(p, s, w, chance)
        drawn += s.template
        assert s.terms[0] == p.settlements.terms[s.template, 0]
    assert abs(drawn / number - ratio_of) < 4 * math.sqrt(ratio_of * (1 - ratio_of) / number)
    w.facts.dictated[0] = 1.0
    bargain.draw_template(p, s, w, table.luck)
    assert s.template == 1


def test_clauses_that_are_left_out(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    w.facts.dictated[1] = 1.0
    w.facts.clauses[0], w.facts.clause_issue[0, :2] = 2.0, (1.0, -1.0)
    p.settlements.clause_included[0, :2], p.settlements.clause_without[0, :2] = 0.0, (0.85, 0.0)
    bargain.draw_template(p, s, w, table.luck)
    assert list(s.included[:2]) == [0.0, 0.0]
    assert list(s.terms[:2]) == [near(0.5), near(0.85)]
    p.settlements.clause_included[0, :2] = 1.0
    bargain.draw_template(p, s, w, table.luck)
    assert list(s.included[:2]) == [1.0, 1.0]


def test_consent_to_a_bare_truce(table: Bench) -> None:
    p, s = table.p, table.s
    table.w.facts.ceasefire = 1
    bargain.begin(p, s, table.w, table.luck)
    s.private[:] = 0.0
    p.moscow.stop_first, p.moscow.kursk_cost, s.kursk = 0.1, 0.05, 1.0
    gap = 0.5 - worth_of_terms(MOSCOW, (0.2, 0.9)) + 0.15
    assert bargain.truce_consent_moscow(p, s) == near(logistic(-gap / 0.1))
    assert bargain.truce_consent_kyiv(p, s) == near(logistic(-(0.6 - worth_of_terms(KYIV, (0.2, 0.9))) / 0.1))


# Talks


def test_rates_of_the_ladder(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.talks.contact, p.talks.terms, p.talks.text, p.talks.signature = 0.1, 0.2, 0.3, 0.4
    p.talks.tempo, p.talks.walked, s.attention = 0.5, 0.25, 1.0
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.9, 0.6, 0.5, 0.7]
    g = ratio(0.5)
    product = 0.6 * 0.5 * 0.7
    expected = {
        NONE: 0.1,
        CONTACT: 0.2 * math.sqrt(0.7),
        TERMS: 0.3 * math.sqrt(product),
        TEXT: 0.4 * product,
        SIGNED: 0,
    }
    for rung, rate in expected.items():
        s.rung = rung
        assert talks.up_rate(p, s, w) == near(g * rate)
    s.rung, s.posture = TEXT, WALKED_AWAY
    assert talks.up_rate(p, s, w) == near(0.25 * g * expected[TEXT])
    w.facts.needs_washington[0] = 1.0
    assert talks.up_rate(p, s, w) == near(0.25 * g * expected[TEXT] * 0.9)
    s.banned = 1
    assert talks.up_rate(p, s, w) == 0.0


def test_steps_down(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.talks.setback, p.europe.down_europe, p.hawks.down_hawks = 0.1, 0.4, 0.3
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.9, 0.6, 0.5, 0.7]
    s.obstruction, s.hawks = 1.0, -2.0
    assert talks.obstruction_factor(p, s) == near(ratio(0.4))
    assert talks.down_rate(p, s, w) == near(0.1 * 2 / 3 * 1.2 * ratio(0.4))
    s.hawks = 1.0
    assert talks.obstruction_factor(p, s) == near(ratio(0.7))
    s.hawks = s.obstruction = -3.0
    assert talks.obstruction_factor(p, s) == 1.0


@pytest.mark.parametrize(("u", "cause"), [(0.01, "down_consent"), (0.5, "down_europe"), (0.99, "down_hawks")])
def test_each_step_down_has_one_cause(table: Bench, u: float, cause: str) -> None:
    p, s, r = table.p, table.s, table.r
    p.europe.down_europe, p.hawks.down_hawks, s.obstruction, s.hawks = 0.9, 0.3, 1.0, 1.0
    share = 1 / ratio(1.2)
    assert 0.3 < share < 0.5 < share + (1 - share) * 0.75 < 0.99
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.1, 0.6, 0.5, 0.7]
    choose(table, talks.CAUSE, 0, u)
    talks.note_cause(p, s, r, table.w, table.luck)
    assert [name for name in ("down_consent", "down_europe", "down_hawks") if r[name] == 1.0] == [cause]
    # Washington does not sign this template: Kyiv was the least ready.
    assert r.first_refusal == (KYIV if cause == "down_consent" else -1)


def test_stepping_down_to_nothing_leaves_the_table(table: Bench) -> None:
    s = table.s
    s.rung, s.troops_text, s.hawks_loss = CONTACT, 1, 0.4
    talks.step_down(s)
    assert (s.rung, s.template, s.troops_text, s.hawks_loss, s.index, s.setbacks) == (NONE, -1, 0, 0.0, 0.5, 1.0)
    assert list(s.dampening[:2]) == [0.5, 1.0]


def test_signature_stops_the_guns(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    s.rung, s.day, s.index, s.truce_age, s.settlement_age = SIGNED, 33.0, 0.4, 5.0, 5.0
    talks.sign(p, s, r, table.luck)
    assert (s.in_force, s.truce, s.truce_age, s.settlement_age) == (1, GENERAL, 0.0, 0.0)
    assert (r.signed, r.term_index, r.last_template, r.general_first) == (33.0, 0.4, 0, 33.0)


def test_signed_and_never_carried_out(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.settlements.never_implemented[0] = 1.0
    s.rung, s.day = SIGNED, 33.0
    talks.sign(p, s, r, table.luck)
    assert (s.in_force, s.truce, s.rung, s.dampening[0], r.broken) == (0, NO_TRUCE, CONTACT, 0.5, 33.0)
    assert math.isnan(r.general_first)


def test_breakdown(table: Bench) -> None:
    p, s = table.p, table.s
    p.settlements.breakdown[0], p.settlements.clause_breakdown[0, :2] = 0.01, (0.5, 0.3)
    table.w.facts.clauses[0] = 2.0
    s.included[:2] = (1.0, 0.0)
    assert talks.breakdown_rate(p, s, table.w) == near(0.01 * ratio(0.3))
    p.settlements.breakdown[0] = SURE
    s.in_force, s.rung, s.truce = 1, SIGNED, GENERAL
    talks.events(p, s, table.r, table.w, table.luck, 0, 1.0)
    assert (s.in_force, s.rung, s.truce, s.setbacks) == (0, CONTACT, NO_TRUCE, 1.0)


def test_truces_begin_and_end(table: Bench) -> None:
    p, s, r, w = table.p, table.s, table.r, table.w
    w.facts.ceasefire = 1
    p.talks.limited_truce, s.day = SURE, 8.0
    s.rung = NONE
    talks.truces(p, s, r, w, table.luck, 0, 1.0)
    assert s.truce == NO_TRUCE
    s.rung = TERMS
    talks.truces(p, s, r, w, table.luck, 0, 1.0)
    assert (s.truce, r.limited_first, r.limited_last) == (LIMITED, 8.0, 8.0)
    p.talks.limited_end, p.talks.limited_truce = SURE, 0.0
    talks.truces(p, s, r, w, table.luck, 0, 1.0)
    assert s.truce == NO_TRUCE
    p.talks.general_truce = SURE
    talks.truces(p, s, r, w, table.luck, 0, 1.0)
    assert (s.truce, r.general_first) == (GENERAL, 8.0)
    p.talks.general_break = SURE
    talks.truces(p, s, r, w, table.luck, 0, 1.0)
    assert (s.truce, s.rung) == (NO_TRUCE, CONTACT)


def test_chance_of_a_general_truce(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    w.facts.ceasefire = 1
    p.talks.general_truce = 0.5
    rate = 0.5 * bargain.truce_consent_moscow(p, s) * bargain.truce_consent_kyiv(p, s)
    for u, begins in ((1 - math.exp(-rate) - 1e-9, True), (1 - math.exp(-rate) + 1e-9, False)):
        s.truce = NO_TRUCE
        choose(table, talks.GENERAL_TRUCE, 0, u)
        talks.truces(p, s, table.r, w, table.luck, 0, 1.0)
        assert (s.truce == GENERAL) == begins


def test_provocations_set_talks_back_but_not_below_none(table: Bench) -> None:
    s, r = table.s, table.r
    s.rung = TERMS
    talks.set_back(s, r, 5.0)
    assert (s.rung, r.down_kyiv, s.template) == (NONE, 2.0, -1)
    s.rung = SIGNED
    talks.set_back(s, r, 1.0)
    assert s.rung == SIGNED


def test_several_moves_in_one_step(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.talks.contact = p.talks.terms = p.talks.text = p.talks.signature = 1e6
    p.talks.tau, p.moscow.worth, p.kyiv.worth, p.europe.worth = 0.01, -9.0, -9.0, -9.0
    table.w.facts.needs_europe[1] = 1.0
    s.rung, s.template, s.patience = NONE, -1, 0.5
    talks.ladder(p, s, r, table.w, table.luck, 1.0)
    assert (s.rung, r.steps_up, s.moves, s.progress) == (SIGNED, 4.0, 4, 5.0)  # a fifth for the truce


# Endings


def test_rates_of_endings(b: Bench) -> None:
    e, s = b.p.endings, b.s
    s.adequacy, s.instability, s.advance, s.advance_start, s.strain, s.home_shock = -1.0, 0.5, 2.0, 1.0, 0.8, 1
    e.defeat, e.defeat_adequacy, e.defeat_instability, e.defeat_advance = 0.001, 0.5, 0.4, 0.3
    assert endings.defeat_rate(b.p, s) == near(0.001 * ratio(0.5 + 0.2 + 0.3, 12))
    e.failure, e.failure_strain, e.failure_advance, e.failure_shock = 0.002, 0.5, 0.2, 1.0
    assert endings.failure_rate(b.p, s) == near(0.002 * ratio(0.4 - 0.2 + 1.0))
    assert endings.collapse_rate(b.p, s, 1.0) == 0.0
    b.p.front.thrust_half_life, b.p.front.breakthrough_thrust, s.thrust, s.thrust_full = 3.0, 1.5, 1.0, 2.0
    e.collapse, e.collapse_adequacy, e.collapse_instability, e.collapse_thrust = 0.07, 0.5, 0.4, 0.2
    spent = 0.5 * (1 - 2 ** (-0.5 / 3)) / 0.5
    expected = -math.log(0.93) * spent * ratio(0.5 + 0.2 + 0.1, 12)
    assert endings.collapse_rate(b.p, s, 0.5) == near(expected)


def test_an_undisturbed_breakthrough_spends_its_whole_chance_of_collapse(b: Bench) -> None:
    p, s = b.p, b.s
    p.endings.collapse, p.front.thrust_half_life, p.front.breakthrough_thrust = 0.07, 3.0, 1.5
    s.thrust = s.thrust_full = 1.5
    for dt in (1.0, 0.5, 0.25):
        total, s.thrust = 0.0, 1.5
        while s.thrust > 1e-12:
            total += endings.collapse_rate(p, s, dt) * dt
            front.events(p.front, s, b.r, b.luck, 0, dt)
        assert 1 - math.exp(-total) == pytest.approx(0.07, rel=1e-9)


@pytest.mark.parametrize(("u", "ending"), [(0.69, UKRAINE_DEFEATED), (0.71, RUSSIA_FAILS)])
def test_endings_compete(b: Bench, u: float, ending: int) -> None:
    s = b.s
    s.rate_collapse, s.rate_defeat, s.rate_failure = 5e6, 2e6, 3e6
    choose(b, endings.ENDING_WHICH, 0, u)
    s.truce = GENERAL
    endings.events(s, b.w, b.luck, 0, 1.0)
    assert s.ending == 0
    s.truce = NO_TRUCE
    endings.events(s, b.w, b.luck, 0, 1.0)
    assert s.ending == ending


def test_no_battlefield_rates_while_a_truce_holds(b: Bench) -> None:
    b.p.endings.defeat = b.p.endings.failure = 1.0
    endings.rates(b.p, b.s, b.r, 1.0)
    assert (b.s.rate_defeat, b.s.rate_failure, b.r.top_defeat_rate) == (1.0, 1.0, 1.0)
    b.s.truce = GENERAL
    endings.rates(b.p, b.s, b.r, 1.0)
    assert (b.s.rate_collapse, b.s.rate_defeat, b.s.rate_failure) == (0.0, 0.0, 0.0)


def test_owners_of_a_defeat(b: Bench) -> None:
    e, s, r = b.p.endings, b.s, b.r
    e.owner_trump, e.owner_engaged, e.owner_blame, e.owner_paused, e.owner_time = -0.5, 2.5, 0.8, 0.7, 0.5
    e.owner_predecessor, e.owner_fading, e.owner_europe, e.owner_obstruction = 0.5, 1.0, -0.5, 0.5
    e.owner_kyiv, e.owner_refused = -0.3, 0.5
    s.engagement, s.hawks, s.obstruction, s.pause_memory, r.first_refusal = 0.8, 1.0, 0.4, 25.0, KYIV
    endings.own(b.p, s, r, 13.0)
    blame = 0.7 / math.sqrt(1 + (0.7 / 2) ** 2)
    trump = math.exp(-0.5 + 2.0 + 0.8 * blame + 0.7 + 0.25)
    others = [math.exp(0.5 - 0.5), math.exp(-0.5 + 0.2), math.exp(-0.3 + 0.5)]
    total = trump + sum(others)
    found = (r.owner_trump, r.owner_predecessor, r.owner_europe, r.owner_kyiv)
    assert found == pytest.approx([x / total for x in (trump, *others)], rel=1e-12)


# One suite for every part

Part = Callable[[Bench, float], object]

STEPS: dict[str, Part] = {
    "front": lambda b, dt: front.step(b.p.front, b.s, b.r, b.w, b.luck, week.arms_flow(b.p, b.s), dt),
    "moscow": lambda b, dt: moscow.step(b.p.moscow, b.s, b.w, b.luck, b.p.front.held, b.p.europe.lapse_relief, dt),
    "washington": lambda b, dt: washington.step(b.p.washington, b.s, b.luck, dt),
    "hawks": lambda b, dt: hawks.step(b.p.hawks, b.s, b.luck, dt),
    "europe": lambda b, dt: europe.step(b.p.europe, b.s, b.r, b.w, b.luck, dt),
    "kyiv": lambda b, dt: kyiv.step(b.p.kyiv, b.s, b.luck, dt),
}

EVENTS: dict[str, Part] = {
    "front": lambda b, dt: front.events(b.p.front, b.s, b.r, b.luck, 0, dt),
    "moscow": lambda b, dt: moscow.events(b.p.moscow, b.s, b.r, b.luck, 0, dt),
    "washington": lambda b, dt: washington.events(b.p.washington, b.s, b.r, b.luck, 0, dt),
    "europe": lambda b, dt: europe.events(b.p.europe, b.s, b.r, b.w, b.luck, 0, dt),
    "kyiv": lambda b, dt: kyiv.events(b.p.kyiv, b.s, b.r, b.luck, 0, dt),
    "talks": lambda b, dt: talks.events(b.p, b.s, b.r, b.w, b.luck, 0, dt),
    "endings": lambda b, dt: (endings.rates(b.p, b.s, b.r, dt), endings.events(b.s, b.w, b.luck, 0, dt)),
}

TOLD = {
    # What the state says others tell Washington.
    "talks": {"setbacks", "progress", "troops_text"},
    # Troops in the text are a term of it.
    "europe": {"terms"},
}
"""Fields of another owner that a part may write: `troops_text` goes with the draft, `terms` with the troops."""

OWNED: dict[str, set[str]] = {}
for line in inspect.getsource(State).splitlines():
    if heading := re.fullmatch(r"    # (\w+).*", line):
        group = OWNED.setdefault(heading[1], set())
    elif name := re.match(r"    (\w+): ", line):
        group.add(name[1])


def some(seed: int) -> Bench:
    """A draw of the real scenario in a state drawn at random, levels far out."""
    given = ukraine_inputs(20)
    rng = np.random.default_rng(seed)
    made = bench(50, ends=346)
    draw = int(rng.integers(20))
    row = given.rows[draw : draw + 1].copy()
    b = Bench(row[0], given.start[draw : draw + 1].copy()[0], made.r, given.world[0], luck_record(seed, 50)[0])
    s = b.s
    for level in (
        "capital",
        "attention",
        "hawks",
        "obstruction",
        "instability",
        "strain",
        "adequacy",
        "advance",
        "fast",
    ):
        s[level] = rng.choice([-8.0, -1.0, 0.0, 1.0, 8.0])
    s.drift, s.thrust, s.thrust_full = rng.choice([-8.0, 0.0, 8.0]), *rng.choice([(0.0, 0.0), (1.0, 2.0), (8.0, 8.0)])
    s.rung = rng.integers(5)
    s.posture, s.leader, s.week = rng.integers(4), rng.integers(4), rng.integers(50)
    for flag in ("mobilised", "home_shock", "paused", "lapsed", "troops_text", "troops_in", "banned", "martial_law"):
        s[flag] = rng.integers(2)
    s.elected, s.legitimate, s.day, s.patience = rng.integers(2), rng.integers(2), 7.0 * s.week, 0.3
    s.stock, s.stall, s.kursk = rng.choice([0.0, 5.0]), rng.choice([0.0, 100.0]), rng.choice([0.0, 300.0])
    s.setbacks, s.progress, s.truce = rng.integers(4), rng.integers(3), rng.integers(3)
    s.pull[:] = rng.random(12)
    if s.rung > NONE:
        bargain.draw_template(b.p, s, b.w, b.luck)
    if s.rung == SIGNED:
        s.in_force, s.truce = 1, GENERAL
    return b


def changed(before: np.void, after: np.void) -> set[str]:
    return {
        n for n in after.dtype.names if not np.array_equal(before[n], after[n], equal_nan=after[n].dtype.kind == "f")
    }


def test_every_field_of_the_state_has_one_owner() -> None:
    assert sorted(OWNED) == sorted({"the", *week.PARTS})
    assert sorted(set.union(*OWNED.values())) == sorted(fields(State))
    assert sum(map(len, OWNED.values())) == len(fields(State))
    assert state.STATE.names == tuple(fields(State))


ACTS = {f"{part} step": act for part, act in STEPS.items()} | {f"{part} events": act for part, act in EVENTS.items()}


@pytest.mark.parametrize("name", ACTS)
def test_a_part_writes_only_what_it_owns(name: str) -> None:
    part, act = name.split()[0], ACTS[name]
    touched: set[str] = set()
    for seed in range(200):
        b = some(seed)
        before = b.s.copy()
        act(b, 1.0)
        touched |= changed(before, b.s)
    assert touched
    assert touched <= OWNED[part] | TOLD.get(part, set())


@pytest.mark.parametrize("part", STEPS)
def test_two_halves_make_a_whole_without_noise(part: str) -> None:
    # What a part reverts to is held: no coupling, no advance that moves on.
    def made() -> Bench:
        b = bench()
        b.s.drift = b.s.fast = 0.0
        b.p.front.level, b.p.front.arms, b.p.front.fast_persistence, b.p.front.adequacy_on_advance = 0.8, 0.7, 0.5, 0.0
        b.p.front.kursk_loss, b.s.kursk, b.s.advance, b.s.adequacy, b.s.paused = 30.0, 300.0, 2.0, 1.0, 0
        b.p.moscow.strain_trend, b.s.strain, b.p.moscow.demand_per_gain = 0.5, -1.0, 0.1
        b.p.washington.capital_mean, b.s.capital, b.s.attention, b.s.engagement = 0.3, -1.0, 1.0, 0.2
        b.p.hawks.hawks_capital, b.s.hawks, b.s.capital = 0.5, 1.0, -1.0
        b.p.europe.fatigue, b.s.obstruction, b.s.week = 0.3, 1.0, 5
        b.p.kyiv.instability_draft, b.s.mobilised, b.s.instability = 0.3, 1, -1.0
        return b

    whole, halves = made(), made()
    STEPS[part](whole, 1.0)
    gained = whole.s.net
    STEPS[part](halves, 0.5)
    first = halves.s.net
    STEPS[part](halves, 0.5)
    assert halves.s.net + first == pytest.approx(gained, rel=1e-12)
    for name in OWNED[part] - {"net"}:
        assert halves.s[name] == pytest.approx(whole.s[name], rel=1e-12, abs=1e-14), name
    assert changed(made().s, whole.s)


@pytest.mark.parametrize("act", ACTS.values(), ids=list(ACTS))
def test_extreme_states_stay_finite(act: Part) -> None:
    for seed in range(200):
        b = some(seed)
        act(b, 1.0)
        for name in fields(State):
            assert np.isfinite(b.s[name]).all(), (seed, name)
        assert 0 <= b.s.rung <= SIGNED
        assert -1 <= b.s.template < b.w.facts.settlements
        terms = b.s.terms[: b.w.facts.issues]
        assert np.all((terms >= 0) & (terms <= 1))
        assert np.all((b.s.consent >= 0) & (b.s.consent <= 1))
        assert np.all(b.s.held >= -1e-6)
