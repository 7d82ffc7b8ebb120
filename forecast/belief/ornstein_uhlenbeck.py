"""The Ornstein-Uhlenbeck process, a level that reverts to its mean: its likelihood, and its path from given noise.

Both are exact. Over a time t, with half-life h and stationary standard deviation 1:

    x(s + t) = mean + a (x(s) - mean) + sqrt(1 - a^2) e,    a = 2^(-t / h),    e ~ Normal(0, 1)

The simulator moves its levels by the same equation (`forecast.timeline.forms.revert`).
"""

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.arrays import Array

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]


def decay(half_life: Any, time: Any) -> Any:
    """The fraction of a deviation that remains after a time, a = 2^(-t / h); numpy or PyTensor."""
    return 0.5 ** (time / half_life)


def path(start: Array, mean: Any, half_life: Array, step: Any, noise: Array) -> Array:
    """The level at time 0 and after each of the steps.

    Args:
        start: level at time 0, (...).
        mean: long-run mean, (...).
        half_life: in the unit of `step`, (...).
        step: time between two values, one number or (k,).
        noise: standard normals, (..., k).

    Returns:
        (..., k + 1)
    """
    count = noise.shape[-1]
    levels = np.empty((*noise.shape[:-1], count + 1))
    levels[..., 0] = start
    for k, time in enumerate(np.broadcast_to(step, count)):
        kept = decay(half_life, time)
        levels[..., k + 1] = mean + kept * (levels[..., k] - mean) + np.sqrt(1.0 - kept**2) * noise[..., k]
    return levels


def path_tensor(start: Any, mean: Any, half_life: Any, times: Any, noise: Any) -> "Tensor":
    """`path` for one start in PyTensor, without a loop: the level at equally spaced times after 0, (..., k).

    ``x_k - mean = a^k (x_0 - mean + sqrt(1 - a^2) sum_{j <= k} e_j a^-j)``, with a for one step. The last terms of
    the sum are its largest, so rounding does no harm, and a^-k stays finite over a thousand half-lives.

    Args:
        start: level at time 0, a scalar.
        mean: long-run mean, a scalar.
        half_life: in the unit of `times`, a scalar.
        times: step, 2 step, ..., k step, (k,).
        noise: standard normals, (..., k).
    """
    import pytensor.tensor

    pt: Any = pytensor.tensor
    rate = -math.log(2.0) / half_life
    power = pt.exp(rate * times)
    spread = pt.sqrt(-pt.expm1(2.0 * rate * times[0]))
    return cast("Tensor", mean + power * (start - mean + spread * pt.cumsum(noise / power, axis=-1)))


def log_density(x: Any, last: Any, gap: Any, half_life: Any) -> Any:
    """Log density of each value of a level given the previous one, with mean 0 and stationary standard deviation 1.

    After a gap much longer than the half-life, a value has the stationary distribution; so the first one of a series.

    Args:
        x: (k,) values, PyTensor.
        last: (k,) the value before each.
        gap: (k,) time since that value, above 0.
        half_life: in the unit of `gap`.

    Returns:
        (k,)
    """
    import pytensor.tensor

    pt: Any = pytensor.tensor
    rate = -math.log(2.0) / half_life
    variance = -pt.expm1(2.0 * rate * gap)
    away = x - pt.exp(rate * gap) * last
    return -0.5 * (away**2 / variance + pt.log(variance) + math.log(2.0 * math.pi))
