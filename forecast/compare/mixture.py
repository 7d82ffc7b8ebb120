"""Inputs between those of two runs: some causes as in the later run, all others as in the earlier one.

All mixtures are as of the later run's date. A series that is left out has the rows of the earlier run. A recorded state
that is left out has them too, and from the end of the earlier run's record it is *not recorded*: simulated timelines
decide it, and nothing is said about its not changing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import pandas as pd

from forecast.belief.fit import SamplerSettings
from forecast.compare.causes import (
    DRAW_SEED,
    FILES,
    PRIOR_ONLY,
    SAMPLER,
    SEED,
    TIMELINES,
    WEIGHTS,
    Cause,
    changed_priors,
    prior_key,
    rows_by_series,
    streams_of,
)
from forecast.compare.sides import Side
from forecast.evidence.chronology import Chronology
from forecast.evidence.states import STATES
from forecast.outcomes.owen import Coalition
from forecast.replay.observations import POCKET_MAP
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.prior import Prior
from forecast.scenario.spec import Scenario

SIMULATION = frozenset({SEED, TIMELINES})
"""Causes that change the simulated timelines alone, not their starting points."""


@dataclass(frozen=True)
class Settings:
    """The settings of a mixture: see `forecast.compare.sides.Side`."""

    timelines: int
    seed: int
    draw_seed: int
    fixed: Mapping[str, float]
    prior_only: bool
    sampler: SamplerSettings


@dataclass(frozen=True, eq=False)
class Mixture:
    """Everything between two runs.

    Attributes:
        a: the earlier run.
        b: the later run.
        causes: in which they differ.
    """

    a: Side
    b: Side
    causes: tuple[Cause, ...]
    _scenarios: dict[tuple[str, Coalition], Scenario] = field(default_factory=dict)

    @property
    def everything(self) -> Coalition:
        """All causes: the later run."""
        return frozenset(cause.id for cause in self.causes)

    @property
    def time_passes(self) -> bool:
        """Whether the later run knows of more days than the earlier one."""
        one, other = self.a.scenario.chronology, self.b.scenario.chronology
        return self.a.day < self.b.day or one.known_until(self.a.day) != other.known_until(self.b.day)

    def side(self, cause: str, coalition: Coalition) -> Side:
        """The run that an entry is taken from; an entry in which they do not differ from the later one."""
        return self.b if cause in coalition or cause not in self.everything else self.a

    def weights(self, coalition: Coalition) -> Mapping[str, object]:
        """The weights of the members."""
        return self.side(WEIGHTS, coalition).weights

    def settings(self, coalition: Coalition) -> Settings:
        """The settings."""
        fixed: dict[str, float] = {}
        for name in sorted(self.a.fixed.keys() | self.b.fixed.keys()):
            given = self.side(f"priors/fix {name}", coalition).fixed
            if name in given:
                fixed[name] = given[name]
        return Settings(
            self.side(TIMELINES, coalition).timelines,
            self.side(SEED, coalition).seed,
            self.side(DRAW_SEED, coalition).draw_seed,
            fixed,
            self.side(PRIOR_ONLY, coalition).prior_only,
            self.side(SAMPLER, coalition).sampler,
        )

    def relevant(self, member: str, coalition: Coalition) -> Coalition:
        """The causes of a coalition that can bear on a member's timelines."""
        return frozenset(cause for cause in coalition if self._bears_on(member, cause))

    def _bears_on(self, member: str, cause: str) -> bool:
        group, _, entry = cause.partition("/")
        if group == "perspectives":
            return (cause == PRIOR_ONLY and member != BASE_RATES) or entry == f"of {member}"
        one, other = self._version(self.a, member), self._version(self.b, member)
        if group == "priors" and entry in other.priors and entry in one.priors:
            return prior_key(one.priors[entry]) != prior_key(other.priors[entry])
        if member != BASE_RATES:
            return True
        learnt = f"evidence/{self.b.scenario.area_series}"
        return cause in (learnt, "states/truce", "readings/truce", FILES, DRAW_SEED, SEED, TIMELINES)

    def _version(self, side: Side, member: str) -> Scenario:
        """The scenario of a member as one run has it; where that run lacks the member, as the other has it."""
        other = self.b if side is self.a else self.a
        return side.members[member] if member in side.members else other.members[member]

    def scenario(self, member: str, coalition: Coalition) -> Scenario:
        """The scenario of a member, with evidence, record and priors of the mixture, as of the later date."""
        key = member, self.relevant(member, coalition) - SIMULATION
        if key not in self._scenarios:
            frame = self._version(self.side(FILES, coalition), member)
            self._scenarios[key] = replace(
                frame,
                priors=self._priors(frame, member, coalition),
                evidence=replace(frame.evidence, table=self._rows(coalition), day=None),
                chronology=self._record(frame, coalition),
            )
        return self._scenarios[key]

    def _priors(self, frame: Scenario, member: str, coalition: Coalition) -> dict[str, Prior]:
        """The priors of a member, in the order of the files that the mixture uses."""
        one, other = self._version(self.a, member).priors, self._version(self.b, member).priors
        found = dict(frame.priors)
        for name in changed_priors(one, other):
            own = f"priors/{name}"
            cause = own if own in self.everything else f"perspectives/of {member}"
            found[name] = (other if self.side(cause, coalition) is self.b else one)[name]
        return found

    def _rows(self, coalition: Coalition) -> pd.DataFrame:
        """The rows of all series."""
        before, after = rows_by_series(self.a.scenario, self.a.day), rows_by_series(self.b.scenario, self.b.day)
        parts = []
        for series in self.b.scenario.evidence.specs:
            rows = after if self.side(f"evidence/{series}", coalition) is self.b else before
            if series in rows:
                parts.append(rows[series])
        table = pd.concat(parts, ignore_index=True)
        return table.sort_values(["series", "observed", "available"], ignore_index=True)

    def _record(self, frame: Scenario, coalition: Coalition) -> Chronology:
        """The view of the later date of the recorded states and events."""
        before = self.a.scenario.chronology.as_of(self.a.day)
        after = self.b.scenario.chronology.as_of(self.b.day)
        begins = self.a.scenario.chronology.known_until(self.a.day)
        unrecorded: dict[str, date] = {}
        states, events = [], [after.events[~after.events["decision"].isin(streams_of(after))]]
        for name in STATES:
            left = self._left_out(name, coalition)
            rows = (before if left else after).states
            states.append(rows[rows["state"] == name])
            if left:
                unrecorded[name] = begins
        for name in streams_of(after):
            left = self._left_out(name, coalition)
            rows = (before if left else after).events
            events.append(rows[rows["decision"] == name])
            if left:
                unrecorded[name] = begins
        pocket = f"evidence/{self.b.scenario.series.pocket}"
        if self.side(pocket, coalition) is self.a:
            unrecorded[POCKET_MAP] = begins
        return replace(
            after,
            start=frame.chronology.start,
            states=pd.concat(states).sort_values(["observed", "available", "state"], kind="stable", ignore_index=True),
            events=pd.concat(events).sort_values(
                ["observed", "available", "decision"], kind="stable", ignore_index=True
            ),
            unrecorded=unrecorded,
        )

    def _left_out(self, entry: str, coalition: Coalition) -> bool:
        """Whether a recorded state or a stream of events is as in the earlier run."""
        causes = (f"{group}/{entry}" for group in ("states", "readings"))
        return any(self.side(cause, coalition) is self.a for cause in causes)
