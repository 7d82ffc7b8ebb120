"""Rounding of a ledger: decimals that add up exactly, as decimals and as floating-point numbers.

Each line is rounded down to a multiple of 10^-`DIGITS` points. The units that are left go to the lines with the largest
remainders. If the sum of the lines as floating-point numbers then differs from the total in its last bit, a few units
of 10^-9 points move between two lines until it does not.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import floor, fsum

DIGITS = 9
"""Decimals of a change in points."""

MOST_UNITS = 60
"""Units below which a part moves from one line to another."""


def rounded(lines: Sequence[Fraction]) -> tuple[float, list[float]]:
    """The total of exact changes and the changes themselves, rounded so that they add up.

    Args:
        lines: changes in points.

    Returns:
        The total, and the lines in their order: decimals of `DIGITS` digits that add up to the total.
    """
    unit = 10**DIGITS
    total = floor(sum(lines, Fraction(0)) * unit + Fraction(1, 2))
    floors = [floor(line * unit) for line in lines]
    # A line that is exactly 0 stays 0.
    by_remainder = sorted(
        (k for k in range(len(lines)) if lines[k]), key=lambda k: (Fraction(floors[k]) - lines[k] * unit, k)
    )
    for k in by_remainder[: max(total - sum(floors), 0)]:
        floors[k] += 1
    for k in by_remainder[::-1][: max(sum(floors) - total, 0)]:
        floors[k] -= 1
    for one, other, units in [(0, 0, 0), *product(by_remainder, by_remainder, range(1, MOST_UNITS))]:
        tried = list(floors)
        if tried and one != other:
            tried[one] += units
            tried[other] -= units
        if _adds_up(tried, total):
            return total / unit, [number / unit for number in tried]
    return total / unit, [number / unit for number in floors]


def _adds_up(numbers: Sequence[int], total: int) -> bool:
    """Whether the lines add up as floating-point numbers, in their order and without regard to it."""
    unit = 10**DIGITS
    floats, plain = [number / unit for number in numbers], 0.0
    for line in floats:
        plain += line
    return bool(plain == sum(floats) == fsum(floats) == total / unit)
