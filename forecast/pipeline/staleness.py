"""Stale series: those of which a row was due before the as-of date and has not come."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.scenario.spec import Scenario  # not for a run that is found: it takes a second to import


@dataclass(frozen=True)
class StaleSeries:
    """A series that is stale.

    Attributes:
        series: its id.
        title: its title.
        last_available: when its last row became public; None if none has by the as-of date.
        expected: the last day on which another row would not have been late.
    """

    series: str
    title: str
    last_available: date | None
    expected: date

    def sentence(self) -> str:
        """The fact in a sentence."""
        last = "it has no row yet" if self.last_available is None else f"its last row is of {self.last_available}"
        return f"{self.series} is stale: {last}, and another was expected by {self.expected}"

    def plain(self) -> dict[str, str | None]:
        """The fact as JSON has it."""
        return {key: str(value) if isinstance(value, date) else value for key, value in asdict(self).items()}


def stale_series(scenario: "Scenario", day: date) -> list[StaleSeries]:
    """The series that are stale as of a day, in the order of `evidence.toml`.

    A row is expected within `every_days` and the usual lag after the last one became public. The usual lag is the
    median number of days from `observed` to `available` of the rows known by then, rounded up; the declared
    `lag_days` where none is. A series without a row is expected within that time after the reference date. One that
    declares `ended` is never stale.

    Args:
        scenario: with all its evidence.
        day: the as-of date.

    Raises:
        InputError: no evidence at all was available by that day.
    """
    rows = scenario.evidence.as_of(day).table
    found = []
    for name, spec in scenario.evidence.specs.items():
        if spec.every_days is None:
            continue
        own = rows[rows["series"] == name]
        last, lag = None, float(spec.lag_days)
        if len(own):
            last = own["available"].max().date()
            lag = float((own["available"] - own["observed"]).dt.days.median())
        since = scenario.reference_date if last is None else last
        expected = since + timedelta(days=spec.every_days + -int(-lag // 1))
        if day > expected:
            found.append(StaleSeries(name, spec.title, last, expected))
    return found


def from_plain(entries: Iterable[Mapping[str, Any]]) -> tuple[StaleSeries, ...]:
    """Stale series from JSON, as `StaleSeries.plain` writes them.

    Raises:
        KeyError: a key is missing.
        TypeError: a value is not text.
        ValueError: a date is not one.
    """
    return tuple(
        StaleSeries(
            entry["series"],
            entry["title"],
            None if entry["last_available"] is None else date.fromisoformat(entry["last_available"]),
            date.fromisoformat(entry["expected"]),
        )
        for entry in entries
    )
