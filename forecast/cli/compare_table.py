"""The ledger of two runs as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from forecast.compare.words import REAL_WORDS, ROUNDING, change_text, ending_sentence


def show_ledger(content: Mapping[str, Any], console: Console) -> None:
    """Print the ledger: sentences, lines, and the timelines that changed their ending.

    Args:
        content: the ledger, as JSON.
        console: prints it.
    """
    earlier, later = content["earlier"], content["later"]
    console.print(console.render_str(f"{earlier['run']} to {later['run']}"))
    for entry in content["odds"].values():
        console.print()
        console.print(console.render_str(entry["sentence"]))
    console.print()
    table = Table(title="Changes in points, with standard errors")
    table.add_column("Cause", overflow="fold")
    for name in content["odds"]:
        table.add_column(name.capitalize())
    entries = list(content["odds"].values())
    for number, line in enumerate(entries[0]["lines"]):
        cells = [_cell(entry["lines"][number]) for entry in entries]
        table.add_row(console.render_str(line["label"]), *cells)
    totals = [_cell({**entry, "change": entry["total"]}) for entry in entries]
    table.add_section()
    table.add_row("All together", *totals)
    console.print(table)
    console.print(f"{ROUNDING} Real: {REAL_WORDS}.")
    if not content["method"]["exact"]:
        orders = content["method"]["orders"]
        console.print(f"{content['method']['causes']} causes: {orders} orders were drawn; errors include their part.")
    for note in content["notes"]:
        console.print(console.render_str(note))
    _show_endings(content["endings"], console)


def _cell(line: Mapping[str, Any]) -> str:
    mark = "" if line["change"] == 0.0 else " real" if line["real"] else " noise"
    return change_text(line) + mark


def _show_endings(endings: Mapping[str, Any], console: Console) -> None:
    console.print()
    console.print(console.render_str(ending_sentence(endings)))
    for example in endings["examples"]:
        table = Table(show_lines=False)
        for side in ("earlier", "later"):
            table.add_column(console.render_str(example[side]["title"]), ratio=1, overflow="fold")
        columns = [
            [f"{line['date']}: {line['text']}" for line in example[side]["lines"]] for side in ("earlier", "later")
        ]
        for k in range(max(map(len, columns))):
            table.add_row(*(console.render_str(own[k]) if k < len(own) else "" for own in columns))
        console.print(table)
    for note in endings["notes"]:
        console.print(console.render_str(note))
