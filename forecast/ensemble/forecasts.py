"""The forecasts of a run's members, made from a request."""

import contextlib
from collections.abc import Callable, Iterator

from forecast.ensemble.base_rates_member import BaseRatesMaker
from forecast.ensemble.compile_ahead import compiling_ahead
from forecast.ensemble.member import Keep, Maker, Member, scores_of_strata
from forecast.ensemble.precision import Stopping
from forecast.ensemble.progress import silent
from forecast.ensemble.request import BLOCK, MOST_TIMELINES
from forecast.ensemble.resolve import ResolvedRequest
from forecast.ensemble.simulated import draws_used
from forecast.ensemble.simulated_member import SimulatedMaker
from forecast.ensemble.stop import Stop
from forecast.outcomes.running_error import RunningError
from forecast.scenario.perspectives import BASE_RATES


def forecasts(
    resolved: ResolvedRequest, keep: Keep, *, progress: bool = False, notify: Callable[[str], None] = silent
) -> list[Member]:
    """Make the forecast of each member in the pool's order, or only the forecast of the perspective asked for.

    Args:
        resolved: from `resolve`; its number of timelines counts, not a precision.
        keep: called with each block of a member's timelines.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    made: list[Member] = []
    size = resolved.request.timelines
    with makers(resolved, keep, size, progress=progress, notify=notify) as found:
        for maker in found:
            for first in range(0, size, BLOCK):
                maker.simulate(min(BLOCK, size - first))
            made.append(maker.finish())
    return made


def forecasts_until(
    resolved: ResolvedRequest,
    keep: Keep,
    stopping: Stopping,
    *,
    progress: bool = False,
    notify: Callable[[str], None] = silent,
) -> tuple[list[Member], Stop]:
    """Make the forecasts with as many blocks of timelines as a precision needs; all members have equally many.

    Args:
        resolved: from `resolve`; its number of timelines does not count.
        keep: called with each block of a member's timelines; the members take turns.
        stopping: decides after each block.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Returns:
        The forecasts, those of `forecasts` with `Stop.timelines` timelines, and why there are no more.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    with makers(resolved, keep, MOST_TIMELINES, progress=progress, notify=notify) as found:
        members = list(found)
        running = RunningError(resolved.weights or {members[0].name: 1.0})
        stop, size, scores = None, 0, None
        while stop is None:
            for maker in members:
                running.add(maker.name, maker.simulate(BLOCK))
            if draws_used(size + BLOCK) > draws_used(size):
                scores = scores_of_strata(members)
            size += BLOCK
            error = running.largest(scores)
            points = "unknown" if error.error is None else f"{100.0 * error.error:.2f} points"
            notify(f"simulated {size:,} timelines of each member: Monte Carlo error {points}")
            stop = stopping.after(size, error)
        return [maker.finish() for maker in members], stop


@contextlib.contextmanager
def makers(
    resolved: ResolvedRequest, keep: Keep, most: int, *, progress: bool, notify: Callable[[str], None]
) -> Iterator[Iterator[Maker]]:
    """Give the makers of the members' forecasts, each begun when it is asked for.

    Args:
        resolved: from `resolve`.
        keep: called with each block of a member's timelines.
        most: most timelines that will be asked for.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.
    """
    number = f"{most:,} " if resolved.request.precision is None else ""

    def begun(wait: Callable[[], None]) -> Iterator[Maker]:
        for name, scenario in resolved.members.items():
            if name == BASE_RATES:
                notify(f"simulating {number}timelines ({name})")
                yield BaseRatesMaker(scenario, resolved.day, resolved.request, keep)
            else:
                yield SimulatedMaker(
                    scenario,
                    resolved.day,
                    resolved.request,
                    keep,
                    wait,
                    timelines=most,
                    pooled=resolved.pool is not None,
                    progress=progress,
                    notify=notify,
                )

    with compiling_ahead(resolved.scenario, resolved.day) as wait:
        yield begun(wait)
