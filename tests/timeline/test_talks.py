"""The talks: the ladder up and down, signature, breakdown and truces, worked by hand."""

import math

import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench, choose

from forecast.timeline import bargain, ladder, talks
from forecast.timeline.codes import (
    CONTACT,
    EUROPE,
    GENERAL,
    KYIV,
    LIMITED,
    MEDIATING,
    MOSCOW,
    NO_TRUCE,
    NONE,
    SIGNED,
    TERMS,
    TEXT,
    WALKED_AWAY,
    WASHINGTON,
)


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
        assert ladder.up_rate(p, s, w) == near(g * rate)
    s.rung, s.posture = TEXT, WALKED_AWAY
    assert ladder.up_rate(p, s, w) == near(0.25 * g * expected[TEXT])
    w.facts.needs_washington[0] = 1.0
    assert ladder.up_rate(p, s, w) == 0.0  # who has left signs nothing
    s.posture = MEDIATING
    assert ladder.up_rate(p, s, w) == near(g * expected[TEXT] * 0.9)
    s.banned = 1
    assert ladder.up_rate(p, s, w) == 0.0


def test_what_must_be_settled_takes_time(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.talks.terms, p.talks.text, p.talks.signature = 0.2, 0.3, 0.4
    s.consent[:] = 1.0
    p.parties.toil[:2] = (0.5, 0.3)
    w.facts.settles[0, 1] = 1.0
    assert ladder.pace(p, w, 0) == near(1 / 1.3)
    for rung, rate in ((CONTACT, 0.2), (TERMS, 0.3 / 1.3), (TEXT, 0.4 / 1.3)):
        s.rung = rung
        assert ladder.up_rate(p, s, w) == near(rate)
    w.facts.settles[0, 0] = 1.0
    assert ladder.pace(p, w, 0) == near(1 / 1.8)
    assert ladder.pace(p, w, 1) == 1.0


def test_a_new_contact_once_washington_has_walked_away(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.contact, p.talks.walked, p.talks.walked_contact = 0.5, 0.25, 0.1
    s.rung, s.posture = NONE, WALKED_AWAY
    assert ladder.up_rate(p, s, table.w) == near(0.05)


def test_a_rung_regained_is_no_progress(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    s.rung, r.highest_rung = NONE, TERMS
    ladder.climb(p, s, r, table.w, table.context)
    assert (s.rung, s.progress, r.steps_up) == (CONTACT, 0.0, 1.0)
    s.rung = TERMS
    ladder.climb(p, s, r, table.w, table.context)
    assert (s.rung, s.progress, r.highest_rung) == (TEXT, 1.0, TEXT)


def test_a_broken_settlement_is_remembered(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.broken_trust = 0.05
    kyiv, moscow = s.private[KYIV], s.private[MOSCOW]
    s.rung, s.in_force = SIGNED, 1
    ladder.break_up(p, s, table.r, table.w, table.context)
    assert (s.private[KYIV], s.private[MOSCOW]) == (near(kyiv - 0.05), near(moscow - 0.05))


def test_steps_down(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.talks.setback, p.europe.down_europe, p.hawks.down_hawks = 0.1, 0.4, 0.3
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.9, 0.6, 0.5, 0.7]
    s.obstruction, s.hawks = 1.0, -2.0
    assert ladder.obstruction_factor(p, s) == near(ratio(0.4))
    assert ladder.down_rate(p, s, w) == near(0.1 * 2 / 3 * 1.2 * ratio(0.4))
    s.hawks = 1.0
    assert ladder.obstruction_factor(p, s) == near(ratio(0.7))
    s.hawks = s.obstruction = -3.0
    assert ladder.obstruction_factor(p, s) == 1.0


@pytest.mark.parametrize(("u", "cause"), [(0.01, "down_consent"), (0.5, "down_europe"), (0.99, "down_hawks")])
def test_each_step_down_has_one_cause(table: Bench, u: float, cause: str) -> None:
    p, s, r = table.p, table.s, table.r
    p.europe.down_europe, p.hawks.down_hawks, s.obstruction, s.hawks = 0.9, 0.3, 1.0, 1.0
    share = 1 / ratio(1.2)
    assert 0.3 < share < 0.5 < share + (1 - share) * 0.75 < 0.99
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.1, 0.6, 0.5, 0.7]
    choose(table, ladder.CAUSE, 0, u)
    found = ladder.attribute(p, s, r, table.w, table.context)
    assert [name for name in ("down_consent", "down_europe", "down_hawks") if r[name] == 1.0] == [cause]
    # Washington does not sign this settlement: Kyiv was the least ready.
    named = {"down_consent": "kyiv", "down_europe": "obstruction", "down_hawks": "sabotage"}
    assert ladder.CAUSES[found] == named[cause]
    assert r.first_refusal == (KYIV if cause == "down_consent" else -1)


def test_stepping_down_to_nothing_leaves_the_table(table: Bench) -> None:
    s = table.s
    s.rung, s.troops_text, s.hawks_loss = CONTACT, 1, 0.4
    ladder.step_down(s, table.context, ladder.SABOTAGE)
    assert (s.rung, s.settlement, s.troops_text, s.hawks_loss, s.index, s.setbacks) == (NONE, -1, 0, 0.0, 0.5, 1.0)
    assert list(s.dampening[:2]) == [0.5, 1.0]


def test_signature_stops_the_guns(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    s.rung, s.day, s.index, s.truce_age, s.settlement_age = SIGNED, 33.0, 0.4, 5.0, 5.0
    ladder.sign(p, s, r, table.w, table.context)
    assert (s.in_force, s.truce, s.truce_age, s.settlement_age) == (1, GENERAL, 0.0, 0.0)
    assert (r.signed, r.term_index, r.last_settlement, r.general_first) == (33.0, 0.4, 0, 33.0)


def test_signed_and_never_carried_out(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.settlements.never_implemented[0] = 1.0
    s.rung, s.day = SIGNED, 33.0
    ladder.sign(p, s, r, table.w, table.context)
    assert (s.in_force, s.truce, s.rung, s.dampening[0], r.broken) == (0, NO_TRUCE, CONTACT, 0.5, 33.0)
    assert math.isnan(r.general_first)


def test_a_truce_that_holds_outlasts_a_dead_letter(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.settlements.never_implemented[0] = 1.0
    s.rung, s.truce, s.truce_age = SIGNED, GENERAL, 6.0
    ladder.sign(p, s, r, table.w, table.context)
    assert (s.in_force, s.truce, s.truce_age, s.rung) == (0, GENERAL, 6.0, CONTACT)


def test_breakdown(table: Bench) -> None:
    p, s = table.p, table.s
    p.settlements.breakdown[0], p.settlements.clause_breakdown[0, :2] = 0.01, (0.5, 0.3)
    table.w.facts.clauses[0] = 2.0
    s.included[:2] = (1.0, 0.0)
    assert talks.breakdown_rate(p, s, table.w) == near(0.01 * ratio(0.3))
    p.settlements.breakdown[0] = SURE
    s.in_force, s.rung, s.truce = 1, SIGNED, GENERAL
    talks.events(p, s, table.r, table.w, table.context, 0, 1.0)
    assert (s.in_force, s.rung, s.truce, s.setbacks) == (0, CONTACT, NO_TRUCE, 1.0)


def test_truces_begin_and_end(table: Bench) -> None:
    p, s, r, w = table.p, table.s, table.r, table.w
    w.facts.ceasefire = 1
    p.talks.limited_truce, s.day = SURE, 8.0
    s.rung = NONE
    talks.truces(p, s, r, w, table.context, 0, 1.0)
    assert s.truce == NO_TRUCE
    s.rung = TERMS
    talks.truces(p, s, r, w, table.context, 0, 1.0)
    assert (s.truce, r.limited_first, r.limited_last) == (LIMITED, 8.0, 8.0)
    p.talks.limited_end, p.talks.limited_truce = SURE, 0.0
    talks.truces(p, s, r, w, table.context, 0, 1.0)
    assert s.truce == NO_TRUCE
    p.talks.general_truce = SURE
    talks.truces(p, s, r, w, table.context, 0, 1.0)
    assert (s.truce, r.general_first) == (GENERAL, 8.0)
    p.talks.general_break = SURE
    talks.truces(p, s, r, w, table.context, 0, 1.0)
    assert (s.truce, s.rung) == (NO_TRUCE, CONTACT)


def test_chance_of_a_general_truce(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    w.facts.ceasefire = 1
    p.talks.general_truce = 0.5
    rate = 0.5 * bargain.truce_consent_moscow(p, s, w) * bargain.truce_consent_kyiv(p, s, w)
    for u, begins in ((1 - math.exp(-rate) - 1e-9, True), (1 - math.exp(-rate) + 1e-9, False)):
        s.truce = NO_TRUCE
        choose(table, talks.GENERAL_TRUCE, 0, u)
        talks.truces(p, s, table.r, w, table.context, 0, 1.0)
        assert (s.truce == GENERAL) == begins


def test_provocations_set_talks_back_but_not_below_none(table: Bench) -> None:
    s, r = table.s, table.r
    s.rung = TERMS
    talks.set_back(s, r, table.context, 5.0)
    assert (s.rung, r.down_kyiv, s.settlement) == (NONE, 2.0, -1)
    s.rung = SIGNED
    talks.set_back(s, r, table.context, 1.0)
    assert s.rung == SIGNED


def test_several_moves_in_one_step(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.talks.contact = p.talks.terms = p.talks.text = p.talks.signature = 1e6
    p.talks.tau, p.moscow.worth, p.kyiv.worth, p.europe.worth = 0.01, -9.0, -9.0, -9.0
    table.w.facts.needs_europe[1] = 1.0
    s.rung, s.settlement, s.patience = NONE, -1, 0.5
    ladder.draw_moves(p, s, r, table.w, table.context, 1.0)
    assert (s.rung, r.steps_up, s.moves, s.progress) == (SIGNED, 4.0, 4, 5.0)  # a fifth for the truce
