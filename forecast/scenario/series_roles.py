"""The part that each series of the evidence plays: `[series]` of `scenario.toml`, for all blocks except the front."""

import math
from collections import Counter
from datetime import date, timedelta

from forecast.evidence.series import Evidence
from forecast.inputs.validation import Place, near, shown
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Question

LIMITS = {
    "first_term_approval": (0.0, 100.0),
    "approval": (0.0, 100.0),
    "aid_us": (0.0, math.inf),
    "aid_europe": (0.0, math.inf),
    "concessions": (0.0, 100.0),
    "trust": (0.0, 100.0),
    "desertion": (0.0, math.inf),
    "pocket": (0.0, math.inf),
}
"""The limits of the figures in each part; the ends are allowed for aid and ground, where no logarithm is taken."""


SAME_WEEKDAY = ("first_term_approval",)
"""Parts that use every fourth week, counted from the first row."""

MONTHLY = ("aid_us", "aid_europe")
"""Parts that add up the rows of a quarter's months."""


def check_series(reader: Reader, question: Question, evidence: Evidence) -> None:
    """Check `[series]`: each is of the evidence, plays one part, and has figures that its part can have.

    Args:
        reader: the scenario's files.
        question: which names the series.
        evidence: with all its rows.

    Raises:
        InputError: a series is unknown, plays another part already, has a figure outside the limits of its part, or a
            day on which its part uses none.
    """
    seen = list(question.front.named().values())
    for part, series in question.series.named():
        spot = reader.place("scenario.toml").at(f"series.{part}")
        if series not in evidence.specs:
            what = f"found {series!r}; expected a series of evidence/evidence.toml"
            raise spot.error(what, near(series, evidence.specs, "Take it out if there is none"))
        if series in seen:
            raise spot.error(f"found {series!r}, which is named already; expected another series", "Name it once")
        seen.append(series)
        low, high = LIMITS[part]
        closed = part in ("aid_us", "aid_europe", "pocket")
        for value in evidence.series(series)["value"]:
            if not (low < value < high or (closed and value == low)):
                limits = "0 or more" if closed else "above 0" if math.isinf(high) else "above 0 and below 100"
                place = reader.place(f"evidence/{evidence.specs[series].file}").at("value")
                raise place.error(f"found {shown(float(value))}; allowed for {part} are numbers {limits}")
        if part in SAME_WEEKDAY:
            check_weekday(evidence, series, reader.place("evidence"))
        if part in MONTHLY:
            check_month_ends(evidence, series, reader.place("evidence"))


def check_weekday(evidence: Evidence, series: str, folder: Place) -> None:
    """Check that all days of a series are the same day of the week, so that none falls between the weeks in use.

    Args:
        evidence: with all its rows.
        series: id of the series.
        folder: the folder of its file.

    Raises:
        InputError: a row is of another day.
    """
    days = observed_days(evidence, series)
    usual = Counter(day.weekday() for day in days).most_common(1)[0][0]
    for day in days:
        if day.weekday() != usual:
            wanted = f"{days[0] + timedelta(days=usual - days[0].weekday()):%A}s"
            what = f"found an observation of {day}, a {day:%A}; expected {wanted}, because weekly data are used"
            raise evidence.place(series, day, folder).error(what, "Check whether dates are shifted by a day")


def check_mondays(evidence: Evidence, series: str, folder: Place) -> None:
    """Check that a series of maps has a Monday: the front uses Mondays, and leaves maps of other days out.

    Raises:
        InputError: it has rows, and all are of other days.
    """
    days = observed_days(evidence, series)
    if days and all(day.weekday() != 0 for day in days):
        what = f"found an observation of {days[0]}, a {days[0]:%A}, and none of a Monday; the front uses Mondays"
        raise evidence.place(series, days[0], folder).error(what, "Check whether dates are shifted by a day")


def weeks_without_monday(evidence: Evidence, series: str, weeks: int) -> list[date]:
    """Mondays without a map, in weeks that have maps of other days, where at least `weeks` of them follow each other.

    Args:
        evidence: a view, or all rows.
        series: id of the series.
        weeks: the least number of weeks in a row. A single Monday without a map is usual; many are shifted dates.
    """
    days = observed_days(evidence, series)
    mondays = {day for day in days if day.weekday() == 0}
    missed = sorted({day - timedelta(days=day.weekday()) for day in days} - mondays)
    found: list[date] = []
    for first, last in _runs(missed):
        if (last - first).days // 7 + 1 >= weeks:
            found += [day for day in missed if first <= day <= last]
    return found


def _runs(mondays: list[date]) -> list[tuple[date, date]]:
    """The first and the last of each row of Mondays a week apart."""
    runs: list[tuple[date, date]] = []
    for day in mondays:
        if runs and (day - runs[-1][1]).days == 7:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def check_month_ends(evidence: Evidence, series: str, folder: Place) -> None:
    """Check that each day of a series is the last of its month, so that a month has one figure.

    Raises:
        InputError: a row is of another day.
    """
    for day in observed_days(evidence, series):
        if (day + timedelta(days=1)).day != 1:
            what = f"found an observation of {day}; expected a month's last day, because whole months are used"
            remedy = "Give one figure a month, and check whether dates are shifted by a day"
            raise evidence.place(series, day, folder).error(what, remedy)


def after_horizon(evidence: Evidence, horizon: date) -> dict[str, list[date]]:
    """The days of observations after the horizon, which no run can use, by series."""
    found = {series: [day for day in observed_days(evidence, series) if day > horizon] for series in evidence.specs}
    return {series: days for series, days in found.items() if days}


def observed_days(evidence: Evidence, series: str) -> list[date]:
    """The days of a series' observations, in order."""
    return [day.date() for day in evidence.series(series)["observed"]]
