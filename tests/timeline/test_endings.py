"""The endings: their rates and causes, how they compete, a collapse and who owns a defeat, worked by hand."""

import math

import numpy as np
import pytest
from part_tools import SURE, near, ratio
from replay_tools import one_week
from timeline_tools import Bench, bench, choose

from forecast.timeline import endings, front
from forecast.timeline.codes import (
    ALL_GROUND,
    BREAKTHROUGH_CAUSE,
    CAPITULATION,
    CAUSES,
    CRASH,
    DEATH,
    GENERAL,
    KYIV,
    LIMITED,
    MUTINY,
    NO_TRUCE,
    OVERTHROW,
    PRESSING_KYIV,
    RUNNING,
    RUSSIA_FAILS,
    SIGNED,
    SUPPLY,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
)


def exposed(b: Bench) -> Bench:
    """Levels off their reference, and every effect on the rates of the endings."""
    e, s = b.p.endings, b.s
    s.adequacy, s.instability, s.advance, s.advance_start, s.strain, s.home_shock = -1.0, 0.5, 2.0, 1.0, 0.8, 1
    s.leaderless, s.arms, s.km2, s.posture = 0.4, -0.6, 4000.0, WALKED_AWAY
    e.defeat, e.defeat_capitulation, e.defeat_overthrow, e.defeat_supply = 0.001, 5.0, 3.0, 2.0
    e.defeat_adequacy, e.defeat_instability, e.defeat_advance, e.defeat_ground = 0.5, 0.4, 0.3, 0.1
    e.defeat_arms, e.defeat_alone, e.defeat_leaderless = 0.6, 0.7, 0.9
    e.failure, e.failure_crash, e.failure_mutiny, e.failure_death = 0.002, 1.0, 6.0, 3.0
    e.failure_strain, e.failure_advance, e.failure_shock = 0.5, 0.2, 1.0
    return b


DEFEAT = (
    0.5 * ratio(0.5 + 0.3 + 0.7 + 0.4, 12),
    0.3 * ratio(0.2 + 0.9 * 0.4 + 0.4, 12),
    0.2 * ratio(0.5 + 0.36 + 0.4, 12),
)
FAILURE = (0.1 * ratio(0.4), 0.6 * ratio(1.0 - 0.2), 0.3 * ratio(0.4 - 0.2))
"""Rates of the causes in `exposed`, relative to that of the ending."""


def test_rates_of_endings(b: Bench) -> None:
    s = exposed(b).s
    assert endings.defeat_rates(b.p, s, s.adequacy, s.instability, 1.0) == tuple(near(rate) for rate in DEFEAT)
    assert endings.failure_rates(b.p, s, s.strain, 1.0) == tuple(near(rate) for rate in FAILURE)
    assert endings.defeat_rate(b.p, s) == near(0.001 * sum(DEFEAT))
    assert endings.failure_rate(b.p, s) == near(0.002 * sum(FAILURE))


def test_rate_of_a_collapse(b: Bench) -> None:
    e, s = exposed(b).p.endings, b.s
    e.collapse, e.collapse_adequacy, e.collapse_instability, e.collapse_thrust = 0.07, 0.5, 0.4, 0.2
    b.p.front.thrust_half_life, b.p.front.breakthrough_thrust, b.w.facts.usual_thrust = 3.0, 9.0, 1.5
    assert endings.collapse_rate(b.p, s, b.w, 1.0) == 0.0
    s.thrust, s.thrust_full = 1.0, 2.0
    spent = 0.5 * (1 - 2 ** (-0.5 / 3)) / 0.5
    expected = -math.log(0.93) * spent * ratio(0.5 + 0.2 + 0.1 + 0.4, 12)
    assert endings.collapse_rate(b.p, s, b.w, 0.5) == near(expected)
    s.collapsing = 1
    assert endings.collapse_rate(b.p, s, b.w, 0.5) == 0.0


def test_endings_without_any_cause_have_no_rate(b: Bench) -> None:
    e = exposed(b).p.endings
    e.defeat_capitulation = e.defeat_overthrow = e.defeat_supply = 0.0
    e.failure_crash = e.failure_mutiny = e.failure_death = 0.0
    assert (endings.defeat_rate(b.p, b.s), endings.failure_rate(b.p, b.s)) == (0.0, 0.0)


def test_ground_won_back_makes_no_defeat_rarer(b: Bench) -> None:
    exposed(b).s.km2 = -4000.0
    first = endings.defeat_rate(b.p, b.s)
    b.s.km2 = 0.0
    assert endings.defeat_rate(b.p, b.s) == first


DRIVERS = {
    CAPITULATION: {"adequacy": -1, "advance": 1, "km2": 1, "posture": 1},
    OVERTHROW: {"instability": 1, "leaderless": 1, "km2": 1},
    SUPPLY: {"adequacy": -1, "arms": -1, "km2": 1},
    CRASH: {"strain": 1},
    MUTINY: {"home_shock": 1, "advance": -1},
    DEATH: {"strain": 1, "advance": -1},
}
"""What moves the rate of each cause, and which way."""

MOVED = {
    "adequacy": (-1.0, 1.0), "instability": (-1.0, 1.0), "advance": (0.0, 2.0), "km2": (0.0, 9000.0),
    "posture": (PRESSING_KYIV, WALKED_AWAY), "leaderless": (0.0, 1.0), "arms": (-1.0, 0.5), "strain": (-1.0, 1.0),
    "home_shock": (0, 1), "hawks": (-1.0, 1.0), "obstruction": (-1.0, 1.0), "capital": (-1.0, 1.0),
}  # fmt: skip


def alone(b: Bench, cause: int) -> float:
    """Rate of one cause, as if it were the only one of its ending."""
    e = b.p.endings
    for name, which in (("capitulation", CAPITULATION), ("overthrow", OVERTHROW), ("supply", SUPPLY)):
        e[f"defeat_{name}"] = float(which == cause)
    for name, which in (("crash", CRASH), ("mutiny", MUTINY), ("death", DEATH)):
        e[f"failure_{name}"] = float(which == cause)
    return float(endings.defeat_rate(b.p, b.s) + endings.failure_rate(b.p, b.s))


@pytest.mark.parametrize("level", MOVED)
@pytest.mark.parametrize("cause", DRIVERS, ids=lambda cause: CAUSES[cause])
def test_a_cause_moves_with_its_own_drivers_and_with_no_others(b: Bench, cause: int, level: str) -> None:
    exposed(b)
    rates = []
    for value in MOVED[level]:
        b.s[level] = value
        rates.append(alone(b, cause))
    assert np.sign(rates[1] - rates[0]) == DRIVERS[cause].get(level, 0)


CUMULATED = np.cumsum(DEFEAT) / sum(DEFEAT), np.cumsum(FAILURE) / sum(FAILURE)


@pytest.mark.parametrize(
    ("u", "cause"),
    [
        (CUMULATED[0][0] - 1e-9, CAPITULATION),
        (CUMULATED[0][0] + 1e-9, OVERTHROW),
        (CUMULATED[0][1] - 1e-9, OVERTHROW),
        (CUMULATED[0][1] + 1e-9, SUPPLY),
        (1 - 1e-9, SUPPLY),
        (1 + 1e-9, CRASH),
        (1 + CUMULATED[1][0] - 1e-9, CRASH),
        (1 + CUMULATED[1][0] + 1e-9, MUTINY),
        (1 + CUMULATED[1][1] - 1e-9, MUTINY),
        (1 + CUMULATED[1][1] + 1e-9, DEATH),
    ],
)
def test_causes_compete_in_proportion_to_their_rates(b: Bench, u: float, cause: int) -> None:
    """At u below 1 a defeat, above it a failure of Russia, which is three times as likely."""
    exposed(b)
    b.p.endings.defeat, b.p.endings.failure = 1e6 / sum(DEFEAT), 3e6 / sum(FAILURE)
    endings.rates(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    choose(b, endings.ENDING_WHICH, 0, u / 4 if u < 1 else 0.25 + 0.75 * (u - 1))
    endings.events(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert b.r.cause == cause
    assert math.isnan(b.r.coup_attempt) == (cause != OVERTHROW)
    assert math.isnan(b.r.home_shock) == (cause not in {MUTINY, DEATH})
    assert b.s.ending == (UKRAINE_DEFEATED if u < 1 else RUSSIA_FAILS)


def test_an_undisturbed_breakthrough_spends_its_whole_chance_of_collapse(b: Bench) -> None:
    p, s = b.p, b.s
    p.endings.collapse, p.front.thrust_half_life, p.front.breakthrough_thrust = 0.07, 3.0, 1.5
    s.thrust = s.thrust_full = 1.5
    for dt in (1.0, 0.5, 0.25):
        total, s.thrust = 0.0, 1.5
        while s.thrust > 1e-12:
            total += endings.collapse_rate(p, s, b.w, dt) * dt
            front.events(p.front, s, b.r, b.context, 0, dt)
        assert 1 - math.exp(-total) == pytest.approx(0.07, rel=1e-9)


def test_a_battlefield_ending_needs_fighting(b: Bench) -> None:
    p, s = b.p, b.s
    s.rate_defeat = s.rate_failure = SURE
    s.truce = GENERAL
    endings.events(p, s, b.r, b.w, b.context, 0, 1.0)
    assert (s.ending, b.r.cause) == (RUNNING, -1)
    s.truce = LIMITED
    endings.events(p, s, b.r, b.w, b.context, 0, 1.0)
    assert s.ending != RUNNING


@pytest.mark.parametrize("u", [0.005, 0.03, 0.06, 0.2])
def test_the_rate_of_failure_is_left_out_only_where_nothing_can_happen(b: Bench, u: float) -> None:
    exposed(b)
    b.p.endings.defeat, b.p.endings.failure = 0.01 / sum(DEFEAT), 0.02
    choose(b, endings.ENDING, 0, u)
    endings.rates(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    rate = endings.failure_rate(b.p, b.s)
    assert b.s.rate_failure == (near(rate) if u < b.s.rate_defeat + 0.1 else 0.0)
    endings.events(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert (b.s.ending != RUNNING) == (u < 1 - math.exp(-b.s.rate_defeat - rate))


def test_no_battlefield_rates_while_a_truce_holds(b: Bench) -> None:
    b.p.endings.defeat = b.p.endings.failure = 1.0
    endings.rates(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert (b.s.rate_defeat, b.s.rate_failure, b.r.top_defeat_rate) == (near(1), near(1), near(1))
    b.s.truce = GENERAL
    endings.rates(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert (b.s.rate_collapse, b.s.rate_defeat, b.s.rate_failure) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("dt", "steps"), [(1.0, 4), (0.5, 7)])
def test_a_collapse_takes_its_time(b: Bench, dt: float, steps: int) -> None:
    p, s, r = b.p, b.s, b.r
    p.endings.collapse_weeks, s.rate_collapse, s.day = 3.5, SURE, 20.0
    s.thrust, s.thrust_full = 0.2, 1.4
    endings.events(p, s, r, b.w, b.context, 0, dt)
    # However late it begins, the advance is again that of the breakthrough.
    assert s.thrust == 1.4
    assert (s.collapsing, s.collapse_age, r.collapse_began, s.ending) == (1, 0.0, 20.0, RUNNING)
    s.rate_collapse = 0.0
    for _ in range(steps - 1):
        endings.events(p, s, r, b.w, b.context, 0, dt)
    assert (s.ending, r.cause) == (RUNNING, -1)
    endings.events(p, s, r, b.w, b.context, 0, dt)
    assert (s.ending, r.cause) == (UKRAINE_DEFEATED, BREAKTHROUGH_CAUSE)
    assert s.collapse_age == near(steps * dt)
    assert r.collapse_began == 20.0


def collapsing(b: Bench) -> Bench:
    b.p.endings.collapse_weeks, b.s.collapsing, b.s.collapse_age = 3.0, 1, 2.9
    return b


@pytest.mark.parametrize(
    ("truce", "in_force", "index", "ending"),
    [
        (GENERAL, 0, 0.9, RUNNING),
        (GENERAL, 1, 0.6, RUNNING),
        (GENERAL, 1, 0.7, UKRAINE_DEFEATED),
        (LIMITED, 0, 0.9, UKRAINE_DEFEATED),
        (NO_TRUCE, 0, 0.9, UKRAINE_DEFEATED),
    ],
)
def test_only_an_end_of_the_fighting_halts_a_collapse(
    b: Bench, truce: int, in_force: int, index: float, ending: int
) -> None:
    s, r = collapsing(b).s, b.r
    s.truce, s.in_force, s.index = truce, in_force, index
    endings.events(b.p, s, r, b.w, b.context, 0, 1.0)
    assert s.ending == ending
    assert s.collapsing == (1 if truce != GENERAL else 0)
    # Terms near Moscow's that are signed in a collapse are a capitulation.
    cause = {RUNNING: -1, UKRAINE_DEFEATED: CAPITULATION if in_force else BREAKTHROUGH_CAUSE}[ending]
    assert r.cause == cause


def test_terms_near_moscows_are_a_settlement_unless_they_are_signed_in_a_collapse(b: Bench) -> None:
    s = b.s
    s.truce, s.in_force, s.rung, s.index = GENERAL, 1, SIGNED, 0.9
    endings.events(b.p, s, b.r, b.w, b.context, 0, 1.0)
    assert (s.ending, b.r.cause) == (RUNNING, -1)


def test_another_end_may_come_first_in_a_collapse(b: Bench) -> None:
    s = collapsing(b).s
    s.collapse_age, s.rate_failure = 0.0, SURE
    b.p.endings.failure = 1.0
    endings.events(b.p, s, b.r, b.w, b.context, 0, 1.0)
    assert s.ending == RUSSIA_FAILS


def broken_through() -> Bench:
    b = bench()
    b.p.endings.collapse, b.p.front.thrust_half_life = 0.6, 3.0
    b.s.thrust = b.s.thrust_full = 1.5
    return b


def test_no_collapse_begins_in_a_coded_week() -> None:
    for number in range(40):
        b = broken_through()
        choose(b, endings.COLLAPSE, 0, (number + 0.5) / 40)
        weight, why = one_week(b)
        assert (b.s.collapsing, why) == (0, "")
        # That none began counts as its probability does.
        assert weight == near(math.log(0.4) * (1 - 2 ** (-1 / 3)))


def test_owners_of_a_defeat(b: Bench) -> None:
    e, s, r = b.p.endings, b.s, b.r
    e.owner_president, e.owner_engaged, e.owner_blame, e.owner_paused, e.owner_time = -0.5, 2.5, 0.8, 0.7, 0.5
    e.owner_predecessor, e.owner_fading, e.owner_europe, e.owner_obstruction = 0.5, 1.0, -0.5, 0.5
    e.owner_kyiv, e.owner_refused = -0.3, 0.5
    s.engagement, s.hawks, s.obstruction, s.pause_memory, r.first_refusal = 0.8, 1.0, 0.4, 25.0, KYIV
    endings.own(b.p, s, r, 13.0)
    blame = 0.7 / math.sqrt(1 + (0.7 / 2) ** 2)
    president = math.exp(-0.5 + 2.0 + 0.8 * blame + 0.7 + 0.25)
    others = [math.exp(0.5 - 0.5), math.exp(-0.5 + 0.2), math.exp(-0.3 + 0.5)]
    total = president + sum(others)
    found = (r.owner_president, r.owner_predecessor, r.owner_europe, r.owner_kyiv)
    assert found == pytest.approx([x / total for x in (president, *others)], rel=1e-12)


def test_ground_in_reach_exhausted_is_a_defeat(b: Bench) -> None:
    b.w.facts.region_later[1] = 1.0
    b.s.held[0] = 1.0
    endings.events(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert (b.s.ending, b.r.cause) == (RUNNING, -1)
    b.s.held[0] = 0.0
    endings.events(b.p, b.s, b.r, b.w, b.context, 0, 1.0)
    assert (b.s.ending, b.r.cause) == (UKRAINE_DEFEATED, ALL_GROUND)
