"""Numbers as readers see them: odds, intervals, differences, dates; no more figures than they are good for."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from forecast.plain_text import markdown


def whole(p: float) -> int:
    """A share as a whole number of percent, halves rounded up: the one rule by which odds are rounded."""
    return math.floor(round(100.0 * p, 9) + 0.5)


def percent(p: float | None) -> str:
    """A share for readers in whole percents, without false precision at the ends."""
    if p is None:
        return "too few to say"
    if p in (0.0, 1.0):
        return "100%" if p else "none"
    if p < 0.005:
        return "under 1%"
    if p >= 0.995:
        return "over 99%"
    return f"{whole(p)}%"


FRACTIONS = tuple(
    Fraction(*pair)
    for pair in (
        *((1, n) for n in range(2, 11)),
        *((2, 3), (3, 4), (4, 5), (5, 6), (7, 8), (9, 10)),
        *((2, 5), (3, 5), (3, 10), (7, 10)),
    )
)
"""Shares that a sentence calls by their fraction."""


def frequency(p: float) -> str:
    """A share as a frequency for a sentence: `about 1 in 7`; `none` and `all` at the ends."""
    if p in (0.0, 1.0):
        return "all" if p else "none"
    if min(p, 1.0 - p) < 0.005:
        return "fewer than 1 in 200" if p < 0.5 else "more than 199 in 200"
    rare = min(p, 1.0 - p)
    if rare < 0.095:
        step = 1 if rare > 0.05 else 5 if rare > 0.01 else 50
        return f"{'' if p < 0.5 else 'all but '}about 1 in {step * round(1.0 / (step * rare))}"
    nearest = min(FRACTIONS, key=lambda fraction: abs(fraction - p))
    return f"about {nearest.numerator} in {nearest.denominator}"


def rounding(shares: Sequence[float | None]) -> str:
    """A sentence for readers who add up shares of one whole; empty if they make 100 or one is not a whole percent."""
    if any(p is None or 0.0 < p < 0.005 or 0.995 <= p < 1.0 for p in shares):
        return ""
    total = sum(whole(p) for p in shares if p is not None)
    return "" if total == 100 else f"Shares are rounded, so they add up to {total}."


def squares(shares: Sequence[float]) -> list[int]:
    """How many of a hundred squares of a picture each share gets, if together they make 1 (largest remainder)."""
    floors = [int(100.0 * share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda k: (floors[k] - 100.0 * shares[k], k))
    for k in by_remainder[: 100 - sum(floors)]:
        floors[k] += 1
    return floors


def day_in_words(day: date) -> str:
    """A date as a reader writes it."""
    return f"{day.day} {day:%B %Y}"


def interval(entry: Mapping[str, Any]) -> str:
    """A 90% range as text; empty if there is none."""
    if entry["interval"] is None:
        return ""
    ends = tuple(entry["interval"])
    if ends[0] == ends[1]:
        return percent(ends[0])
    low, high = (whole(x) for x in ends)
    if high == 0:
        return "under 1%"
    if low == 100:
        return "over 99%"
    if low == high:
        return f"{low}%"
    return f"{low} to {high}%"


def narrow(entry: Mapping[str, Any]) -> bool:
    """Whether a 90% range is shorter than a point, too short to be divided into parts."""
    return entry["interval"] is None or entry["interval"][1] - entry["interval"][0] < 0.01


def error(entry: Mapping[str, Any]) -> str:
    """The Monte Carlo error in points; empty if all timelines agree, since they then give no estimate of it."""
    e = entry["standard_error"]
    if e is None or e == 0.0:
        return ""
    return "under 0.1" if e < 0.0005 else f"{100.0 * e:.1f}"


def points(difference: float) -> str:
    """A difference between odds in whole points, signed."""
    rounded = round(100.0 * difference)
    return f"{rounded:+d}" if rounded else "0"


def effect(difference: float, standard_error: float) -> str:
    """A difference between odds and its standard error, in whole points; no error is called less than one."""
    return f"{points(difference)} ± {max(1, round(100.0 * standard_error))}"


def two_figures(x: float) -> str:
    """A number of square kilometres, to two significant figures."""
    return f"{round(float(f'{x:.2g}')):,d}"


def row(label: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """A line of a table of odds."""
    return {
        "label": markdown(label),
        "percent": percent(entry["probability"]),
        "interval": interval(entry),
        "error": error(entry),
        "count": f"{entry['count']:,.0f}",
    }


def three_figures(x: float) -> str:
    """A number for a table, to three significant figures, with separators of thousands in place of powers of ten."""
    return f"{float(f'{x:.3g}'):,.0f}" if abs(x) >= 999.5 else f"{x:.3g}"


def same_decimals(values: Sequence[float]) -> list[str]:
    """Numbers of a row with the same decimals, for three significant figures of the largest and one of the least."""
    sizes = [abs(x) for x in values if x != 0.0]
    if not sizes:
        return ["0"] * len(values)
    places = [math.floor(math.log10(size)) for size in (max(sizes), min(sizes))]
    decimals = max(0, 2 - places[0], min(3, -places[1]))
    return [f"{float(f'{x:.3g}'):,.{decimals}f}" for x in values]


def number(x: float) -> str:
    """A number of a prior, to three significant figures."""
    return f"{x:.3g}"


def with_interval(entry: Mapping[str, Any]) -> str:
    """A share and its 90% range as text; one number if both read the same."""
    share, between = percent(entry["probability"]), interval(entry)
    return share if between in ("", share) else f"{share} ({between})"


def counted(n: int) -> str:
    """A number in a sentence: up to ten in words."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if n < len(words) else f"{n:,}"


def listed(items: Sequence[str]) -> str:
    """Items as a list in a sentence; empty without items."""
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)
