"""One entry of the prior files: a parameter, a starting level or a row of a table; what is believed of it, by whom."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from forecast.scenario.elicit import C95, Marginal

Varies = Literal["world", "timeline"]
Basis = Literal["figure", "reading", "judgement"]


@dataclass(frozen=True)
class Prior:
    """What is believed of one number, and why.

    Attributes:
        name: dotted name, `part.key` (rows of tables: `part.table.row` or `part.table.row.column`).
        marginal: its distribution, in `unit`.
        unit: the unit it was elicited in.
        support: the values it may take.
        varies: `world`: drawn once for what is not known; `timeline`: drawn anew in each timeline.
        without: the neutral value that switches its premises off.
        premises: ids of the premises that rest on it.
        source: id of a source in `sources.toml`, or `judgement`.
        basis: what the source gives: `figure`, the number itself or what it is worked out from; `reading`, a fact or a
            stance of which the number is the authors' reading; `judgement` where there is no source.
        as_of: date of the source's publication, where there is one.
        reason: why this distribution.
        elicited: how the file gave it, for `check` (`quantiles 0.1/0.2/0.4`, `normal mean=0 sd=1`).
        file: the file it stands in, relative to the scenario's folder.
    """

    name: str
    marginal: Marginal
    unit: str
    support: tuple[float, float]
    varies: Varies
    without: float
    premises: tuple[str, ...]
    source: str
    basis: Basis
    as_of: date | None
    reason: str
    elicited: str
    file: str

    def quantiles(self) -> tuple[float, float, float]:
        """Give the 5, 50 and 95% quantiles as fitted, in its unit."""
        low, middle, high = (float(self.marginal.quantile(z)) for z in (-C95, 0.0, C95))
        return low, middle, high


@dataclass(frozen=True)
class Correlation:
    """A declared correlation between the normal scores of two priors (a Gaussian copula).

    Attributes:
        first: dotted name of a prior.
        second: dotted name of another.
        rho: correlation of their normal scores, between -1 and 1.
        reason: why they move together.
    """

    first: str
    second: str
    rho: float
    reason: str


@dataclass(frozen=True)
class Change:
    """What a perspective puts in an entry's place.

    Attributes:
        entry: dotted name of the entry.
        elicited: how the perspective gives it, as `Prior.elicited`.
        quantiles: its 5, 50 and 95% quantiles within its support, in `unit`.
        base: those of the scenario's own files, in `unit`.
        unit: the unit that both were elicited in.
        premises: ids of the premises that the change rests on; its prior rests on the entry's own as well.
        source: id of a source in `sources.toml`, or `judgement`.
        reason: why.
    """

    entry: str
    elicited: str
    quantiles: tuple[float, float, float]
    base: tuple[float, float, float]
    unit: str
    premises: tuple[str, ...]
    source: str
    reason: str


@dataclass(frozen=True)
class Perspective:
    """Another reader's set of premises: what it changes in the scenario's own entries.

    Attributes:
        name: the name of its file, without `.toml`.
        title: its name for readers.
        holder: who holds it.
        summary: who that is and what they say, in a sentence or two.
        changes: in the order of the file.
    """

    name: str
    title: str
    holder: str
    summary: str
    changes: tuple[Change, ...]
