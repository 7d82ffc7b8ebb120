"""The page of perspectives: the odds under each, and what each changes."""

from collections.abc import Mapping
from typing import Any

from forecast.docs_pages.heading import heading
from forecast.docs_pages.page_template import render
from forecast.ensemble.request import TIMELINES
from forecast.outcomes.shares import group_title, label
from forecast.plain_text import markdown
from forecast.report.context import meaning
from forecast.report.numbers import number, with_interval
from forecast.scenario.prior import Perspective
from forecast.scenario.spec import Scenario


def perspectives_page(
    scenario: Scenario, found_odds: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Any]
) -> str:
    """`docs/perspectives.md`.

    Args:
        scenario: the scenario.
        found_odds: the odds of each perspective, by name, from `odds`.
        changes: for each but `base`: its title, summary and rows of what it changes.
    """
    names = list(found_odds)
    labels = scenario.names | {ending.id: ending.label for ending in scenario.endings}
    tables = []
    for group in ("odds", "endings", "beside"):
        lines = []
        for key in found_odds[names[0]][group]:
            entries = [found_odds[name][group][key] for name in names]
            lines.append(
                {"label": markdown(label(group, key, labels)), "cells": [_with_interval(entry) for entry in entries]}
            )
        tables.append({"title": group_title(group, labels), "lines": lines})
    return render(
        "perspectives.md.j2",
        **heading(scenario),
        names=names,
        tables=tables,
        changes=changes,
        timelines=f"{TIMELINES:,}",
    )


def changes_of(scenario: Scenario, perspective: Perspective) -> dict[str, Any]:
    """The changes of a perspective: its title, its summary and a row for each prior that it changes."""
    return {
        "title": perspective.title,
        "summary": perspective.summary,
        "rows": [
            {
                "name": change.entry,
                "meaning": markdown(meaning(scenario, change.entry)),
                "base": " / ".join(number(x) for x in change.base),
                "own": " / ".join(number(x) for x in change.quantiles),
                "unit": change.unit,
                "premises": ", ".join(change.premises),
                "reason": markdown(change.reason),
            }
            for change in perspective.changes
        ],
    }


def _with_interval(entry: Mapping[str, Any]) -> str:
    if not entry["of"]:  # of a member that has no answer to it
        return ""
    return with_interval(entry)
