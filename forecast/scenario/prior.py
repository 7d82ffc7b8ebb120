"""Priors, their correlations, and what perspectives change in them."""

from datetime import date
from typing import Literal

from forecast.inputs.validation import Day, Pair, Table, Text
from forecast.scenario.elicit import Marginal
from forecast.scenario.families import C95
from forecast.scenario.records import Grounds

Varies = Literal["world", "timeline"]
Basis = Literal["figure", "reading", "judgement"]


class Quantity(Table):
    """The quantity of an entry.

    Attributes:
        unit: the unit it was elicited in.
        support: the values it may take, lowest and highest.
        varies: `world`: drawn once for each draw; `timeline`: drawn again in each timeline.
        without: the neutral value that switches its premises off.
        on_the_date: reason why the conditions of the reference date make it much likelier than at reference levels;
            needed where a simulated year says so (`forecast check`).
    """

    unit: Text
    support: Pair
    varies: Varies
    without: float
    on_the_date: Text | None = None


class Prior(Grounds, Quantity):
    """The belief about one number, and its grounds.

    Attributes:
        name: dotted name, `part.key` (rows of tables: `part.table.row` or `part.table.row.column`).
        marginal: its distribution, in `unit`.
        basis: what the source gives, as in `Grounded`; `judgement` where there is no source.
        as_of: date of the source's publication, where there is one.
        elicited: how the file gave it, for `check` (`quantiles 0.1/0.2/0.4`, `normal mean=0 sd=1`).
        file: the file it stands in, relative to the scenario's folder.
    """

    name: str
    marginal: Marginal
    basis: Basis
    as_of: date | None
    elicited: str
    file: str

    def quantiles(self) -> tuple[float, float, float]:
        """Give the 5, 50 and 95% quantiles as fitted, in its unit."""
        low, middle, high = (float(self.marginal.quantile(z)) for z in (-C95, 0.0, C95))
        return low, middle, high


class Correlation(Table):
    """`[[correlation]]` of `correlations.toml`: of the normal scores of two priors (a Gaussian copula).

    Attributes:
        first: dotted name of a prior.
        second: dotted name of another.
        rho: correlation of their normal scores, between -1 and 1.
        reason: why they move together.
    """

    first: Text
    second: Text
    rho: float
    reason: Text


class Change(Grounds):
    """A change of an entry by a perspective; the prior also rests on the entry's own premises.

    Attributes:
        entry: dotted name of the entry.
        elicited: how the perspective gives it, as `Prior.elicited`.
        quantiles: its 5, 50 and 95% quantiles within its support, in `unit`.
        base: those of the scenario's own files, in `unit`.
        unit: the unit that both were elicited in.
    """

    entry: Text
    elicited: str
    quantiles: tuple[float, float, float]
    base: tuple[float, float, float]
    unit: str


class PerspectiveHead(Table):
    """The head of `perspectives/<name>.toml`.

    Attributes:
        title: its name for readers.
        holder: who holds it.
        summary: who that is and what they say, in a sentence or two.
        reviewed: as in `Grounds`.
    """

    title: Text
    holder: Text
    summary: Text
    reviewed: Day | None = None


class Perspective(PerspectiveHead):
    """Another reader's set of premises: what it changes in the scenario's own entries.

    Attributes:
        name: the name of its file, without `.toml`.
        changes: in the order of the file.
    """

    name: str
    changes: tuple[Change, ...]
