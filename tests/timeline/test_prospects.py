"""Prospects: both sides' chances, the worth of fighting on and the fear of a pause, worked by hand."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from part_tools import near, ratio
from timeline_tools import Bench, bench

from forecast.timeline import bargain, prospects
from forecast.timeline.codes import GENERAL, KYIV, MOSCOW, PRESSING_MOSCOW, WALKED_AWAY

HORIZON, BREACH, SHARE = 50.0, 0.004, 0.75
SEES = {MOSCOW: (0.0015, 0.0001), KYIV: (0.0006, 0.0002)}
"""Weekly rates of a break and of Russia's failure, as each sees them at reference conditions."""

STATUS, DICTATED = {KYIV: 0.55, MOSCOW: 0.6}, {KYIV: 0.1, MOSCOW: 0.9}


@pytest.fixture
def war() -> Bench:
    return at_war()


def at_war() -> Bench:
    """A war of which both sides expect something, some way off reference conditions."""
    b = bench()
    p, s = b.p, b.s
    t, e, f, m, k = p.talks, p.endings, p.front, p.moscow, p.kyiv
    t.horizon, t.breach_seen, t.breach_share = HORIZON, BREACH, SHARE
    (m.sees_break, m.sees_failure), (k.sees_break, k.sees_failure) = SEES[MOSCOW], SEES[KYIV]
    f.breakthrough_adequacy, f.breakthrough_instability, f.breakthrough_advance = 0.5, 0.4, 0.3
    f.breakthrough_leaderless, f.breakthrough_arms = 0.6, 0.25
    f.adequacy_mean, f.arms, f.adequacy_half_life = -0.2, 0.5, 20.0
    e.collapse_adequacy, e.collapse_instability, e.collapse_thrust, e.defeat_ground = 0.45, 0.35, 9.0, 0.02
    e.defeat_capitulation, e.defeat_overthrow, e.defeat_supply = 5.0, 3.0, 2.0
    e.defeat_adequacy, e.defeat_advance, e.defeat_alone, e.defeat_instability = 0.4, 0.3, 0.7, 0.5
    e.defeat_leaderless, e.defeat_arms = 0.8, 0.9
    e.failure_crash, e.failure_mutiny, e.failure_death = 1.0, 2.0, 1.0
    e.failure_strain, e.failure_advance, e.failure_shock = 0.5, 0.2, 1.0
    k.instability_mean, k.instability_half_life = 0.1, 25.0
    m.strain_trend, m.strain_half_life = 0.4, 60.0
    m.worth, m.worth_gain, m.worth_strain, m.rebuild, m.rearmament = 0.05, 0.02, 0.06, 0.8, 0.03
    k.worth, k.worth_loss, k.worth_backing, k.worth_instability, k.worth_lost = -0.04, 0.03, 0.05, 0.07, 0.01
    s.adequacy, s.instability, s.strain, s.arms, s.obstruction, s.demands = -0.5, 0.6, 0.3, -0.2, 0.8, 0.02
    s.pace, s.advance, s.advance_start, s.leaderless, s.km2 = 1.9, 1.6, 1.5, 0.1, 2000.0
    s.thrust, s.thrust_full = 0.5, 1.25
    for party in (KYIV, MOSCOW):
        s.truce_value[party], s.dictated_value[party] = STATUS[party], DICTATED[party]
    return b


@dataclass(frozen=True)
class Seen:
    """Both sides' chances and worths, and Moscow's fear."""

    breaks: dict[int, float]
    fails: dict[int, float]
    worth: dict[int, float]
    fear: float


def towards(level: float, mean: float, half_life: float) -> float:
    return mean + (level - mean) / (1 + HORIZON * math.log(2) / half_life)


def by_hand(b: Bench) -> Seen:
    """The equations, written out for `at_war` with other levels."""
    s = b.s
    quick, ground, alone = s.pace - s.advance_start, 0.02 * s.km2 / 1000, float(s.posture == WALKED_AWAY)
    adequacy = towards(s.adequacy, -0.2 + 0.5 * s.arms, 20.0)
    instability = towards(s.instability, 0.1, 25.0)
    target = 0.4 - (0.3 if s.lapsed else 0.0) + (0.5 if s.posture == PRESSING_MOSCOW else 0.0)
    strain = towards(s.strain, target, 60.0)

    def odds(seen: float, a: float) -> float:
        breach = ratio(-0.5 * a + 0.4 * instability + 0.3 * quick + 0.6 * s.leaderless - 0.25 * s.arms)
        collapse = ratio(-0.45 * a + 0.35 * instability + ground, 12)
        direct = (
            0.5 * ratio(-0.4 * a + 0.3 * quick + 0.7 * alone + ground, 12)
            + 0.3 * ratio(0.5 * instability + 0.8 * s.leaderless + ground, 12)
            + 0.2 * ratio(-0.4 * a - 0.9 * s.arms + ground, 12)
        )
        longer = HORIZON * seen * (SHARE * breach * collapse + (1 - SHARE) * direct)
        return longer + SHARE * seen / BREACH * s.thrust / s.thrust_full * collapse + 3.0 * s.collapsing

    failure = (
        0.25 * ratio(0.5 * strain)
        + 0.5 * ratio(1.0 * s.home_shock - 0.2 * quick)
        + 0.25 * ratio(0.5 * strain - 0.2 * quick)
    )
    gained = 40 * math.sinh(s.pace) * HORIZON / 1000
    rebuilt = 0.8 * max(0, 1 + s.arms)
    breaks, fails = {}, {}
    for party, (broken, failed) in SEES.items():
        L, F = odds(broken, adequacy), HORIZON * failed * failure
        breaks[party], fails[party] = L / (1 + L + F), F / (1 + L + F)
    L, F = odds(SEES[MOSCOW][0], adequacy + rebuilt), HORIZON * SEES[MOSCOW][1] * failure
    stakes = DICTATED[MOSCOW] - STATUS[MOSCOW]
    P, Q = breaks[MOSCOW], fails[MOSCOW]
    moscow = 0.05 + P * stakes + (1 - P - Q) ** 2 * 0.02 * gained + s.demands - 0.06 * s.strain
    fear = (P - L / (1 + L + F)) * stakes + 0.03 * rebuilt
    P, Q = breaks[KYIV], fails[KYIV]
    kyiv = -0.04 - P * (STATUS[KYIV] - DICTATED[KYIV]) + Q * (1 - STATUS[KYIV]) - (1 - P - Q) ** 2 * 0.03 * gained
    kyiv += 0.05 * s.obstruction - 0.07 * s.instability - 0.01 * s.km2 / 1000
    return Seen(breaks, fails, {MOSCOW: moscow, KYIV: kyiv}, fear)


@pytest.mark.parametrize(
    "levels",
    [
        {},
        {"adequacy": 1.5, "pace": 0.4, "thrust": 0.0},
        {"instability": -1.0, "strain": 2.0, "home_shock": 1},
        {"arms": -1.0, "leaderless": 1.0, "km2": 30_000.0, "pace": 4.0},
        {"collapsing": 1},
        {"posture": WALKED_AWAY, "thrust_full": 0.0},
        {"posture": PRESSING_MOSCOW, "lapsed": 1, "pace": -1.0},
    ],
    ids=str,
)
def test_prospects_of_both_sides(war: Bench, levels: dict[str, float]) -> None:
    p, s = war.p, war.s
    p.moscow.strain_pressed, p.europe.lapse_relief = 0.5, 0.3
    for name, value in levels.items():
        s[name] = value
    if s.thrust_full == 0.0:
        s.thrust = 0.0
        hand = by_hand(with_no_thrust(war))
    else:
        hand = by_hand(war)
    prospects.update(p, s, war.w)
    for party in (MOSCOW, KYIV):
        assert s.break_seen[party] == near(hand.breaks[party])
        assert s.worth[party] == near(hand.worth[party])
        assert 0 < hand.breaks[party] < hand.breaks[party] + hand.fails[party] < 1
    assert s.fear == near(hand.fear)


def with_no_thrust(b: Bench) -> Bench:
    """The same levels, with a breakthrough long past, which counts as none."""
    other = at_war()
    other.s = b.s.copy()
    other.s.thrust_full = 1.0
    return other


def test_expected_level_is_the_average_over_an_exponential_horizon() -> None:
    # The average of m + (s - m) 2^(-t / 20) under the density exp(-t / 50) / 50, by the midpoint rule.
    t = np.arange(0.005, 2000.0, 0.01)
    density = np.exp(-t / 50) / 50
    average = np.sum((0.4 + (1.5 - 0.4) * 2 ** (-t / 20)) * density) * 0.01
    assert prospects.expected(1.5, 0.4, 20.0, 50.0) == pytest.approx(average, rel=1e-6)
    assert prospects.expected(1.5, 0.4, 1e12, 50.0) == pytest.approx(1.5)


def found(change: Callable[[Bench], None] | None = None) -> Bench:
    b = at_war()
    if change is not None:
        change(b)
    prospects.update(b.p, b.s, b.w)
    return b


def put(field: str, value: float) -> Callable[[Bench], None]:
    return lambda b: b.s.__setitem__(field, value)


WORSE = {
    "pace": np.linspace(1.0, 5.0, 9),
    "instability": np.linspace(-2.0, 2.0, 9),
    "adequacy": np.linspace(2.0, -2.0, 9),
    "arms": np.linspace(0.6, -1.0, 9),
    "thrust": np.linspace(0.0, 1.25, 9),
    "leaderless": np.linspace(0.0, 1.0, 9),
    "collapsing": np.array([0, 1]),
}
"""Levels in the order in which things get worse for Ukraine."""


@pytest.mark.parametrize("level", WORSE)
def test_what_weakens_ukraine_raises_moscows_worth_and_lowers_kyivs(level: str) -> None:
    each = [found(put(level, x)).s for x in WORSE[level]]
    for party in (MOSCOW, KYIV):
        assert np.all(np.diff([s.break_seen[party] for s in each]) > 0)
    assert np.all(np.diff([s.worth[MOSCOW] for s in each]) > 0)
    assert np.all(np.diff([s.worth[KYIV] for s in each]) < 0)


def test_strain_lowers_moscows_worth_and_raises_kyivs() -> None:
    each = [found(put("strain", x)).s for x in np.linspace(-2.0, 3.0, 11)]
    assert np.all(np.diff([s.worth[MOSCOW] for s in each]) < 0)
    assert np.all(np.diff([s.worth[KYIV] for s in each]) > 0)
    assert np.all(np.diff([s.break_seen[MOSCOW] for s in each]) < 0)


def test_ground_counts_only_if_ukraine_holds() -> None:
    def with_ground(b: Bench) -> None:
        b.p.moscow.worth_gain, b.p.kyiv.worth_loss = 0.1, 0.2

    def sure(b: Bench) -> None:
        b.p.moscow.sees_break = b.p.kyiv.sees_break = 1e9

    def both(b: Bench) -> None:
        with_ground(b)
        sure(b)

    hand = by_hand(at_war())
    gained = 40 * math.sinh(1.9) * HORIZON / 1000
    first, more = found().s, found(with_ground).s
    holds = {party: 1 - hand.breaks[party] - hand.fails[party] for party in (MOSCOW, KYIV)}
    assert more.worth[MOSCOW] - first.worth[MOSCOW] == near(holds[MOSCOW] ** 2 * (0.1 - 0.02) * gained)
    assert more.worth[KYIV] - first.worth[KYIV] == near(-(holds[KYIV] ** 2) * (0.2 - 0.03) * gained)
    first, more = found(sure).s, found(both).s
    for party in (MOSCOW, KYIV):
        assert more.worth[party] == pytest.approx(first.worth[party], abs=1e-6)


def test_chances_stay_below_1_however_bad_things_are() -> None:
    def worst(b: Bench) -> None:
        b.p.moscow.sees_break = b.p.kyiv.sees_break = 1000.0
        b.s.adequacy, b.s.instability, b.s.pace, b.s.arms, b.s.km2, b.s.collapsing = -50.0, 50.0, 9.0, -1.0, 1e5, 1

    s = found(worst).s
    for party in (MOSCOW, KYIV):
        assert 0.99 < s.break_seen[party] < 1
        assert np.isfinite(s.worth[party])


def test_each_side_sees_its_own_chances() -> None:
    first = found().s
    for party, part in ((MOSCOW, "moscow"), (KYIV, "kyiv")):
        other = KYIV if party == MOSCOW else MOSCOW
        for rate in ("sees_break", "sees_failure"):
            moved = found(lambda b, part=part, rate=rate: b.p[part].__setitem__(rate, 3 * b.p[part][rate])).s
            assert moved.break_seen[other] == first.break_seen[other]
            assert moved.worth[other] == first.worth[other]
            assert (moved.break_seen[party] - first.break_seen[party]) * (1 if rate == "sees_break" else -1) > 0


def test_nobody_sees_the_rates_that_decide_the_timeline() -> None:
    first = found()
    for part, rate in (
        ("front", "breakthrough"),
        ("front", "draft_failure"),
        ("endings", "collapse"),
        ("endings", "collapse_weeks"),
        ("endings", "defeat"),
        ("endings", "failure"),
        ("moscow", "home_shock"),
        ("kyiv", "coup"),
    ):
        other = found(lambda b, part=part, rate=rate: b.p[part].__setitem__(rate, 0.37))
        assert other.s.tobytes() == first.s.tobytes(), rate
    # The same of how hard a breakthrough hits: it moves the rate of a collapse, not what both expect.
    harder = found(lambda b: setattr(b.p.endings, "collapse_thrust", 0.1))
    assert harder.s.tobytes() == first.s.tobytes()


def test_more_arms_raise_the_fear_of_a_pause() -> None:
    each = [found(put("arms", x)).s.fear for x in np.linspace(-0.9, 0.6, 9)]
    assert np.all(np.diff(each) > 0)
    # Without arms nothing is rebuilt.
    assert found(put("arms", -1.0)).s.fear == 0.0
    assert found(lambda b: setattr(b.p.moscow, "rebuild", 0.0)).s.fear == 0.0


def test_a_rebuilt_army_makes_a_break_less_likely() -> None:
    def no_cost(b: Bench) -> None:
        b.p.moscow.rearmament = 0.0

    def twice(b: Bench) -> None:
        no_cost(b)
        b.p.moscow.rebuild = 1.6

    assert 0 < found(no_cost).s.fear < found(twice).s.fear < found().s.break_seen[MOSCOW] * 0.3


def test_ground_gained_moves_the_line_on_which_the_fighting_would_stop() -> None:
    def moved(b: Bench) -> None:
        b.p.talks.line, b.w.facts.territory = 0.03, 1
        b.p.parties.salience[MOSCOW, 1], b.p.parties.salience[KYIV, 1] = 0.4, 0.25
        b.p.parties.position[MOSCOW, 1], b.p.parties.position[KYIV, 1] = 1.0, 0.0
        b.w.facts.ceasefire, b.p.settlements.terms[0, 1] = 0, 0.5

    first, after, hand = found().s, found(moved).s, by_hand(at_war())
    more = {MOSCOW: 0.4 * 0.03 * 2.0, KYIV: -0.25 * 0.03 * 2.0}
    for party in (MOSCOW, KYIV):
        assert prospects.line_value(found(moved).p, after, found(moved).w, party) == near(more[party])
        assert after.break_seen[party] == first.break_seen[party]
    assert after.worth[MOSCOW] - first.worth[MOSCOW] == near(-hand.breaks[MOSCOW] * more[MOSCOW])
    change = -(hand.breaks[KYIV] + hand.fails[KYIV]) * more[KYIV]
    assert after.worth[KYIV] - first.worth[KYIV] == near(change)


def test_a_truce_brings_relief_of_strain_into_view() -> None:
    def relief(b: Bench) -> None:
        b.p.moscow.strain_relief, b.p.moscow.sees_failure = 0.9, 0.01

    def stopped(b: Bench) -> None:
        relief(b)
        b.s.truce = GENERAL

    assert found(stopped).s.worth[MOSCOW] > found(relief).s.worth[MOSCOW]


def test_the_line_in_fact_is_the_same_in_prospects_and_in_the_bargain() -> None:
    b = bench()
    p, s, w = b.p, b.s, b.w
    w.facts.territory = w.facts.ceasefire = 0
    p.talks.line, p.settlements.terms[0, :2] = 0.03, 0.5
    p.parties.position[MOSCOW, :2] = 1.0
    bargain.begin(p, s, w)
    for s.km2 in (-4_000.0, 10_000.0, 30_000.0):
        for party, value in zip((MOSCOW, KYIV), bargain.opening_values(p, s, w, 0, 0.0), strict=False):
            assert s.truce_value[party] + prospects.line_value(p, s, w, party) == near(value)
