"""Odds of a saved run where a condition on its timelines holds.

With x = 1 where the output happens and y = 1 where the condition holds, the odds given the condition are E[x y] / E[y].
In a pool both means are those of the mixture, sum_m w_m E_m[...]: a member under which the condition is likelier counts
for more. Their standard error is that of the linearised residuals, summed by draw (`forecast.outcomes.clustering`). The
change from the odds without the condition is E[x y] / E[y] - E[x]. Both terms share their timelines, so the error of
the change is that of the difference of their residuals.

The condition selects timelines; it does not intervene in them. An event that comes early in a war that is about to end
anyway goes with its end without causing it.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.outcomes.clustering import FEW_DRAWS, FEW_TIMELINES, Clusters, Estimate, clusters_of, error_between_draws
from forecast.outcomes.condition_rows import columns_of, holds, quantiles_used
from forecast.outcomes.condition_text import columns_used, parse_condition
from forecast.outcomes.condition_words import canonical, clause
from forecast.report.numbers import listed
from forecast.store.run_folder import Run
from forecast.sweep.result import SweepResult
from forecast.sweep.saved_outputs import Member, about_run, lacks, meanings, members_of, outputs_of, timeline_weights
from forecast.sweep.words import change_and_error, percent_and_error


class Change(NamedTuple):
    """The odds given a condition, less the odds without it.

    Attributes:
        change: the difference.
        error: its standard error, clustered by draw; None from one draw.
    """

    change: float
    error: float | None


def given(run: Run, condition: str, output: str | None = None) -> SweepResult:
    """Odds where a condition holds, beside the odds of all timelines and of those where it does not hold.

    Args:
        run: a saved run.
        condition: in the grammar of `forecast.outcomes.condition_text`.
        output: an outcome, an ending, a recorded event or a flag; by default the three outcomes.

    Returns:
        The tables `odds` (one row an output: `probability`, `standard_error`, `low` and `high`, its 90% range, where
        the condition holds; `without` of all timelines; `otherwise` where it does not hold, each with its error;
        `change`, given less without, with its paired error) and `members` (one row each: `weight`, whether it was
        `kept`, its `timelines`, the probability of the `condition`, and its `weight_given` the condition).

    Raises:
        InputError: the condition or the output cannot be read; no member has the columns; or fewer than 100 timelines
            or 30 draws are left.
    """
    timelines = run.timelines
    columns = columns_of(timelines)
    parsed = parse_condition(condition, columns)
    outputs = outputs_of(timelines, output)
    used = dict.fromkeys((*columns_used(parsed), *(one.column for one in outputs)))
    members = members_of(run)
    missing = {member.name: lacks(member, timelines, used) for member in members}
    kept = [member for member in members if not missing[member.name] and member.weight > 0.0]
    text = canonical(parsed)
    if not kept:
        raise InputError(f"no member of the pool simulates the columns of {text!r}", key="--given")
    weights = timeline_weights(kept, len(timelines))
    counted = weights > 0.0
    where = holds(parsed, timelines, weights) & counted
    draw = timelines["draw"].to_numpy()
    _check_enough(int(where.sum()), len(np.unique(draw[where])), int(counted.sum()), text)

    clusters = clusters_of(timelines, run.weights)
    y = np.where(counted, where.astype(float), np.nan)
    rows = []
    for one in outputs:
        x = np.where(counted, one.event.of(timelines).astype(float), np.nan)
        change = change_given(x, y, weights, draw, [member.rows for member in kept])
        row = {"output": one.name, "label": one.label, **_odds(clusters, x, y)}
        rows.append(row | {"change": change.change, "change_error": change.error})
    odds = pd.DataFrame(rows)
    weight = clusters.share(y)
    quantiles = quantiles_used(parsed, timelines, weights)
    about = about_run(run) | {
        "given": text,
        "output": output or "outcomes",
        "quantiles": {name: str(value) if not isinstance(value, float) else value for name, value in quantiles.items()},
        "timelines_left": int(where.sum()),
        "draws_left": len(np.unique(draw[where])),
        "weight_left": weight.probability,
        "weight_left_error": weight.standard_error,
        "left_out": [member.name for member in members if member not in kept],
    }
    words = clause(parsed, columns, meanings(timelines))
    sentences = (_first(words, about, weight), *(_sentence(row) for row in rows))
    notes = (*_notes(members, missing), *_values(quantiles))
    return SweepResult("given", about, {"odds": odds, "members": _members(members, kept, where)}, sentences, notes)


def change_given(x: Array, y: Array, weights: Array, draw: NDArray[Any], members: list[NDArray[np.bool_]]) -> Change:
    """The odds given a condition less the odds without it, with the error of the pair.

    Args:
        x: (n,) 1 where the output happens.
        y: (n,) 1 where the condition holds.
        weights: (n,) weight of each timeline, adding up to 1; x and y are not read where it is 0.
        draw: (n,) number of the draw.
        members: (n,) true for the timelines of each member.
    """
    x, y = np.where(weights > 0.0, x, 0.0), np.where(weights > 0.0, y, 0.0)
    below, without = float(weights @ y), float(weights @ x)
    inside = float(weights @ (x * y)) / below
    residual = (x - inside) * y / below - (x - without)
    for rows in members:  # the size of each member is fixed, so only its own spread counts
        residual[rows] -= residual[rows].mean()
    number, cluster = np.unique(draw[weights > 0.0], return_inverse=True)
    sums = np.bincount(cluster, (weights * residual)[weights > 0.0], minlength=len(number))
    return Change(inside - without, error_between_draws(sums, None))


def _odds(clusters: Clusters, x: Array, y: Array) -> dict[str, Any]:
    """The odds given the condition, without it, and where it does not hold."""
    inside, without = clusters.share(x, y), clusters.share(x)
    otherwise = clusters.share(x, 1.0 - y, few=True)
    return {
        "probability": inside.probability,
        "standard_error": inside.standard_error,
        "low": inside.low,
        "high": inside.high,
        "without": without.probability,
        "without_error": without.standard_error,
        "otherwise": otherwise.probability,
        "otherwise_error": otherwise.standard_error,
    }


def _check_enough(left: int, draws: int, of: int, text: str) -> None:
    """Refuse odds that rest on too few timelines.

    Raises:
        InputError: with the numbers.
    """
    if left < FEW_TIMELINES or draws < FEW_DRAWS:
        what = f"{text!r} holds in {left:,} of {of:,} timelines, from {draws} draws"
        least = f"expected at least {FEW_TIMELINES} timelines and {FEW_DRAWS} draws"
        raise InputError(f"{what}; {least}", key="--given", remedy="Give a wider condition or a run of more timelines")


def _members(members: list[Member], kept: list[Member], where: NDArray[np.bool_]) -> pd.DataFrame:
    """The weight of each member before and after the condition."""
    share = {m.name: float(where[m.rows].mean()) if m in kept else np.nan for m in members}
    total = sum(m.weight * share[m.name] for m in kept)
    rows = [
        {
            "member": m.name,
            "weight": m.weight,
            "kept": m in kept,
            "timelines": int(where[m.rows].sum()),
            "condition": share[m.name],
            "weight_given": m.weight * share[m.name] / total if m in kept else np.nan,
        }
        for m in members
    ]
    return pd.DataFrame(rows)


def _first(words: str, about: dict[str, Any], weight: Estimate) -> str:
    left = f"{about['timelines_left']:,} timelines from {about['draws_left']} draws"
    share = percent_and_error(weight.probability, weight.standard_error)
    return f"The condition: {words}. It holds in {left}, which have {share} of the weight."


def _sentence(row: dict[str, Any]) -> str:
    inside = percent_and_error(row["probability"], row["standard_error"])
    without = percent_and_error(row["without"], row["without_error"])
    between = "" if row["low"] is None else f" (90% range {100 * row['low']:.0f} to {100 * row['high']:.0f}%)"
    change = change_and_error(row["change"], row["change_error"])
    return f"{row['label']}: {inside}{between} where the condition holds, {without} without it: a change of {change}."


def _notes(members: list[Member], missing: dict[str, list[str]]) -> list[str]:
    notes = ["The condition selects timelines and does not intervene in them: the change need not be its effect."]
    for member in members:
        if missing[member.name]:
            what = listed(missing[member.name])
            notes.append(f"`{member.name}` does not simulate {what} and is left out, also of the odds without it.")
        elif member.weight == 0.0:
            notes.append(f"`{member.name}` has no weight and is left out.")
    return notes


def _values(quantiles: dict[str, Any]) -> list[str]:
    return [
        f"{name} is {value:.4g} in the timelines counted." if isinstance(value, float) else f"{name} is {value}."
        for name, value in quantiles.items()
    ]
