"""Records of one timeline for the tests of the parts."""

import pytest
from part_tools import POSITION, SALIENCE, X
from timeline_tools import Bench, bench

from forecast.timeline.codes import KYIV, MOSCOW, TERMS


@pytest.fixture
def b() -> Bench:
    """Records of one timeline, to be set by hand."""
    return bench()


@pytest.fixture
def table(b: Bench) -> Bench:
    """Terms on the table; the template is signed by Kyiv, Moscow and Europe."""
    for party in range(5):
        b.p.parties.position[party, :2] = POSITION[party]
        b.p.parties.salience[party, :2] = SALIENCE[party]
    b.s.terms[:2] = X
    b.s.settlement, b.s.rung = 0, TERMS
    b.w.facts.needs_europe[0] = 1.0
    b.p.talks.tau = 0.1
    b.p.moscow.worth, b.p.kyiv.worth, b.p.europe.worth = 0.5, 0.6, 0.7
    b.s.worth[MOSCOW], b.s.worth[KYIV] = 0.5, 0.6
    b.s.private[:] = [0.0, 0.0, 0.01, -0.02, 0.03]
    b.p.settlements.terms[0, :2] = 0.5
    b.p.settlements.terms[1, :2] = (0.2, 0.9)
    return b
