"""The implications of a scenario's priors, for their author: each as elicited and as fitted, and the year they make.

Nothing here is a target. The simulated year leaves the evidence out: it shows the priors alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import Posterior, fix_parameters, update
from forecast.ensemble.forecasts import silent
from forecast.ensemble.request import TIMELINES
from forecast.ensemble.simulated import simulate
from forecast.outcomes import comparison
from forecast.outcomes.clustering import Clusters
from forecast.outcomes.shares import endings, events
from forecast.report.context import recalled
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario
from forecast.timeline.fields import WEEKS_PER_YEAR, to_kernel

YEAR_DAYS = 364

SEEN_AS = {
    "front.breakthrough": ("breakthrough", ""),
    "front.mobilisation_chance": ("mobilised", ""),
    "moscow.home_shock": ("home_shock", ""),
    "washington.press_kyiv": (None, "while mediating"),
    "washington.press_moscow": (None, "while mediating"),
    "washington.walk_away": ("walked_away", ""),
    "washington.come_back": ("returned", "once walked away"),
    "europe.troops_into_text": ("troops_text", "at text"),
    "europe.wider_war": ("wider_war", "once troops are in"),
    "kyiv.ban": ("ban_lifted", "faster at terms and text"),
    "kyiv.transfer": ("transfer", ""),
    "kyiv.election": ("election", "once permissible"),
    "kyiv.coup": ("coup_attempt", ""),
    "kyiv.provocation": ("provocation", "while there are talks"),
    "talks.limited_truce": ("limited_truce", "from contact on, if both consent"),
    "talks.general_truce": ("general_truce", "from contact on, if both consent"),
    "endings.failure": ("russia_fails", ""),
    "endings.defeat": (None, "beside collapse: see defeat"),
}
"""Intensities, the recorded event that each is seen as, and what must hold for it to act."""

EVERYBODY_CONSENTS = {
    "moscow.worth": -10.0,
    "kyiv.worth": -10.0,
    "europe.worth": -10.0,
    "washington.deliver": 100.0,
}
"""Values that make every party consent to anything: nobody loses by a settlement, and everything can be delivered."""

MUCH = 2.0
"""Ratio of the simulated chance to that at reference above which a written reason is needed."""


def check(
    scenario: str | Path | None = None,
    *,
    priors: Path | None = None,
    edits: Sequence[str] = (),
    perspective: str | Path = BASE,
    timelines: int = TIMELINES,
    notify: Callable[[str], None] = silent,
) -> dict[str, Any]:
    """Validate a scenario, and its record under each reading alone, and compute what its priors imply.

    Args:
        scenario: name or folder; by default ukraine-2025.
        priors: folder of scenarios to look in first.
        edits: priors to change first, `part.key.field=value`.
        perspective: `base`, a perspective's name, or the file of one; its changes come before the edits.
        timelines: timelines of the simulated year.
        notify: called with a phrase for each step.

    Returns:
        `perspective` (its name); `perspectives` and `readings` (which there are); `counts`; `priors` (each as elicited
        and fitted); `intensities` (chance at reference, simulated chance over 52 weeks, their ratio); `defeat` (the
        elicited total beside what its parts add up to); `ceiling` of the ladder; `year` (how the war ends within 52
        weeks, beside the reference class).

    Raises:
        InputError: something in the scenario is wrong, or a reading makes rows of the record contradict each other.
    """
    notify("reading the scenario")
    loaded = load_scenario(scenario, priors=priors, edits=edits, perspective=perspective)
    loaded.chronology.check()
    year = replace(loaded, horizon=loaded.reference_date + timedelta(days=YEAR_DAYS - 1))
    notify("simulating a year under the priors alone")
    believed = update(year, prior_only=True)
    table = simulate(year, believed, timelines=timelines).timelines
    notify("simulating a year in which everybody consents")
    consenting = fix_parameters(believed, EVERYBODY_CONSENTS)
    ceiling = simulate(year, consenting, timelines=timelines).timelines
    return {
        "scenario": loaded.id,
        "perspective": loaded.perspective,
        "perspectives": [
            {"name": one.name, "title": one.title, "holder": one.holder, "changes": len(one.changes)}
            for one in loaded.perspectives.values()
        ],
        "readings": [
            {"id": one.id, "title": one.title, "reason": one.reason, "source": one.source, "rows": len(one.edits)}
            for one in loaded.chronology.readings.values()
        ],
        "counts": {
            "files": len(loaded.texts),
            "priors": len(loaded.priors),
            "premises": len(loaded.premises),
            "sources": len(loaded.sources),
            **{f"sources_{name}": count for name, count in recalled(loaded).items()},
            "evidence_rows": len(loaded.evidence.rows(loaded.reference_date)),
        },
        "priors": [_fitted(prior) for prior in loaded.priors.values()],
        "intensities": _intensities(loaded, believed, table),
        "defeat": _defeat(loaded, believed, table),
        "ceiling": _shares(
            ceiling,
            {
                "signed": ceiling["signed"].notna(),
                "in_force": ceiling["headline"] == "negotiated",
            },
        ),
        "year": comparison.summary(year, table, loaded.reference_date),
    }


def _fitted(prior: Any) -> dict[str, Any]:
    low, middle, high = prior.quantiles()
    return {
        "name": prior.name,
        "elicited": prior.elicited,
        "family": prior.marginal.family,
        "q05": low,
        "q50": middle,
        "q95": high,
        "unit": prior.unit,
        "varies": prior.varies,
        "premises": list(prior.premises),
        "source": prior.source,
        "reason": prior.reason,
    }


def _shares(table: pd.DataFrame, what: Mapping[str, Any]) -> dict[str, Any]:
    return Clusters(table["draw"].to_numpy()).shares(what)


def _happened(table: pd.DataFrame) -> dict[str, Any]:
    conditions = events(table) | {share.name: share.event for share in endings(table)}
    return {name: condition.of(table) for name, condition in conditions.items()}


def _intensities(scenario: Scenario, believed: Posterior, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every intensity's mean chance a year at reference, and over the simulated year where it is recorded."""
    used = believed.draws.iloc[: int(table["draw"].max()) + 1]
    happened = _happened(table)
    rows = []
    for name, prior in scenario.priors.items():
        if prior.unit not in ("chance/year", "1/year") or name == "endings.total_defeat":
            continue
        weekly = to_kernel(prior.unit, used[name].to_numpy())
        reference = float((1.0 - np.exp(-weekly * WEEKS_PER_YEAR)).mean())
        event, needs = SEEN_AS.get(name, (None, "constant rate" if name.count(".") == 1 else ""))
        simulated = None if event is None else float(happened[event].mean())
        ratio = None if simulated is None or reference == 0.0 else simulated / reference
        rows.append(
            {
                "name": name,
                "reference": reference,
                "simulated": simulated,
                "ratio": ratio,
                "acts": needs,
                "beyond": ratio is not None and ratio > MUCH,
                "reason": prior.reason,
            }
        )
    return rows


def _defeat(scenario: Scenario, believed: Posterior, table: pd.DataFrame) -> dict[str, Any]:
    """The elicited total of defeat beside breakthrough then collapse, and direct defeat, at reference and simulated."""
    used = believed.draws.iloc[: int(table["draw"].max()) + 1]
    breakthroughs = -np.log1p(-used["front.breakthrough"].to_numpy())
    through = 1.0 - np.exp(-breakthroughs * used["endings.collapse"].to_numpy())
    direct = used["endings.defeat"].to_numpy()
    low, middle, high = scenario.priors["endings.total_defeat"].quantiles()

    def spread(x: Any) -> dict[str, float]:
        return {f"q{round(100 * q):02d}": float(np.quantile(x, q)) for q in (0.05, 0.5, 0.95)} | {
            "mean": float(x.mean())
        }

    return {
        "elicited": {"q05": low, "q50": middle, "q95": high},
        "breakthrough_then_collapse": spread(through),
        "direct": spread(direct),
        "together": spread(1.0 - (1.0 - through) * (1.0 - direct)),
        "simulated": _shares(table, {"ukraine_defeated": table["ending"] == "ukraine_defeated"})["ukraine_defeated"],
    }
