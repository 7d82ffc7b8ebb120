"""The coding guide with the coded record, for readers: `python -m forecast.docs_pages.coding_page > docs/coding.md`."""

import sys

import pandas as pd

from forecast.docs_pages.page_template import render
from forecast.evidence.states import moved_state
from forecast.plain_text import markdown, markdown_url
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


def coding_page(scenario: Scenario) -> str:
    """The page as Markdown: the guide, then the tables in order of date with their reasons."""
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
    )


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
