"""Precision on demand: the rule by which a run that goes on block by block stops."""

import time
from collections.abc import Callable
from typing import Final

from forecast.belief.assemble import DRAWS
from forecast.ensemble.request import BLOCK, MOST_TIMELINES
from forecast.ensemble.stop import Reason, Stop
from forecast.outcomes.running_error import HeadlineError
from forecast.timeline.cells import TIMELINES_PER_DRAW

PASS: Final = DRAWS * TIMELINES_PER_DRAW
"""Timelines of a pass, in which each draw is used once."""

NO_LESS: Final = 0.99
"""Ratio of the errors after and before a pass from which on more timelines no longer lower the error."""


class Stopping:
    """Decides after each block whether a run goes on.

    Args:
        precision: largest Monte Carlo error, in points.
        time_budget: seconds after which no block is begun; None for no limit.
        begun: reading of the clock when the run began; by default now.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        precision: float,
        time_budget: float | None = None,
        begun: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._precision, self._clock = precision, clock
        self._end = None if time_budget is None else (clock() if begun is None else begun) + time_budget
        self._after_pass: float | None = None

    def after(self, timelines: int, found: HeadlineError) -> Stop | None:
        """The reason to stop after a number of timelines; None if the run goes on."""
        reason = self._reason(timelines, found)
        if timelines % PASS == 0:
            self._after_pass = found.error
        points = None if found.error is None else 100.0 * found.error
        return None if reason is None else Stop(reason, timelines, points, self._precision)

    def _reason(self, timelines: int, found: HeadlineError) -> Reason | None:
        if is_precise(found, self._precision):
            return "reached"
        if draws_are_limit(timelines, found, self._precision) or self._no_less(timelines, found):
            return "draws"
        if timelines + BLOCK > MOST_TIMELINES:
            return "most timelines"
        if self._end is not None and self._clock() >= self._end:
            return "time budget"
        return None

    def _no_less(self, timelines: int, found: HeadlineError) -> bool:
        """Whether a whole pass has hardly lowered the error."""
        before = self._after_pass
        return timelines % PASS == 0 and before is not None and (found.error or 0.0) > NO_LESS * before


def is_precise(found: HeadlineError, precision: float) -> bool:
    """Whether an error is as small as asked for, in points."""
    return found.error is not None and 100.0 * found.error <= precision


def draws_are_limit(timelines: int, found: HeadlineError, precision: float) -> bool:
    """Whether all draws have been used, and no number of their timelines would make the error as small as asked for."""
    return timelines >= PASS and (found.floor is None or 100.0 * found.floor > precision)
