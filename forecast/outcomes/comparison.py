"""The odds compared with other sources: past wars of the same age, and crowd forecasts.

Neither is a target. Crowds were asked about other events than the forecaster's endings, so each question is compared
with the nearest event of the timelines, over the question's own days.
"""

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.inputs.validation import Place
from forecast.outcomes.clustering import clusters_of
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.shares import CEASEFIRE_WEEKS
from forecast.scenario.base_rates import ends_and_years
from forecast.scenario.reference_tables import CROWD_EVENTS, CROWDS, WARS, CrowdRow, WarRow, checked_row
from forecast.scenario.spec import Scenario

YOUNGEST, OLDEST = 2.0, 5.0
"""Age, in years, of the wars that the reference class counts."""


def _rows(scenario: Scenario, file: str) -> list[dict[str, str]]:
    """The rows of a reference table of the scenario; none if it has no such table."""
    return list(csv.DictReader(io.StringIO(scenario.texts.get(f"reference/{file}", ""))))


def wars(scenario: Scenario) -> list[dict[str, Any]]:
    """Ends of interstate wars between two and five years old, from the scenario's reference table, if it has one.

    Chances a year are 1 - exp(-ends / war-years). Without a war of that age there is no chance to give.
    """
    rows = [checked_row(WarRow, cells, Place(WARS)) for cells in _rows(scenario, WARS)]
    out = []
    for label, since in (("all", 0), ("since 1945", 1945)):
        ends, exposure = ends_and_years(rows, YOUNGEST, OLDEST, since)
        if exposure == 0.0:
            continue
        total = sum(ends.values())
        out.append(
            {
                "wars": label,
                "war_years": exposure,
                "ends": ends,
                "ended_a_year": 1.0 - float(np.exp(-total / exposure)),
                "won_or_lost_a_year": 1.0 - float(np.exp(-ends["won_or_lost"] / exposure)),
            }
        )
    return out


def implied(
    timelines: Timelines, weights: Mapping[str, float] | None = None, stratified: pd.DataFrame | None = None
) -> dict[str, Any]:
    """How the war ends by the horizon, as the reference class counts it: shares with their errors.

    Args:
        timelines: of one run.
        weights: of a pool's members, by name.
        stratified: scores of the priors that were drawn in strata; see `clustering`.
    """
    stopped = (timelines["ending"] == "general_truce").to_numpy()
    what = {
        "ended": (timelines["headline"] != "unresolved").to_numpy() | stopped,
        "won_or_lost": (timelines["headline"] == "battlefield").to_numpy(),
        "negotiated": (timelines["headline"] == "negotiated").to_numpy(),
        "general_truce_without_settlement": stopped,
    }
    return clusters_of(timelines, weights, stratified).shares(what)


def crowds(
    scenario: Scenario,
    timelines: Timelines,
    as_of: date,
    weights: Mapping[str, float] | None = None,
    stratified: pd.DataFrame | None = None,
) -> list[dict[str, Any]]:
    """Crowd forecasts, each with the share of timelines in which the nearest event comes, over the same days.

    Questions asked after the as-of date, or whose days do not begin with it, are left out.

    Args:
        scenario: with a reference table `crowds.csv`, or none.
        timelines: of one run.
        as_of: its as-of date.
        weights: of a pool's members, by name.
        stratified: scores of the priors that were drawn in strata; see `clustering`.
    """
    clusters = clusters_of(timelines, weights, stratified)
    out = []
    for row in _rows(scenario, CROWDS):
        checked = checked_row(CrowdRow, row, Place(CROWDS))
        if checked.asked > as_of or checked.begins != as_of:
            continue
        happened = _happened(timelines, row["event"], np.datetime64(row["to"]))
        out.append(
            {
                "platform": row["platform"],
                "question": row["question"],
                "asked": row["asked"],
                "to": row["to"],
                "event": row["event"],
                "compared_with": CROWD_EVENTS[row["event"]],
                "crowd": checked.probability,
                "note": row["note"],
                "source": row["source"],
                "forecast": clusters.share(happened).plain(),
            }
        )
    return out


def _happened(timelines: Timelines, event: str, until: np.datetime64) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether an event of `CROWD_EVENTS` came by a day, in each timeline."""
    truce = (timelines["general_first"] <= until).to_numpy()
    if event == "general_truce":
        return truce
    if event == "general_truce_28_days":
        return truce & (timelines["truce_longest"] >= CEASEFIRE_WEEKS).to_numpy()
    return truce | (timelines["signed"] <= until).to_numpy()


def summary(
    scenario: Scenario,
    timelines: Timelines,
    as_of: date,
    weights: Mapping[str, float] | None = None,
    stratified: pd.DataFrame | None = None,
) -> Mapping[str, Any]:
    """All of it, as `summary.json` holds it; the arguments are those of `crowds`."""
    return {
        "implied": implied(timelines, weights, stratified),
        "wars": wars(scenario),
        "crowds": crowds(scenario, timelines, as_of, weights, stratified),
    }
