"""Simulations of the front's process: levels from the prior, weekly paths, and replicates of the series."""

from collections.abc import Mapping

import numpy as np

from forecast.arrays import Array
from forecast.belief import ornstein_uhlenbeck
from forecast.belief.block import interpolate
from forecast.belief.front_data import SPAN, FrontData, front_inputs
from forecast.belief.front_model import NET_SCALE
from forecast.belief.student_t import TAIL_DEGREES

_Z_MOST = 50.0
"""A z beyond any real week; it limits sinh, since Student's t has no limit."""

_FORGETTING = 200
"""Weeks in which the fast part forgets its start, even at a persistence of 0.97."""


def slow_and_fast(draws: Mapping[str, Array], value: Mapping[str, Array], data: FrontData) -> tuple[Array, Array]:
    """The slow level and the fast part of every observed week, (chain, draw, week) each, from the model's latents."""
    inputs, weeks = front_inputs(data), data.last
    unit = np.where(data.seen[: weeks + 1] > 0, value["front.mapper_error"][..., None], NET_SCALE)
    truth = inputs["front_area"][: weeks + 1] + unit * draws["front_error"][..., : weeks + 1]
    slow = draws["front_slow"][..., :weeks]
    return slow, np.arcsinh(np.diff(truth, axis=-1) / NET_SCALE) - slow


def stationary(value: Mapping[str, Array], mud: float, rng: np.random.Generator) -> dict[str, Array]:
    """Draw slow level and fast part of a week from their stationary distribution, (chain, draw).

    Args:
        value: parameters in their units by dotted name, (chain, draw).
        mud: depth of the mud in that week, 0 to 1.
        rng: random numbers.
    """
    shape = value["front.level"].shape
    mean = value["front.level"] - value["front.mud"] * mud
    slow = mean + value["front.slow_sd"] * rng.standard_normal(shape)
    fast = np.zeros(shape)
    for _ in range(_FORGETTING):
        fast = _next_fast(fast, value, rng)
    return {"front.slow": slow, "front.fast": fast}


def front_weeks(
    value: Mapping[str, Array], draws: Mapping[str, Array] | None, data: FrontData, rng: np.random.Generator
) -> dict[str, Array]:
    """Levels and net km2 of the weeks from the reference date on, (chain, draw, K + 1).

    Weeks after the last map are NaN: their latents are padding. A Monday without a map between two with maps has
    values.

    Args:
        value: parameters in their units by dotted name, (chain, draw).
        draws: latents of the posterior; None draws the start from the stationary distribution, and gives no later
            week.
        data: the data of the fit.
        rng: random numbers for a start from the prior.
    """
    ended, seen = data.weeks_ended
    entry = np.arange(ended.size)
    if draws is None:
        start = stationary(value, data.season[ended[0] - 1], rng)
        levels = {name: np.where(entry == 0, level[..., None], np.nan) for name, level in start.items()}
    else:
        slow, fast = slow_and_fast(draws, value, data)
        levels = {"front.slow": slow, "front.fast": fast}
        levels = {name: np.where(seen, level[..., ended - 1], np.nan) for name, level in levels.items()}
    net = NET_SCALE * np.sinh(levels["front.slow"] + levels["front.fast"])
    return levels | {"front.net": np.where(entry > 0, net, np.nan)}


def front_replicates(
    value: Mapping[str, Array], draws: Mapping[str, Array] | None, data: FrontData, rng: np.random.Generator
) -> dict[str, Array]:
    """Replicates of the observations of `front_data.front_observed`, (chain, draw, observation).

    Args:
        value: parameters in their units by dotted name, (chain, draw).
        draws: latents of the posterior, of which the slow level is used; None draws it from the prior given `value`.
        data: the data of the fit; from the prior, only its season and its masks matter.
        rng: random numbers.
    """
    slow = _slow(value, data, rng) if draws is None else draws["front_slow"][..., : data.last]
    truth = _truth(value, slow, rng)
    map_error = value["front.mapper_error"][..., None] * rng.standard_t(TAIL_DEGREES, truth.shape)
    every_fourth = truth[..., ::SPAN]
    begin, end = (when[np.isfinite(data.monthly)] for when in (data.month_begins, data.month_ends))
    replicates = {
        data.series[0]: np.diff(truth + map_error, axis=-1)[..., np.isfinite(data.weekly[: data.last])],
        data.series[1]: _measured(
            np.diff(every_fourth, axis=-1)[..., np.isfinite(data.spans[: data.last // SPAN])], value, "second", rng
        ),
        data.series[2]: _measured(interpolate(truth, end) - interpolate(truth, begin), value, "monthly", rng),
    }
    return {name: figures for name, figures in replicates.items() if name and figures.shape[-1]}


def _slow(value: Mapping[str, Array], data: FrontData, rng: np.random.Generator) -> Array:
    """Draw the slow level of every week up to the last observed Monday from its prior, (chain, draw, week)."""
    keep = ornstein_uhlenbeck.decay(value["front.slow_half_life"], 1.0)
    step = value["front.slow_sd"] * np.sqrt(1.0 - keep**2)
    away = value["front.slow_sd"] * rng.standard_normal(keep.shape)
    slow = np.empty((*keep.shape, data.last))
    for week in range(data.last):
        if week:
            away = keep * away + step * rng.standard_normal(keep.shape)
        slow[..., week] = value["front.level"] - value["front.mud"] * data.season[week] + away
    return slow


def _truth(value: Mapping[str, Array], slow: Array, rng: np.random.Generator) -> Array:
    """Draw the km2 gained since the first Monday, on each Monday, given the slow level, (chain, draw, week + 1)."""
    truth = np.zeros((*slow.shape[:-1], slow.shape[-1] + 1))
    persistence, scale = value["front.fast_persistence"], value["front.fast_scale"]
    fast = scale / np.sqrt(1.0 - persistence**2) * rng.standard_t(TAIL_DEGREES, scale.shape)
    for week in range(slow.shape[-1]):
        if week:
            fast = _next_fast(fast, value, rng)
        z = np.clip(slow[..., week] + fast, -_Z_MOST, _Z_MOST)
        truth[..., week + 1] = truth[..., week] + NET_SCALE * np.sinh(z)
    return truth


def _next_fast(fast: Array, value: Mapping[str, Array], rng: np.random.Generator) -> Array:
    """The fast part a week later."""
    shock = rng.standard_t(TAIL_DEGREES, fast.shape)
    return value["front.fast_persistence"] * fast + value["front.fast_scale"] * shock


def _measured(change: Array, value: Mapping[str, Array], instrument: str, rng: np.random.Generator) -> Array:
    """Observations of changes of the truth by an instrument, with its scale and error."""
    scale, error = value[f"front.{instrument}_scale"], value[f"front.{instrument}_error"]
    figures: Array = scale[..., None] * change + error[..., None] * rng.standard_t(TAIL_DEGREES, change.shape)
    return figures
