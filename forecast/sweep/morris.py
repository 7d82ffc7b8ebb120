"""Elementary effects (Morris): a cheap screening of many inputs, each moved along several random paths.

A path begins at a random point of a grid of levels and moves one input, or one group, after the other by more than half
of the grid. A level is a quantile between 5% and 95%; an effect is the change of the output divided by the part of this
range that was moved. A cell has all draws, with the inputs fixed at their levels in each, and half of the timelines
with each of two independent sets of random numbers. Products of effects of the two sets have no noise in them, so

    rms     sqrt(mean of e_1 e_2): the size of the effect
    sigma   the standard deviation of the effect between paths: interactions and curvature

while `mu_star`, the mean of |e|, counts the noise as well.

M. D. Morris, Technometrics 33, 161-174 (1991); F. Campolongo and others, Environmental Modelling & Software 22 (2007).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.engine import Cell
from forecast.sweep.inputs import SINGLE, Input, find_input, find_inputs
from forecast.sweep.moves import HIGH, LOW, quantiles
from forecast.sweep.quarantine import failures
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Subject, Sweep, at, journal_of
from forecast.sweep.words import signed

LEVELS = 4
"""Levels of an input."""

STEP = LEVELS / (2.0 * (LEVELS - 1.0))
"""Part of the range that a step moves: 2/3."""

PATHS = 10
"""Paths by default."""


def paths(owner: NDArray[np.int64], count: int, seed: int) -> tuple[Array, NDArray[np.int64], Array]:
    """Random paths through the grid of levels.

    Args:
        owner: (inputs,) number of the factor that each input belongs to, from 0; a factor is moved as one.
        count: number of paths.
        seed: of the paths.

    Returns:
        points (count, factors + 1, inputs), levels from 0 to 1; the factor that each step moves, (count, factors); the
        signed step of each input, (count, inputs).
    """
    rng = np.random.default_rng(seed)
    factors = int(owner.max()) + 1
    points = np.empty((count, factors + 1, len(owner)))
    order = np.empty((count, factors), np.int64)
    steps = np.empty((count, len(owner)))
    for k in range(count):
        level = rng.integers(0, LEVELS, len(owner)) / (LEVELS - 1.0)
        steps[k] = np.where(level < 0.5, STEP, -STEP)
        order[k] = rng.permutation(factors)
        points[k, 0] = level
        for j, factor in enumerate(order[k]):
            points[k, j + 1] = points[k, j] + np.where(owner == factor, steps[k], 0.0)
    return points, order, steps


def effects(values: Array, order: NDArray[np.int64], sign: Array) -> Array:
    """The elementary effects of each factor in each path, (count, factors, 2 seeds).

    Args:
        values: (count, factors + 1, 2) of the function along the paths.
        order: the factor that each step moves, (count, factors).
        sign: the sign of the step of each factor, (count, factors); a group has 1.
    """
    found = np.empty((*order.shape, values.shape[2]))
    rows = np.arange(len(order))
    for j in range(order.shape[1]):
        factor = order[:, j]
        found[rows, factor] = (values[:, j + 1] - values[:, j]) / (sign[rows, factor][:, None] * STEP)
    return found


def measures(own: Array) -> dict[str, float]:
    """The measures of one factor.

    Args:
        own: (paths, 2 seeds) effects; a path with a cell that failed is NaN.
    """
    own = own[np.isfinite(own).all(axis=1)]
    count = len(own)
    if count < 2:
        return dict.fromkeys(("mu", "mu_error", "mu_star", "rms", "sigma", "noise"), np.nan)
    mean, apart = own.mean(axis=1), own - own.mean(axis=0)
    return {
        "mu": float(mean.mean()),
        "mu_error": float(mean.std(ddof=1) / np.sqrt(count)),
        "mu_star": float(np.abs(mean).mean()),
        "rms": float(np.sqrt(max(0.0, (own[:, 0] * own[:, 1]).mean()))),
        "sigma": float(np.sqrt(max(0.0, (apart[:, 0] * apart[:, 1]).sum() / (count - 1)))),
        "noise": float(np.sqrt(((own[:, 0] - own[:, 1]) ** 2).mean() / 4.0)),
    }


def morris(
    request: RunRequest,
    inputs: Sequence[str] | None = None,
    output: str | None = None,
    *,
    trajectories: int = PATHS,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Screen inputs by their elementary effects.

    Args:
        request: the scenario, perspective, date, seeds and number of timelines of a cell.
        inputs: names of parameters, levels or groups; by default all parameters.
        output: an outcome, an ending, an event or a difference of two; by default the three outcomes.
        trajectories: number of paths, at least 2.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `effects`, a row for each input and output: `mu` (mean effect of the whole range from 5% to 95%; empty for
        a group, since its direction has no meaning) with its error, `mu_star`, `rms`, `sigma` and `noise` (standard
        deviation of an effect due to random numbers). The largest `rms` first.

    Raises:
        InputError: an unknown input or output, too few paths, or a journal of another sweep.
    """
    if trajectories < 2:
        raise InputError(f"found {trajectories}; expected at least 2", key="--trajectories")
    subject = Subject(request, output, notify=notify)
    chosen = find_inputs(subject.scenario, inputs, subject.day, (*SINGLE, "group"))
    settings = {"inputs": [one.name for one in chosen], "output": output, "trajectories": trajectories}
    settings |= {"timelines": request.timelines}
    moved, owner = _members(subject, chosen)
    levels = np.linspace(0.0, 1.0, LEVELS)
    values = [quantiles(subject, one, [float(LOW + (HIGH - LOW) * u) for u in levels]) for one in moved]
    points, order, steps = paths(owner, trajectories, request.seed)
    sweep = Sweep(subject, journal_of(subject, "morris", settings, out, resume=resume), notify)
    cells = []
    for point in points.reshape(-1, len(moved)):
        places = np.rint(point * (LEVELS - 1)).astype(int)
        chosen_values = zip(moved, values, places, strict=True)
        cells.append(Cell({column: own[k] for one, own, k in chosen_values for column in one.columns}))
    subject.move_own_draws()
    replicates = 2 * max(1, subject.replicates(request.timelines) // 2)
    codes = sweep.evaluate("paths", {member.name: cells for member in subject.members}, range(replicates))
    single = np.array([one.kind != "group" for one in chosen])
    sign = np.ones(order.shape)
    for k in np.flatnonzero(single).tolist():
        sign[:, k] = np.sign(steps[:, int(np.flatnonzero(owner == k)[0])])
    rows: list[dict[str, Any]] = []
    for each in subject.outputs:
        along = np.full((len(cells), 2), np.nan)
        for number in range(len(cells)):
            if sweep.sound(codes, number):
                own = at(codes, number)
                halves = ({name: cell[:, half::2] for name, cell in own.items()} for half in range(2))
                along[number] = [subject.mean(half, each).value for half in halves]
        found = effects(along.reshape(*points.shape[:2], 2), order, sign)
        for k, one in enumerate(chosen):
            row = measures(found[:, k])
            if not single[k]:
                row |= {"mu": np.nan, "mu_error": np.nan}
            rows.append({"input": one.name, "kind": one.kind, "output": each.name} | row)
    table = _sorted(pd.DataFrame(rows))
    notes = [*subject.notes(), *failures(sweep, subject)]
    notes.append("mu_star counts the noise of the simulator; rms and sigma do not. Correlations are cut.")
    about = subject.about() | settings | {"levels": LEVELS, "labels": {one.name: one.label for one in chosen}}
    about["timelines_of_a_cell"] = replicates * subject.members[0].engine.draws
    return SweepResult("morris", about, {"effects": table}, _sentences(table), tuple(notes))


def _members(subject: Subject, chosen: Sequence[Input]) -> tuple[list[Input], NDArray[np.int64]]:
    """The single inputs that the chosen ones move, and the place of the chosen one of each."""
    scenario, found, owner = subject.scenario, [], []
    for number, one in enumerate(chosen):
        names = [one.name]
        if one.kind == "group":
            possible: Mapping[str, bool] = {name: not scenario.priors[name].marginal.is_point for name in one.columns}
            names = [own.name for own in find_inputs(scenario, None, subject.day) if possible.get(own.name)]
        found += [find_input(scenario, name, subject.day) for name in names]
        owner += [number] * len(names)
    columns = [column for one in found for column in one.columns]
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise InputError(f"two inputs move {twice}; expected inputs that have no parameter in common", key="--inputs")
    return found, np.array(owner, np.int64)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of an input together, the largest effect first."""
    largest = table.groupby("input")["rms"].transform("max")
    order = pd.DataFrame({"size": -largest, "input": table["input"]})
    return table.loc[order.sort_values(["size", "input"], kind="stable").index].reset_index(drop=True)


def _sentences(table: pd.DataFrame) -> tuple[str, ...]:
    said = []
    for output, rows in table.groupby("output", sort=False):
        top = rows.iloc[int(rows["rms"].argmax())] if rows["rms"].notna().any() else None
        if top is None or top["rms"] == 0.0:
            said.append(f"{output}: no effect can be told from the noise of the simulator.")
            continue
        mean = "" if np.isnan(top["mu"]) else f", {signed(top['mu'], top['mu_error'])} on average"
        said.append(f"{output}: {top['input']} has the largest effect, {100.0 * top['rms']:.1f} points{mean}.")
    return tuple(said)
