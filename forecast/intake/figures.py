"""New figures of series beside those recorded: which are new, which revise a figure, which are recorded already."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from forecast.errors import InputError
from forecast.evidence.csv_rows import MOST_DAYS_LATE
from forecast.evidence.series import Evidence
from forecast.inputs.parsing import shortened
from forecast.inputs.validation import Place, near, read_text
from forecast.intake.csv_lines import with_rows
from forecast.intake.expected import Expected
from forecast.intake.folder import only_writer, replace_files
from forecast.intake.reports import ImportReport, safe_text
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario

EARLIEST_DAYS = 3653
"""Days before the first figure of a series beyond which an earlier one is taken for a mistyped year."""


_LIST = "`forecast evidence list` shows the series"


@dataclass(frozen=True)
class Figure:
    """A figure to be recorded.

    Attributes:
        series: id of its series.
        observed: the day that it speaks of.
        available: the first day on which it was surely public.
        value: in the unit of the series.
        low: lower end of its interval; NaN if not given.
        high: upper end of its interval; NaN if not given.
        note: caveats.
        source: id in `sources.toml` or an address; empty for the series' own.
        place: where it stands, for errors.
        keys: the option or the column that gives each of these attributes, for errors.
        tolerance: difference from a recorded figure, in the unit, up to which the two are the same.
    """

    series: str
    observed: date
    available: date
    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""
    source: str = ""
    place: Place = field(default_factory=lambda: Place(""))
    keys: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 0.0

    def at(self, name: str) -> Place:
        """Give the place of an attribute."""
        return self.place.at(self.keys.get(name, ""))

    def cells(self) -> dict[str, str]:
        """Give the figure as a row of its series' file."""
        ends = {name: "" if math.isnan(end) else number(end) for name, end in (("low", self.low), ("high", self.high))}
        row = {"observed": str(self.observed), "available": str(self.available), "value": number(self.value)}
        return row | ends | {"note": self.note, "source": self.source}


class Differs(InputError):
    """A figure differs from the one recorded, and its `available` does not say that it is a later one."""


def number(value: float) -> str:
    """Write a number with the fewest digits that give it again; a whole one without a point."""
    text = repr(float(value))
    return text.removesuffix(".0") if abs(value) < 1e15 else text


@dataclass(frozen=True)
class Request:
    """How figures are to be recorded.

    Attributes:
        today: the latest day on which a figure can have been public.
        accept: the reason to accept a figure outside the declared range of its series; None refuses it.
        runs: the folder of saved runs.
        skip: leave out a figure that differs from the one recorded, with a flag, if others are recorded.
    """

    today: date
    accept: str | None = None
    runs: Path | None = None
    skip: bool = False


def record_figures(folder: Path, figures: Sequence[Figure], request: Request) -> ImportReport:
    """Add figures to the series of a scenario; all of them or none.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        figures: in any order.
        request: how.

    Raises:
        InputError: a figure is of no series, outside the declared range of its series, of a day to come, or it differs
            from the recorded one and is not later; the scenario does not load with it. Nothing was written.
        SystemRefusal: another process adds evidence.
    """
    with only_writer(folder):
        return _record(folder, load_scenario(folder), figures, request)


def _record(folder: Path, scenario: Scenario, figures: Sequence[Figure], request: Request) -> ImportReport:
    """Add figures while nobody else does."""
    report = ImportReport()
    checked = [_checked(figure, scenario, request, report) for figure in figures]
    new = _new_rows(scenario.evidence, checked, request, report)
    if not new:
        return report
    by_series: dict[str, list[Figure]] = defaultdict(list)
    for figure in new:
        by_series[figure.series].append(figure)
    texts = {}
    for series, rows in by_series.items():
        name = scenario.evidence.specs[series].file
        text = read_text(folder / "evidence" / name, Place(f"{folder.name}/evidence/{name}"))
        texts[name] = with_rows(text, [figure.cells() for figure in rows])
    expected = Expected(scenario, request.runs)
    far = [flag for figure in new if (flag := expected.flag(figure.series, figure.observed, figure.value))]
    report.flags += _many(far, "figures flagged")
    replace_files(folder, texts)
    return report


def _checked(figure: Figure, scenario: Scenario, request: Request, report: ImportReport) -> Figure:
    """Check a figure against its series and the calendar; with the reason for one that is accepted."""
    specs = scenario.evidence.specs
    if figure.series not in specs:
        what = f"found the series {shortened(figure.series)}; expected {', '.join(specs)}"
        raise figure.at("series").error(what, near(figure.series[:100], specs, _LIST))
    spec = specs[figure.series]
    for name, text in (("source", figure.source), ("note", figure.note)):
        safe_text(text, figure.at(name) if name in figure.keys else figure.place.at(name))
    rows = scenario.evidence.series(figure.series)
    first = rows["observed"].iloc[0].date()
    if figure.observed < first - timedelta(days=EARLIEST_DAYS):
        earliest = first - timedelta(days=EARLIEST_DAYS)
        what = (
            f"found a figure of {figure.observed}; expected {earliest} or later, since the first of {figure.series} is "
            f"of {first}"
        )
        raise figure.at("observed").error(what, "Check the year")
    for name, day in (("observed", figure.observed), ("available", figure.available)):
        if day > request.today:
            what = f"found {name} {day}, a day to come; expected {request.today} or before"
            raise figure.at(name).error(what, "Check the year")
    if figure.available < figure.observed:
        what = f"found {figure.available}; expected {figure.observed}, the day observed, or later"
        raise figure.at("available").error(what, "Check both dates")
    low, high = spec.range
    if not low <= figure.value <= high:
        what = (
            f"found {number(figure.value)} {spec.unit} for {figure.observed}; expected {low:g} to {high:g}, the "
            f"declared range of {figure.series}"
        )
        if request.accept is None:
            raise figure.at("value").error(
                what, "Check the figure; `forecast evidence` takes it with --accept and a reason"
            )
        report.flags.append(f"{what}: accepted, because {request.accept}")
        figure = replace(figure, note=_joined(figure.note, f"outside the declared range, accepted: {request.accept}"))
    return figure


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _new_rows(evidence: Evidence, figures: Sequence[Figure], request: Request, report: ImportReport) -> list[Figure]:
    """The figures that are new or revise one, in order; counts and sentences go to the report."""
    known = _known(evidence, {figure.series for figure in figures})
    new, added, revised, same, left = [], defaultdict(list), defaultdict(list), defaultdict(list), []
    for figure in sorted(figures, key=lambda f: (f.series, f.observed, f.available)):
        rows = known[figure.series].setdefault(figure.observed, [])
        try:
            former = _former(figure, rows)
        except Differs as error:
            if not request.skip:
                raise
            left.append((figure, error))
            continue
        if former is not None and abs(former - figure.value) <= figure.tolerance:
            same[figure.series].append(figure)
            continue
        if (figure.available - figure.observed).days > MOST_DAYS_LATE and not figure.note:
            figure = replace(figure, note=f"as published on {figure.available}")
        if former is None:
            added[figure.series].append(figure)
        else:
            revised[figure.series].append(figure)
            report.lines.append(_revision(figure, former, evidence))
        rows.append((figure.available, figure.value))
        new.append(figure)
    if left and not new and not any(same.values()):
        raise left[0][1]
    report.flags += _many([f"left out: {error}" for _, error in left], "figures left out, other than recorded")
    report.added = sum(map(len, added.values()))
    report.revised = sum(map(len, revised.values()))
    report.unchanged = sum(map(len, same.values()))
    report.lines = [
        *(_added(series, rows, evidence) for series, rows in added.items()),
        *(_many(report.lines, "figures revised")),
        *(_unchanged(series, rows) for series, rows in same.items()),
    ]
    return new


def _known(evidence: Evidence, series: set[str]) -> dict[str, dict[date, list[tuple[date, float]]]]:
    """The recorded figures by series and day: when each was available, and its value, in order."""
    found: dict[str, dict[date, list[tuple[date, float]]]] = {name: {} for name in series}
    table: pd.DataFrame = evidence.table[evidence.table["series"].isin(list(series))]
    columns = (table["series"], table["observed"].dt.date, table["available"].dt.date, table["value"])
    for name, observed, available, value in zip(*columns, strict=True):
        found[name].setdefault(observed, []).append((available, float(value)))
    return found


def _former(figure: Figure, rows: list[tuple[date, float]]) -> float | None:
    """The recorded figure that the new one equals or revises; None if there is none for the day.

    Raises:
        Differs: it is neither equal to a recorded figure nor later than all of them.
    """
    if not rows:
        return None
    last, value = rows[-1]
    if figure.available > last:
        return value
    upto = [value for available, value in rows if available <= figure.available] or [rows[0][1]]
    if abs(upto[-1] - figure.value) <= figure.tolerance:
        return upto[-1]
    what = (
        f"found {number(figure.value)} for {figure.series} on {figure.observed}; expected {number(value)}, which is "
        f"recorded as available on {last}"
    )
    remedy = f"A revision needs the day on which it became available, later than {last}"
    raise Differs(figure.at("value").error(what).args[0], remedy=remedy)


def _added(series: str, rows: Sequence[Figure], evidence: Evidence) -> str:
    """The sentence about new figures of a series."""
    unit = evidence.specs[series].unit
    if len(rows) == 1:
        (one,) = rows
        return f"{series}: {number(one.value)} {unit} for {one.observed} added, available on {one.available}."
    return f"{series}: {len(rows)} figures added, {rows[0].observed} to {rows[-1].observed}."


def _revision(figure: Figure, former: float, evidence: Evidence) -> str:
    """The sentence about a revised figure."""
    unit = evidence.specs[figure.series].unit
    was, now = number(former), number(figure.value)
    return f"{figure.series}: {figure.observed} revised from {was} to {now} {unit}, available on {figure.available}."


def _unchanged(series: str, rows: Sequence[Figure]) -> str:
    """The sentence about figures that are recorded already."""
    if len(rows) == 1:
        return f"{series}: {number(rows[0].value)} for {rows[0].observed} is recorded already; unchanged."
    return f"{series}: {len(rows)} figures are recorded already; unchanged."


def _many(lines: list[str], others: str, most: int = 12) -> list[str]:
    """The first of many sentences, and the number of the others."""
    rest = len(lines) - most
    return lines if rest <= 1 else [*lines[:most], f"{rest} more {others}."]
