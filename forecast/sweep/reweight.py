"""A prior changed without simulating again: importance weights on the draws of a saved run.

Draw d has the values v_d, and timelines depend on the priors through them alone. Under an edited prior a draw has the
weight

    r_d = edited prior density(v_d) / prior density(v_d)

and an outcome the odds sum_i r_d(i) x_i / sum_i r_d(i) over the timelines i of a member; a pool mixes its members by
their usual weights. The ratio is exact for priors that enter the fit as well: the posterior is proportional to prior
times likelihood, and the likelihood of the values stays. It is also exact as of a later date, for the same reason.
Where priors are correlated (a Gaussian copula with correlation matrix R of normal scores s),

    log r = sum_j [log f'_j(v) - log f_j(v)] - (s' R^-1 s' - s'.s') / 2 + (s R^-1 s - s.s) / 2

with s' the scores of the same values under the edited priors. The effective sample size of the draws (L. Kish, 1965) is

    (sum_d n_d r_d)^2 / sum_d (n_d r_d)^2,    n_d timelines of draw d

Below `LEAST_DRAWS` the odds are refused: their standard error is then itself known to no better than about one part in
sqrt(2 * 50) = 10, and one draw may hold several percent of the weight. The saved draws must also reach where the edited
prior is: one that is possible where the old one is not is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.encoding import kernel_inputs
from forecast.errors import InputError
from forecast.narrative.rerun import scenario_of
from forecast.outcomes.clustering import MEMBER, error_between_draws
from forecast.outcomes.shares import followed
from forecast.report.numbers import listed
from forecast.scenario.spec import Scenario
from forecast.store.run_folder import Run
from forecast.sweep.result import SweepResult
from forecast.sweep.saved_outputs import Member, about_run, lacks, members_of, outputs_of
from forecast.sweep.words import change_and_error, percent_and_error

LEAST_DRAWS = 50.0
"""Effective sample size of the draws below which odds are refused."""

FEW = 100.0
"""Effective sample size below which the result carries a caution, as in a replay of the past."""

OPTION = "--set"

SIMULATE = "Simulate instead: forecast run --set ..."
"""The remedy where weights cannot express an edit."""


@dataclass(frozen=True)
class Reweighted:
    """The weights of one member's draws.

    Attributes:
        ratio: weight of each draw by its number, with mean 1 over the member's timelines.
        effective: effective sample size of the draws.
        edited: names of the priors that differ.
    """

    ratio: pd.Series
    effective: float
    edited: tuple[str, ...]


def reweight(run: Run, edits: Sequence[str], output: str | None = None) -> SweepResult:
    """Odds of a saved run under edited priors, by importance weights.

    Args:
        run: a saved run.
        edits: changes to priors as of `--set`, on top of those of the run.
        output: an outcome, an ending, a recorded event or a flag; by default the three outcomes.

    Returns:
        The tables `odds` (one row an output: `probability` under the edit and its `standard_error`, `without` the edit
        and its error, `change` with its paired error) and `members` (`effective_draws` of `draws`, and `largest`, the
        greatest part of the weight that one draw has).

    Raises:
        InputError: an edit is wrong; it changes more than priors that are drawn once a draw; it reaches where no draw
            can be; or too few effective draws are left.
    """
    if not edits:
        raise InputError("found no edit; expected name.field=value", key=OPTION)
    timelines, draw = run.timelines, run.timelines["draw"].to_numpy()
    outputs = outputs_of(timelines, output)
    members = members_of(run)
    used = [one.column for one in outputs]
    kept = [member for member in members if member.weight > 0.0 and not lacks(member, timelines, used)]
    if not kept:
        raise InputError(f"no member of the pool simulates {listed(used)}", key="--output")
    made = {member.name: weights_of(run, member, edits) for member in kept}
    if not any(own.edited for own in made.values()):
        raise InputError("the edit changes no prior of the run", key=OPTION)
    weakest = min(made, key=lambda name: made[name].effective)
    if made[weakest].effective < LEAST_DRAWS:
        what = f"{made[weakest].effective:.0f} effective draws are left of {len(made[weakest].ratio)} (`{weakest}`)"
        remedy = "Give a smaller change or a run of more timelines, or simulate: forecast run --set ..."
        raise InputError(f"{what}; expected at least {LEAST_DRAWS:.0f}", key=OPTION, remedy=remedy)

    ratio = np.zeros(len(timelines))
    for member in kept:
        ratio[member.rows] = made[member.name].ratio.loc[draw[member.rows]].to_numpy()
    rows = []
    for one in outputs:
        estimates = weighted(one.event.of(timelines).astype(float), ratio, draw, kept)
        rows.append({"output": one.name, "label": one.label, **estimates})
    about = about_run(run) | {
        "set": list(edits),
        "output": output or "outcomes",
        "priors": sorted({name for own in made.values() for name in own.edited}),
        "left_out": [member.name for member in members if member not in kept],
        "effective_draws": made[weakest].effective,
    }
    table = pd.DataFrame(
        [
            {
                "member": name,
                "draws": len(own.ratio),
                "effective_draws": own.effective,
                "largest": float(own.ratio.max() / own.ratio.sum()),
            }
            for name, own in made.items()
        ]
    )
    first = (
        f"Under {' and '.join(edits)}, {made[weakest].effective:.0f} effective draws are left of "
        f"{len(made[weakest].ratio)}{f' in `{weakest}`, the fewest' if len(kept) > 1 else ''}."
    )
    tables = {"odds": pd.DataFrame(rows), "members": table}
    return SweepResult("reweight", about, tables, (first, *(_sentence(row) for row in rows)), _notes(made[weakest]))


def weights_of(run: Run, member: Member, edits: Sequence[str]) -> Reweighted:
    """The importance weights of a member's draws under edits; all are 1 for a member that does not simulate by week.

    Raises:
        InputError: the edits change more than priors that are drawn once a draw, or reach where no draw can be.
    """
    draw = run.timelines["draw"].to_numpy()[member.rows]
    numbers, counts = np.unique(draw, return_counts=True)
    if run.weights is not None and not followed(run.timelines)[member.rows].any():
        return Reweighted(pd.Series(1.0, numbers), float(counts.sum() ** 2 / (counts**2).sum()), ())
    name = member.name if run.weights is not None else None
    draws = run.draws if name is None else run.draws[run.draws[MEMBER] == name].drop(columns=MEMBER)
    before, after = scenario_of(run, name), scenario_of(run, name, edits)
    edited = tuple(key for key, prior in before.priors.items() if prior.marginal != after.priors[key].marginal)
    values = draws.loc[numbers]
    _check(run, before, after, edited, values)
    log = log_ratio(before, after, edited, values)
    if not np.isfinite(log).any():
        raise InputError(
            "no saved draw is possible under the edit", key=OPTION, remedy="Simulate: forecast run --set ..."
        )
    ratio = np.exp(log - log.max())
    ratio = ratio / (float(counts @ ratio) / counts.sum())
    mass = counts * ratio
    return Reweighted(pd.Series(ratio, numbers), float(mass.sum() ** 2 / (mass**2).sum()), edited)


def log_ratio(before: Scenario, after: Scenario, edited: Sequence[str], values: pd.DataFrame) -> Array:
    """(n,) log of the density of the edited priors divided by that of the old ones, at each draw.

    Args:
        before: the scenario as the run saw it.
        after: the scenario under the edits.
        edited: names of the priors that differ, each drawn once a draw.
        values: (n rows) draws, a column a prior.
    """
    total = np.zeros(len(values))
    scores: dict[str, tuple[Array, Array]] = {}
    for name in edited:
        old, new = before.priors[name].marginal, after.priors[name].marginal
        value = values[name].to_numpy(float)
        scores[name] = old.score(value), new.score(value)
        with np.errstate(divide="ignore", invalid="ignore"):
            density = new.log_density(scores[name][1]) - old.log_density(scores[name][0])
        low, high = new.bounds()
        total += np.where((value >= low) & (value <= high) & np.isfinite(scores[name][1]), density, -np.inf)
    for group in _groups(before, edited):
        names = sorted(group)
        place = {name: k for k, name in enumerate(names)}
        matrix = np.eye(len(names))
        for pair in before.correlations:
            if pair.first in place and pair.second in place:
                matrix[place[pair.first], place[pair.second]] = matrix[place[pair.second], place[pair.first]] = pair.rho
        excess = np.linalg.inv(matrix) - np.eye(len(names))
        own = {name: before.priors[name].marginal.score(values[name].to_numpy(float)) for name in names}
        old_scores = np.column_stack([own[name] for name in names])
        new_scores = np.column_stack([scores[name][1] if name in scores else own[name] for name in names])
        new_scores = np.where(np.isfinite(new_scores), new_scores, 0.0)  # the density is 0 there already
        total += 0.5 * ((old_scores @ excess) * old_scores).sum(axis=1)
        total -= 0.5 * ((new_scores @ excess) * new_scores).sum(axis=1)
    return total


def weighted(x: Array, ratio: Array, draw: NDArray[Any], members: Sequence[Member]) -> dict[str, float | None]:
    """The odds under the weights and without them, and their difference, with errors clustered by draw.

    Args:
        x: (n,) 1 where the output happens.
        ratio: (n,) weight of each timeline's draw.
        draw: (n,) number of the draw.
        members: the members that count; their weights are scaled up to 1.
    """
    total = sum(member.weight for member in members)
    number, cluster = np.unique(draw, return_inverse=True)
    inside, without = np.zeros(len(number)), np.zeros(len(number))
    probability, usual = 0.0, 0.0
    for member in members:
        own, part = member.rows, member.weight / total
        r, happens = ratio[own] / ratio[own].mean(), x[own]
        p, q = float((r * happens).mean()), float(happens.mean())
        probability, usual = probability + part * p, usual + part * q
        for sums, residual in ((inside, r * (happens - p)), (without, happens - q)):
            sums += np.bincount(cluster[own], part / own.sum() * residual, minlength=len(number))
    return {
        "probability": probability,
        "standard_error": error_between_draws(inside, None),
        "without": usual,
        "without_error": error_between_draws(without, None),
        "change": probability - usual,
        "change_error": error_between_draws(inside - without, None),
    }


def _check(run: Run, before: Scenario, after: Scenario, edited: Sequence[str], values: pd.DataFrame) -> None:
    """Refuse edits that weights of the draws cannot express.

    Raises:
        InputError: with the reason.
    """
    varying = {name for name, prior in before.priors.items() if prior.varies == "timeline"}
    if own := [name for name in edited if name in varying]:
        what = f"{listed(own)}: drawn again in each timeline, and a run does not save these values"
        raise InputError(what, key=OPTION, remedy=SIMULATE)
    for group in _groups(before, edited):
        if met := sorted(group & varying):
            what = f"{listed(edited)}: correlated with {listed(met)}, drawn again in each timeline and not saved"
            raise InputError(what, key=OPTION, remedy=SIMULATE)
    fixed = run.manifest["settings"]["fixed"]
    for name in edited:
        old, new = before.priors[name].marginal, after.priors[name].marginal
        if name in fixed:
            raise InputError(f"{name}: the run fixes it at {fixed[name]:g}, so its prior has no effect", key=OPTION)
        if old.is_point or new.is_point:
            raise InputError(f"{name}: a single value has no density to compare", key=OPTION, remedy=SIMULATE)
        (low, high), (least, most) = old.bounds(), new.bounds()
        if least < low or most > high:
            what = (
                f"{name}: the edited prior goes from {least:g} to {most:g}, but draws lie only in {low:g} to {high:g}"
            )
            raise InputError(what, key=OPTION, remedy=SIMULATE)
    if not _same_simulator(before, after, values, date.fromisoformat(run.manifest["as_of"])):
        what = "the edit also changes constants of the simulator, not only the prior of a parameter"
        raise InputError(what, key=OPTION, remedy=SIMULATE)


def _same_simulator(before: Scenario, after: Scenario, values: pd.DataFrame, as_of: date) -> bool:
    """Whether the same draws give the same inputs of the simulator under both scenarios."""
    if before.correlations != after.correlations or before.base_rates != after.base_rates or before.pool != after.pool:
        return False
    used = values.reset_index(drop=True)
    found = []
    for scenario in (before, after):
        rows = kernel_inputs.parameter_rows(scenario, used)
        states = kernel_inputs.starting_states(scenario, used, rows, as_of)
        world = kernel_inputs.make_world(scenario, as_of)
        found.append([np.asarray(part).tobytes() for part in (rows, states, world)])
    return found[0] == found[1]


def _groups(scenario: Scenario, names: Sequence[str]) -> list[set[str]]:
    """The groups of correlated priors that have any of some names."""
    groups: list[set[str]] = []
    for pair in scenario.correlations:
        joined = {pair.first, pair.second}
        apart = [group for group in groups if not group & joined]
        groups = [*apart, joined.union(*(group for group in groups if group & joined))]
    return [group for group in groups if group & set(names)]


def _sentence(row: Mapping[str, Any]) -> str:
    inside = percent_and_error(row["probability"], row["standard_error"])
    without = percent_and_error(row["without"], row["without_error"])
    change = change_and_error(row["change"], row["change_error"])
    return f"{row['label']}: {inside} under the edit, {without} without it: a change of {change}."


def _notes(weakest: Reweighted) -> tuple[str, ...]:
    notes = ["The weights of a pool's members stay as they are."]
    if weakest.effective < FEW:
        notes.append(f"Fewer than {FEW:.0f} effective draws are left, so the odds are less precise than usual.")
    return tuple(notes)
