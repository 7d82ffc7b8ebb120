"""The tables that `forecast evidence list` and `forecast evidence diff` print."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from forecast.plain_text import one_line


def show_overview(found: Mapping[str, Any], console: Console) -> None:
    """Print a line a series, and how much of the record is coded."""
    view = f" as known on {found['as_of']}" if found["as_of"] else ""
    console.print(f"Evidence of {found['scenario']}{view}, read from {found['folder']}", soft_wrap=True)
    table = Table("Series", "Last figure", "Unit", "Of", "Available", "Rows")
    for row in found["series"]:
        value = "" if row["last_value"] is None else f"{row['last_value']:,.10g}"
        days = (row["last_observed"] or "none yet", row["last_available"] or "")
        table.add_row(row["series"], value, one_line(row["unit"], 60), *days, str(row["rows"]))
    console.print(table)
    console.print(
        f"Events: {found['events']}, changes of states: {found['states']}, coded until {found['coded_until']}."
    )


def show_rows(found: Mapping[str, Any], console: Console) -> None:
    """Print the rows of a series, of events or of states."""
    view = f" as known on {found['as_of']}" if found["as_of"] else ", all rows"
    title = f": {found['title']}, {found['unit']}" if "title" in found else ""
    console.print(one_line(f"{found['name']}{title}{view}"), soft_wrap=True)
    _table(found["rows"], console)


def show_differences(found: Mapping[str, Any], console: Console) -> None:
    """Print what became known, or what differs."""
    console.print(f"From {found['from']} to {found['to']}:", soft_wrap=True)
    parts = (
        ("figures", "New figures"),
        ("revised", "Revised figures"),
        ("events", "Events"),
        ("states", "Changes of states"),
        ("removed", "No longer there"),
    )
    for name, title in parts:
        if rows := found[name]:
            console.print(f"{title}: {len(rows)}")
            _table(rows, console)
    if not any(found[name] for name, _ in parts):
        console.print("No difference.")


def _table(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Print rows as a table, with the columns that any of them has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*(name.capitalize() for name in columns))
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    if rows:
        console.print(table)
    else:
        console.print("No rows.")


def _cell(value: Any) -> str:
    """A cell as text on one line."""
    if value is None:
        return ""
    return f"{value:,.10g}" if isinstance(value, float) else one_line(str(value), 400)
