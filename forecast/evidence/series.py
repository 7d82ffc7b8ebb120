"""The evidence: dated observations of the world, and the view of them that a run on a given day may have.

`evidence/evidence.toml` names the series; each is one CSV file with a row an observation:

    observed,available,value[,low,high,note,source]

`observed` is the day the figure speaks of (the last day of its month, year or fieldwork), `available` the
first day on which it was surely public. A revision is a new row with the same `observed` and a later
`available`. A run as of a day sees the rows with `available` on that day or before, and for each `observed`
the latest of those. Nothing else can touch it: the tests change everything else.
"""

import csv
import hashlib
import io
import json
import math
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import pandas as pd
from pydantic import AfterValidator, Field

from forecast.errors import InputError
from forecast.validation import Place, Table, as_table, read_text

INDEX: Final = "evidence.toml"
OTHERS: Final = ("events.csv", "states.csv")
"""Files beside it that are no series: see `forecast.evidence.chronology`."""

REQUIRED: Final = ("observed", "available", "value")
OPTIONAL: Final = ("low", "high", "note", "source")
COLUMNS: Final = ("series", *REQUIRED, *OPTIONAL)
"""Columns of a table of rows: `series`, `note`, `source` text; the two dates datetime64; the rest float."""

_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

Row = tuple[str, date, date, float, float, float, str, str]
"""One observation, in the order of `COLUMNS`; `low` and `high` are NaN where the file gives none."""


def _series_id(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError("a name of lower-case letters, digits and _, a letter first")
    return text


def _csv_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.csv", text):
        raise ValueError("a name of letters, digits, _ and -, ending in .csv")
    if text in OTHERS:
        raise ValueError(f"a name other than {' and '.join(OTHERS)}, which are no series")
    return text


def _ordered(ends: tuple[float, ...]) -> tuple[float, ...]:
    if not ends[0] < ends[1]:
        raise ValueError("[low, high] with low < high")
    return ends


class SeriesSpec(Table):
    """What one series is: an entry `[[series]]` of `evidence.toml`.

    Attributes:
        id: the name by which drivers and reports refer to it.
        file: its CSV file, beside `evidence.toml`.
        title: what is measured, in a few words.
        unit: the unit of `value`, `low` and `high`.
        instrument: who or what measured it; a series has one instrument.
        lag_days: usual number of days from `observed` to `available`.
        range: lowest and highest plausible value, in `unit`; a value outside is flagged, not refused.
        source: id of a source in `sources.toml`; a row may name another in its own `source`.
        used_by: the driver that learns from it, or empty: kept for the reader only.
        note: caveats.
    """

    id: Annotated[str, AfterValidator(_series_id)]
    file: Annotated[str, AfterValidator(_csv_name)]
    title: Annotated[str, Field(min_length=1)]
    unit: Annotated[str, Field(min_length=1)]
    instrument: Annotated[str, Field(min_length=1)]
    lag_days: Annotated[int, Field(ge=0)]
    range: Annotated[tuple[float, ...], Field(strict=False, min_length=2, max_length=2), AfterValidator(_ordered)]
    source: Annotated[str, Field(min_length=1)]
    used_by: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class Evidence:
    """A set of series and their rows: all of them, or those that a day may see.

    Attributes:
        specs: what each series is, by id, in the order of `evidence.toml`.
        table: the rows, with columns `COLUMNS`, sorted by series, observed, available.
        day: the as-of date of a view; None for all rows, revisions included.
    """

    specs: Mapping[str, SeriesSpec]
    table: pd.DataFrame
    day: date | None = None

    def as_of(self, day: date) -> "Evidence":
        """Give the view of a day: rows available by then, the latest revision of each observation.

        A series of which nothing was available yet has no rows in the view.

        Args:
            day: the as-of date.

        Raises:
            InputError: nothing at all was available by that day.
            ValueError: this is itself the view of another day.
        """
        if self.day is not None:
            # A view has lost later rows and the revisions that others replaced: it can give no other day.
            if day != self.day:
                raise ValueError(f"a view as of {self.day} cannot give {day}: that needs all the evidence")
            return self
        table = self.table[self.table["available"] <= pd.Timestamp(day)]
        if table.empty:
            first = self.table["available"].min().date()
            raise InputError(
                f"no evidence was available by {day}; the first row became available on {first}",
                key="as_of",
                mend=f"Give {first} or a later date",
            )
        # Sorted by available within an observation, so the last one is the latest revision.
        table = table.drop_duplicates(["series", "observed"], keep="last").reset_index(drop=True)
        return Evidence(self.specs, table, day)

    def series(self, series_id: str) -> pd.DataFrame:
        """Give the rows of one series, sorted by `observed`, with columns `COLUMNS`; perhaps none.

        Raises:
            InputError: there is no such series.
        """
        if series_id not in self.specs:
            what = f"no series is called {series_id!r}; allowed are {', '.join(self.specs)}"
            raise InputError(what, file=INDEX)
        return self.table[self.table["series"] == series_id].reset_index(drop=True)

    def rows(self, day: date) -> pd.DataFrame:
        """Give the rows that a run as of `day` sees, by series and `observed`, to be kept with the run."""
        return self.as_of(day).table.copy()

    def digest(self, day: date) -> str:
        """Give the SHA-256, in hexadecimal, of the rows that a run as of `day` sees.

        The text hashed has a JSON list a row, in the order of `rows`, with ISO dates and the shortest decimal
        form of each number: neither the order of rows in the files, nor how a number is spelt, nor any row
        not seen changes it.
        """
        lines = []
        for name, observed, available, *numbers, note, source in self.as_of(day).table.itertuples(index=False):
            dates = observed.date().isoformat(), available.date().isoformat()
            # Adding 0.0 makes -0.0 the same as 0.0.
            figures = (None if math.isnan(number) else number + 0.0 for number in numbers)
            lines.append(json.dumps([name, *dates, *figures, note, source]))
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()

    def flags(self, day: date) -> pd.DataFrame:
        """Give the rows seen on `day` whose value lies outside its series' declared range.

        Returns:
            columns `COLUMNS` and `lowest`, `highest`: the declared range, in the series' unit.
        """
        table = self.rows(day)
        limits = [self.specs[name].range for name in table["series"]]
        table["lowest"] = [low for low, _ in limits]
        table["highest"] = [high for _, high in limits]
        inside = table["value"].between(table["lowest"], table["highest"])
        return table[~inside].reset_index(drop=True)

    def vintage(self, day: date) -> pd.DataFrame:
        """Tell how fresh each series is on `day`.

        Returns:
            a row a series, in the order of `evidence.toml`, indexed by id: `last_observed` and
            `last_available` (NaT where nothing was available), and `count`, the number of observations seen.
        """
        seen = self.as_of(day).table.groupby("series")
        view = seen.agg(last_observed=("observed", "max"), last_available=("available", "max"), count=("value", "size"))
        table = view.reindex(pd.Index(list(self.specs), name="series"))
        table["count"] = table["count"].fillna(0).astype(int)
        return table


def load_evidence(folder: Path, sources: Collection[str], seen: pd.DataFrame | None = None) -> Evidence:
    """Read `evidence.toml` and every CSV file beside it, and check all of it, used or not.

    Args:
        folder: the folder that holds `evidence.toml` and the CSV files.
        sources: the ids in `sources.toml`.
        seen: rows to take in place of the CSV files, with columns `COLUMNS`: those that a saved run saw.

    Returns:
        the evidence with all its rows, revisions included.

    Raises:
        InputError: a file is missing, unnamed, empty, not UTF-8 or not TOML; an entry or a column is missing,
            unknown or given twice; a date is not a real date YYYY-MM-DD, or `available` is before
            `observed`; a number is not a finite number, or `value` is outside its own `low` and `high`; an
            observation is given twice with the same `available`; a source is unknown.
    """
    specs = _read_index(folder / INDEX, sources)
    if seen is not None:
        return Evidence(specs, seen)
    named = {spec.file for spec in specs.values()}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".csv" and path.name not in named and path.name not in OTHERS:
            mend = f"Add a [[series]] to {INDEX}, or move the file"
            raise InputError(f"no series in {INDEX} names this file", file=path, mend=mend)
    rows = [row for spec in specs.values() for row in _read_series(folder / spec.file, spec, sources)]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["observed"] = pd.to_datetime(table["observed"])
    table["available"] = pd.to_datetime(table["available"])
    return Evidence(specs, table.sort_values(["series", "observed", "available"], ignore_index=True))


def _read_index(path: Path, sources: Collection[str]) -> dict[str, SeriesSpec]:
    try:
        content: dict[str, Any] = tomllib.loads(read_text(path, Place(path)))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"it is not TOML: {error}", file=path) from error
    if unknown := sorted(content.keys() - {"series"}):
        raise InputError(f"unknown key {unknown[0]!r}; only [[series]] is allowed", file=path, key=unknown[0])
    entries = content.get("series")
    if not isinstance(entries, list) or not entries:
        raise InputError("there must be at least one [[series]]", file=path, key="series")
    specs: dict[str, SeriesSpec] = {}
    for number, entry in enumerate(entries, start=1):
        label = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        spec = as_table(SeriesSpec, entry, Place(path).at("series", label))
        where = f"series.{spec.id}"
        if spec.id in specs:
            raise InputError("two series have this id", file=path, key=f"{where}.id")
        if spec.file in {other.file for other in specs.values()}:
            raise InputError(f"two series name the file {spec.file!r}", file=path, key=f"{where}.file")
        if spec.source not in sources:
            what = f"unknown source {spec.source!r}; allowed is an id in sources.toml"
            raise InputError(what, file=path, key=f"{where}.source")
        specs[spec.id] = spec
    return specs


def _read_series(path: Path, spec: SeriesSpec, sources: Collection[str]) -> list[Row]:
    # Rows are counted as the lines of an editor; the header is row 1.
    reader = csv.reader(io.StringIO(read_text(path, Place(path)), newline=""), strict=True)
    rows: list[Row] = []
    seen: dict[tuple[date, date], int] = {}
    try:
        header = next(reader, [])
        _check_header(path, header)
        for cells in reader:
            line = reader.line_num
            if len(cells) != len(header):
                what = f"found {len(cells)} cells; the header names {len(header)} columns"
                raise InputError(what, file=path, key=f"row {line}")
            row = _read_row(path, line, spec, dict(zip(header, cells, strict=True)), sources)
            _, observed, available, *_ = row
            if (observed, available) in seen:
                first = seen[observed, available]
                raise InputError(
                    f"observed {observed} with available {available} is given twice; first in row {first}",
                    file=path,
                    key=f"row {line}, column observed",
                    mend="A revision needs a later date in available",
                )
            seen[observed, available] = line
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"it is not CSV: {error}", file=path, key=f"row {reader.line_num}") from error
    if not rows:
        raise InputError("it has no rows; at least one is needed", file=path)
    return rows


def _check_header(path: Path, header: list[str]) -> None:
    allowed = REQUIRED + OPTIONAL
    if not header:
        raise InputError(f"it is empty, or its first line is; allowed there are {', '.join(allowed)}", file=path)
    for position, column in enumerate(header):
        if column not in allowed or column in header[:position]:
            what = "the column is given twice" if column in allowed else "unknown column"
            key = f"row 1, column {column}"
            raise InputError(f"{what}; allowed are {', '.join(allowed)}", file=path, key=key)
    for column in REQUIRED:
        if column not in header:
            what = f"the column is missing; found {', '.join(header)}"
            raise InputError(what, file=path, key=f"row 1, column {column}")


def _read_row(path: Path, line: int, spec: SeriesSpec, cells: Mapping[str, str], sources: Collection[str]) -> Row:
    def refuse(column: str, what: str, mend: str | None = None) -> InputError:
        return InputError(what, file=path, key=f"row {line}, column {column}", mend=mend)

    def day(column: str) -> date:
        text = cells[column]
        try:
            if not _ISO.fullmatch(text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            raise refuse(column, f"{text!r} is not a date; allowed is a real day as YYYY-MM-DD") from None

    def number(column: str) -> float:
        text = cells[column]
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            what = f"{text!r} is not a number; allowed is a finite decimal number, in {spec.unit}"
            raise refuse(column, what, "Leave out a row that has no value" if column == "value" else None)
        return float(text)

    observed, available, value = day("observed"), day("available"), number("value")
    if available < observed:
        raise refuse("available", f"{available} is before observed, {observed}; allowed is that day or later")
    low = number("low") if cells.get("low") else math.nan
    high = number("high") if cells.get("high") else math.nan
    if value < low:
        raise refuse("low", f"{low!r} is above the value, {value!r}; allowed is the value or less")
    if value > high:
        raise refuse("high", f"{high!r} is below the value, {value!r}; allowed is the value or more")
    source = cells.get("source", "")
    if source and source not in sources and not source.startswith(("https://", "http://")):
        raise refuse("source", f"unknown source {source!r}; allowed is an id in sources.toml, or an address")
    return spec.id, observed, available, value, low, high, cells.get("note", ""), source
