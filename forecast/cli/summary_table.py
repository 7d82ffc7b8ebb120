"""A run's odds on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from forecast.outcomes.shares import group_title, label
from forecast.report.context import cautions, change_row
from forecast.report.numbers import error, interval, percent, rounding, with_interval
from forecast.report.sections import (
    any_rounded,
    disagreement,
    draws_in_words,
    part_between,
    shares_of,
    timelines_in_words,
)

LATEST = 3
"""How many recorded events are shown: of those that enter the odds, and of the others. The report has all."""


def show_summary(summary: Mapping[str, Any], console: Console, labels: Mapping[str, str] | None = None) -> None:
    """Print the odds of a run: the three outcomes, the members, new evidence, endings and other events.

    Args:
        summary: of the run.
        console: where to print.
        labels: the scenario's labels of the parties, by id; by default the names of their roles.
    """
    console.print(
        f"{summary['scenario']} as of {summary['as_of']}, to {summary['horizon']}: {timelines_in_words(summary)}, "
        f"{draws_in_words(summary)}, seed {summary['seed']}, perspective {summary['perspective']}"
        f"{' (provisional until perspectives are pooled)' if summary['provisional'] else ''}"
    )
    for caution in cautions(summary):
        console.print(caution, style="bold")
    console.print(_odds(summary, "odds", labels))
    if note := rounding(shares_of(summary["odds"])):
        console.print(note)
    resolved = summary["given_resolved"]
    if any(entry["probability"] is None for entry in resolved.values()):
        console.print("Too few timelines end to say how the war ends if it does.")
    else:
        parts = ", ".join(f"{label('odds', name).lower()} {with_interval(entry)}" for name, entry in resolved.items())
        console.print(f"If the war ends: {parts}.")
    if "perspectives" in summary:
        console.print(_members(summary))
        if any_rounded(summary):
            console.print("Shares are rounded, so they may not add up to exactly 100.")
    if found := summary["since"]:
        console.print(_since(found))
    for group in ("endings", "beside"):
        console.print(_odds(summary, group, labels))
    if perspective := summary.get("perspective_detail"):
        console.print(_changes(perspective))


def _odds(summary: Mapping[str, Any], group: str, labels: Mapping[str, str] | None) -> Table:
    """The shares of one group, with their ranges and errors."""
    table = Table(group_title(group, labels), "Odds", "90% range", "Monte Carlo error, points")
    for name, entry in summary[group].items():
        table.add_row(label(group, name, labels), percent(entry["probability"]), interval(entry), error(entry))
    return table


def _since(found: Mapping[str, Any]) -> str:
    """The latest recorded events and the recorded states, in a few lines."""
    happened = [entry for entry in found["happened"] if not entry["moves"]]  # a change of state has its own line
    counted = [entry for entry in happened if entry["counts"]]
    others = [entry for entry in happened if not entry["counts"]]
    lines = [f"Nothing has been recorded since {found['reference']}."]
    if happened:
        rows = f"{len(happened)} recorded events and changes of state, {len(counted)} of them in the odds (*)"
        lines = [f"Since {found['reference']}: {rows}. The latest:"]
        last = sorted([*counted[-LATEST:], *others[-LATEST:]], key=lambda entry: str(entry["observed"]))
        lines += [f"  {entry['observed']} {'*' if entry['counts'] else ' '} {entry['text']}" for entry in last]
    lines += ["Recorded states:"] * bool(found["states"])
    for entry in found["states"]:
        day = f"since {entry['since']}" if entry["since"] else f"unchanged since {found['reference']}"
        lines.append(f"  {entry['label']}: {entry['words']} ({day})")
    return "\n".join(lines)


def _members(summary: Mapping[str, Any]) -> Table:
    """The members of a pool: weights and odds of each, and the share of the variance that is between them."""
    table = Table("Member", "Weight", "Updated weight", *(label("odds", name) for name in summary["odds"]))
    for name, entry in summary["perspectives"].items():
        own = (with_interval(odds) for odds in entry["odds"].values())
        table.add_row(name, percent(entry["weight"]), percent(entry["updated_weight"]), *own)
    if disagreement(summary):
        parts = (part_between(entry) for entry in summary["odds"].values())
        table.add_row("disagreement", "", "", *parts)
        table.caption = "disagreement: the share of the variance that is between members"
    return table


def _changes(perspective: Mapping[str, Any]) -> Table:
    """The priors that a perspective changes."""
    title = f"Perspective {perspective['name']}, {perspective['title']}: {perspective['summary']} It changes:"
    name = Column("Parameter", no_wrap=True, overflow="fold")
    table = Table(name, "Median: base → here", "Premises", "Why", title=title, title_justify="left")
    for change in perspective["changes"]:
        row = change_row(change)
        table.add_row(*(row[key] for key in ("name", "medians", "premises", "reason")))
    return table
