"""The Owen value, and the rounding of lines that add up."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import fsum

import numpy as np
import pytest

from forecast.outcomes.owen import Coalition, Coefficients, exact_owen, mean_of, sampled_owen
from forecast.outcomes.rounding import DIGITS, rounded

Game = Callable[[Coalition], Fraction]


def divided(groups: dict[str, list[str]], game: Game) -> dict[str, Fraction]:
    return {cause: applied(line, game) for cause, line in exact_owen(groups).items()}


def applied(line: Coefficients, game: Game) -> Fraction:
    return sum((share * game(coalition) for coalition, share in line.items()), Fraction(0))


def test_two_causes_that_interact_share_their_interaction() -> None:
    # a alone moves 2, b alone 1, both 13: the 10 that only both give are shared.
    values = {"": 0, "a": 2, "b": 1, "ab": 13}
    found = divided({"one": ["a"], "other": ["b"]}, lambda s: Fraction(values["".join(sorted(s))]))
    assert found == {"a": 7, "b": 6}
    assert found == divided({"one": ["a", "b"]}, lambda s: Fraction(values["".join(sorted(s))]))


def test_groups_change_the_division_as_worked_by_hand() -> None:
    def unanimous(coalition: Coalition) -> Fraction:
        return Fraction(int(coalition == {"a", "b", "c"}))

    # Shapley: a third each. In groups, the orders are abc, bac, cab, cba: the last one completes the three.
    assert divided({"all": ["a", "b", "c"]}, unanimous) == dict.fromkeys("abc", Fraction(1, 3))
    assert divided({"ab": ["a", "b"], "c": ["c"]}, unanimous) == {
        "a": Fraction(1, 4),
        "b": Fraction(1, 4),
        "c": Fraction(1, 2),
    }


def random_game(seed: int) -> Game:
    rng = np.random.default_rng(seed)
    known: dict[Coalition, Fraction] = {}
    return lambda s: known.setdefault(s, Fraction(int(rng.integers(-1000, 1000)), 7))


@pytest.mark.parametrize("seed", range(5))
def test_lines_add_up_to_the_difference_in_any_game(seed: int) -> None:
    groups = {"x": ["a", "b", "c"], "y": ["d"], "z": ["e", "f"]}
    game = random_game(seed)
    assert sum(divided(groups, game).values()) == game(frozenset("abcdef")) - game(frozenset())
    for pairs in (1, 4):
        drawn = {cause: mean_of(lines) for cause, lines in sampled_owen(groups, pairs).items()}
        total = sum(applied(line, game) for line in drawn.values())
        assert total == game(frozenset("abcdef")) - game(frozenset())


def test_a_cause_without_effect_gets_nothing_and_drawn_orders_are_exact_without_interactions() -> None:
    worth = {cause: Fraction(k) for k, cause in enumerate("abcdefghij")}  # a has no effect
    groups = {"x": list("abcd"), "y": list("efghij")}

    def added(coalition: Coalition) -> Fraction:
        return sum((worth[cause] for cause in coalition), Fraction(0))

    assert divided(groups, added) == worth
    assert {cause: applied(mean_of(lines), added) for cause, lines in sampled_owen(groups).items()} == worth


def test_drawn_orders_keep_groups_together_and_depend_on_names_only() -> None:
    groups = {"x": list("abc"), "y": list("def"), "z": list("ghij")}
    found = sampled_owen(groups)
    assert found == sampled_owen({"z": list("jihg"), "y": list("fed"), "x": list("cba")})
    for lines in found.values():
        for coalition in (coalition for line in lines for coalition in line):
            torn = [name for name, own in groups.items() if 0 < len(coalition & set(own)) < len(own)]
            assert len(torn) <= 1


@pytest.mark.parametrize("seed", range(200))
def test_rounded_lines_add_up_as_decimals_and_as_floating_point_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale = int(rng.integers(1, 10**6))
    count = int(rng.integers(1, 12))
    lines = [Fraction(int(rng.integers(-(10**7), 10**7)), scale * int(rng.integers(1, 50))) for _ in range(count)]
    lines = [line % 17 - 8 for line in lines]
    lines[0] = Fraction(0)
    total, changes = rounded(lines)
    assert sum(Decimal(repr(change)) for change in changes) == Decimal(repr(total))
    assert fsum(changes) == pytest.approx(total, abs=1e-13)
    assert round(sum(changes), DIGITS) == total
    assert changes[0] == 0.0
    assert total == pytest.approx(float(sum(lines)), abs=10.0**-DIGITS)
    assert changes == pytest.approx([float(line) for line in lines], abs=1e-6)


def test_no_line_and_lines_of_nothing() -> None:
    assert rounded([]) == (0.0, [])
    assert rounded([Fraction(0)] * 3) == (0.0, [0.0, 0.0, 0.0])
