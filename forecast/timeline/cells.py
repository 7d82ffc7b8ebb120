"""Run many timelines: cells of (parameter row, draw, replicate), in chunks over a pool of threads."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline import bands
from forecast.timeline.fields import Array
from forecast.timeline.jit import kernel
from forecast.timeline.random_numbers import Luck, cell_key, decision, luck_record, normal
from forecast.timeline.result import RECORD
from forecast.timeline.week import timeline

ANEW = decision("parameters.timeline")

CHUNK = 500
"""Timelines in a chunk; any other number gives the same bytes."""

TIMELINES_PER_DRAW = 40
"""Timelines of a draw before the next draw is used, so that luck and ignorance can be told apart."""

TABLE_REACH = 6.0
"""Normal scores beyond which a parameter drawn anew in each timeline is cut off."""


@dataclass(frozen=True)
class Anew:
    """Parameters drawn anew in each timeline, from tables of their quantile functions.

    Attributes:
        place: (k,) place of each in the flat parameter row.
        lane: (k,) number made from its name, that keys its luck.
        mean: (rows, k) mean of its normal score given what else is known of the row.
        chol: (k, k) Cholesky factor of the covariance of the scores.
        table: (k, m) value, as the compiled code uses it, at m scores evenly spaced over +- TABLE_REACH.
    """

    place: NDArray[np.int64]
    lane: NDArray[np.int64]
    mean: Array
    chol: Array
    table: Array


@dataclass(frozen=True)
class Cells:
    """Which timelines to run, one entry a timeline.

    Attributes:
        row: parameter row used.
        begin: starting state used.
        draw: number of the draw, which keys luck.
        replicate: number of the timeline within its draw, which keys luck.
    """

    row: NDArray[np.int64]
    begin: NDArray[np.int64]
    draw: NDArray[np.int64]
    replicate: NDArray[np.int64]


def cells(timelines: int, draws: int, per_draw: int = TIMELINES_PER_DRAW) -> Cells:
    """The cells of a run: timeline i uses draw (i // per_draw) mod draws, whatever the number of timelines."""
    i = np.arange(timelines)
    draw = (i // per_draw) % draws
    replicate = i % per_draw + per_draw * (i // (per_draw * draws))
    return Cells(draw, draw, draw, replicate)


@kernel
def draw_anew(
    flat: Array,
    luck: Luck,
    place: NDArray[np.int64],
    lane: NDArray[np.int64],
    mean: Array,
    chol: Array,
    table: Array,
) -> None:
    """Draw the parameters that vary by timeline into a flat parameter row."""
    last = table.shape[1] - 1
    for k in range(len(place)):
        z = mean[k]
        for j in range(k + 1):
            z += chol[k, j] * normal(luck, ANEW, 0, lane[j])
        at = (min(max(z, -TABLE_REACH), TABLE_REACH) + TABLE_REACH) / (2.0 * TABLE_REACH) * last
        left = min(int(at), last - 1)
        flat[place[k]] = table[k, left] + (table[k, left + 1] - table[k, left]) * (at - left)


@kernel
def run_chunk(
    rows: Any,
    start: Any,
    world: Any,
    chance: Any,
    row: NDArray[np.int64],
    start_of: NDArray[np.int64],
    draw: NDArray[np.int64],
    replicate: NDArray[np.int64],
    given: Array,
    place: NDArray[np.int64],
    lane: NDArray[np.int64],
    mean: Array,
    chol: Array,
    table: Array,
    scratch: Any,
    flat: Array,
    state: Any,
    records: Any,
    path: Array,
    first: int,
    out: Any,
    counts: NDArray[np.int64],
) -> None:
    """Run the cells of one chunk into `out` and `counts`; `scratch`, `flat`, `state` and `path` are work space."""
    s, w, luck = state[0], world[0], chance[0]
    for i in range(len(row)):
        luck.cell = cell_key(draw[i], replicate[i])
        state[0] = start[start_of[i]]
        out[i] = records[start_of[i] if len(records) > 1 else 0]
        r = out[i]
        r.timeline = first + i
        r.draw = draw[i]
        r.replicate = replicate[i]
        begin = s.week
        scratch[0] = rows[row[i]]
        if len(given) > 0:
            for k in range(len(place)):
                flat[place[k]] = given[start_of[i], k]
        elif len(place) > 0:
            draw_anew(flat, luck, place, lane, mean[row[i]], chol, table)
        last = timeline(scratch[0], s, r, w, luck, path)
        bands.count(r, path, begin, last, counts)


def blank_record() -> Any:
    """A row in which nothing has happened yet, shape (1,)."""
    blank = np.zeros(1, RECORD).view(np.recarray)
    for name in RECORD.names or ():
        if RECORD[name].base == np.float64:
            blank[name] = np.nan
    for name in (
        "steps_up", "down_consent", "down_europe", "down_hawks", "down_kyiv", "breakthroughs", "truce_longest",
        "top_defeat_rate", "dead_letters",
    ):  # fmt: skip
        blank[name] = 0.0
    for name in ("settlement", "last_template", "first_refusal"):
        blank[name] = -1
    blank["gap"] = np.inf
    blank["gap_issue"] = -1.0
    return blank


def simulate_cells(
    rows: Any,
    start: Any,
    anew: Anew,
    world: Any,
    which: Cells,
    seed: int,
    threads: int | None = None,
    *,
    records: Any = None,
    given: Array | None = None,
) -> tuple[Any, NDArray[np.int64]]:
    """Run timelines.

    Args:
        rows: parameter rows, laid out as `Parameters`.
        start: starting states, laid out as `State`.
        anew: the parameters drawn anew in each timeline.
        world: dimensions, facts and calendar, laid out as `World`, shape (1,).
        which: the cells to run, n of them.
        seed: seed of luck.
        threads: size of the pool, by default the number of processors. Changes no number.
        records: what each starting state has behind it, laid out as `Record`; by default nothing has happened.
        given: (starting states, k) what each has drawn anew already; by default it is drawn.

    Returns:
        One row a timeline, laid out as `Record`, shape (n,); counts for the bands,
        shape (groups, weeks, levels, bins).
    """
    n, weeks = len(which.row), int(world.weeks[0])
    out = np.zeros(n, RECORD).view(np.recarray)
    luck = luck_record(seed, weeks)
    behind = blank_record() if records is None else records
    drawn = np.zeros((0, 0)) if given is None else given
    anew_arguments = (anew.place, anew.lane, anew.mean, anew.chol, anew.table)

    stop = threading.Event()

    def share(bounds: list[tuple[int, int]]) -> NDArray[np.int64]:
        counts = bands.empty_counts(weeks)
        scratch, state = rows[:1].copy(), start[:1].copy()
        flat = scratch.view(np.float64).reshape(-1)
        chance = luck.copy()
        path = np.zeros((weeks, len(bands.LEVELS)))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for a, b in bounds:
                if stop.is_set():
                    break
                run_chunk(
                    rows, start, world, chance, which.row[a:b], which.begin[a:b], which.draw[a:b], which.replicate[a:b],
                    drawn, *anew_arguments, scratch, flat, state, behind, path, a, out[a:b], counts,
                )  # fmt: skip
        return counts

    chunks = [(a, min(a + CHUNK, n)) for a in range(0, n, CHUNK)]
    workers = min(threads or os.cpu_count() or 1, len(chunks))
    if workers == 1:
        return out, share(chunks)
    with ThreadPoolExecutor(workers) as pool:
        try:
            parts = list(pool.map(share, [chunks[k::workers] for k in range(workers)]))
        except BaseException:
            stop.set()  # an interrupt waits for the chunks at work, not for all of them
            raise
    return out, np.sum(parts, axis=0)
