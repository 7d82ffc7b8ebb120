"""Sets of inputs that are exchanged together, so that all sets are independent of each other.

Inputs that are correlated are one set: those that `correlations.toml` connects, and those that the evidence updates
together. A group of `groups.toml` is a set of its entries; its correlations with other groups are cut. All parameters
that are in none of the sets are one more set.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.arrays import Array
from forecast.belief.model import BLOCKS
from forecast.errors import InputError
from forecast.scenario.spec import Scenario
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.exchange import LEVEL_GROUPS, Columns, Sample, columns_of
from forecast.sweep.inputs import OPTION, Input

REST = "all others"
"""The set of the parameters that are in none of the others."""


@dataclass(frozen=True)
class ExchangeSet:
    """Parameters that are exchanged together.

    Attributes:
        name: of the inputs that were asked for.
        first: the parameter by whose value draws are ordered; empty for a group.
        entries: names of all its parameters.
    """

    name: str
    first: str
    entries: tuple[str, ...]


def connected(scenario: Scenario) -> dict[str, frozenset[str]]:
    """The parameters that are dependent on each parameter in the posterior, itself included."""
    found = {name: frozenset({name}) for name in scenario.priors}
    links = [(pair.first, pair.second) for pair in scenario.correlations]
    links += [(block.parameters[0], name) for block in BLOCKS for name in block.parameters[1:]]
    for one, other in links:
        merged = found[one] | found[other]
        for name in merged:
            found[name] = merged
    return found


def exchange_sets(scenario: Scenario, inputs: Sequence[Input]) -> list[ExchangeSet]:
    """The sets of some inputs, in their order, and the set of all other parameters.

    Raises:
        InputError: a group shares parameters with another input.
    """
    together = connected(scenario)
    sets: list[ExchangeSet] = []
    for one in inputs:
        if one.kind == "group":
            sets.append(ExchangeSet(one.name, "", one.columns))
            continue
        name = LEVEL_GROUPS.get(one.columns[0], one.columns[0])
        entries = tuple(entry for entry in scenario.priors if entry in together[name])
        same = next((k for k, own in enumerate(sets) if own.first and set(own.entries) == set(entries)), None)
        if same is None:
            sets.append(ExchangeSet(one.name, name, entries))
        else:
            sets[same] = ExchangeSet(f"{sets[same].name} + {one.name}", sets[same].first, entries)
    owner: dict[str, str] = {}
    for own in sets:
        for entry in own.entries:
            if entry in owner:
                what = f"{owner[entry]} and {own.name} share {entry}; expected inputs that have no parameter in common"
                raise InputError(what, file=OPTION, key=own.name, remedy="Leave one of them out")
            owner[entry] = own.name
    rest = tuple(entry for entry in scenario.priors if entry not in owner)
    return [*sets, ExchangeSet(REST, "", rest)] if rest else sets


class Samples:
    """The samples A and B of one member, made of the columns of its draws.

    Each set takes its columns from one draw: that of the rank that its point gives among the draws, ordered by the
    set's first parameter. So along a set of one parameter the points are as even as the sequence.

    Args:
        engine: of the member; the samples become its bases 0 and 1.
        sets: the sets.
        points: of A and of B in the unit cube, (pairs, sets) each.
    """

    def __init__(self, engine: Engine, sets: Sequence[ExchangeSet], points: tuple[Array, Array]) -> None:
        self.engine, self.pairs = engine, len(points[0])
        self.own = {one.name: columns_of(engine.posterior, one.entries) for one in sets}
        slots = np.arange(self.pairs)
        values, means = engine.own.values, engine.own.means
        samples = [Sample(values[slots].copy(), means[slots].copy()) for _ in range(2)]
        for k, one in enumerate(sets):
            order = np.arange(engine.draws)
            if one.first:
                order = np.argsort(values[:, engine.place[one.first]], kind="stable")
            for sample, unit in zip(samples, points, strict=True):
                draw = order[np.minimum((unit[:, k] * engine.draws).astype(np.int64), engine.draws - 1)]
                mask = self.own[one.name]
                sample.values[:, mask.values] = values[draw][:, mask.values]
                sample.means[:, mask.means] = means[draw][:, mask.means]
        for sample in samples:
            engine.add_base(slots, sample)

    def cells(self, names: Sequence[str]) -> list[Cell]:
        """The cells of A and of B, then of each set by name A with the set of B, and B with the set of A."""
        made = [Cell({}, base=0), Cell({}, base=1)]
        for name in names:
            made += [self._exchanged(self.own[name], 0), self._exchanged(self.own[name], 1)]
        return made

    def _exchanged(self, mask: Columns, base: int) -> Cell:
        other = self.engine.bases[1 - base].sample
        posterior = self.engine.posterior
        names = [posterior.draws.columns[k] for k in np.flatnonzero(mask.values)]
        moves = {name: other.values[:, self.engine.place[name]] for name in names if name not in posterior.redrawn}
        means = {posterior.redrawn[k]: other.means[:, k] for k in np.flatnonzero(mask.means)}
        return Cell(moves, means, base)
