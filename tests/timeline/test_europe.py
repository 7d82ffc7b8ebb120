"""Europe: obstruction, aid, votes, troops and a wider war, worked by hand."""

import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import europe
from forecast.timeline.codes import SIGNED, TEXT
from forecast.timeline.fields import WEEKS_PER_YEAR


def test_obstruction(b: Bench) -> None:
    p, s = b.p.europe, b.s
    p.obstruction_text, p.fatigue, p.obstruction_half_life, p.upheaval = 0.9, 0.5, 7.0, 0.25
    p.obstruction_mean = 0.2
    s.obstruction, s.index, s.week = 1.0, 0.8, 26
    b.w.upheavals[26] = 2.0
    europe.step(p, s, b.r, b.w, b.context, 7.0)
    target = 0.2 - 0.5 * 26 / WEEKS_PER_YEAR
    assert s.obstruction == near(target + (1 - target) / 2 - 0.5)
    s.obstruction, s.rung = 1.0, TEXT
    europe.step(p, s, b.r, b.w, b.context, 7.0)
    target += 0.9 * (0.8 - 1 / 3) * 1.5
    assert s.obstruction == near(target + (1 - target) / 2 - 0.5)


def test_europe_replaces_a_part_and_backs_the_war(b: Bench) -> None:
    p, s = b.p.europe, b.s
    p.europe_aid, p.replacement, p.worth, p.worth_obstruction = 3.0, 0.4, 0.2, 0.1
    assert europe.europe_flow(p, s, 2.0, 0.5) == near(3.6)
    assert europe.europe_flow(p, s, 2.0, 2.5) == near(3.0)
    s.obstruction = -1.0
    assert europe.worth_of_fighting(p, s) == near(0.1)


def test_obstruction_arms_ukraine(b: Bench) -> None:
    p, s = b.p.europe, b.s
    p.europe_aid, p.replacement, p.arming, p.obstruction_start = 3.0, 0.4, 0.5, 0.3
    s.obstruction = 0.3
    assert europe.europe_flow(p, s, 2.0, 2.0) == near(3.0)
    s.obstruction = 1.1
    assert europe.europe_flow(p, s, 2.0, 0.5) == near(3.0 * ratio(0.4) + 0.4 * 1.5)
    s.obstruction = -0.7
    assert europe.europe_flow(p, s, 2.0, 2.0) == near(3.0 * ratio(-0.5))


@pytest.mark.parametrize(("u", "lapsed"), [(0.29, 1), (0.31, 0)])
def test_sanctions_votes(b: Bench, u: float, lapsed: int) -> None:
    b.p.europe.holdout = 0.3
    b.w.votes[0] = 1.0
    choose(b, europe.VOTE, 0, u)
    europe.step(b.p.europe, b.s, b.r, b.w, b.context, 1.0)
    assert b.s.lapsed == lapsed


def test_troops_and_a_wider_war(b: Bench) -> None:
    p, s, r = b.p.europe, b.s, b.r
    p.troops_into_text, p.troops_obstruction, s.obstruction = 0.1, 0.5, 1.0
    assert europe.troops_rate(p, s) == near(0.1 * ratio(0.5))
    p.troops_into_text, p.troops_shift, p.troops_weeks, p.upheaval_rate, p.upheaval = SURE, 0.3, 6.0, SURE, 0.2
    b.w.facts.guarantees, s.terms[1], s.rung, s.day = 1, 0.5, TEXT, 40.0
    europe.events(p, s, r, b.w, b.context, 0, 1.0)
    assert (s.obstruction, s.troops_text, s.terms[1], r.troops_text) == (near(0.8), 1, near(0.2), 40.0)
    s.rung, s.in_force, s.settlement_age, p.wider_war = SIGNED, 1, 5.9, SURE
    europe.events(p, s, r, b.w, b.context, 0, 1.0)
    assert s.troops_in == 0
    s.settlement_age, s.day = 6.0, 90.0
    europe.events(p, s, r, b.w, b.context, 0, 1.0)
    assert (s.troops_in, r.troops_in, r.wider_war) == (1, 90.0, 90.0)


def test_no_troops_in_a_settlement_that_excludes_them(b: Bench) -> None:
    p, s = b.p.europe, b.s
    p.troops_into_text, s.rung, s.settlement = SURE, TEXT, 0
    b.w.facts.troops_excluded[0] = 1.0
    europe.events(p, s, b.r, b.w, b.context, 0, 1.0)
    assert s.troops_text == 0
    b.w.facts.troops_excluded[0] = 0.0
    europe.events(p, s, b.r, b.w, b.context, 0, 1.0)
    assert s.troops_text == 1
