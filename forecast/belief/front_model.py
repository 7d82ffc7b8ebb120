"""The PyMC model of the front block.

The equations are those of `forecast.belief.front`. Four choices matter to the sampler:

- The latents are the first map's errors (in units of `mapper_error`) and the slow level. The fast part follows by
  subtraction: ``f = asinh((X_{t+1} - X_t) / 40) - L``, with the Jacobian ``-1/2 log(net^2 + 40^2)``.
- The slow level includes its mean and the season. If the mean is added outside the level, the chains do not mix.
- Latents of weeks after the last observation are independent standard normals. This is exact, since no observation
  depends on them. As part of the process, they would be sinh of a Student t, a distribution without a mean, which
  is hard to sample. A missing Monday between two observed ones is part of the process.
- The second map and the monthly count add likelihoods of differences of the latent truth, with two scales and two
  errors, and no further latents. Missing observations are masked.

PyMC and PyTensor are imported only when a model is built.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.belief.front_data import SPAN
from forecast.belief.student_t import log_density

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]

NET_SCALE = 40.0
"""Net advance, km2 a week, at which the asinh scale changes from linear to logarithmic."""


def add_front(inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
    """Add the block's latents and likelihoods to the PyMC model of the calling context.

    Args:
        inputs: the `pm.Data` tensors of `front_data.front_inputs`, by the same names.
        value: the tensor of each parameter, in its unit, by dotted name.
    """
    import pymc as pm
    import pytensor.tensor as pt

    weeks = int(inputs["front_season"].get_value(borrow=True).size)
    seen, after = inputs["front_seen"], inputs["front_after"]

    # The truth is the first map minus its errors. On a missing Monday the latent's unit is 40 km2.
    error = pm.Flat("front_error", shape=weeks + 1, initval=np.zeros(weeks + 1))
    truth = inputs["front_area"] + error * pt.switch(seen > 0, value["front.mapper_error"], NET_SCALE)
    pm.Potential("front_map", (seen * log_density(error, log1p=pt.log1p) - 0.5 * after * error**2).sum())

    slow = pm.Flat("front_slow", shape=weeks, initval=np.full(weeks, 0.5))
    live = 1.0 - after[1:]
    pm.Potential("front_drift", _drift(slow, live, inputs["front_season"], value))
    pm.Potential("front_shocks", _shocks(truth, slow, live, value))

    four_weeks = truth[SPAN : weeks + 1 : SPAN] - truth[: weeks + 1 - SPAN : SPAN]
    pm.Potential(
        "front_second_map",
        _changes(inputs["front_second"], inputs["front_second_seen"], four_weeks, value, "front.second"),
    )
    month = _at(truth, inputs["front_month_end"], weeks) - _at(truth, inputs["front_month_begin"], weeks)
    pm.Potential(
        "front_months", _changes(inputs["front_gain"], inputs["front_gain_seen"], month, value, "front.monthly")
    )


def _drift(slow: "Tensor", live: "Tensor", season: "Tensor", value: Mapping[str, Any]) -> "Tensor":
    """Log density of the slow level around its mean and season, from its stationary distribution on."""
    import pytensor.tensor as pt

    sd = value["front.slow_sd"]
    keep = pt.exp(-math.log(2.0) / value["front.slow_half_life"])
    step = sd * pt.sqrt(1.0 - keep**2)
    away = slow - (value["front.level"] - value["front.mud"] * season)
    start = -0.5 * (away[0] / sd) ** 2 - pt.log(sd)
    moves = -0.5 * ((away[1:] - keep * away[:-1]) / step) ** 2 - pt.log(step)
    return cast("Tensor", start + pt.switch(live[1:] > 0, moves, -0.5 * slow[1:] ** 2).sum())


def _shocks(truth: "Tensor", slow: "Tensor", live: "Tensor", value: Mapping[str, Any]) -> "Tensor":
    """Log density of the fast part: the week's net advance on the asinh scale, minus the slow level."""
    import pytensor.tensor as pt

    net = truth[1:] - truth[:-1]
    fast = pt.arcsinh(net / NET_SCALE) - slow
    scale, persistence = value["front.fast_scale"], value["front.fast_persistence"]
    start = scale / pt.sqrt(1.0 - persistence**2)
    shock = (fast[1:] - persistence * fast[:-1]) / scale
    return cast(
        "Tensor",
        log_density(fast[0] / start, log1p=pt.log1p)
        - pt.log(start)
        + (live[1:] * (log_density(shock, log1p=pt.log1p) - pt.log(scale))).sum()
        - 0.5 * (live * pt.log(net**2 + NET_SCALE**2)).sum(),
    )


def _changes(figure: "Tensor", seen: "Tensor", change: "Tensor", value: Mapping[str, Any], name: str) -> "Tensor":
    """Log density of observed changes of the truth, by an instrument with its own scale and error."""
    import pytensor.tensor as pt

    error = value[f"{name}_error"]
    away = (figure - value[f"{name}_scale"] * change) / error
    return cast("Tensor", (seen * (log_density(away, log1p=pt.log1p) - pt.log(error))).sum())


def _at(truth: "Tensor", when: "Tensor", weeks: int) -> "Tensor":
    """The truth at times between Mondays, in weeks, linear within each week."""
    import pytensor.tensor as pt

    before = pt.clip(pt.floor(when), 0, weeks - 1)
    index = before.astype("int64")
    return cast("Tensor", truth[index] + (when - before) * (truth[index + 1] - truth[index]))
