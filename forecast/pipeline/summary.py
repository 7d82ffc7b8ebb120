"""The content of `summary.json`: the odds of a run, the priors they depend on, and the evidence behind them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.fit import Diagnostics
from forecast.belief.model import SeriesUse
from forecast.belief.update import failures
from forecast.calendar import AMOUNT_DAYS
from forecast.ensemble.member import Member, scores_of_strata
from forecast.ensemble.pooling import updated_weights
from forecast.ensemble.resolve import ResolvedRequest
from forecast.outcomes import comparison
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.influence import NAMED_ABOVE
from forecast.outcomes.shares import headline_odds, odds_of
from forecast.outcomes.uncertainty import parts_of_variance
from forecast.pipeline.changes import readings_used, since
from forecast.replay.starting_points import THIN
from forecast.scenario.members import Pool
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario
from forecast.store.manifest import SCHEMA

MOST_NAMED = 8
"""Most priors that a run's summary names as those the odds depend on."""

MOST_NAMED_EACH = 3
"""The same for each member of a pool."""

AMOUNTS = (*(f"km2_{after}" for after in AMOUNT_DAYS), "km2_end", "approval_4w", "approval_13w")
"""Columns of which the summary has quantiles."""


def summarise(
    resolved: ResolvedRequest,
    members: Sequence[Member],
    timelines: Timelines,
    of_member: Mapping[str, Timelines],
    name: str,
) -> dict[str, Any]:
    """The content of `summary.json`: the odds, the priors they depend on, and the evidence behind them.

    Args:
        resolved: the request.
        members: whose forecasts the run holds: those of the pool, or one.
        timelines: of all of them.
        of_member: those of each, by its name.
        name: of the run.
    """
    scenario, day, settings, pool = resolved.scenario, resolved.day, resolved.settings(), resolved.pool
    effects = {member.name: member.influence(of_member[member.name]) for member in members}
    stratified = scores_of_strata(members)
    learnt = {series: block for member in members for series, block in member.series_used.items()}
    odds = odds_of(timelines, resolved.weights, stratified)
    return {
        "schema": SCHEMA,
        "run": name,
        "scenario": scenario.id,
        "as_of": day.isoformat(),
        "horizon": scenario.horizon.isoformat(),
        "timelines": len(timelines),
        "draws": min(map(_draws_used, of_member.values())),
        "seed": settings["seed"],
        "perspective": settings["perspective"],
        "perspective_detail": _perspective(scenario),
        "provisional": settings["perspective"] == BASE,
        "edits": settings["edits"],
        "fixed": settings["fixed"],
        "readings": readings_used(scenario, day),
        "prior_only": settings["prior_only"],
        **odds,
        **(_of_pool(pool, members, timelines, of_member, stratified) if pool else {}),
        "since": since(scenario, day, learnt),
        "coherence": comparison.summary(scenario, timelines, day, resolved.weights, stratified),
        "turns_on": _turns_on(effects),
        "uncertainty": _uncertainty(effects, of_member, resolved.weights, odds["odds"]),
        "amounts": {column: _quantiles(timelines, column, resolved.weights) for column in AMOUNTS},
        "diagnostics": {
            **_sampler(members),
            **_effective(members),
            "evidence": _evidence(scenario, day, learnt, prior_only=settings["prior_only"]),
            "outside_declared_range": outside_declared_range(scenario, day),
        },
    }


def _effective(members: Sequence[Member]) -> dict[str, Any]:
    """The effective sample size after the particle filter, the smallest of any member; null without one."""
    found = [member.effective_draws for member in members if member.effective_draws is not None]
    fewest = min(found, default=None)
    return {"effective_draws": fewest, "thin": None if fewest is None else fewest < THIN}


def _evidence(
    scenario: Scenario, day: date, learnt: Mapping[str, SeriesUse], *, prior_only: bool
) -> dict[str, dict[str, Any]]:
    """Each series as known on a date, and whether a block learns from it."""
    vintage = scenario.evidence.vintage(day)
    return {
        series: {
            "last_observed": None if row["count"] == 0 else row["last_observed"].date().isoformat(),
            "last_available": None if row["count"] == 0 else row["last_available"].date().isoformat(),
            "rows": int(row["count"]),
            "used": series in learnt,
            "block": learnt[series].block if series in learnt else None,
            "learnt_from": learnt[series].observations if series in learnt and not prior_only else 0,
            "rows_used": learnt[series].rows if series in learnt and not prior_only else 0,
        }
        for series, row in zip(vintage.index.astype(str), vintage.to_dict("records"), strict=True)
    }


def _draws_used(timelines: Timelines) -> int:
    """Number of different draws that timelines use; a particle filter may select a draw several times."""
    return int(timelines["draw"].nunique())


def _of_pool(
    pool: Pool,
    members: Sequence[Member],
    timelines: Timelines,
    of_member: Mapping[str, Timelines],
    stratified: pd.DataFrame | None,
) -> dict[str, Any]:
    """Each member of a pool with its weights and its odds, and the odds under the updated weights."""
    updated = updated_weights(pool, {member.name: member.densities for member in members})
    return {
        "perspectives": {
            member.name: {
                "title": member.title,
                "weight": pool.weights[member.name],
                "updated_weight": updated[member.name],
                "draws": _draws_used(of_member[member.name]),
                "effective_draws": member.effective_draws,
                "simulated": member.weekly,
                "odds": headline_odds(of_member[member.name], None, stratified),
            }
            for member in members
        },
        "pool": {
            "temper": pool.temper,
            "floor": pool.floor,
            "periods": {item: len(members[0].densities.get(item, ())) for item in pool.common},
            "updated_odds": headline_odds(timelines, updated, stratified),
        },
    }


def _turns_on(effects: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """The priors that the odds depend on, largest effect first; in a pool, those of each member."""
    found: list[dict[str, Any]] = []
    for name, table in effects.items():
        if table.empty:
            continue
        named = table[table["sureness"] > NAMED_ABOVE].head(MOST_NAMED if len(effects) == 1 else MOST_NAMED_EACH)
        entries = json.loads(named.to_json(orient="records", double_precision=6))
        found += entries if len(effects) == 1 else [{MEMBER: name, **entry} for entry in entries]
    return found


def _uncertainty(
    effects: Mapping[str, pd.DataFrame],
    of_member: Mapping[str, Timelines],
    weights: Mapping[str, float] | None,
    odds: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any] | None]:
    """The parts of the variance of each outcome's odds: `members`, null for one alone, and `priors`, largest first."""
    between = {kind: entry.get("between_members") for kind, entry in odds.items()}
    parts = parts_of_variance(effects, of_member, weights, {kind: share or 0.0 for kind, share in between.items()})
    return {
        kind: None
        if priors is None
        else {"members": between[kind], "priors": json.loads(priors.to_json(orient="records", double_precision=6))}
        for kind, priors in parts.items()
    }


def _quantiles(timelines: Timelines, column: str, weights: Mapping[str, float] | None) -> dict[str, float | None]:
    """Quantiles of an amount; in a pool each member has its weight, and members without the amount are left out."""
    levels = (0.05, 0.5, 0.95)
    if weights is None:
        values = [timelines[column].quantile(q) for q in levels]
    else:
        known = pd.DataFrame({MEMBER: timelines[MEMBER], column: timelines[column]}).dropna()
        if known.empty:
            return {f"q{round(100 * q):02d}": None for q in levels}
        sizes = known[MEMBER].value_counts()
        each = {name: weight / sizes[name] for name, weight in weights.items() if sizes[name]}
        masses = known[MEMBER].astype(object).map(each).to_numpy(float)
        values = list(np.quantile(known[column].to_numpy(float), levels, weights=masses, method="inverted_cdf"))
    return {f"q{round(100 * q):02d}": _rounded(value) for q, value in zip(levels, values, strict=True)}


def _sampler(members: Sequence[Member]) -> dict[str, Any]:
    """Diagnostics of the sampler, the worst of any member, and whether it converged; null from the priors alone."""
    found = [member.diagnostics for member in members if member.diagnostics is not None]
    if not found:
        return {"sampler": None, "converged": None}
    worst = Diagnostics(
        rhat=max(one.rhat for one in found),
        ess_bulk=min(one.ess_bulk for one in found),
        ess_tail=min(one.ess_tail for one in found),
        divergences=max(one.divergences for one in found),
    )
    return {"sampler": asdict(worst), "converged": not failures(worst)}


def _perspective(scenario: Scenario) -> dict[str, Any] | None:
    """The perspective of a run and what it changes, as `summary.json` holds them; null where it is `base`."""
    if scenario.perspective == BASE:
        return None
    perspective = scenario.perspectives[scenario.perspective]
    detail = {"name": scenario.perspective} | perspective.model_dump(
        exclude={"reviewed": True, "changes": {"__all__": {"reviewed"}}}
    )
    names = ("q05", "q50", "q95")
    for change in detail["changes"]:
        for key in ("quantiles", "base"):
            change[key] = dict(zip(names, map(_rounded, change[key]), strict=True))
    return detail


def outside_declared_range(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """The figures seen on a date that lie outside the range that their series declares, as `summary.json` holds them.

    A range without an end has null there.
    """
    flags = scenario.evidence.flags(day)
    names = ("series", "observed", "value", "lowest", "highest")
    return [
        {
            "series": series,
            "observed": observed.date().isoformat(),
            "value": float(value),
            "lowest": float(lowest) if math.isfinite(lowest) else None,
            "highest": float(highest) if math.isfinite(highest) else None,
            "unit": scenario.evidence.specs[series].unit,
        }
        for series, observed, value, lowest, highest in zip(*(flags[name] for name in names), strict=True)
    ]


def _rounded(x: Any) -> float | None:
    """A number for `summary.json`; null where there is none."""
    return None if math.isnan(x) else round(float(x), 6)
