"""The meaning of a prior's quantiles in a phrase: a yearly chance as a weekly one, a half-life as the part left."""

import math
from collections.abc import Callable, Sequence

from forecast.timeline.fields import WEEKS_PER_YEAR
from forecast.timeline.forms import logistic, ratio
from forecast.timeline.front import SCALE

QUARTER = 13.0
"""Weeks of a quarter."""

TAU = 0.05
"""The typical sharpness of consent (the median of `talks.tau`), at which shifts of value are shown."""

MOST_SHIFT = 0.25
"""Larger values are worths, not shifts."""

Quantiles = tuple[float, float, float]


def figures(x: float) -> str:
    """A number to two significant figures, plainly written."""
    if x == 0.0 or not math.isfinite(x):
        return f"{x:g}"
    rounded = float(f"{x:.2g}")
    return f"{rounded:,.{max(0, 1 - math.floor(math.log10(abs(rounded))))}f}"


def three(values: Sequence[float]) -> str:
    """The 5, 50 and 95% quantiles as text."""
    return " / ".join(figures(x) for x in values)


def implied(unit: str, quantiles: Quantiles, half_life: bool = False) -> str:
    """The implication of a prior at its 5, 50 and 95% quantiles; empty if the unit needs no explanation.

    Args:
        unit: of the prior.
        quantiles: 5, 50 and 95%, in the unit.
        half_life: the weeks are a half-life.
    """
    if unit == "weeks" and not half_life:
        return ""
    words = _IN_WORDS.get(unit)
    return "" if words is None else words(quantiles)


def _chance(q: Quantiles) -> str:
    weekly = [-math.expm1(math.log1p(-min(x, 1.0 - 1e-12)) / WEEKS_PER_YEAR) for x in q]
    return f"a week {three([100.0 * x for x in weekly])}%"


def _rate(q: Quantiles) -> str:
    if min(q) <= 0.0:
        return ""
    return f"one in {three([WEEKS_PER_YEAR / x for x in q])} weeks"


def _half_life(q: Quantiles) -> str:
    return f"left after a quarter {three([100.0 * 0.5 ** (QUARTER / x) for x in q])}%" if min(q) > 0.0 else ""


def _pace(q: Quantiles) -> str:
    return f"{three([WEEKS_PER_YEAR * x for x in q])} km2 a year"


def _z(q: Quantiles) -> str:
    return f"from a standstill {three([SCALE * math.sinh(x) for x in q])} km2 a week"


def _flow(q: Quantiles) -> str:
    return f"{three([12.0 * x for x in q])} EUR bn a year"


def _log_ratio(q: Quantiles) -> str:
    return f"alone, times {three([ratio(x) for x in q])}"


def _value(q: Quantiles) -> str:
    at = [100.0 * logistic(abs(x) / TAU) for x in q]
    return f"moves a consent of 50% to {three(at)}%, or as far the other way" if max(map(abs, q)) <= MOST_SHIFT else ""


_IN_WORDS: dict[str, Callable[[Quantiles], str]] = {
    "chance/year": _chance,
    "1/year": _rate,
    "weeks": _half_life,
    "km2/week": _pace,
    "z": _z,
    "EUR bn/month": _flow,
    "log ratio": _log_ratio,
    "value": _value,
}
