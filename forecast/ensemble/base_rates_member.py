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
from forecast.ensemble.simulated import draws_used
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


class BaseRatesMaker:
    """Makes the forecast from base rates: draws the rates, then simulates as many timelines as are asked for.

    Args:
        scenario: with `base_rates.toml`, without edits.
        day: the as-of date.
        request: the seeds.
        keep: called with each block of timelines.
    """

    name = BASE_RATES

    def __init__(self, scenario: Scenario, day: date, request: RunRequest, keep: Keep) -> None:
        self._scenario, self._day, self._keep = scenario, day, keep
        self._truces = base_rates.general_truces(scenario, day)
        self._draws = base_rates.believe(scenario, day, self._truces, request.draw_seed)
        self._simulator = base_rates.Simulator(
            scenario, self._draws, day, self._truces, seed=request.seed, used=len(self._draws)
        )

    def simulate(self, count: int) -> pd.DataFrame:
        """Simulate and keep the next timelines, and give their table."""
        table = self._simulator.next(count)
        self._keep(BASE_RATES, table)
        return table

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The same as `BaseRatesMember.stratified`, of the timelines so far."""
        return self.finish().stratified

    def finish(self) -> BaseRatesMember:
        """The forecast from the timelines so far."""
        used = self._draws.head(draws_used(self._simulator.made)).rename_axis("draw")
        return BaseRatesMember(used, base_rates.common_density(self._scenario, self._day, self._truces))
