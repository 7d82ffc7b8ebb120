"""Rows added to the text of a CSV file: every line that was there keeps its bytes and its order.

Rows go in the order of `observed`, after those of the same day. A column that a new row needs and the file lacks is
added at the right, empty in the rows that were there.
"""

import csv
import io
from collections.abc import Mapping, Sequence

from forecast.errors import InputError


def with_rows(text: str, rows: Sequence[Mapping[str, str]]) -> str:
    """Give the text of a CSV file with rows added.

    Args:
        text: the file, with a header that has a column `observed`.
        rows: the new rows: cells by column. Empty cells need no column.

    Raises:
        InputError: the file has no header.
    """
    header, *records = _records(text)
    columns = next(csv.reader([header]), [])
    end = "\r\n" if header.endswith("\r\n") else "\n"
    if "observed" not in columns:
        raise InputError(f"found the columns {', '.join(columns) or 'of an empty file'}; expected observed among them")
    for column in dict.fromkeys(name for row in rows for name, cell in row.items() if cell):
        if column not in columns:
            columns.append(column)
            header, *records = (_longer(record, cell, end) for record, cell in _cells(column, header, records))
    place = columns.index("observed")
    records = [record if record.endswith(("\n", "\r")) else record + end for record in records]
    days = [next(csv.reader(io.StringIO(record, newline="")))[place] for record in records]
    for row in sorted(rows, key=lambda row: (row["observed"], row["available"])):
        at = next((k for k in range(len(days), 0, -1) if days[k - 1] <= row["observed"]), 0)
        records.insert(at, _line([row.get(column, "") for column in columns], end))
        days.insert(at, row["observed"])
    if not header.endswith(("\n", "\r")):
        header += end
    return "".join([header, *records])


def _cells(column: str, header: str, records: Sequence[str]) -> list[tuple[str, str]]:
    """Each record with the cell that a new column has in it: its name in the header, nothing below."""
    return [(header, column), *((record, "") for record in records)]


def _longer(record: str, cell: str, end: str) -> str:
    """A record with a cell more at its end."""
    return f"{record.rstrip('\r\n')},{cell}{end}"


def _line(cells: Sequence[str], end: str) -> str:
    """A record as text."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerow(cells)
    return out.getvalue()


def _records(text: str) -> list[str]:
    """The records of a CSV file as they stand, each with the end of its last line."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, strict=True)
    found, begin = [], 0
    for _ in reader:
        found.append("".join(lines[begin : reader.line_num]))
        begin = reader.line_num
    return found or [""]
