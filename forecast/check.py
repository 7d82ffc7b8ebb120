"""What a scenario's priors imply, for whoever set them: each as elicited and as fitted, and the year they make.

Nothing here is a target. The simulated year leaves the evidence out: it shows the priors alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast import coherence
from forecast.belief.assemble import Posterior, update
from forecast.clusters import Clusters
from forecast.outcomes import events
from forecast.report.context import recalled
from forecast.scenario.load import load_scenario
from forecast.scenario.perspectives import BASE
from forecast.scenario.spec import Scenario
from forecast.simulation import simulate
from forecast.timeline.registry import WEEKS_PER_YEAR, to_kernel

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

TIMELINES = 20_000
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
"""Values that make every party consent to anything: nobody loses by a deal, and everything can be delivered."""

MUCH = 2.0
"""A simulated chance so many times that at reference needs a written reason."""


def check(
    scenario: str | Path | None = None,
    *,
    priors: Path | None = None,
    edits: Sequence[str] = (),
    perspective: str | Path = BASE,
    timelines: int = TIMELINES,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Validate a scenario and work out what its priors imply.

    Args:
        scenario: name or folder; by default ukraine-2025.
        priors: folder of scenarios to look in first.
        edits: priors to change first, `part.key.field=value`.
        perspective: `base`, a perspective's name, or the file of one; its changes come before the edits.
        timelines: timelines of the simulated year.
        tell: told, in a phrase, what is being done.

    Returns:
        `perspective` (its name); `perspectives` (which there are); `counts`; `priors` (each as elicited and fitted);
        `intensities` (chance at reference, simulated chance over 52 weeks, their ratio); `defeat` (the elicited total
        beside what its parts add up to); `ceiling` of the ladder; `year` (how the war ends within 52 weeks, beside the
        reference class).

    Raises:
        InputError: something in the scenario is wrong.
    """
    tell("reading the scenario")
    loaded = load_scenario(scenario, priors=priors, edits=edits, perspective=perspective)
    year = replace(loaded, horizon=loaded.reference_date + timedelta(days=YEAR_DAYS - 1))
    tell("simulating a year under the priors alone")
    believed = update(year, prior_only=True)
    table = simulate(year, believed, timelines=timelines).timelines
    tell("simulating a year in which everybody consents")
    consenting = update(year, prior_only=True, fix=EVERYBODY_CONSENTS)
    ceiling = simulate(year, consenting, timelines=timelines).timelines
    return {
        "scenario": loaded.id,
        "perspective": loaded.perspective,
        "perspectives": [
            {"name": told.name, "title": told.title, "holder": told.holder, "changes": len(told.changes)}
            for told in loaded.perspectives.values()
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
        "year": coherence.summary(year, table, loaded.reference_date),
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
    return events(table) | {str(name): (table["ending"] == name).to_numpy() for name in table["ending"].cat.categories}


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


def show(found: Mapping[str, Any], console: "Console") -> None:
    """Print what was found."""
    from rich.table import Table

    counts = found["counts"]
    console.print(
        f"{found['scenario']}: valid. {counts['files']} files, {counts['priors']} priors, "
        f"{counts['premises']} premises, {counts['sources']} sources, "
        f"{counts['evidence_rows']} evidence rows by the reference date. "
        f"Of {counts['sources_cited']} sources that priors cite, "
        f"{counts['sources_from_memory']} were cited from memory and not re-read."
    )
    console.print(_perspectives(found), markup=False)
    table = _table("Prior", "As elicited", "As fitted: 5 / 50 / 95%", "Unit", "Varies by")
    for row in found["priors"]:
        fitted = f"{row['q05']:.3g} / {row['q50']:.3g} / {row['q95']:.3g}"
        table.add_row(row["name"], row["elicited"], fitted, row["unit"], row["varies"])
    console.print(table)

    table = _table("Intensity", "A year at reference", "Seen within 52 weeks", "Ratio", "Acts")
    for row in found["intensities"]:
        seen = "" if row["simulated"] is None else f"{100 * row['simulated']:.1f}%"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}" + (" !" if row["beyond"] else "")
        table.add_row(row["name"], f"{100 * row['reference']:.1f}%", seen, ratio, row["acts"])
    console.print(table)
    for row in found["intensities"]:
        if row["beyond"]:
            console.print(f"! {row['name']}: more than {MUCH:g} times its reference. {row['reason']}", markup=False)

    table = Table("Defeat of Ukraine, a year", "5%", "50%", "95%")
    for name in ("elicited", "breakthrough_then_collapse", "direct", "together"):
        row = found["defeat"][name]
        table.add_row(name.replace("_", " "), *(f"{100 * row[q]:.2f}%" for q in ("q05", "q50", "q95")))
    console.print(table)
    console.print(f"Simulated over 52 weeks: {_told(found['defeat']['simulated'])}")
    ceiling = found["ceiling"]
    console.print(
        f"Ceiling of the ladder, if everybody always consented, within 52 weeks: signed {_told(ceiling['signed'])}, "
        f"in force {_told(ceiling['in_force'])}"
    )
    _show_year(found["year"], console)


def _perspectives(found: Mapping[str, Any]) -> str:
    """Which perspectives there are, and which the numbers are under."""
    names = [f"{row['name']} ({row['title']}; priors changed: {row['changes']})" for row in found["perspectives"]]
    return f"Perspectives: {', '.join([BASE, *names])}. What follows is under {found['perspective']}."


def _show_year(year: Mapping[str, Any], console: "Console") -> None:
    """The year that the priors make, beside wars that lasted as long and what crowds said."""
    from rich.table import Table

    table = Table("Within 52 weeks", "Odds")
    for name, entry in year["implied"].items():
        table.add_row(name.replace("_", " "), _told(entry))
    console.print(table)
    for row in year["wars"]:
        ends = ", ".join(f"{count} {how.replace('_', ' ')}" for how, count in row["ends"].items())
        console.print(
            f"Interstate wars between two and five years old ({row['wars']}): {row['war_years']:.1f} war-years, "
            f"ended: {ends}; {100 * row['ended_a_year']:.0f}% a year, "
            f"won or lost {100 * row['won_or_lost_a_year']:.0f}%."
        )
    if year["crowds"]:
        table = Table("What a crowd was asked", "Crowd", "Compared with", "Until", "Here")
        for row in year["crowds"]:
            crowd = f"{100 * row['crowd']:.0f}%"
            asked = f"{row['platform']}: {row['question']}"
            table.add_row(asked, crowd, row["compared_with"], row["to"], _told(row["forecast"]))
        console.print(table)


def _table(first: str, *others: str) -> "Table":
    """A table whose first column, of names, is never cut and gets its room first."""
    from rich.table import Column, Table

    return Table(Column(first, no_wrap=True, overflow="fold"), *others)


def _told(entry: Mapping[str, Any]) -> str:
    error = entry["standard_error"]
    return f"{100 * entry['probability']:.1f}%" + ("" if error is None else f" (error {100 * error:.1f})")
