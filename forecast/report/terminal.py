"""A run's odds on a terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from forecast.report.context import cautions, change_row
from forecast.report.numbers import error, interval, percent, whole_percents, with_interval

LATEST = 5
"""Most recorded events that are shown; the report has all."""


def show_summary(summary: Mapping[str, Any], folder: Path, console: Console) -> None:
    """Print the headline, every ending and what stands beside them."""
    console.print(
        f"{summary['scenario']} as of {summary['as_of']}, to {summary['horizon']}: {summary['timelines']:,} timelines "
        f"from {summary['draws']} draws, seed {summary['seed']}, perspective {summary['perspective']}"
        f"{' (provisional until perspectives are pooled)' if summary['provisional'] else ''}"
    )
    for caution in cautions(summary):
        console.print(f"[bold]{escape(caution)}[/bold]")
    if found := summary["since"]:
        console.print(_since(found))
    shares = whole_percents([entry["probability"] for entry in summary["odds"].values()])
    table = Table("How it ends", "Odds", "If we knew more", "Simulation error, points")
    for share, (name, entry) in zip(shares, summary["odds"].items(), strict=True):
        table.add_row(name, f"{share}%", interval(entry), error(entry))
    console.print(table)
    if "perspectives" in summary:
        console.print(_members(summary))
    resolved = summary["given_resolved"]
    console.print(
        "Of the timelines that end, "
        + ", ".join(f"{name}: {percent(entry['probability'])}" for name, entry in resolved.items())
    )
    for title, group in (("Endings", "endings"), ("Beside them", "beside")):
        table = Table(title, "Odds", "If we knew more", "Simulation error, points")
        for name, entry in summary[group].items():
            table.add_row(name.replace("_", " "), percent(entry["probability"]), interval(entry), error(entry))
        console.print(table)
    if perspective := summary.get("perspective_detail"):
        console.print(_changes(perspective))
    console.print(
        f"Kept in {folder}: report.md says what these odds mean and what they turn on.",
        markup=False,
        soft_wrap=True,
    )


def _since(found: Mapping[str, Any]) -> str:
    """What is new since the reference date, in a few lines."""
    stands = "; ".join(
        f"{entry['state']}: {str(entry['value']).replace('_', ' ')}"
        + (f" since {entry['since']}" if entry["since"] else "")
        for entry in found["states"]
    )
    counted = sum(entry["counts"] for entry in found["happened"])
    last = [f"  {entry['observed']}  {entry['text']}" for entry in found["happened"][-LATEST:]]
    return escape(
        "\n".join(
            [
                f"New since {found['reference']}: {len(found['happened'])} recorded events and changes, "
                f"of which {counted} enter the odds",
                f"  {stands}",
                *last,
            ]
        )
    )


def _members(summary: Mapping[str, Any]) -> Table:
    """The members of a pool: weights and odds of each, and how much of the range is disagreement between them."""
    table = Table("Member", "Weight", "Updated", *(name.capitalize() for name in summary["odds"]))
    for name, entry in summary["perspectives"].items():
        own = (with_interval(odds) for odds in entry["odds"].values())
        table.add_row(escape(name), percent(entry["weight"]), percent(entry["updated_weight"]), *own)
    parts = (percent(entry.get("between_members", 0.0)) for entry in summary["odds"].values())
    table.add_row("disagreement, of the variance", "", "", *parts)
    return table


def _changes(perspective: Mapping[str, Any]) -> Table:
    """What a perspective changes in the base premises."""
    told = f"Perspective {perspective['name']}, {perspective['title']}: {perspective['summary']} It changes:"
    name = Column("Number", no_wrap=True, overflow="fold")
    table = Table(name, "Median: base → here", "Premises", "Why", title=escape(told), title_justify="left")
    for change in perspective["changes"]:
        row = change_row(change)
        table.add_row(*(escape(row[key]) for key in ("name", "medians", "premises", "reason")))
    return table
