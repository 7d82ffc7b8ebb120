"""The noise of a week: the standard normal numbers that levels take up, drawn together when the week begins.

One after the other in a loop, the processor works on several at once, which halves their time. A level asks for its
noise by the name of its decision, as for any random number, and gets the same number as from `normal`.
"""

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.jit import kernel
from forecast.timeline.random_numbers import (
    Context,
    central_quantile,
    in_tail,
    normal,
    tail_quantile,
    uniform,
)


@kernel
def draw_noise(context: Context, levels: NDArray[np.int64], week: int) -> None:
    """Draw the noise of a week.

    Args:
        context: random numbers of the timeline; filled in.
        levels: (n,) numbers of the decisions of the levels.
        week: the week.
    """
    for k in range(len(levels)):
        context.drawn[k] = uniform(context, levels[k], week, 0)
    for k in range(len(levels)):
        context.scores[k] = central_quantile(context.drawn[k])
    for k in range(len(levels)):
        u = context.drawn[k]
        context.noise[levels[k]] = tail_quantile(u) if in_tail(u) else context.scores[k]
    context.noise_week = week


@kernel
def noise(context: Context, what: int, week: int) -> float:
    """The noise that a level takes up in a week, a standard normal number; outside a whole week it is drawn here."""
    if context.noise_week == week:
        return context.noise[what]
    return normal(context, what, week, 0)
