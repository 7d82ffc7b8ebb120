"""The bargain: what terms are worth to whom, consents, moves and templates, worked by hand."""

import math

import numpy as np
import pytest
from part_tools import POSITION, SALIENCE, SURE, X, logistic, near, worth_of_terms
from timeline_tools import Bench

from forecast.timeline import bargain, prospects, random_numbers
from forecast.timeline.codes import (
    EUROPE,
    GENERAL,
    HAWKS,
    KYIV,
    MOSCOW,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    TEXT,
    WALKED_AWAY,
    WASHINGTON,
)
from forecast.timeline.random_numbers import context_record


def test_value_of_terms(table: Bench) -> None:
    assert bargain.value(table.p, table.s, table.w, KYIV) == near(0.75 * 0.5 + 0.25 * 0.7)
    assert bargain.value(table.p, table.s, table.w, MOSCOW) == near(0.4 * 0.7 + 0.6 * 0.3)
    assert bargain.opening_values(table.p, table.s, table.w, 1, 0.0)[1] == near(0.75 * 0.9 + 0.25 * 0.1)
    # The values of all three in one pass.
    table.w.facts.territory = -1
    worths = tuple(bargain.value(table.p, table.s, table.w, party) for party in (MOSCOW, KYIV, EUROPE))
    assert bargain.values(table.p, table.s, table.w) == worths
    # A lean moves every term, but not past either end: (0.4, 1.0).
    assert bargain.opening_values(table.p, table.s, table.w, 1, 0.2)[1] == near(0.75 * 0.7)
    assert bargain.opening_values(table.p, table.s, table.w, 1, -0.3)[0] == near(0.4 * 0.1 + 0.6 * 0.6)
    assert bargain.term_index(table.p, table.s, table.w) == near(0.575 * 0.6 + 0.425 * 0.3)


@pytest.mark.parametrize(
    ("x", "moved"),
    [(0.5, 0.6), (0.75, 0.8), (0.25, 0.3), (0.0, 0.0), (1.0, 1.0)],
)
def test_ground_gained_moves_the_line_in_fact(table: Bench, x: float, moved: float) -> None:
    p, s, w = table.p, table.s, table.w
    p.talks.line, s.km2, w.facts.territory = 0.02, 5000.0, 0
    assert prospects.moved_line(p, s, x) == near(moved)
    s.terms[0] = x
    assert bargain.value(p, s, w, KYIV) == near(worth_of_terms(KYIV, (moved, 0.3)))
    p.settlements.terms[0, :2] = (x, 0.3)
    assert bargain.opening_values(p, s, w, 0, 0.0)[0] == near(worth_of_terms(MOSCOW, (moved, 0.3)))
    # No other issue moves, and the term itself stays.
    w.facts.territory = 1
    assert bargain.value(p, s, w, KYIV) == near(worth_of_terms(KYIV, (x, 0.3 + 0.1 * 0.6)))
    assert s.terms[0] == x
    w.facts.territory = -1
    assert bargain.value(p, s, w, KYIV) == near(worth_of_terms(KYIV, (x, 0.3)))


def test_the_line_stays_between_the_ideals(table: Bench) -> None:
    table.p.talks.line, table.s.km2 = 0.02, 1e5
    assert prospects.moved_line(table.p, table.s, 0.6) == 1.0
    table.s.km2 = -1e5
    assert prospects.moved_line(table.p, table.s, 0.6) == 0.0


def test_commitment(table: Bench) -> None:
    p, s, facts = table.p, table.s, table.w.facts
    m = p.moscow
    m.distrust, s.fear, m.stop_first, m.pocket_cost, m.illegitimate = 0.2, 0.1, 0.05, 0.04, 0.03
    m.troops_cost, p.hawks.moscow_fear, p.settlements.lock_in[0] = 0.3, 0.02, 0.25
    fear = 0.2 * 0.75
    s.legitimate = 1
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(fear)
    s.legitimate = 0
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(fear + 0.03)
    facts.temporary[0], facts.stops_first[0], facts.election_first[0], s.hawks, s.pocket = 1.0, 1.0, 1.0, 2.0, 10.0
    fear += 0.1 + 0.02 * 2 + 0.05 + 0.04 + 2 * 0.03 + 0.3
    assert bargain.commitment_moscow(p, s, table.w, 0, 1.0) == near(fear)
    s.legitimate, s.pocket, facts.temporary[0] = 1, 0.0, 0.0
    # Where the fighting stops first, half of the fear that Ukraine rearms.
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(0.15 + 0.1 / 2 + 0.02 + 0.05)
    s.truce = GENERAL  # the cost of stopping is spent
    assert bargain.commitment_moscow(p, s, table.w, 0, 0.0) == near(0.15 + 0.1 / 2 + 0.02)
    p.kyiv.truce_distrust, p.settlements.monitoring[0] = 0.2, 0.4
    assert bargain.commitment_kyiv(p, 0) == near(0.12)


def test_european_troops_in_the_text_weigh_on_washington(table: Bench) -> None:
    table.p.settlements.load[0], table.p.washington.deliver_troops = 0.8, 0.3
    assert bargain.load_of(table.p, 0, 0.0) == near(0.8)
    assert bargain.load_of(table.p, 0, 1.0) == near(1.1)


def test_consents_and_gaps(table: Bench) -> None:
    p, s, r = table.p, table.s, table.r
    p.moscow.distrust, p.kyiv.truce_distrust = 0.05, 0.04
    p.settlements.load[0], p.washington.deliver = 0.8, 1.0
    bargain.update_consents(p, s, r, table.w)
    gaps = {
        MOSCOW: 0.5 - (worth_of_terms(MOSCOW) - 0.05) - 0.03,
        KYIV: 0.6 - (worth_of_terms(KYIV) - 0.04) + 0.02,
        EUROPE: 0.7 - worth_of_terms(EUROPE) - 0.01,
    }
    for party, gap in gaps.items():
        assert r.gap[party] == near(gap)
        assert s.consent[party] == near(logistic(-gap / 0.1))
    assert s.consent[WASHINGTON] == near(logistic(0.2))
    assert r.gap[WASHINGTON] == near(-0.2)
    assert r.gap[HAWKS] == near(1 - worth_of_terms(HAWKS))
    # What cost most: Kyiv 0.75 * 0.5 against 0.25 * 0.3; Moscow 0.4 * 0.3 against 0.6 * 0.7.
    assert (r.gap_issue[KYIV], r.gap_issue[MOSCOW]) == (0, 1)
    # A worse offer later is not noted.
    s.terms[:2] = (0.9, 1.0)
    bargain.update_consents(p, s, r, table.w)
    assert r.gap[KYIV] == near(gaps[KYIV])
    assert s.hawks_loss == 0.0
    s.rung = TEXT
    bargain.update_consents(p, s, r, table.w)
    assert s.hawks_loss == near(1 - worth_of_terms(HAWKS, (0.9, 1.0)))


def test_terms_move_towards_those_who_refuse(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.terms_move, p.settlements.give[0] = 0.2, 0.3
    s.consent[[WASHINGTON, EUROPE, KYIV, MOSCOW]] = [0.1, 0.5, 0.4, 0.8]
    pulls = {EUROPE: 0.5, KYIV: 0.6, MOSCOW: 0.2}

    def moved(i: int, refusing: dict[int, float]) -> float:
        total = sum(SALIENCE[q][i] for q in pulls)
        pull = sum(c * SALIENCE[q][i] / total * (POSITION[q][i] - X[i]) for q, c in refusing.items())
        return X[i] + (1 - math.exp(-0.2 * 0.5)) * pull

    bargain.move_terms(p, s, table.w, 0.5)
    assert list(s.terms[:2]) == [near(moved(0, pulls)), near(moved(1, pulls))]
    for posture, refusing in (
        (PRESSING_KYIV, {EUROPE: 0.5, MOSCOW: 0.2}),
        (PRESSING_MOSCOW, {EUROPE: 0.5, KYIV: 0.6}),
        (WALKED_AWAY, {}),
    ):
        s.terms[:2], s.posture = X, posture
        bargain.move_terms(p, s, table.w, 0.5)
        assert list(s.terms[:2]) == [near(moved(0, refusing)), near(moved(1, refusing))]


def test_terms_stay_within_the_give(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.terms_move = SURE
    s.consent[:], s.consent[MOSCOW] = 1.0, 0.0
    p.settlements.give[0] = 0.15
    bargain.move_terms(p, s, table.w, 1.0)
    assert list(s.terms[:2]) == [near(0.65), near(0.3 + 0.7 * 0.6 / (0.6 + 0.25 + 0.5))]
    # Terms that were drawn outside the give come nearer, and no further away.
    s.terms[:2] = (0.8, 0.3)
    bargain.move_terms(p, s, table.w, 1.0)
    assert s.terms[0] == near(0.8)


def drafted(table: Bench) -> None:
    """Fears, optimism and worths for opening terms."""
    p, s = table.p, table.s
    p.talks.optimism, p.moscow.distrust, p.kyiv.truce_distrust = 0.1, 0.05, 0.04
    s.worth[MOSCOW], s.worth[KYIV], s.legitimate = 0.8, 0.45, 1


def opening_gaps(table: Bench, x: tuple[float, float] = (0.5, 0.5)) -> tuple[float, float]:
    """Moscow's and Kyiv's gaps to consent as those who draft the terms see them."""
    s = table.s
    moscow = s.worth[MOSCOW] - 0.1 - worth_of_terms(MOSCOW, x) + 0.05
    return moscow, s.worth[KYIV] - worth_of_terms(KYIV, x) + 0.04


def test_opening_terms_answer_power(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    drafted(table)
    p.settlements.give[0] = 0.3
    assert bargain.opening_lean(p, s, w, 0) == 0.0
    p.talks.lean = 0.6
    moscow, kyiv = opening_gaps(table)
    assert bargain.opening_lean(p, s, w, 0) == near(0.3 * (moscow - kyiv))
    s.worth[MOSCOW], s.worth[KYIV] = 0.3, 0.9
    moscow, kyiv = opening_gaps(table)
    assert -0.3 < 0.3 * (moscow - kyiv) < 0
    assert bargain.opening_lean(p, s, w, 0) == near(0.3 * (moscow - kyiv))


def test_terms_are_written_down_as_power_stands_then(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    drafted(table)
    p.settlements.give[0], p.talks.lean = 0.3, 0.6
    s.lean, s.terms[:2] = 0.01, (0.4, 0.6)
    w.facts.clauses[0], w.facts.clause_issue[0, 0], s.included[0] = 1.0, 1.0, 0.0
    lean = bargain.opening_lean(p, s, w, 0)
    assert lean > 0.03
    bargain.write_down(p, s, w)
    assert list(s.terms[:2]) == [near(0.4 + lean - 0.01), 0.6]  # the second is that of a clause left out
    assert (s.lean, s.index) == (near(lean), near(bargain.term_index(p, s, w)))
    before = s.index
    bargain.write_down(p, s, w)
    assert s.index == near(before)
    s.worth[MOSCOW] += 0.1
    bargain.write_down(p, s, w)
    assert s.index > before


def test_the_lean_grows_with_moscows_worth_and_falls_with_kyivs_within_the_give(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.settlements.give[0], p.talks.lean = 0.2, 0.9
    for party, sign in ((MOSCOW, 1), (KYIV, -1)):
        drafted(table)
        found = []
        for worth in np.linspace(-1.0, 2.0, 31):
            s.worth[party] = worth
            found.append(bargain.opening_lean(p, s, w, 0))
        moves = sign * np.diff(found)
        assert np.all(moves >= 0)
        assert moves.max() == near(0.1 * 0.9 / 2)
        assert (min(found), max(found)) == (-0.2, 0.2)


def test_a_full_lean_leaves_both_equally_far_from_consent(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    drafted(table)
    p.settlements.give[0], p.talks.lean = 1.0, 1.0
    p.moscow.worth, p.kyiv.worth = s.worth[MOSCOW], s.worth[KYIV]
    prospects.update(p, s, w)  # as when a settlement is chosen
    lean = bargain.opening_lean(p, s, w, 0)
    assert abs(lean) > 0.1
    moscow, kyiv = opening_gaps(table, (0.5 + lean, 0.5 + lean))
    assert moscow == near(kyiv)
    p.settlements.spread[0], w.facts.dictated[1] = 0.0, 1.0
    bargain.draw_settlement(p, s, w, table.context)
    assert list(s.terms[:2]) == [near(0.5 + lean)] * 2
    gaps = bargain.gaps(p, s, w)
    found = gaps[0] - 0.1, gaps[1]
    assert found == (near(moscow - s.private[MOSCOW]), near(kyiv - s.private[KYIV]))


def test_appeal_counts_the_lean(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    drafted(table)
    p.talks.template_temperature, p.talks.lean, p.settlements.give[0] = 0.25, 0.6, 0.3
    w.facts.needs_europe[0] = 0.0
    lean = bargain.opening_lean(p, s, w, 0)
    moscow, kyiv = opening_gaps(table, (0.5 + lean, 0.5 + lean))
    expected = math.exp((logistic(-moscow / 0.1) + logistic(-kyiv / 0.1)) / 2 / 0.25)
    assert bargain.appeal(p, s, w, 0) == near(expected)


def test_appeal_of_a_template(table: Bench) -> None:
    p, s, facts = table.p, table.s, table.w.facts
    p.talks.optimism, p.talks.template_temperature, p.hawks.temporary, s.hawks = 0.1, 0.25, 0.3, 5.0
    p.settlements.weight[0], s.dampening[0], facts.temporary[0] = 2.0, 0.5, 1.0
    p.settlements.load[0], facts.needs_washington[0] = 0.5, 1.0
    p.hawks.moscow_fear = 0.01
    half = (0.5, 0.5)
    consents = [
        logistic(-(0.5 - 0.1 - worth_of_terms(MOSCOW, half) + 0.01 * 5) / 0.1),
        logistic(-(0.6 - worth_of_terms(KYIV, half)) / 0.1),
        logistic(-(0.7 - worth_of_terms(EUROPE, half)) / 0.1),
        logistic(-0.5),
    ]
    expected = 2.0 * 0.5 * math.exp(sum(consents) / 4 / 0.25 + 0.3 * 3)
    assert bargain.appeal(p, s, table.w, 0) == near(expected)


def test_a_template_is_drawn_in_proportion_to_its_appeal(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    p.settlements.spread[:2] = 0.0
    ratio_of = bargain.appeal(p, s, w, 1) / (bargain.appeal(p, s, w, 0) + bargain.appeal(p, s, w, 1))
    chance = context_record(1, 1)[0]
    number = 4000
    drawn = 0
    for k in range(number):
        chance.cell = random_numbers.cell_key(k, 0)
        bargain.draw_settlement(p, s, w, chance)
        drawn += s.settlement
        assert s.terms[0] == p.settlements.terms[s.settlement, 0]
    assert abs(drawn / number - ratio_of) < 4 * math.sqrt(ratio_of * (1 - ratio_of) / number)
    w.facts.dictated[0] = 1.0
    bargain.draw_settlement(p, s, w, table.context)
    assert s.settlement == 1


def test_clauses_that_are_left_out(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    w.facts.dictated[1] = 1.0
    w.facts.clauses[0], w.facts.clause_issue[0, :2] = 2.0, (1.0, -1.0)
    p.settlements.clause_included[0, :2], p.settlements.clause_without[0, :2] = 0.0, (0.85, 0.0)
    bargain.draw_settlement(p, s, w, table.context)
    assert list(s.included[:2]) == [0.0, 0.0]
    assert list(s.terms[:2]) == [near(0.5), near(0.85)]
    p.settlements.clause_included[0, :2] = 1.0
    bargain.draw_settlement(p, s, w, table.context)
    assert list(s.included[:2]) == [1.0, 1.0]


def test_consent_to_a_bare_truce(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    w.facts.ceasefire = 1
    bargain.begin(p, s, w)
    s.private[:] = 0.0
    p.moscow.stop_first, p.moscow.pocket_cost, s.pocket = 0.1, 0.05, 1.0
    p.moscow.distrust, s.fear, p.kyiv.truce_distrust = 0.04, 0.03, 0.02  # nothing binds a bare truce
    moscow = 0.5 - worth_of_terms(MOSCOW, (0.2, 0.9)) + 0.15 + 0.07
    kyiv = 0.6 - worth_of_terms(KYIV, (0.2, 0.9)) + 0.02
    assert bargain.truce_consent_moscow(p, s, w) == near(logistic(-moscow / 0.1))
    assert bargain.truce_consent_kyiv(p, s, w) == near(logistic(-kyiv / 0.1))
    # It holds on the line in fact, which ground gained has moved by 0.04: 0.1, less the farther from the middle.
    p.talks.line, s.km2, w.facts.territory = 0.02, 5000.0, 0
    assert bargain.truce_consent_moscow(p, s, w) == near(logistic(-(moscow - 0.4 * 0.04) / 0.1))
    assert bargain.truce_consent_kyiv(p, s, w) == near(logistic(-(kyiv + 0.75 * 0.04) / 0.1))


def test_values_of_a_ceasefire_and_of_defeat(table: Bench) -> None:
    p, s, w = table.p, table.s, table.w
    bargain.begin(p, s, w)
    # Without a form of either: Moscow's ideal.
    for party in (KYIV, MOSCOW):
        assert s.dictated_value[party] == s.truce_value[party] == near(worth_of_terms(party, POSITION[MOSCOW]))
    w.facts.ceasefire, w.facts.dictated_form = 0, 1
    bargain.begin(p, s, w)
    for party in (KYIV, MOSCOW):
        assert s.truce_value[party] == near(worth_of_terms(party, (0.5, 0.5)))
        assert s.dictated_value[party] == near(worth_of_terms(party, (0.2, 0.9)))


def test_private_worths_come_from_the_draw(table: Bench) -> None:
    p, s = table.p, table.s
    p.talks.moscow_spread, p.talks.kyiv_spread, p.talks.europe_spread = 0.1, 0.2, 0.3
    p.moscow.private, p.kyiv.private, p.talks.europe_private = 1.5, -0.5, 0.4
    bargain.begin(p, s, table.w)
    assert [s.private[party] for party in (MOSCOW, KYIV, EUROPE)] == [near(0.15), near(-0.1), near(0.12)]
