"""The result of a sweep: tables, sentences and notes, and the files that they are saved as."""

import math
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast.cache.digests import sha256
from forecast.errors import InputError, refusal_of
from forecast.plain_text import markdown, markdown_url, without_middle
from forecast.report.sweep_figures import sweep_figures
from forecast.store.attached import write_attached
from forecast.store.csv_text import csv_text
from forecast.store.json_text import to_json
from forecast.store.parquet import parquet_bytes
from forecast.store.run_folder import Run
from forecast.store.whole_file import PART, replace_file

MOST_ROWS = 60
"""Rows of a table on the Markdown page; the CSV and Parquet files have all."""

DIGITS = 4
"""Significant digits of a number on the Markdown page."""


@dataclass(frozen=True)
class SweepResult:
    """The result of one method of `forecast sweep`.

    Attributes:
        method: its name, such as `tornado`.
        about: the question asked: scenario, perspective, as_of, replayed (whether each cell replays the past),
            timelines, seed, inputs, output and so on, as plain JSON.
        tables: tidy tables by name; the first is the main one.
        sentences: the result in readers' words, each number with its uncertainty.
        notes: cautions.
    """

    method: str
    about: dict[str, Any]
    tables: dict[str, pd.DataFrame]
    sentences: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def table(self) -> pd.DataFrame:
        """The main table."""
        return next(iter(self.tables.values()))

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON holds it: each table as a list of rows, days as texts, missing numbers as null."""
        return {
            "method": self.method,
            "about": as_plain(self.about),
            "sentences": list(self.sentences),
            "notes": list(self.notes),
            "tables": {name: as_plain(table.to_dict("records")) for name, table in self.tables.items()},
        }

    def page(self, pictures: Sequence[str] = ()) -> str:
        """The result as a short Markdown page: sentences, the picture, the main table, notes.

        Args:
            pictures: names of the files of the picture; the last one is shown, the others are named.
        """
        parts = [f"# {self.method.capitalize()}", *(markdown(text) for text in self.sentences)]
        if pictures:
            *others, shown = pictures
            parts.append(f"![Figure of the table below]({markdown_url(shown)})")
            parts += [f"The picture as a file: [{markdown(other)}]({markdown_url(other)})" for other in others]
        parts.append(markdown_table(self.table.head(MOST_ROWS)))
        if len(self.table) > MOST_ROWS:
            parts.append(f"The first {MOST_ROWS} of {len(self.table)} rows; the CSV file has all.")
        if self.notes:
            parts.append("\n".join(f"- {markdown(text)}" for text in self.notes))
        return "\n\n".join(parts) + "\n"

    def files(self, name: str | None = None) -> dict[str, bytes]:
        """The content of the files that the result is saved as, by their names; the JSON file is the last.

        Args:
            name: the beginning of the names; by default the method.
        """
        begin = name or self.method
        made: dict[str, bytes] = {}
        for key, table in self.tables.items():
            made[f"{begin}-{key}.csv"] = csv_text(table).encode()
            made[f"{begin}-{key}.parquet"] = parquet_bytes(table)
        content = self.to_dict()
        pictures = {f"{begin}{suffix}": data for suffix, data in sweep_figures(content).items()}
        made |= pictures
        made[f"{begin}.md"] = self.page(list(pictures)).encode()
        made[f"{begin}.json"] = to_json(content).encode()
        return made


def save_result(result: SweepResult, folder: Path, name: str | None = None) -> list[Path]:
    """Write a result to a folder, which is made if need be: all files are complete before the first takes its place.

    Args:
        result: the result.
        folder: the folder.
        name: the beginning of the files' names; by default the method.

    Returns:
        The paths of the files.

    Raises:
        InputError: the folder cannot be written.
        SystemRefusal: there is not enough space, and nothing was written.
    """
    content = result.files(name)
    if folder.exists() and not folder.is_dir():
        raise InputError("it is not a folder", file=folder, remedy="Name another with --out")
    made, part = not folder.exists(), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=PART, dir=folder))
        for file, data in content.items():
            replace_file(part / file, data)
        for file in content:
            (part / file).replace(folder / file)
    except OSError as error:
        if made and part is not None:
            shutil.rmtree(part, ignore_errors=True)
            part = None
            folder.rmdir()
        raise refusal_of(error, folder) or error from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return [folder / file for file in content]


def attach_result(result: SweepResult, run: Run, name: str | None = None) -> list[Path]:
    """Write the result of a sweep of a saved run to the run's attached folder, each file whole, the JSON file last.

    Args:
        result: the result.
        run: the run.
        name: the beginning of the files' names; by default the method.

    Raises:
        InputError: the folder cannot be written.
        SystemRefusal: another process writes there for too long, or there is not enough space.
    """
    return [write_attached(run, file, data) for file, data in result.files(name).items()]


def text_key(*texts: str) -> str:
    """Eight hexadecimal digits for the name of a result's files: other questions of the same method have others."""
    return sha256("\0".join(texts).encode())[:8]


def as_plain(value: Any) -> Any:
    """A value as JSON holds it: days as YYYY-MM-DD, numbers of numpy as Python's, missing and infinite ones as null."""
    if isinstance(value, Mapping):
        return {str(key): as_plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray | pd.Series):
        return [as_plain(entry) for entry in value]
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int | bool | str) else str(value)


def markdown_table(table: pd.DataFrame) -> str:
    """A table as Markdown, with numbers to four significant digits; an empty cell is missing."""
    head = [str(name).replace("_", " ") for name in table.columns]
    lines = [_row(head), _row(["---"] * len(head))]
    lines += [_row([in_words(value) for value in row]) for row in table.itertuples(index=False, name=None)]
    return "\n".join(lines)


def in_words(value: Any) -> str:
    """A cell of a table as text."""
    plain = as_plain(value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, float):
        return f"{plain:.{DIGITS}g}"
    return without_middle(str(plain))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell if set(cell) == {'-'} else markdown(cell) for cell in cells)} |"
