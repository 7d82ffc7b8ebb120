"""The members of a pool and their weights, and the beliefs of the member `base-rates`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from forecast.inputs.validation import Day, Positive, Table, Text, Texts


class Member(Table):
    """`[member.<name>]` of `pool.toml`.

    Attributes:
        name: a perspective's name, `base` or `base-rates`.
        weight: its declared weight.
        reason: why.
        reviewed: as in `forecast.scenario.records.Grounds`.
    """

    name: str
    weight: Positive
    reason: Text
    reviewed: Day | None = None


class WeightUpdate(Table):
    """`[update]` of `pool.toml`: how weights are updated by what happened.

    Attributes:
        temper: power to which the density of what happened counts.
        temper_reason: why.
        floor: lowest updated weight.
        floor_reason: why.
        common: what that density is of.
        common_reason: why.
    """

    temper: Annotated[float, Field(gt=0, le=1)]
    temper_reason: Text
    floor: Annotated[float, Field(ge=0)]
    floor_reason: Text
    common: Annotated[Texts, Field(min_length=1)]
    common_reason: Text


class Pool(WeightUpdate):
    """The members of the pool, and how their weights are updated.

    Attributes:
        members: in the order of the file; their weights add up to 1.
    """

    members: tuple[Member, ...]

    @property
    def weights(self) -> dict[str, float]:
        """The declared weights by member, in their order."""
        return {member.name: member.weight for member in self.members}


@dataclass(frozen=True)
class Rate:
    """The belief about a rate a year: a gamma distribution, as after a number of events in a number of years.

    Attributes:
        events: shape.
        years: rate.
    """

    events: float
    years: float

    def after(self, events: float, years: float) -> "Rate":
        """The belief after more events in more years; exact."""
        return Rate(self.events + events, self.years + years)


@dataclass(frozen=True)
class BaseRates:
    """The beliefs of the member `base-rates`, with its class counted.

    Attributes:
        end: the rate at which wars of the class end.
        modes: how they end, by outcome: the cases of each kind of a Dirichlet distribution.
        victory: of those won or lost, cases in which the initiator won, and lost: a beta distribution.
        breaking: chance that a settlement is no longer in force at the horizon.
        truce: the rate at which ceasefires along the whole front begin that do not end the war.
        advance_years: years before the reference date; their four-weekly changes of area are used.
        reasons: why, by table of the file.
    """

    end: Rate
    modes: Mapping[str, float]
    victory: tuple[float, float]
    breaking: float
    truce: Rate
    advance_years: float
    reasons: Mapping[str, str]
