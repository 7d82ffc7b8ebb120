"""The reduced timeline that all peers simulate, as scalar Python: see README.md for its equations."""

import math
from collections.abc import Callable

WEEKS = 52
HALF_LIVES = (26.0, 10.0, 16.0, 8.0)
"""Weeks, of the four drivers."""

KEPT = tuple(0.5 ** (1.0 / weeks) for weeks in HALF_LIVES)
"""The part of each driver that is left after a week."""

SHOCK = tuple(math.sqrt(3.0 * (1.0 - kept**2)) for kept in KEPT)
"""Half the width of each driver's weekly shock, so that its stationary standard deviation is 1."""

FIRST, SECOND = 0.15 / 52.0, 0.25 / 52.0
"""Weekly rates of the two hazards with all drivers at 0."""

LOW, HIGH = 0.5, 1.5
"""Limits of the uncertain inputs a and b, uniform; they multiply the two hazards."""

ENDINGS = ("first", "second", "neither")


def ending(a: float, b: float, uniform: Callable[[], float]) -> int:
    """Simulate one timeline: 0 the first hazard ends it, 1 the second, 2 neither.

    Args:
        a: factor of the first hazard.
        b: factor of the second.
        uniform: gives the next random number, uniform between 0 and 1.
    """
    w, x, y, z = 0.0, 0.0, 0.0, 0.0
    for _ in range(WEEKS):
        w = KEPT[0] * w + SHOCK[0] * (2.0 * uniform() - 1.0)
        x = KEPT[1] * x + SHOCK[1] * (2.0 * uniform() - 1.0)
        y = KEPT[2] * y + SHOCK[2] * (2.0 * uniform() - 1.0)
        z = KEPT[3] * z + SHOCK[3] * (2.0 * uniform() - 1.0)
        first = a * FIRST * math.exp(0.5 * w - 0.4 * x)
        second = b * SECOND * math.exp(0.3 * y + 0.3 * z - 0.2 * w)
        u = uniform()
        chance = -math.expm1(-(first + second))
        if u < chance:
            return 0 if u * (first + second) < chance * first else 1
    return 2
