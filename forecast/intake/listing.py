"""The evidence as it stands, as of a day, and what became known between two days or differs between two folders."""

from datetime import date
from typing import Any, Final

import pandas as pd

from forecast.errors import InputError
from forecast.evidence.coding_guide import CHANGES, EVENTS
from forecast.inputs.validation import near
from forecast.scenario.spec import Scenario

RECORD: Final = ("events", "states")
"""Names by which events and states are listed, beside the series."""


def overview(scenario: Scenario, day: date | None = None) -> dict[str, Any]:
    """Give each series with its last figure, and the record with its last rows.

    Args:
        scenario: the scenario.
        day: the as-of date; None for all rows, revisions included.
    """
    evidence = scenario.evidence if day is None else scenario.evidence.as_of(day)
    series = []
    for name, spec in evidence.specs.items():
        rows = evidence.series(name)
        last = rows.iloc[-1] if len(rows) else None
        series.append(
            {
                "series": name,
                "title": spec.title,
                "unit": spec.unit,
                "rows": len(rows),
                "last_observed": None if last is None else _day(last["observed"]),
                "last_available": None if last is None else _day(rows["available"].max()),
                "last_value": None if last is None else float(last["value"]),
            }
        )
    record = scenario.chronology if day is None else scenario.chronology.as_of(day)
    return {
        "scenario": scenario.id,
        "folder": str(scenario.folder),
        "as_of": None if day is None else str(day),
        "series": series,
        "coded_until": str(scenario.chronology.coded_until),
        "events": len(record.events),
        "states": len(record.states),
    }


def rows_of(scenario: Scenario, name: str, day: date | None = None) -> dict[str, Any]:
    """Give the rows of a series, or of events or states.

    Args:
        scenario: the scenario.
        name: id of a series, `events` or `states`.
        day: the as-of date; None for all rows, revisions included.

    Raises:
        InputError: there is no such series.
    """
    if name not in (*scenario.evidence.specs, *RECORD):
        known = (*scenario.evidence.specs, *RECORD)
        raise InputError(
            f"no series is called {name[:60]!r}; expected {', '.join(known)}", remedy=near(name[:60], known)
        )
    if name in RECORD:
        record = scenario.chronology if day is None else scenario.chronology.as_of(day)
        table = record.events if name == "events" else record.states
        columns = [column for column in table if column not in ("row", "systematic")]
        rows = [_plain({column: row[column] for column in columns}) for row in table.to_dict("records")]
        return {"scenario": scenario.id, "as_of": None if day is None else str(day), "name": name, "rows": rows}
    evidence = scenario.evidence if day is None else scenario.evidence.as_of(day)
    spec = evidence.specs[name]
    table = evidence.series(name).drop(columns="series")
    return {
        "scenario": scenario.id,
        "as_of": None if day is None else str(day),
        "name": name,
        "title": spec.title,
        "unit": spec.unit,
        "rows": [_plain(row) for row in table.to_dict("records")],
    }


def became_known(scenario: Scenario, former: date, later: date) -> dict[str, Any]:
    """Give the rows that became known after one day and by another: new figures, revisions, events, states.

    Args:
        scenario: the scenario.
        former: an as-of date.
        later: a later one; the two are put in order.
    """
    former, later = sorted((former, later))
    rows = _figures(scenario.evidence.as_of(former).table, scenario.evidence.as_of(later).table)
    before, after = scenario.chronology.as_of(former), scenario.chronology.as_of(later)
    return {
        "from": str(former),
        "to": str(later),
        **rows,
        "events": _others(before.events, after.events)["added"],
        "states": _others(before.states, after.states)["added"],
        "removed": [
            {"file": file} | row
            for file, tables in (
                (EVENTS, (before.events, after.events)),
                (CHANGES, (before.states, after.states)),
            )
            for row in _others(*tables)["removed"]
        ],
    }


def differences(former: Scenario, later: Scenario) -> dict[str, Any]:
    """Give the rows by which the evidence of two scenario folders differs.

    Args:
        former: a scenario.
        later: another, usually a later state of the same.
    """
    key = ["series", "observed", "available"]
    rows = _figures(former.evidence.table, later.evidence.table, key)
    tables = ((EVENTS, former.chronology.events, later.chronology.events),)
    tables += ((CHANGES, former.chronology.states, later.chronology.states),)  # type: ignore[assignment]
    found = {file: _others(one, other) for file, one, other in tables}
    removed = [{"file": file} | row for file, rows in found.items() for row in rows["removed"]]
    return {
        "from": str(former.folder),
        "to": str(later.folder),
        **rows,
        "events": found[EVENTS]["added"],
        "states": found[CHANGES]["added"],
        "removed": [*rows.pop("removed"), *removed],
    }


def _figures(
    former: pd.DataFrame, later: pd.DataFrame, key: list[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """New, revised and removed figures between two tables."""
    key = key or ["series", "observed"]
    before = {tuple(row[name] for name in key): row for row in former.to_dict("records")}
    after = {tuple(row[name] for name in key): row for row in later.to_dict("records")}
    added = [_plain(row) for name, row in after.items() if name not in before]
    revised = [
        _plain(row) | {"was": float(before[name]["value"])}
        for name, row in after.items()
        if name in before and (row["value"], row["available"]) != (before[name]["value"], before[name]["available"])
    ]
    removed = [_plain(row) for name, row in before.items() if name not in after]
    return {"figures": added, "revised": revised, "removed": removed}


def _others(former: pd.DataFrame, later: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Rows of events or states that are in one table only."""

    def known(table: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Any]]:
        rows = [
            _plain({name: cell for name, cell in row.items() if name not in ("row", "systematic")})
            for row in table.to_dict("records")
        ]
        return {tuple(map(str, row.values())): row for row in rows}

    before, after = known(former), known(later)
    return {
        "added": [row for name, row in after.items() if name not in before],
        "removed": [row for name, row in before.items() if name not in after],
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row with days as text, without ends of intervals and notes that are not given."""
    found = {str(name): _day(cell) if isinstance(cell, pd.Timestamp) else cell for name, cell in row.items()}
    return {name: cell for name, cell in found.items() if not _missing(name, cell)}


def _missing(name: str, cell: object) -> bool:
    return name in ("low", "high", "note", "source") and (cell == "" or cell != cell)


def _day(when: pd.Timestamp) -> str:
    return when.date().isoformat()
