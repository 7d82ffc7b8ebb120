"""Washington: arms, capital, postures and pauses, worked by hand."""

import math

import pytest
from part_tools import SURE, logistic, near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import washington, week
from forecast.timeline.codes import KYIV, MEDIATING, MOSCOW, PRESSING_KYIV, PRESSING_MOSCOW, WALKED_AWAY
from forecast.timeline.fields import WEEKS_PER_YEAR


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


def test_pressing_moscow_raises_us_arms_as_far_as_capital_and_attention_go(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.us_aid, p.arms_raised, p.arms_raised_capital, p.arms_raised_attention = 2.0, 0.3, 0.5, 0.2
    s.capital, s.attention = 0.8, -1.0
    for posture in (MEDIATING, PRESSING_KYIV, WALKED_AWAY):
        s.posture = posture
        assert washington.us_flow(p, s) == near(2.0)
    s.posture = PRESSING_MOSCOW
    assert washington.us_flow(p, s) == near(2.0 * (1 + 0.3 * ratio(0.4 - 0.2)))
    s.stock = washington.reserve(p) / 4
    assert washington.us_flow(p, s) == near(0.5 * (1 + 0.3 * ratio(0.4 - 0.2)))


@pytest.mark.parametrize(
    ("posture", "expected"),
    [
        (MEDIATING, 0.02 * ratio(0.4 - 0.1)),
        (PRESSING_MOSCOW, 0.02 * ratio(0.4 - 0.1 + 0.6)),
        (PRESSING_KYIV, 0.0),
        (WALKED_AWAY, 0.0),
    ],
)
def test_rate_of_new_money_for_arms(b: Bench, posture: int, expected: float) -> None:
    p, s = b.p.washington, b.s
    p.renewal, p.renewal_capital, p.renewal_hawks, p.renewal_pressing = 0.02, 0.5, -0.2, 0.6
    s.capital, s.hawks, s.posture = 0.8, 0.5, posture
    assert washington.renewal_rate(p, s) == near(expected)


def test_new_money_fills_the_stock(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.us_aid, p.renewal, p.renewal_size = 2.0, SURE, 15.0
    s.stock, s.day = 0.0, 5.0
    assert washington.us_flow(p, s) == 0.0
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert (s.stock, b.r.arms_renewed) == (15.0, 5.0)
    assert washington.us_flow(p, s) == near(2.0)
    s.day = 12.0
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert (s.stock, b.r.arms_renewed) == (30.0, 5.0)


def test_level_of_arms_from_both(b: Bench) -> None:
    b.p.washington.us_aid, b.p.europe.europe_aid, b.p.europe.replacement = 2.0, 3.0, 0.4
    b.p.front.us_weight, b.p.front.arms_need = 1.5, 8.0
    assert week.arms_level(b.p, b.s) == near((1.5 * 2.0 + 3.0) / 8.0 - 1)
    b.s.paused = 1
    assert week.arms_level(b.p, b.s) == near((3.0 + 0.8) / 8.0 - 1)
    week.move_levels(b.p, b.s, b.r, b.w, b.context, 1.0)
    assert b.s.arms == near((3.0 + 0.8) / 8.0 - 1)


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
    washington.step(p, s, b.context, 1.0)
    assert s.capital == near(-2 * 0.3 * 1.5)
    assert s.attention == near(0.0)
    assert (s.stall, s.setbacks) == (5.0, 0.0)
    assert s.engagement == near(1 - 0.5 * 2 ** (-1 / 6))
    assert s.stock == near(100 - 2 * 12 / WEEKS_PER_YEAR)
    s.progress = 2.0
    washington.step(p, s, b.context, 1.0)
    assert s.attention == near(1.0)
    assert (s.stall, s.progress) == (0.0, 0.0)
    s.posture, s.paused = WALKED_AWAY, 1
    washington.step(p, s, b.context, 1.0)
    assert (s.stall, s.pause_memory) == (0.0, 0.0)
    s.paused = 0
    washington.step(p, s, b.context, 0.5)
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
    washington.events(p, b.s, b.r, b.context, 0, 1.0)
    assert b.s.posture == posture
    assert math.isnan(b.r.walked_away) == (posture != WALKED_AWAY)


def test_pauses_of_arms(b: Bench) -> None:
    p, s = b.p.washington, b.s
    s.day = 4.0
    p.pause_on_pressing = 0.6
    choose(b, washington.PAUSE, 0, 0.59)
    washington.turn(p, s, b.r, b.context, 0, PRESSING_KYIV)
    assert (s.paused, b.r.arms_paused) == (1, 4.0)
    washington.turn(p, s, b.r, b.context, 0, MEDIATING)
    assert s.paused == 0
    choose(b, washington.PAUSE, 0, 0.61)
    washington.turn(p, s, b.r, b.context, 0, PRESSING_KYIV)
    assert s.paused == 0
    washington.turn(p, s, b.r, b.context, 0, WALKED_AWAY)
    p.pause_walked = SURE
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert s.paused == 1
    p.pause_end = SURE
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert s.paused == 0


def test_a_settlement_in_force_ends_pressing_and_pauses(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.walk_away = p.pause_walked = SURE
    s.posture, s.paused, s.in_force = PRESSING_KYIV, 1, 1
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert (s.posture, s.paused) == (MEDIATING, 0)
    s.posture = WALKED_AWAY
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert (s.posture, s.paused) == (WALKED_AWAY, 0)


def test_arms_stay_paused_on_walking_away_from_pressing_kyiv(b: Bench) -> None:
    p, s = b.p.washington, b.s
    s.posture, s.paused = PRESSING_KYIV, 1
    washington.turn(p, s, b.r, b.context, 0, WALKED_AWAY)
    assert s.paused == 1
    washington.turn(p, s, b.r, b.context, 0, MEDIATING)
    assert s.paused == 0


def test_coming_back_and_rival_crises(b: Bench) -> None:
    p, s = b.p.washington, b.s
    p.crisis_rate, p.attention_crisis, p.come_back = SURE, 0.8, SURE
    s.posture, s.day = WALKED_AWAY, 30.0
    washington.events(p, s, b.r, b.context, 0, 1.0)
    assert (s.attention, s.posture, b.r.returned) == (near(-0.8), MEDIATING, 30.0)


def test_nobody_walks_away_from_a_settlement_that_holds(b: Bench) -> None:
    b.p.washington.walk_away, b.s.in_force = SURE, 1
    washington.events(b.p.washington, b.s, b.r, b.context, 0, 1.0)
    assert b.s.posture == MEDIATING
