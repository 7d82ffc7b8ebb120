"""The front's process run forward: its levels drawn from the prior, and its figures measured again."""

from collections.abc import Mapping

import numpy as np

from forecast.belief import ornstein_uhlenbeck
from forecast.belief.block import between
from forecast.belief.front_data import SPAN, FrontData, front_inputs
from forecast.belief.front_model import NET_SCALE
from forecast.belief.student_t import TAIL_DEGREES
from forecast.scenario.elicit import Array

_Z_MOST = 50.0
"""Beyond any week; keeps sinh finite where a shock from a distribution without a limit is not."""

_FORGETTING = 200
"""Weeks in which the fast part forgets its start, even at a persistence of 0.97."""


def slow_and_fast(draws: Mapping[str, Array], value: Mapping[str, Array], data: FrontData) -> tuple[Array, Array]:
    """The slow level and the fast part of every week seen, (chain, draw, week) each, from the model's latents."""
    inputs, weeks = front_inputs(data), data.last
    unit = np.where(data.seen[: weeks + 1] > 0, value["front.mapper_error"][..., None], NET_SCALE)
    truth = inputs["front_area"][: weeks + 1] + unit * draws["front_error"][..., : weeks + 1]
    slow = draws["front_slow"][..., :weeks]
    return slow, np.arcsinh(np.diff(truth, axis=-1) / NET_SCALE) - slow


def stationary(value: Mapping[str, Array], mud: float, rng: np.random.Generator) -> dict[str, Array]:
    """Slow level and fast part of a week whose mud is given, (chain, draw), with no evidence but the calendar."""
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
    """Levels and net km2 of the weeks from the reference date on, (chain, draw, K + 1); NaN where no map tells.

    The model's latents of the weeks after the last map are of its padding, and are not given. A Monday without a map
    between two with maps is.

    Args:
        value: parameters in their units by dotted name, (chain, draw).
        draws: latents of the posterior; None gives the start from the stationary distribution, and no more.
        data: what the fit was given.
        rng: the luck of a start from the prior.
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
    """The figures of `front_data.front_observed` as they would be measured again, (chain, draw, observation).

    Args:
        value: parameters in their units by dotted name, (chain, draw).
        draws: latents of the posterior, whose slow level is kept; None draws one from the prior given `value`.
        data: what the fit was given; from the prior, only which figures there are.
        rng: the luck.
    """
    slow = _slow(value, data, rng) if draws is None else draws["front_slow"][..., : data.last]
    truth = _truth(value, slow, rng)
    map_error = value["front.mapper_error"][..., None] * rng.standard_t(TAIL_DEGREES, truth.shape)
    every_fourth = truth[..., ::SPAN]
    begin, end = (when[np.isfinite(data.monthly)] for when in (data.month_begins, data.month_ends))
    made = {
        data.series[0]: np.diff(truth + map_error, axis=-1)[..., np.isfinite(data.weekly[: data.last])],
        data.series[1]: _measured(
            np.diff(every_fourth, axis=-1)[..., np.isfinite(data.spans[: data.last // SPAN])], value, "second", rng
        ),
        data.series[2]: _measured(between(truth, end) - between(truth, begin), value, "monthly", rng),
    }
    return {name: figures for name, figures in made.items() if name and figures.shape[-1]}


def _slow(value: Mapping[str, Array], data: FrontData, rng: np.random.Generator) -> Array:
    """The slow level of every week up to the last Monday seen, from its prior, (chain, draw, week)."""
    keep = ornstein_uhlenbeck.keep(value["front.slow_half_life"], 1.0)
    step = value["front.slow_sd"] * np.sqrt(1.0 - keep**2)
    away = value["front.slow_sd"] * rng.standard_normal(keep.shape)
    slow = np.empty((*keep.shape, data.last))
    for week in range(data.last):
        if week:
            away = keep * away + step * rng.standard_normal(keep.shape)
        slow[..., week] = value["front.level"] - value["front.mud"] * data.season[week] + away
    return slow


def _truth(value: Mapping[str, Array], slow: Array, rng: np.random.Generator) -> Array:
    """km2 gained since the first Monday, on each Monday, given the slow level, (chain, draw, week + 1)."""
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
    """Changes of the truth as an instrument gives them, with its scale and error."""
    scale, error = value[f"front.{instrument}_scale"], value[f"front.{instrument}_error"]
    figures: Array = scale[..., None] * change + error[..., None] * rng.standard_t(TAIL_DEGREES, change.shape)
    return figures
