"""The interface of a member: one forecast, however it was made. The pool and the summary use nothing else.

A member's timelines are not part of it: they are passed on block by block while they are simulated (`Keep`), because a
long run does not fit in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from forecast.belief.fit import Diagnostics
from forecast.belief.model import SeriesUse
from forecast.ensemble.pooling import Densities
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.influence import scores_of

Keep = Callable[[str, pd.DataFrame], None]
"""Called with a member's name and the table of each block of its timelines, in order."""


class Member(Protocol):
    """One forecast: the timelines of a perspective, or of base rates.

    A run of one perspective has one member; a pool has several.
    """

    @property
    def name(self) -> str:
        """A perspective's name, or `base-rates`."""

    @property
    def title(self) -> str:
        """The perspective's title; empty if it has none."""

    @property
    def weekly(self) -> bool:
        """Whether it simulates the war week by week, not only its end."""

    @property
    def draws(self) -> pd.DataFrame:
        """The draws of its parameters that timelines use, one row each; the index `draw` has their numbers."""

    @property
    def draws_file(self) -> str:
        """Name of the file that keeps its draws; members with the same columns share one."""

    @property
    def bands(self) -> pd.DataFrame:
        """Weekly quantiles of every level; empty if it has no weeks."""

    @property
    def densities(self) -> Densities:
        """Log predictive densities of what happened since the reference date."""

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The draws that were made in strata, by draw; None where draws were selected by their weights."""

    def influence(self, timelines: Timelines) -> pd.DataFrame:
        """The effect of each prior on its odds, from `forecast.outcomes.influence`; empty without priors.

        Args:
            timelines: the member's.
        """

    @property
    def series_used(self) -> Mapping[str, SeriesUse]:
        """The series it learns from: by series, the block and the number of observations."""

    @property
    def diagnostics(self) -> Diagnostics | None:
        """Convergence of its sampler; None without one."""

    @property
    def netcdf(self) -> bytes:
        """The fit, thinned, as a netCDF file; empty without one."""

    @property
    def fit_key(self) -> str:
        """The key under which the user's cache keeps all draws of the fit; empty without one."""

    @property
    def redrawn(self) -> Mapping[str, Any] | None:
        """The distribution of the parameters that each timeline draws, as JSON; None if there are none."""

    @property
    def start(self) -> bytes:
        """The starting points of its timelines after the particle filter, as a file; empty without a filter."""

    @property
    def effective_draws(self) -> float | None:
        """Effective sample size of its draws after the particle filter; None without a filter."""


class Maker(Protocol):
    """A forecast in the making: timelines are simulated until there are enough."""

    @property
    def name(self) -> str:
        """The same as the member's."""

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The same as the member's, of the timelines so far."""

    def simulate(self, count: int) -> pd.DataFrame:
        """Simulate and keep the next timelines, and give their table."""

    def finish(self) -> Member:
        """The forecast from the timelines so far."""


def scores_of_strata(members: Sequence[Member | Maker]) -> pd.DataFrame | None:
    """Normal scores of all that the members drew in strata, by draw; None where draws were selected by their weights.

    The members of a pool use the same numbers for the same prior, so each prior enters once.
    """
    drawn = [member.stratified for member in members]
    known = [table for table in drawn if table is not None]
    if len(known) < len(drawn):
        return None
    varying = [table.loc[:, (table != table.iloc[0]).any()] for table in known]
    together = pd.concat(varying, axis=1)
    return scores_of(together.loc[:, ~together.columns.duplicated()])
