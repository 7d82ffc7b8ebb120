"""The member that simulates the war week by week, under one perspective."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import DRAWS, Posterior, update
from forecast.belief.fit import Diagnostics
from forecast.belief.model import SeriesUse
from forecast.ensemble.member import Keep
from forecast.ensemble.pooling import Densities
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import USED_DRAWS, simulate_blocks
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.influence import influence
from forecast.replay.prequential import common_density
from forecast.replay.starting_points import Start
from forecast.scenario.spec import Scenario


@dataclass(frozen=True)
class SimulatedMember:
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
    def name(self) -> str:
        """The perspective's name."""
        return self.scenario.perspective

    @property
    def title(self) -> str:
        """The perspective's title; empty for the base premises."""
        own = self.scenario.perspectives.get(self.name)
        return "" if own is None else own.title

    @property
    def draws(self) -> pd.DataFrame:
        """The draws of the posterior that timelines use."""
        return self.posterior.draws.iloc[np.unique(self.starting.draw)].rename_axis("draw")

    @property
    def stratified(self) -> pd.DataFrame | None:
        """The draws of the priors that the evidence leaves as they are; None after a replay."""
        if self.effective_draws is not None:
            return None
        names = [name for name, prior in self.scenario.priors.items() if prior.varies == "world"]
        left = [name for name in names if name not in self.posterior.block_scores]
        return self.draws[left]

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
            "mean": self.posterior.redrawn_mean[:USED_DRAWS].tolist(),
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


def simulated_member(
    scenario: Scenario,
    day: date,
    request: RunRequest,
    keep: Keep,
    wait: Callable[[], None],
    *,
    pooled: bool,
    progress: bool,
    notify: Callable[[str], None],
) -> SimulatedMember:
    """Update a perspective's priors and simulate its timelines.

    Args:
        scenario: under the perspective.
        day: the as-of date.
        request: the request for the run.
        keep: called with each block of timelines.
        wait: called before the simulation, until it is compiled.
        pooled: also compute the log predictive densities, with which a pool updates its weights.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """

    def posterior_on(when: date, draws: int = DRAWS) -> Posterior:
        return update(
            scenario,
            when,
            prior_only=request.prior_only,
            allow_unconverged=request.allow_unconverged,
            fixed=request.fixed,
            progress=progress,
            draws=draws,
            draw_seed=request.draw_seed,
        )

    of, later = f" ({scenario.perspective})" if pooled else "", day > scenario.reference_date
    notify(f"updating the priors by the evidence{of}")
    # The particle filter chooses among all draws; on the reference date the first ones are used.
    posterior = posterior_on(day, DRAWS if later else USED_DRAWS)
    notify(f"simulating {request.timelines:,} timelines{of}" + (", after a replay of the past" if later else ""))
    wait()
    bands, starting, posterior = simulate_blocks(
        scenario,
        posterior,
        partial(keep, scenario.perspective),
        timelines=request.timelines,
        seed=request.seed,
        threads=request.threads,
    )
    densities: Densities = {}
    if pooled and later:
        densities = common_density(scenario, posterior_on(scenario.reference_date), day, request.threads)
    return SimulatedMember(scenario, posterior, bands, starting, densities)
