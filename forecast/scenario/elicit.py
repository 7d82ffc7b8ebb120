"""A prior as a distribution: named, or fitted to its 5, 50 and 95% quantiles.

Every prior is written as a monotone map of a standard normal score, ``x = Q(z)``, ``z ~ Normal(0, 1)``. One
map then serves four uses: drawing through a Gaussian copula (correlate the scores), drawing again in each
timeline, the density, and the Bayesian update (sample the score, transform it).

Three quantiles ask for three parameters; these families take them exactly and in closed form:

- on the whole line: Myerson's generalised normal, ``Q = m + (h - m) (b^(z/c) - 1) / (b - 1)`` with
  ``b = (h - m) / (m - l)`` (R. B. Myerson, Probability Models for Economic Decisions, 2005);
- above a bound, or between two: the Johnson quantile-parameterised distributions J-QPD-S and J-QPD-B
  (C. C. Hadlock and J. E. Bickel, Decision Analysis 14(1), 2017).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol, override

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


def _log_normal(z: Array) -> Array:
    """Log density of the standard normal."""
    return -0.5 * z**2 - 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Family:
    """A distribution of one family; its fields are the numbers that it needs, in the order of `Marginal.args`."""

    def quantile(self, z: Any, ops: Ops) -> Any:
        """The value at normal score `z`."""
        raise NotImplementedError

    def score(self, x: Array) -> Array:
        """The normal score of `x`."""
        raise NotImplementedError

    def log_slope(self, z: Array) -> Any:
        """Log of the derivative of `quantile`."""
        raise NotImplementedError

    def log_density(self, z: Array) -> Array:
        """Log density, per unit of the value, at normal score `z`."""
        return np.asarray(_log_normal(z) - self.log_slope(z))

    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value."""
        raise NotImplementedError


@dataclass(frozen=True)
class Point(Family):
    """A single value."""

    value: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.value + 0.0 * z

    @override
    def score(self, x: Array) -> Array:
        return np.zeros_like(x)

    @override
    def log_density(self, z: Array) -> Array:
        return np.zeros_like(z)

    @override
    def bounds(self) -> tuple[float, float]:
        return self.value, self.value


@dataclass(frozen=True)
class Normal(Family):
    """``Q = mean + sd z``."""

    mean: float
    sd: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.mean + self.sd * z

    @override
    def score(self, x: Array) -> Array:
        return (x - self.mean) / self.sd

    @override
    def log_slope(self, z: Array) -> Any:
        return np.full_like(z, math.log(self.sd))

    @override
    def bounds(self) -> tuple[float, float]:
        return -math.inf, math.inf


@dataclass(frozen=True)
class Lognormal(Family):
    """``Q = median exp(sigma z)``."""

    median: float
    sigma: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.median * ops.exp(self.sigma * z)

    @override
    def score(self, x: Array) -> Array:
        return np.asarray(np.log(x / self.median) / self.sigma)

    @override
    def log_slope(self, z: Array) -> Any:
        return math.log(self.median * self.sigma) + self.sigma * z

    @override
    def bounds(self) -> tuple[float, float]:
        return 0.0, math.inf


@dataclass(frozen=True)
class Uniform(Family):
    """``Q = low + (high - low) Phi(z)``."""

    low: float
    high: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.low + (self.high - self.low) * ops.ndtr(z)

    @override
    def score(self, x: Array) -> Array:
        return np.asarray(special.ndtri((x - self.low) / (self.high - self.low)))

    @override
    def log_slope(self, z: Array) -> Any:
        return math.log(self.high - self.low) + _log_normal(z)

    @override
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True)
class Beta(Family):
    """The beta distribution; its quantile has no closed form."""

    a: float
    b: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return special.betaincinv(self.a, self.b, _probability("beta", z, ops))

    @override
    def score(self, x: Array) -> Array:
        return np.asarray(special.ndtri(special.betainc(self.a, self.b, x)))

    @override
    def log_density(self, z: Array) -> Array:
        x = self.quantile(z, NUMPY)
        return np.asarray(
            special.xlogy(self.a - 1, x) + special.xlog1py(self.b - 1, -x) - special.betaln(self.a, self.b)
        )

    @override
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0


@dataclass(frozen=True)
class Gamma(Family):
    """The gamma distribution; its quantile has no closed form."""

    shape: float
    scale: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return special.gammaincinv(self.shape, _probability("gamma", z, ops)) * self.scale

    @override
    def score(self, x: Array) -> Array:
        return np.asarray(special.ndtri(special.gammainc(self.shape, x / self.scale)))

    @override
    def log_density(self, z: Array) -> Array:
        x = self.quantile(z, NUMPY) / self.scale
        return np.asarray(special.xlogy(self.shape - 1, x) - x - special.gammaln(self.shape) - math.log(self.scale))

    @override
    def bounds(self) -> tuple[float, float]:
        return 0.0, math.inf


@dataclass(frozen=True)
class Myerson(Family):
    """``Q = median + scale (exp(rate z) - 1)``: skewed, on the whole line but for one end."""

    median: float
    scale: float
    rate: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.median + self.scale * (ops.exp(self.rate * z) - 1.0)

    @override
    def score(self, x: Array) -> Array:
        return np.asarray(np.log1p((x - self.median) / self.scale) / self.rate)

    @override
    def log_slope(self, z: Array) -> Any:
        return math.log(self.scale * self.rate) + self.rate * z

    @override
    def bounds(self) -> tuple[float, float]:
        end = self.median - self.scale
        return (end, math.inf) if self.scale > 0 else (-math.inf, end)


@dataclass(frozen=True)
class JohnsonSemibounded(Family):
    """J-QPD-S, above `end` (sign 1) or below it (sign -1).

    ``Q = end + sign theta exp(lam sinh(arcsinh(delta z) + shift))``.
    """

    end: float
    sign: float
    theta: float
    lam: float
    delta: float
    shift: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.end + self.sign * self.theta * ops.exp(
            self.lam * ops.sinh(ops.arcsinh(self.delta * z) + self.shift)
        )

    @override
    def score(self, x: Array) -> Array:
        distance = np.log(self.sign * (x - self.end) / self.theta) / self.lam
        return np.asarray(np.sinh(np.arcsinh(distance) - self.shift) / self.delta)

    @override
    def log_slope(self, z: Array) -> Any:
        inner = np.arcsinh(self.delta * z) + self.shift
        return (
            math.log(self.theta * self.lam * abs(self.delta))
            + self.lam * np.sinh(inner)
            + np.log(np.cosh(inner))
            - 0.5 * np.log1p((self.delta * z) ** 2)
        )

    @override
    def bounds(self) -> tuple[float, float]:
        return (self.end, math.inf) if self.sign > 0 else (-math.inf, self.end)


@dataclass(frozen=True)
class JohnsonBounded(Family):
    """J-QPD-B: ``Q = low + (high - low) Phi(xi + lam sinh(delta z + shift))``."""

    low: float
    high: float
    xi: float
    lam: float
    delta: float
    shift: float

    @override
    def quantile(self, z: Any, ops: Ops) -> Any:
        return self.low + (self.high - self.low) * ops.ndtr(self.xi + self.lam * ops.sinh(self.delta * z + self.shift))

    @override
    def score(self, x: Array) -> Array:
        normal = special.ndtri((x - self.low) / (self.high - self.low))
        return np.asarray((np.arcsinh((normal - self.xi) / self.lam) - self.shift) / self.delta)

    @override
    def log_slope(self, z: Array) -> Any:
        inner = self.delta * z + self.shift
        y = self.xi + self.lam * np.sinh(inner)
        return (
            math.log((self.high - self.low) * self.lam * self.delta)
            + np.log(np.cosh(inner))
            - 0.5 * y**2
            - 0.5 * math.log(2.0 * math.pi)
        )

    @override
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high


NAMED: Final[Mapping[str, type[Family]]] = {
    "point": Point,
    "normal": Normal,
    "lognormal": Lognormal,
    "uniform": Uniform,
    "beta": Beta,
    "gamma": Gamma,
}
"""The families that a prior can name; the file gives a number for each of their fields."""

FAMILIES: Final[Mapping[str, type[Family]]] = {
    **NAMED,
    "myerson": Myerson,
    "jqpd_s": JohnsonSemibounded,
    "jqpd_b": JohnsonBounded,
}
"""All families; the last three are fitted to quantiles."""


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


def _probability(family: str, z: Any, ops: Ops) -> Array:
    """The probability below normal score `z`, for a family whose quantile takes numbers alone."""
    if ops is not NUMPY:
        raise TypeError(f"a {family} prior cannot be updated; give it as quantiles")
    return np.asarray(special.ndtr(np.asarray(z, dtype=float)))


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
