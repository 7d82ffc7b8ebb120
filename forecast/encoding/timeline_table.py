"""The results of timelines as a table with ids and dates, and the dictionary of its columns."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.scenario.party_names import PartyName
from forecast.scenario.records import Kind
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import (
    CAUSES,
    LEADERS,
    LEVELS,
    PARTIES,
    POSTURES,
    RUNGS,
    RUSSIA_FAILS,
    TRUCES,
    UKRAINE_DEFEATED,
)
from forecast.timeline.fields import fields
from forecast.timeline.result import RESULT, Result

HEADLINES: tuple[str, ...] = get_args(Kind)

_SEVEN_DIGITS = ("km2", "percent", "position", "value", "ratio")
"""Units of amounts that are saved with about seven digits. Shares stay as they are, since they add up to 1, and so do
weeks, which are compared with whole numbers."""

_CODES: dict[str, tuple[str, ...]] = {
    "truce": TRUCES,
    "rung": RUNGS,
    "highest_rung": RUNGS,
    "posture": POSTURES,
    "leader": LEADERS,
    "first_refusal": PARTIES,
    "cause": CAUSES,
}

MADE = {
    "ending": "id of the ending",
    "headline": "outcome: battlefield, negotiated or unresolved",
    "last_date": "date of the ending, or the horizon",
}
"""Columns that are computed from others."""


def timeline_table(record: Any, scenario: Scenario, as_of: date) -> pd.DataFrame:
    """Convert the results of timelines to a table: codes become ids, days dates; amounts have seven digits.

    Args:
        record: (n,) results, laid out as `Result`.
        scenario: for the ids of settlements, issues and regions.
        as_of: the as-of date, from which the weeks of a timeline are counted.

    Returns:
        n rows; see `data_dictionary` for the columns.
    """
    settlements = [settlement.id for settlement in scenario.settlements]
    issues = [issue.id for issue in scenario.issues]
    reference = np.datetime64(scenario.reference_date, "s")
    columns: dict[str, Any] = {name: record[name] for name in ("timeline", "draw", "replicate")}
    columns |= _endings(record, scenario)
    days = np.round(record["week"] * 7.0).astype(np.int64) - 1
    columns["last_date"] = np.datetime64(as_of, "s") + days * np.timedelta64(86400, "s")
    for name, declared in fields(Result).items():
        if name in columns:
            continue
        values = record[name]
        if declared.shape == ("level",):
            for k, level in enumerate(LEVELS):
                columns[level_column(level, name)] = _four_digits(values[:, k])
        elif declared.shape:
            ids = list(PARTIES) if declared.shape == ("party",) else [region.id for region in scenario.regions]
            for k, row in enumerate(ids):
                if name == "gap_issue":
                    columns[f"{name}_{row}"] = _category(values[:, k].astype(np.int64), issues)
                elif declared.unit == "day":
                    columns[f"{name}_{row}"] = _dates(values[:, k], reference)
                else:
                    columns[f"{name}_{row}"] = _seven_digits(np.where(np.isfinite(values[:, k]), values[:, k], np.nan))
        elif name in ("settlement", "last_settlement"):
            columns[name] = _category(values, settlements)
        elif name in _CODES:
            columns[name] = _category(values, _CODES[name])
        elif declared.unit == "day":
            columns[name] = _dates(values, reference)
        elif declared.unit == "flag":
            columns[name] = values.astype(bool)
        elif declared.unit == "count" and RESULT[name] == np.float64:
            columns[name] = values.astype(np.int64)
        elif declared.unit in _SEVEN_DIGITS:
            columns[name] = _seven_digits(values)
        else:
            columns[name] = values
    return pd.DataFrame(columns)


def level_column(level: str, field: str) -> str:
    """Name of the column of a level's average, or of the level after some weeks or at the end."""
    return f"{level}_{field.removeprefix('at_')}"


def _four_digits(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Levels in single precision, rounded to 12 binary digits: they are conditioned on, not added up."""
    bits = (values.astype(np.float32).view(np.uint32) + np.uint32(0x400)) & np.uint32(0xFFFFF800)
    return np.where(np.isnan(values), np.float32(np.nan), bits.view(np.float32)).astype(np.float32)


def _seven_digits(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amounts with the digits of single precision: more would only be noise, and take space."""
    return values.astype(np.float32).astype(np.float64)


def outcomes(record: Any, scenario: Scenario) -> NDArray[np.int64]:
    """The outcome of each timeline, as its place in `HEADLINES`.

    Args:
        record: (n,) results, laid out as `Result`.
        scenario: for its endings.

    Returns:
        (n,)
    """
    return kinds_of_endings(scenario)[ending_codes(record, scenario)]


def _endings(record: Any, scenario: Scenario) -> dict[str, Any]:
    code = ending_codes(record, scenario)
    ids = [ending.id for ending in scenario.endings]
    return {"ending": _category(code, ids), "headline": _category(kinds_of_endings(scenario)[code], HEADLINES)}


def kinds_of_endings(scenario: Scenario) -> NDArray[np.int64]:
    """The outcome of each ending, as its place in `HEADLINES`; shape (endings,)."""
    return np.array([HEADLINES.index(ending.kind) for ending in scenario.endings])


def ending_codes(record: Any, scenario: Scenario) -> NDArray[np.int64]:
    """The ending of each timeline, as its place among the scenario's endings; shape (n,)."""
    ids = [ending.id for ending in scenario.endings]
    settled = np.array([ids.index(s.id) if s.id in ids else -1 for s in scenario.settlements])
    code = np.where(record["truce"] == TRUCES.index("general"), ids.index("general_truce"), ids.index("still_fighting"))
    code = np.where(record["settlement"] >= 0, settled[record["settlement"]], code)
    code = np.where(record["ending"] == UKRAINE_DEFEATED, ids.index(scenario.defeat), code)
    return np.where(record["ending"] == RUSSIA_FAILS, ids.index(scenario.failure), code)


def _category(codes: Any, names: Sequence[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names), dtype=object))


def _dates(days: Any, reference: np.datetime64) -> Any:
    missing = np.isnan(days)
    dates = reference + np.where(missing, 0, np.floor(np.where(missing, 0, days))).astype("timedelta64[D]")
    dates = dates.astype("datetime64[s]")
    dates[missing] = np.datetime64("NaT", "s")
    return dates


def _in_words(meaning: str) -> str:
    """The meaning of a field as a column of the table, where ids replace codes and empty cells replace NaN."""
    return meaning.replace("-1 none", "empty if none").replace("NaN if", "empty if")


CATEGORY, DATE, FLAG, NUMBER = "categories", "dates", "true or false", "numbers"
"""The content of a column of the table."""


def column_kinds() -> dict[str, str]:
    """The content of each column, by name; the columns of single parties and regions are left out."""
    kinds = {"ending": CATEGORY, "headline": CATEGORY, "last_date": DATE}
    for name, declared in fields(Result).items():
        if declared.shape == ("level",):
            kinds |= {level_column(level, name): NUMBER for level in LEVELS}
        if declared.shape or name in kinds:
            continue
        if name in ("settlement", "last_settlement", *_CODES):
            kinds[name] = CATEGORY
        else:
            kinds[name] = {"day": DATE, "flag": FLAG}.get(declared.unit, NUMBER)
    return kinds


def with_later_columns(table: pd.DataFrame) -> pd.DataFrame:
    """A table that an earlier version saved, with the columns that have come since, empty."""
    empty: dict[str, Any] = {
        CATEGORY: lambda: pd.Categorical([None] * len(table), categories=pd.Index([], dtype=object)),
        DATE: lambda: np.full(len(table), np.datetime64("NaT", "s")),
        FLAG: lambda: np.full(len(table), None, dtype=object),
        NUMBER: lambda: np.full(len(table), np.nan),
    }
    later = {name: empty[kind]() for name, kind in column_kinds().items() if name not in table}
    return table.assign(**later) if later else table


def data_dictionary(names: Mapping[str, PartyName]) -> list[tuple[str, str, str]]:
    """Name, unit and meaning of every column of the table of timelines; `<party>` and `<region>` stand for ids.

    Args:
        names: of the parties, by id: see `forecast.scenario.party_names`.
    """
    rows = [(name, "", meaning) for name, meaning in MADE.items()]
    for name, declared in fields(Result).items():
        if name in MADE:
            continue
        meaning = declared.meaning.format(**names)
        unit = "date" if declared.unit == "day" else declared.unit
        if declared.shape == ("level",):
            for level in LEVELS:
                unit = "z" if level == "advance" else declared.unit
                rows.append((level_column(level, name), unit, meaning.replace("the level", level)))
            continue
        suffix = f"_<{declared.shape[0]}>" if declared.shape else ""
        rows.append((f"{name}{suffix}", unit, _in_words(meaning)))
    return rows
