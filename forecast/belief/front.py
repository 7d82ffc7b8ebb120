"""The front block: the pace of the advance and its swings, estimated from two maps and a monthly count.

The first mapper measures the occupied area every Monday. The net advance of a week is modelled on the scale
``z = asinh(net / 40 km2)``, almost linear for small values of either sign and logarithmic for large ones. With
``m_t = level - mud * season_t`` and ``a = 2^(-1 / slow_half_life)``:

    slow    L_t = m_t + a (L_{t-1} - m_{t-1}) + slow_sd sqrt(1 - a^2) eps_t        eps ~ Normal(0, 1)
    fast    f_t = fast_persistence f_{t-1} + fast_scale tau_t                      tau ~ Student t, 4 degrees
    truth   X_{t+1} = X_t + 40 sinh(L_t + f_t)                                     km2
    map     A_t = X_t + mapper_error u_t                                           u ~ Student t, 4 degrees

A second mapper draws another line, with an area that differs by thousands of km2. It posts changes in other batches
and on other days, and sometimes redraws hundreds of km2 at once. Its area is therefore not used, but its change over
four weeks is, from every fourth Monday t to the next. A third party counts the gain of each month, from the morning b
of the first day to the morning e after the last (X is linear within a week):

    second  B_{t+4} - B_t = second_scale (X_{t+4} - X_t) + second_error v_t        v ~ Student t, 4 degrees
    month   G = monthly_scale (X_e - X_b) + monthly_error w                        w ~ Student t, 4 degrees

Student's t gives an outlier, such as a redrawn or half-empty map file, a bounded weight that falls with its
distance. The truth follows the first mapper's definition; the scales absorb the definitions of the other two.

The simulator continues exactly this process from the last observed week. `front_data` has the data, `front_model`
the PyMC model, and `front_replicates` simulates the process.

PyMC is imported only when a model is built: reading a saved fit does not need it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.belief.block import Draws, Series, Values
from forecast.belief.front_data import FRONT_PARAMETERS, FrontData, front_data, front_inputs, front_observed, front_rows
from forecast.belief.front_model import NET_SCALE, add_front
from forecast.belief.front_replicates import front_replicates, front_weeks, slow_and_fast, stationary
from forecast.scenario.spec import Scenario

__all__ = ["FRONT_PARAMETERS", "NET_SCALE", "FrontBlock", "FrontData"]


class FrontBlock:
    """The block of the front; see `forecast.belief.block.Block` for its members."""

    name = "front"
    parameters = tuple(f"front.{name}" for name in FRONT_PARAMETERS)

    def data(self, scenario: Scenario, day: date) -> FrontData:
        """Give the maps and the monthly count as known on a date.

        Raises:
            InputError: the first map has too few observations by then.
        """
        return front_data(scenario, day)

    def inputs(self, data: FrontData) -> dict[str, Array]:
        """Give the model's data by name; see `front_data.front_inputs`."""
        return front_inputs(data)

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the block's latents and likelihoods to the PyMC model of the calling context."""
        add_front(inputs, value)

    def states(self, draws: Draws, value: Values, data: FrontData) -> dict[str, Array]:
        """Give slow level and fast part of the week that ends on the last observed Monday, in units of z."""
        slow, fast = slow_and_fast(draws, value, data)
        return {"front.slow": slow[..., -1].copy(), "front.fast": fast[..., -1].copy()}

    def prior_states(self, value: Values, data: FrontData, rng: np.random.Generator) -> dict[str, Array]:
        """Draw both from their stationary distribution in the season of the last observed week; areas are not used."""
        return stationary(value, data.season[data.last - 1], rng)

    def paths(self, draws: Draws, value: Values, data: FrontData) -> Series:
        """Give slow level and fast part of every observed week, by the Monday that ends it."""
        slow, fast = slow_and_fast(draws, value, data)
        days = data.mondays[1 : data.last + 1]
        return {"front.slow": (days, slow), "front.fast": (days, fast)}

    def weekly(self, value: Values, draws: Draws | None, data: FrontData, rng: np.random.Generator) -> dict[str, Array]:
        """Give slow level, fast part and `front.net`, km2 of each week; see `front_replicates.front_weeks`."""
        return front_weeks(value, draws, data, rng)

    def replicates(
        self, value: Values, draws: Draws | None, data: FrontData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give replicates of each series; see `front_replicates.front_replicates`."""
        return front_replicates(value, draws, data, rng)

    def observed(self, data: FrontData) -> Series:
        """Give weekly net km2, changes over four weeks and monthly gains, each by its last day."""
        return front_observed(data)

    def rows_used(self, data: FrontData) -> dict[str, int]:
        """Give the number of maps between which there are changes, and of months counted."""
        return front_rows(data)
