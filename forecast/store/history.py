"""The odds of saved runs over as-of dates: rows with columns that keep their meaning for ever.

`docs/history.md` documents the columns. A column may be added at the end; none is removed, renamed or given another
meaning.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from forecast.plain_text import csv_cell, visible, without_middle
from forecast.store.index import Odds, RunSummary
from forecast.store.record import of_record_in, superseded

ENDS = ("battlefield", "negotiated", "unresolved")
"""The three ends, in the order of the columns."""

MEASURES = ("probability", "standard_error", "low", "high")
"""The numbers of an end."""

COLUMNS = (
    *("run", "scenario", "as_of", "saved", "scheduled_job", "published"),
    *(f"{end}_{measure}" for end in ENDS for measure in MEASURES),
    *("of_record", "superseded_by", "corrects", "perspective", "timelines", "changed"),
)
"""Names of the columns, in their order."""

SCHEMA = 1
"""Version of the columns; it stays 1 while columns are only added."""

LONGEST = 1000
"""Most characters of a text in CSV: a reader may refuse a cell of more than 131,072."""

Row = dict[str, Any]


def history_rows(runs: Iterable[RunSummary]) -> list[Row]:
    """One row a run, by as-of date, then start; its keys are `COLUMNS`.

    Args:
        runs: from `forecast.store.record.runs_of_record`.
    """
    runs = sorted(runs, key=lambda run: run.order)
    later = superseded(of_record_in(runs))
    return [_row(run, later.get(run.id)) for run in runs]


def _row(run: RunSummary, superseded_by: str | None) -> Row:
    publication = run.marks.publication
    odds: Row = {}
    for end in ENDS:
        entry = run.odds.get(end, Odds(None, None, None, None))
        odds |= {f"{end}_{measure}": getattr(entry, measure) for measure in MEASURES}
    return {
        "run": run.id,
        "scenario": run.scenario,
        "as_of": run.as_of.isoformat(),
        "saved": run.saved,
        "scheduled_job": run.marks.jobs,
        "published": None if publication is None else publication.published,
        **odds,
        "of_record": run.marks.of_record,
        "superseded_by": superseded_by,
        "corrects": None if publication is None else publication.corrects,
        "perspective": run.settings.get("perspective"),
        "timelines": run.settings.get("timelines"),
        "changed": run.changed,
    }


def history_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as JSON: `schema`, `columns` and `rows`."""
    return {"schema": SCHEMA, "columns": list(COLUMNS), "rows": list(rows)}


def history_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV; an empty cell where there is no value, `true` or `false` for a yes or no.

    Text that a spreadsheet would take for a formula gets an apostrophe in front; control characters are escaped, and a
    text of more than 1,000 characters is shortened.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return csv_cell(without_middle(visible(" ".join(str(value).split())), LONGEST))
