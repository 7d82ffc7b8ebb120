"""The exponential that compiled code includes: the same bits as the library's."""

import math

import numba
import numpy as np
import pytest

from forecast.timeline.exponential import exp


@numba.njit
def different(numbers: np.ndarray) -> int:  # type: ignore[type-arg]
    """How many numbers have another exponential than the library's."""
    count = 0
    for x in numbers:
        if exp(x) != math.exp(x):
            count += 1
    return count


@pytest.mark.parametrize("reach", [1e-20, 1e-3, 1.0, 30.0, 800.0])
def test_exponential_has_the_bits_of_the_library(reach: float) -> None:
    assert different(np.random.default_rng(1).uniform(-reach, reach, 1_000_000)) == 0


def test_exponential_between_two_entries_of_its_table() -> None:
    # Half-way between whole k, rounding decides which entry is used.
    half = (np.random.default_rng(2).integers(-50_000, 50_000, 100_000) + 0.5) * math.log(2.0) / 128
    assert different(np.concatenate([half * (1.0 + k * 2.0**-52) for k in range(-4, 5)])) == 0


def test_exponential_at_its_limits() -> None:
    for x in (0.0, -0.0, math.inf, -math.inf, 512.0, -512.0, 709.0, -745.0, -800.0):
        assert exp(x) == math.exp(x)
    assert math.isnan(exp(math.nan))
