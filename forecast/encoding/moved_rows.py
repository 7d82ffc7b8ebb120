"""Parameter rows in which a few parameters are moved, made from rows that are ready.

A sweep moves a few of hundreds of parameters, in hundreds of cells. The rows of a cell are a copy of the rows of its
draws. Only the moved parameters are written, and the rates and positions that depend on them are computed again. The
bytes are those of `kernel_inputs.parameter_rows`.
"""

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.encoding.kernel_inputs import (
    COLLAPSE_CHANCE,
    flat_places,
    put_positions,
    put_rates,
    put_saliences,
    year_of_mud,
)
from forecast.encoding.reference_rates import RESPONSES, Fluctuations
from forecast.scenario.spec import Scenario
from forecast.timeline.fields import INTENSITIES

POSITION, STIFFNESS, SALIENCE, TERMS = (
    "parties.position.",
    "parties.stiffness.",
    "parties.salience.",
    "settlements.terms.",
)
"""Beginnings of the names of parameters that are combined or limited in a row."""


class Columns(Mapping[str, Array]):
    """Columns of a matrix of draws by name, some of them replaced.

    Args:
        place: the column of each name.
        values: (draws, columns) the matrix.
        moved: (draws,) columns that take the place of those of the matrix.
    """

    def __init__(self, place: Mapping[str, int], values: Array, moved: Mapping[str, Array]) -> None:
        self._place, self._values, self._moved = place, values, moved

    def __getitem__(self, name: str) -> Array:
        found = self._moved.get(name)
        return self._values[:, self._place[name]] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


class _Recorder(dict[str, Array]):
    """Columns that remember which of them were read."""

    read: set[str]

    def __getitem__(self, name: str) -> Array:
        self.read.add(name)
        return super().__getitem__(name)


@functools.lru_cache(maxsize=16)
def rates_by_parameter(scenario: Scenario) -> Mapping[str, frozenset[str]]:
    """The rates that are computed from each parameter besides their own, by its name; found by computing each once."""
    middle = {name: np.full(1, prior.quantiles()[1]) for name, prior in scenario.priors.items()}
    found: dict[str, set[str]] = {}
    for rate in (*RESPONSES, COLLAPSE_CHANCE):
        if rate not in scenario.priors:
            continue
        value = _Recorder(middle)
        value.read = set()
        fluctuations = Fluctuations(value, year_of_mud(scenario))
        if rate == COLLAPSE_CHANCE:
            fluctuations.collapse(np.ones(3), 1.0)
        else:
            fluctuations.correction(rate, np.full(1, 0.01), chance=True)
        for name in value.read:
            found.setdefault(name, set()).add(rate)
    return {name: frozenset(rates) for name, rates in found.items()}


def move(scenario: Scenario, rows: Any, value: Mapping[str, Array], moved: Collection[str]) -> None:
    """Move parameters in rows that are ready, in place.

    Args:
        scenario: the scenario.
        rows: copies of rows from `kernel_inputs.parameter_rows`.
        value: (rows,) draws of every parameter after the move, by dotted name.
        moved: names of the parameters that differ from those of the rows.
    """
    flat = rows.view(float).reshape(len(rows), -1)
    place, affected = place_of_each(scenario), rates_by_parameter(scenario)
    rates: set[str] = set()
    for name in moved:
        rates |= affected.get(name, frozenset())
        if scenario.priors[name].unit in INTENSITIES or name == COLLAPSE_CHANCE:
            rates.add(name)
        elif not name.startswith((POSITION, SALIENCE)):
            flat[:, place[name]] = np.clip(value[name], 0.0, 1.0) if name.startswith(TERMS) else value[name]
    if rates:
        put_rates(scenario, rows, value, rates)
    if any(name.startswith((POSITION, STIFFNESS)) for name in moved):
        _put_table(scenario, rows, value, POSITION)
        put_positions(scenario, rows)
    if any(name.startswith(SALIENCE) for name in moved):
        _put_table(scenario, rows, value, SALIENCE)
        put_saliences(scenario, rows)


def _put_table(scenario: Scenario, rows: Any, value: Mapping[str, Array], begins: str) -> None:
    """Put a table of the parties into rows as drawn."""
    part, key = begins.split(".")[:2]
    rows[part][key] = 0.0
    flat, place = rows.view(float).reshape(len(rows), -1), place_of_each(scenario)
    for name in scenario.priors:
        if name.startswith(begins):
            flat[:, place[name]] = value[name]


@functools.lru_cache(maxsize=16)
def place_of_each(scenario: Scenario) -> Mapping[str, int]:
    """Place of each parameter in a row read as plain float64 numbers, by dotted name."""
    return dict(zip(scenario.priors, flat_places(scenario).tolist(), strict=True))
