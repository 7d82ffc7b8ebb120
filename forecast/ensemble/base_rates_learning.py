"""The rates of the member `base-rates` given this war so far, and its log predictive density of every four weeks.

Periods are whole blocks of 28 days from the reference date to the as-of date. The density of each item in a period,
given all periods before it:

    war_ended       no end:      (b / (b + t))^a                      rate of the end, gamma(a, b)
    general_truce   none begun:  (b / (b + f))^a, f years of fighting; else 1 minus this number
    km2             net change of area: Student's t, of a normal with unknown mean and variance
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from forecast.belief import student_t
from forecast.inputs.validation import Place
from forecast.replay.periods import BLOCK, blocks, changes_between, changes_since
from forecast.scenario.base_rates import DAYS_PER_YEAR, FILE
from forecast.scenario.members import BaseRates, Rate
from forecast.scenario.spec import Scenario

Truces = Sequence[tuple[date, date | None]]
"""General truces: the first day of each, and the first day after it, None if it holds."""

FEWEST = 3
"""Fewest changes of area from which the variance can be estimated."""


@dataclass(frozen=True)
class Change:
    """The distribution of the change of area over four weeks: normal, with unknown mean and variance.

    The prior is the reference prior, flat in the mean and in the logarithm of the standard deviation.

    Attributes:
        count: number of changes observed.
        mean: their mean, km2.
        squares: sum of their squared differences from the mean, km2 squared.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @property
    def freedom(self) -> int:
        """Degrees of freedom."""
        return self.count - 1

    @property
    def scale(self) -> float:
        """Standard deviation of the observed changes, km2."""
        return math.sqrt(self.squares / self.freedom)

    def after(self, change: float) -> "Change":
        """The distribution after one more change has been observed."""
        count, away = self.count + 1, change - self.mean
        mean = self.mean + away / count
        return Change(count, mean, self.squares + away * (change - mean))

    def log_density(self, change: float) -> float:
        """Log density of the next change, per km2."""
        spread = self.scale * math.sqrt(1.0 + 1.0 / self.count)
        return float(student_t.log_density((change - self.mean) / spread, self.freedom)) - math.log(spread)


@dataclass(frozen=True)
class Known:
    """The member's distributions on a date.

    Attributes:
        end: rate of the war's end, a year.
        truce: rate of general truces that do not end the war, a year.
        change: change of area over four weeks.
    """

    end: Rate
    truce: Rate
    change: Change


def known(scenario: Scenario, base: BaseRates, as_of: date, truces: Truces = ()) -> Known:
    """The member's distributions on a date by which the war has not ended.

    Args:
        scenario: the scenario.
        base: the base rates.
        as_of: the date.
        truces: general truces since the reference date.

    Raises:
        InputError: too few observations of area before the reference date.
    """
    change = earlier_changes(scenario, base)
    for _, gained in changes_since(scenario, as_of):
        change = change.after(gained)
    return Known(*rates(scenario, base, as_of, truces), change)


def rates(scenario: Scenario, base: BaseRates, day: date, truces: Truces = ()) -> tuple[Rate, Rate]:
    """The rates of the war's end and of truces, on a date by which the war has not ended.

    Days for which events are not coded do not count.
    """
    first, day = scenario.reference_date, scenario.chronology.known_until(day)
    begun = sum(first <= begin < day for begin, _ in truces)
    years = (day - first).days / DAYS_PER_YEAR
    return base.end.after(0, years), base.truce.after(begun, fighting_years(first, day, truces))


def common_density(scenario: Scenario, as_of: date, truces: Truces = ()) -> dict[str, list[tuple[date, float]]]:
    """Log predictive densities of each period that is coded, each given all periods before it.

    Args:
        scenario: with `base_rates.toml`.
        as_of: the as-of date; the war has not ended by then.
        truces: general truces since the reference date, without a settlement.

    Returns:
        By item of the common set, the last day of each period and the log density. `km2` has only periods with a known
        area at both ends.

    Raises:
        InputError: too few observations of area before the reference date.
    """
    base = of(scenario)
    ended, truce = [], []
    known_until = scenario.chronology.known_until(as_of)
    for begin, end in blocks(scenario.reference_date, known_until):
        last = end - timedelta(days=1)
        end_rate, truce_rate = rates(scenario, base, begin, truces)
        ended.append((last, log_none(end_rate, BLOCK.days / DAYS_PER_YEAR)))
        # The prediction must not know of a truce that begins within the period.
        none = log_none(truce_rate, fighting_years(begin, end, [t for t in truces if t[0] < begin]))
        begun = any(begin <= day < end for day, _ in truces)
        truce.append((last, math.log(-math.expm1(none)) if begun else none))
    change, km2 = earlier_changes(scenario, base), []
    for last, gained in changes_since(scenario, as_of):
        if last >= known_until:
            break
        km2.append((last, change.log_density(gained)))
        change = change.after(gained)
    return {"war_ended": ended, "general_truce": truce, "km2": km2}


def general_truces(scenario: Scenario, as_of: date) -> list[tuple[date, date | None]]:
    """General truces since the reference date, as recorded and known on a date, including truces by a settlement."""
    seen = scenario.chronology.as_of(as_of)
    rows = seen.states[seen.states["state"] == "truce"]
    found: list[tuple[date, date | None]] = []
    holds = seen.start["truce"] == "general"
    if holds:
        found.append((scenario.reference_date, None))
    for observed, value in zip(rows["observed"].dt.date, rows["value"], strict=True):
        if value == "general" and not holds:
            found.append((observed, None))
        elif value != "general" and holds:
            found[-1] = (found[-1][0], observed)
        holds = value == "general"
    return found


def gained(scenario: Scenario, as_of: date) -> float:
    """Change of area from the last observation by the reference date to the last one known on a date, km2."""
    table = scenario.evidence.as_of(as_of).series(scenario.area_series)
    before = table[table["observed"] <= np.datetime64(scenario.reference_date)]["value"]
    return float(table["value"].iloc[-1] - before.iloc[-1])


def of(scenario: Scenario) -> BaseRates:
    """The scenario's base rates.

    Raises:
        ValueError: the scenario has no `base_rates.toml`.
    """
    if scenario.base_rates is None:
        raise ValueError(f"{scenario.id} has no base_rates.toml")
    return scenario.base_rates


def log_none(rate: Rate, years: float) -> float:
    """Log probability of no event in a number of years, with the rate integrated out: (b / (b + t))^a."""
    return -rate.events * math.log1p(years / rate.years)


def fighting_years(begin: date, end: date, truces: Truces) -> float:
    """Years from one day up to another without a general truce; truces do not overlap."""
    held = sum(max((min(over or end, end) - max(day, begin)).days, 0) for day, over in truces)
    return ((end - begin).days - held) / DAYS_PER_YEAR


def earlier_changes(scenario: Scenario, base: BaseRates) -> Change:
    """The distribution of the change of area, given the changes before the reference date, as known on that date.

    Raises:
        InputError: too few observations of area before the reference date.
    """
    count = int(base.advance_years * DAYS_PER_YEAR / BLOCK.days)
    days = [scenario.reference_date - k * BLOCK for k in range(count, -1, -1)]
    found = Change()
    for _, gained in changes_between(scenario, scenario.reference_date, days):
        found = found.after(gained)
    if found.count < FEWEST or found.squares == 0.0:
        what = (
            f"found {base.advance_years:g}, in which {scenario.area_series} has {found.count} changes over four weeks"
        )
        place = Place(f"{scenario.folder.name}/{FILE}", "advance.years")
        raise place.error(f"{what}; at least {FEWEST} different ones are needed", "Give more years")
    return found
