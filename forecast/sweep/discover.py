"""Scenario discovery: short if-then rules under which an output is likelier, with their out-of-sample figures.

A rule is found in the timelines of one half of the draws and measured in those of the other half. Timelines of one draw
share their parameters, so a split by timeline would leave the same parameters in both halves. With w the weights of
timelines, x = 1 where the output happens and r = 1 where the rule holds,

    density   E_w[x r] / E_w[r]    the odds of the output under the rule
    coverage  E_w[x r] / E_w[x]    the part of the output's timelines that the rule has

(B. Bryant and R. Lempert, Technological Forecasting and Social Change 77, 2010). Every rule is a condition in the
grammar of `forecast sweep given`, its thresholds rounded to three digits before it is measured.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.calendar import AMOUNT_DAYS
from forecast.errors import InputError
from forecast.outcomes.clustering import FEW_DRAWS, FEW_TIMELINES, Estimate, clusters_of
from forecast.outcomes.condition_rows import columns_of, holds
from forecast.outcomes.condition_text import parse_condition
from forecast.outcomes.condition_words import clause, number_text
from forecast.store.run_folder import Run
from forecast.sweep.discovery_columns import EVENTS, LEFT_OUT, Features, features
from forecast.sweep.result import SweepResult
from forecast.sweep.rule_finders import FINDERS, Limits
from forecast.sweep.saved_outputs import about_run, lacks, meanings, members_of, outputs_of, timeline_weights
from forecast.sweep.words import percent_and_error

LANDMARK = "13w"
"""The usual landmark."""

MOST_RULES = 6
"""Most rules of a result."""

RULE_COLUMNS = (
    "rule", "density", "density_error", "coverage", "coverage_error", "weight", "weight_error", "timelines",
    "fit_density", "fit_coverage", "base", "base_error",
)  # fmt: skip
"""Columns of the table of rules."""

SPLIT_SEED = 20250120
"""Seed of the division of the draws into halves."""


def discover(run: Run, output: str = "negotiated", *, landmark: str = LANDMARK, method: str = "tree") -> SweepResult:
    """Rules on levels and events of the first weeks under which an output is likelier than otherwise.

    Args:
        run: a saved run.
        output: an outcome, an ending, a recorded event or a flag.
        landmark: the day on which levels and events are read: 4w, 13w or 26w after the as-of date.
        method: `tree`, a small scikit-learn tree, or `prim`, the Patient Rule Induction Method of EMA Workbench.

    Returns:
        The tables `rules` (by density; `rule` is a condition for `forecast sweep given`; `density`, `coverage` and
        `weight` in the held-out draws with their errors, `fit_density` and `fit_coverage` in those it was found in,
        `base` the odds without a rule) and `columns`, those that a rule could use and those left out, with reasons.

    Raises:
        InputError: an unknown output, landmark or method; too few timelines; or the method's library is not installed.
    """
    if landmark not in AMOUNT_DAYS:
        raise InputError(f"found {landmark!r}; expected {', '.join(AMOUNT_DAYS)}", key="--landmark")
    if method not in FINDERS:
        raise InputError(f"found {method!r}; expected {', '.join(FINDERS)}", key="--method")
    timelines = run.timelines
    one = outputs_of(timelines, output)[0]
    members = members_of(run)
    asked = [f"attention_{landmark}", one.column]
    kept = [member for member in members if member.weight > 0.0 and not lacks(member, timelines, asked)]
    left_out = [member.name for member in members if member not in kept]
    if not kept:
        raise InputError(f"no member of the pool simulates {one.column} and the drivers", key="--output")
    found = features(timelines, date.fromisoformat(run.summary["as_of"]), landmark, one.column)
    weights = timeline_weights(kept, len(timelines))
    rows = found.rows & (weights > 0.0)
    table = found.table[rows[found.rows]].reset_index(drop=True)
    happens = one.event.of(timelines)
    draw = timelines["draw"].to_numpy()
    fitted = first_half(draw)
    _check(rows & fitted, happens, draw, output)
    _check(rows & ~fitted, happens, draw, output)

    inside = fitted[rows]
    boxes = FINDERS[method](table[inside].copy(), happens[rows][inside], weights[rows][inside])
    texts = [f"{found.text} and {text_of(box, found)}" for box in boxes[:MOST_RULES]]
    measured = measure(run, texts, rows, happens, fitted)
    about = about_run(run) | {
        "output": one.name,
        "method": method,
        "landmark": str(found.day),
        "population": found.text,
        "timelines_used": int(rows.sum()),
        "left_out": left_out,
    }
    notes = [
        f"Rules are found in half of the {len(np.unique(draw[rows]))} draws and measured in the other half.",
        f"Only timelines that go on after {found.day} count, and levels and events are read on that day.",
        "A rule selects timelines; it need not be a cause.",
        *(f"`{name}` does not simulate the drivers and is left out." for name in left_out),
    ]
    words = meanings(timelines)
    sentences = [sentence(row, found.text, one.label, run, words) for row in measured]
    if not sentences:
        sentences = [f"No rule was found under which this is likelier: {one.label}."]
    tables = {"rules": pd.DataFrame(measured, columns=RULE_COLUMNS), "columns": _columns(table)}
    return SweepResult("discover", about, tables, tuple(sentences), tuple(notes))


def first_half(draw: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) true for the timelines of a random half of the draws."""
    numbers = np.unique(draw)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(numbers))
    return np.isin(draw, numbers[order[: len(numbers) // 2]])


def text_of(box: Mapping[str, Limits], found: Features) -> str:
    """A box as a condition in the grammar of `forecast sweep given`."""
    parts = []
    for name, (low, high) in box.items():
        if name in EVENTS:
            come = low is not None
            parts.append(f"{'' if come else 'not '}{name} <= {found.day}")
            continue
        parts += [f"{name} > {number_text(low)}"] if low is not None else []
        parts += [f"{name} <= {number_text(high)}"] if high is not None else []
    return " and ".join(parts)


def measure(
    run: Run,
    texts: Sequence[str],
    rows: NDArray[np.bool_],
    happens: NDArray[np.bool_],
    fitted: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """The figures of rules in the held-out draws and in those that they were found in, densest first.

    Args:
        run: the run.
        texts: the rules.
        rows: (n,) the timelines that count.
        happens: (n,) the output.
        fitted: (n,) those of the draws that rules were found in.
    """
    timelines = run.timelines
    columns, clusters = columns_of(timelines), clusters_of(timelines, run.weights)
    known = {m.name: rows[m.rows].any() for m in members_of(run)}
    answered = np.ones(len(timelines), bool)
    for member in members_of(run):
        answered[member.rows] = known[member.name]

    def share(what: NDArray[np.bool_], given: NDArray[np.bool_]) -> Estimate:
        return clusters.share(np.where(answered, what.astype(float), np.nan), given.astype(float))

    found = []
    for text in texts:
        rule = holds(parse_condition(text, columns, "rule"), timelines) & rows
        held = rows & ~fitted
        dense, covered, weight = (
            share(happens & held, rule & held), share(rule & held, happens & held), share(rule & held, held),
        )  # fmt: skip
        base = share(happens & held, held)
        found.append(
            {
                "rule": text,
                "density": dense.probability,
                "density_error": dense.standard_error,
                "coverage": covered.probability,
                "coverage_error": covered.standard_error,
                "weight": weight.probability,
                "weight_error": weight.standard_error,
                "timelines": int((rule & held).sum()),
                "fit_density": share(happens & rows & fitted, rule & fitted).probability,
                "fit_coverage": share(rule & fitted, happens & rows & fitted).probability,
                "base": base.probability,
                "base_error": base.standard_error,
            }
        )
    return sorted(found, key=lambda row: -(row["density"] or 0.0))


def sentence(row: Mapping[str, Any], population: str, label: str, run: Run, words: Mapping[str, str]) -> str:
    """A rule and its figures in readers' words; the notes say which timelines it is about."""
    columns = columns_of(run.timelines)
    own = str(row["rule"]).removeprefix(f"{population} and ")
    rule = clause(parse_condition(own, columns, "rule"), columns, words)
    dense = percent_and_error(row["density"], row["density_error"])
    covered = percent_and_error(row["coverage"], row["coverage_error"])
    base = percent_and_error(row["base"], row["base_error"])
    return (
        f"If {rule}, then {label}: {dense} (density; {base} without a rule). These timelines are {covered} of all with "
        f"this end (coverage). In the draws that the rule was found in: {100 * row['fit_density']:.1f}% and "
        f"{100 * row['fit_coverage']:.1f}%."
    )


def _check(rows: NDArray[np.bool_], happens: NDArray[np.bool_], draw: NDArray[Any], output: str) -> None:
    """Refuse a search in too few timelines.

    Raises:
        InputError: with the numbers.
    """
    draws, left, cases = len(np.unique(draw[rows])), int(rows.sum()), int((rows & happens).sum())
    if draws < FEW_DRAWS or cases < FEW_TIMELINES or left - cases < FEW_TIMELINES:
        what = f"{output} happens in {cases:,} of {left:,} timelines of half of the draws ({draws})"
        least = f"expected at least {FEW_TIMELINES} timelines with it and without it, from {FEW_DRAWS} draws"
        raise InputError(f"{what}; {least}", key="--output", remedy="Give another output or a run of more timelines")


def _columns(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that rules could use, and those left out, with reasons."""
    used = [(str(name), True, EVENTS.get(str(name), "a level on one day")) for name in table]
    return pd.DataFrame(
        [*used, *((name, False, why) for name, why in LEFT_OUT.items())], columns=["column", "used", "why"]
    )
