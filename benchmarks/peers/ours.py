"""Ours: the loop over weeks, compiled as `forecast/timeline` is, with its hashed random numbers and its threads.

A random number is a hash of (seed, decision, week) and of the timeline, so no state is kept and threads change nothing.
As in the simulator, the exponentials are computed only where the random number does not rule an end out.
"""

import math

import numpy as np
from model import FIRST, HIGH, KEPT, LOW, SECOND, SHOCK, WEEKS
from numpy.typing import NDArray

from forecast.timeline.chunks import run_chunks
from forecast.timeline.jit import kernel
from forecast.timeline.random_numbers import mix

KEPT_W, KEPT_X, KEPT_Y, KEPT_Z = KEPT
SHOCK_W, SHOCK_X, SHOCK_Y, SHOCK_Z = SHOCK
DECISIONS = 5
"""Random numbers a week: a shock for each driver, and the hazards'."""

NEAR = 2.0
"""Log ratio of both hazards below which their bound rules most ends out."""

MOST = math.exp(NEAR)
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
DROPPED = np.uint64(12)
UNIT = 1.0 / 4503599627370496.0
CHUNK = 8192


@kernel
def _uniform(key: np.uint64, cell: np.uint64) -> float:
    return (float(mix(key + cell) >> DROPPED) + 0.5) * UNIT


@kernel
def _ending(keys: NDArray[np.uint64], cell: np.uint64) -> int:
    """The ending of a timeline; the last row of keys has those of the two inputs."""
    a = LOW + (HIGH - LOW) * _uniform(keys[WEEKS, 0], cell)
    b = LOW + (HIGH - LOW) * _uniform(keys[WEEKS, 1], cell)
    most = MOST * (a * FIRST + b * SECOND)
    w, x, y, z = 0.0, 0.0, 0.0, 0.0
    for week in range(WEEKS):
        w = KEPT_W * w + SHOCK_W * (2.0 * _uniform(keys[week, 0], cell) - 1.0)
        x = KEPT_X * x + SHOCK_X * (2.0 * _uniform(keys[week, 1], cell) - 1.0)
        y = KEPT_Y * y + SHOCK_Y * (2.0 * _uniform(keys[week, 2], cell) - 1.0)
        z = KEPT_Z * z + SHOCK_Z * (2.0 * _uniform(keys[week, 3], cell) - 1.0)
        u = _uniform(keys[week, 4], cell)
        one, other = 0.5 * w - 0.4 * x, 0.3 * y + 0.3 * z - 0.2 * w
        if u > most and one < NEAR and other < NEAR:
            continue
        first, second = a * FIRST * math.exp(one), b * SECOND * math.exp(other)
        chance = -math.expm1(-(first + second))
        if u < chance:
            return 0 if u * (first + second) < chance * first else 1
    return 2


@kernel
def _count(keys: NDArray[np.uint64], begin: int, end: int, counts: NDArray[np.int64]) -> None:
    for number in range(begin, end):
        counts[_ending(keys, mix(np.uint64(number) + GOLDEN))] += 1


def _keys(seed: int) -> NDArray[np.uint64]:
    """Keys of every decision in every week, and of the inputs: (weeks + 1, decisions)."""
    return np.random.SeedSequence(seed).generate_state((WEEKS + 1) * DECISIONS, np.uint64).reshape(-1, DECISIONS)


def run(runs: int, seed: int, threads: int | None = None) -> list[int]:
    """Simulate timelines and count their endings.

    Args:
        runs: number of timelines.
        seed: seed.
        threads: number of threads; by default that of the processors.
    """
    keys = _keys(seed)
    spaces = run_chunks(
        runs,
        CHUNK,
        lambda: np.zeros(3, np.int64),
        lambda counts, begin, end: _count(keys, begin, end, counts),
        threads,
    )
    return [int(count) for count in np.sum(spaces, axis=0)]
