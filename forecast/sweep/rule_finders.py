"""Finders of rules: boxes in the space of some columns in which an output is likelier than elsewhere."""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.errors import InputError

DEPTH = 3
"""Most conditions of a rule of the tree: longer ones are hard to read."""

LEAST_WEIGHT = 0.02
"""Least part of the weight that a rule has."""

MOST_BOXES = 2
"""Boxes that PRIM looks for, each of which takes it some seconds."""

RARE = 0.1
"""Share of timelines below which PRIM does not use an event."""

LEAST_TIMELINES = 100
"""Fewest timelines that a rule is found in."""


class Limits(NamedTuple):
    """The limits of a box in one column: above `low` and up to `high`; None where there is none."""

    low: float | None
    high: float | None


Box = dict[str, Limits]
Finder = Callable[[pd.DataFrame, NDArray[np.bool_], Array], list[Box]]


def tree_boxes(table: pd.DataFrame, happens: NDArray[np.bool_], weights: Array) -> list[Box]:
    """The leaves of a small classification tree in which the output is likelier than in all timelines, densest first.

    Args:
        table: (n rows) a column for each driver and event.
        happens: (n,) true where the output happens.
        weights: (n,) weights.

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        module: Any = import_module("sklearn.tree")
    except ImportError as error:
        raise missing("scikit-learn", "discover") from error
    weights = weights / weights.sum()
    tree = module.DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=LEAST_TIMELINES, min_weight_fraction_leaf=LEAST_WEIGHT, random_state=0
    )
    grown = tree.fit(table.to_numpy(), happens, sample_weight=weights).tree_
    leaf = tree.apply(table.to_numpy())
    base = float(weights @ happens)
    names = list(table)
    found: list[tuple[float, Box]] = []

    def visit(node: int, box: Box) -> None:
        if grown.children_left[node] < 0:
            inside = leaf == node
            found.append((float(weights[inside] @ happens[inside] / weights[inside].sum()), box))
            return
        name, at = names[grown.feature[node]], three_digits(float(grown.threshold[node]))
        low, high = box.get(name, Limits(None, None))
        visit(grown.children_left[node], box | {name: Limits(low, at)})
        visit(grown.children_right[node], box | {name: Limits(at, high)})

    visit(0, {})
    return [box for density, box in sorted(found, key=lambda entry: -entry[0]) if box and density > base]


def prim_boxes(table: pd.DataFrame, happens: NDArray[np.bool_], weights: Array) -> list[Box]:
    """The boxes of the Patient Rule Induction Method, in the order in which it finds them; weights are not used.

    Along each peeling trajectory the box with the largest harmonic mean of density and coverage is taken, among those
    that limit few columns.

    Args:
        table: (n rows) a column for each driver and event; a copy is handed on.
        happens: (n,) true where the output happens.
        weights: not used, since the method has none.

    Raises:
        InputError: EMA Workbench is not installed.
    """
    del weights
    prim, boxes = _prim(), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses what pandas 3.1 will drop
        search = prim.Prim(_for_prim(table), happens.copy(), mass_min=LEAST_WEIGHT)
        for _ in range(MOST_BOXES):
            found = search.find_box()
            if found is None:
                break
            path = found.peeling_trajectory
            score = 2.0 * path["density"] * path["coverage"] / (path["density"] + path["coverage"])
            best = int(np.argmax(np.where(path["res_dim"] <= DEPTH, score, -1.0)))
            found.select(best)
            if box := _limits(found.box_lims[best], found.box_lims[0]):
                boxes.append(box)
    return boxes


FINDERS: Mapping[str, Finder] = {"tree": tree_boxes, "prim": prim_boxes}
"""The finders, by name."""


def three_digits(value: float) -> float:
    """A threshold for readers."""
    return float(f"{value:.3g}")


def missing(library: str, extra: str) -> InputError:
    """The error of a library that is not installed."""
    what = f"{library} is not installed"
    return InputError(what, key="--method", remedy=f"Install it with: pip install 'forecast[{extra}]'")


def _prim() -> ModuleType:
    """EMA Workbench's module.

    Raises:
        InputError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of optional libraries that it does not find
            return import_module("ema_workbench.analysis.prim")
    except ImportError as error:
        raise missing("EMA Workbench", "prim") from error


def _for_prim(table: pd.DataFrame) -> pd.DataFrame:
    """A copy of the table without rare events: a peel that leaves too little ends the search."""
    flags = [name for name in table.columns if table[name].isin((0.0, 1.0)).all()]
    return table.drop(columns=[name for name in flags if not RARE <= float(table[name].mean()) <= 1.0 - RARE])


def _limits(box: pd.DataFrame, whole: pd.DataFrame) -> Box:
    """The limits of a box that are narrower than those of all timelines."""
    found = {}
    for name in box.columns:
        low, high = (float(value) for value in box[name])
        first, last = (float(value) for value in whole[name])
        if low > first or high < last:
            lower = three_digits(low) if low > first else None
            upper = three_digits(high) if high < last else None
            found[str(name)] = Limits(lower, upper)
    return found
