"""The grid: an output over the values of one input, or of two, with the same draws and random numbers everywhere."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.axes import find_axes
from forecast.sweep.engine import Cell
from forecast.sweep.moves import HIGH, LOW
from forecast.sweep.quarantine import failures
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Subject, Sweep, at, journal_of
from forecast.sweep.words import points

STEPS = (11, 7)
"""Values of one input, and of each of two."""


def grid(
    request: RunRequest,
    inputs: Sequence[str],
    output: str | None = None,
    *,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """An output at each value of one input, or at each pair of values of two.

    Args:
        request: the scenario, perspective, date, seeds and number of timelines of a cell.
        inputs: one or two axes: `NAME`, `NAME=LOW:HIGH` or `NAME=LOW:HIGH:STEPS`; by default from the 5% to the 95%
            quantile.
        output: an outcome, an ending, an event or a difference of two; by default the three outcomes.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `cells`, a row for each cell and output: `first` and `second` (values of the inputs that `about` names;
        empty without a second), `output`, `value` and `change` (from the base), each with its standard error, and
        `changed`, share of timelines with another ending than in the base.

    Raises:
        InputError: an unknown input or output, an empty range, or a journal of another sweep.
    """
    subject = Subject(request, output, notify=notify)
    axes = find_axes(subject, inputs, STEPS, (LOW, HIGH))
    values = [axis.values for axis in axes]
    settings = {"inputs": [axis.input.name for axis in axes], "values": values, "output": output}
    settings |= {"units": [axis.input.unit for axis in axes], "timelines": request.timelines}
    sweep = Sweep(subject, journal_of(subject, "grid", settings, out, resume=resume), notify)
    places = list(product(*values))
    cells = [Cell({})]
    for place in places:
        pairs = zip(axes, place, strict=True)
        cells.append(Cell({column: value for axis, value in pairs for column in axis.input.columns}))
    subject.move_own_draws()
    of_each = {member.name: cells for member in subject.members}
    codes = sweep.evaluate("cells", of_each, range(subject.replicates(request.timelines)))
    base = at(codes, 0)
    rows = []
    for number, place in enumerate(places, start=1):
        if not sweep.sound(codes, number):
            continue
        own = at(codes, number)
        for each in subject.outputs:
            value, change = subject.odds(own, each), subject.change(base, own, each)
            row = {"first": place[0], "second": place[1] if len(place) > 1 else np.nan, "output": each.name}
            row |= {"value": value.value, "value_error": value.error}
            row |= {"change": change.value, "change_error": change.error}
            rows.append(row | {"changed": subject.differing(base, own)})
    if not rows:
        raise InputError(f"no cell could be simulated. {next(failures(sweep, subject))}", key="--inputs")
    table = pd.DataFrame(rows)
    about = subject.about() | settings | {"labels": {axis.input.name: axis.input.label for axis in axes}}
    names = " and ".join(axis.input.name for axis in axes)
    sentences = []
    for each in subject.outputs:
        own_rows = table[table["output"] == each.name]
        low, high = own_rows.iloc[int(own_rows["value"].argmin())], own_rows.iloc[int(own_rows["value"].argmax())]
        where = [", ".join(f"{row[key]:.3g}" for key in ("first", "second")[: len(axes)]) for row in (low, high)]
        sentences.append(
            f"{each.name}: from {points(low['value'], low['value_error'])} at {names} = {where[0]} "
            f"to {points(high['value'], high['value_error'])} at {where[1]}."
        )
    notes = (*subject.notes(), *failures(sweep, subject))
    return SweepResult("grid", about, {"cells": table}, tuple(sentences), notes)
