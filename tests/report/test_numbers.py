"""Numbers in words: shares, ranges, errors and lists, rounded by one rule each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.plain_text import markdown
from forecast.report.numbers import (
    effect,
    error,
    interval,
    listed,
    percent,
    points,
    rounding,
    same_decimals,
    squares,
    three_figures,
    two_figures,
    with_interval,
)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6).filter(any))
def test_squares_are_a_hundred_and_stay_near(counts: list[int]) -> None:
    shares = [count / sum(counts) for count in counts]
    found = squares(shares)
    assert sum(found) == 100
    assert all(abs(one - 100 * share) < 1.0 + 1e-9 for one, share in zip(found, shares, strict=True))


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (None, "too few to say"),
        (0.0, "none"),
        (1e-9, "under 1%"),
        (0.00499, "under 1%"),
        (0.0051, "1%"),
        (0.234, "23%"),
        (0.125, "13%"),
        (0.145, "15%"),
        (0.1043, "10%"),
        (0.994, "99%"),
        (0.995, "over 99%"),
        (0.996, "over 99%"),
        (1.0, "100%"),
    ],
)
def test_percent(p: float | None, text: str) -> None:
    assert percent(p) == text


def test_other_words() -> None:
    assert [points(x) for x in (-0.3, -0.004, 0.0, 0.004, 0.016)] == ["-30", "0", "0", "0", "+2"]
    assert [effect(*x) for x in ((0.052, 0.013), (-0.3, 0.001), (0.001, 0.02))] == ["+5 ± 1", "-30 ± 1", "0 ± 2"]
    assert [two_figures(x) for x in (3163.2, -41.6, 0.0, -0.2, 12499.0)] == ["3,200", "-42", "0", "0", "12,000"]
    assert markdown("a |\n b") == r"a \| b"
    assert [listed(list(x)) for x in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
    nothing = {"interval": None, "standard_error": None}
    assert (interval(nothing), error(nothing)) == ("", "")
    # That no timeline differs tells no error.
    assert [error({"standard_error": e}) for e in (0.0, 0.0001, 0.0006)] == ["", "under 0.1", "0.1"]
    assert [interval({"interval": [x, x]}) for x in (0.0, 0.0002, 1.0)] == ["none", "under 1%", "100%"]
    entry = {"interval": [0.014, 0.526], "standard_error": 0.0123}
    assert (interval(entry), error(entry)) == ("1 to 53%", "1.2")
    assert np.isfinite(float(error(entry)))
    assert interval({"interval": [0.0, 0.004]}) == "under 1%"
    assert interval({"interval": [0.996, 1.0]}) == "over 99%"
    assert interval({"interval": [0.0, 0.006]}) == "0 to 1%"
    assert with_interval({"probability": 0.5, "interval": [0.2, 0.7]}) == "50% (20 to 70%)"
    assert with_interval({"probability": 0.001, "interval": [0.0, 0.002]}) == "under 1%"
    assert with_interval({"probability": None, "interval": None}) == "too few to say"


def test_rounded_shares_that_do_not_add_up_are_said_to() -> None:
    assert rounding([0.0043, 0.1443, 0.8514]) == rounding([0.25, 0.25, 0.5]) == ""
    assert rounding([0.052, 0.286, 0.662]) == ""
    assert rounding([0.045, 0.285, 0.67]) == "Shares are rounded, so they add up to 101."


def test_numbers_of_tables_have_no_powers_of_ten_above_one() -> None:
    assert [three_figures(x) for x in (0.0105, 0.0, 22.14, 999.7, 53651.0, -12345.0)] == [
        *("0.0105", "0", "22.1", "1,000", "53,700", "-12,300"),
    ]
    assert same_decimals([0.0105, 0.34, 22.14]) == ["0.01", "0.34", "22.10"]
    assert same_decimals([3890.4, 5080.0, 6620.0]) == ["3,890", "5,080", "6,620"]
    assert same_decimals([-2.3, -0.493, 1.27]) == ["-2.30", "-0.49", "1.27"]
    assert same_decimals([0.0, 229.0, 617.0]) == ["0", "229", "617"]
    assert same_decimals([0.0, 0.0]) == ["0", "0"]
