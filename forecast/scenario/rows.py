"""Rows of the tables by issue: a position, a salience or a term, a normal distribution around its centre."""

from collections.abc import Mapping, Sequence
from typing import Any

from forecast.inputs.validation import Place, as_table, same_keys, shown
from forecast.scenario import toml_tables
from forecast.scenario.elicit import Marginal
from forecast.scenario.entries import inherit
from forecast.scenario.reader import REACH, Reader
from forecast.scenario.records import Grounded, Issue
from forecast.timeline.parameters import field_of

MOST_LOG_WEIGHT = 100.0
"""Largest log weight of an issue that any draw may have: its exponential is still a number."""


def read_rows(
    reader: Reader,
    given: Mapping[str, Any],
    issues: Sequence[Issue],
    table: Grounded,
    spread: float,
    place: Place,
) -> list[tuple[Issue, toml_tables.RowTable, Place]]:
    """Read a row for each issue: a number, or a table that may leave out all but `centre`."""
    same_keys(given, [issue.id for issue in issues], place, "issue")
    rows = []
    for issue in issues:
        raw, spot = given[issue.id], place.at(issue.id)
        if isinstance(raw, bool) or not isinstance(raw, int | float | dict):
            raise spot.error(f"found {shown(raw)}; expected a number, or a table with centre")
        own = raw if isinstance(raw, dict) else {"centre": raw}
        row = as_table(toml_tables.RowTable, inherit({"spread": spread, **own}, table, varies=False), spot)
        reader.check_grounds(row, spot)
        rows.append((issue, row, spot))
    return rows


def keep_row(
    reader: Reader,
    name: str,
    issue: Issue,
    row: toml_tables.RowTable,
    sd: float,
    place: Place,
    load: str = "",
) -> None:
    """Keep the prior of a row. Positions and terms are clipped to their support on use, saliences not."""
    declared = field_of(name)
    clipped = declared.unit == "position"
    if not clipped and not abs(row.centre) + REACH * sd <= MOST_LOG_WEIGHT:
        what = f"found centre {row.centre:g} with spread {sd:g}; expected log weights of at most {MOST_LOG_WEIGHT:g}"
        raise place.error(what, "A weight is the exponential of these numbers")
    reader.keep(
        row,
        name,
        Marginal("normal", (row.centre, sd)) if sd > 0 else Marginal("point", (row.centre,)),
        f"centre {row.centre:g}, spread {row.spread:g}{load}",
        place,
        unit=declared.unit,
        support=(float(declared.low), float(declared.high)),
        varies="world",
        without=0.5 if clipped else 0.0,
        premises=tuple(dict.fromkeys((*row.premises, *issue.premises))),
    )


def check_position(value: float, place: Place) -> None:
    """Check that a position or a term is one."""
    if not 0.0 <= value <= 1.0:
        raise place.error(f"found {value:g}; expected 0 to 1 (0 is Kyiv's ideal, 1 Moscow's)")
