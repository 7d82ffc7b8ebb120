"""Many small simulations at the cost of one large one: cells of a sweep, batched into one compiled call.

A cell is a set of draws in which some parameters are moved, and the timelines that start from these draws. Its timeline
of a draw and a replicate has the random numbers of that timeline of a run, so cells differ in nothing but the moves. A
cell is a pure function of its engine and its moves: neither the batch, the threads nor the order change its bytes.

On a date after the reference date cells start from the starting points of the run, which were found with no input
moved: the past is not replayed in each cell, and a moved parameter acts from the as-of date on.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.belief.assemble import STATES, Posterior
from forecast.encoding import kernel_inputs
from forecast.encoding.moved_rows import Columns, move
from forecast.replay.starting_points import Start
from forecast.scenario.spec import Scenario
from forecast.sweep.exchange import Sample
from forecast.sweep.outputs import FAILED, Codes, codes_of
from forecast.timeline.cells import TIMELINES_PER_DRAW, Cells, Inputs, Redrawn, simulate_cells
from forecast.timeline.parameters import PARAMETERS
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE

MEMORY = 96_000_000
"""Bytes that the rows, states and results of a batch may take."""

Moves = Mapping[str, float | Array]
"""Columns of the draws by name, each a value for all draws or (draws,) values."""


@dataclass(frozen=True)
class Cell:
    """One simulation of a sweep.

    Attributes:
        moves: the columns that are moved. A parameter that varies by timeline is fixed at the value.
        means: (draws,) moved means of the scores of parameters that vary by timeline.
        base: number of the sample of draws that it moves.
    """

    moves: Moves
    means: Mapping[str, Array] = field(default_factory=dict)
    base: int = 0


@dataclass(frozen=True)
class Base:
    """A sample of draws, ready to be moved.

    Attributes:
        slots: (n,) places of the starting points.
        sample: values and means of the draws.
        rows: (n,) parameter rows, laid out as `Parameters`.
    """

    slots: NDArray[np.int64]
    sample: Sample
    rows: Any


class Engine:
    """Simulates the cells of one member.

    Args:
        scenario: under the member's perspective.
        posterior: on the as-of date, with the draws that the starting points name.
        start: the starting points.
        seed: of the random numbers.
        threads: number of threads; does not change the results.
        event: name of an event that codes record, or empty.
    """

    def __init__(
        self,
        scenario: Scenario,
        posterior: Posterior,
        start: Start,
        seed: int,
        threads: int | None = None,
        event: str = "",
    ) -> None:
        self.scenario, self.posterior, self.start = scenario, posterior, start
        self.seed, self.threads, self.event = seed, threads, event
        self.place = {name: k for k, name in enumerate(posterior.draws.columns)}
        self.world = kernel_inputs.make_world(scenario, posterior.as_of)
        self.timelines = 0
        values = posterior.draws.iloc[start.draw].to_numpy(float)
        self.own = Sample(values, posterior.redrawn_mean[start.draw])
        self.bases: list[Base] = []

    @property
    def draws(self) -> int:
        """Number of the draws that a run uses."""
        return len(self.start.draw)

    @property
    def later(self) -> bool:
        """Whether timelines start after a replay."""
        return len(self.start.values) > 0 or self.start.effective is not None

    def add_base(self, slots: NDArray[np.int64], sample: Sample | None = None) -> int:
        """Add a sample of draws that cells move; give its number.

        Args:
            slots: (n,) places of the starting points.
            sample: (n rows) values and means; by default those of the draws themselves.
        """
        if sample is None:
            sample = Sample(self.own.values[slots], self.own.means[slots])
        table = pd.DataFrame(sample.values, columns=self.posterior.draws.columns)
        self.bases.append(Base(slots, sample, kernel_inputs.parameter_rows(self.scenario, table)))
        return len(self.bases) - 1

    def column(self, name: str, base: int = 0) -> Array:
        """The values of a column in a sample, shape (n,)."""
        return self.bases[base].sample.values[:, self.place[name]]

    def batches(self, cells: Sequence[Cell], replicates: int) -> list[tuple[int, int]]:
        """The ranges of cells that are simulated together, within the limit of memory."""
        found, first, used = [], 0, 0
        for number, cell in enumerate(cells):
            draws = len(self.bases[cell.base].slots)
            size = draws * (PARAMETERS.itemsize + STATE.itemsize + replicates * RESULT.itemsize)
            if number > first and used + size > MEMORY:
                found.append((first, number))
                first, used = number, 0
            used += size
        return [*found, (first, len(cells))] if cells else found

    def run(self, cells: Sequence[Cell], replicates: Sequence[int]) -> list[Codes]:
        """Simulate cells.

        Args:
            cells: the cells.
            replicates: numbers of the timelines of each draw.

        Returns:
            The codes of each cell, (draws, replicates); all `FAILED` where a parameter is not a finite number.
        """
        found: dict[int, Codes] = {}
        groups: dict[tuple[str, ...], list[int]] = {}
        for number, cell in enumerate(cells):
            fixed = tuple(name for name in self.posterior.redrawn if name in cell.moves)
            groups.setdefault(fixed, []).append(number)
        for fixed, numbers in groups.items():
            made = self._run_alike([cells[number] for number in numbers], fixed, np.asarray(replicates, np.int64))
            found |= dict(zip(numbers, made, strict=True))
        return [found[number] for number in range(len(cells))]

    def _run_alike(self, cells: Sequence[Cell], fixed: tuple[str, ...], replicates: NDArray[np.int64]) -> list[Codes]:
        """Simulate cells that fix the same parameters that vary by timeline."""
        sizes = [len(self.bases[cell.base].slots) for cell in cells]
        ends = np.cumsum(sizes)
        rows = np.empty(int(ends[-1]), PARAMETERS).view(np.recarray)
        states = None if self.later else np.empty(len(rows), STATE).view(np.recarray)
        means = np.empty((len(rows), len(self.posterior.redrawn)))
        which: list[Cells] = []
        failed = []
        for cell, size, end in zip(cells, sizes, ends, strict=True):
            own, base = slice(int(end) - size, int(end)), self.bases[cell.base]
            rows[own], means[own] = base.rows, base.sample.means
            moved = {name: np.broadcast_to(np.asarray(x, float), (size,)) for name, x in cell.moves.items()}
            value = Columns(self.place, base.sample.values, moved)
            with np.errstate(all="ignore"):
                move(self.scenario, rows[own], value, [name for name in moved if name in self.scenario.priors])
            for name, mean in cell.means.items():
                means[own, self.posterior.redrawn.index(name)] = mean
            if states is not None:
                states[own] = kernel_inputs.starting_states(self.scenario, value, rows[own], self.posterior.as_of)
            finite = np.isfinite(rows[own].view(float)).all() and np.isfinite(means[own]).all()
            failed.append(not (finite and all(np.isfinite(value[name]).all() for name in STATES)))
            if failed[-1]:
                rows[own] = base.rows  # simulated like others, and not used
                if states is not None:
                    still = Columns(self.place, base.sample.values, {})
                    states[own] = kernel_inputs.starting_states(self.scenario, still, rows[own], self.posterior.as_of)
            which.append(self._cells_of(base.slots, replicates, int(end) - size))
        together = Cells(*(np.concatenate(column) for column in zip(*which, strict=True)))
        inputs = self._inputs(rows, states, means, fixed)
        record, _ = simulate_cells(inputs, together, self.seed, self.threads)
        self.timelines += len(record)
        codes = codes_of(record, self.scenario, self.event)
        cuts = ends[:-1] * len(replicates)
        parts = (part.reshape(-1, len(replicates)) for part in np.split(codes, cuts))
        return [np.full_like(part, FAILED) if bad else part for part, bad in zip(parts, failed, strict=True)]

    def _cells_of(self, slots: NDArray[np.int64], replicates: NDArray[np.int64], first: int) -> Cells:
        """The timelines of a cell, those of a draw together, with parameter rows from number `first` on."""
        per = TIMELINES_PER_DRAW
        number = slots[:, None] * per + replicates % per + per * self.draws * (replicates // per)
        own = self.start.cells(number.ravel())
        row = np.repeat(np.arange(first, first + len(slots)), len(replicates))
        return own._replace(row=row, start=own.start if self.later else row)

    def _inputs(self, rows: Any, states: Any, means: Array, fixed: tuple[str, ...]) -> Inputs:
        """The simulator's inputs, without the parameters that vary by timeline but are fixed."""
        redrawn, kept = self._redrawn(fixed)
        values = self.start.values[:, kept] if self.later else np.zeros((0, len(kept)))
        return Inputs(
            rows,
            self.start.states if states is None else states,
            self.start.results,
            values,
            redrawn._replace(mean=np.ascontiguousarray(means[:, kept])),
            self.world,
        )

    @functools.cache  # noqa: B019 - an engine lives as long as its sweep
    def _redrawn(self, fixed: tuple[str, ...]) -> tuple[Redrawn, list[int]]:
        kept = [k for k, name in enumerate(self.posterior.redrawn) if name not in fixed]
        chol = self.posterior.redrawn_chol
        covariance = (chol @ chol.T)[np.ix_(kept, kept)]
        names = [self.posterior.redrawn[k] for k in kept]
        factor = (chol if not fixed else np.linalg.cholesky(covariance)) if kept else np.zeros((0, 0))
        return kernel_inputs.redrawn_parameters(self.scenario, names, np.zeros((0, len(kept))), factor), kept
