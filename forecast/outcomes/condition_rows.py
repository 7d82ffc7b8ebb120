"""The timelines in which a parsed condition holds."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.encoding.timeline_table import CATEGORY, DATE, FLAG, NUMBER
from forecast.outcomes.condition_text import All, Column, Comparison, Never, Not, Other, Parsed, Quantile
from forecast.outcomes.conditions import Timelines

_KINDS = {"M": DATE, "b": FLAG, "i": NUMBER, "u": NUMBER, "f": NUMBER}

_COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
}


def columns_of(timelines: Timelines) -> dict[str, Column]:
    """The columns of a table that conditions may use, by name."""
    found = {}
    for name in timelines.columns:
        dtype = timelines[name].dtype
        if isinstance(dtype, pd.CategoricalDtype):
            found[str(name)] = Column(CATEGORY, tuple(str(value) for value in dtype.categories))
        else:
            found[str(name)] = Column(_KINDS.get(dtype.kind, FLAG))  # flags with empty cells are objects
    return found


def holds(condition: Parsed, timelines: Timelines, weights: Array | None = None) -> NDArray[np.bool_]:
    """The timelines in which a condition holds.

    Args:
        condition: parsed with the columns of the table.
        timelines: n timelines.
        weights: (n,) weight of each timeline in quantiles; by default all are equal.

    Returns:
        (n,)
    """
    if isinstance(condition, Comparison):
        return _compared(condition, timelines, weights)
    if isinstance(condition, Not):
        return ~holds(condition.part, timelines, weights)
    parts = [holds(part, timelines, weights) for part in condition.parts]
    joined = np.logical_and if isinstance(condition, All) else np.logical_or
    return np.asarray(joined.reduce(parts), dtype=bool)


def quantiles_used(condition: Parsed, timelines: Timelines, weights: Array | None = None) -> dict[str, float | date]:
    """The value of each quantile that a condition uses, under its text, such as `attention_average q10`."""
    if isinstance(condition, Comparison):
        return {
            f"{condition.column} q{value.percent:g}": _readable(quantile(timelines[condition.column], value, weights))
            for value in condition.values
            if isinstance(value, Quantile)
        }
    found: dict[str, float | date] = {}
    for part in (condition.part,) if isinstance(condition, Not) else condition.parts:
        found |= quantiles_used(part, timelines, weights)
    return found


def quantile(column: pd.Series, value: Quantile, weights: Array | None = None) -> Any:
    """A quantile of the cells of a column that are not empty: the first value that reaches its share of the weight.

    Returns:
        a number or a day, as the column has them; NaN or NaT if all cells are empty or have no weight.
    """
    known = column.notna().to_numpy()
    if weights is not None:
        known = known & (weights > 0.0)
    cells = _cells(column)[known]
    if not len(cells):
        return np.datetime64("NaT") if cells.dtype.kind == "M" else np.nan
    order = np.argsort(cells, kind="stable")
    share = np.cumsum(np.ones(len(cells)) if weights is None else weights[known][order])
    place = int(np.searchsorted(share, value.percent / 100.0 * share[-1] * (1.0 - 1e-12)))
    return cells[order][min(place, len(cells) - 1)]


def _cells(column: pd.Series) -> Any:
    """Days as they are, numbers as floats."""
    return column.to_numpy() if column.dtype.kind == "M" else column.to_numpy(float, na_value=np.nan)


def _readable(value: Any) -> Any:
    return value.astype("datetime64[D]").item() if isinstance(value, np.datetime64) else float(value)


def _compared(condition: Comparison, timelines: Timelines, weights: Array | None) -> NDArray[np.bool_]:
    column = timelines[condition.column]
    if condition.operator == "in":
        return np.asarray(column.isin(condition.values), dtype=bool)
    (value,) = condition.values
    equal = condition.operator != "!="
    if isinstance(value, Never):
        return np.asarray(column.isna().to_numpy(bool) == equal)
    found = _known_and(column, condition.operator if equal else "=", value, timelines, weights)
    return found if equal else ~found


def _known_and(
    column: pd.Series, operator: str, value: Any, timelines: Timelines, weights: Array | None
) -> NDArray[np.bool_]:
    """Whether the cells are known and compare so with the value."""
    known = column.notna().to_numpy(bool)
    if isinstance(value, str):
        return np.asarray(column == value, dtype=bool)
    if isinstance(value, bool):
        return np.asarray(known & (_cells(column) == float(value)), dtype=bool)
    if isinstance(value, Other):
        other = timelines[value.column]
        known = known & other.notna().to_numpy(bool)
        return np.asarray(known & _COMPARED[operator](_cells(column), _cells(other)), dtype=bool)
    if isinstance(value, Quantile):
        value = quantile(column, value, weights)
    elif isinstance(value, date):
        value = np.datetime64(value, "s")
    return np.asarray(known & _COMPARED[operator](_cells(column), value), dtype=bool)
