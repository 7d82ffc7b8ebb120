"""Entries of the files, read as priors: unit, support, distribution and grounds."""

import math

from forecast.inputs.validation import Place, as_table, interval, near, same_keys, shown
from forecast.scenario import toml_tables
from forecast.scenario.elicit import Marginal, families, fit_quantiles, named
from forecast.scenario.reader import Reader
from forecast.scenario.records import Grounded
from forecast.scenario.reference_class import class_rate
from forecast.timeline.parameters import field_of

WAYS = ("quantiles", "distribution", "reference_class")
"""The ways in which an entry can give its distribution, of which it uses one."""


def read_entry(reader: Reader, name: str, raw: object, place: Place) -> None:
    """Read one entry and keep its prior under its name."""
    declared = field_of(name)
    entry = as_table(toml_tables.EntryTable, raw, place)
    reader.check_grounds(entry, place)
    if entry.unit != declared.unit:
        raise place.at("unit").error(f"found {entry.unit!r}; expected {declared.unit!r}")
    low, high = entry.support
    # Written so that nan is refused too.
    if not (low < high and declared.low <= low and high <= declared.high):
        limits = interval(declared.low, declared.high)
        what = f"found {shown(entry.support)}; expected [low, high] with low < high, within {limits}"
        raise place.at("support").error(what)
    if not declared.low <= entry.without <= declared.high:
        limits = interval(declared.low, declared.high)
        raise place.at("without").error(f"found {entry.without:g}; expected {limits}")
    marginal, elicited = _marginal(reader, entry, place)
    if declared.unit == "chance/year" and marginal.is_point and marginal.args[0] >= 1.0:
        raise place.at("distribution.value").error("found 1; expected a chance a year below 1")
    reader.keep(entry, name, marginal, elicited, place)


def _marginal(reader: Reader, entry: toml_tables.EntryTable, place: Place) -> tuple[Marginal, str]:
    """Give the distribution of an entry, and how the file gave it."""
    low, high = entry.support
    given = [way for way in WAYS if getattr(entry, way) is not None]
    if len(given) != 1:
        found = f"{' and '.join(given)} are given" if given else "none is given"
        raise place.at("quantiles").error(f"{found}; give exactly one of {', '.join(WAYS)}")
    if entry.reference_class is not None:
        spot = place.at("reference_class")
        table = as_table(toml_tables.ReferenceClassTable, entry.reference_class, spot)
        return class_rate(reader.classes, table, entry.unit, spot)
    if entry.quantiles is not None:
        spot = place.at("quantiles")
        try:
            q05, q50, q95 = entry.quantiles
            fitted = fit_quantiles(q05, q50, q95, low, high)
            if not all(math.isfinite(number) for number in fitted.args):
                raise ArithmeticError
        except (ValueError, ArithmeticError) as error:
            what = f"found {shown(entry.quantiles)}; expected the 5, 50 and 95% quantiles, increasing and"
            remedy = (
                "They are too near each other to be fitted; spread them" if isinstance(error, ArithmeticError) else None
            )
            raise spot.error(f"{what} inside the support, {shown(entry.support)}", remedy) from error
        return fitted, "quantiles " + "/".join(f"{q:g}" for q in entry.quantiles)
    numbers = dict(entry.distribution or {})
    spot = place.at("distribution")
    family = numbers.pop("family", None)
    if not isinstance(family, str) or family not in families():
        what = f"found {shown(family)}" if family is not None else "it is missing"
        remedy = near(family, families()) if isinstance(family, str) else None
        raise spot.at("family").error(f"{what}; expected {', '.join(families())}", remedy)
    wanted = families()[family]
    same_keys(numbers, wanted, spot, f"number of {family}")
    for key, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise spot.at(key).error(f"found {shown(number)}; expected a number")
    try:
        marginal = named(family, numbers)
    except (ValueError, OverflowError) as error:
        first = str(error).split()[0]
        raise (spot.at(first) if first in wanted else spot).error(str(error)) from error
    ends = marginal.bounds()
    if not (low <= ends[0] and ends[1] <= high):
        what = f"a {family} distribution can be {interval(*ends)}; expected the support,"
        remedy = "Give quantiles, which are fitted to the support"
        raise spot.error(f"{what} {shown(entry.support)}", remedy)
    return marginal, f"{family} " + " ".join(f"{key}={numbers[key]:g}" for key in wanted)


def inherit(raw: object, table: Grounded, varies: bool = True) -> object:
    """Add the grounds that a row leaves out, from its table; a value that is not a table is given back as it is."""
    if not isinstance(raw, dict):
        return raw
    held: dict[str, object] = {"source": table.source, "reason": table.reason, "premises": table.premises}
    if "source" not in raw:
        # Date and basis are the source's: a row with a source of its own has its own, or none.
        held |= {key: value for key in ("as_of", "basis") if (value := getattr(table, key)) is not None}
    if varies:
        held["varies"] = "world"
    return {**held, **raw}
