"""The outcomes of the timelines of a mixture, and the error of linear combinations of several mixtures' odds.

Odds are fractions here: counts of timelines times the members' weights. The standard error of a combination is
clustered by draw, over all mixtures in it: what two of them share cancels out (common random numbers).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.clustering import MEMBER
from forecast.timeline.cells import TIMELINES_PER_DRAW

KINDS = len(HEADLINES)
"""Number of headline outcomes."""

FEW_PER_DRAW = 10
"""Timelines of each draw that are simulated for a mixture, of `TIMELINES_PER_DRAW`, where there are many mixtures."""

FEW_OF = 20_000
"""Timelines of which these are chosen: 500 draws with all their timelines."""

OTHER_SEED = 10**9
"""Added to the numbers of draws that come from the later run's seed of draws, if the runs have different ones."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Timelines of one member.

    Attributes:
        draw: (n,) number of the draw of each.
        kind: (n,) its outcome, as a place in `HEADLINES`.
    """

    draw: NDArray[np.int64]
    kind: NDArray[np.int64]

    def few(self) -> "Outcomes":
        """The first timelines of each draw: those that are simulated where there are many mixtures."""
        kept = few_numbers(len(self.draw))
        return Outcomes(np.asarray(self.draw[kept], np.int64), np.asarray(self.kind[kept], np.int64))


def few_numbers(count: int) -> NDArray[np.int64]:
    """Numbers of the timelines that stand for a run of `count` timelines."""
    i = np.arange(min(count, FEW_OF))
    few = i[i % TIMELINES_PER_DRAW < FEW_PER_DRAW]
    return few if len(few) else i


@dataclass(frozen=True, eq=False)
class Odds:
    """The odds of a run or a mixture.

    Attributes:
        members: timelines of each member, by its name.
        weights: of the members, adding up to 1.
    """

    members: Mapping[str, Outcomes]
    weights: Mapping[str, Fraction]

    @cached_property
    def shares(self) -> tuple[Fraction, ...]:
        """The odds of each headline outcome, exact."""
        total = [Fraction(0)] * KINDS
        for name, own in self.members.items():
            counts = np.bincount(own.kind, minlength=KINDS)
            for kind in range(KINDS):
                total[kind] += self.weights[name] * Fraction(int(counts[kind]), len(own.kind))
        return tuple(total)

    @cached_property
    def residuals(self) -> tuple[NDArray[np.int64], Array]:
        """Numbers of draws, and (draws, kinds) what each adds to the odds beyond its share in them."""
        parts = []
        for name, own in self.members.items():
            drawn, place = np.unique(own.draw, return_inverse=True)
            sums = np.zeros((len(drawn), KINDS))
            for kind in range(KINDS):
                x = (own.kind == kind).astype(float)
                sums[:, kind] = np.bincount(place, x - x.mean(), minlength=len(drawn))
            parts.append(pd.DataFrame(sums * float(self.weights[name]) / len(own.kind), index=drawn))
        together = pd.concat(parts).groupby(level=0).sum()
        return together.index.to_numpy(np.int64), together.to_numpy()

    def few(self) -> "Odds":
        """The odds of the first timelines of each draw."""
        return Odds({name: own.few() for name, own in self.members.items()}, self.weights)


def columns_of(timelines: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws of a table of timelines, and their outcomes as places in `HEADLINES`."""
    places = {name: k for k, name in enumerate(HEADLINES)}
    kind = timelines["headline"].astype(str).map(places)
    return np.asarray(timelines["draw"], np.int64), np.asarray(kind, np.int64)


def odds_of_table(timelines: pd.DataFrame, weights: Mapping[str, Fraction], *, other_seed: bool = False) -> Odds:
    """The odds of a saved run.

    Args:
        timelines: its table.
        weights: of its members.
        other_seed: its draws have another seed than those that they are compared with.
    """
    draw, kind = columns_of(timelines)
    draw = draw + (OTHER_SEED if other_seed else 0)
    if MEMBER not in timelines:
        return Odds({name: Outcomes(draw, kind) for name in weights}, weights)
    member = timelines[MEMBER].astype(str).to_numpy()
    return Odds({name: Outcomes(draw[member == name], kind[member == name]) for name in weights}, weights)


@dataclass(frozen=True)
class Change:
    """A linear combination of odds, such as a difference.

    Attributes:
        terms: odds, each with its coefficient.
    """

    terms: tuple[tuple[Odds, Fraction], ...] = ()

    def __add__(self, other: "Change") -> "Change":
        return Change((*self.terms, *other.terms))

    def times(self, factor: Fraction) -> "Change":
        """The combination times a number."""
        return Change(tuple((odds, share * factor) for odds, share in self.terms))

    @cached_property
    def points(self) -> tuple[Fraction, ...]:
        """The change of each outcome's odds, in points, exact."""
        total = [Fraction(0)] * KINDS
        for odds, share in self.terms:
            for kind in range(KINDS):
                total[kind] += 100 * share * odds.shares[kind]
        return tuple(total)

    @cached_property
    def errors(self) -> tuple[float, ...]:
        """The standard error of each, in points, clustered by draw; 0 from a single draw."""
        together: dict[int, tuple[Odds, Fraction]] = {}
        for odds, share in self.terms:
            before = together.get(id(odds), (odds, Fraction(0)))[1]
            together[id(odds)] = odds, before + share
        parts = [
            pd.DataFrame(odds.residuals[1] * float(share), index=odds.residuals[0])
            for odds, share in together.values()
            if share
        ]
        if not parts:
            return (0.0,) * KINDS
        sums = pd.concat(parts).groupby(level=0).sum().to_numpy()
        number = len(sums)
        if number < 2:
            return (0.0,) * KINDS
        found = 100.0 * np.sqrt((sums**2).sum(axis=0) * number / (number - 1))
        return tuple(float(error) for error in found)


def difference(after: Odds, before: Odds) -> Change:
    """The later odds less the earlier ones; nothing if they are the same timelines."""
    return Change() if after is before else Change(((after, Fraction(1)), (before, Fraction(-1))))
