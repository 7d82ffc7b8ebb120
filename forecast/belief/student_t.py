"""Student's t distribution, which gives an outlier a bounded weight that falls with its distance.

An instrument's error is its scale times such a variable. Under a normal error, a single faulty observation would move
the level by about the size of the fault. Under Student's t it widens the error a little, and the level stays near the
other observations.
"""

import math
from typing import Any

import numpy as np

TAIL_DEGREES = 4.0
"""Degrees of freedom of the front's shocks and of all instruments' errors: heavy tails, finite variance."""


def log_density(x: Any, freedom: float = TAIL_DEGREES, log1p: Any = np.log1p) -> Any:
    """Log density of the standard Student's t; with a scale s, that of x is ``log_density(x / s) - log(s)``.

    Args:
        x: values.
        freedom: degrees of freedom.
        log1p: the function log(1 + x): numpy's, or PyTensor's for tensors.
    """
    half = 0.5 * (freedom + 1.0)
    constant = math.lgamma(half) - math.lgamma(0.5 * freedom) - 0.5 * math.log(freedom * math.pi)
    return constant - half * log1p(x**2 / freedom)
