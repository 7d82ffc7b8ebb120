"""Batches of cells and the places where they are simulated: threads of this process, unless another is in use."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from forecast.sweep.engine import Cell, Engine
from forecast.sweep.outputs import Codes


@dataclass(frozen=True)
class Batch:
    """Cells that are simulated together.

    Attributes:
        name: by which the journal keeps its result.
        words: a phrase for people.
        engine: of the member.
        cells: the cells.
        replicates: numbers of the timelines of each draw.
    """

    name: str
    words: str
    engine: Engine
    cells: Sequence[Cell]
    replicates: Sequence[int]

    def simulate(self) -> Codes:
        """The codes, shape (cells, draws, replicates)."""
        return np.stack(self.engine.run(self.cells, self.replicates))


Runner = Callable[[Sequence[Batch], Callable[[str], None]], Iterator[tuple[int, Codes]]]
"""Simulates batches and yields each one's number and codes, in any order; it reports phrases to the function given."""


def in_threads(batches: Sequence[Batch], notify: Callable[[str], None]) -> Iterator[tuple[int, Codes]]:
    """Simulate batches in this process, one after the other; each uses the threads of its engine."""
    for number, batch in enumerate(batches):
        notify(batch.words)
        yield number, batch.simulate()


_runner: ContextVar[Runner] = ContextVar("runner", default=in_threads)


def runner_in_use() -> Runner:
    """The runner that sweeps use here: `in_threads`, or the one of the innermost `use_runner`."""
    return _runner.get()


@contextmanager
def use_runner(runner: Runner) -> Iterator[None]:
    """Let the sweeps inside simulate their batches elsewhere."""
    token = _runner.set(runner)
    try:
        yield
    finally:
        _runner.reset(token)
