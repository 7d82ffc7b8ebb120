"""The crux: which groups of judgements make the difference of the odds between two perspectives.

    v(S)   odds with the groups S as in the second perspective, and all others as in the first

The line of a group is its Shapley value: the mean, over all orders in which the groups change sides, of the change that
the group makes. The lines add up to the difference of the odds exactly. All cells have the same draw numbers and random
numbers. Draws belong to the names of priors, so a group that both perspectives hold alike has the same draws in both.

On a date after the reference date, where the war stands is one more cause: the draws that fit the recorded past, and
the states that they lead to, are those of the one perspective or of the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.ensemble.progress import silent
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.outcomes.owen import MOST_EXACT, Coalition, Coefficients, exact_owen, mean_of, sampled_owen
from forecast.outcomes.rounding import rounded
from forecast.scenario.groups import FILE
from forecast.scenario.records import Group
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.exchange import columns_of
from forecast.sweep.outputs import Codes, Output
from forecast.sweep.result import SweepResult
from forecast.sweep.subject import Subject, Sweep, journal_of
from forecast.sweep.words import points, signed

PAST = "the recorded past"
"""The cause that stands for the starting points on a later date."""

OPTION = "--between"


@dataclass(frozen=True)
class _Odds:
    """The odds of a coalition.

    Attributes:
        value: exact share of timelines.
        residual: (draws,) part of each draw number in its error.
    """

    value: Fraction
    residual: Array


def crux(
    request: RunRequest,
    between: Sequence[str],
    output: str | None = None,
    *,
    out: Path | None = None,
    resume: bool = False,
    notify: Callable[[str], None] = silent,
) -> SweepResult:
    """Divide the difference of the odds between two perspectives among the groups of `groups.toml`.

    Args:
        request: the scenario, date, seeds and number of timelines of a cell; its perspective is not used.
        between: names of two perspectives, or files; `base` is one.
        output: an outcome, an ending, an event or a difference of two; by default the three outcomes.
        out: folder of the sweep, in which its journal is kept.
        resume: go on with the journal.
        notify: called with a phrase for each step.

    Returns:
        Table `groups`, a row for each group and output: `group`, `label`, `changed` (parameters that differ), `output`,
        `points` (its part of the difference, second less first, in points) and `points_error`; the largest first, and
        those of an output add up to `points` of the row `all` exactly.

    Raises:
        InputError: not two different perspectives, no groups, or a journal of another sweep.
    """
    if len(between) != 2 or between[0] == between[1]:
        what = f"found {', '.join(between) or 'none'}; expected two different perspectives"
        raise InputError(what, key=OPTION, remedy="Such as --between washington,commenter")
    subjects = [Subject(replace(request, perspective=name), output, notify=notify) for name in between]
    first = subjects[0]
    scenario = first.scenario
    if not scenario.groups:
        raise InputError("it is missing; a crux needs groups", file=f"{scenario.folder.name}/{FILE}", remedy="Add it")
    engines = [subject.members[0].engine for subject in subjects]
    _refuse_timeline_priors(*engines)
    for subject in subjects:
        subject.move_own_draws()
    differing = {group.id: _differing(group, *engines) for group in scenario.groups}
    causes = [name for name, names in differing.items() if names]
    if first.later:
        causes.append(PAST)
    if not causes:
        raise InputError("the two perspectives hold the same judgements in every group", key=OPTION)
    names = [subject.members[0].name for subject in subjects]
    settings = {"between": names, "output": output, "timelines": request.timelines}
    lines = _lines(causes)
    ends: set[Coalition] = {frozenset(), frozenset(causes)}
    inner = {coalition for line in lines.values() for part in line for coalition in part}
    needed = sorted(ends | inner, key=lambda coalition: (len(coalition), sorted(coalition)))
    odds = _evaluated(subjects, settings, needed, differing, out, resume=resume, notify=notify)
    rows: list[dict[str, Any]] = []
    labels = {group.id: group.label for group in scenario.groups} | {PAST: "where the war stands"}
    for each in first.outputs:
        rows += _rows(each, odds[each.name], causes, lines, labels, differing)
    table = pd.DataFrame(rows)
    about = first.about() | settings | {"perspective": " and ".join(names), "coalitions": len(needed)}
    note = (
        f"All orders of the {len(causes)} groups count: {len(needed)} coalitions were simulated."
        if len(causes) <= MOST_EXACT
        else f"A sample of orders of the {len(causes)} groups was drawn: {len(needed)} coalitions were simulated. "
        "Errors include those of the sample."
    )
    everything: Coalition = frozenset(causes)
    sides = {o: (found[frozenset()], found[everything]) for o, found in odds.items()}
    notes = [note, *(text for text in first.notes() if not first.later)]
    if first.later:
        notes.append("The past is not replayed in each cell: it is replayed once under each perspective.")
    return SweepResult("crux", about, {"groups": table}, _sentences(table, names, sides), tuple(notes))


def _differing(group: Group, one: Engine, other: Engine) -> tuple[str, ...]:
    """The columns of a group that differ between two perspectives, over all draws."""
    mask = columns_of(one.posterior, group.entries).values
    a, b = one.posterior.draws.to_numpy(float), other.posterior.draws.to_numpy(float)
    moved = mask & (a != b).any(axis=0)
    return tuple(name for name, own in zip(one.place, moved, strict=True) if own and name not in one.posterior.redrawn)


def _refuse_timeline_priors(one: Engine, other: Engine) -> None:
    """Refuse perspectives that differ in a prior that varies by timeline.

    Raises:
        InputError: they do.
    """
    for name in one.posterior.redrawn:
        if one.scenario.priors[name].marginal != other.scenario.priors[name].marginal:
            what = f"they differ in {name}, which varies by timeline; a crux moves parameters that vary by draw"
            raise InputError(what, key=OPTION, remedy="Leave that change out of the perspective")


def _lines(causes: Sequence[str]) -> dict[str, list[Coefficients]]:
    """The coefficients of each cause's line, in each sample of orders; the line is their mean."""
    if len(causes) <= MOST_EXACT:
        return {cause: [line] for cause, line in exact_owen({"groups": causes}).items()}
    return sampled_owen({"groups": causes})


def _evaluated(
    subjects: Sequence[Subject],
    settings: Mapping[str, Any],
    needed: Sequence[Coalition],
    differing: Mapping[str, tuple[str, ...]],
    out: Path | None,
    *,
    resume: bool,
    notify: Callable[[str], None],
) -> dict[str, dict[Coalition, _Odds]]:
    """The odds of each coalition, by output."""
    first, second = subjects
    journal = journal_of(first, "crux", dict(settings) | {"other": second.definition("crux", {})}, out, resume=resume)
    engines = [subject.members[0].engine for subject in subjects]
    found: dict[str, dict[Coalition, _Odds]] = {output.name: {} for output in first.outputs}
    for side, subject in enumerate(subjects):
        own = [coalition for coalition in needed if (PAST in coalition) == bool(side)]
        if not own:
            continue
        home, away = engines[side], engines[1 - side]
        theirs = away.posterior.draws.iloc[home.start.draw].to_numpy(float)
        cells = []
        for coalition in own:
            moved = [g for g, names in differing.items() if names and (g in coalition) != bool(side)]
            names = [name for group in moved for name in differing[group]]
            cells.append(Cell({name: theirs[:, away.place[name]] for name in names}))
        sweep = Sweep(subject, journal, notify)
        name = subject.members[0].name
        replicates = subject.replicates(subject.resolved.request.timelines)
        codes = sweep.evaluate(f"side-{side}", {name: cells}, range(replicates))
        if sweep.failed:
            raise InputError("a parameter is not a finite number in a mixture of the two", key=OPTION)
        for output in first.outputs:
            for coalition, cell in zip(own, codes[name], strict=True):
                found[output.name][coalition] = _odds(cell, home.start.draw, output, subject)
    return found


def _odds(codes: Codes, draw: NDArray[np.int64], output: Output, subject: Subject) -> _Odds:
    values = output.values(subject.scenario)[codes]
    total = Fraction(round(float(values.sum())), values.size)
    by_draw = np.bincount(draw, values.sum(axis=1) - float(total) * values.shape[1], minlength=int(draw.max()) + 1)
    return _Odds(total, by_draw / values.size)


def _rows(
    output: Output,
    odds: Mapping[Coalition, _Odds],
    causes: Sequence[str],
    lines: Mapping[str, Sequence[Coefficients]],
    labels: Mapping[str, str],
    differing: Mapping[str, tuple[str, ...]],
) -> list[dict[str, Any]]:
    """The rows of one output, the largest first, after the row of their sum."""
    exact, errors = {}, {}
    for cause in causes:
        parts = [_combined(line, odds) for line in lines[cause]]
        line = mean_of(lines[cause])
        value, error = _combined(line, odds)
        exact[cause] = 100 * value
        spread = np.array([float(part) for part, _ in parts])
        sampled = float(spread.var(ddof=1) / len(spread)) if len(spread) > 1 else 0.0
        errors[cause] = 100.0 * float(np.sqrt(error**2 + sampled))
    whole, numbers = rounded(list(exact.values()))
    _, error = _combined({frozenset(causes): Fraction(1), frozenset(): Fraction(-1)}, odds)
    count = sum(len(names) for names in differing.values())
    rows = [_line("all", "all groups together", count, output, whole, 100.0 * error)]
    made = zip(causes, numbers, strict=True)
    for cause, number in sorted(made, key=lambda pair: (-abs(pair[1]), pair[0])):
        size = len(differing.get(cause, ()))
        rows.append(_line(cause, labels[cause], size, output, number, errors[cause]))
    return rows


def _line(group: str, label: str, size: int, output: Output, number: float, error: float) -> dict[str, Any]:
    row = {"group": group, "label": label, "changed": size, "output": output.name}
    return row | {"points": number, "points_error": error}


def _combined(line: Coefficients, odds: Mapping[Coalition, _Odds]) -> tuple[Fraction, float]:
    """The value of a linear combination of odds, and its error clustered by draw."""
    value = sum((share * odds[coalition].value for coalition, share in line.items()), Fraction(0))
    size = max((len(odds[coalition].residual) for coalition in line), default=1)
    residual = np.zeros(size)
    for coalition, share in line.items():
        own = odds[coalition].residual
        residual[: len(own)] += float(share) * own
    return value, float(np.sqrt((residual**2).sum() * size / max(size - 1, 1)))


def _sentences(table: pd.DataFrame, names: Sequence[str], ends: Mapping[str, tuple[_Odds, _Odds]]) -> tuple[str, ...]:
    """The difference and the top crux of each output, the largest difference first."""
    found = []
    for output, (before, after) in ends.items():
        rows = table[table["output"] == output]
        whole, lines = rows.iloc[0], rows.iloc[1:]
        size = abs(whole["points"])
        begins = (
            f"{output}: {points(float(before.value), _error(before))} for {names[0]} and "
            f"{points(float(after.value), _error(after))} for {names[1]}"
        )
        clear = lines[lines["points"].abs() > 2.0 * lines["points_error"]]
        if clear.empty:
            found.append((size, f"{begins}. No group makes a clear difference."))
            continue
        top = clear.iloc[0]
        part = signed(top["points"] / 100.0, top["points_error"] / 100.0)
        difference = signed(whole["points"] / 100.0, whole["points_error"] / 100.0)
        found.append((size, f"{begins}. Their top crux is {top['label']}: {part} of the difference of {difference}."))
    return tuple(text for _, text in sorted(found, key=lambda pair: -pair[0]))


def _error(odds: _Odds) -> float:
    return float(np.sqrt((odds.residual**2).sum()))
