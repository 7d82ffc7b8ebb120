"""Moscow: strain, demands, its own part of the worth of fighting on and shocks, worked by hand."""

import numpy as np
import pytest
from part_tools import SURE, near, ratio
from timeline_tools import Bench

from forecast.timeline import moscow
from forecast.timeline.codes import GENERAL, LIMITED, MEDIATING, NO_TRUCE, PRESSING_KYIV, PRESSING_MOSCOW, WALKED_AWAY


@pytest.mark.parametrize(
    ("posture", "truce", "expected"),
    [
        (MEDIATING, NO_TRUCE, 0.5 - 0.3),
        (MEDIATING, LIMITED, 0.5 - 0.3),
        (MEDIATING, GENERAL, 0.5 - 0.2 - 0.3),
        (PRESSING_KYIV, GENERAL, 0.5 - 0.2 - 0.3),
        (PRESSING_MOSCOW, GENERAL, 0.5 + 0.8 - 0.3),
        (WALKED_AWAY, GENERAL, 0.5 - 0.3),
    ],
)
def test_strain_target(b: Bench, posture: int, truce: int, expected: float) -> None:
    p = b.p.moscow
    p.strain_trend, p.strain_pressed, p.strain_relief = 0.5, 0.8, 0.2
    b.s.posture, b.s.truce, b.s.lapsed = posture, truce, 1
    assert moscow.strain_target(p, b.s, 0.3) == near(expected)


def test_demands_ratchet(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.demand_per_gain, p.demand_kept, p.demand_substantial = 0.1, 0.75, 0.05
    b.w.facts.region_demand[0] = 60.0
    start = np.array([100.0, 100.0] + [0.0] * 10)
    s.km2 = 500.0
    moscow.ratchet(p, s, b.w, b.context, start)
    assert s.demands == near(0.05)
    s.km2 = 100.0
    moscow.ratchet(p, s, b.w, b.context, start)
    assert s.demands == near(0.05 - 0.25 * 0.04)
    s.held[0] = 40.0
    moscow.ratchet(p, s, b.w, b.context, start)
    moscow.ratchet(p, s, b.w, b.context, start)
    assert s.demands == near(0.05 - 0.01 + 0.05)
    s.km2 = -1e6
    moscow.ratchet(p, s, b.w, b.context, start)
    assert s.demands == 0.0


def test_moscows_own_part_of_the_worth(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.worth, p.worth_strain = 0.4, 0.08
    s.strain, s.demands = 0.5, 0.03
    assert moscow.own_worth(p, s) == near(0.4 - 0.04 + 0.03)


def test_shocks_to_moscow(b: Bench) -> None:
    p, s = b.p.moscow, b.s
    p.home_shock, p.home_shock_strain, s.strain = 0.002, 0.5, 1.2
    assert moscow.home_shock_rate(p, s) == near(0.002 * ratio(0.6))
    p.home_shock = p.strain_shock_rate = SURE
    p.strain_shock, p.home_shock_effect = 0.4, 1.0
    s.day = 5.0
    moscow.events(p, s, b.r, b.context, 0, 1.0)
    moscow.events(p, s, b.r, b.context, 0, 1.0)
    # The shock at home happens once.
    assert s.strain == near(1.2 + 2 * 0.4 + 1.0)
    assert b.r.home_shock == 5.0
