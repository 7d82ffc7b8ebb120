"""The mathematical functions that the parts share."""

import math

from forecast.timeline.exponential import exp
from forecast.timeline.jit import kernel

LN2 = 0.6931471805599453
LN5 = 1.6094379124341003
LN12 = 2.4849066497880004

MOST = 5.0 + 1e-9
"""The largest `ratio`, with room for rounding."""


@kernel
def decay(half_life: float, dt: float) -> float:
    """Fraction left after `dt` weeks, given a half-life in weeks: 2^(-dt / half_life)."""
    return exp(-LN2 * dt / half_life)


@kernel
def revert(x: float, target: float, half_life: float, dt: float, noise: float) -> float:
    """A level after `dt` weeks: x' = target + (x - target) a + sqrt(1 - a^2) noise, a = 2^(-dt / half_life).

    The exact step of an Ornstein-Uhlenbeck process whose stationary standard deviation is 1.
    """
    a = decay(half_life, dt)
    return target + (x - target) * a + math.sqrt(1.0 - a * a) * noise


@kernel
def bounded(x: float, limit: float) -> float:
    """An odd function with slope 1 at 0 that saturates at `limit`: x / sqrt(1 + (x / limit)^2)."""
    return x / math.sqrt(1.0 + x * x * (1.0 / (limit * limit)))


@kernel
def ratio(x: float) -> float:
    """A rate ratio between 1/5 and 5: exp(bounded(x, ln 5))."""
    return exp(bounded(x, LN5))


@kernel
def wide_ratio(x: float) -> float:
    """A rate ratio between 1/12 and 12, for defeat: exp(bounded(x, ln 12))."""
    return exp(bounded(x, LN12))


@kernel
def asinh(x: float) -> float:
    """Inverse hyperbolic sine by its logarithm: faster than the library's, with an absolute error below 1e-15."""
    y = abs(x)
    z = math.log(y + math.sqrt(y * y + 1.0))
    return z if x >= 0.0 else -z


@kernel
def logistic(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


@kernel
def log_sinhc(x: float) -> float:
    """Log of sinh(x) / x, the mean of exp(-x u) over u from -1 to 1."""
    y = abs(x)
    if y < 1e-3:
        return y * y / 6.0
    return y + math.log(-0.5 * math.expm1(-2.0 * y) / y)
