"""The front: adequacy, the advance and its memory, regions, breakthroughs, mobilisation, worked by hand."""

import math

import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import front
from forecast.timeline.codes import GENERAL, TERMS


def test_arms_flow_counts_from_the_start() -> None:
    assert front.arms_flow(1.0, 3.0, 2.0, 2.0) == near(0.0)
    assert front.arms_flow(0.0, 3.0, 2.0, 2.0) == near(-0.25)


def test_adequacy_target(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.arms, p.mobilisation, p.attrition, p.desertion = 2.0, 0.7, 0.3, 0.1
    s.mobilised, s.advance, s.advance_start, s.instability, s.instability_start = 1, 1.5, 0.5, 2.0, -1.0
    p.adequacy_mean = -0.2
    assert front.adequacy_target(p, s, -0.25) == near(-0.2 - 0.5 + 0.7 - 0.3 - 0.3)


def test_expected_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, p.mud, p.adequacy_on_advance, p.talks_on_advance = 1.0, 0.4, 0.5, 0.2
    b.w.season[0] = 0.25
    s.drift, s.thrust, s.adequacy, s.adequacy_seen, s.rung = 0.3, 0.9, -1.0, 1.0, TERMS
    assert front.expected_z(p, s, b.w) == near(1.0 - 0.1 + 0.3 + 0.9 + 1.0 + 0.2)


def test_net_gain_is_odd_and_capped() -> None:
    assert front.net_gain(1.2) == near(40 * math.sinh(1.2))
    assert front.net_gain(-1.2) == near(-40 * math.sinh(1.2))
    assert front.net_gain(50.0) == near(40 * math.sinh(6.2))


def test_memory_of_the_advance(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, s.advance, s.advance_start = 1.0, 3.0, 0.5
    front.step(p, s, b.r, b.w, b.context, 0.0, 1.0)
    assert s.advance == pytest.approx(1 + 2 * 2 ** (-1 / 4))
    # A general truce: the memory returns to where it began, and nothing is gained.
    s.truce, s.advance = GENERAL, 3.0
    before = s.km2
    front.step(p, s, b.r, b.w, b.context, 0.0, 1.0)
    assert (s.net, s.km2) == (0.0, before)
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
    p.breakthrough, p.breakthrough_thrust, p.thrust_half_life, s.thrust, s.day = SURE, 1.5, 3.0, 1.0, 20.0
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert s.thrust == s.thrust_full == near(1.5 + 2 ** (-1 / 3))
    assert (b.r.breakthrough, b.r.breakthroughs) == (20.0, 1.0)
    s.truce = GENERAL
    front.events(p, s, b.r, b.context, 0, 1.0)
    assert b.r.breakthroughs == 1.0


def test_mobilisation_is_widened_once(b: Bench) -> None:
    b.p.front.mobilisation_chance, b.s.day = SURE, 3.0
    front.events(b.p.front, b.s, b.r, b.context, 0, 1.0)
    b.s.day = 10.0
    front.events(b.p.front, b.s, b.r, b.context, 0, 1.0)
    assert (b.s.mobilised, b.r.mobilised) == (1, 3.0)
