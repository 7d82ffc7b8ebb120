"""Recorded weeks of the talks by hand: moves of the ladder, truces, settlements."""

import math

import numpy as np
import pytest
from part_tools import near
from replay_tools import one_week
from timeline_tools import Bench

from forecast.timeline import bargain, kyiv, ladder
from forecast.timeline.codes import CONTACT, GENERAL, LIMITED, NO_TRUCE, NONE, SIGNED, TERMS, TEXT


def happened(rate: float) -> float:
    """Log probability of an event of a rate, in a week."""
    return math.log(1.0 - math.exp(-rate))


@pytest.fixture
def b(b: Bench) -> Bench:
    """Talks that can move in every direction; nothing else can happen."""
    b.s.martial_law = b.s.banned = 1
    b.w.facts.ceasefire = 0
    p = b.p.talks
    p.contact, p.terms, p.text, p.setback, b.p.hawks.sabotage = 0.05, 0.03, 0.04, 0.02, 0.01
    p.moscow_spread = p.kyiv_spread = 0.0
    return b


def moved_once(before: float, after: float) -> float:
    """Log of the chance of one move at rate 1, on any day of a week, and of no other before and after it."""
    return math.log((math.exp(-after) - math.exp(-before)) / (before - after))


def at(b: Bench, rung: int) -> None:
    """Bring the talks to a rung, with the first template."""
    b.s.rung, b.s.settlement = rung, 0


def rates(b: Bench) -> tuple[float, float, float]:
    """Rates of a move up, of one down of the ladder, of a provocation, where the talks stand in a week."""
    s = b.s.copy()
    if bargain.on_table(s):
        bargain.update_consents(b.p, s, b.r.copy(), b.w)
    up, down, sabotage = ladder.moves(b.p, s, b.w)
    return up, down + sabotage, kyiv.provocation_rate(b.p.kyiv, s)


def test_no_move_weighs_all_moves_for_the_whole_week(b: Bench) -> None:
    b.p.kyiv.provocation = 0.06
    assert one_week(b) == (near(-0.05), "")
    at(b, CONTACT)
    up, down, provoked = rates(b)
    assert (up > 0.01, down > 0.01, provoked) == (True, True, 0.06)
    assert one_week(b) == (near(-up - down - provoked), "")


def test_a_move_up_weighs_its_rate_and_the_rest_on_either_side(b: Bench) -> None:
    found, out = one_week(b, moves=(1,), rung=CONTACT)
    assert (out, b.s.rung, b.s.settlement >= 0, b.r.steps_up) == ("", CONTACT, True, 1.0)
    up, down, _ = rates(b)
    assert found == near(math.log(0.05) + moved_once(0.05, up + down))


def test_a_move_down_may_be_a_provocation_s(b: Bench) -> None:
    b.p.kyiv.provocation = 0.06
    at(b, TERMS)
    up, down, provoked = rates(b)
    found, out = one_week(b, moves=(-1,), rung=CONTACT)
    after = rates(b)
    assert (out, b.s.rung) == ("", CONTACT)
    # That there was no provocation besides is weighed at the start of the week.
    assert found == near(-provoked + math.log(down + provoked) + moved_once(up + down, after[0] + after[1]))


def test_two_moves_have_their_rates_and_half_the_square_of_the_week(b: Bench) -> None:
    b.w.closes[0] = 3.5
    b.p.talks.contact, b.p.talks.terms = 0.8, 1.2
    found, out = one_week(b, moves=(1, 1), rung=TERMS)
    assert out == ""
    up, down, _ = rates(b)
    b.s.rung = CONTACT
    at_contact = rates(b)
    # The integral over both days, to a hundredth.
    total = np.array([0.8, at_contact[0] + at_contact[1], up + down])
    chance = np.exp(-0.5 * total) / [np.prod(np.delete(total, k) - total[k]) for k in range(3)]
    assert found == pytest.approx(math.log(0.8 * at_contact[0] * chance.sum()), abs=0.01)


def test_up_and_down_again_is_a_record_of_its_own(b: Bench) -> None:
    other = b.s.copy()
    assert one_week(b, moves=(1, -1))[0] < one_week(b)[0] - 3.0
    b.s = other
    found, out = one_week(b, moves=(1, -1))
    assert (out, b.s.rung, b.r.steps_up) == ("", NONE, 2.0)
    assert math.isfinite(found)


def test_a_fall_that_a_coup_caused_is_not_taken_again(b: Bench) -> None:
    b.p.kyiv.coup = 0.02
    at(b, CONTACT)
    other = b.s.copy()
    assert other.rung == CONTACT
    found = one_week(b, moves=(-1,), rung=NONE, events={"kyiv.coup": 1})
    assert found == (near(happened(0.02) - 0.05), "")
    # Nor does it thin out the moves that are the talks' own.
    b.s = other.copy()
    found, out = one_week(b, moves=(-1, 1), rung=CONTACT, events={"kyiv.coup": 1})
    up, down, _ = rates(b)
    assert found == pytest.approx(happened(0.02) + math.log(0.05) + moved_once(0.05, up + down), abs=0.01)
    assert out == ""
    # Where the record has talks go on through it, they are taken up again.
    b.s = other.copy()
    assert one_week(b, rung=CONTACT, events={"kyiv.coup": 1}) == (pytest.approx(found, abs=0.01), "")


def test_moves_that_do_not_lead_to_the_rung_are_ruled_out(b: Bench) -> None:
    assert one_week(b, rung=CONTACT) == (-math.inf, "rung")
    b.p.talks.contact = 0.0
    b.s.rung = NONE
    assert one_week(b, moves=(1,), rung=CONTACT) == (-math.inf, "talks.ladder")


def test_a_signature_under_the_ban_is_ruled_out(b: Bench) -> None:
    b.p.talks.signature = 0.5
    at(b, TEXT)
    assert one_week(b, moves=(1,), rung=SIGNED, truce=GENERAL) == (-math.inf, "talks.ladder")


def test_a_signature_stops_the_fighting_and_the_rest_of_the_week(b: Bench) -> None:
    b.p.talks.signature, b.s.banned = 0.5, 0
    at(b, TEXT)
    up, down, _ = rates(b)
    found, out = one_week(b, moves=(1,), rung=SIGNED, truce=GENERAL)
    assert (out, b.s.in_force, b.s.truce) == ("", 1, GENERAL)
    assert found == near(math.log(up) + moved_once(up + down, 0.0))
    # A settlement that stays a dead letter is not what is recorded.
    b.p.settlements.never_implemented[0] = 1.0
    at(b, TEXT)
    b.s.in_force, b.s.truce = 0, NO_TRUCE
    assert one_week(b, moves=(1,), rung=SIGNED, truce=GENERAL) == (-math.inf, "rung")


@pytest.fixture
def calm(b: Bench) -> Bench:
    """At contact, with a ladder that does not move."""
    b.p.talks.terms = b.p.talks.setback = b.p.hawks.sabotage = 0.0
    b.p.talks.limited_truce, b.p.talks.general_truce, b.p.talks.limited_end, b.p.talks.general_break = (
        0.3,
        0.2,
        0.1,
        0.05,
    )
    at(b, CONTACT)
    return b


def both_willing(b: Bench) -> float:
    return bargain.truce_consent_moscow(b.p, b.s, b.w) * bargain.truce_consent_kyiv(b.p, b.s, b.w)


def test_truces_weigh_what_both_sides_make_of_them(calm: Bench) -> None:
    both, before = both_willing(calm), calm.s.copy()
    limited, general = 0.3 * math.sqrt(both), 0.2 * both
    assert 0.01 < both < 0.5
    assert one_week(calm) == (near(-general - limited), "")
    calm.s = before.copy()
    assert one_week(calm, truce=LIMITED) == (near(-general + happened(limited)), "")
    # It goes on, ends, or gives way to a general one; none is begun while it holds.
    later = calm.s.copy()
    assert one_week(calm) == (near(-0.1 - general), "")
    calm.s = later.copy()
    assert one_week(calm, truce=GENERAL) == (near(-0.1 + happened(general)), "")
    calm.s = later.copy()
    assert one_week(calm, truce=NO_TRUCE) == (near(happened(0.1) - general - limited), "")
    calm.s = before.copy()
    assert one_week(calm, truce=GENERAL) == (near(happened(general)), "")
    assert one_week(calm) == (near(-0.05), "")
    assert one_week(calm, truce=NO_TRUCE) == (near(happened(0.05)), "")


def test_a_settlement_that_holds_or_breaks(b: Bench) -> None:
    at(b, SIGNED)
    b.s.in_force, b.s.truce, b.p.settlements.breakdown[0] = 1, GENERAL, 0.02
    assert one_week(b) == (near(-0.02), "")
    assert one_week(b, rung=CONTACT, truce=NO_TRUCE) == (near(happened(0.02)), "")
    assert (b.s.rung, b.s.in_force, b.r.broken) == (CONTACT, 0, 6.0)
