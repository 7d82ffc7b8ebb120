"""Conditions on timelines, and how they are combined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[Any]


class Timelines(Protocol):
    """A table of timelines, read by column: a DataFrame, or a file that is read as it is asked (`StoredTable`)."""

    def __len__(self) -> int:
        """The number of timelines."""

    def __contains__(self, name: object, /) -> bool:
        """Whether it has a column."""

    def __getitem__(self, name: Any, /) -> pd.Series:
        """A column."""

    @property
    def columns(self) -> pd.Index:
        """The names of its columns."""


@dataclass(frozen=True)
class Condition:
    """A condition on timelines. `&` combines two, `~` negates one.

    Attributes:
        of: from a table of timelines to (n,) booleans; for a number of each timeline, to (n,) floats.
    """

    of: Callable[[Timelines], Values]

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(lambda t: self.of(t) & other.of(t))

    def __invert__(self) -> "Condition":
        return Condition(lambda t: ~self.of(t))


def equals(column: str, value: str) -> Condition:
    """A column of names has this value."""
    return Condition(lambda t: (t[column] == value).to_numpy())


def one_of(column: str, values: Sequence[str]) -> Condition:
    """A column of names has one of these values."""
    return Condition(lambda t: t[column].isin(values).to_numpy())


def happened(column: str) -> Condition:
    """A column of first dates has a date."""
    return Condition(lambda t: t[column].notna().to_numpy())


def number(column: str) -> Condition:
    """A column as numbers; 0 where it is empty."""
    return Condition(lambda t: t[column].to_numpy(float, na_value=0.0))


def flag(column: str) -> Condition:
    """A column of flags is true; an empty one is not."""
    return Condition(lambda t: number(column).of(t) > 0.0)


def above(column: str, limit: float) -> Condition:
    """A column of numbers exceeds a limit; an empty one does not."""
    return Condition(lambda t: t[column].to_numpy(float) > limit)


def at_least(column: str, limit: float) -> Condition:
    """A column of numbers is a limit or more; an empty one is not."""
    return Condition(lambda t: t[column].to_numpy(float) >= limit)


def below(column: str, limit: float) -> Condition:
    """A column of numbers is less than a limit; an empty one is not."""
    return Condition(lambda t: t[column].to_numpy(float) < limit)


def total(*columns: str) -> Condition:
    """The sum of some columns."""
    return Condition(lambda t: np.sum([number(column).of(t) for column in columns], axis=0))
