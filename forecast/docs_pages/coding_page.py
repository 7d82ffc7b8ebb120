"""The coding guide with the coded record, for readers: `python -m forecast.docs_pages.coding_page > docs/coding.md`."""

import sys
from typing import Any

import pandas as pd

from forecast.docs_pages.page_template import render
from forecast.evidence.chronology import Chronology
from forecast.evidence.coding_guide import EVENTS
from forecast.evidence.readings import ADD, REMOVE, REPLACE, Applied
from forecast.evidence.states import moved_state
from forecast.plain_text import markdown, markdown_url
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


def coding_page(scenario: Scenario) -> str:
    """The page as Markdown: the guide, then the tables in order of date with their reasons, then the readings."""
    chronology = scenario.chronology
    decisions = [
        {
            "name": name,
            "systematic": "yes" if guide.systematic else "no",
            "state": moved_state(name),
            "guide": markdown(guide.guide),
        }
        for name, guide in chronology.guide.decision.items()
    ]
    return render(
        "coding.md.j2",
        scenario=scenario,
        chronology=chronology,
        decisions=decisions,
        states=_records(chronology.states),
        events=_records(chronology.events),
        readings=[_reading(chronology, name) for name in chronology.readings],
    )


def _reading(chronology: Chronology, name: str) -> dict[str, Any]:
    """A reading with the rows that it adds, replaces or removes, in order of date."""
    reading = chronology.readings[name]
    rows = [_edited(made) for made in chronology.under(name).applied]
    return {
        **{key: markdown(" ".join(getattr(reading, key).split())) for key in ("id", "title", "reason", "source")},
        "rows": sorted(rows, key=lambda row: (row["days"], row["file"] == EVENTS)),
    }


def _edited(made: Applied) -> dict[str, str]:
    """A row of a reading: the row that stands under it, or the one removed, and the value or decision before."""
    file, new, old = made.edit.file, made.edit.row, made.old[-1][1] if made.old else None
    cells, before = ({} if row is None else row.model_dump() for row in (new or old, old))
    name, column = ("event", "decision") if file == EVENTS else ("state", "value")
    value = cells[column] or "none"
    if new is not None and before and (was := before[column] or "none") != value:
        value = f"{value}, was {was}"
    return {
        "days": f"{cells['observed']} | {cells['available']}",
        "kind": {ADD: "added", REPLACE: "replaced", REMOVE: "removed"}[made.edit.kind],
        "file": file,
        "row": f"{markdown(cells[name])} | {markdown(value)}",
        "reason": markdown(cells["reason"]) if new is not None else "",
        "source": _source(cells["source"]) if new is not None else "",
    }


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    """Rows with their cells as text; `days` has both dates."""
    days = table["observed"].dt.strftime("%Y-%m-%d") + " | " + table["available"].dt.strftime("%Y-%m-%d")
    words = table.drop(columns=["row", "observed", "available"]).map(lambda text: markdown(str(text)))
    words = words.assign(days=days, source=table["source"].map(_source))
    return [{str(name): text for name, text in row.items()} for row in words.to_dict("records")]


def _source(source: str) -> str:
    """A source as the tables name it: an address as a link, else the id in `sources.toml`."""
    return f"[page]({markdown_url(source)})" if "://" in source else f"`{markdown(source)}`"


if __name__ == "__main__":
    sys.stdout.write(coding_page(load_scenario()))
