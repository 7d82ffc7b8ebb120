"""A prior as a distribution: named, or fitted to its 5, 50 and 95% quantiles.

Every prior is written as a monotone map of a standard normal score, ``x = Q(z)``, ``z ~ Normal(0, 1)``. One
map then serves four uses: drawing through a Gaussian copula (correlate the scores), drawing anew in each
timeline, the density, and the Bayesian update (sample the score, transform it).

Three quantiles ask for three parameters; these families take them exactly and in closed form:

- on the whole line: Myerson's generalised normal, ``Q = m + (h - m) (b^(z/c) - 1) / (b - 1)`` with
  ``b = (h - m) / (m - l)`` (R. B. Myerson, Probability Models for Economic Decisions, 2005);
- above a bound, or between two: the Johnson quantile-parameterised distributions J-QPD-S and J-QPD-B
  (C. C. Hadlock and J. E. Bickel, Decision Analysis 14(1), 2017).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

C95 = 1.6448536269514722
"""The 95% quantile of the standard normal."""


class Ops(Protocol):
    """The elementary functions a quantile map needs, so that numpy and PyTensor share one formula."""

    def exp(self, x: Any) -> Any:
        """Exponential."""

    def sinh(self, x: Any) -> Any:
        """Hyperbolic sine."""

    def arcsinh(self, x: Any) -> Any:
        """Inverse hyperbolic sine."""

    def ndtr(self, x: Any) -> Any:
        """Standard normal distribution function."""


class NumpyOps:
    """`Ops` on numpy arrays."""

    exp = staticmethod(np.exp)
    sinh = staticmethod(np.sinh)
    arcsinh = staticmethod(np.arcsinh)
    ndtr = staticmethod(special.ndtr)


NUMPY = NumpyOps()


@dataclass(frozen=True)
class Marginal:
    """A one-dimensional prior as a quantile map of a standard normal score.

    Attributes:
        family: `point`, `normal`, `lognormal`, `uniform`, `beta`, `gamma`, `myerson`, `jqpd_s` or `jqpd_b`.
        args: the family's numbers, in the order of `_NAMES` (fitted families: as `fit_quantiles` returns them).
    """

    family: str
    args: tuple[float, ...]

    @property
    def is_point(self) -> bool:
        """Whether the prior is a single value, about which nothing is unknown."""
        return self.family == "point"

    def quantile(self, z: Any, ops: Ops = NUMPY) -> Any:
        """The value at normal score `z` (any shape); with other `ops`, a symbolic expression.

        Raises:
            TypeError: `beta` and `gamma` have no closed form and take numpy arrays only.
        """
        a = self.args
        match self.family:
            case "point":
                return a[0] + 0.0 * z
            case "normal":
                return a[0] + a[1] * z
            case "lognormal":
                return a[0] * ops.exp(a[1] * z)
            case "uniform":
                return a[0] + (a[1] - a[0]) * ops.ndtr(z)
            case "myerson":
                median, scale, rate = a
                return median + scale * (ops.exp(rate * z) - 1.0)
            case "jqpd_s":
                low, sign, theta, lam, delta, shift = a
                return low + sign * theta * ops.exp(lam * ops.sinh(ops.arcsinh(delta * z) + shift))
            case "jqpd_b":
                low, high, xi, lam, delta, shift = a
                return low + (high - low) * ops.ndtr(xi + lam * ops.sinh(delta * z + shift))
        if ops is not NUMPY:
            raise TypeError(f"a {self.family} prior cannot be updated; give it as quantiles")
        u = special.ndtr(np.asarray(z, dtype=float))
        if self.family == "beta":
            return special.betaincinv(a[0], a[1], u)
        return special.gammaincinv(a[0], u) * a[1]

    def score(self, x: Any) -> Array:
        """The normal score of `x`: the inverse of `quantile`. Values on a bound give an infinite score."""
        x = np.asarray(x, dtype=float)
        a = self.args
        with np.errstate(divide="ignore", invalid="ignore"):
            match self.family:
                case "point":
                    z = np.zeros_like(x)
                case "normal":
                    z = (x - a[0]) / a[1]
                case "lognormal":
                    z = np.log(x / a[0]) / a[1]
                case "uniform":
                    z = special.ndtri((x - a[0]) / (a[1] - a[0]))
                case "beta":
                    z = special.ndtri(special.betainc(a[0], a[1], x))
                case "gamma":
                    z = special.ndtri(special.gammainc(a[0], x / a[1]))
                case "myerson":
                    z = np.log1p((x - a[0]) / a[1]) / a[2]
                case "jqpd_s":
                    low, sign, theta, lam, delta, shift = a
                    z = np.sinh(np.arcsinh(np.log(sign * (x - low) / theta) / lam) - shift) / delta
                case _:
                    low, high, xi, lam, delta, shift = a
                    z = (np.arcsinh((special.ndtri((x - low) / (high - low)) - xi) / lam) - shift) / delta
        return np.asarray(z, dtype=float)

    def log_density(self, z: Any) -> Array:
        """Log density, per unit of the prior, of the value at normal score `z` (0 for a point)."""
        z = np.asarray(z, dtype=float)
        a = self.args
        log_normal = -0.5 * z**2 - 0.5 * math.log(2.0 * math.pi)
        match self.family:
            case "point":
                return np.zeros_like(z)
            case "normal":
                slope = np.full_like(z, math.log(a[1]))
            case "lognormal":
                slope = math.log(a[0] * a[1]) + a[1] * z
            case "uniform":
                slope = math.log(a[1] - a[0]) + log_normal
            case "beta":
                x = self.quantile(z)
                return np.asarray(
                    special.xlogy(a[0] - 1, x) + special.xlog1py(a[1] - 1, -x) - special.betaln(a[0], a[1])
                )
            case "gamma":
                x = self.quantile(z) / a[1]
                return np.asarray(special.xlogy(a[0] - 1, x) - x - special.gammaln(a[0]) - math.log(a[1]))
            case "myerson":
                slope = math.log(a[1] * a[2]) + a[2] * z
            case "jqpd_s":
                _, _, theta, lam, delta, shift = a
                inner = np.arcsinh(delta * z) + shift
                slope = (
                    math.log(theta * lam * abs(delta))
                    + lam * np.sinh(inner)
                    + np.log(np.cosh(inner))
                    - 0.5 * np.log1p((delta * z) ** 2)
                )
            case _:
                low, high, xi, lam, delta, shift = a
                inner = delta * z + shift
                y = xi + lam * np.sinh(inner)
                slope = (
                    math.log((high - low) * lam * delta)
                    + np.log(np.cosh(inner))
                    - 0.5 * y**2
                    - 0.5 * math.log(2.0 * math.pi)
                )
        return np.asarray(log_normal - slope)

    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value the prior can take."""
        a = self.args
        match self.family:
            case "point":
                return a[0], a[0]
            case "normal":
                return -math.inf, math.inf
            case "lognormal" | "gamma":
                return 0.0, math.inf
            case "uniform" | "jqpd_b":
                return a[0], a[1]
            case "beta":
                return 0.0, 1.0
            case "myerson":
                end = a[0] - a[1]
                return (end, math.inf) if a[1] > 0 else (-math.inf, end)
            case _:
                return (a[0], math.inf) if a[1] > 0 else (-math.inf, a[0])


_NAMES: Mapping[str, tuple[str, ...]] = {
    "point": ("value",),
    "normal": ("mean", "sd"),
    "lognormal": ("median", "sigma"),
    "uniform": ("low", "high"),
    "beta": ("a", "b"),
    "gamma": ("shape", "scale"),
}
"""The named families and what each asks for."""


def families() -> dict[str, tuple[str, ...]]:
    """The distributions that can be named in a prior, with the numbers each one needs."""
    return dict(_NAMES)


def named(family: str, numbers: Mapping[str, float]) -> Marginal:
    """A named distribution from its numbers.

    Raises:
        ValueError: an unknown family, a missing or unknown number, a scale that is not positive.
    """
    if family not in _NAMES:
        raise ValueError(f"distribution {family!r} is unknown; allowed: {', '.join(_NAMES)}")
    wanted = _NAMES[family]
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
