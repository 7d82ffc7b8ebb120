"""What a block of the belief is: one driver's parameters and levels, and the dated series that it learns them from.

`forecast.belief.model` makes of each a PyMC model, compiled and sampled by itself. To add one, write a class with
these members, and add it to `forecast.belief.model.BLOCKS`. A prior belongs to at most one block, whose name
begins all that it adds.

A block never sees more than the evidence of the as-of date, and its arrays have the same shapes on every date
of a scenario: what is not yet known is padded to the horizon and masked, so that one compiled model serves all
dates. A block whose series a scenario lacks has no data, and gives the prior back.

PyMC and PyTensor may be imported inside `add` only: a saved fit is read without them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.calendar import monday
from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario

Dates = NDArray[np.datetime64]
"""Days, datetime64[D]."""

Draws = Mapping[str, Array]
"""Latents by name, (chain, draw, ...)."""

Values = Mapping[str, Array]
"""Parameters by dotted name, each in its unit, (chain, draw)."""

Series = dict[str, tuple[Dates, Array]]
"""By id of a series or of a state: days (k,), and values whose last axis is (k,)."""


def week_ends(reference: date, day: date) -> Dates:
    """When the calendar weeks that the days from the reference date to the day before a date touch begin and end.

    Args:
        reference: the reference date.
        day: the as-of date, not before it.

    Returns:
        (K + 1,) the Monday of the reference date's week, then the Monday after each week; the last is the as-of
        date, where that comes before the Monday.
    """
    first = monday(reference)
    count = -(-(day - first).days // 7) if day > reference else 0
    return np.minimum(days_after(first, 7 * np.arange(count + 1)), np.datetime64(day, "D"))


def days_after(day: date, count: NDArray[Any]) -> Dates:
    """The days that come so many whole days after one."""
    return np.asarray(np.datetime64(day, "D") + np.asarray(count, dtype=np.int64).astype("timedelta64[D]"))


def between(path: Array, when: Any) -> Array:
    """A path at times counted in its steps, linear between two points, (..., *shape of `when`).

    Args:
        path: (..., k), at times 0 to k - 1.
        when: times from 0 to k - 1, of any shape.
    """
    before = np.minimum(np.floor(when).astype(np.int64), path.shape[-1] - 2)
    share = when - before
    return np.asarray(path[..., before] * (1.0 - share) + path[..., before + 1] * share)


class Block[Data](Protocol):
    """One part of the belief.

    Attributes:
        name: begins the names of its inputs and latents, with `_` after it.
        parameters: dotted names of the priors that it updates; all vary by world.
    """

    @property
    def name(self) -> str:
        """Begins the names of its inputs and latents, with `_` after it."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Dotted names of the priors that it updates."""

    def data(self, scenario: Scenario, day: date) -> Data:
        """Give what is known on a date, a frozen dataclass padded to the horizon.

        Takes the evidence from `scenario.evidence.as_of(day)` and from nowhere else.

        Raises:
            InputError: too little was known by then.
        """

    def inputs(self, data: Data) -> dict[str, Array]:
        """Give the model's data by name, which begins with `<block>_`; shapes are the same on every date."""

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the block's latents and likelihood to the PyMC model whose context this is called in.

        Names of latents begin with `<block>_`.

        Args:
            inputs: the tensors of `pm.Data` that hold `inputs`, by the same names.
            value: the tensor of each of `parameters`, in its unit, by dotted name.
        """

    def states(self, draws: Draws, value: Values, data: Data) -> dict[str, Array]:
        """Give the levels on the as-of date that a timeline starts from: by dotted name, (chain, draw).

        Args:
            draws: every latent that `add` declared.
            value: every one of `parameters`.
            data: what the fit was given.
        """

    def prior_states(self, value: Values, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Give the same drawn from the prior, with no evidence but the calendar: (chain, draw)."""

    def paths(self, draws: Draws, value: Values, data: Data) -> Series:
        """Give latent paths to be kept with the run: by dotted name of the state, days (k,), (chain, draw, k)."""

    def weekly(self, value: Values, draws: Draws | None, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Give what the weeks from the reference date to the as-of date were, (chain, draw, K + 1), by dotted name.

        K calendar weeks, Monday to Sunday, are touched by the days from the reference date to the day before the
        as-of date: none on the reference date itself. Entry 0 is the level on the Monday morning of the reference
        date's week, entry k the level at the end of week k: the next Monday morning, or the as-of date's where that
        comes first (`week_ends`). NaN stands where nothing of the week was seen, and a timeline has to be simulated.

        Args:
            value: every one of `parameters`.
            draws: latents of the posterior; None for the prior, whose luck is that of `prior_states`.
            data: what the fit was given.
            rng: the luck of the prior; as it was given to `prior_states`.
        """

    def replicates(self, value: Values, draws: Draws | None, data: Data, rng: np.random.Generator) -> dict[str, Array]:
        """Give each observed series as it would be measured again, (chain, draw, observation).

        A series has the same observations, in the same order, as in `observed`.

        Args:
            value: every one of `parameters`.
            draws: latents of the posterior; None draws them from the prior given `value`: prior predictive.
            data: what the fit was given.
            rng: the luck.
        """

    def observed(self, data: Data) -> Series:
        """Give the figures that the block learns from, by id of the series: days and values.

        A series that is not used, or of which nothing is known yet, is left out.
        """
