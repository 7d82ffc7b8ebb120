"""The implications of a scenario's priors, for their author: each as elicited and as fitted, and the year they make.

Nothing here is a target. The simulated year leaves the evidence out: it shows the priors alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.belief.assemble import CHECKS, Posterior, fix_parameters, update
from forecast.encoding.reference_rates import RESPONSES, at_reference
from forecast.ensemble.progress import silent
from forecast.ensemble.request import TIMELINES
from forecast.ensemble.simulated import simulate
from forecast.outcomes import comparison
from forecast.outcomes.clustering import Clusters
from forecast.outcomes.shares import endings, events
from forecast.report.context import recalled
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import WALKED_AWAY
from forecast.timeline.fields import INTENSITIES, WEEKS_PER_YEAR, to_kernel

YEAR_DAYS = 364


@dataclass(frozen=True)
class Watched:
    """How an intensity is seen in simulated years.

    Attributes:
        event: the recorded event that it is seen as in an ordinary year; empty if none is, or if it acts in part of it.
        alone: the column that is not empty, or has the value, once it has acted; None if its rate does not move with
            levels, so that it comes out as elicited.
        value: value of that column; empty for a date.
        needs: condition under which it acts; `{kyiv}` stands for the label of that party.
        state: values of the state under which it acts from the first day.
    """

    event: str = ""
    alone: str | None = None
    value: str = ""
    needs: str = ""
    state: Mapping[str, float] = field(default_factory=dict)


WATCHED: Mapping[str, Watched] = {
    "front.breakthrough": Watched("breakthrough", "breakthrough"),
    "front.mobilisation_chance": Watched("mobilised", "mobilised"),
    "front.draft_failure": Watched("", "draft_failed"),
    "moscow.home_shock": Watched("home_shock", "home_shock"),
    "washington.press_kyiv": Watched("", "posture", "pressing_kyiv", "while mediating"),
    "washington.press_moscow": Watched("", "posture", "pressing_moscow", "while mediating"),
    "washington.walk_away": Watched("walked_away", "walked_away"),
    "washington.come_back": Watched("", "returned", "", "once walked away", {"posture": WALKED_AWAY}),
    "washington.renewal": Watched("", "arms_renewed", "", "not while pressing {kyiv} or walked away"),
    "europe.troops_into_text": Watched("", None, "", "at text"),
    "europe.wider_war": Watched("", None, "", "once troops are in"),
    "kyiv.ban": Watched("ban_lifted", "ban_lifted", "", "faster at terms and text"),
    "kyiv.transfer": Watched("transfer", "transfer"),
    "kyiv.election": Watched("", "election", "", "once permissible", {"martial_law": 0}),
    "kyiv.coup": Watched("coup_attempt", "coup_attempt"),
    "kyiv.provocation": Watched("", None, "", "while there are talks"),
    "talks.limited_truce": Watched("", None, "", "from contact on, if both consent"),
    "talks.general_truce": Watched("", None, "", "from contact on, if both consent"),
    "endings.failure": Watched("", "cause", "economic_crash mutiny_or_coup leaders_death"),
    "endings.defeat": Watched(
        "", "cause", "capitulation overthrow_under_force collapse_of_supply", "beside collapse: see defeat"
    ),
}
"""Intensities that are seen as events; the others act at a constant rate, or only in part of a timeline."""

AS_SEEN = ("moscow.sees_break", "moscow.sees_failure", "kyiv.sees_break", "kyiv.sees_failure", "talks.breach_seen")
"""Chances as the parties see them: nothing is drawn from them."""

COLLAPSE = "endings.collapse"

EVERYBODY_CONSENTS = {
    "moscow.worth": -10.0,
    "kyiv.worth": -10.0,
    "europe.worth": -10.0,
    "washington.deliver": 100.0,
}
"""Values that make every party consent to anything: nobody loses by a settlement, and everything can be delivered."""

MUCH = 1.5
"""Ratio of the chance in an ordinary year to that elicited above which a written reason is needed."""

FADED = 182
"""Days from a breakthrough to the horizon within which nearly every collapse that follows it has begun."""


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
        scenario: name or folder; by default that of `priors/default`.
        priors: folder of scenarios to look in first.
        edits: priors to change first, `part.key.field=value`.
        perspective: `base`, a perspective's name, or the file of one; its changes come before the edits.
        timelines: timelines of the simulated year.
        notify: called with a phrase for each step.

    Returns:
        `perspective` (its name); `perspectives` and `readings` (which there are); `review` (the entries that a person
        must still confirm in a scenario that was rolled on, None for any other); `counts`; `priors` (each as elicited
        and fitted); `intensities` (the chance as elicited; simulated over 52 weeks from reference levels; from the
        reference date, its ratio to the first, and the reason if it is above 1.5); `defeat` (the elicited total
        beside the sum of its parts); `countries` (of the parties); `ceiling` of the ladder; `year` (how the war ends
        within 52 weeks, beside the reference class).

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
    notify("simulating years from reference levels, and one in which everybody consents")
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
        "review": _review(loaded),
        "counts": {
            "files": len(loaded.texts),
            "priors": len(loaded.priors),
            "premises": len(loaded.premises),
            "sources": len(loaded.sources),
            **{f"sources_{name}": count for name, count in recalled(loaded).items()},
            "evidence_rows": len(loaded.evidence.rows(loaded.reference_date)),
        },
        "priors": [_fitted(prior) for prior in loaded.priors.values()],
        "intensities": _intensities(year, believed, table, timelines),
        "countries": {party: name.country for party, name in loaded.names.items()},
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


def _review(scenario: Scenario) -> dict[str, Any] | None:
    """The entries that a person must still confirm in a scenario that was rolled on; None for any other."""
    review = scenario.review
    if review is None:
        return None
    return {
        "rolled_from": review.rolled_from,
        "as_of": review.as_of.isoformat(),
        "items": len(review.items),
        "open": [{"file": item.file, "line": item.line, "key": item.key, "why": item.why} for item in review.open],
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


def alone(scenario: Scenario, name: str) -> Callable[[Any, Any], None]:
    """A change of simulated years: reference levels, and one intensity as the only event.

    Args:
        scenario: the scenario.
        name: the intensity; for `endings.collapse`, breakthroughs and collapses.
    """
    kept = {name, "front.breakthrough"} if name == COLLAPSE else {name}

    def change(rows: Any, states: Any) -> None:
        at_reference(rows, states)
        for other, prior in scenario.priors.items():
            if prior.unit in INTENSITIES and other.count(".") == 1 and other not in kept:
                part, key = other.split(".")
                rows[part][key] = 0.0
        if name != COLLAPSE:
            rows["endings"]["collapse"] = 0.0
        for key, value in WATCHED.get(name, Watched()).state.items():
            states[key] = value

    return change


def _acted(table: pd.DataFrame, watched: Watched) -> Any:
    """(timelines,) whether a watched intensity has acted."""
    column = table[str(watched.alone)]
    return column.isin(watched.value.split()).to_numpy() if watched.value else column.notna().to_numpy()


def _collapses(table: pd.DataFrame) -> tuple[Any, Any]:
    """Collapses and breakthroughs of timelines in which a breakthrough comes early enough to see what follows."""
    early = table["breakthrough"] <= table["last_date"].max() - pd.Timedelta(days=FADED)
    return table.loc[early, "collapse_began"].notna().to_numpy(), table.loc[early, "breakthroughs"].to_numpy()


def _intensities(scenario: Scenario, believed: Posterior, table: pd.DataFrame, timelines: int) -> list[dict[str, Any]]:
    """Every intensity, and the chance of collapse: as elicited, from reference levels, and on the reference date."""
    used = believed.draws.iloc[: int(table["draw"].max()) + 1]
    happened = _happened(table)
    rows = []
    for name, prior in scenario.priors.items():
        watched = WATCHED.get(name, Watched(needs=_without_event(name)))
        if name == COLLAPSE:
            elicited = used[name].to_numpy()
        elif prior.unit in INTENSITIES and name not in CHECKS:
            elicited = 1.0 - np.exp(-to_kernel(prior.unit, used[name].to_numpy()) * WEEKS_PER_YEAR)
        else:
            continue
        reference, error, simulated = None, None, None
        if name == COLLAPSE or watched.alone is not None:
            made = simulate(scenario, believed, timelines=timelines, change=alone(scenario, name)).timelines
            reference, error = _compared(made, name, watched, elicited)
        if name == COLLAPSE:
            collapses, breakthroughs = _collapses(table)
            simulated = float(collapses.sum() / breakthroughs.sum()) if breakthroughs.sum() else None
        elif watched.event:
            simulated = float(happened[watched.event].mean())
        elif watched.alone not in {None, "posture"}:  # a posture is known at the end only
            simulated = float(_acted(table, watched).mean())
        chance = float(elicited.mean())
        ratio = None if simulated is None or chance == 0.0 else simulated / chance
        rows.append(
            {
                "name": name,
                "elicited": chance,
                "reference": reference,
                "error": error,
                "simulated": simulated,
                "ratio": ratio,
                "acts": "after a breakthrough" if name == COLLAPSE else watched.needs.format(**scenario.names),
                "beyond": ratio is not None and ratio > MUCH,
                "reason": prior.on_the_date,
            }
        )
    return rows


def _without_event(name: str) -> str:
    """Why an intensity has no simulated number, in a few words."""
    if name in AS_SEEN:
        return "what a side sees, no event"
    if name in RESPONSES:
        return "moves with levels; not seen alone"
    return "constant rate" if name.count(".") == 1 else ""


def _compared(made: pd.DataFrame, name: str, watched: Watched, elicited: Any) -> tuple[float | None, float | None]:
    """The chance from reference levels, at the mean of the elicited chances, and its standard error.

    The difference from the elicited chance of each draw is averaged over draws, so that the spread between draws does
    not count as error.
    """
    draw = made["draw"].to_numpy()
    if name == COLLAPSE:
        early = (made["breakthrough"] <= made["last_date"].max() - pd.Timedelta(days=FADED)).to_numpy()
        began, count = made["collapse_began"].notna().to_numpy()[early], made["breakthroughs"].to_numpy()[early]
        if not count.sum():
            return None, None
        expected = float((count * elicited[draw[early]]).sum() / count.sum())
        share = float(began.sum() / count.sum())
        return float(elicited.mean()) * share / expected, float(np.sqrt(share / count.sum()))
    difference = pd.Series(_acted(made, watched) - elicited[draw]).groupby(draw).mean().to_numpy()
    return float(elicited.mean() + difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


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
        "simulated": _shares(table, {scenario.defeat: table["ending"] == scenario.defeat})[scenario.defeat],
    }
