"""The evidence: dated observations of the world, and the view of them that a run on a given day may have.

`evidence/evidence.toml` names the series; each is one CSV file with a row an observation:

    observed,available,value[,low,high,note,source]

`observed` is the day the figure speaks of (the last day of its month, year or fieldwork), `available` the
first day on which it was surely public. A revision is a new row with the same `observed` and a later
`available`. A run as of a day sees the rows with `available` on that day or before, and for each `observed`
the latest of those. The tests check that no other row changes a view.
"""

import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field

from forecast.errors import InputError
from forecast.evidence.csv_rows import MOST_DAYS_LATE, DatedRow, read_rows, row_place
from forecast.inputs.parsing import parse_number
from forecast.inputs.validation import (
    Place,
    Table,
    Text,
    as_table,
    id_of,
    list_folder,
    near,
    parse_toml,
    place_in,
    read_text,
)

INDEX: Final = "evidence.toml"
CODED_UNTIL: Final = "coded_until"
"""Key of it that belongs to the chronology: see `forecast.evidence.coding_guide.read_coded_until`."""

OTHERS: Final = ("events.csv", "states.csv")
"""Files beside it that do not hold a series: see `forecast.evidence.chronology`."""


MOST_DAYS_BETWEEN: Final = 3660
"""Largest `every_days` of a series: a row in ten years."""

LARGEST: Final = 1e12
"""Largest figure, of either sign, that the models can compute with."""


def _number(text: object) -> object:
    """Parse a number that is written as text."""
    if not isinstance(text, str):
        return text
    try:
        return parse_number(text)
    except ValueError as error:
        raise ValueError(f"{error}; a row without a value is left out") from None


def _end(text: object) -> object:
    """Parse an end of an interval; NaN where the cell is empty."""
    return math.nan if text == "" else _number(text)


End = Annotated[float, Field(allow_inf_nan=True), BeforeValidator(_end)]


class SeriesRow(DatedRow):
    """A row of a series' CSV file.

    Attributes:
        value: the figure, in the series' unit.
        low: lower end of its interval, in that unit; NaN if not given.
        high: upper end of its interval, in that unit; NaN if not given.
        note: caveats.
        source: id in `sources.toml` or address; empty for the series' own source.
    """

    value: Annotated[float, BeforeValidator(_number), Field(ge=-LARGEST, le=LARGEST)]
    low: End = math.nan
    high: End = math.nan
    note: str = ""
    source: str = ""


COLUMNS: Final = ("series", *SeriesRow.model_fields)
"""Columns of a table of rows: `series`, `note`, `source` text; the two dates datetime64; the rest float."""


def _series_id(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError("a name of lower-case letters, digits and _, a letter first")
    return text


def _csv_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+\.csv", text):
        raise ValueError("a name of letters, digits, _ and -, ending in .csv")
    if text in OTHERS:
        raise ValueError(f"a name other than {' and '.join(OTHERS)}, which do not hold a series")
    return text


def _ordered(ends: tuple[float, ...]) -> tuple[float, ...]:
    if not ends[0] < ends[1]:
        raise ValueError("[low, high] with low < high")
    return ends


class SeriesSpec(Table):
    """A series: an entry `[[series]]` of `evidence.toml`.

    Attributes:
        id: the name by which drivers and reports refer to it.
        file: its CSV file, beside `evidence.toml`.
        title: the quantity measured, in a few words.
        unit: the unit of `value`, `low` and `high`.
        instrument: who or what measured it; a series has one instrument.
        lag_days: usual number of days from `observed` to `available`.
        longest_lag_days: most days from `observed` to `available`; a row with more is refused. A row later than the
            default says why in its `note`.
        every_days: usual number of days from one row to the next; a series that has had no row for longer is stale.
        ended: the last day observed, if no later row will come; either this or `every_days` is given.
        range: lowest and highest plausible value, in `unit`; a value outside is flagged, not refused.
        source: id of a source in `sources.toml`; a row may name another in its own `source`.
        note: caveats.
    """

    id: Annotated[str, AfterValidator(_series_id)]
    file: Annotated[str, AfterValidator(_csv_name)]
    title: Text
    unit: Text
    instrument: Text
    lag_days: Annotated[int, Field(ge=0)]
    longest_lag_days: Annotated[int, Field(ge=MOST_DAYS_LATE)] = MOST_DAYS_LATE
    every_days: Annotated[int, Field(ge=1, le=MOST_DAYS_BETWEEN)] | None = None
    ended: date | None = None
    range: Annotated[tuple[float, ...], Field(strict=False, min_length=2, max_length=2), AfterValidator(_ordered)]
    source: Text
    note: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Evidence:
    """A set of series and their rows: all of them, or those that a day may see.

    Attributes:
        specs: what each series is, by id, in the order of `evidence.toml`.
        table: the rows, with columns `COLUMNS`, sorted by series, observed, available.
        day: the as-of date of a view; None for all rows, revisions included.
        lines: the first line of each observation in its file, by series and day, as far as it is known.
    """

    specs: Mapping[str, SeriesSpec]
    table: pd.DataFrame
    day: date | None = None
    lines: Mapping[tuple[str, date], int] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Show the numbers of series and rows, not the rows."""
        view = "" if self.day is None else f", as of {self.day}"
        return f"Evidence({len(self.specs)} series, {len(self.table)} rows{view})"

    def place(self, series_id: str, day: date, folder: Place) -> Place:
        """Give the place of an observation's day in the files of a folder."""
        place = Place(f"{folder.file}/{self.specs[series_id].file}")
        line = self.lines.get((series_id, day))
        return place.at("observed") if line is None else row_place(place, line).at("observed")

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
                remedy=f"Give {first} or a later date",
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
            what = f"no series is called {series_id!r}; expected {', '.join(self.specs)}"
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
        """Give the rows seen on `day` with a value outside the declared range of their series.

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
        """Give how recent each series is on `day`.

        Returns:
            a row a series, in the order of `evidence.toml`, indexed by id: `last_observed` and
            `last_available` (NaT where nothing was available), and `count`, the number of observations seen.
        """
        seen = self.as_of(day).table.groupby("series")
        view = seen.agg(last_observed=("observed", "max"), last_available=("available", "max"), count=("value", "size"))
        table = view.reindex(pd.Index(list(self.specs), name="series"))
        table["count"] = table["count"].fillna(0).astype(int)
        return table


def load_evidence(
    folder: Path, sources: Collection[str], seen: pd.DataFrame | None = None, label: str | None = None
) -> Evidence:
    """Read `evidence.toml` and every CSV file beside it, and check all of it, used or not.

    Args:
        folder: the folder that holds `evidence.toml` and the CSV files.
        sources: the ids in `sources.toml`.
        seen: rows to take in place of the CSV files, with columns `COLUMNS`: those that a saved run saw.
        label: what errors call the folder; by default its path.

    Returns:
        the evidence with all its rows, revisions included.

    Raises:
        InputError: a file is missing, unnamed, empty, not UTF-8 or not TOML; an entry or a column is missing,
            unknown or given twice; a date is not a real date YYYY-MM-DD, or `available` is before
            `observed`; a number is not a finite number, or `value` is outside its own `low` and `high`; an
            observation is given twice with the same `available`; a source is unknown.
    """
    specs = _read_index(folder / INDEX, place_in(folder, label, INDEX), sources)
    if seen is not None:
        return Evidence(specs, seen)
    named = {spec.file for spec in specs.values()}
    for name in list_folder(folder, Place(label or folder)):
        if name.lower().endswith(".csv") and name not in named and name not in OTHERS:
            remedy = f"Add a [[series]] to {INDEX}, or move the file"
            raise place_in(folder, label, name).error(f"no series in {INDEX} names this file", remedy)
    for spec in specs.values():
        _check_cadence(spec, place_in(folder, label, INDEX).at("series", spec.id))
    rows: list[tuple[Any, ...]] = []
    lines: dict[tuple[str, date], int] = {}
    for spec in specs.values():
        found = _read_series(spec, folder / spec.file, place_in(folder, label, spec.file), sources)
        rows += [(spec.id, *(getattr(row, column) for column in COLUMNS[1:])) for _, row in found]
        for line, row in found:
            lines.setdefault((spec.id, row.observed), line)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["observed"] = pd.to_datetime(table["observed"])
    table["available"] = pd.to_datetime(table["available"])
    return Evidence(specs, table.sort_values(["series", "observed", "available"], ignore_index=True), lines=lines)


def _read_index(path: Path, place: Place, sources: Collection[str]) -> dict[str, SeriesSpec]:
    """Read `evidence.toml`: what each series is, by id."""
    content = parse_toml(read_text(path, place), place)
    if unknown := sorted(content.keys() - {"series", CODED_UNTIL}):
        raise place.at(unknown[0]).error(f"unknown key; expected {CODED_UNTIL} and [[series]]", "Take it out")
    entries = content.get("series")
    place = place.at("series")
    if not isinstance(entries, list) or not entries:
        raise place.error("found no [[series]]; expected at least one")
    specs: dict[str, SeriesSpec] = {}
    for number, entry in enumerate(entries, start=1):
        spec = as_table(SeriesSpec, entry, place.at(id_of(entry, number)))
        spot = place.at(spec.id)
        if spec.id in specs:
            raise spot.at("id").error("two series have this id", "Keep one")
        if spec.file in {other.file for other in specs.values()}:
            raise spot.at("file").error(f"two series name the file {spec.file!r}", "Keep one")
        if spec.source not in sources:
            what = f"found {spec.source!r}; expected an id in sources.toml"
            raise spot.at("source").error(what, near(spec.source, sources))
        specs[spec.id] = spec
    return specs


def _check_cadence(spec: SeriesSpec, place: Place) -> None:
    """Check that a series says how often a row comes, or that it has ended.

    A saved run of an earlier version does neither, so this is checked only when a scenario's own rows are read.
    """
    if spec.every_days is None and spec.ended is None:
        remedy = "Add one: the usual number of days from row to row, or the last day observed if no later row will come"
        raise place.error("found neither every_days nor ended; expected one of them", remedy)
    if spec.every_days is not None and spec.ended is not None:
        raise place.error("found every_days and ended; expected one of them", "Keep one")


def _read_series(spec: SeriesSpec, path: Path, place: Place, sources: Collection[str]) -> list[tuple[int, SeriesRow]]:
    """Read the CSV file of a series: its rows, each with its line."""
    text = read_text(path, place)
    rows = read_rows(SeriesRow, text, place, sources, ("observed",), spec.longest_lag_days)
    if not rows:
        raise place.error("it has no rows; at least one is needed")
    for line, row in rows:
        spot = row_place(place, line)
        if spec.ended is not None and row.observed > spec.ended:
            what = f"{row.observed} is after {spec.ended}, when the series ended by {INDEX}"
            raise spot.at("observed").error(what, "Correct the date, or give the series every_days in place of ended")
        if row.value < row.low:
            what = f"{row.low!r} is above the value, {row.value!r}; expected the value or less"
            raise spot.at("low").error(what)
        if row.value > row.high:
            what = f"{row.high!r} is below the value, {row.value!r}; expected the value or more"
            raise spot.at("high").error(what)
    return rows
