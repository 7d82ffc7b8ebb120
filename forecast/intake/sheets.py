"""Tables of publishers: rows of cells as text, from CSV files and from workbooks (.xlsx), each with its line."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from forecast.inputs.validation import Place
from forecast.intake.limits import check_size, text_of

UNPACKED: Final = 300_000_000
"""Most bytes of a workbook when it is unpacked."""

DELIMITERS: Final = ",;\t"


@dataclass(frozen=True)
class Sheet:
    """A table as it stands.

    Attributes:
        place: the file, and the sheet of a workbook.
        rows: cells as text, with the line of each row.
    """

    place: Place
    rows: Sequence[tuple[int, list[str]]]


def sheets_of(path: Path, place: Place) -> list[Sheet]:
    """Read a CSV file, or all sheets of a workbook.

    Raises:
        InputError: it is neither, or too large.
    """
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return list(_workbook(path, place))
    return [Sheet(place, csv_rows(text_of(path, place), place))]


def csv_rows(text: str, place: Place) -> list[tuple[int, list[str]]]:
    """Read CSV with commas, semicolons or tabs: the cells of each row with its line; empty lines are left out.

    Raises:
        InputError: it is not CSV.
    """
    begin = text[:10_000]
    delimiter = max(DELIMITERS, key=begin.count)
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        return [(lines.line_num, [cell.strip() for cell in cells]) for cells in lines if any(cells)]
    except csv.Error as error:
        raise place.at(f"row {lines.line_num}").error(f"it is not CSV: {error}") from error


def _workbook(path: Path, place: Place) -> Iterator[Sheet]:
    """Read the sheets of a workbook."""
    import openpyxl

    check_size(path, place)
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED:
                raise place.error(f"it unpacks to more than {UNPACKED / 1e6:.0f} MB; expected a table of some MB")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        found = [
            Sheet(
                Place(place.file, f"sheet {sheet.title!r}"),
                [(n, cells) for n, row in enumerate(sheet.iter_rows(values_only=True), 1) if any(cells := _texts(row))],
            )
            for sheet in book.worksheets
        ]
        book.close()
    except FileNotFoundError as error:
        raise place.error("there is no such file") from error
    except OSError as error:
        raise place.error(f"it cannot be read ({error.strerror or error})") from error
    except _BROKEN as error:
        raise place.error("it is not a workbook (.xlsx), or it is damaged", "Download the file again") from error
    yield from found


_BROKEN = (
    zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, SyntaxError,
    NotImplementedError, RuntimeError, OverflowError, zipfile.LargeZipFile,
)  # fmt: skip
"""The exceptions with which the library ends on a damaged workbook; SyntaxError is that of its XML parser."""


def _texts(row: Sequence[Any]) -> list[str]:
    """The cells of a row of a workbook as text."""
    return [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return str(cell).lower()
        case float():
            return repr(cell).removesuffix(".0")
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell).strip()
