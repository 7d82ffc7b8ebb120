"""Timelines simulated again, for tests of what is told of them."""

from collections.abc import Iterator
from functools import cache

import pandas as pd
from timeline_tools import ukraine, ukraine_inputs

from forecast.narrative.rerun import redrawn_of, reopen
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run
from forecast.timeline.cells import Course, cells, follow


def courses(run: Run, every: int) -> Iterator[tuple[Scenario, pd.DataFrame, Course]]:
    """Timelines of a run simulated again, with the rows kept of them."""
    reopened = reopen(run, redrawn_of(run))
    for timeline in range(0, len(run.timelines), every):
        kept = run.timelines.iloc[[timeline]]
        yield reopened.scenario, kept, reopened.course(kept)


@cache
def of_ukraine() -> tuple[Scenario, tuple[Course, ...]]:
    """Three thousand timelines of the real scenario, from its priors alone."""
    given = ukraine_inputs()
    which = cells(3000, len(given.rows), 6)
    made = (follow(given, (which.draw[k], which.draw[k], which.draw[k], which.replicate[k]), k, 1) for k in range(3000))
    return ukraine()[0], tuple(made)
