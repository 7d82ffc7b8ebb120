"""A prior as a distribution: named, or fitted to its 5, 50 and 95% quantiles."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import special

from forecast.arrays import Array
from forecast.scenario.families import C95, FAMILIES, NAMED, NUMPY, Family, Ops


@dataclass(frozen=True)
class Marginal:
    """A one-dimensional prior as a quantile map of a standard normal score.

    Attributes:
        family: its family, one of `FAMILIES`.
        args: the family's numbers, in the order of its fields.
    """

    family: str
    args: tuple[float, ...]

    @property
    def law(self) -> Family:
        """The distribution of its family."""
        return FAMILIES[self.family](*self.args)

    @property
    def is_point(self) -> bool:
        """Whether the prior is a single value, without uncertainty."""
        return self.family == "point"

    def quantile(self, z: Any, ops: Ops = NUMPY) -> Any:
        """The value at normal score `z` (any shape); with other `ops`, a symbolic expression.

        Raises:
            TypeError: `beta` and `gamma` have no closed form and take numpy arrays only.
        """
        return self.law.quantile(z, ops)

    def score(self, x: Any) -> Array:
        """The normal score of `x`: the inverse of `quantile`. Values on a bound give an infinite score."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.law.score(np.asarray(x, dtype=float)), dtype=float)

    def log_density(self, z: Any) -> Array:
        """Log density, per unit of the prior, of the value at normal score `z` (0 for a point)."""
        return self.law.log_density(np.asarray(z, dtype=float))

    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value the prior can take."""
        return self.law.bounds()


def families() -> dict[str, tuple[str, ...]]:
    """The distributions that can be named in a prior, with the numbers each one needs."""
    return {name: tuple(field.name for field in fields(family)) for name, family in NAMED.items()}


def named(family: str, numbers: Mapping[str, float]) -> Marginal:
    """A named distribution from its numbers.

    Raises:
        ValueError: an unknown family, a missing or unknown number, a scale that is not positive.
    """
    if family not in NAMED:
        raise ValueError(f"distribution {family!r} is unknown; allowed: {', '.join(NAMED)}")
    wanted = families()[family]
    if set(numbers) != set(wanted):
        raise ValueError(f"{family} takes {', '.join(wanted)}; found {', '.join(sorted(numbers)) or 'nothing'}")
    args = tuple(float(numbers[name]) for name in wanted)
    for name, value in zip(wanted, args, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; it must be a finite number")
        if name in ("sd", "sigma", "median", "a", "b", "shape", "scale") and value <= 0:
            raise ValueError(f"{name} is {value}; it must be greater than 0")
    if family == "uniform" and args[0] >= args[1]:
        raise ValueError(f"low is {args[0]} and high is {args[1]}; low must be less than high")
    return Marginal(family, args)


def fit_quantiles(q05: float, q50: float, q95: float, low: float, high: float) -> Marginal:
    """The distribution with these 5, 50 and 95% quantiles on the support (low, high).

    Args:
        q05: 5% quantile.
        q50: median.
        q95: 95% quantile.
        low: lower end of the support, or minus infinity.
        high: upper end of the support, or infinity.

    Raises:
        ValueError: the quantiles are not strictly increasing, or not strictly inside the support.
    """
    if not (q05 < q50 < q95):
        raise ValueError(f"quantiles {q05}, {q50}, {q95} are not strictly increasing")
    if not (low < q05 and q95 < high):
        raise ValueError(f"quantiles {q05}, {q50}, {q95} are not inside the support ({low}, {high})")
    if math.isinf(low) and math.isinf(high):
        up, down = q95 - q50, q50 - q05
        if abs(up / down - 1.0) < 1e-9:
            return Marginal("normal", (q50, (up + down) / (2.0 * C95)))
        b = up / down
        return Marginal("myerson", (q50, up / (b - 1.0), math.log(b) / C95))
    if math.isinf(high) or math.isinf(low):
        sign = 1.0 if math.isinf(high) else -1.0
        end = low if sign > 0 else high
        lo, mid, hi = math.log(abs(q05 - end)), math.log(abs(q50 - end)), math.log(abs(q95 - end))
        return _semi_bounded(end, sign, lo, mid, hi)
    lo, mid, hi = (float(special.ndtri((q - low) / (high - low))) for q in (q05, q50, q95))
    n = _skew(lo, mid, hi)
    if n == 0.0:
        # J-QPD-B without skew is a logit-like normal: sinh(delta z) / delta tends to z.
        n, delta = 0.0, 1e-6
        return Marginal("jqpd_b", (low, high, mid, (hi - lo) / (2.0 * C95 * delta), delta, 0.0))
    delta = math.acosh((hi - lo) / (2.0 * min(mid - lo, hi - mid))) / C95
    lam = (hi - lo) / math.sinh(2.0 * delta * C95)
    return Marginal("jqpd_b", (low, high, lo if n > 0 else hi, lam, delta, n * delta * C95))


def _skew(lo: float, mid: float, hi: float) -> float:
    """Sign of the skew of three transformed quantiles; 0 when it is numerically none."""
    n = lo + hi - 2.0 * mid
    return 0.0 if abs(n) < 1e-7 * abs(hi - lo) else math.copysign(1.0, n)


def _semi_bounded(end: float, sign: float, lo: float, mid: float, hi: float) -> Marginal:
    """J-QPD-S above `end` (sign 1) or, mirrored, below it (sign -1), from log distances to `end`."""
    if sign < 0:
        # Mirrored: the distance falls as the value rises. Fit the distance in -z by flipping the score.
        lo, hi = hi, lo
    n = _skew(lo, mid, hi)
    if n == 0.0:
        delta = 1e-6
        theta, lam, shift = math.exp(mid), (hi - lo) / (2.0 * C95 * delta), 0.0
    else:
        least = min(mid - lo, hi - mid)
        delta = math.sinh(math.acosh((hi - lo) / (2.0 * least))) / C95
        lam = least / (delta * C95)
        theta = math.exp(lo if n > 0 else hi)
        shift = n * math.asinh(C95 * delta)
    if sign < 0:
        # x = end - theta exp(lam sinh(asinh(-delta z) + shift)): keep one formula by negating delta.
        return Marginal("jqpd_s", (end, -1.0, theta, lam, -delta, shift))
    return Marginal("jqpd_s", (end, 1.0, theta, lam, delta, shift))
