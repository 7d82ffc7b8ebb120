"""What `summary.json` holds: the odds of a run, what they turn on and what they rest on, of one member or of a pool."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import Posterior
from forecast.belief.fit import Diagnostics
from forecast.belief.model import series_used
from forecast.belief.update import failures
from forecast.ensemble.pooling import Densities, updated_weights
from forecast.ensemble.simulated import Simulation
from forecast.outcomes import comparison
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.influence import influence
from forecast.outcomes.shares import headline_odds, odds
from forecast.pipeline.changes import since
from forecast.replay.starting_points import THIN, Start
from forecast.scenario.members import Pool
from forecast.scenario.perspectives import BASE, POOL
from forecast.scenario.spec import Scenario
from forecast.store import saved_run

TELLING = 8
"""Most priors that a run's summary names as those the odds turn on."""

TELLING_EACH = 3
"""The same of each member of a pool."""

SURE = 4.0
"""Standard errors that a prior's effect must exceed to be named: what is fitted was picked among several hundred priors
for what it does in these very draws, and by chance alone some of those lie beyond three."""

AMOUNTS = ("km2_4w", "km2_13w", "km2_26w", "km2_end", "approval_4w", "approval_13w")


@dataclass(frozen=True)
class Made:
    """One member's forecast, or the whole run of a single perspective.

    Attributes:
        name: the perspective's name, or `base-rates`.
        scenario: as the member sees it.
        draws: of what is believed.
        timelines: simulated from them.
        posterior: what is believed; None of a member that is not simulated week by week.
        bands: weekly quantiles of every level; empty of such a member.
        densities: how well it foresaw each period since the reference date.
        start: where its timelines start from; None of such a member.
    """

    name: str
    scenario: Scenario
    draws: pd.DataFrame
    timelines: pd.DataFrame
    posterior: Posterior | None = None
    bands: pd.DataFrame = field(default_factory=pd.DataFrame)
    densities: Densities = field(default_factory=dict)
    start: Start | None = None

    @classmethod
    def simulated(
        cls, name: str, scenario: Scenario, posterior: Posterior, simulation: Simulation, densities: Densities
    ) -> "Made":
        """One that was simulated week by week."""
        return cls(
            name,
            scenario,
            posterior.draws,
            simulation.timelines,
            posterior,
            simulation.bands,
            densities,
            simulation.start,
        )

    @property
    def draws_used(self) -> int:
        """Different draws that its timelines are from; a replay may select one several times."""
        return int(self.timelines["draw"].nunique())

    @property
    def effective_draws(self) -> float | None:
        """Effective draws that the replay has left; None without one."""
        found = None if self.start is None else self.start.effective
        return None if found is None else round(found, 1)


def summarise(
    scenario: Scenario,
    day: date,
    members: Sequence[Made],
    timelines: pd.DataFrame,
    settings: Mapping[str, Any],
    name: str,
) -> dict[str, Any]:
    """What `summary.json` holds: the odds, what they turn on, and what they rest on.

    Args:
        scenario: of the run; of a pool, under no perspective.
        day: the as-of date.
        members: whose forecasts the run holds: those of the pool, or one.
        timelines: of all of them.
        settings: of the run.
        name: of the run.
    """
    pool = scenario.pool if settings["perspective"] == POOL else None
    weights = None if pool is None else pool.weights
    found = _sampler(members)
    vintage = scenario.evidence.vintage(day)
    learnt = series_used(scenario, day)
    return {
        "schema": saved_run.SCHEMA,
        "run": name,
        "scenario": scenario.id,
        "as_of": day.isoformat(),
        "horizon": scenario.horizon.isoformat(),
        "timelines": len(timelines),
        "draws": min(made.draws_used for made in members),
        "seed": settings["seed"],
        "perspective": settings["perspective"],
        "perspective_detail": _perspective(scenario),
        "provisional": settings["perspective"] == BASE,
        "edits": settings["edits"],
        "fixed": settings["fixed"],
        "prior_only": settings["prior_only"],
        **odds(timelines, weights),
        **(_of_pool(pool, members, timelines) if pool else {}),
        "since": since(scenario, day),
        "coherence": comparison.summary(scenario, timelines, day, weights),
        "turns_on": _turns_on(members),
        "amounts": {column: _quantiles(timelines, column, weights) for column in AMOUNTS},
        "diagnostics": {
            "sampler": None if found is None else asdict(found),
            "converged": None if found is None else not failures(found),
            **_replay(members),
            "evidence": {
                str(series): {
                    "last_observed": None if row["count"] == 0 else row["last_observed"].date().isoformat(),
                    "last_available": None if row["count"] == 0 else row["last_available"].date().isoformat(),
                    "rows": int(row["count"]),
                    "used": series in learnt,
                    "block": learnt[series][0] if series in learnt else None,
                    "learnt_from": learnt[series][1] if series in learnt and not settings["prior_only"] else 0,
                }
                for series, row in vintage.iterrows()
            },
            "outside_declared_range": outside_declared_range(scenario, day),
        },
    }


def _replay(members: Sequence[Made]) -> dict[str, Any]:
    """How many draws carry the posterior after a replay, the fewest of any member; null without one."""
    found = [made.effective_draws for made in members if made.effective_draws is not None]
    fewest = min(found, default=None)
    return {"effective_draws": fewest, "thin": None if fewest is None else fewest < THIN}


def _of_pool(pool: Pool, members: Sequence[Made], timelines: pd.DataFrame) -> dict[str, Any]:
    """Each member of a pool with its weights and its odds, and the odds under the updated weights."""
    updated = updated_weights(pool, {made.name: made.densities for made in members})
    told = {
        made.name: {
            "title": made.scenario.perspectives[made.name].title if made.name in made.scenario.perspectives else "",
            "weight": pool.weights[made.name],
            "updated_weight": updated[made.name],
            "draws": made.draws_used,
            "effective_draws": made.effective_draws,
            "simulated": made.posterior is not None,
            "odds": headline_odds(made.timelines),
        }
        for made in members
    }
    return {
        "perspectives": told,
        "pool": {
            "temper": pool.temper,
            "floor": pool.floor,
            "periods": {item: len(members[0].densities.get(item, ())) for item in pool.common},
            "updated_odds": headline_odds(timelines, updated),
        },
    }


def _turns_on(members: Sequence[Made]) -> list[dict[str, Any]]:
    """The priors that the odds turn on, largest effect first; of a pool, those of each member that is simulated."""
    told: list[dict[str, Any]] = []
    for made in members:
        if made.posterior is None:
            continue
        turns = influence(made.timelines, made.draws, made.scenario)
        turns = turns[turns["sureness"] > SURE].head(TELLING if len(members) == 1 else TELLING_EACH)
        entries = json.loads(turns.to_json(orient="records", double_precision=6))
        told += entries if len(members) == 1 else [{MEMBER: made.name, **entry} for entry in entries]
    return told


def _quantiles(timelines: pd.DataFrame, column: str, weights: Mapping[str, float] | None) -> dict[str, float | None]:
    """Quantiles of an amount; in a pool a timeline weighs what its member does, and members without it are left out."""
    levels = (0.05, 0.5, 0.95)
    if weights is None:
        values = [timelines[column].quantile(q) for q in levels]
    else:
        told = timelines[[MEMBER, column]].dropna()
        if told.empty:
            return {f"q{round(100 * q):02d}": None for q in levels}
        sizes = told[MEMBER].value_counts()
        each = {name: weight / sizes[name] for name, weight in weights.items() if sizes[name]}
        masses = told[MEMBER].astype(object).map(each).to_numpy(float)
        values = list(np.quantile(told[column].to_numpy(float), levels, weights=masses, method="inverted_cdf"))
    return {f"q{round(100 * q):02d}": _rounded(value) for q, value in zip(levels, values, strict=True)}


def _sampler(members: Sequence[Made]) -> Diagnostics | None:
    """Diagnostics of the sampler, of several members the worst; None from the priors alone."""
    found = [made.posterior.diagnostics for made in members if made.posterior and made.posterior.diagnostics]
    if not found:
        return None
    return Diagnostics(
        rhat=max(one.rhat for one in found),
        ess_bulk=min(one.ess_bulk for one in found),
        ess_tail=min(one.ess_tail for one in found),
        divergences=max(one.divergences for one in found),
    )


def _perspective(scenario: Scenario) -> dict[str, Any] | None:
    """The perspective of a run and what it changes, as `summary.json` holds them; null where it is `base`."""
    if scenario.perspective == BASE:
        return None
    told = asdict(scenario.perspectives[scenario.perspective])
    names = ("q05", "q50", "q95")
    for change in told["changes"]:
        for key in ("quantiles", "base"):
            change[key] = dict(zip(names, map(_rounded, change[key]), strict=True))
    return told


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
