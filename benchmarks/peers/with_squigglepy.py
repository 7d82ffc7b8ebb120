"""squigglepy: a function of two distributions, sampled as often as asked."""

import random

import squigglepy as sq
from model import HIGH, LOW, ending


def run(runs: int, seed: int) -> list[int]:
    """Simulate timelines and count their endings."""
    sq.set_seed(seed)
    uniform = random.Random(seed).random
    a, b = sq.uniform(LOW, HIGH), sq.uniform(LOW, HIGH)

    def timeline() -> int:
        return ending(~a, ~b, uniform)

    codes = sq.sample(timeline, n=runs)
    return [int((codes == code).sum()) for code in range(3)]
