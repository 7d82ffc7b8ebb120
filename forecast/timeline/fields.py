"""Typed fields, declared once: the parameters, state and result of a timeline are classes of annotated numbers.

A class such as::

    class Kyiv:
        instability_half_life: Real = field("weeks", "how fast instability reverts to its mean", low=0)

is never instantiated. It is the source of the memory layout that the compiled code reads (`layout`), of the list
against which prior files are checked, of the documentation and of the names of columns. For the type checker and for
an uncompiled run the same attributes are ordinary floats, ints and arrays.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, get_type_hints

import numpy as np

Real = float
"""A float64 field."""
Whole = int
"""An int64 field."""


class Table(Protocol):
    """A fixed-size float64 table inside a record."""

    def __getitem__(self, place: int | tuple[int, int], /) -> float:
        """One number of it."""

    def __setitem__(self, place: int | tuple[int, int], value: float, /) -> None:
        """Set one number of it."""


CAPACITY = {
    "party": 5,
    "issue": 20,
    "settlement": 10,
    "region": 12,
    "clause": 8,
    "week": 160,
    "decision": 64,
    "level": 8,
    "decay": 16,
    "entry": 2048,
}
"""Room in the tables. Parties are roles, always five. The others may be fewer; more are refused on load."""

WEEKS_PER_YEAR = 365.25 / 7.0


@dataclass(frozen=True)
class Field:
    """The declaration of one number.

    Attributes:
        unit: unit in which a person states or reads it, one of `UNITS`.
        meaning: its meaning, in a phrase.
        low: smallest value allowed.
        high: largest value allowed.
        shape: names of the dimensions of a table (keys of `CAPACITY`), empty for a scalar.
        form: how a row of the table becomes the number used: `plain`, `position` or `salience`.
        start: its value before anything has happened, in a result; None for NaN, or 0 in a whole number.
    """

    unit: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    shape: tuple[str, ...] = ()
    form: str = "plain"
    start: float | None = None


UNITS = {
    "chance/year": "chance that it happens within a year at reference conditions",
    "1/year": "expected number in a year at reference conditions",
    "chance": "probability",
    "weeks": "weeks",
    "km2": "square kilometres",
    "km2/week": "square kilometres a week",
    "EUR bn": "thousand million euros",
    "EUR bn/month": "thousand million euros a month",
    "percent": "percentage points",
    "z": "units of asinh(weekly km2 / 40)",
    "sd": "stationary standard deviations of the unforced level",
    "value": "share of the whole of a party's stakes, 0 to 1",
    "position": "0 = Kyiv's ideal, 1 = Moscow's",
    "log weight": "logarithm of a relative weight",
    "weight": "relative weight",
    "log ratio": "change of the logarithm of a rate or of odds",
    "ratio": "multiple",
    "share": "share of a whole",
    "count": "number",
    "code": "a code, see the data dictionary",
    "day": "days since the reference date",
    "flag": "0 or 1",
}
"""The units and their meaning. In the compiled code, intensities are weekly rates."""


def field(
    unit: str,
    meaning: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    shape: tuple[str, ...] = (),
    form: str = "plain",
    start: float | None = None,
) -> Any:
    """Declare one number of a record; see `Field`."""
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
    if unit in ("chance", "chance/year", "share", "flag"):
        low, high = max(low, 0.0), min(high, 1.0)
    elif unit in ("1/year", "weeks", "weight", "ratio", "count"):
        low = max(low, 0.0)
    return Field(unit, meaning, low, high, shape, form, start)


@cache
def fields(cls: type) -> dict[str, Field]:
    """The fields a record class declares, in order."""
    return {name: value for name, value in vars(cls).items() if isinstance(value, Field)}


@cache
def layout(cls: type) -> np.dtype[Any]:
    """The memory layout of a record class; a nested record class is a nested record.

    Raises:
        TypeError: an annotation is not a number, a table or a record class.
    """
    hints = get_type_hints(cls)
    members: list[tuple[Any, ...]] = []
    for name, hint in hints.items():
        declared = vars(cls).get(name)
        if isinstance(declared, Field):
            shape = tuple(CAPACITY[dim] for dim in declared.shape)
            if shape:
                members.append((name, np.float64, shape))
            elif hint in (float, int):
                members.append((name, np.float64 if hint is float else np.int64))
            else:
                raise TypeError(f"{cls.__name__}.{name}: {hint} is neither a number nor a table")
        elif isinstance(hint, type) and fields(hint):
            members.append((name, layout(hint)))
        else:
            raise TypeError(f"{cls.__name__}.{name}: declare it with field()")
    return np.dtype(members)


INTENSITIES = ("chance/year", "1/year")
"""Units that the compiled code has as weekly rates."""


def to_kernel(unit: str, x: Any) -> Any:
    """Convert a number from its declared unit to that of the compiled code: intensities become weekly rates.

    A chance c a year becomes the weekly rate -ln(1 - c) / 52.18. At constant reference conditions this rate gives
    the chance c over a year.
    """
    if unit == "chance/year":
        return -np.log1p(-x) / WEEKS_PER_YEAR
    if unit == "1/year":
        return x / WEEKS_PER_YEAR
    return x
