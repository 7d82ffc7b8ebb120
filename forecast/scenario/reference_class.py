"""A prior from a reference class: the rate of the event in past cases, and how far this case may differ from them.

With E events in an exposure of Y (country-years, leader-years) and ``times``, how many times as likely it is argued to
be here as in the class:

    log rate = log(times E / Y) + delta,    delta ~ Normal(0, sqrt(spread^2 + 1 / E))

The spread, 0.7 unless the entry says otherwise, is the uncertainty about this case given its class; 1 / E is the
uncertainty of the class's own rate. Such a prior includes its evidence: it is not updated by its class again.
"""

import math
from collections.abc import Mapping, Sequence

from forecast.inputs.parsing import parse_count, parse_number
from forecast.inputs.validation import Place, near
from forecast.scenario import toml_tables
from forecast.scenario.elicit import Marginal, fit_quantiles
from forecast.scenario.families import C95

YEAR = ("year", "decade")
"""Columns by which the rows of a class can be chosen; a decade is its first year."""

Rows = Sequence[Mapping[str, str]]


def class_rate(
    classes: Mapping[str, Rows], given: toml_tables.ReferenceClassTable, unit: str, place: Place
) -> tuple[Marginal, str]:
    """Give the prior of a rate from its reference class, and how the file gave it.

    Args:
        classes: the rows of each reference class, by its id.
        given: which class, and how this case stands to it.
        unit: of the entry: `1/year`, or `chance/year`, for which the rate becomes the chance of one or more.
        place: of the table in the file.

    Raises:
        InputError: the class, or a column of it, does not exist; its cells are not counts; no event was counted; or
            the unit is not a rate.
    """
    if unit not in ("chance/year", "1/year"):
        raise place.error(f"the entry is in {unit!r}; expected a reference class for chance/year and 1/year")
    if given.table not in classes:
        what = f"found {given.table!r}; expected {', '.join(classes)}"
        raise place.at("table").error(what, near(given.table, classes))
    events, exposure = _count(classes[given.table], given, place)
    rate = given.times * events / exposure
    sd = math.hypot(given.spread, 1.0 / math.sqrt(events))
    period = " ".join(f"{word} {year}" for word, year in (("since", given.since), ("until", given.until)) if year)
    elicited = (
        f"reference class {given.table}: {events:g} {given.events} in {exposure:,.0f} {given.exposure}"
        f"{', ' + period if period else ''}, times {given.times:g}, spread {given.spread:g}"
    )
    if unit == "1/year":
        return Marginal("lognormal", (rate, sd)), elicited
    try:
        low, middle, high = (-math.expm1(-rate * math.exp(z * sd)) for z in (-C95, 0.0, C95))
        fitted = fit_quantiles(low, middle, high, 0.0, 1.0)
    except (ValueError, ArithmeticError) as error:
        what = f"a rate of {rate:g} a year with a spread of {sd:g} cannot be fitted as a chance a year"
        raise place.at("times").error(what, "Give smaller times or spread") from error
    return fitted, elicited


def _count(rows: Rows, given: toml_tables.ReferenceClassTable, place: Place) -> tuple[float, float]:
    """Events and exposure, summed over the years chosen."""
    columns = list(rows[0])
    for key in ("events", "exposure"):
        column = getattr(given, key)
        if column not in columns:
            raise place.at(key).error(f"found {column!r}; expected {', '.join(columns)}", near(column, columns))
    dated = next((column for column in YEAR if column in columns), None)
    if dated is None and (given.since, given.until) != (None, None):
        raise place.at("since").error(f"the class has no column {' or '.join(YEAR)}", "Take since and until out")
    events = exposure = 0.0
    for row in rows:
        try:
            year = parse_count(row[dated]) if dated else 0
            counts = parse_number(row[given.events]), parse_number(row[given.exposure])
        except ValueError:
            raise place.at("table").error(f"a row of {given.table} has no number where one is needed: {row}") from None
        if min(counts) < 0.0:
            raise place.at("table").error(f"a row of {given.table} has a number below 0: {row}")
        if (given.since is None or year >= given.since) and (given.until is None or year <= given.until):
            events += counts[0]
            exposure += counts[1]
    if not (events >= 1.0 and exposure > 0.0):
        raise place.at("since").error(
            f"found {events:g} {given.events} in {exposure:g} {given.exposure}; at least one event is needed"
        )
    return events, exposure
