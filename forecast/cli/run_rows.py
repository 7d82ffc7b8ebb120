"""Saved runs as lines of text: the tables of `forecast list` and `forecast history`.

They are set without a library for tables, which would take a second for 1,000 lines.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from forecast.plain_text import visible, without_middle
from forecast.report.numbers import percent
from forecast.store.history import ENDS

LONGEST = 60
"""Most characters of a text in a column."""


def rows_as_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as text in columns, two spaces apart, with a line under the head."""
    cells = [[_shown(text) for text in row] for row in (head, *rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
    cells.insert(1, ["-" * width for width in widths])
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines) + "\n"


def odds_cells(row: dict[str, Any], *, ranges: bool) -> list[str]:
    """The three odds of a row of `forecast.store.history`, with their 90% ranges or without."""
    found = []
    for end in ENDS:
        chance, low, high = (row[f"{end}_{name}"] for name in ("probability", "low", "high"))
        text = "-" if chance is None else percent(chance)
        if ranges and low is not None and high is not None:
            text += f" ({100 * low:.0f}-{100 * high:.0f})"
        found.append(text)
    return found


def marks_cell(row: dict[str, Any]) -> str:
    """The marks of a run in a few words."""
    words = []
    if row["scheduled_job"] is not None:
        words.append(f"scheduled ({row['scheduled_job']})")
    if row["published"] is not None:
        words.append(f"published {row['published'][:10]}")
    if row["corrects"] is not None:
        words.append(f"corrects {row['corrects']}")
    if row["superseded_by"] is not None:
        words.append(f"superseded by {row['superseded_by']}")
    if row["changed"]:
        words.append("CHANGED since it was saved: see forecast verify")
    return ", ".join(words)


def _shown(text: str) -> str:
    line = visible(" ".join(text[: 20 * LONGEST].split()))
    return without_middle(line, LONGEST) if len(line) > 3 * LONGEST else line
