"""A file of evidence from a folder in which files are dropped: its kind is detected, and it is imported."""

import contextlib
from datetime import date, timedelta
from pathlib import Path

from forecast.errors import InputError
from forecast.intake.deepstate import import_maps, parse_json
from forecast.intake.figures import Differs, Request
from forecast.intake.folder import writable_scenario
from forecast.intake.kiel import import_kiel, is_release
from forecast.intake.limits import dates_in, named, text_of
from forecast.intake.reports import ImportReport
from forecast.intake.sheets import sheets_of
from forecast.intake.tables import has_fields, import_csv
from forecast.locations import folder_in_variable
from forecast.store.saved_run import VARIABLE

MAPS = (".geojson", ".json")
TABLES = (".csv", ".xlsx", ".xlsm", ".tsv", ".txt")

__all__ = ["ImportReport", "import_file"]


def import_file(path: Path, scenario_folder: Path, *, today: date, runs: Path | None = None) -> ImportReport:
    """Import a file of any kind that its content shows.

    A map of DeepState has its own date. A release of the Kiel tracker was public on the date in the file's name, else
    on `today`. A map that differs from the one recorded for its day is a revision that became available on `today`. A
    table with the columns series, observed, available and value (and source, note, low, high) has its own dates.

    Args:
        path: the file.
        scenario_folder: the folder of the scenario that it is for.
        today: the day of the import; no figure can be of a later day, nor public later.
        runs: the folder of saved runs, for flags; by default `$FORECAST_RUNS`, else `./runs`.

    Raises:
        InputError: it is of no known kind, or cannot be imported; nothing was written.
        SystemRefusal: another process adds evidence.
    """
    folder = writable_scenario(scenario_folder)
    place = named(path)
    if path.is_symlink():
        raise place.error("it is a link; expected a file")
    kept = runs if runs is not None else folder_in_variable(VARIABLE) or Path("runs")
    request = Request(latest_day(today), runs=kept)
    suffix = path.suffix.lower()
    if suffix not in (*MAPS, *TABLES):
        kinds = "a map (.geojson), a release of the Kiel tracker (.csv, .xlsx), or a table (.csv)"
        raise place.error(f"files of this kind are not imported; expected {kinds}")
    if suffix in MAPS:
        return _map(path, folder, request, today)
    if suffix not in (".xlsx", ".xlsm") and (text := text_of(path, place)).lstrip().startswith("{"):
        parse_json(text, place)
        raise place.error("it is JSON in a file for tables", "Give a map the ending .geojson")
    sheets = sheets_of(path, place)
    if len(sheets) == 1 and has_fields(sheets[0]):
        return import_csv(folder, path, request)
    if is_release(sheets):
        released = max(dates_in(path.name), default=today)
        return import_kiel(folder, path, released, request)
    found = sheets[0].rows[0][1] if sheets and sheets[0].rows else []
    what = f"found the columns {', '.join(found[:12])[:300] or 'of an empty table'}"
    raise place.error(
        f"{what}; expected series, observed, available, value (and source), or a table of the Kiel tracker with "
        "country, year, month and total"
    )


def _map(path: Path, folder: Path, request: Request, today: date) -> ImportReport:
    """Import a map; one that was redrawn is a revision of the day of the import."""
    try:
        return import_maps(folder, [path], request)
    except Differs as differs:
        with contextlib.suppress(InputError):
            report = import_maps(folder, [path], request, available=today)
            report.flags += [f"{named(path).file}: it differs from the map recorded for its day, and revises it"]
            return report
        remedy = "A redrawn map of a day so long ago is entered with: forecast evidence import deepstate"
        raise InputError(differs.what, remedy=remedy) from differs


def latest_day(today: date) -> date:
    """The latest day that evidence can be of: the day of the import or the clock's, and one more for other zones."""
    return max(today, date.today()) + timedelta(days=1)  # noqa: DTZ011
