"""Run many timelines: cells of (parameter row, starting state, draw, replicate)."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.timeline import bands, trace
from forecast.timeline.chunks import run_chunks
from forecast.timeline.jit import routine
from forecast.timeline.random_numbers import Context, Seeds, cell_key, context_record, decision, normal
from forecast.timeline.result import RESULT, blank_result
from forecast.timeline.state import STATE
from forecast.timeline.week import begin, timeline

REDRAW = decision("parameters.timeline")

CHUNK = 500
"""Timelines in a chunk. The number does not change the results."""

TIMELINES_PER_DRAW = 40
"""Timelines that one draw runs before the next draw. Several are needed to separate the variance within draws from the
variance between them."""

TABLE_REACH = 6.0
"""Absolute normal score at which a parameter that varies by timeline is truncated."""


class Redrawn(NamedTuple):
    """Parameters that vary by timeline, each drawn from a table of its quantile function.

    Attributes:
        place: (k,) place of each parameter in the flat parameter row.
        lane: (k,) number made from the parameter's name, which keys its random numbers.
        mean: (rows, k) mean of the parameter's normal score, given the rest of the row.
        chol: (k, k) Cholesky factor of the covariance of the scores.
        table: (k, m) the parameter's value, in the compiled code's unit, at m scores evenly spaced over +- TABLE_REACH.
    """

    place: NDArray[np.int64]
    lane: NDArray[np.int64]
    mean: Array
    chol: Array
    table: Array


class Inputs(NamedTuple):
    """The data from which timelines are simulated.

    Attributes:
        rows: parameter rows, laid out as `Parameters`.
        states: starting states, laid out as `State`.
        results: the result so far of each starting state, laid out as `Result`; shape (1,) if all have the same.
        values: (starting states, k) parameters that vary by timeline, if drawn already; else shape (0, k).
        redrawn: the distribution of the parameters that vary by timeline.
        world: dimensions, facts and calendar, laid out as `World`, shape (1,).
    """

    rows: Any
    states: Any
    results: Any
    values: Array
    redrawn: Redrawn
    world: Any


class Cells(NamedTuple):
    """The timelines to run, one entry each.

    Attributes:
        row: (n,) number of the parameter row.
        start: (n,) number of the starting state.
        draw: (n,) number of the draw, which keys random numbers.
        replicate: (n,) number of the timeline within its draw, which keys random numbers.
    """

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    draw: NDArray[np.int64]
    replicate: NDArray[np.int64]


class Work(NamedTuple):
    """The arrays of one thread, overwritten by each of its timelines.

    Attributes:
        context: random numbers, observations and log, laid out as `Context`, shape (1,).
        parameters: laid out as `Parameters`, shape (1,).
        flat: the memory of `parameters` as plain numbers.
        state: laid out as `State`, shape (1,).
        path: (weeks, levels) the levels of each week.
        scores: (k,) normal numbers from which the parameters that vary by timeline are drawn.
        paths: the paths of a chunk of timelines, to be counted together.
    """

    context: Any
    parameters: Any
    flat: Array
    state: Any
    path: Array
    scores: Array
    paths: bands.Paths


def inputs_at_start(rows: Any, states: Any, redrawn: Redrawn, world: Any) -> Inputs:
    """Inputs of timelines in which nothing has happened yet."""
    return Inputs(rows, states, blank_result(), np.zeros((0, len(redrawn.place))), redrawn, world)


def work_arrays(inputs: Inputs, context: Any) -> Work:
    """Arrays for one thread, with a copy of the context."""
    parameters = inputs.rows[:1].copy()
    path = np.zeros((int(inputs.world.weeks[0]), len(bands.LEVELS)))
    return Work(
        context.copy(),
        parameters,
        parameters.view(np.float64).reshape(-1),
        inputs.states[:1].copy(),
        path,
        np.zeros(len(inputs.redrawn.place)),
        bands.empty_paths(CHUNK, len(path)),
    )


def cells(timelines: int, draws: int, per_draw: int = TIMELINES_PER_DRAW, first: int = 0) -> Cells:
    """The cells of a run, or of the part of it that begins with timeline number `first`.

    Timeline i uses draw (i // per_draw) mod draws, whatever the number of timelines.
    """
    i = np.arange(first, first + timelines)
    draw = (i // per_draw) % draws
    replicate = i % per_draw + per_draw * (i // (per_draw * draws))
    return Cells(draw, draw, draw, replicate)


@routine
def redraw(flat: Array, context: Context, redrawn: Redrawn, row: int, scores: Array) -> None:
    """Draw the parameters that vary by timeline into a flat parameter row; `scores` has room for normal numbers."""
    last = redrawn.table.shape[1] - 1
    for k in range(len(redrawn.place)):
        scores[k] = normal(context, REDRAW, 0, redrawn.lane[k])
        z = redrawn.mean[row, k]
        for j in range(k + 1):
            z += redrawn.chol[k, j] * scores[j]
        at = (min(max(z, -TABLE_REACH), TABLE_REACH) + TABLE_REACH) / (2.0 * TABLE_REACH) * last
        left = min(int(at), last - 1)
        low, high = redrawn.table[k, left], redrawn.table[k, left + 1]
        flat[redrawn.place[k]] = low + (high - low) * (at - left)


@routine
def put_values(flat: Array, place: NDArray[np.int64], values: Array) -> None:
    """Put the parameters that vary by timeline into a flat parameter row."""
    for k in range(len(place)):
        flat[place[k]] = values[k]


@routine
def get_values(flat: Array, place: NDArray[np.int64], values: Array) -> None:
    """Copy the parameters that vary by timeline out of a flat parameter row."""
    for k in range(len(place)):
        values[k] = flat[place[k]]


@routine
def begin_cell(
    inputs: Inputs, work: Work, row: int, start: int, draw: int, replicate: int, states: Any, results: Any, at: int
) -> None:
    """Begin one timeline: set its random numbers, parameters, state and result.

    Args:
        inputs: data of the timelines.
        work: its context and its parameters are set.
        row: number of the parameter row.
        start: number of the starting state.
        draw: number of the draw, which keys random numbers.
        replicate: number within the draw, which keys random numbers.
        states: the state is filled in at the place `at`, laid out as `State`.
        results: the result is filled in at the place `at`, laid out as `Result`.
        at: place of the timeline in `states` and `results`.
    """
    context = work.context[0]
    context.cell = cell_key(draw, replicate)
    states[at] = inputs.states[start]
    states[at].kept_for = 0.0  # decays are those of the parameters below
    results[at] = inputs.results[start if len(inputs.results) > 1 else 0]
    work.parameters[0] = inputs.rows[row]
    if len(inputs.values) > 0:
        put_values(work.flat, inputs.redrawn.place, inputs.values[start])
    else:
        redraw(work.flat, context, inputs.redrawn, row, work.scores)
    if states[at].begun == 0:
        begin(work.parameters[0], states[at], inputs.world[0], context)


@routine
def run_cells(inputs: Inputs, which: Cells, first: int, work: Work, out: Any, counts: NDArray[np.int32]) -> None:
    """Run the cells of one chunk, from timeline number `first`; fill in their results `out` and add to `counts`."""
    for i in range(len(which.row)):
        begin_cell(
            inputs, work, which.row[i], which.start[i], which.draw[i], which.replicate[i], work.state, out[i : i + 1], 0
        )
        s, r = work.state[0], out[i]
        r.timeline = first + i
        r.draw = which.draw[i]
        r.replicate = which.replicate[i]
        begins = s.week
        no_states, no_results = work.state[:0], out[:0]
        last = timeline(work.parameters[0], s, r, inputs.world[0], work.context[0], work.path, no_states, no_results)
        bands.keep(work.paths, i, work.path, begins, last, bands.group_of(r))
    bands.count(work.paths, len(which.row), counts)


def simulate_cells(
    inputs: Inputs, which: Cells, seed: Seeds, threads: int | None = None, first: int = 0
) -> tuple[Any, NDArray[np.int64]]:
    """Run timelines.

    Args:
        inputs: data of the timelines.
        which: the cells to run, n of them.
        seed: seed of the random numbers, or a seed for each decision by its name.
        threads: number of threads, by default the number of processors; does not change the results.
        first: number of the first of these timelines within its run.

    Returns:
        The results, laid out as `Result`, shape (n,); the counts for the bands, shape (groups, weeks, levels, bins).
    """
    n, weeks = len(which.row), int(inputs.world.weeks[0])
    out = np.zeros(n, RESULT).view(np.recarray)
    context = context_record(seed, weeks)

    def workspace() -> tuple[Work, NDArray[np.int32]]:
        return work_arrays(inputs, context), bands.empty_counts(weeks)

    def run(own: tuple[Work, NDArray[np.int32]], a: int, b: int) -> None:
        chunk = Cells(*(column[a:b] for column in which))
        run_cells(inputs, chunk, first + a, own[0], out[a:b], own[1])

    counts = [counts for _, counts in run_chunks(n, CHUNK, workspace, run, threads)]
    return out, np.sum(counts, axis=0, dtype=np.int64)


@dataclass(frozen=True)
class Course:
    """One timeline with its states, results and events.

    Attributes:
        parameters: its parameters, a record laid out as `Parameters`.
        world: dimensions, facts and calendar, a record laid out as `World`.
        weeks: numbers of its n calendar weeks.
        states: (n + 1,) the state at its start and at the end of each week.
        results: (n + 1,) the result so far, likewise.
        result: the complete result, shape (1,).
        entries: its events in order.
    """

    parameters: Any
    world: Any
    weeks: range
    states: Any
    results: Any
    result: Any
    entries: tuple[trace.Entry, ...]


def follow(inputs: Inputs, cell: tuple[int, int, int, int], timeline_number: int, seed: int | str) -> Course:
    """Run one timeline and keep its trace and the state of each week.

    Args:
        inputs: data of the timelines.
        cell: its parameter row, starting state, draw and replicate.
        timeline_number: its number, kept in its result.
        seed: seed of the random numbers.
    """
    row, start, draw, replicate = cell
    weeks = int(inputs.world.weeks[0])
    context = context_record(seed, weeks)
    context.log.wanted[0] = 1
    work, out = work_arrays(inputs, context), np.zeros(1, RESULT).view(np.recarray)
    first = int(inputs.states["week"][start])
    states = np.zeros(weeks - first + 1, STATE).view(np.recarray)
    results = np.zeros(len(states), RESULT).view(np.recarray)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        begin_cell(inputs, work, row, start, draw, replicate, work.state, out, 0)
        out["timeline"], out["draw"], out["replicate"] = timeline_number, draw, replicate
        last = timeline(
            work.parameters[0], work.state[0], out[0], inputs.world[0], work.context[0], work.path, states, results
        )
    count = last - first
    entries = tuple(trace.entries(work.context.log[0]))
    return Course(
        work.parameters[0], inputs.world[0], range(first, last), states[: count + 1], results[: count + 1], out, entries
    )
