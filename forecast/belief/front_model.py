"""The front's part of the PyMC model.

The equations are those of `forecast.belief.front`. Four choices matter to the sampler:

- The latents are the first map's errors (in units of `mapper_error`) and the slow level itself, so that the
  fast part follows by subtraction: ``f = asinh((X_{t+1} - X_t) / 40) - L``, with the Jacobian
  ``-1/2 log(net^2 + 40^2)``.
- The slow level carries its mean and the season. With the mean added outside it the chains do not mix.
- Weeks after the last figure count for nothing: their latents get a standard normal of their own, independent
  of all else. That is exact, since nothing seen depends on them. Left in the process they would be sinh of a
  Student t, a distribution without a mean, through which no sampler walks. A Monday that is missing between
  two others does stay in the process; its area then has no figure to lean on.
- The second map and the monthly count are likelihoods of differences of the latent truth, without latents of
  their own. Theirs are two scales and two errors; figures that are not there are masked.

PyMC and PyTensor are imported only when something is compiled.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.belief.front_data import SPAN
from forecast.belief.student_t import log_t

if TYPE_CHECKING:
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]

NET_SCALE = 40.0
"""Net advance, km2 a week, at which the asinh scale turns from linear to logarithmic."""


def add_front(inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
    """Add the block's latents and likelihoods to the PyMC model whose context this is called in.

    Args:
        inputs: `pm.Data` that hold `front_data.front_inputs`, by the same names.
        value: the tensor of each parameter, in its unit, by dotted name.
    """
    import pymc as pm
    import pytensor.tensor as pt

    weeks = int(inputs["front_season"].get_value(borrow=True).size)
    seen, after = inputs["front_seen"], inputs["front_after"]

    # The truth, by way of the first map's errors. At a missing Monday 40 km2 is the latent's unit, no more.
    error = pm.Flat("front_error", shape=weeks + 1, initval=np.zeros(weeks + 1))
    truth = inputs["front_area"] + error * pt.switch(seen > 0, value["front.mapper_error"], NET_SCALE)
    pm.Potential("front_map", (seen * log_t(error) - 0.5 * after * error**2).sum())

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
    """Log density of the slow level around its mean and season, started in its stationary distribution."""
    import pytensor.tensor as pt

    sd = value["front.slow_sd"]
    keep = pt.exp(-math.log(2.0) / value["front.slow_half_life"])
    step = sd * pt.sqrt(1.0 - keep**2)
    away = slow - (value["front.level"] - value["front.mud"] * season)
    start = -0.5 * (away[0] / sd) ** 2 - pt.log(sd)
    moves = -0.5 * ((away[1:] - keep * away[:-1]) / step) ** 2 - pt.log(step)
    return cast("Tensor", start + pt.switch(live[1:] > 0, moves, -0.5 * slow[1:] ** 2).sum())


def _shocks(truth: "Tensor", slow: "Tensor", live: "Tensor", value: Mapping[str, Any]) -> "Tensor":
    """Log density of the fast part, which is what the slow level leaves of the week's net advance."""
    import pytensor.tensor as pt

    net = truth[1:] - truth[:-1]
    fast = pt.arcsinh(net / NET_SCALE) - slow
    scale, persistence = value["front.fast_scale"], value["front.fast_persistence"]
    start = scale / pt.sqrt(1.0 - persistence**2)
    shock = (fast[1:] - persistence * fast[:-1]) / scale
    return cast(
        "Tensor",
        log_t(fast[0] / start)
        - pt.log(start)
        + (live[1:] * (log_t(shock) - pt.log(scale))).sum()
        - 0.5 * (live * pt.log(net**2 + NET_SCALE**2)).sum(),
    )


def _changes(figure: "Tensor", seen: "Tensor", change: "Tensor", value: Mapping[str, Any], name: str) -> "Tensor":
    """Log density of figures of changes of the truth, by an instrument with a scale and an error of its own."""
    import pytensor.tensor as pt

    error = value[f"{name}_error"]
    return cast("Tensor", (seen * (log_t((figure - value[f"{name}_scale"] * change) / error) - pt.log(error))).sum())


def _at(truth: "Tensor", when: "Tensor", weeks: int) -> "Tensor":
    """The truth at times between Mondays, in weeks, linear within each week."""
    import pytensor.tensor as pt

    before = pt.clip(pt.floor(when), 0, weeks - 1)
    index = before.astype("int64")
    return cast("Tensor", truth[index] + (when - before) * (truth[index + 1] - truth[index]))
