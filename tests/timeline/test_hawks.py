"""The hawks: their level and sabotage, worked by hand."""

from part_tools import near, ratio
from timeline_tools import Bench

from forecast.timeline import hawks


def test_hawks(b: Bench) -> None:
    p, s = b.p.hawks, b.s
    p.hawks_capital, p.hawks_text, p.hawks_half_life = 0.5, 2.0, 7.0
    s.hawks, s.capital, s.hawks_loss = 1.0, -0.6, 0.4
    hawks.step(p, s, b.context, 7.0)
    assert s.hawks == near(0.5 * (1.0 + 0.3 + 0.8))
    p.sabotage, p.sabotage_hawks = 0.01, 0.4
    assert hawks.sabotage_rate(p, s) == near(0.01 * ratio(0.4 * s.hawks))
