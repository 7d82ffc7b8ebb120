"""The threshold: the value of an input at which an output crosses a level.

All values have the same draws and random numbers, so the output is a step function of the input with small steps, and
root finding works on it. The range is scanned first. Each change of sign is then narrowed down (Brent's method). The
interval comes from a bootstrap over draws: each resample gives weights to the draws, with which the output is computed
again at all values that were simulated, and crosses the level elsewhere.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from forecast.arrays import Array
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.axes import Axis, find_axes
from forecast.sweep.moves import alone
from forecast.sweep.pick_freeze import resamples
from forecast.sweep.quarantine import failures
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Estimate, Subject, Sweep, at, journal_of
from forecast.sweep.words import points

SCAN = 13
"""Values at which the range is scanned."""

ENDS = (0.005, 0.995)
"""Quantiles of the input that are the ends of its range."""

NARROW = 1e-3
"""Width to which a crossing is narrowed down, as a part of the range."""

MOST_OPEN = 0.05
"""Largest share of resamples without a crossing at which the interval is closed."""


class _Curve:
    """An output as a function of an input."""

    def __init__(self, sweep: Sweep, axis: Axis, replicates: int) -> None:
        self.sweep, self.axis, self.replicates = sweep, axis, replicates
        self.found: dict[float, Estimate] = {}

    def at(self, values: Sequence[float]) -> list[Estimate]:
        """The output at some values, each simulated once."""
        new = [value for value in dict.fromkeys(values) if value not in self.found]
        if new:
            subject = self.sweep.subject
            cells = [alone(self.axis.input, value) for value in new]
            of_each = {member.name: cells for member in subject.members}
            stage = f"values-{len(self.found):04d}"
            codes = self.sweep.evaluate(stage, of_each, range(self.replicates))
            for number, value in enumerate(new):
                if not self.sweep.sound(codes, number):
                    raise InputError(next(failures(self.sweep, subject)), key="--inputs")
                self.found[value] = subject.odds(at(codes, number), subject.outputs[0])
        return [self.found[value] for value in values]


def threshold(
    request: RunRequest,
    inputs: Sequence[str],
    output: str,
    crosses: float,
    *,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Find the values of an input at which an output crosses a level.

    Args:
        request: the scenario, perspective, date, seeds and number of timelines of a cell.
        inputs: one input, `NAME` or `NAME=LOW:HIGH`; by default from its 0.5% to its 99.5% quantile.
        output: an outcome, an ending, an event or a difference of two.
        crosses: the level, as a share: 0.1 is 10%.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `crossings`, a row for each: `value`, `low` and `high` (its 90% interval; empty where it is open),
        `rising`, `slope` (of the output, a unit of the input) and `found` (share of resamples that cross in the
        range). Table `curve`: the output at each value simulated, with its error.

    Raises:
        InputError: an unknown input or output, an empty range, a level outside -1 to 1, or a journal of another sweep.
    """
    if not -1.0 <= crosses <= 1.0:
        what = f"found {crosses:g}; expected a share from -1 to 1, such as 0.1 for 10%"
        raise InputError(what, key="--crosses")
    subject = Subject(request, output, notify=notify)
    (axis,) = find_axes(subject, inputs, (SCAN,), ENDS)
    low, high = axis.values[0], axis.values[-1]
    settings = {"inputs": [axis.input.name], "values": [axis.values], "output": output, "crosses": crosses}
    settings |= {"unit": axis.input.unit, "timelines": request.timelines}
    sweep = Sweep(subject, journal_of(subject, "threshold", settings, out, resume=resume), notify)
    subject.move_own_draws()
    curve = _Curve(sweep, axis, subject.replicates(request.timelines))
    levels = [found.value - crosses for found in curve.at(axis.values)]
    roots = []
    for k in range(len(levels) - 1):
        if levels[k] == 0.0:
            roots.append(axis.values[k])
        elif levels[k] * levels[k + 1] < 0.0:
            width = NARROW * (high - low)
            root = brentq(lambda x: curve.at([x])[0].value - crosses, axis.values[k], axis.values[k + 1], xtol=width)
            roots.append(float(root))
    if levels[-1] == 0.0:
        roots.append(high)
    values = sorted(curve.found)
    drawn = np.array([curve.found[value].by_draw for value in values]) + np.array(
        [[curve.found[value].value - curve.found[value].by_draw.sum()] for value in values]
    ) / len(curve.found[values[0]].by_draw)
    weights = resamples(drawn.shape[1], request.seed)
    shifted = weights @ drawn.T - crosses
    rows = [_row(root, np.array(values), drawn.sum(axis=1) - crosses, shifted, high - low) for root in roots]
    names = ("value", "low", "high", "rising", "slope", "found")
    tables = {
        "crossings": pd.DataFrame(rows, columns=list(names)),
        "curve": pd.DataFrame(
            [{"value": v, output: curve.found[v].value, f"{output}_error": curve.found[v].error} for v in values]
        ),
    }
    about = subject.about() | settings | {"range": [low, high], "labels": {axis.input.name: axis.input.label}}
    return SweepResult("threshold", about, tables, _sentences(rows, axis, output, crosses, curve), subject.notes())


def _row(root: float, values: Array, levels: Array, shifted: Array, span: float) -> dict[str, Any]:
    """A crossing with its interval.

    Args:
        root: its value.
        values: (n,) values simulated.
        levels: (n,) output less the level.
        shifted: (resamples, n) the same in each resample.
        span: width of the range.
    """
    near = [crossing_near(values, one, root) for one in shifted]
    found = np.array([value for value in near if value is not None])
    open_ended = len(found) < (1.0 - MOST_OPEN) * len(near)
    ends = (np.nan, np.nan) if open_ended else np.quantile(found, [0.05, 0.95])
    around = np.interp([root - 0.05 * span, root + 0.05 * span], values, levels)
    slope = float(np.diff(around)[0] / (0.1 * span))
    row = {"value": root, "low": float(ends[0]), "high": float(ends[1]), "rising": slope > 0.0}
    return row | {"slope": slope, "found": len(found) / len(near)}


def crossing_near(values: Array, levels: Array, root: float) -> float | None:
    """The crossing of 0 nearest to a value, by linear interpolation; None without one.

    Args:
        values: (n,) increasing.
        levels: (n,) of a function at these.
        root: the value.
    """
    sign = np.flatnonzero((levels[:-1] < 0.0) != (levels[1:] < 0.0))
    if not len(sign):
        return None
    left, right = levels[sign], levels[sign + 1]
    at_zero = values[sign] + (values[sign + 1] - values[sign]) * left / (left - right)
    return float(at_zero[np.argmin(np.abs(at_zero - root))])


def _sentences(
    rows: Sequence[dict[str, Any]], axis: Axis, output: str, crosses: float, curve: _Curve
) -> tuple[str, ...]:
    """The crossings in words."""
    name, unit, ends = axis.input.name, axis.input.unit, (axis.values[0], axis.values[-1])
    first, last = (curve.found[value] for value in ends)
    level = f"{100 * crosses:g}%"
    if not rows:
        return (
            f"{output} does not cross {level} in the range of {name}, {ends[0]:.4g} to {ends[1]:.4g} {unit}. "
            f"It is {points(first.value, first.error)} at the low end and {points(last.value, last.error)} at the "
            "high end.",
        )
    found = []
    for row in rows:
        way = "above" if row["rising"] else "below"
        interval = f"90% interval {row['low']:.4g} to {row['high']:.4g}"
        if np.isnan(row["low"]):
            interval = f"its interval is open: {1.0 - row['found']:.0%} of resamples do not cross in the range"
        found.append(
            f"{output} passes {way} {100 * crosses:g}% where {name} is {row['value']:.4g} {unit} ({interval})."
        )
    if len(rows) > 1:
        found.append("It crosses more than once: simulate more timelines to see whether that is noise.")
    return tuple(found)
