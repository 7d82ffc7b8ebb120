"""What is believed on a date: the front's block updated by its evidence, all else drawn from its prior with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from forecast import calendar
from forecast.belief.draws import draw_table, interleave
from forecast.belief.front import FRONT_PARAMETERS, Diagnostics, FrontData, SamplerSettings
from forecast.belief.update import check_convergence, fit_block
from forecast.errors import InputError
from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario

DRAWS = 4000
"""Draws that a posterior keeps, in an order of which every prefix is a fair sample."""

DRAW_SEED = 1
"""Seed of the draws from priors: part of the belief, so `--seed` does not move it."""

STATES = {"front.slow": "slow level of the weekly advance, z", "front.fast": "fast part of it, z"}
"""Columns of the draws that are levels on the as-of date and no parameters."""


@dataclass(frozen=True)
class Posterior:
    """What is believed on the as-of date.

    Attributes:
        as_of: the date.
        draws: (DRAWS rows) a column for every prior by dotted name, in its unit (for one that varies by
            timeline: its median given the row), the levels `STATES` and `log_prior`, log density of the joint
            prior.
        anew: names of the priors drawn anew in each timeline, sorted.
        anew_mean: (DRAWS, k) mean of their normal scores given the row.
        anew_chol: (k, k) Cholesky factor of the covariance of their scores.
        diagnostics: of the sampler; None from the prior alone.
        netcdf: the ArviZ groups of the front's block as a netCDF file; empty from the prior alone.
        fixed: parameters held at a value after the update.
    """

    as_of: date
    draws: pd.DataFrame
    anew: tuple[str, ...]
    anew_mean: Array
    anew_chol: Array
    diagnostics: Diagnostics | None
    netcdf: bytes
    fixed: Mapping[str, float]


def front_data(scenario: Scenario, as_of: date) -> FrontData:
    """The weekly map as known on a date, padded to the horizon.

    Raises:
        InputError: too little of it was public by then.
    """
    weeks = (calendar.monday(scenario.horizon) - scenario.first_week).days // 7
    mondays = [scenario.first_week + timedelta(days=7 * k) for k in range(weeks + 1)]
    series = scenario.evidence.as_of(as_of).series(scenario.area_series)
    known = {day.date(): float(value) for day, value in zip(series["observed"], series["value"], strict=True)}
    seen = np.array([float(day in known) for day in mondays])
    area = np.array([known.get(day, 0.0) for day in mondays])
    if seen[0] == 0.0 or seen.sum() < 2:
        raise InputError(
            f"only {int(seen.sum())} weekly figures of {scenario.area_series} were available on {as_of}",
            key="--as-of",
            mend=f"The front needs the one of {scenario.first_week} and at least one more",
        )
    shape = calendar.season(scenario.first_week, weeks, scenario.season_peaks, scenario.season_half_width)
    return FrontData(area, seen, shape)


def update(
    scenario: Scenario,
    as_of: date | None = None,
    *,
    prior_only: bool = False,
    allow_unconverged: bool = False,
    fix: Mapping[str, float] | None = None,
    sampler: SamplerSettings | None = None,
    cache: bool = True,
    progress: bool = False,
) -> Posterior:
    """Update the scenario's priors by the evidence available on a date.

    Args:
        scenario: the scenario.
        as_of: the date; by default the scenario's reference date, and for now no other.
        prior_only: leave the evidence out.
        allow_unconverged: keep draws of chains that did not converge.
        fix: parameters held at a value after the update, by dotted name.
        sampler: how the front's block is sampled.
        cache: take the block from the user's cache folder where it is there, and keep it there.
        progress: show a progress bar while sampling.

    Raises:
        InputError: a date that the scenario cannot be run as of.
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    day = check_as_of(scenario, as_of)
    data = front_data(scenario, day)
    block = {name: scenario.priors[f"front.{name}"].marginal for name in FRONT_PARAMETERS}
    fit = fit_block(data, block, sampler or SamplerSettings(), prior_only=prior_only, cache=cache, progress=progress)
    if not prior_only and not allow_unconverged:
        check_convergence(fit.diagnostics)
    scores = {f"front.{name}": interleave(fit.scores[name], DRAWS) for name in FRONT_PARAMETERS}
    table = draw_table(scenario.priors, scenario.correlations, DRAWS, DRAW_SEED, scores)
    draws = table.values.copy()
    fixed = dict(fix or {})
    for name, value in fixed.items():
        draws[name] = value
    for name in STATES:
        draws[name] = interleave(fit.states[name.removeprefix("front.")], DRAWS)
    draws["log_prior"] = table.log_prior
    kept = [k for k, name in enumerate(table.timeline) if name not in fixed]
    covariance = (table.timeline_chol @ table.timeline_chol.T)[np.ix_(kept, kept)]
    return Posterior(
        as_of=day,
        draws=draws,
        anew=tuple(table.timeline[k] for k in kept),
        anew_mean=table.timeline_mean[:, kept],
        anew_chol=np.linalg.cholesky(covariance) if kept else np.zeros((0, 0)),
        diagnostics=None if prior_only else fit.diagnostics,
        netcdf=fit.netcdf,
        fixed=fixed,
    )


def check_as_of(scenario: Scenario, as_of: date | None) -> date:
    """The as-of date of a run, checked.

    Raises:
        InputError: it is after the horizon, before any evidence, or not the reference date.
    """
    day = as_of or scenario.reference_date
    if day > scenario.horizon:
        raise InputError(f"{day} is after the horizon", key="--as-of", mend=f"The horizon is {scenario.horizon}")
    scenario.evidence.as_of(day)
    if day < scenario.reference_date:
        raise InputError(
            f"{day} is before the reference date",
            key="--as-of",
            mend=f"The priors hold from {scenario.reference_date} on",
        )
    if day > scenario.reference_date:
        raise InputError(
            f"{day} is after the reference date, and what has happened since cannot be replayed yet",
            key="--as-of",
            mend=f"Run as of {scenario.reference_date}",
        )
    return day
