"""Particles that run through spans of a few weeks of the past and are resampled among all draws.

Each particle is a draw and a replicate, conditioned only on the observations of these weeks. Between spans all
particles are resampled in proportion to their weights. So an observation that few particles come near does not leave
most of them with a weight of nearly 0.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.timeline.cells import Inputs, Work, begin_cell, get_values, put_values, work_arrays
from forecast.timeline.chunks import run_chunks
from forecast.timeline.jit import routine
from forecast.timeline.particle_filter import check_states
from forecast.timeline.random_numbers import cell_key, context_record
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE
from forecast.timeline.week import week

CHUNK = 1000
"""Particles in a chunk. The number does not change the results."""


@dataclass
class Particles:
    """Particles at the end of a span.

    Attributes:
        inputs: data of the timelines.
        context: random numbers and the observations of all weeks, laid out as `Context`, shape (1,).
        draw: (n,) the draw of each particle.
        states: (n,) laid out as `State`.
        results: (n,) laid out as `Result`.
        values: (n, k) parameters that vary by timeline.
    """

    inputs: Inputs
    context: Any
    draw: NDArray[np.int64]
    states: Any
    results: Any
    values: Array

    def pick(self, ancestors: NDArray[np.int64]) -> None:
        """Continue from some of the particles, each as often as `ancestors` names it."""
        self.draw, self.values = self.draw[ancestors], self.values[ancestors]
        self.states, self.results = self.states[ancestors].copy(), self.results[ancestors].copy()


@routine
def begin_particles(
    inputs: Inputs, draw: NDArray[np.int64], first: int, work: Work, states: Any, results: Any, values: Array
) -> None:
    """Begin the particles of a chunk, from particle number `first`."""
    for i in range(len(states)):
        begin_cell(inputs, work, draw[i], draw[i], first + i, 0, states, results, i)
        get_values(work.flat, inputs.redrawn.place, values[i])


@routine
def run_particles(
    inputs: Inputs,
    draw: NDArray[np.int64],
    first: int,
    work: Work,
    states: Any,
    results: Any,
    values: Array,
    weeks: tuple[int, int],
    log_weight: Array,
) -> None:
    """Run the particles of a chunk from one week up to another; decisions and states have separate log weights."""
    context = work.context[0]
    observed = context.observed
    for i in range(len(states)):
        work.parameters[0] = inputs.rows[draw[i]]
        put_values(work.flat, inputs.redrawn.place, values[i])
        context.cell = cell_key(first + i, 0)
        s = states[i]
        for number in range(weeks[0], weeks[1]):
            s.week = number
            observed.log_weight, observed.ruled_out = 0.0, -1
            week(work.parameters[0], s, results[i], inputs.world[0], context)
            log_weight[0, i] += observed.log_weight
            observed.log_weight = 0.0
            check_states(s, observed)
            log_weight[1, i] += observed.log_weight
            if log_weight[0, i] + log_weight[1, i] == -math.inf:
                break


def particles(inputs: Inputs, observed: Any, *, number: int, seed: int | str, threads: int | None = None) -> Particles:
    """Begin particles on the first day; they take the draws in turn.

    Args:
        inputs: parameter rows and states on the first day, one for each draw, and the calendar.
        observed: observations of all weeks, laid out as `Observed`, shape (1,).
        number: number of particles.
        seed: seed of the random numbers.
        threads: number of threads, by default the number of processors; does not change the results.
    """
    context = context_record(seed, int(inputs.world.weeks[0]))
    context["observed"] = observed
    context["observed"]["replaying"] = 1
    draw = np.arange(number) % len(inputs.rows)
    states = np.zeros(number, STATE).view(np.recarray)
    results = np.zeros(number, RESULT).view(np.recarray)
    values = np.zeros((number, len(inputs.redrawn.place)))

    def run(work: Work, a: int, b: int) -> None:
        begin_particles(inputs, draw[a:b], a, work, states[a:b], results[a:b], values[a:b])

    run_chunks(number, CHUNK, lambda: work_arrays(inputs, context), run, threads)
    return Particles(inputs, context, draw, states, results, values)


def run_span(made: Particles, begins: int, ends: int, threads: int | None = None) -> Array:
    """Run the particles through the weeks `begins` to `ends` - 1.

    Returns:
        (2, n) log weights: first of decisions, then of states.
    """
    log_weight = np.zeros((2, len(made.draw)))

    def run(work: Work, a: int, b: int) -> None:
        run_particles(
            made.inputs, made.draw[a:b], a, work, made.states[a:b], made.results[a:b], made.values[a:b],
            (begins, ends), log_weight[:, a:b],
        )  # fmt: skip

    run_chunks(len(made.draw), CHUNK, lambda: work_arrays(made.inputs, made.context), run, threads)
    return log_weight
