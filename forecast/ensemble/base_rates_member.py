"""The member `base-rates`, which forecasts from the frequencies of past wars and does not simulate weeks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecast.belief.model import SeriesUse
from forecast.ensemble import base_rates
from forecast.ensemble.member import Keep
from forecast.ensemble.pooling import Densities
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import USED_DRAWS
from forecast.outcomes.conditions import Timelines
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.spec import Scenario


@dataclass(frozen=True)
class BaseRatesMember:
    """The forecast from base rates; see `forecast.ensemble.member.Member`.

    Attributes:
        draws: the draws of the rates that timelines use.
        densities: log predictive densities since the reference date.
    """

    draws: pd.DataFrame
    densities: Densities

    name = BASE_RATES
    title = ""
    weekly = False
    draws_file = f"draws_{BASE_RATES}.parquet"
    diagnostics = None
    netcdf = b""
    fit_key = ""
    redrawn = None
    start = b""
    effective_draws = None

    @property
    def bands(self) -> pd.DataFrame:
        """Empty: the member does not simulate weeks."""
        return pd.DataFrame()

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The draws of its rates and shares, each made in strata."""
        return self.draws.add_prefix(f"{BASE_RATES}.")

    def influence(self, timelines: Timelines) -> pd.DataFrame:  # noqa: ARG002
        """Empty: the member's rates are not priors of the scenario."""
        return pd.DataFrame()

    @property
    def series_used(self) -> Mapping[str, SeriesUse]:
        """Empty: the member does not use a block of the belief."""
        return {}


def base_rates_member(scenario: Scenario, day: date, request: RunRequest, keep: Keep) -> BaseRatesMember:
    """Draw the rates and simulate the member's timelines.

    Args:
        scenario: with `base_rates.toml`, without edits.
        day: the as-of date.
        request: the number of timelines and the seed.
        keep: called with each block of timelines.
    """
    truces = base_rates.general_truces(scenario, day)
    draws = base_rates.believe(scenario, day, truces, request.draw_seed)
    size, seed = request.timelines, request.seed
    for block in base_rates.simulate_blocks(scenario, draws, day, truces, timelines=size, seed=seed):
        keep(BASE_RATES, block)
    used = draws.head(USED_DRAWS).rename_axis("draw")
    return BaseRatesMember(used, base_rates.common_density(scenario, day, truces))
