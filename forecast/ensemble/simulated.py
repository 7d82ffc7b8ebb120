"""The simulation of timelines from a posterior."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast import calendar
from forecast.belief.assemble import DRAWS, Posterior
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.request import BLOCK, SEED, TIMELINES, check_size
from forecast.errors import InputError
from forecast.inputs.parsing import given_count
from forecast.replay import starting_points
from forecast.scenario.spec import Scenario
from forecast.timeline import bands
from forecast.timeline.cells import Inputs, simulate_cells

USED_DRAWS = starting_points.BLOCK_DRAWS
"""Draws of the posterior that a block of timelines uses."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def draws_used(timelines: int) -> int:
    """The number of draws that a run's timelines use: `USED_DRAWS` for each block begun, until all have been used.

    Then the blocks begin again with the first draws, in new replicates.
    """
    return min(USED_DRAWS * -(-timelines // BLOCK), DRAWS)


@dataclass(frozen=True, repr=False)
class Simulation:
    """Simulated timelines.

    Attributes:
        timelines: one row for each timeline; `forecast.encoding.timeline_table.data_dictionary` lists the columns.
        bands: weekly quantiles of every level among timelines still running, overall and by kind of ending.
        start: the starting points of the timelines.
    """

    timelines: pd.DataFrame
    bands: pd.DataFrame
    start: starting_points.Start

    def __repr__(self) -> str:
        """Show the number of timelines, not the tables."""
        return f"Simulation({len(self.timelines)} timelines from {len(self.start.draw)} draws)"


def simulate(
    scenario: Scenario,
    posterior: Posterior,
    *,
    timelines: int = TIMELINES,
    seed: int = SEED,
    threads: int | None = None,
    draws: int | None = None,
    substeps: int = 1,
    change: Callable[[Any, Any], None] | None = None,
) -> Simulation:
    """Simulate timelines from the as-of date to the horizon; a particle filter covers the time before.

    Args:
        scenario: the scenario.
        posterior: from `update`.
        timelines: number of timelines; timeline i uses draw (i // 40) mod `draws`.
        seed: seed of the random numbers; the posterior does not depend on it.
        threads: number of threads, by default one for each processor; does not change the results.
        draws: number of draws of the posterior to use: on the reference date the first draws, later those that the
            particle filter selects; by default those of `draws_used`, as in a run.
        substeps: number of steps in a week, for rates, ladder and terms; more than 1 only to check the step length.
        change: changes the parameter rows and the starting states in place, before the first week.

    Raises:
        InputError: too few or too many timelines, no threads, a negative seed, no draws or more than the posterior has.
    """
    timelines, seed, threads = check_size(timelines, seed, threads)
    draws = min(draws_used(timelines), len(posterior.draws)) if draws is None else draws
    simulator = Simulator(
        scenario, posterior, draws=draws, seed=seed, threads=threads, substeps=substeps, change=change
    )
    table = simulator.next(timelines)
    return Simulation(table, simulator.bands(), simulator.start)


class Simulator:
    """Simulates the timelines of a posterior one after the other, in as many parts as are asked for.

    Args:
        scenario: the scenario.
        posterior: from `update`.
        draws: number of draws to use.
        seed: seed of the random numbers.
        threads: number of threads.
        substeps: number of steps in a week.
        change: changes the parameter rows and the starting states in place.

    Attributes:
        start: the starting points of the timelines.
        posterior: the posterior with the draws that these name.
        made: number of timelines simulated so far.

    Raises:
        InputError: no draws or more than the posterior has, or no substeps.
    """

    def __init__(
        self,
        scenario: Scenario,
        posterior: Posterior,
        *,
        draws: int,
        seed: int,
        threads: int | None = None,
        substeps: int = 1,
        change: Callable[[Any, Any], None] | None = None,
    ) -> None:
        draws, substeps = given_count(draws, "draws"), given_count(substeps, "substeps")
        if substeps < 1:
            raise InputError(f"{substeps} substeps", key="substeps", remedy="Ask for at least 1")
        if not 1 <= draws <= len(posterior.draws):
            raise InputError(f"{draws} draws", key="draws", remedy=f"Ask for 1 to {len(posterior.draws)}")
        self.start, self.posterior = start, posterior = starting_points.start(scenario, posterior, draws, threads)
        rows = kernel_inputs.parameter_rows(scenario, posterior.draws.iloc[start.draw])
        mean = posterior.redrawn_mean[start.draw]
        redrawn = kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, mean, posterior.redrawn_chol)
        world = kernel_inputs.make_world(scenario, posterior.as_of, substeps)
        if change is not None:
            change(rows, start.states)
        self._inputs = Inputs(rows, start.states, start.results, start.values, redrawn, world)
        self._scenario, self._seed, self._threads = scenario, seed, threads
        self._counts: Any = 0
        self.made = 0

    def next(self, count: int) -> pd.DataFrame:
        """Simulate the next timelines, and give their table."""
        cells = self.start.cells(np.arange(self.made, self.made + count))
        result, counts = simulate_cells(self._inputs, cells, self._seed, self._threads, self.made)
        self._counts = self._counts + counts
        self.made += count
        return timeline_table(result, self._scenario, self.posterior.as_of)

    def bands(self) -> pd.DataFrame:
        """The weekly quantiles of every level among the timelines simulated so far."""
        return bands_table(self._counts, self._scenario, int(self.start.states.week[0]))


def bands_table(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]], scenario: Scenario, first: int
) -> pd.DataFrame:
    """Weekly quantiles of every level: one row for each level, kind of ending (and `all`) and week.

    Args:
        counts: from `simulate_cells`, shape (groups, weeks, levels, bins).
        scenario: for the calendar.
        first: the first week simulated.
    """
    monday = calendar.monday(scenario.reference_date)
    weeks = np.arange(first, counts.shape[1])
    last_days = [min(monday + timedelta(days=7 * int(w) + 6), scenario.horizon) for w in weeks]
    grouped = {"all": counts.sum(axis=0)} | {name: counts[k] for k, name in enumerate(bands.GROUPS)}
    parts = []
    for k, level in enumerate(bands.LEVELS):
        for name, group in grouped.items():
            values = bands.quantiles(group[weeks, k], level, QUANTILES)
            part = pd.DataFrame({f"q{round(100 * q):02d}": values[:, j] for j, q in enumerate(QUANTILES)})
            part.insert(0, "level", level.name)
            part.insert(1, "unit", level.unit)
            part.insert(2, "ending", name)
            part.insert(3, "week", weeks)
            part.insert(4, "date", pd.array(np.array(last_days, dtype="datetime64[s]")))
            part["timelines"] = group[weeks, k].sum(axis=1)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)
