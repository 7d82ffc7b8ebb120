"""Sobol' indices of the odds: first, total and second order, by input and by group, with the simulator's noise removed.

The variance is that of the odds between draws: a draw has all parameters, and its odds are those of its timelines. In
each cell a draw has as many timelines with each of two independent sets of random numbers. As many are simulated as
the noise asks for: they are doubled until the standard error of every total index of the outputs is at most `ERROR`,
or the cells have the timelines that were asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.exchange_sets import REST, Samples, exchange_sets
from forecast.sweep.indices import Indices, Values, cautions, check_base, design, indices
from forecast.sweep.inputs import SINGLE, find_inputs
from forecast.sweep.outputs import Codes, Output
from forecast.sweep.quarantine import failures
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Subject, Sweep, journal_of

BASE = 1024
"""Pairs of draws."""

ERROR = 0.015
"""Standard error of a total index that is aimed at: 95% of indices are then known to about 0.03."""

FIRST = 2
"""Timelines of a draw in a cell in the first round, with each set of random numbers."""

DRAWS = 4000
"""Draws that the samples are made of."""


def sobol(
    request: RunRequest,
    inputs: Sequence[str] | None = None,
    output: str | None = None,
    *,
    base: int = BASE,
    error: float = ERROR,
    second: bool = True,
    only: Sequence[str] | None = None,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Divide the variance of the odds between draws among inputs or groups.

    Args:
        request: the scenario, perspective, date, seeds and the most timelines of a cell.
        inputs: names of parameters, levels, groups, or parts of groups; by default all groups.
        output: an outcome, an ending, an event or a difference of two; by default the three outcomes.
        base: number of pairs, a power of two.
        error: standard error of the total indices that is aimed at; of the outcomes, battlefield and negotiated count.
        second: also indices of each two sets.
        only: names of sets to simulate; by default all. To repeat cells that failed.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `indices`, a row for each set and output: `set`, `parameters` (their number), `output`, `first` and
        `total`, each with `_error`, `_low` and `_high` (90% interval). Table `pairs`: `one`, `other`, `output`,
        `second` likewise, the largest first. Table `variance`: of each output, `variance` between draws, its error,
        and `noise` (variance of a cell's value about its odds).

    Raises:
        InputError: an unknown input or output, inputs that overlap, a base that is not a power of two, no groups, or a
            journal of another sweep.
    """
    check_base(base)
    subject = Subject(request, output, draws=DRAWS, notify=notify)
    scenario = subject.scenario
    names = list(inputs) if inputs is not None else [group.id for group in scenario.groups]
    if not names:
        raise InputError("the scenario has no groups; expected inputs", key="--inputs", remedy="Name parameters")
    chosen = find_inputs(scenario, names, subject.day, (*SINGLE, "group"))
    sets = exchange_sets(scenario, chosen)
    settings: dict[str, Any] = {
        "inputs": [one.name for one in chosen],
        "output": output,
        "base": base,
        "aimed_error": error,
    }
    settings |= {"second": second, "only": only, "timelines": request.timelines}
    sweep = Sweep(subject, journal_of(subject, "sobol", settings, out, resume=resume), notify)
    points = design(len(sets), base, request.seed)
    samples = {member.name: Samples(member.engine, sets, points) for member in subject.members}
    asked = [one.name for one in sets if only is None or one.name in only]
    if not asked:
        known = ", ".join(one.name for one in sets)
        raise InputError(f"found {', '.join(only or ())}; expected one of {known}", key="--only")
    cells = {name: own.cells(asked) for name, own in samples.items()}
    most = max(FIRST, request.timelines // base // 2)
    codes: dict[str, list[Codes]] = {}
    each = 0
    while True:
        more = min(max(each, FIRST), most - each)
        made = sweep.evaluate(f"round-{each:03d}", cells, range(2 * each, 2 * (each + more)))
        each += more
        codes = {name: _joined(codes.get(name), own) for name, own in made.items()}
        kept = _sound(sweep, codes, asked)
        values = {o.name: _values(subject, codes, asked, kept, o) for o in subject.outputs}
        found = {name: indices(own, request.seed, second=False) for name, own in values.items()}
        widest = max(found[o.name].widest for o in subject.outputs if o.name != HEADLINES[-1] or len(found) == 1)
        notify(f"{each} timelines of each draw and set of random numbers: largest error of a total index {widest:.3f}")
        if widest <= error or each >= most:
            break
    if second:
        found = {name: indices(own, request.seed) for name, own in values.items()}
    size = {one.name: len(one.entries) for one in sets}
    tables = _tables(subject, found, size)
    about = subject.about() | settings | {"replicates": 2 * each, "timelines_of_a_cell": 2 * each * base}
    about["labels"] = {one.name: one.label for one in chosen}
    notes = [*subject.notes(), *failures(sweep, subject)]
    notes += [text for o in subject.outputs for text in cautions(found[o.name], o.name, base)]
    if any(one.kind == "group" for one in chosen):
        notes.append("Groups are drawn independently: correlations between groups are cut.")
    joined = [f"{one.name} ({len(one.entries)})" for one in sets if one.first and len(one.entries) > 1]
    if joined:
        text = "Exchanged together with the parameters that depend on them (number of parameters)"
        notes.append(f"{text}: {', '.join(joined)}.")
    notes.append(
        f"{base:,} pairs of draws with {each} timelines for each of two sets of random numbers: "
        f"{len(subject.members) * len(cells[subject.members[0].name]) * base * 2 * each:,} timelines in all."
    )
    if subject.later:
        notes.append("Both samples have the same starting points: shares are of the variance that is left given these.")
    return SweepResult("sobol", about, tables, _sentences(found, subject.outputs), tuple(notes))


def _joined(before: Sequence[Codes] | None, more: list[Codes]) -> list[Codes]:
    """The codes of cells with those of further timelines."""
    return more if before is None else [np.hstack(pair) for pair in zip(before, more, strict=True)]


def _sound(sweep: Sweep, codes: Mapping[str, Sequence[Codes]], asked: Sequence[str]) -> list[str]:
    """The sets of which both cells could be simulated.

    Raises:
        InputError: A or B could not.
    """
    if not (sweep.sound(codes, 0) and sweep.sound(codes, 1)):
        raise InputError(next(failures(sweep, sweep.subject)), key="--inputs")
    kept = [name for k, name in enumerate(asked) if all(sweep.sound(codes, 2 + 2 * k + j) for j in range(2))]
    if not kept:
        raise InputError(next(failures(sweep, sweep.subject)), key="--inputs")
    return kept


def _values(
    subject: Subject, codes: Mapping[str, Sequence[Codes]], asked: Sequence[str], kept: Sequence[str], output: Output
) -> Values:
    """The values of an output in the design: means over the timelines of each draw and set of random numbers."""
    weights = subject.followed(output)

    def of_cell(number: int) -> Array:
        total = np.zeros((len(codes[subject.members[0].name][number]), 2))
        for member in subject.members:
            value = output.values(member.engine.scenario)[codes[member.name][number]]
            total += weights[member.name] * np.stack([value[:, 0::2].mean(axis=1), value[:, 1::2].mean(axis=1)], axis=1)
        return total

    place = {name: 2 + 2 * k for k, name in enumerate(asked)}
    return Values(
        of_cell(0),
        of_cell(1),
        {name: of_cell(place[name]) for name in kept},
        {name: of_cell(place[name] + 1) for name in kept},
    )


def _tables(subject: Subject, found: Mapping[str, Indices], size: Mapping[str, int]) -> dict[str, pd.DataFrame]:
    own, pairs, rows = [], [], []
    for output in subject.outputs:
        one = found[output.name]
        table = one.table.copy()
        table.insert(1, "parameters", table["set"].map(size))
        table.insert(2, "output", output.name)
        own.append(table.sort_values("total", ascending=False, kind="stable"))
        if len(one.pairs):
            second = one.pairs.copy()
            second.insert(2, "output", output.name)
            pairs.append(second.loc[second["second"].abs().sort_values(ascending=False, kind="stable").index])
        row = {"output": output.name, "variance": one.variance, "variance_error": one.variance_error}
        rows.append(row | {"noise": one.noise})
    tables = {"indices": pd.concat(own, ignore_index=True), "variance": pd.DataFrame(rows)}
    return tables | ({"pairs": pd.concat(pairs, ignore_index=True)} if pairs else {})


def _sentences(found: Mapping[str, Indices], outputs: Sequence[Output]) -> tuple[str, ...]:
    """The largest total of each output, and the interactions that are clear."""
    said = []
    for output in outputs:
        one = found[output.name]
        if not one.varies:
            said.append(f"{output.name}: no indices, since its variance between draws cannot be told from 0.")
            continue
        table = one.table[one.table["set"] != REST]
        if table.empty:
            continue
        top = table.iloc[int(table["total"].argmax())]
        said.append(
            f"{output.name}: {top['set']} holds the largest share of its variance between draws, "
            f"{top['total']:.0%} (± {top['total_error']:.0%}) in all and {top['first']:.0%} "
            f"(± {top['first_error']:.0%}) alone. The standard deviation of the odds between draws is "
            f"{100 * np.sqrt(one.variance):.1f} points."
        )
    return tuple(said)
