"""Plain vectorised NumPy: arrays over timelines, in place where they can be, and a loop over weeks.

A chunk fits the processor's cache. Timelines that have ended are left out of the arrays every quarter.
"""

import numpy as np
from model import FIRST, HIGH, KEPT, LOW, SECOND, SHOCK, WEEKS

CHUNK = 8192
QUARTER = 13


def run(runs: int, seed: int) -> list[int]:
    """Simulate timelines and count their endings."""
    random = np.random.default_rng(seed)
    counts = np.zeros(3, np.int64)
    kept, shock = np.array(KEPT)[:, None], np.array(SHOCK)[:, None]
    for begin in range(0, runs, CHUNK):
        size = min(CHUNK, runs - begin)
        a, b = random.uniform(LOW, HIGH, (2, size))
        a, b = a * FIRST, b * SECOND
        drivers, going = np.zeros((4, size)), np.ones(size, bool)
        for week in range(WEEKS):
            uniform = random.random((5, len(a)))
            moves = uniform[:4]
            moves *= 2.0 * shock
            moves -= shock
            drivers *= kept
            drivers += moves
            w, x, y, z = drivers
            first = a * np.exp(0.5 * w - 0.4 * x)
            both = first + b * np.exp(0.3 * (y + z) - 0.2 * w)
            chance = -np.expm1(-both)
            ends = (uniform[4] < chance) & going
            by_first = uniform[4, ends] * both[ends] < (chance * first)[ends]
            counts[0] += np.count_nonzero(by_first)
            counts[1] += len(by_first) - np.count_nonzero(by_first)
            going &= ~ends
            if week % QUARTER == QUARTER - 1:
                a, b, drivers, going = a[going], b[going], drivers[:, going], going[going]
        counts[2] += len(a)
    return [int(count) for count in counts]
