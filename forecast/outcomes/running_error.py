"""The Monte Carlo error of the three outcomes while timelines are being simulated, without a table of all timelines.

The error is that of `forecast.outcomes.clustering`. A part of it comes from the random numbers of timelines, given
their draws, and gets smaller with each replicate. With a_dr the residuals of draw d in its timelines of replicate
r modulo 40, which are independent given the draw,

    within^2    sum over d of 40 / 39 sum over r of (a_dr - mean over r of a_dr)^2
    floor^2     error^2 - within^2

The floor is the error that any number of timelines of the same draws would leave.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.clustering import Strata, error_between_draws
from forecast.outcomes.conditions import Timelines
from forecast.timeline.cells import TIMELINES_PER_DRAW


@dataclass(frozen=True)
class HeadlineError:
    """The largest Monte Carlo error of the three outcomes.

    Attributes:
        error: the error, as a probability; None from one draw.
        floor: the error that more timelines of the same draws would leave, likewise.
    """

    error: float | None
    floor: float | None


class RunningError:
    """Counts the outcomes of each member's timelines by draw, and gives the Monte Carlo error of the odds so far.

    Args:
        weights: weight of each member, by name, adding up to 1.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._counts = {name: np.zeros((0, TIMELINES_PER_DRAW, len(HEADLINES)), np.int64) for name in weights}

    def add(self, member: str, timelines: Timelines) -> None:
        """Count the next timelines of a member."""
        draw, replicate = (timelines[name].to_numpy() for name in ("draw", "replicate"))
        kind = pd.Categorical(timelines["headline"], categories=list(HEADLINES)).codes
        shape = (int(draw.max()) + 1, TIMELINES_PER_DRAW, len(HEADLINES))
        place = np.ravel_multi_index((draw, replicate % TIMELINES_PER_DRAW, kind), shape)
        more = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
        before = self._counts[member]
        large, small = (before, more) if len(before) >= len(more) else (more, before)
        large[: len(small)] += small
        self._counts[member] = large

    def largest(self, stratified: pd.DataFrame | None = None) -> HeadlineError:
        """The error of the outcome whose error is largest. Each member has timelines.

        Args:
            stratified: scores of the priors that were drawn in strata, by draw; None if draws are a random sample.
        """
        residuals, drawn = self._residuals()
        strata = None if stratified is None else Strata(stratified.loc[drawn].to_numpy())
        errors, floors = zip(*(_error(residuals[:, :, k], strata) for k in range(len(HEADLINES))), strict=True)
        return HeadlineError(_largest(errors), _largest(floors))

    def _residuals(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The weighted residuals by draw, replicate modulo 40 and outcome, and the numbers of these draws."""
        most = max(len(counts) for counts in self._counts.values())
        residuals = np.zeros((most, TIMELINES_PER_DRAW, len(HEADLINES)))
        used = np.zeros(most, bool)
        for name, weight in self._weights.items():
            counts = self._counts[name]
            each = counts.sum(axis=2, keepdims=True)
            share = counts.sum(axis=(0, 1)) / each.sum()
            residuals[: len(counts)] += weight / each.sum() * (counts - share * each)
            used[: len(counts)] |= each.any(axis=(1, 2))
        drawn = np.flatnonzero(used)
        return residuals[drawn], drawn


def _largest(found: Iterable[float | None]) -> float | None:
    """The largest of several numbers; None without one."""
    return max((number for number in found if number is not None), default=None)


def _error(residuals: NDArray[np.float64], strata: Strata | None) -> tuple[float | None, float | None]:
    """The error of one outcome, and its floor, from its residuals by draw and replicate modulo 40."""
    error = error_between_draws(residuals.sum(axis=1), strata)
    if error is None:
        return None, None
    within = TIMELINES_PER_DRAW * residuals.var(axis=1, ddof=1).sum()
    return error, float(np.sqrt(max(error**2 - within, 0.0)))
