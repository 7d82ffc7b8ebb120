"""The tornado: each input at its 5% and at its 95% quantile, one at a time, and with its declared correlates.

All cells have the draws and random numbers of the base, so that a difference of odds has a paired error. All inputs are
screened with few timelines. Those that moved an output most are then simulated with all timelines.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import STARTS, update
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.scenario.load import load_members, load_scenario
from forecast.sweep.engine import Cell, Engine, Moves
from forecast.sweep.inputs import SINGLE, Input, find_inputs
from forecast.sweep.moves import HIGH, LOW, alone, along, correlates, quantiles
from forecast.sweep.outputs import Codes, Output
from forecast.sweep.quarantine import failures
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Estimate, Subject, Sweep, as_dict, at, journal_of
from forecast.sweep.words import points, signed

SCREEN = 1000
"""Timelines of a cell in the screening, of each member."""

KEPT = 50
"""Inputs that are simulated with all timelines."""

ENDS = ("low", "high")


def tornado(
    request: RunRequest,
    inputs: Sequence[str] | None = None,
    output: str | None = None,
    *,
    kept: int = KEPT,
    screen: int = SCREEN,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Move each input to its 5% and to its 95% quantile, and compare the odds.

    Args:
        request: the scenario, perspective, date, seeds and number of timelines.
        inputs: their names, by default all parameters; an edit `NAME.FIELD=VALUE` is compared with no edit.
        output: an outcome, an ending, an event or a difference of two; by default the three outcomes.
        kept: number of inputs that are simulated with all timelines.
        screen: timelines of a cell in the screening.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `inputs`, a row for each input, `moved` (`alone`, `with correlates`) and output: `low` and `high` (its
        values), `at_low` and `at_high` (the output there less that of the base), `difference` (high less low), each
        with its standard error `<name>_error`; `changed`, share of timelines with another ending at low than at high;
        `timelines` of a cell. The largest difference of any output comes first.

    Raises:
        InputError: an unknown input or output, or a journal of another sweep.
    """
    subject = Subject(request, output, notify=notify)
    outputs = subject.outputs
    chosen = find_inputs(subject.scenario, inputs, subject.day, (*SINGLE, "edit"))
    if kept < 1 or screen < 1:
        raise InputError(f"found {min(kept, screen)}; expected at least 1", key="--keep" if kept < 1 else "--screen")
    settings = {"inputs": [one.name for one in chosen], "output": output, "kept": kept, "screen": screen}
    settings |= {"timelines": request.timelines}
    sweep = Sweep(subject, journal_of(subject, "tornado", settings, out, resume=resume), notify)
    subject.move_own_draws()
    ends = {one.name: tuple(quantiles(subject, one, (LOW, HIGH))) for one in chosen if one.kind != "edit"}
    still = [one.name for one in chosen if one.name in ends and ends[one.name][0] == ends[one.name][1]]
    chosen = [one for one in chosen if one.name not in still]
    if not chosen:
        raise InputError("each input has one value in all draws; expected one with a range", key="--inputs")
    edits = {one.name: _edited(subject, one.name) for one in chosen if one.kind == "edit"}
    rows: dict[str, list[dict[str, Any]]] = {one.name: [] for one in chosen}
    replicates = subject.replicates(request.timelines)
    few = min(subject.replicates(screen), replicates)
    screening = few < replicates and len(chosen) > kept
    if screening:
        found, _ = _simulated(sweep, "screening", chosen, ends, edits, few, outputs, correlated=False)
        rows |= found
        order = sorted(chosen, key=lambda one: (-_largest(found[one.name]), one.name))
    else:
        order = chosen
    found, usual = _simulated(sweep, "full", order[:kept] if screening else order, ends, edits, replicates, outputs)
    rows |= found
    if not any(rows.values()):
        raise InputError(f"no input could be simulated. {next(failures(sweep, subject))}", key="--inputs")
    table = _sorted(pd.DataFrame([row for own in rows.values() for row in own]))
    base = {each.name: as_dict(subject.odds(usual, each)) for each in outputs}
    about = subject.about() | settings | {"base": base, "screened": screening}
    notes = [*subject.notes(), *failures(sweep, subject)]
    notes.append("An error of 0 means that no timeline changed; the true change may be up to about 3 in that many.")
    if still:
        notes.append(f"Left out, since they have one value in all draws: {', '.join(still)}.")
    if screening:
        notes.append(
            f"All {len(chosen)} inputs were screened with {few * subject.members[0].engine.draws:,} timelines a cell; "
            f"the {min(kept, len(order))} with the largest differences were simulated with "
            f"{replicates * subject.members[0].engine.draws:,}."
        )
    return SweepResult("tornado", about, {"inputs": table}, _sentences(table, outputs, base), tuple(notes))


def _edited(subject: Subject, edit: str) -> dict[str, Moves]:
    """The columns that an edit of a prior moves, by member.

    Raises:
        InputError: the edit is wrong, or is of a prior that varies by timeline.
    """
    request = subject.resolved.request
    edited = replace(request, edits=(*request.edits, edit))
    name, priors, edits, reading = edited.scenario, edited.priors, edited.edits, edited.reading
    if edited.perspective is None:
        scenarios = load_members(name, priors=priors, edits=edits, reading=reading)[1]
    else:
        own = load_scenario(name, priors=priors, edits=edits, perspective=edited.perspective, reading=reading)
        scenarios = {own.perspective: own}
    found: dict[str, Moves] = {}
    for member in subject.members:
        scenario, engine = scenarios[member.name], member.engine
        for entry, prior in scenario.priors.items():
            if prior.marginal != engine.scenario.priors[entry].marginal and entry in engine.posterior.redrawn:
                what = "this prior varies by timeline, so its edit is another simulation"
                raise InputError(
                    what, file="--inputs", key=edit, remedy=f"Compare with a run: forecast run --set {edit}"
                )
        posterior = update(
            scenario,
            subject.day,
            prior_only=request.prior_only,
            allow_unconverged=request.allow_unconverged,
            fixed=request.fixed,
            draw_seed=request.draw_seed,
        )
        draws = posterior.draws.iloc[engine.start.draw]
        other = draws.to_numpy(float)
        moved = [k for k, _ in enumerate(draws.columns) if (other[:, k] != engine.own.values[:, k]).any()]
        found[member.name] = {draws.columns[k]: other[:, k] for k in moved if draws.columns[k] != "log_prior"}
    if not any(found.values()):
        raise InputError("it changes no draw", file="--inputs", key=edit, remedy="Give another value")
    return found


def _simulated(
    sweep: Sweep,
    stage: str,
    chosen: Sequence[Input],
    ends: Mapping[str, tuple[float, ...]],
    edits: Mapping[str, Mapping[str, Moves]],
    replicates: int,
    outputs: Sequence[Output],
    *,
    correlated: bool = True,
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Codes]]:
    """The rows of inputs, by name; and the codes of the base."""
    subject = sweep.subject
    alias = STARTS if not subject.later else {}
    plan: list[tuple[Input, str]] = [(one, "alone") for one in chosen]
    for one in chosen if correlated else ():
        if one.name in ends and _has_correlates(subject, one):
            plan.append((one, "with correlates"))

    def cells(engine: Engine, member: str) -> list[Cell]:
        made = [Cell({})]
        for one, moved in plan:
            if one.kind == "edit":
                made += [Cell({}), Cell(edits[one.name][member])]
            elif moved == "alone":
                made += [alone(one, value) for value in ends[one.name]]
            else:
                made += [along(engine, one, value, alias) for value in ends[one.name]]
        return made

    codes = sweep.evaluate(stage, {m.name: cells(m.engine, m.name) for m in subject.members}, range(replicates))
    base = at(codes, 0)
    rows: dict[str, list[dict[str, Any]]] = {one.name: [] for one in chosen}
    for number, (one, moved) in enumerate(plan):
        if not all(sweep.sound(codes, 1 + 2 * number + k) for k in range(2)):
            continue
        low, high = (at(codes, 1 + 2 * number + k) for k in range(2))
        for output in outputs:
            rows[one.name].append(_row(subject, one, moved, ends.get(one.name), output, (base, low, high)))
    return rows, base


def _row(
    subject: Subject,
    one: Input,
    moved: str,
    ends: tuple[float, ...] | None,
    output: Output,
    codes: tuple[Mapping[str, Codes], Mapping[str, Codes], Mapping[str, Codes]],
) -> dict[str, Any]:
    base, low, high = codes
    row: dict[str, Any] = {"input": one.name, "label": one.label, "kind": one.kind, "moved": moved, "unit": one.unit}
    row |= dict(zip(ENDS, ends or (np.nan, np.nan), strict=True)) | {"output": output.name}
    changes: dict[str, Estimate] = {
        "at_low": subject.change(base, low, output),
        "at_high": subject.change(base, high, output),
        "difference": subject.change(low, high, output),
    }
    for name, change in changes.items():
        row |= {name: change.value, f"{name}_error": change.error}
    return row | {"changed": subject.differing(low, high), "timelines": sum(c.size for c in base.values())}


def _has_correlates(subject: Subject, one: Input) -> bool:
    varies = subject.scenario.priors[one.name].varies if one.name in subject.scenario.priors else ""
    return varies == "world" and any(correlates(member.engine, one) for member in subject.members)


def _largest(rows: Sequence[Mapping[str, Any]]) -> float:
    """The largest difference of any output; before it, the share of timelines that change counts a little."""
    return max((abs(row["difference"]) + 1e-3 * row["changed"] for row in rows), default=0.0)


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with all timelines first, those of an input together, the largest difference first."""
    largest = table.assign(size=table["difference"].abs()).groupby("input")["size"].transform("max")
    timelines = table.groupby("input")["timelines"].transform("max")
    order = pd.DataFrame({"t": -timelines, "d": -largest, "i": table["input"], "m": table["moved"]})
    return table.loc[order.sort_values(["t", "d", "i", "m"], kind="stable").index].reset_index(drop=True)


def _sentences(table: pd.DataFrame, outputs: Sequence[Output], base: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    for output in outputs:
        rows = table[(table["output"] == output.name) & (table["moved"] == "alone")]
        clear = rows[rows["difference"].abs() > 2.0 * rows["difference_error"]]
        top = clear.assign(size=clear["difference"].abs()).sort_values("size", ascending=False, kind="stable").head(1)
        begins = f"{output.name}: {points(base[output.name]['value'], base[output.name]['error'])} as it stands."
        if top.empty:
            found.append(f"{begins} No input alone moves it by more than twice its error.")
            continue
        row = top.iloc[0]
        ends = "" if np.isnan(row["low"]) else f", from {row['low']:.3g} to {row['high']:.3g} {row['unit']}"
        found.append(
            f"{begins} The input that moves it most is {row['input']}{ends}: "
            f"{signed(row['difference'], row['difference_error'])}; "
            f"{row['changed']:.0%} of timelines change their ending."
        )
    return tuple(found)
