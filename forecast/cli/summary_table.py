"""A run's odds on a terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

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
"""Most recorded events that are shown of those in the odds, and of the others; the report has all."""


def show_summary(summary: Mapping[str, Any], folder: Path, console: Console) -> None:
    """Print the headline, every ending and what stands beside them."""
    console.print(
        f"{summary['scenario']} as of {summary['as_of']}, to {summary['horizon']}: {timelines_in_words(summary)}, "
        f"{draws_in_words(summary)}, seed {summary['seed']}, perspective {summary['perspective']}"
        f"{' (provisional until perspectives are pooled)' if summary['provisional'] else ''}"
    )
    for caution in cautions(summary):
        console.print(f"[bold]{escape(caution)}[/bold]")
    if found := summary["since"]:
        console.print(_since(found))
    table = Table("How it ends", "Odds", "If we knew more", "Simulation error, points")
    for name, entry in summary["odds"].items():
        table.add_row(name, percent(entry["probability"]), interval(entry), error(entry))
    console.print(table)
    if note := rounding(shares_of(summary["odds"])):
        console.print(note)
    if "perspectives" in summary:
        console.print(_members(summary))
        if any_rounded(summary):
            console.print("Each share is rounded by itself, so that a line may add up to 99 or 101.")
    resolved = summary["given_resolved"]
    if any(entry["probability"] is None for entry in resolved.values()):
        console.print("Too few timelines end to say more of how.")
    else:
        told = ", ".join(f"{name}: {with_interval(entry)}" for name, entry in resolved.items())
        console.print(f"Of those in which it ends, {told}")
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
    happened = [entry for entry in found["happened"] if not entry["moves"]]  # their changes tell
    counted = [entry for entry in happened if entry["counts"]]
    others = [entry for entry in happened if not entry["counts"]]
    lines = [f"Nothing is recorded since {found['reference']}"]
    if happened:
        rows = f"{len(happened)} recorded events and changes, of which {len(counted)} enter the odds (*)"
        lines = [f"New since {found['reference']}: {rows}; the last:"]
        last = sorted([*counted[-LATEST:], *others[-LATEST:]], key=lambda entry: str(entry["observed"]))
        lines += [f"  {entry['observed']} {'*' if entry['counts'] else ' '} {entry['text']}" for entry in last]
    lines += ["Where it stands:"] * bool(found["states"])
    for entry in found["states"]:
        lines.append(
            f"  {entry['label']}: {entry['words']} ({f'since {day}' if (day := entry['since']) else 'as before'})"
        )
    return escape("\n".join(lines))


def _members(summary: Mapping[str, Any]) -> Table:
    """The members of a pool: weights and odds of each, and how much of the range is disagreement between them."""
    table = Table("Member", "Weight", "Updated", *(name.capitalize() for name in summary["odds"]))
    for name, entry in summary["perspectives"].items():
        own = (with_interval(odds) for odds in entry["odds"].values())
        table.add_row(escape(name), percent(entry["weight"]), percent(entry["updated_weight"]), *own)
    if disagreement(summary):
        parts = (part_between(entry) for entry in summary["odds"].values())
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
