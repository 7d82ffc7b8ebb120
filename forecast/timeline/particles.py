"""A few weeks of the past run freely by many particles, which are then resampled among all of them.

Each particle is a draw and a replicate; it is held to no more than what is known of these weeks. Between spans the
particles are resampled in proportion to their weights, so that none is left behind by an observation that few of them
come near.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.cells import Anew, blank_record, draw_anew
from forecast.timeline.fields import Array
from forecast.timeline.jit import kernel
from forecast.timeline.particle_filter import check_states
from forecast.timeline.random_numbers import cell_key, luck_record
from forecast.timeline.result import RECORD
from forecast.timeline.state import STATE
from forecast.timeline.week import begin, week

CHUNK = 1000
"""Particles in a chunk; any other number gives the same bytes."""


@dataclass
class Particles:
    """Particles at the end of a span.

    Attributes:
        rows: parameter rows, laid out as `Parameters`, one a draw.
        draw: (n,) the draw of each particle.
        states: (n,) laid out as `State`.
        records: (n,) laid out as `Record`.
        values: (n, k) what each drew anew.
        place: (k,) places of these in a flat parameter row.
        luck: with what is known of all weeks, shape (1,).
        world: dimensions, facts and the calendar of the past, shape (1,).
    """

    rows: Any
    draw: NDArray[np.int64]
    states: Any
    records: Any
    values: Array
    place: NDArray[np.int64]
    luck: Any
    world: Any

    def pick(self, ancestors: NDArray[np.int64]) -> None:
        """Go on from some of the particles, each as often as it is named."""
        self.draw, self.values = self.draw[ancestors], self.values[ancestors]
        self.states, self.records = self.states[ancestors].copy(), self.records[ancestors].copy()


@kernel
def begin_chunk(
    rows: Any,
    start: Any,
    blank: Any,
    world: Any,
    chance: Any,
    draw: NDArray[np.int64],
    first: int,
    place: NDArray[np.int64],
    lane: NDArray[np.int64],
    mean: Array,
    chol: Array,
    table: Array,
    scratch: Any,
    flat: Array,
    states: Any,
    records: Any,
    values: Array,
) -> None:
    """Begin the particles of a chunk."""
    luck = chance[0]
    for i in range(len(states)):
        scratch[0] = rows[draw[i]]
        luck.cell = cell_key(first + i, 0)
        states[i], records[i] = start[draw[i]], blank[0]
        if len(place) > 0:
            draw_anew(flat, luck, place, lane, mean[draw[i]], chol, table)
            for k in range(len(place)):
                values[i, k] = flat[place[k]]
        begin(scratch[0], states[i], world[0], luck)


@kernel
def run_chunk(
    rows: Any,
    world: Any,
    chance: Any,
    draw: NDArray[np.int64],
    first: int,
    place: NDArray[np.int64],
    scratch: Any,
    flat: Array,
    states: Any,
    records: Any,
    values: Array,
    begins: int,
    ends: int,
    log_weight: Array,
) -> None:
    """Run the weeks `begins` to `ends` - 1 of the particles of a chunk; weights of decisions and of states apart."""
    luck = chance[0]
    known = luck.known
    for i in range(len(states)):
        scratch[0] = rows[draw[i]]
        for k in range(len(place)):
            flat[place[k]] = values[i, k]
        luck.cell = cell_key(first + i, 0)
        s = states[i]
        for number in range(begins, ends):
            s.week = number
            known.log_weight, known.ruled_out = 0.0, -1
            week(scratch[0], s, records[i], world[0], luck)
            log_weight[0, i] += known.log_weight
            known.log_weight = 0.0
            check_states(s, known)
            log_weight[1, i] += known.log_weight
            if log_weight[0, i] + log_weight[1, i] == -math.inf:
                break


def particles(
    rows: Any,
    start: Any,
    anew: Anew,
    world: Any,
    known: Any,
    *,
    number: int,
    seed: int | str,
    threads: int | None = None,
) -> Particles:
    """Particles on the first day, the draws in turn.

    Args:
        rows: parameter rows, laid out as `Parameters`, one a draw.
        start: states on the first day, laid out as `State`, one a draw.
        anew: the parameters drawn anew in each timeline.
        world: dimensions, facts and the calendar of the past, laid out as `World`, shape (1,).
        known: what is known, laid out as `Known`, shape (1,).
        number: how many.
        seed: seed of luck.
        threads: size of the pool, by default the number of processors. Changes no number.
    """
    luck = luck_record(seed, int(world.weeks[0]))
    luck["known"] = known
    luck["known"]["replaying"] = 1
    draw = np.arange(number) % len(rows)
    states = np.zeros(number, STATE).view(np.recarray)
    records = np.zeros(number, RECORD).view(np.recarray)
    values, blank = np.zeros((number, len(anew.place))), blank_record()

    def part(a: int, b: int) -> None:
        scratch = rows[:1].copy()
        begin_chunk(
            rows, start, blank, world, luck.copy(), draw[a:b], a, anew.place, anew.lane, anew.mean, anew.chol,
            anew.table, scratch, scratch.view(np.float64).reshape(-1), states[a:b], records[a:b], values[a:b],
        )  # fmt: skip

    _in_chunks(part, number, threads)
    return Particles(rows, draw, states, records, values, anew.place, luck, world)


def run_span(made: Particles, begins: int, ends: int, threads: int | None = None) -> Array:
    """Run the particles through the weeks `begins` to `ends` - 1.

    Returns:
        (2, n) log weights, of decisions and of states.
    """
    log_weight = np.zeros((2, len(made.draw)))

    def part(a: int, b: int) -> None:
        scratch = made.rows[:1].copy()
        run_chunk(
            made.rows, made.world, made.luck.copy(), made.draw[a:b], a, made.place, scratch,
            scratch.view(np.float64).reshape(-1), made.states[a:b], made.records[a:b], made.values[a:b],
            begins, ends, log_weight[:, a:b],
        )  # fmt: skip

    _in_chunks(part, len(made.draw), threads)
    return log_weight


def _in_chunks(part: Any, number: int, threads: int | None) -> None:
    """Call `part` for the bounds of every chunk, over a pool of threads."""
    bounds = [(a, min(a + CHUNK, number)) for a in range(0, number, CHUNK)]
    with (
        np.errstate(over="ignore", divide="ignore", invalid="ignore"),
        ThreadPoolExecutor(min(threads or cpu_count() or 1, len(bounds))) as pool,
    ):
        list(pool.map(lambda bound: part(*bound), bounds))
