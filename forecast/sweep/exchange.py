"""Samples of parameters in which groups of entries are exchanged, and the simulation of their timelines.

A group may be exchanged with its parameters only, or together with its streams of random numbers: a timeline then uses
the random numbers of another seed in the decisions of the group.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.belief.assemble import STARTS, STATES, Posterior
from forecast.belief.draws import generator
from forecast.encoding import kernel_inputs
from forecast.encoding.timeline_table import HEADLINES, outcomes
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import REDRAW, Cells, inputs_at_start, simulate_cells
from forecast.timeline.random_numbers import decisions

LEVEL_GROUPS = dict.fromkeys(STATES, "front.level") | {state: start for start, state in STARTS.items()}
"""The parameter with which each level on the as-of date goes."""

OTHER_LANES = 1 << 48
"""Added to the lane of a parameter that varies by timeline, to give it the numbers of the second seed."""


@dataclass(frozen=True)
class Sample:
    """Draws of all parameters, put together from several draws of the posterior.

    Attributes:
        values: (n, columns) in the order of the columns of `Posterior.draws`.
        means: (n, k) means of the scores of the parameters that vary by timeline.
    """

    values: Array
    means: Array


@dataclass(frozen=True)
class Columns:
    """The columns of a set of entries in a sample.

    Attributes:
        values: (columns,) whether each column of the draws belongs to the set.
        means: (k,) whether each parameter that varies by timeline does.
    """

    values: NDArray[np.bool_]
    means: NDArray[np.bool_]


class Simulator:
    """Simulates samples of parameters, with random numbers of two seeds.

    Args:
        scenario: the scenario, with groups.
        posterior: on the reference date.
        pairs: number of draws in each sample.
        replicates: number of timelines of each draw.
        seed: of the first random numbers.
        threads: number of threads.
    """

    def __init__(
        self, scenario: Scenario, posterior: Posterior, pairs: int, replicates: int, seed: int, threads: int | None
    ) -> None:
        self.scenario, self.posterior, self.threads = scenario, posterior, threads
        self.seeds = (seed, f"{seed} second")
        self.shape = (pairs, replicates)
        self.timelines = 0
        row = np.repeat(np.arange(pairs), replicates)
        self.cells = Cells(row, row, row, np.tile(np.arange(replicates), pairs))
        self.world = kernel_inputs.make_world(scenario, posterior.as_of)
        self.group_of = {entry: group.id for group in scenario.groups for entry in group.entries}
        self.streams = {stream: group.id for group in scenario.groups for stream in group.streams}

    def inputs(self, sample: Sample) -> Any:
        """The simulator's inputs for a sample."""
        draws = pd.DataFrame(sample.values, columns=self.posterior.draws.columns)
        rows = kernel_inputs.parameter_rows(self.scenario, draws)
        states = kernel_inputs.starting_states(self.scenario, draws, rows, self.posterior.as_of)
        redrawn = kernel_inputs.redrawn_parameters(
            self.scenario, self.posterior.redrawn, sample.means, self.posterior.redrawn_chol
        )
        inputs = inputs_at_start(rows, states, redrawn, self.world)
        return inputs._replace(results=kernel_inputs.starting_result(self.scenario))

    def run(self, inputs: Any, second: Collection[str]) -> NDArray[np.int64]:
        """The outcomes of the timelines of a sample, as places in `HEADLINES`; shape (pairs, replicates).

        Args:
            inputs: from `inputs`.
            second: ids of the groups that use the random numbers of the second seed.
        """
        seeds = {name: self.seeds[self.streams.get(name) in second] for name in decisions()}
        # All parameters that vary by timeline share one stream, each with a lane of its own.
        seeds[decisions()[REDRAW]] = self.seeds[0]
        other = np.array([self.group_of[name] in second for name in self.posterior.redrawn], dtype=np.int64)
        redrawn = inputs.redrawn._replace(lane=inputs.redrawn.lane + OTHER_LANES * other)
        record, _ = simulate_cells(inputs._replace(redrawn=redrawn), self.cells, seeds, self.threads)
        self.timelines += len(record)
        return outcomes(record, self.scenario).reshape(self.shape)

    def both(self, inputs: Any, second: Collection[str] = ()) -> NDArray[np.int64]:
        """The outcomes of a sample under both seeds, shape (pairs, 2, replicates).

        Args:
            inputs: from `inputs`.
            second: ids of the groups that use the other seed than all others.
        """
        everybody = {group.id for group in self.scenario.groups}
        return np.stack([self.run(inputs, set(second)), self.run(inputs, everybody - set(second))], axis=1)


def columns_of(posterior: Posterior, entries: Collection[str]) -> Columns:
    """The columns of a set of entries; a level on the as-of date goes with its parameter in `LEVEL_GROUPS`."""
    held = set(entries)
    return Columns(
        np.array([LEVEL_GROUPS.get(name, name) in held for name in posterior.draws.columns]),
        np.array([name in held for name in posterior.redrawn], dtype=bool),
    )


def independent_samples(scenario: Scenario, posterior: Posterior, pairs: int, seed: int) -> tuple[Sample, Sample]:
    """Two samples in which all groups are independent: each group's columns come from draws of their own.

    Args:
        scenario: for its groups.
        posterior: at least twice as many draws as `pairs`; each group uses a draw at most once.
        pairs: number of rows of each sample.
        seed: of the choice of draws.
    """
    both = sample_of(posterior, slice(0, 2 * pairs))
    values, means = both.values.copy(), both.means.copy()
    draws, scores = posterior.draws.to_numpy(float), posterior.redrawn_mean
    for group in scenario.groups:
        chosen = generator(seed, f"groups {group.id}").permutation(len(draws))[: 2 * pairs]
        own = columns_of(posterior, group.entries)
        values[:, own.values] = draws[chosen][:, own.values]
        means[:, own.means] = scores[chosen][:, own.means]
    return Sample(values[:pairs], means[:pairs]), Sample(values[pairs:], means[pairs:])


def exchanged(a: Sample, b: Sample, own: Columns) -> tuple[Sample, Sample]:
    """Two samples after an exchange of some columns: `a` with the columns of `b`, and `b` with those of `a`."""
    return tuple(  # type: ignore[return-value]  # two of two
        Sample(np.where(own.values, other.values, one.values), np.where(own.means, other.means, one.means))
        for one, other in ((a, b), (b, a))
    )


def sample_of(posterior: Posterior, some: slice) -> Sample:
    """Some draws of a posterior, as they are."""
    return Sample(posterior.draws.iloc[some].to_numpy(float), posterior.redrawn_mean[some])


def indicators(found: NDArray[np.int64]) -> Array:
    """Whether each timeline has each outcome, as 0 and 1; shape (outcomes, pairs, 2, replicates)."""
    return np.stack([(found == k).astype(float) for k in range(len(HEADLINES))])
