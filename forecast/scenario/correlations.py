"""`correlations.toml`: correlated pairs of entries, checked to be positive definite."""

from collections.abc import Mapping, Sequence

import numpy as np

from forecast.inputs.validation import Place, as_table
from forecast.scenario import toml_tables
from forecast.scenario.names import near_entry
from forecast.scenario.prior import Correlation, Prior
from forecast.scenario.reader import Reader

LEAST_EIGENVALUE = 1e-9
"""Eigenvalues of a group's correlations up to this count as 0."""


def read_correlations(reader: Reader, priors: Mapping[str, Prior]) -> tuple[Correlation, ...]:
    """Read `correlations.toml`."""
    place = reader.place("correlations.toml")
    file = as_table(toml_tables.CorrelationsFile, reader.tables["correlations.toml"], place)
    pairs: list[Correlation] = []
    for number, raw in enumerate(file.correlation, start=1):
        spot = place.at("correlation", number)
        pair = as_table(Correlation, raw, spot)
        for key, name in (("first", pair.first), ("second", pair.second)):
            if name not in priors:
                raise spot.at(key).error(f"found {name!r}; no entry has this name", near_entry(name, priors))
            if priors[name].marginal.is_point:
                raise spot.at(key).error(f"found {name!r}, which is a point and varies with nothing")
        if pair.first == pair.second:
            raise spot.at("second").error(f"found {pair.second!r}, as in first; expected another entry")
        if any({pair.first, pair.second} == {other.first, other.second} for other in pairs):
            raise spot.error(f"{pair.first} and {pair.second} are given twice", "Keep one")
        if not -1.0 < pair.rho < 1.0:
            what = f"found {pair.rho:g}; expected more than -1 and less than 1"
            raise spot.at("rho").error(what)
        pairs.append(pair)
    _check_definite(pairs, place.at("correlation"))
    return tuple(pairs)


def _check_definite(pairs: Sequence[Correlation], place: Place) -> None:
    """Refuse correlations that no distribution can have, by connected group."""
    group_of: dict[str, list[str]] = {}
    for pair in pairs:
        merged = group_of.get(pair.first, [pair.first])
        if pair.second not in merged:
            merged = merged + group_of.get(pair.second, [pair.second])
        group_of |= dict.fromkeys(merged, merged)
    for names in {id(group): group for group in group_of.values()}.values():
        matrix = np.eye(len(names))
        for pair in pairs:
            if pair.first in names:
                i, j = names.index(pair.first), names.index(pair.second)
                matrix[i, j] = matrix[j, i] = pair.rho
        least = float(np.linalg.eigvalsh(matrix)[0])
        if least <= LEAST_EIGENVALUE:
            what = f"the correlations among {', '.join(sorted(names))} contradict each other"
            remedy = "Bring them nearer to 0"
            raise place.error(f"{what}: least eigenvalue {least:.3g}; expected one above 0", remedy)
