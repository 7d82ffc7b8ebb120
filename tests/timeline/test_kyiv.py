"""Kyiv: the worth of fighting on, instability, elections and coups, worked by hand."""

import math

import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench

from forecast.timeline import kyiv
from forecast.timeline.codes import (
    CONTACT,
    GENERAL,
    HARDER,
    INCUMBENT,
    KYIV,
    LIMITED,
    NO_TRUCE,
    NONE,
    PRESSING_KYIV,
    READIER,
    SIGNED,
    SPEAKER,
    TERMS,
    TEXT,
)


def test_kyivs_own_part_of_the_worth(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.worth, p.worth_backing, p.worth_instability, p.worth_pressed, p.worth_lost = 0.4, 0.05, 0.06, 0.2, 0.01
    s.obstruction, s.instability, s.worth_shift = 2.0, -1.0, 0.11
    assert kyiv.own_worth(p, s) == near(0.4 + 0.1 + 0.06 + 0.11)
    s.posture = PRESSING_KYIV
    assert kyiv.own_worth(p, s) == near(0.67 - 0.2)
    s.km2 = 2500.0
    assert kyiv.own_worth(p, s) == near(0.47 - 0.025)
    s.km2 = -500.0  # ground won back is not ground that was lost before
    assert kyiv.own_worth(p, s) == near(0.47)


def test_instability(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.instability_ground, p.instability_draft, p.instability_terms, p.instability_half_life = 0.3, 0.5, 0.8, 7.0
    p.instability_mean = -0.1
    s.advance, s.advance_start, s.mobilised, s.index, s.instability = 2.0, 1.0, 1, 0.75, 1.0
    assert kyiv.instability_target(p, s) == near(-0.1 + 0.3 + 0.5)
    kyiv.step(p, s, b.context, 7.0)
    assert s.instability == near(0.5 * (1 + 0.7))
    s.rung, s.instability = TERMS, 1.0
    kyiv.step(p, s, b.context, 7.0)
    assert s.instability == near(0.5 * (1 + 0.7 + 0.4))


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
    p.ban_unrest = 0.25
    s.banned, s.rung, s.day, s.worth_shift = 1, CONTACT, 9.0, 0.4
    assert kyiv.events(p, s, b.r, b.context, 0, 1.0) == 1.0
    assert s.instability == 0.25
    assert (s.banned, s.leader, s.legitimate, s.worth_shift) == (0, SPEAKER, 1, 0.0)
    assert (b.r.ban_lifted, b.r.transfer, b.r.provocation) == (9.0, 9.0, 9.0)


@pytest.mark.parametrize(
    ("truce", "martial_law", "held"),
    [(NO_TRUCE, 1, False), (LIMITED, 1, False), (GENERAL, 1, False), (GENERAL, 0, True), (NO_TRUCE, 0, True)],
)
def test_elections_need_peacetime_law(b: Bench, truce: int, martial_law: int, held: bool) -> None:
    b.p.kyiv.election = SURE
    b.s.truce, b.s.martial_law = truce, martial_law
    kyiv.events(b.p.kyiv, b.s, b.r, b.context, 0, 1.0)
    assert (b.s.elected == 1) == held == (not math.isnan(b.r.election)) == (b.s.legitimate == 1)


def test_martial_law_lapses(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    s.martial_law, p.martial_law_truce = 1, SURE
    kyiv.events(p, s, b.r, b.context, 0, 1.0)
    assert s.martial_law == 1
    s.truce = GENERAL
    kyiv.events(p, s, b.r, b.context, 0, 1.0)
    assert s.martial_law == 0


@pytest.mark.parametrize(
    ("leader", "wins", "harder", "expected"),
    [(INCUMBENT, 1.0, 0.0, INCUMBENT), (INCUMBENT, 0.0, 1.0, HARDER), (INCUMBENT, 0.0, 0.0, READIER),
     (SPEAKER, 1.0, 1.0, HARDER)],
)  # fmt: skip
def test_who_is_elected(b: Bench, leader: int, wins: float, harder: float, expected: int) -> None:
    p, s = b.p.kyiv, b.s
    p.incumbent_wins, p.successor_harder, p.successor_shift, s.leader = wins, harder, 0.2, leader
    kyiv.hold_election(p, s, b.r, b.context, 0)
    assert s.leader == expected
    assert s.worth_shift == {INCUMBENT: 0.0, HARDER: 0.2, READIER: -0.2}[expected]


def test_coup(b: Bench) -> None:
    p, s = b.p.kyiv, b.s
    p.coup, p.coup_succeeds, p.coup_harder, p.coup_unrest, p.successor_shift = SURE, 1.0, 1.0, 0.7, 0.2
    s.rung, s.day = TEXT, 11.0
    assert kyiv.events(p, s, b.r, b.context, 0, 1.0) == 1.0
    assert (s.leader, s.instability, s.worth_shift, b.r.coup_attempt) == (HARDER, near(0.7), near(0.2), 11.0)
    assert s.leaderless == 1.0
    s.rung, p.coup_succeeds, s.leader, s.leaderless = SIGNED, 0.0, SPEAKER, 0.0
    assert kyiv.events(p, s, b.r, b.context, 0, 1.0) == 0.0
    assert (s.leader, s.leaderless) == (SPEAKER, 0.0)


def test_a_time_without_a_leader_passes(b: Bench) -> None:
    b.p.kyiv.leaderless_half_life, b.s.leaderless = 6.0, 1.0
    kyiv.step(b.p.kyiv, b.s, b.context, 1.5)
    assert b.s.leaderless == near(2 ** (-1.5 / 6))
