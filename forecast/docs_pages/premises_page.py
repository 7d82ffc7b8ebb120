"""The page of premises: what rests on each, and what switching it off does to the odds."""

from collections.abc import Sequence
from typing import Any

from forecast.docs_pages.heading import heading
from forecast.docs_pages.page_template import render
from forecast.encoding.timeline_table import HEADLINES
from forecast.plain_text import markdown
from forecast.report.numbers import percent
from forecast.scenario.spec import Scenario
from forecast.sweep.premises import Effect

MANY = 3
"""Rows of one table beyond which they are named together."""


def premises_page(scenario: Scenario, found: Sequence[Effect]) -> str:
    """`docs/premises.md`.

    Args:
        scenario: the scenario.
        found: the effect of switching off each premise, from `effects`.
    """
    resting = scenario.premises_of()
    rows = [_premise_row(scenario, entry, resting[entry.premise]) for entry in found]
    return render(
        "premises.md.j2",
        **heading(scenario),
        rows=rows,
        unclear=[entry["id"] for entry in rows if not entry["clear"]],
        count=len(rows),
    )


def _premise_row(scenario: Scenario, entry: Effect, resting: Sequence[str]) -> dict[str, Any]:
    premise = scenario.premises[entry.premise]
    return {
        "id": premise.id,
        "holder": premise.holder,
        "claim": markdown(premise.claim),
        "entries": ", ".join(f"`{name}`" for name in _grouped(resting)),
        "changed": percent(entry.changed),
        "endings": percent(entry.endings),
        **{h: effect_fine(entry.difference[h], entry.error[h]) for h in HEADLINES},
        "clear": entry.clear,
    }


def effect_fine(difference: float, error: float) -> str:
    """A paired difference and its Monte Carlo error, in tenths of a point."""
    tenths = round(1000.0 * difference) / 10.0 + 0.0  # no minus before a zero
    return f"{tenths:+.1f} ± {max(0.1, 100.0 * error):.1f}"


def _grouped(names: Sequence[str]) -> list[str]:
    """Names of priors, with many rows of one table as one name: `parties.position.moscow.*`."""
    out: list[str] = []
    heads: dict[str, int] = {}
    for name in names:
        head = name.rsplit(".", 1)[0]
        heads[head] = heads.get(head, 0) + (name.count(".") >= 2)
    for name in names:
        head = name.rsplit(".", 1)[0]
        shown = f"{head}.* ({heads[head]})" if heads[head] > MANY else name
        if shown not in out:
            out.append(shown)
    return out
