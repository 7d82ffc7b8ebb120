"""The member that simulates the war week by week, under one perspective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import DRAWS, Posterior, update
from forecast.belief.fit import Diagnostics
from forecast.belief.model import SeriesUse
from forecast.ensemble.member import Keep
from forecast.ensemble.pooling import Densities
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import Simulator, draws_used
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.influence import influence
from forecast.replay.prequential import common_density
from forecast.replay.starting_points import Start
from forecast.scenario.spec import Scenario


class OfScenario:
    """The name and title of a member that has a scenario.

    Attributes:
        scenario: under the perspective.
    """

    scenario: Scenario

    @property
    def name(self) -> str:
        """The perspective's name."""
        return self.scenario.perspective

    @property
    def title(self) -> str:
        """The perspective's title; empty for the base premises."""
        own = self.scenario.perspectives.get(self.name)
        return "" if own is None else own.title


@dataclass(frozen=True)
class SimulatedMember(OfScenario):
    """One perspective's forecast; see `forecast.ensemble.member.Member`.

    Attributes:
        scenario: under the perspective.
        posterior: on the as-of date.
        bands: weekly quantiles of every level of its timelines.
        starting: the starting points of its timelines.
        densities: log predictive densities since the reference date; empty unless the member is pooled.
    """

    scenario: Scenario
    posterior: Posterior
    bands: pd.DataFrame
    starting: Start
    densities: Densities = field(default_factory=dict)

    weekly = True
    draws_file = "draws.parquet"

    @property
    def draws(self) -> pd.DataFrame:
        """The draws of the posterior that timelines use."""
        return draws_of(self.posterior, self.starting)

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The draws of the priors that the evidence leaves as they are; None after a replay."""
        return stratified_draws(self.scenario, self.posterior, self.starting)

    def influence(self, timelines: Timelines) -> pd.DataFrame:
        """The effect of each prior on the odds."""
        return influence(timelines, self.draws, self.scenario)

    @property
    def series_used(self) -> Mapping[str, SeriesUse]:
        """The series that the posterior learns from."""
        return self.posterior.series_used

    @property
    def diagnostics(self) -> Diagnostics | None:
        """Convergence of the posterior's chains."""
        return self.posterior.diagnostics

    @property
    def netcdf(self) -> bytes:
        """The posterior's fit, thinned, as a netCDF file."""
        return self.posterior.netcdf

    @property
    def fit_key(self) -> str:
        """The key of the posterior's fit in the user's cache."""
        return self.posterior.fit_key

    @property
    def redrawn(self) -> Mapping[str, Any]:
        """The distribution of the parameters that vary by timeline: names, means of scores by draw, Cholesky factor."""
        return {
            "names": list(self.posterior.redrawn),
            "mean": self.posterior.redrawn_mean[: len(self.starting.draw)].tolist(),
            "chol": self.posterior.redrawn_chol.tolist(),
        }

    @property
    def start(self) -> bytes:
        """The starting points of the timelines after the particle filter, as a file; empty on the reference date."""
        return b"" if self.effective_draws is None else self.starting.to_bytes()

    @property
    def effective_draws(self) -> float | None:
        """Effective sample size after the particle filter; None on the reference date."""
        found = self.starting.effective
        return None if found is None else round(found, 1)


def draws_of(posterior: Posterior, starting: Start) -> pd.DataFrame:
    """The draws that timelines use, by their number."""
    return posterior.draws.iloc[np.unique(starting.draw)].rename_axis("draw")


def stratified_draws(scenario: Scenario, posterior: Posterior, starting: Start) -> pd.DataFrame | None:
    """The draws of the priors that the evidence leaves as they are; None after a replay."""
    if starting.effective is not None:
        return None
    names = [name for name, prior in scenario.priors.items() if prior.varies == "world"]
    return draws_of(posterior, starting)[[name for name in names if name not in posterior.block_scores]]


class SimulatedMaker:
    """Makes a perspective's forecast: updates the priors, then simulates as many timelines as are asked for.

    Args:
        scenario: under the perspective.
        day: the as-of date.
        request: the request for the run; its number of timelines is not used.
        keep: called with each block of timelines.
        wait: called before the simulation, until it is compiled.
        timelines: most timelines that will be asked for.
        pooled: also compute the log predictive densities, with which a pool updates its weights.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """

    def __init__(
        self,
        scenario: Scenario,
        day: date,
        request: RunRequest,
        keep: Keep,
        wait: Callable[[], None],
        *,
        timelines: int,
        pooled: bool,
        progress: bool,
        notify: Callable[[str], None],
    ) -> None:
        self._scenario, self._day, self._request, self._keep = scenario, day, request, keep
        self._progress, self._pooled = progress, pooled
        of, later = f" ({scenario.perspective})" if pooled else "", day > scenario.reference_date
        notify(f"updating the priors by the evidence{of}")
        # The particle filter chooses among all draws; on the reference date the first ones are used.
        posterior = self._posterior_on(day, DRAWS if later else draws_used(timelines))
        number = f"{timelines:,} " if request.precision is None else ""
        notify(f"simulating {number}timelines{of}" + (", after a replay of the past" if later else ""))
        wait()
        self._simulator = Simulator(
            scenario, posterior, draws=draws_used(timelines), seed=request.seed, threads=request.threads
        )

    @property
    def name(self) -> str:
        """The perspective's name."""
        return self._scenario.perspective

    def simulate(self, count: int) -> pd.DataFrame:
        """Simulate and keep the next timelines, and give their table."""
        table = self._simulator.next(count)
        self._keep(self.name, table)
        return table

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The same as `SimulatedMember.stratified`, of the timelines so far."""
        return stratified_draws(self._scenario, self._simulator.posterior, self._starting)

    def finish(self) -> SimulatedMember:
        """The forecast from the timelines so far."""
        made, densities = self._simulator, {}
        if self._pooled and self._day > self._scenario.reference_date:
            posterior = self._posterior_on(self._scenario.reference_date)
            densities = common_density(self._scenario, posterior, self._day, self._request.threads)
        return SimulatedMember(self._scenario, made.posterior, made.bands(), self._starting, densities)

    @property
    def _starting(self) -> Start:
        """The starting points of the draws that timelines have used so far."""
        return self._simulator.start.first_places(draws_used(self._simulator.made))

    def _posterior_on(self, day: date, draws: int = DRAWS) -> Posterior:
        request = self._request
        return update(
            self._scenario,
            day,
            prior_only=request.prior_only,
            allow_unconverged=request.allow_unconverged,
            fixed=request.fixed,
            progress=self._progress,
            draws=draws,
            draw_seed=request.draw_seed,
        )
