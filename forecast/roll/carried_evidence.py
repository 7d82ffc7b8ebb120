"""The evidence of the next scenario: series with all their rows, the record from the new reference date on.

A series is copied whole, but for rows outside its declared range that nobody accepted. A run sees only rows that were
available by its as-of date, and rows that became available after the new reference date are the first evidence of the
new period. Events and changes of states from before the new reference date stand in `[start]` already and are taken
out, and so are readings of them.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from forecast.evidence.coding_guide import CHANGES, EVENTS
from forecast.evidence.csv_rows import read_cells
from forecast.evidence.readings import READINGS
from forecast.evidence.series import CODED_UNTIL, INDEX
from forecast.inputs.parsing import parse_day, parse_number
from forecast.inputs.toml_lines import TomlLines
from forecast.inputs.validation import Place

ACCEPTED = "outside the declared range, accepted"
"""Words of the note of a row that a person took although it is outside the declared range."""

COVERAGE = (
    "The last day for which events.csv and states.csv are coded. Until then the lack of a row means that nothing\n"
    "happened. Events before the reference date are in [start] of scenario.toml. Raise the day as days are coded."
)


def carried_evidence(texts: dict[str, str], reference: date, horizon: date, coded_until: date) -> dict[str, str | None]:
    """Give the files of evidence that change; None for one that is taken out.

    Args:
        texts: the files of the scenario before, by path within its folder.
        reference: the new reference date.
        horizon: the new horizon.
        coded_until: the last day for which the scenario before is coded.
    """
    changed: dict[str, str | None] = {}
    index = TomlLines(texts[f"evidence/{INDEX}"])
    index.comment_above((CODED_UNTIL,), COVERAGE)
    index.set((CODED_UNTIL,), coded_days(reference, horizon, coded_until))
    changed[f"evidence/{INDEX}"] = index.text()
    for name in (EVENTS, CHANGES):
        if (text := texts.get(f"evidence/{name}")) is not None:
            changed[f"evidence/{name}"] = rows_from(text, reference, horizon)
    if (text := texts.get(f"evidence/{READINGS}")) is not None:
        changed[f"evidence/{READINGS}"] = readings_from(text, reference)
    return changed


def coded_days(reference: date, horizon: date, coded_until: date) -> date:
    """Give the last day for which the next scenario is coded: the day before its reference date at the least."""
    return max(reference - timedelta(days=1), min(coded_until, horizon))


def kept_rows(text: str, low: float, high: float) -> tuple[str, list[str]]:
    """Give the file of a series without the rows outside its declared range that nobody accepted, and what those are.

    Such a row is kept if its note says that it was accepted with a reason, as `forecast evidence --accept` writes. A
    file without any such row keeps its bytes, and so does one that would have no row left.

    Args:
        text: the file.
        low: lowest value of the declared range.
        high: highest value of the declared range.

    Returns:
        the file, and a phrase for each row that was left out.
    """
    rows = [cells for _, cells in read_cells(text, Place(INDEX), any_columns)]
    out = [
        cells
        for cells in rows
        if not low <= parse_number(cells["value"]) <= high and ACCEPTED not in cells.get("note", "")
    ]
    if not out or len(out) == len(rows):
        return text, []
    kept = [cells for cells in rows if cells not in out]
    return _table(list(rows[0]), kept), [f"{cells['value']} of {cells['observed']}" for cells in out]


def unrecorded_days(coded_until: date, reference: date) -> tuple[date, date] | None:
    """Give the first and the last day that neither the scenario before nor the next one records; None without any.

    Args:
        coded_until: the last day for which the scenario before is coded.
        reference: the new reference date, from which the next scenario records.
    """
    first, last = coded_until + timedelta(days=1), reference - timedelta(days=1)
    return (first, last) if first <= last else None


def rows_from(text: str, reference: date, horizon: date) -> str:
    """Give a table of events or states with the rows observed from the reference date to the horizon."""
    header = next(csv.reader(io.StringIO(text, newline="")))
    rows = [cells for _, cells in read_cells(text, Place(EVENTS), any_columns)]
    return _table(header, [cells for cells in rows if reference <= parse_day(cells["observed"]) <= horizon])


def _table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    """The text of a CSV file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([cells[name] for name in header] for cells in rows)
    return out.getvalue()


def any_columns(columns: Sequence[str], place: Place) -> None:
    """Accept the columns of a table: they were checked when the scenario was loaded."""
    del columns, place


def late_rows(text: str, reference: date) -> list[str]:
    """Give the rows observed before the reference date that were public only after it, a phrase each.

    They are neither in `[start]`, which has public rows alone, nor in the record from the reference date on.
    """
    rows = read_cells(text, Place(EVENTS), any_columns)
    found = [
        (line, cells)
        for line, cells in rows
        if parse_day(cells["observed"]) < reference < parse_day(cells["available"])
    ]
    return [f"row {line} of {cells['observed']}, public on {cells['available']}" for line, cells in found]


def readings_from(text: str, reference: date) -> str | None:
    """Give the readings of which every row is of the reference date or later; None if none is left."""
    lines = TomlLines(text)
    for name, reading in list(lines.tables.get("reading", {}).items()):
        if any(day < reference for day in _days(reading)):
            lines.remove_table(("reading", name))
    if not lines.tables.get("reading"):
        return None
    return lines.text()


def _days(reading: dict[str, Any]) -> list[date]:
    """Give the days of the rows that a reading edits."""
    edits = [edits for file in ("states", "events") for edits in reading.get(file, {}).values()]
    return [parse_day(row["observed"]) for rows in edits for row in rows]
