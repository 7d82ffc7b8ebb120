"""The front: adequacy, the advance, supply, regions, breakthroughs, the draft, worked by hand."""

import math

import numpy as np
import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import front
from forecast.timeline.codes import GENERAL, NO_TRUCE, TERMS


def test_arms_count_against_the_need(b: Bench) -> None:
    p = b.p.front
    p.us_weight, p.arms_need = 1.5, 6.0
    assert front.arms_level(p, 2.0, 3.0) == near(0.0)
    assert front.arms_level(p, 0.0, 3.0) == near(-0.5)
    assert front.arms_level(p, 1.0, 3.0) == near(-0.25)


def test_adequacy_target(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.arms, p.mobilisation, p.draft_shortfall, p.attrition, p.desertion = 2.0, 0.7, 0.4, 0.3, 0.1
    p.adequacy_mean, p.leaderless_loss = -0.2, 0.5
    s.arms, s.mobilised, s.advance, s.advance_start, s.instability = -0.25, 1, 1.5, 0.5, 2.0
    assert front.adequacy_target(p, s) == near(-0.2 - 0.5 + 0.7 - 0.3 - 0.2)
    s.draft_failed, s.leaderless = 1, 0.6
    assert front.adequacy_target(p, s) == near(-0.5 - 0.4 - 0.3)


def test_expected_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, p.mud, p.adequacy_on_advance, p.talks_on_advance = 1.0, 0.4, 0.5, 0.2
    b.w.season[0] = 0.25
    s.drift, s.thrust, s.adequacy, s.adequacy_seen, s.rung = 0.3, 0.9, -1.0, 1.0, TERMS
    assert front.expected_z(p, s, b.w) == near(1.0 - 0.1 + 0.3 + 0.9 + 1.0 + 0.2)


def test_net_gain_is_odd_and_stays_a_number() -> None:
    assert front.net_gain(1.2) == near(40 * math.sinh(1.2))
    assert front.net_gain(-1.2) == near(-40 * math.sinh(1.2))
    assert front.net_gain(1e9) == near(40 * math.sinh(50))


def supply(b: Bench) -> None:
    b.p.front.supply_pace, b.p.front.supply_reach = 100.0, 500.0


def test_pace_that_supply_allows(b: Bench) -> None:
    supply(b)
    p = b.p.front
    for pace in (0.0, 1.0, 99.9, 100.0):
        assert front.supplied(p, pace, 0.0) == pace
    assert front.supplied(p, 100.0 + 1e-9, 0.0) == pytest.approx(100.0, rel=1e-10)
    assert front.supplied(p, 600.0, 0.0) == near(100 + 500 * math.log(2))
    # Stretch slows the pace on paper by a factor of e for each reach.
    assert front.supplied(p, 600.0, 250.0) == near(100 + 500 * math.log(1 + (600 * math.exp(-0.5) - 100) / 500))
    assert front.supplied(p, 90.0, 250.0) == near(90 * math.exp(-0.5))
    grid = np.linspace(0.0, 20_000.0, 2001)
    slope = np.diff([front.supplied(p, pace, 0.0) for pace in grid]) / np.diff(grid)
    assert np.all((slope > 0) & (slope <= 1 + 1e-12))
    assert np.all(np.diff(slope) <= 1e-12)
    by_stretch = [front.supplied(p, 2000.0, stretch) for stretch in (0.0, 100.0, 500.0, 5000.0)]
    assert np.all(np.diff(by_stretch) < 0)


def test_supply_catches_up_with_what_stretched_it(b: Bench) -> None:
    supply(b)
    p, s = b.p.front, b.s
    s.stretch, s.stretch_back = 50.0, 150.0
    front.stretch_step(p, s, 400.0, 1.0)
    assert (s.stretch, s.stretch_back) == (near(350), near(50))
    front.stretch_step(p, s, -300.0, 0.5)
    assert (s.stretch, s.stretch_back) == (near(300), near(300))
    for _ in range(4):
        front.stretch_step(p, s, 0.0, 1.0)
    assert (s.stretch, s.stretch_back) == (0.0, 0.0)


def test_each_side_is_slowed_by_its_own_supply(b: Bench) -> None:
    supply(b)
    p, s = b.p.front, b.s
    s.stretch = 250.0
    fast = 40 * math.sinh(4.0)
    assert front.slowed_gain(p, s, 4.0) == near(100 + 500 * math.log(1 + (fast * math.exp(-0.5) - 100) / 500))
    assert front.slowed_gain(p, s, -4.0) == near(-(100 + 500 * math.log(1 + (fast - 100) / 500)))


def test_an_open_front_is_slowed_week_by_week(b: Bench) -> None:
    supply(b)
    p, s = b.p.front, b.s
    p.level, p.held[:2], s.held[:2], b.w.facts.region_area[:2] = 5.0, 1e7, 1e7, 2e7
    stretch, gained = 0.0, 0.0
    for _ in range(6):
        pace = 40 * math.sinh(5.0) * math.exp(-stretch / 500)
        net = pace if pace <= 100 else 100 + 500 * math.log(1 + (pace - 100) / 500)
        stretch = max(0.0, stretch + net - 100)
        gained += net
        front.step(p, s, b.r, b.w, b.context, 1.0)
        assert (s.net, s.km2, s.stretch) == (near(net), near(gained), near(stretch))
    assert gained < 3 * 40 * math.sinh(5.0)


def test_memory_of_the_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, s.advance, s.advance_start, s.pace = 1.0, 3.0, 0.5, 3.0
    front.step(p, s, b.r, b.w, b.context, 1.0)
    assert s.advance == pytest.approx(1 + 2 * 2 ** (-1 / 4))
    assert s.pace == pytest.approx(1 + 2 * 2 ** (-1 / 13))
    # A general truce: the memory returns to where it began, nothing is gained, and supply catches up.
    s.truce, s.advance, s.stretch, p.supply_pace = GENERAL, 3.0, 500.0, 200.0
    before = s.km2
    front.step(p, s, b.r, b.w, b.context, 1.0)
    assert (s.net, s.km2, s.stretch) == (0.0, before, 300.0)
    assert s.advance == pytest.approx(0.5 + 2.5 * 2 ** (-1 / 4))


def test_slow_level_and_weekly_shock(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.slow_sd, p.slow_half_life, p.fast_persistence, p.fast_scale = 0.5, 20.0, 0.6, 0.2
    s.drift, s.fast = 1.0, 1.0
    choose(b, front.DRIFT, 0, 0.8413447460685429)
    choose(b, front.FAST, 0, 0.9)
    front.drift_step(p, s, b.context, 1.0)
    front.fast_step(p, s, b.context, 1.0)
    kept = 2 ** (-1 / 20)
    assert s.drift == pytest.approx(kept + 0.5 * math.sqrt(1 - kept**2), rel=1e-8)
    assert s.fast == pytest.approx(0.6 + 0.2 * 1.5332062740589438, abs=1e-6)
    # Half a week keeps the root of what a week keeps, and the variance of two halves is that of the week.
    s.fast = 1.0
    front.fast_step(p, s, b.context, 0.5)
    shock = s.fast - math.sqrt(0.6)
    assert shock**2 * (1 + 0.6) == pytest.approx((0.2 * 1.5332062740589438) ** 2, rel=1e-5)


def test_a_retreat_gives_back_no_more_than_was_held(b: Bench) -> None:
    b.w.facts.region_area[:2] = [120.0, 500.0]
    front.fill(b.s, b.r, b.w, b.context, -100.0)
    # Room for 20 in the first region: the other 80 come off the second.
    assert list(b.s.held[:2]) == [near(120), near(180)]


def test_later_regions_wait_until_the_first_are_gone(b: Bench) -> None:
    b.w.facts.region_later[1] = 1.0
    b.s.day = 6.0
    front.fill(b.s, b.r, b.w, b.context, 60.0)
    assert list(b.s.held[:2]) == [near(40), near(100)]
    front.fill(b.s, b.r, b.w, b.context, 60.0)
    assert list(b.s.held[:2]) == [near(0), near(80)]
    assert b.r.taken[0] == 6.0
    assert front.fill(b.s, b.r, b.w, b.context, 500.0) == near(420)  # no room for what is left
    assert list(b.s.held[:2]) == [near(0), near(0)]


def test_shares_of_the_advance(b: Bench) -> None:
    b.p.front.share[:2] = [3.0, 0.0]
    front.begin(b.p.front, b.s, b.w, b.context)
    assert b.s.pull[0] > 0.0
    assert b.s.pull[1] == 0.0


def test_breakthrough(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.breakthrough, p.breakthrough_adequacy, p.breakthrough_instability = 0.01, 0.6, 0.4
    s.adequacy, s.instability = -1.0, 0.5
    p.breakthrough_advance, s.advance, s.advance_start = 0.5, 1.4, 1.0
    assert front.breakthrough_rate(p, s) == near(0.01 * ratio(1.0))
    p.breakthrough_leaderless, p.breakthrough_arms, s.leaderless, s.arms = 0.3, 0.2, 0.5, -0.5
    assert front.breakthrough_rate(p, s) == near(0.01 * ratio(1.0 + 0.15 + 0.1))
    p.breakthrough, p.breakthrough_thrust, p.thrust_half_life, s.thrust, s.day = SURE, 1.5, 3.0, 1.0, 20.0
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert s.thrust == s.thrust_full == near(1.5 + 2 ** (-1 / 3))
    assert (b.r.breakthrough, b.r.breakthroughs) == (20.0, 1.0)
    s.truce = GENERAL
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert b.r.breakthroughs == 1.0


def test_thrust_does_not_fade_while_the_defence_collapses(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.thrust_half_life, s.thrust, s.collapsing = 3.0, 1.0, 1
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert s.thrust == 1.0
    s.collapsing = 0
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert s.thrust == near(2 ** (-1 / 3))


def test_the_draft_fails_until_mobilisation_is_widened(b: Bench) -> None:
    p, s, r = b.p.front, b.s, b.r
    p.draft_failure, p.draft_failure_instability, s.instability = 0.01, 0.4, 1.5
    assert front.draft_failure_rate(p, s) == near(0.01 * ratio(0.6))
    p.draft_failure, s.day, s.truce = SURE, 3.0, GENERAL
    front.events(p, s, r, b.context, 0, 1.0)
    assert (s.draft_failed, math.isnan(r.draft_failed)) == (0, True)
    s.truce = NO_TRUCE
    front.events(p, s, r, b.context, 0, 1.0)
    assert (s.draft_failed, r.draft_failed) == (1, 3.0)
    p.draft_failure, p.mobilisation_chance, s.day = 0.0, SURE, 10.0
    front.events(p, s, r, b.context, 0, 1.0)
    assert (s.draft_failed, r.draft_failed, r.mobilised) == (0, 3.0, 10.0)
    # It may fail again, under the wider draft; the result keeps the first day.
    p.draft_failure, s.day = SURE, 17.0
    front.events(p, s, r, b.context, 0, 1.0)
    assert (s.draft_failed, r.draft_failed) == (1, 3.0)


def test_mobilisation_is_widened_once(b: Bench) -> None:
    b.p.front.mobilisation_chance, b.s.day = SURE, 3.0
    front.events(b.p.front, b.s, b.r, b.context, 0, 1.0)
    b.s.day = 10.0
    front.events(b.p.front, b.s, b.r, b.context, 0, 1.0)
    assert (b.s.mobilised, b.r.mobilised) == (1, 3.0)
