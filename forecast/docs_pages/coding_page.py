"""The coding guide with what was coded by it, for readers: `python -m forecast.docs_pages.coding_page`."""

import sys

import pandas as pd

from forecast.evidence.chronology import Chronology
from forecast.evidence.states import moved_state
from forecast.report.numbers import cell
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario


def coding_page(scenario: Scenario) -> str:
    """The page as Markdown: how it is coded, then the tables in order of date with their reasons."""
    told = scenario.chronology
    lines = [
        "# How what happened is coded",
        "",
        "Made by `python -m forecast.docs_pages.coding_page > docs/coding.md`; do not edit.",
        "",
        f"A run as of a day after {scenario.reference_date} knows what had happened by then and was public. This page",
        "has the guide by which it is coded (`evidence/coding.toml`), then all rows of `evidence/states.csv` and of",
        "`evidence/events.csv`. A run sees a row if it was public by the as-of date and is of an earlier day: that",
        "date itself belongs to the future. A revision is a new row that became public later. A change that cannot",
        "follow what is public yet waits for the row between.",
        "",
        "Each row has its reason. Where two readings can be defended, it gives both and takes the one that needs less",
        "reading-in.",
        "",
        *_states(told),
        *_decisions(told),
        "## States, from the day on",
        "",
        f"On {scenario.reference_date}: {', '.join(f'{state} {value}' for state, value in told.start.items())}.",
        "",
        "| Day | Public | State | Value | Why | Source |",
        "|---|---|---|---|---|---|",
    ]
    for row in _records(told.states):
        lines.append(
            f"| {row['days']} | {row['state']} | {row['value']} | {row['reason']} | {_source(row['source'])} |"
        )
    lines += [
        "",
        "## Events",
        "",
        "| Day | Public | What happened | Decision of the model | Why | Source |",
        "|---|---|---|---|---|---|",
    ]
    for row in _records(told.events):
        decision = f"`{row['decision']}`" if row["decision"] else "none"
        words = f"{row['days']} | {row['event']} | {decision} | {row['reason']}"
        lines.append(f"| {words} | {_source(row['source'])} |")
    return "\n".join(lines) + "\n"


def _states(told: Chronology) -> list[str]:
    """The part on states: what each is, and the criterion of each value."""
    lines = ["## States", ""]
    for state, guide in told.guide.state.items():
        lines += [f"**{state}.** {guide.meaning}", ""]
        lines += [f"- *{value}*: {criterion}" for value, criterion in guide.values.items()]
        lines.append("")
    return lines


def _decisions(told: Chronology) -> list[str]:
    """The part on decisions: what would count as each, and whether no row is knowledge."""
    lines = [
        "## Decisions of the model",
        "",
        "Of a systematic one any chronicle of the war would have told the next day, so that no row is knowledge that",
        "it did not happen, and may weigh on what is believed. Events of the others are told to the reader and weigh",
        "on nothing. Where a state is named, its rows tell when the decision fell.",
        "",
        "| Decision | Systematic | State | What would count, and who would have told |",
        "|---|---|---|---|",
    ]
    for name, guide in told.guide.decision.items():
        systematic = "yes" if guide.systematic else "no"
        lines.append(f"| `{name}` | {systematic} | {moved_state(name)} | {cell(guide.guide)} |")
    return [*lines, ""]


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    """Rows with their cells as text; `days` has both dates."""
    days = table["observed"].dt.strftime("%Y-%m-%d") + " | " + table["available"].dt.strftime("%Y-%m-%d")
    words = table.drop(columns=["row", "observed", "available"]).map(lambda text: cell(str(text)))
    return [{str(name): text for name, text in row.items()} for row in words.assign(days=days).to_dict("records")]


def _source(source: str) -> str:
    """A source as the tables name it: an address as a link, else the id in `sources.toml`."""
    return f"[page]({source})" if "://" in source else f"`{source}`"


if __name__ == "__main__":
    sys.stdout.write(coding_page(load_scenario()))
