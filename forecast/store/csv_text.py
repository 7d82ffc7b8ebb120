"""Tables as CSV, which a spreadsheet can open without running anything."""

from collections.abc import Callable

import pandas as pd

from forecast.plain_text import csv_cell, visible


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV; text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return str(_of_texts(table, lambda text: csv_cell(visible(text))).to_csv(index=False, lineterminator="\n"))


def without_apostrophes(table: pd.DataFrame) -> pd.DataFrame:
    """A table that was read from such CSV, with its texts as they were."""
    return _of_texts(table, lambda text: text[1:] if csv_cell(text[1:]) == text else text)


def _of_texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """A table with each of its texts changed."""
    changed = {
        name: table[name].map(lambda value: change(value) if isinstance(value, str) else value)
        for name in table.columns
        if table[name].dtype.kind not in "biufM"
    }
    return table.assign(**changed)
