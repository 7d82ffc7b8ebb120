"""What tests of the parts share: equations written out, and the parties of the tests of the bargain."""

import math

import pytest

from forecast.timeline.codes import EUROPE, HAWKS, KYIV, MOSCOW, WASHINGTON

SURE = 1e9
"""A weekly rate under which an event happens for sure."""


def ratio(x: float, most: float = 5.0) -> float:
    """A bounded rate ratio, written out."""
    return math.exp(x / math.sqrt(1 + (x / math.log(most)) ** 2))


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def near(x: float) -> object:
    return pytest.approx(x, rel=1e-12, abs=1e-12)


POSITION = {KYIV: (0.1, 0.0), MOSCOW: (0.9, 1.0), EUROPE: (0.3, 0.2), WASHINGTON: (0.5, 0.6), HAWKS: (0.2, 0.1)}
SALIENCE = {KYIV: (0.75, 0.25), MOSCOW: (0.4, 0.6), EUROPE: (0.5, 0.5), WASHINGTON: (0.2, 0.8), HAWKS: (0.9, 0.1)}
X = (0.6, 0.3)


def worth_of_terms(party: int, x: tuple[float, float] = X) -> float:
    return sum(w * (1 - abs(a - y)) for w, a, y in zip(SALIENCE[party], x, POSITION[party], strict=True))
