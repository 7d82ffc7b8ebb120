"""Releases of the Kiel Institute's Ukraine Support Tracker: aid allocated a month by the United States and by Europe.

The table has a row a donor and month, with amounts in billions of euros. Titles above it, the order of its columns, and
the case and punctuation of their names change between releases, so the header is found by its names. A month without a
row is a month without aid. Europe is its states and the institutions of the EU; Turkey is not counted among them.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from forecast.errors import InputError
from forecast.inputs.parsing import parse_number, shortened
from forecast.inputs.validation import Place
from forecast.intake.figures import Figure, Request, record_figures
from forecast.intake.limits import named, refuse_later
from forecast.intake.reports import ImportReport
from forecast.intake.sheets import Sheet, sheets_of
from forecast.scenario.load import load_scenario

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "donor": ("country", "countries", "donor", "donors", "donor_country", "country_name"),
    "year": ("year",),
    "month": ("month",),
    "period": ("date", "year_month", "month_year", "period", "month_of_allocation"),
    "total": ("total", "total_allocations", "total_allocated", "allocations", "total_aid"),
    "financial": ("financial", "financial_allocations", "financial_aid"),
    "humanitarian": ("humanitarian", "humanitarian_allocations", "humanitarian_aid"),
    "military": ("military", "military_allocations", "military_aid"),
}
"""The columns that are used, by the names that they have in a header, in small letters with _ for all else."""

KINDS: Final = ("financial", "humanitarian", "military")

UNITS: Final = re.compile(r"[\[(]([^\])]*)[\])]")
BILLIONS: Final = (
    "eur bn", "€ bn", "bn eur", "billion eur", "eur billion", "billion euros", "in billion euros", "€ billion",
)  # fmt: skip

EUROPE: Final = (
    "austria", "belgium", "bulgaria", "croatia", "cyprus", "czechia", "czech_republic", "denmark", "estonia",
    "finland", "france", "germany", "greece", "hungary", "iceland", "ireland", "italy", "latvia", "lithuania",
    "luxembourg", "malta", "netherlands", "norway", "poland", "portugal", "romania", "slovakia",
    "slovak_republic", "slovenia", "spain", "sweden", "switzerland", "united_kingdom",
    "eu_commission_and_council", "eu_institutions", "european_union", "eu", "european_commission",
    "european_investment_bank", "european_peace_facility",
)  # fmt: skip
UNITED_STATES: Final = ("united_states", "united_states_of_america", "usa", "us")
OTHERS: Final = (
    "australia", "canada", "china", "india", "japan", "new_zealand", "south_korea", "korea",
    "republic_of_korea", "taiwan", "turkiye", "turkey",
)  # fmt: skip

DIGITS: Final = 3
"""Decimals of the figures recorded, in billions of euros."""

SAME: Final = 0.0006
"""Amounts that differ by no more, in billions of euros, are the same: they are rounded to a thousandth."""

FIRST_ROWS: Final = 60
"""Rows of a sheet among which its header is looked for."""


@dataclass(frozen=True)
class Release:
    """The aid of a release.

    Attributes:
        months: the last day of each month, from the first to the last of the table.
        united_states: EUR bn allocated in each.
        europe: the same.
        place: the file.
    """

    months: tuple[date, ...]
    united_states: tuple[float, ...]
    europe: tuple[float, ...]
    place: Place


def import_kiel(folder: Path, path: Path, released: date, request: Request) -> ImportReport:
    """Record the aid of a release: months that are new, and revisions of those whose figures changed.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        path: the publisher's table, .csv or .xlsx.
        released: the day of the release, from which its figures were public.
        request: how figures are recorded.

    Raises:
        InputError: the file has no such table; the release is older than figures from which it differs.
    """
    place = named(path)
    refuse_later(released, request.today, place.at("released"))
    release = read_release(path)
    scenario = load_scenario(folder)
    roles = scenario.series
    if roles.aid_us is None or roles.aid_europe is None:
        raise InputError(f"{scenario.id} has no series of aid: [series] of scenario.toml names none")
    figures = []
    after = [month for month in release.months if month > released]
    if after:
        what = f"it has figures of {after[0]}, after its release on {released}"
        raise place.error(what, "Check the day of the release")
    for series, amounts in ((roles.aid_us, release.united_states), (roles.aid_europe, release.europe)):
        for month, amount in zip(release.months, amounts, strict=True):
            figures.append(Figure(series, month, released, amount, place=place, tolerance=SAME))
    return record_figures(folder, figures, request)


def is_release(sheets: Sequence[Sheet]) -> bool:
    """Whether one of the sheets has the table of a release."""
    return any(_header(sheet) is not None for sheet in sheets)


def read_release(path: Path) -> Release:
    """Read the publisher's table.

    Raises:
        InputError: it has no header with the columns needed; a donor, a month or an amount is not one; a donor has two
            rows for a month.
    """
    place = named(path)
    sheets = sheets_of(path, place)
    for sheet in sheets:
        if (found := _header(sheet)) is not None:
            return _release(sheet, *found, place)
    what = "found no table of aid; expected a header with country, year, month and total"
    raise place.error(what, "Give the table by donor and month of the Ukraine Support Tracker")


def _plain(name: str) -> str:
    """A name in small letters, with _ for everything between them."""
    name = name.lower().replace("ü", "u").replace("&", "and")
    return re.sub(r"[^a-z0-9]+", "_", name).strip("_")


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """The place of the header among the rows, and the position of each column that is used; None without one."""
    for index, (_, cells) in enumerate(sheet.rows[:FIRST_ROWS]):
        columns: dict[str, int] = {}
        twice: list[str] = []
        for position, cell in enumerate(cells):
            name = _plain(UNITS.sub("", cell)) if len(cell) < 200 else ""
            for column, names in COLUMNS.items():
                if name in names:
                    if column in columns:
                        twice.append(cell)
                    columns[column] = position
        dated = {"year", "month"} <= columns.keys() or "period" in columns
        if "donor" in columns and dated and ("total" in columns or set(KINDS) <= columns.keys()):
            spot = sheet.place.at(f"row {sheet.rows[index][0]}")
            if twice:
                raise spot.error(f"the column {shortened(twice[0])} is given twice", "Keep one")
            _check_units([cells[columns[name]] for name in ("total", *KINDS) if name in columns], spot)
            return index, columns
    return None


def _check_units(names: Sequence[str], spot: Place) -> None:
    """Refuse amounts that are not in billions of euros."""
    for name in names:
        for unit in UNITS.findall(name):
            if unit.lower().replace(".", "").strip() not in BILLIONS:
                raise spot.error(f"found amounts in {shortened(unit)}; expected billions of euros")


def _release(sheet: Sheet, index: int, columns: Mapping[str, int], place: Place) -> Release:
    """Add up the rows below the header."""
    sums: dict[str, dict[date, float]] = {"us": defaultdict(float), "europe": defaultdict(float)}
    seen: dict[tuple[str, date], int] = {}
    width = len(sheet.rows[index][1])
    for line, cells in sheet.rows[index + 1 :]:
        spot = sheet.place.at(f"row {line}")
        if len(cells) < max(columns.values()) + 1:
            raise spot.error(f"found {len(cells)} cells; expected {width}, one for each column of the header")
        given = {name: cells[position] for name, position in columns.items()}
        donor, month = _plain(given["donor"]), _month(given, spot)
        if donor not in (*EUROPE, *UNITED_STATES, *OTHERS):
            what = f"found the donor {shortened(given['donor'])}; expected a country of the tracker"
            raise spot.error(what, "Check that this is the table by donor and month")
        if (donor, month) in seen:
            raise spot.error(f"{shortened(given['donor'])} has a row for {month:%Y-%m} already, {seen[donor, month]}")
        seen[donor, month] = line
        amount = _amount(given, spot)
        sums["us"][month] += amount * (donor in UNITED_STATES)
        sums["europe"][month] += amount * (donor in EUROPE)
    if not seen:
        raise sheet.place.error("the table has no rows below its header")
    donors = {donor for donor, _ in seen}
    if not donors & set(UNITED_STATES) or not donors & set(EUROPE):
        raise sheet.place.error("found no row of the United States, or none of Europe; expected all donors")
    months = tuple(_months(min(month for _, month in seen), max(month for _, month in seen)))
    amounts = {name: tuple(round(by[month], DIGITS) + 0.0 for month in months) for name, by in sums.items()}
    return Release(months, amounts["us"], amounts["europe"], place)


def _month(given: Mapping[str, str], spot: Place) -> date:
    """The last day of the month of a row."""
    text = given["period"] if "year" not in given or "month" not in given else f"{given['year']}-{given['month']}"
    found = re.fullmatch(r"(20\d\d)-(\d{1,2})(?:-\d\d)?", text)
    if found is None or not 1 <= int(found[2]) <= 12:
        raise spot.error(f"found the month {shortened(text)}; expected a year from 2022 on and a month from 1 to 12")
    return _last_day(int(found[1]), int(found[2]))


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _months(first: date, last: date) -> list[date]:
    """The last days of all months from one to another."""
    found = [first]
    while found[-1] < last:
        begin = found[-1] + timedelta(days=1)
        found.append(_last_day(begin.year, begin.month))
    return found


def _amount(given: Mapping[str, str], spot: Place) -> float:
    """The aid of a row, EUR bn: its total, else the sum of the three kinds."""
    names = ("total",) if "total" in given else KINDS
    amount = 0.0
    for name in names:
        try:
            amount += parse_number(given[name]) if given[name] != "" else 0.0
        except ValueError as error:
            raise spot.at(name).error(f"found {shortened(given[name])}; expected {error}") from None
    return amount
