"""Sweeps on a terminal: sentences, the main table, notes, and where the files are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from forecast.cli.command import Printed

if TYPE_CHECKING:
    from forecast.sweep.result import SweepResult

MOST_ROWS = 40
"""Rows of the main table that a terminal shows."""


def printed(result: "SweepResult", saved: Sequence[Path] = (), columns: Sequence[str] | None = None) -> Printed:
    """A result for `command`: as JSON, and as sentences, table and notes.

    Args:
        result: the result.
        saved: the files that it was saved as; the JSON output names them as `saved`.
        columns: columns of the main table to show; by default all.
    """
    content: dict[str, Any] = result.to_dict()
    if saved:
        content["saved"] = [str(path) for path in saved]

    def show(console: Console) -> None:
        for sentence in result.sentences:
            console.print(sentence, soft_wrap=True, markup=False)
        console.print(_table(result, columns))
        if len(result.table) > MOST_ROWS:
            console.print(f"The first {MOST_ROWS} of {len(result.table)} rows.")
        for note in result.notes:
            console.print(f"Note: {note}", soft_wrap=True, markup=False)
        if saved:
            console.print(f"Saved to {saved[0].parent}: {', '.join(path.name for path in saved)}", soft_wrap=True)

    return content, show


def _table(result: "SweepResult", columns: Sequence[str] | None) -> Table:
    from forecast.sweep.result import in_words

    shown = result.table if columns is None else result.table[list(columns)]
    table = Table(*(str(name).replace("_", " ") for name in shown.columns))
    for row in shown.head(MOST_ROWS).itertuples(index=False, name=None):
        table.add_row(*(in_words(value) for value in row))
    return table
