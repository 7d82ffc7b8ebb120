"""Decays that are the same in every whole week: worked out once in a timeline and kept in its state.

The fraction of a level left after a step, a = 2^(-dt / half-life), and the weight sqrt(1 - a^2) of the noise that it
takes up depend only on a half-life and the length of the step. `week.py` keeps both for each level (`keep`), and again
whenever the length of a week differs from that of the week before, as after a first week that is not whole. In a step
of another length, or in a state without kept decays, they are worked out where they are used.
"""

import math

import numpy as np

from forecast.timeline import forms
from forecast.timeline.jit import kernel
from forecast.timeline.state import State

DECAYS = (
    "drift",
    "memory",
    "pace",
    "adequacy",
    "thrust",
    "strain",
    "capital",
    "attention",
    "engagement",
    "hawks",
    "obstruction",
    "instability",
    "leaderless",
)
"""The levels and memories whose decays are kept."""

_PLACES: tuple[int, ...] = tuple(np.int64(k) for k in range(len(DECAYS)))  # type: ignore[misc]  # as in `decision`
(
    DRIFT,
    MEMORY,
    PACE,
    ADEQUACY,
    THRUST,
    STRAIN,
    CAPITAL,
    ATTENTION,
    ENGAGEMENT,
    HAWKS,
    OBSTRUCTION,
    INSTABILITY,
    LEADERLESS,
) = _PLACES


@kernel
def keep(s: State, which: int, half_life: float, dt: float) -> None:
    """Keep the decay of a level over `dt` weeks."""
    a = forms.decay(half_life, dt)
    s.kept[which] = a
    s.renewed[which] = math.sqrt(1.0 - a * a)


@kernel
def decay(s: State, which: int, half_life: float, dt: float) -> float:
    """Fraction of a level left after `dt` weeks."""
    if s.kept_for == dt:
        return s.kept[which]
    return forms.decay(half_life, dt)


@kernel
def renewed(s: State, which: int, half_life: float, dt: float) -> float:
    """Weight of the noise that a level takes up in `dt` weeks, by which its standard deviation stays 1."""
    if s.kept_for == dt:
        return s.renewed[which]
    a = forms.decay(half_life, dt)
    return math.sqrt(1.0 - a * a)


@kernel
def revert(s: State, which: int, x: float, target: float, half_life: float, dt: float, noise: float) -> float:
    """A level after `dt` weeks; see `forms.revert`."""
    return target + (x - target) * decay(s, which, half_life, dt) + renewed(s, which, half_life, dt) * noise
