"""A resolved request: its scenario read and its contents checked, before any work is done."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from forecast.belief.assemble import check_as_of, check_fixed
from forecast.belief.fit import SamplerSettings
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import draws_used
from forecast.replay.starting_points import refuse_ended_war
from forecast.scenario.load import check_fixable, load_members, load_scenario
from forecast.scenario.members import Pool
from forecast.scenario.perspectives import BASE_RATES, POOL
from forecast.scenario.spec import Scenario


@dataclass(frozen=True)
class ResolvedRequest:
    """A request and the things that it names.

    Attributes:
        request: the request as it was made.
        scenario: under the perspective asked for; for a pool, without a perspective.
        day: the as-of date.
        pool: the pool asked for, if any.
        members: the scenario of each member, by the member's name, in the pool's order.
    """

    request: RunRequest
    scenario: Scenario
    day: date
    pool: Pool | None
    members: Mapping[str, Scenario]

    @property
    def perspective(self) -> str:
        """The forecast asked for: `pool`, or a perspective's name."""
        return POOL if self.pool else self.scenario.perspective

    @property
    def weights(self) -> dict[str, float] | None:
        """The declared weights of a pool, by member."""
        return self.pool.weights if self.pool else None

    def with_timelines(self, timelines: int) -> "ResolvedRequest":
        """The same request for a number of timelines, in place of a precision."""
        return replace(self, request=replace(self.request, timelines=timelines, precision=None, time_budget=None))

    def settings(self) -> dict[str, Any]:
        """The settings that can change the results, as the manifest lists them."""
        request = self.request
        return {
            "timelines": request.timelines,
            "seed": request.seed,
            "draw_seed": request.draw_seed,
            "draws": draws_used(request.timelines),
            "edits": list(request.edits),
            "fixed": {name: float(value) for name, value in sorted(request.fixed.items())},
            "readings": list(self.scenario.chronology.used),
            "prior_only": request.prior_only,
            "allow_unconverged": request.allow_unconverged,
            "perspective": self.perspective,
            "sampler": asdict(SamplerSettings()),
        }


def resolve(request: RunRequest) -> ResolvedRequest:
    """Read the scenario that a request names, for each member, and check the request against it.

    Raises:
        InputError: the scenario, the date, an edit, a fixed parameter or a reading is wrong.
    """
    name, priors, edits, reading = request.scenario, request.priors, request.edits, request.reading
    pool: Pool | None = None
    members: dict[str, Scenario] = {}
    if request.perspective is None:
        scenario, members = load_members(name, priors=priors, edits=edits, reading=reading)
        pool = scenario.pool
    else:
        scenario = load_scenario(name, priors=priors, edits=edits, perspective=request.perspective, reading=reading)
    day = check_as_of(scenario, request.as_of)
    refuse_ended_war(scenario, day)
    members = members or {scenario.perspective: scenario}
    for seen in (scenario, *(own for name, own in members.items() if name != BASE_RATES)):
        check_fixable(seen, request.fixed)
        check_fixed(seen, request.fixed, day)
    return ResolvedRequest(request, scenario, day, pool, members)
