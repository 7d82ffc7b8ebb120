"""The posterior on a date: draws of the fitted blocks and of all other priors, and the parameters that `--fix` sets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.belief.draws import DrawTable, draw_table, generator, interleave
from forecast.belief.fit import Diagnostics, SamplerSettings
from forecast.belief.model import PARAMETERS, SeriesUse, block_data, series_used
from forecast.belief.update import check_convergence, fit_blocks
from forecast.errors import InputError
from forecast.inputs.parsing import given_count, given_day
from forecast.scenario.edits import check_fixable
from forecast.scenario.spec import Scenario

DRAWS = 4000
"""Draws in a posterior, ordered so that every prefix is a fair sample."""

DRAW_SEED = 1
"""Usual seed of the draws from priors. It is part of the posterior, so `--seed` does not change it."""

STATES = {
    "front.slow": "slow level of the weekly advance, z",
    "front.fast": "fast part of it, z",
    "washington.capital": "political capital, sd",
    "kyiv.instability": "domestic instability, sd",
}
"""Columns of the draws that are levels on the as-of date, not parameters."""

PATHS = {
    "front.slow": STATES["front.slow"],
    "front.fast": STATES["front.fast"],
    "front.net": "net gain of the week, km2",
    "washington.capital": STATES["washington.capital"],
    "kyiv.instability": STATES["kyiv.instability"],
}
"""Weekly paths from the reference date to the as-of date."""

STARTS = {"washington.capital_start": "washington.capital", "kyiv.instability_start": "kyiv.instability"}
"""Parameters that are the value of a level on the reference date, and the column of that level."""

POCKET = "front.pocket_start"
"""Another such parameter: the ground held in Kursk, which follows its map."""

CHECKS = ("endings.total_defeat",)
"""Priors that timelines do not use: `forecast check` compares them with what the others add up to."""


@dataclass(frozen=True, repr=False)
class Posterior:
    """The posterior on the as-of date.

    Attributes:
        as_of: the date.
        draws: (n rows) a column for every prior by dotted name, in its unit (for a prior that varies by
            timeline: its median given the row), the levels `STATES`, and `log_prior`, the log density of the joint
            prior.
        paths: the levels of each draw in the weeks from the reference date to the as-of date, (n, K + 1), by
            the names of `PATHS`. K is the number of calendar weeks with a day before the as-of date. Entry 0 is the
            level on the reference date's Monday morning, entry k the level at the end of week k, NaN where the map
            of the front ends earlier. See `forecast.belief.block.Block.weekly`. From the prior alone, the front has
            entry 0 only.
        redrawn: names of the priors drawn in each timeline, sorted.
        redrawn_mean: (n, k) mean of their normal scores given the row.
        redrawn_chol: (k, k) Cholesky factor of the covariance of their scores.
        diagnostics: of the sampler; None from the prior alone.
        netcdf: the ArviZ groups of the fit, thinned, as a netCDF file; empty from the prior alone.
        fit_key: the key under which the user's cache keeps all draws of the fit; empty from the prior alone.
        fixed: parameters fixed after the update, by dotted name.
        series_used: the series that it learns from, by id.
        block_scores: (n,) normal scores of each prior that the evidence updates, by dotted name.
        draw_seed: seed of the draws from priors.
    """

    as_of: date
    draws: pd.DataFrame
    paths: dict[str, Array]
    redrawn: tuple[str, ...]
    redrawn_mean: Array
    redrawn_chol: Array
    diagnostics: Diagnostics | None
    netcdf: bytes
    fit_key: str
    fixed: Mapping[str, float]
    series_used: Mapping[str, SeriesUse]
    block_scores: Mapping[str, Array]
    draw_seed: int = DRAW_SEED

    def __repr__(self) -> str:
        """Show the date and the numbers of draws and columns, not the draws."""
        rows, columns = self.draws.shape
        return f"Posterior(as of {self.as_of}, {rows} draws, {columns} columns, {len(self.fixed)} fixed)"


def update(
    scenario: Scenario,
    as_of: date | str | None = None,
    *,
    prior_only: bool = False,
    allow_unconverged: bool = False,
    fixed: Mapping[str, float] | None = None,
    sampler: SamplerSettings | None = None,
    cache: bool = True,
    progress: bool = False,
    draws: int = DRAWS,
    draw_seed: int = DRAW_SEED,
) -> Posterior:
    """Update the scenario's priors by the evidence available on a date.

    Args:
        scenario: the scenario.
        as_of: the date, from the reference date (which is the default) to the horizon; as text, YYYY-MM-DD.
        prior_only: ignore the series.
        allow_unconverged: accept draws of chains that did not converge.
        fixed: values of the parameters that are fixed after the update, by dotted name.
        sampler: settings of the sampler.
        cache: load the fit from the user's cache folder if it is there, and save it there.
        progress: show a progress bar while sampling.
        draws: number of draws to give; a smaller number gives the first of them.
        draw_seed: seed of the draws from priors. With another seed than the usual one, the draws of the fit are put in
            another order too, so that the first of them are others.

    Raises:
        InputError: the scenario cannot be run as of the date, a parameter cannot be fixed on it, or there are no draws
            or more than the fit has.
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    day = check_as_of(scenario, as_of)
    draws = given_count(draws, "draws")
    if draws < 1:
        raise InputError(f"{draws} draws", key="draws", remedy="Ask for at least 1")
    check_fixable(scenario, fixed or {})
    check_fixed(scenario, fixed or {}, day)
    data = block_data(scenario, day)
    priors = {name: scenario.priors[name].marginal for name in PARAMETERS}
    sampler = sampler or SamplerSettings()
    fit = fit_blocks(
        data,
        priors,
        sampler,
        prior_only=prior_only,
        cache=cache,
        progress=progress,
    )
    if not prior_only and not allow_unconverged:
        check_convergence(fit.diagnostics)

    def thinned(chains: Array) -> Array:
        if draw_seed == DRAW_SEED:
            return interleave(chains, draws)
        return interleave(chains, DRAWS)[generator(draw_seed, "order of the draws").permutation(DRAWS)[:draws]]

    scores = {name: thinned(fit.scores[name]) for name in PARAMETERS}
    table = draw_table(scenario.priors, scenario.correlations, draws, draw_seed, scores)
    states = {name: thinned(fit.states[name]) for name in STATES}
    posterior = Posterior(
        as_of=day,
        draws=_rows(table, states),
        paths={name: thinned(fit.paths[name]) for name in PATHS},
        redrawn=table.timeline,
        redrawn_mean=table.timeline_mean,
        redrawn_chol=table.timeline_chol,
        diagnostics=None if prior_only else fit.diagnostics,
        netcdf=fit.netcdf,
        fit_key=fit.key,
        fixed={},
        series_used=series_used(data),
        block_scores=scores,
        draw_seed=draw_seed,
    )
    return fix_parameters(posterior, {name: float(value) for name, value in (fixed or {}).items()})


def _rows(table: DrawTable, states: Mapping[str, Array]) -> pd.DataFrame:
    """The draws of a posterior: priors, levels on the as-of date, and the log density of the joint prior."""
    rows = table.values.copy()
    for name, values in states.items():
        rows[name] = values
    rows["log_prior"] = table.log_prior
    return rows


def redrawn(scenario: Scenario, posterior: Posterior, own: Mapping[str, Array], seed: int) -> Posterior:
    """Draw the priors that the evidence does not update again; the draws of the fit stay.

    Args:
        scenario: the scenario.
        posterior: the posterior, of which as many draws are made again.
        own: (n,) independent parts of the scores of some priors, see `draw_table`.
        seed: of the others.
    """
    count = len(posterior.draws)
    table = draw_table(scenario.priors, scenario.correlations, count, seed, posterior.block_scores, own)
    made = replace(
        posterior,
        draws=_rows(table, {name: posterior.draws[name].to_numpy() for name in STATES}),
        redrawn=table.timeline,
        redrawn_mean=table.timeline_mean,
        redrawn_chol=table.timeline_chol,
        fixed={},
    )
    return fix_parameters(made, posterior.fixed)


def fix_parameters(posterior: Posterior, values: Mapping[str, float]) -> Posterior:
    """Fix parameters in every draw, including those that vary by timeline; the others keep their distribution.

    A fixed start of a level fixes the level on the reference date, but on no later day.

    Args:
        posterior: the posterior.
        values: by dotted name, in the prior's unit.
    """
    draws, paths = posterior.draws.copy(), dict(posterior.paths)
    for name, value in values.items():
        draws[name] = value
        state = STARTS.get(name)
        if state is not None and state in draws:
            paths[state] = np.column_stack([np.full(len(draws), value), paths[state][:, 1:]])
            if paths[state].shape[1] == 1:
                draws[state] = value
    kept = [k for k, name in enumerate(posterior.redrawn) if name not in values]
    covariance = (posterior.redrawn_chol @ posterior.redrawn_chol.T)[np.ix_(kept, kept)]
    return replace(
        posterior,
        draws=draws,
        paths=paths,
        redrawn=tuple(posterior.redrawn[k] for k in kept),
        redrawn_mean=posterior.redrawn_mean[:, kept],
        redrawn_chol=np.linalg.cholesky(covariance) if kept else np.zeros((0, 0)),
        fixed={**posterior.fixed, **values},
    )


def check_fixed(scenario: Scenario, values: Mapping[str, float], day: date) -> None:
    """Check that each fixed parameter has an effect on a run as of a date.

    Raises:
        InputError: a parameter is a check, or the start of a level that has been observed since.
    """
    for name in set(values).intersection(CHECKS):
        raise InputError(
            "this is a check on what other priors add up to, and timelines do not use it, so fixing it has no effect",
            file="--fix",
            key=name,
            remedy="Fix one that it sums up: endings.defeat, front.breakthrough or endings.collapse",
        )
    if day == scenario.reference_date:
        return
    for name in values:
        if name in STARTS or (name == POCKET and scenario.series.pocket is not None):
            raise InputError(
                f"this is the level on {scenario.reference_date}; as of {day} it has been observed, "
                "so fixing it has no effect",
                file="--fix",
                key=name,
                remedy=f"Fix it in a run as of {scenario.reference_date}, or change its prior with --set",
            )


def check_as_of(scenario: Scenario, as_of: date | str | None) -> date:
    """The as-of date of a run, checked.

    Raises:
        InputError: it is not a date, after the horizon, before any evidence, or before the reference date.
    """
    day = scenario.reference_date if as_of is None else given_day(as_of, "as_of")
    if day > scenario.horizon:
        raise InputError(f"{day} is after the horizon", key="--as-of", remedy=f"The horizon is {scenario.horizon}")
    scenario.evidence.as_of(day)
    if day < scenario.reference_date:
        raise InputError(
            f"{day} is before the reference date",
            key="--as-of",
            remedy=f"The priors describe {scenario.reference_date}; give that day or a later one",
        )
    return day
