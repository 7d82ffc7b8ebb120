"""Washington's hawks: resistance that grows as the president's capital falls.

    hawks reverts to - hawks_capital capital + hawks_text (their loss by the text on the table)

The hawks reduce Washington's ability to deliver (`washington.consent`) and set talks back by leaks and sabotage
(`ladder.py`). They favour terms under which losses look temporary, which adds to Moscow's fear of being cheated
(`bargain.py`).
"""

from forecast.timeline import decays
from forecast.timeline.fields import Real, field
from forecast.timeline.forms import ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, decision
from forecast.timeline.state import State

HAWKS = decision("hawks.level")


class Hawks:
    """Parameters of the hawks."""

    hawks_start: Real = field("sd", "strength of the hawks at the reference date")
    hawks_half_life: Real = field("weeks", "half-life of their strength", low=1)
    hawks_capital: Real = field("sd", "strength gained per unit of capital that the president loses")
    hawks_text: Real = field("sd", "strength gained by a text that takes all that they want")
    sabotage: Real = field("1/year", "leaks and sabotage that set talks back a rung")
    sabotage_hawks: Real = field("log ratio", "likelier per unit of their strength")
    down_hawks: Real = field("log ratio", "how a unit of their strength raises the rate of steps down")
    temporary: Real = field("log ratio", "how a unit of their strength favours terms whose losses look temporary")
    moscow_fear: Real = field("value", "what a unit of their strength adds to {moscow}'s fear of being cheated")


@routine
def step(p: Hawks, s: State, context: Context, dt: float) -> None:
    """Move the strength of the hawks by `dt` of a week."""
    target = -p.hawks_capital * s.capital + p.hawks_text * s.hawks_loss
    shock = noise(context, HAWKS, s.week)
    s.hawks = decays.revert(s, decays.HAWKS, s.hawks, target, p.hawks_half_life, dt, shock)


@kernel
def sabotage_rate(p: Hawks, s: State) -> float:
    """Weekly rate of sabotage."""
    return p.sabotage * ratio(p.sabotage_hawks * s.hawks)
