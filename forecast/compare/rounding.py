"""Rounding of a ledger: decimals that add up exactly, in JSON and in print.

Each line is rounded down to a multiple of 10^-`DIGITS` points. The units that are left go to the lines with the largest
remainders. The printed digits then add up. The sum of the lines as binary floating-point numbers may still differ from
the total in its last bit. A few units of 10^-9 points move between lines if that makes these sums equal too. It usually
does. Where large lines cancel out, it may not.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor, fsum
from typing import Any

import numpy as np

DIGITS = 9
"""Decimals of a change in points."""

MOST_UNITS, TRIES = 40, 1000
"""Most units that move from one line to another, and most attempts."""


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
    rng = np.random.default_rng(abs(total))
    moved = np.zeros(len(by_remainder), np.int64)
    for _ in range(TRIES):
        tried = list(floors)
        for k, units in zip(by_remainder, moved.tolist(), strict=True):
            tried[k] += units
        if _adds_up(tried, total):
            return total / unit, [number / unit for number in tried]
        if len(moved) < 2:
            break
        moved = rng.integers(-MOST_UNITS, MOST_UNITS + 1, len(moved))
        moved[-1] = -moved[:-1].sum()
    return total / unit, [number / unit for number in floors]


def add_shown(entry: dict[str, Any], before: float, after: float) -> None:
    """Add `shown` to the ledger of an outcome and to each of its lines: points with one decimal, as they are printed.

    Args:
        entry: as JSON: `lines`, each with `change`.
        before: probability of the outcome in the earlier run.
        after: in the later run.
    """
    total, lines = shown([line["change"] for line in entry["lines"]], before, after)
    entry["shown"] = total / 10
    for line, own in zip(entry["lines"], lines, strict=True):
        line["shown"] = own / 10


def shown(lines: Sequence[float], before: float, after: float) -> tuple[int, list[int]]:
    """The move and its lines in tenths of a point, as they are printed: they add up, and agree with both odds.

    The move is the difference of the two odds as printed. Each line is rounded down to a tenth, and the tenths that are
    left go to the lines with the largest remainders, so that a line may differ by a tenth from its nearest rounding. A
    line that is exactly 0 stays 0.

    Args:
        lines: changes in points.
        before: probability of the outcome in the earlier run.
        after: in the later run.
    """
    total = tenths(after) - tenths(before)
    floors = [floor(10.0 * line) for line in lines]
    order = sorted((k for k in range(len(lines)) if lines[k]), key=lambda k: (floors[k] - 10.0 * lines[k], k))
    left = total - sum(floors)
    for step in range(abs(left) if order else 0):
        if left > 0:
            floors[order[step % len(order)]] += 1
        else:
            floors[order[-1 - step % len(order)]] -= 1
    return total, floors


def tenths(probability: float) -> int:
    """A probability in tenths of a percent."""
    return floor(1000.0 * probability + 0.5)


def _adds_up(numbers: Sequence[int], total: int) -> bool:
    """Whether the lines add up as floating-point numbers, in their order and without regard to it."""
    unit = 10**DIGITS
    floats, plain = [number / unit for number in numbers], 0.0
    for line in floats:
        plain += line
    return bool(plain == sum(floats) == fsum(floats) == total / unit)
