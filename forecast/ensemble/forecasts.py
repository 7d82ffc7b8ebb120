"""The forecasts of a run's members, made from a request."""

from collections.abc import Callable

from forecast.ensemble.base_rates_member import base_rates_member
from forecast.ensemble.compile_ahead import compiling_ahead
from forecast.ensemble.member import Keep, Member
from forecast.ensemble.resolve import ResolvedRequest
from forecast.ensemble.simulated_member import simulated_member
from forecast.scenario.perspectives import BASE_RATES


def silent(_: str) -> None:
    """Report no progress."""


def forecasts(
    resolved: ResolvedRequest, keep: Keep, *, progress: bool = False, notify: Callable[[str], None] = silent
) -> list[Member]:
    """Make the forecast of each member in the pool's order, or only the forecast of the perspective asked for.

    Args:
        resolved: from `resolve`.
        keep: called with each block of a member's timelines.
        progress: show a progress bar while sampling.
        notify: called with a phrase for each step.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    made: list[Member] = []
    with compiling_ahead(resolved.scenario, resolved.day) as wait:
        for name, scenario in resolved.members.items():
            if name == BASE_RATES:
                notify(f"simulating {resolved.request.timelines:,} timelines ({name})")
                made.append(base_rates_member(scenario, resolved.day, resolved.request, keep))
            else:
                made.append(
                    simulated_member(
                        scenario,
                        resolved.day,
                        resolved.request,
                        keep,
                        wait,
                        pooled=resolved.pool is not None,
                        progress=progress,
                        notify=notify,
                    )
                )
    return made
