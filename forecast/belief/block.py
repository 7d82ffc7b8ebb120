"""The interface of a block: parameters and levels that are estimated together from some series.

`forecast.belief.model` turns each block into a PyMC model, which is compiled and sampled separately. To add a block,
write a class with these members and add it to `forecast.belief.model.BLOCKS`. A prior belongs to one block at most.
The block's name is the prefix of its inputs and latents.

A block uses only the evidence of the as-of date. Its arrays have the same shapes on every date of a scenario: they
are padded to the horizon and masked, so one compiled model serves all dates. If a scenario lacks a block's series,
the block has no data, and its posterior is the prior.

PyMC and PyTensor may be imported inside `add` only, because a saved fit is read without them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import numpy as np

from forecast.arrays import Array
from forecast.calendar import Dates
from forecast.scenario.spec import Scenario

Draws = Mapping[str, Array]
"""Latents by name, (chain, draw, ...)."""

Values = Mapping[str, Array]
"""Parameters by dotted name, each in its unit, (chain, draw)."""

Series = dict[str, tuple[Dates, Array]]
"""By id of a series or a level: days (k,), and values with k as their last axis."""


def interpolate(path: Array, when: Any) -> Array:
    """Values of a path between its points, by linear interpolation, (..., *shape of `when`).

    Args:
        path: (..., k), at times 0 to k - 1.
        when: times from 0 to k - 1, of any shape.
    """
    before = np.minimum(np.floor(when).astype(np.int64), path.shape[-1] - 2)
    share = when - before
    return np.asarray(path[..., before] * (1.0 - share) + path[..., before + 1] * share)


class Block[Data](Protocol):
    """A group of parameters and levels that is fitted separately from the others.

    Attributes:
        name: prefix of its inputs and latents, followed by `_`.
        parameters: dotted names of the priors that it updates; all vary by world.
    """

    @property
    def name(self) -> str:
        """Prefix of its inputs and latents, followed by `_`."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Dotted names of the priors that it updates."""

    def data(self, scenario: Scenario, day: date) -> Data:
        """Give the block's evidence on a date, as a frozen dataclass padded to the horizon.

        The evidence comes from `scenario.evidence.as_of(day)` only.

        Raises:
            InputError: the date has too little evidence.
        """

    def inputs(self, data: Data) -> dict[str, Array]:
        """Give the model's data by name, with the prefix `<block>_`; shapes are the same on every date."""

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the block's latents and likelihood to the PyMC model of the calling context.

        Names of latents have the prefix `<block>_`.

        Args:
            inputs: the `pm.Data` tensors of `inputs`, by the same names.
            value: the tensor of each of `parameters`, in its unit, by dotted name.
        """

    def states(self, draws: Draws, value: Values, data: Data) -> dict[str, Array]:
        """Give the levels on the as-of date, from which timelines start: by dotted name, (chain, draw).

        Args:
            draws: all latents that `add` declares.
            value: all `parameters`.
            data: the data of the fit.
        """

    def prior_states(self, value: Values, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the same levels from the prior; `data` gives the calendar only."""

    def paths(self, draws: Draws, value: Values, data: Data) -> Series:
        """Give the paths that are saved with the run: by name of the level, days (k,), values (chain, draw, k)."""

    def weekly(self, value: Values, draws: Draws | None, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Give the levels by week from the reference date to the as-of date, (chain, draw, K + 1), by dotted name.

        K is the number of calendar weeks, Monday to Sunday, with a day from the reference date to the day before the
        as-of date; it is 0 on the reference date. Entry 0 is the level on the Monday morning of the reference date's
        week. Entry k is the level at the end of week k: on the next Monday morning, or on the morning of the as-of
        date if that is earlier (`forecast.calendar.week_ends`). An unobserved week is NaN, and timelines simulate it.

        Args:
            value: all `parameters`.
            draws: latents of the posterior; None for the prior.
            data: the data of the fit.
            rng: random numbers for the prior, in the same state as for `prior_states`.
        """

    def replicates(self, value: Values, draws: Draws | None, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Give replicates of each series, (chain, draw, observation): its observations as the model generates them.

        The observations are those of `observed`, in the same order.

        Args:
            value: all `parameters`.
            draws: latents of the posterior; None draws them from the prior given `value` (prior predictive).
            data: the data of the fit.
            rng: random numbers.
        """

    def observed(self, data: Data) -> Series:
        """Give the observations that the block uses, by id of the series: days and values.

        Series without observations are left out.
        """

    def rows_used(self, data: Data) -> dict[str, int]:
        """Give the number of rows that these observations are made of, by id of the series."""
