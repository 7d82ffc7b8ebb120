"""The tables of odds in README.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forecast.docs_pages.page_template import render
from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.shares import label
from forecast.report.numbers import counted, listed, percent, row
from forecast.report.sections import disagreement
from forecast.scenario.perspectives import BASE_RATES, POOL
from forecast.scenario.spec import Scenario

README = Path("README.md")
BEGIN, END = "<!-- odds -->", "<!-- /odds -->"
"""Where its tables of odds begin and end."""


def odds_tables(scenario: Scenario, found_odds: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables of odds in README.md: of the pool with their ranges, and of its members.

    Args:
        scenario: with a pool.
        found_odds: the odds of the pool and of each of its members, by name, from `odds`.
    """
    pool = found_odds[POOL]["odds"]
    weights = scenario.pool.weights if scenario.pool else {}
    return render(
        "odds.md.j2",
        pool=[row(label("odds", kind), pool[kind]) for kind in HEADLINES],
        apart=listed(disagreement({"odds": pool})),
        size=counted(len(weights)),
        simulated=counted(len(weights) - (BASE_RATES in weights)),
        members=[*weights],
        weights=[percent(weight) for weight in weights.values()],
        lines=[
            {
                "label": label("odds", kind),
                "cells": [percent(found_odds[name]["odds"][kind]["probability"]) for name in (*weights, POOL)],
            }
            for kind in HEADLINES
        ],
    )


def with_odds(text: str, tables: str) -> str:
    """README.md with other tables of odds between its marks."""
    before, rest = text.split(f"{BEGIN}\n")
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{tables}{END}{after}"
