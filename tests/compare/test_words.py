"""Printed digits of a ledger add up and agree with the odds; sentences name causes in the direction that they moved."""

from fractions import Fraction
from random import Random
from typing import Any

from forecast.compare.words import change_text, ending_sentence, points, sentence
from forecast.outcomes.rounding import add_shown, rounded, shown, tenths

BEFORE = {"as_of": "2031-03-03", "odds": {"negotiated": 0.2246}}
AFTER = {"as_of": "2031-03-10", "odds": {"negotiated": 0.1842}}


def entry(*lines: tuple[str, float, float], size: float, real: bool) -> dict[str, Any]:
    """The ledger of the negotiated odds between `BEFORE` and `AFTER`."""
    own = [
        {"cause": name, "label": name, "change": change, "standard_error": one, "real": abs(change) > 3.0 * one}
        for name, change, one in lines
    ]
    found = {"total": sum(line[1] for line in lines), "standard_error": size, "real": real, "lines": own}
    add_shown(found, BEFORE["odds"]["negotiated"], AFTER["odds"]["negotiated"])
    return found


def test_printed_lines_add_up_to_the_move_of_the_printed_odds() -> None:
    lines = [2.5, -1.9, 0.26, -0.56, 2.55, 0.03, -0.9, 2.3]
    assert shown(lines, 0.756, 0.7988) == (43, [25, -19, 3, -6, 26, 0, -9, 23])
    chance = Random(1)
    for _ in range(500):
        before = chance.random()
        lines = [chance.gauss(0.0, 1.0) * chance.randrange(2) for _ in range(chance.randrange(1, 12))]
        total, exact = rounded([Fraction(line) for line in lines])
        move, found = shown(exact, before, before + total / 100.0)
        if any(exact):
            assert sum(found) == move == tenths(before + total / 100.0) - tenths(before)
            assert all(abs(own / 10 - line) < 0.2 for own, line in zip(found, exact, strict=True))
        assert all(own == 0 for own, line in zip(found, exact, strict=True) if line == 0.0)


def test_a_move_that_did_not_happen_is_zero() -> None:
    assert shown([], 0.2, 0.2) == (0, [])
    assert shown([0.0, 0.0], 0.2, 0.2) == (0, [0, 0])
    assert shown([0.3, -0.3], 0.2, 0.2) == (0, [3, -3])


def test_a_real_move_names_causes_for_and_against_it_with_errors() -> None:
    found = entry(("time", -3.0, 0.2), ("a map", 1.0, 0.1), ("noise", -2.04, 1.0), size=0.5, real=True)
    assert sentence("negotiated", found, BEFORE, AFTER) == (
        "The odds of a negotiated end fell by 4.1 ± 0.5 points since last week, from 22.5% to 18.4%, mostly because of "
        "the time that passed without news (\u22123.0 ± 0.2); against it worked “a map” (+1.0 ± 0.1)."
    )


def test_a_move_within_the_error_says_in_which_direction_a_clear_cause_worked() -> None:
    found = entry(("time", -6.04, 3.0), ("a map", 2.0, 0.5), size=3.3, real=False)
    assert sentence("negotiated", found, BEFORE, AFTER) == (
        "The odds of a negotiated end have moved by \u22124.1 ± 3.3 points since last week, from 22.5% to 18.4%, within "
        "the simulation's error. Clear of that error alone: “a map” (+2.0 ± 0.5) raised them."
    )


def test_errors_and_signs_as_printed() -> None:
    assert points(-0.04) == "0.0"
    assert points(-4.1) == "\u22124.1"
    assert change_text({"shown": 0.3, "standard_error": 0.0}) == "+0.3"
    assert change_text({"shown": 0.3, "standard_error": 0.04}) == "+0.3 ± 0.04"
    assert change_text({"shown": 0.0, "standard_error": 0.001}) == "0.0 ± under 0.01"


def test_endings_are_named_by_their_labels_and_all_are_counted() -> None:
    move = {"from": "a", "to": "b", "from_label": "Ceasefire in place", "to_label": "Still fighting", "timelines": 2}
    found = ending_sentence({"paired": 40, "changed": 8, "moves": [move] * 3 + [move | {"timelines": 1}] * 2})
    assert found.endswith("in 2, “Ceasefire in place” became “Still fighting”; 2 others.")
    assert found.startswith("Both runs have 40 timelines with the same parameters and random numbers;")
    assert "None of them ends otherwise" in ending_sentence({"paired": 1, "changed": 0, "moves": []})
    assert "no timeline" in ending_sentence({"paired": 0, "changed": 0, "moves": []})
