"""A level that reverts to its mean: its exact likelihood at given times, and its path from standard normal steps.

Over a time t, with half-life h and stationary standard deviation 1:

    x(s + t) = mean + a (x(s) - mean) + sqrt(1 - a^2) e,    a = 2^(-t / h),    e ~ Normal(0, 1)

which is how the simulator moves its levels (`forecast.timeline.forms.revert`).
"""

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.scenario.elicit import Array

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]


def keep(half_life: Any, time: Any) -> Any:
    """What is left of a departure after a time, a = 2^(-t / h); numpy or PyTensor."""
    return 0.5 ** (time / half_life)


def path(start: Array, mean: Array, half_life: Array, step: float, noise: Array) -> Array:
    """The level at times 0, step, 2 step, ...

    Args:
        start: at time 0, (...).
        mean: what it reverts to, (...).
        half_life: in the unit of `step`, (...).
        step: time between two values.
        noise: standard normals, (..., k).

    Returns:
        (..., k + 1)
    """
    kept = keep(half_life, step)
    spread = np.sqrt(1.0 - kept**2)
    found = np.empty((*noise.shape[:-1], noise.shape[-1] + 1))
    found[..., 0] = start
    for k in range(noise.shape[-1]):
        found[..., k + 1] = mean + kept * (found[..., k] - mean) + spread * noise[..., k]
    return found


def path_tensor(start: Any, mean: Any, half_life: Any, times: Any, noise: Any) -> "Tensor":
    """The same from one start, in PyTensor and without a loop: at equally spaced times after it, (..., k).

    ``x_k - mean = a^k (x_0 - mean + sqrt(1 - a^2) sum_{j <= k} e_j a^-j)``, a for one step. The last terms of the
    sum are its largest, so nothing is lost to rounding, and a^-k stays finite over a thousand half-lives.

    Args:
        start: at time 0, a scalar.
        mean: what it reverts to, a scalar.
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
    """Log density of each value of a level given the one before it, mean 0 and stationary standard deviation 1.

    A gap that is long beside the half-life makes a value of the stationary distribution: so begins a series.

    Args:
        x: (k,) its values, PyTensor.
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
