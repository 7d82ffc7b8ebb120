"""The noise of a week, drawn together: the same numbers as one by one."""

import numba
import numpy as np

from forecast.timeline.noise import draw_noise, noise
from forecast.timeline.random_numbers import cell_key, context_record, normal
from forecast.timeline.week import NOISY


@numba.njit
def both(context, timelines, together, single):
    """The noise of one week of a number of timelines, drawn together and one by one."""
    for i in range(timelines):
        context.cell = cell_key(i, 0)
        draw_noise(context, NOISY, 3)
        for k in range(len(NOISY)):
            together[i, k] = noise(context, NOISY[k], 3)
            single[i, k] = normal(context, NOISY[k], 3, 0)


def test_noise_drawn_together_is_that_drawn_one_by_one() -> None:
    together, single = np.zeros((2, 5_000, len(NOISY)))
    both(context_record(1, 20)[0], len(together), together, single)
    assert (together == single).all()
    # Both the middle and the tails of the distribution occur.
    assert (np.abs(single) > 2.1).any()
    assert (np.abs(single) < 1.0).any()


def test_noise_of_a_week_that_was_not_drawn() -> None:
    context = context_record(1, 20)[0]
    assert noise(context, NOISY[0], 5) == normal(context, NOISY[0], 5, 0)
