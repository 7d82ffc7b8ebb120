"""The endings: their rates, how they compete and who owns a defeat, worked by hand."""

import math

import pytest
from part_tools import near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import endings, front
from forecast.timeline.codes import GENERAL, KYIV, NO_TRUCE, RUNNING, RUSSIA_FAILS, UKRAINE_DEFEATED


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
    e.defeat_ground, s.km2 = 0.1, 4000.0
    assert endings.defeat_rate(b.p, s) == near(0.001 * ratio(0.5 + 0.2 + 0.3 + 0.4, 12))
    assert endings.collapse_rate(b.p, s, 0.5) == near(-math.log(0.93) * spent * ratio(0.5 + 0.2 + 0.1 + 0.4, 12))


def test_an_undisturbed_breakthrough_spends_its_whole_chance_of_collapse(b: Bench) -> None:
    p, s = b.p, b.s
    p.endings.collapse, p.front.thrust_half_life, p.front.breakthrough_thrust = 0.07, 3.0, 1.5
    s.thrust = s.thrust_full = 1.5
    for dt in (1.0, 0.5, 0.25):
        total, s.thrust = 0.0, 1.5
        while s.thrust > 1e-12:
            total += endings.collapse_rate(p, s, dt) * dt
            front.events(p.front, s, b.r, b.context, 0, dt)
        assert 1 - math.exp(-total) == pytest.approx(0.07, rel=1e-9)


@pytest.mark.parametrize(("u", "ending"), [(0.69, UKRAINE_DEFEATED), (0.71, RUSSIA_FAILS)])
def test_endings_compete(b: Bench, u: float, ending: int) -> None:
    s = b.s
    s.rate_collapse, s.rate_defeat, s.rate_failure = 5e6, 2e6, 3e6
    choose(b, endings.ENDING_WHICH, 0, u)
    s.truce = GENERAL
    endings.events(s, b.w, b.context, 0, 1.0)
    assert s.ending == 0
    s.truce = NO_TRUCE
    endings.events(s, b.w, b.context, 0, 1.0)
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
    found = (r.owner_president, r.owner_predecessor, r.owner_europe, r.owner_kyiv)
    assert found == pytest.approx([x / total for x in (trump, *others)], rel=1e-12)


def test_ground_in_reach_exhausted_is_a_defeat(b: Bench) -> None:
    b.w.facts.region_later[1] = 1.0
    b.s.held[0] = 1.0
    endings.events(b.s, b.w, b.context, 0, 1.0)
    assert b.s.ending == RUNNING
    b.s.held[0] = 0.0
    endings.events(b.s, b.w, b.context, 0, 1.0)
    assert b.s.ending == UKRAINE_DEFEATED
