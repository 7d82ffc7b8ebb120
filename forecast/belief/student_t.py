"""Heavy tails: Student's t, by which a figure far from all others has a bounded weight that falls with its distance.

An instrument's error is its scale times such a variable. Under a normal error one faulty figure would draw the
level after it, by as much as it is wrong; under this one it widens the error a little, and the level stays where
the other figures have it.
"""

import math
from typing import Any

TAIL_DEGREES = 4.0
"""Degrees of freedom of the front's shocks and of all instruments' errors: heavy tails, finite variance."""

_CONSTANT = math.lgamma((TAIL_DEGREES + 1) / 2) - math.lgamma(TAIL_DEGREES / 2) - 0.5 * math.log(TAIL_DEGREES * math.pi)


def log_t(x: Any) -> Any:
    """Log density of Student's t, unit scale, in PyTensor."""
    import pytensor.tensor

    pt: Any = pytensor.tensor
    return _CONSTANT - 0.5 * (TAIL_DEGREES + 1) * pt.log1p(x**2 / TAIL_DEGREES)
