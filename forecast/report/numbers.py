"""Numbers as readers see them: odds, intervals, differences, dates; no more figures than they are good for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any


def percent(p: float | None) -> str:
    """A probability for readers: whole percents, without false precision at the ends."""
    if p is None:
        return "too few to say"
    if p == 0.0:
        return "none seen"
    if p < 0.005:
        return "under 1%"
    if 0.995 < p < 1.0:
        return "over 99%"
    return f"{100.0 * p:.0f}%"


def whole_percents(shares: Sequence[float]) -> list[int]:
    """Shares that add up to 1 as whole percents that add up to 100 (largest remainder)."""
    floors = [int(100.0 * share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda k: (floors[k] - 100.0 * shares[k], k))
    for k in by_remainder[: 100 - sum(floors)]:
        floors[k] += 1
    return floors


def day_in_words(day: date) -> str:
    """A date as a reader writes it."""
    return f"{day.day} {day:%B %Y}"


def interval(entry: Mapping[str, Any]) -> str:
    """The interval of what is not known, as text."""
    if entry["interval"] is None:
        return ""
    low, high = (round(100.0 * x) for x in entry["interval"])
    if high == 0:
        return "under 1%"
    if low == 100:
        return "over 99%"
    return f"{low} to {high}%"


def error(entry: Mapping[str, Any]) -> str:
    """The simulation's own error, in points."""
    e = entry["standard_error"]
    return "" if e is None else f"{100.0 * e:.1f}"


def points(difference: float) -> str:
    """A difference between odds in whole points, signed."""
    whole = round(100.0 * difference)
    return f"{whole:+d}" if whole else "0"


def effect(difference: float, standard_error: float) -> str:
    """A difference between odds and its standard error, in whole points; no error is called less than one."""
    return f"{points(difference)} ± {max(1, round(100.0 * standard_error))}"


def two_figures(x: float) -> str:
    """A number of square kilometres, to two significant figures."""
    return f"{round(float(f'{x:.2g}')):,d}"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def row(label: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """A line of a table of odds."""
    return {
        "label": cell(label),
        "percent": percent(entry["probability"]),
        "interval": interval(entry),
        "error": error(entry),
        "count": f"{entry['count']:,.0f}",
    }


def number(x: float) -> str:
    """A number of a prior, to three significant figures."""
    return f"{x:.3g}"


def with_interval(entry: Mapping[str, Any]) -> str:
    """A share and the interval of what is not known, as text; one number where they are told alike."""
    share, between = percent(entry["probability"]), interval(entry)
    return share if between in ("", share) else f"{share} ({between})"
