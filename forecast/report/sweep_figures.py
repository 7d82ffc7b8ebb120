"""The figure of each method of `forecast sweep`, drawn from the tables that it saved. Equal tables give equal bytes.

matplotlib is imported only when something is drawn.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forecast.errors import InputError, refusal_of
from forecast.report.figures import RC, png, svg
from forecast.report.sweep_bars import Tables, crux, given, readings, reweight, sobol, tornado
from forecast.report.sweep_curves import discover, grid, morris, threshold
from forecast.report.sweep_layout import Block, stacked

SUFFIXES = (".svg", ".png")
"""Formats of a figure."""


class _Method(NamedTuple):
    """How the figure of a method is made.

    Attributes:
        make: called with `about` and the tables.
        table: the table that it needs.
        columns: columns of that table which it needs.
    """

    make: Callable[[Mapping[str, Any], Tables], list[Block]]
    table: str
    columns: tuple[str, ...]


_ENDS = ("at_low", "at_low_error", "at_high", "at_high_error", "difference")
_INTERVAL = ("", "_error", "_low", "_high")
_ODDS = ("label", "probability", "standard_error")

METHODS: Mapping[str, _Method] = {
    "tornado": _Method(tornado, "inputs", ("input", "label", "moved", "unit", "low", "high", "output", *_ENDS)),
    "morris": _Method(morris, "effects", ("input", "output", "mu_star", "sigma", "noise")),
    "sobol": _Method(
        sobol,
        "indices",
        (
            "set",
            "output",
            *(f"{name}{part}" for name in ("first", "total") for part in ("", "_error", "_low", "_high")),
        ),
    ),
    "grid": _Method(grid, "cells", ("first", "second", "output", "value", "value_error")),
    "threshold": _Method(threshold, "curve", ("value",)),
    "crux": _Method(crux, "groups", ("group", "label", "output", "points", "points_error")),
    "given": _Method(given, "odds", (*_ODDS, "without", "without_error", "otherwise", "otherwise_error")),
    "reweight": _Method(reweight, "odds", (*_ODDS, "without", "without_error")),
    "readings": _Method(readings, "readings", ("reading", "title", "output", *_ODDS, "as_coded", "as_coded_error")),
    "discover": _Method(discover, "rules", ()),
}
"""Methods that have a figure."""


def sweep_figures(content: Mapping[str, Any]) -> dict[str, bytes]:
    """The figure of a saved sweep, by format; empty if its method has none or its table lacks a column.

    Args:
        content: of the sweep's JSON file: `method`, `about` and `tables`.
    """
    method = METHODS.get(str(content["method"]))
    tables = {name: _table(rows) for name, rows in content["tables"].items()}
    if method is None or method.table not in tables or not set(method.columns) <= set(tables[method.table].columns):
        return {}
    import matplotlib as mpl

    with mpl.rc_context(RC):
        figure = stacked(method.make(content["about"], tables))
        return {".svg": svg(figure).encode(), ".png": png(figure)}


def saved_figure(path: Path, suffix: str = ".svg") -> bytes:
    """Draw the figure of a saved sweep again.

    Args:
        path: of the sweep's JSON file.
        suffix: `.svg` or `.png`.

    Raises:
        InputError: the file cannot be read, it is not of a sweep, or its method has no figure.
    """
    remedy = "Name the JSON file that forecast sweep saved"
    if suffix not in SUFFIXES:
        raise InputError(f"found {suffix!r}; expected {' or '.join(SUFFIXES)}", key="suffix")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("there is no such file", file=path, remedy=remedy) from error
    except OSError as error:
        raise refusal_of(error, path) or error from error
    except ValueError as error:
        raise InputError("it is not JSON", file=path, remedy=remedy) from error
    if not isinstance(content, dict) or not {"method", "about", "tables"} <= set(content):
        raise InputError("found no sweep; expected method, about and tables", file=path, remedy=remedy)
    if not (made := sweep_figures(content)):
        raise InputError(f"found a sweep without a figure; expected {', '.join(METHODS)}", file=path, key="method")
    return made[suffix]


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A table of a saved sweep: a column of which each entry is a number or missing has numbers."""
    table = pd.DataFrame(rows)
    for name in table:
        if all(entry is None or isinstance(entry, int | float) for entry in table[name].tolist()):
            table[name] = table[name].astype(float)
    return table
