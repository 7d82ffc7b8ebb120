"""Families of distributions: each a monotone map of a standard normal score, ``x = Q(z)``, ``z ~ Normal(0, 1)``.

One map serves four uses: drawing through a Gaussian copula (correlate the scores), drawing again in each timeline, the
density, and the Bayesian update (sample the score, transform it).

Three quantiles ask for three parameters; these families take them exactly and in closed form:

- on the whole line: Myerson's generalised normal, ``Q = m + (h - m) (b^(z/c) - 1) / (b - 1)`` with
  ``b = (h - m) / (m - l)`` (R. B. Myerson, Probability Models for Economic Decisions, 2005);
- above a bound, or between two: the Johnson quantile-parameterised distributions J-QPD-S and J-QPD-B
  (C. C. Hadlock and J. E. Bickel, Decision Analysis 14(1), 2017).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, override

import numpy as np
from scipy import special

from forecast.arrays import Array

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
class Family(ABC):
    """A distribution of one family; its fields are the numbers that it needs, in the order of `Marginal.args`."""

    @abstractmethod
    def quantile(self, z: Any, ops: Ops) -> Any:
        """The value at normal score `z`."""

    @abstractmethod
    def score(self, x: Array) -> Array:
        """The normal score of `x`."""

    def log_slope(self, z: Array) -> Any:
        """Log of the derivative of `quantile`; for a family whose density is in closed form, not needed."""
        raise NotImplementedError

    def log_density(self, z: Array) -> Array:
        """Log density, per unit of the value, at normal score `z`."""
        return np.asarray(_log_normal(z) - self.log_slope(z))

    @abstractmethod
    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value."""


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


def _probability(family: str, z: Any, ops: Ops) -> Array:
    """The probability below normal score `z`, for a family whose quantile takes numbers alone."""
    if ops is not NUMPY:
        raise TypeError(f"a {family} prior cannot be updated; give it as quantiles")
    return np.asarray(special.ndtr(np.asarray(z, dtype=float)))


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
