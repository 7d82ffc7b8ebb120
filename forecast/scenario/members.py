"""Who is pooled and how, and what the member `base-rates` goes by: plain and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A member of the pool.

    Attributes:
        name: a perspective's name, `base` or `base-rates`.
        weight: its declared weight.
        reason: why.
    """

    name: str
    weight: float
    reason: str


@dataclass(frozen=True)
class Pool:
    """Whose forecasts are pooled, and how.

    Attributes:
        members: in the order of the file; their weights add up to 1.
        temper: power to which the density of what happened counts.
        floor: lowest updated weight.
        common: what that density is of.
        reasons: why, by key.
    """

    members: tuple[Member, ...]
    temper: float
    floor: float
    common: tuple[str, ...]
    reasons: Mapping[str, str]

    @property
    def weights(self) -> dict[str, float]:
        """The declared weights by member, in their order."""
        return {member.name: member.weight for member in self.members}


@dataclass(frozen=True)
class Rate:
    """What is believed of a rate a year: gamma distributed, as if so many events had been seen in so many years.

    Attributes:
        events: shape.
        years: rate.
    """

    events: float
    years: float

    def after(self, events: float, years: float) -> "Rate":
        """What is believed once so many more events have been seen in so many more years; exact."""
        return Rate(self.events + events, self.years + years)


@dataclass(frozen=True)
class BaseRates:
    """What the member goes by, the class counted.

    Attributes:
        end: the rate at which wars of the class end.
        modes: how they end, by outcome: the cases of each kind of a Dirichlet distribution.
        victory: of those won or lost, cases in which the initiator won, and lost: a beta distribution.
        breaking: chance that a settlement is no longer in force at the horizon.
        truce: the rate at which general ceasefires begin that do not end the war.
        advance_years: years before the reference date whose four-weekly changes of area are learnt from.
        reasons: why, by table of the file.
    """

    end: Rate
    modes: Mapping[str, float]
    victory: tuple[float, float]
    breaking: float
    truce: Rate
    advance_years: float
    reasons: Mapping[str, str]
