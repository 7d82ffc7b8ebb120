"""The simulation of timelines from a posterior."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast import calendar
from forecast.belief.assemble import Posterior
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.request import SEED, TIMELINES, check_size
from forecast.errors import InputError
from forecast.inputs.parsing import given_count
from forecast.replay import starting_points
from forecast.scenario.spec import Scenario
from forecast.timeline import bands
from forecast.timeline.cells import Inputs, simulate_cells

USED_DRAWS = 500
"""Draws of the posterior that timelines use."""

BLOCK = 32_768
"""Timelines that a run simulates before it saves them, so that a long run needs little memory. The number does not
change the results."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


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
    draws: int = USED_DRAWS,
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
            particle filter selects.
        substeps: number of steps in a week, for rates, ladder and terms; more than 1 only to check the step length.
        change: changes the parameter rows and the starting states in place, before the first week.

    Raises:
        InputError: too few or too many timelines, no threads, a negative seed, no draws or more than the posterior has.
    """
    timelines, seed, threads = check_size(timelines, seed, threads)
    tables: list[pd.DataFrame] = []
    bands, start, _ = simulate_blocks(
        scenario,
        posterior,
        tables.append,
        timelines=timelines,
        seed=seed,
        threads=threads,
        draws=draws,
        substeps=substeps,
        block=timelines,
        change=change,
    )
    return Simulation(tables[0], bands, start)


def simulate_blocks(
    scenario: Scenario,
    posterior: Posterior,
    keep: Callable[[pd.DataFrame], None],
    *,
    timelines: int,
    seed: int,
    threads: int | None = None,
    draws: int = USED_DRAWS,
    substeps: int = 1,
    block: int = BLOCK,
    change: Callable[[Any, Any], None] | None = None,
) -> tuple[pd.DataFrame, starting_points.Start, Posterior]:
    """Simulate timelines block by block, as `simulate` does.

    Args:
        scenario: the scenario.
        posterior: from `update`.
        keep: called with the table of each block, in order.
        timelines: number of timelines.
        seed: seed of the random numbers.
        threads: number of threads.
        draws: number of draws to use.
        substeps: number of steps in a week.
        block: number of timelines in a block; does not change the results.
        change: changes the parameter rows and the starting states in place.

    Returns:
        The bands and the starting points, see `Simulation`, and the posterior with the draws that these name.

    Raises:
        InputError: no draws or more than the posterior has, or no substeps.
    """
    draws, substeps = given_count(draws, "draws"), given_count(substeps, "substeps")
    if substeps < 1:
        raise InputError(f"{substeps} substeps", key="substeps", remedy="Ask for at least 1")
    if not 1 <= draws <= len(posterior.draws):
        raise InputError(f"{draws} draws", key="draws", remedy=f"Ask for 1 to {len(posterior.draws)}")
    start, posterior = starting_points.start(scenario, posterior, draws, threads)
    rows = kernel_inputs.parameter_rows(scenario, posterior.draws.iloc[start.draw])
    mean = posterior.redrawn_mean[start.draw]
    redrawn = kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, mean, posterior.redrawn_chol)
    world = kernel_inputs.make_world(scenario, posterior.as_of, substeps)
    if change is not None:
        change(rows, start.states)
    inputs = Inputs(rows, start.states, start.results, start.values, redrawn, world)
    counts: Any = 0
    for first in range(0, timelines, block):
        cells = start.cells(np.arange(first, min(first + block, timelines)))
        result, more = simulate_cells(inputs, cells, seed, threads, first)
        counts = counts + more
        keep(timeline_table(result, scenario, posterior.as_of))
        del result  # before the next block needs its memory
    return bands_table(counts, scenario, int(start.states.week[0])), start, posterior


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
