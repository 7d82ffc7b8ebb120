"""Data of the front block: two maps and a count of monthly gains, as known on a date.

All arrays are padded to the horizon. Their lengths follow from the number of weeks alone, so that one compiled model
serves every as-of date.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar
from forecast.arrays import Array
from forecast.belief.block import Series
from forecast.calendar import Dates, days_after, week_ends
from forecast.errors import InputError
from forecast.scenario.spec import Scenario

SPAN = 4
"""Weeks between the Mondays whose difference is used of the second map."""

FRONT_PARAMETERS = (
    "level",
    "slow_sd",
    "slow_half_life",
    "fast_persistence",
    "fast_scale",
    "mud",
    "mapper_error",
    "second_scale",
    "second_error",
    "monthly_scale",
    "monthly_error",
)
"""The parameters of the block, in the order in which they are sampled.

`level`, `slow_sd`, `fast_scale` and `mud` are in units of z, `slow_half_life` in weeks, `fast_persistence` is an
autocorrelation, the errors are in km2, and the scales are multiples of the true change.
"""


@dataclass(frozen=True)
class FrontData:
    """The maps and the monthly count as known on the as-of date, padded to the horizon.

    Attributes:
        area: (T+1,) occupied km2 by the first mapper on each Monday, from the first one used to the last before
            the horizon; NaN where the observation is missing or was not public yet.
        season: (T,) depth of the mud in the week after each Monday, between 0 (dry) and 1.
        first: the first Monday.
        second: (T+1,) occupied km2 by the second mapper; empty if there is none.
        gains: (T // 4,) net km2 gained in each whole calendar month after the first Monday, by a third
            party's count, padded with NaN; empty if there is none.
        series: ids of the three series, empty for a missing series.
        ends: (K + 1,) `week_ends` of the reference date and the as-of date; empty if weekly paths are not needed.

    Raises:
        ValueError: an array has the wrong shape, is infinite or is outside its range.
        InputError: the first Monday is not observed, or fewer than two Mondays are.
    """

    area: Array
    season: Array
    first: date
    second: Array = field(default_factory=lambda: np.empty(0))
    gains: Array = field(default_factory=lambda: np.empty(0))
    series: tuple[str, str, str] = ("area", "", "")
    ends: Dates = field(default_factory=lambda: np.empty(0, "datetime64[D]"))

    def __post_init__(self) -> None:
        weeks = np.size(self.season)
        for name, size in (("area", weeks + 1), ("season", weeks), ("second", weeks + 1), ("gains", weeks // SPAN)):
            values = np.array(getattr(self, name), dtype=np.float64)
            if name in ("second", "gains") and values.size == 0:
                values = np.full(size, np.nan)
            if values.shape != (size,):
                raise ValueError(
                    f"{name} has shape {values.shape}; with a season of {weeks} weeks it must be ({size},)"
                )
            if np.isinf(values).any():
                raise ValueError(f"{name} must be finite, or NaN where it is not observed")
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        if not ((self.season >= 0) & (self.season <= 1)).all():
            raise ValueError("season must be between 0 and 1")
        if self.first.weekday() != 0:
            raise ValueError(f"{self.first} is not a Monday")
        if self.seen.sum() < 2 or self.seen[0] == 0:
            raise InputError(
                f"the front has {int(self.seen.sum())} weekly observations on the as-of date, "
                f"the first Monday {'observed' if self.seen[0] else 'not observed'}; "
                "it needs the first Monday and at least one more"
            )

    @property
    def weeks(self) -> int:
        """T, the weeks from the first Monday to the padded last."""
        return int(self.season.size)

    @property
    def seen(self) -> Array:
        """(T+1,) 1 on the observed Mondays of the first map, else 0."""
        return np.isfinite(self.area).astype(np.float64)

    @property
    def last(self) -> int:
        """Index of the last observed Monday, which is the number of weeks before it."""
        return int(np.flatnonzero(self.seen)[-1])

    @property
    def mondays(self) -> Dates:
        """(T+1,) the Mondays."""
        return days_after(self.first, 7 * np.arange(self.weeks + 1))

    @property
    def weeks_ended(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """For each entry of `ends`: the number of weeks that have ended by then, and whether their path is observed.

        The first entry counts as observed. If its map is missing, the last observed week takes its place.
        """
        days = (self.ends - np.datetime64(self.first, "D")).astype(np.int64)
        seen = (days % 7 == 0) & (days <= 7 * self.last)
        seen[:1] = True
        return np.clip(days // 7, 1, self.last), seen

    @property
    def weekly(self) -> Array:
        """(T,) net km2 of each week by the first map; NaN unless both its Mondays are observed."""
        return np.diff(self.area)

    @property
    def spans(self) -> Array:
        """(T // 4,) change of the second map, km2, from every fourth Monday to the next.

        NaN where one of the two is missing, or lies after the last Monday of the first map.
        """
        ends = self.second[::SPAN][: self.weeks // SPAN + 1]
        change = np.diff(ends)
        return np.where(SPAN * np.arange(1, ends.size) <= self.last, change, np.nan)

    @property
    def monthly(self) -> Array:
        """(T // 4,) the monthly gains, km2; NaN for months that end after the last Monday of the first map."""
        return np.where(self.month_ends <= self.last, self.gains, np.nan)

    @property
    def months(self) -> Dates:
        """(T // 4 + 1,) the first day of each month, from the first that begins on the first Monday or later."""
        first = np.datetime64(self.first, "M") + np.timedelta64(int(self.first.day > 1), "M")
        return (first + np.arange(self.weeks // SPAN + 1).astype("timedelta64[M]")).astype("datetime64[D]")

    @property
    def month_begins(self) -> Array:
        """(T // 4,) begin of each month, in weeks after the first Monday."""
        return self._in_weeks(self.months[:-1])

    @property
    def month_ends(self) -> Array:
        """(T // 4,) end of each month, which is the begin of the next, in weeks after the first Monday."""
        return self._in_weeks(self.months[1:])

    def _in_weeks(self, days: Dates) -> Array:
        return (days - np.datetime64(self.first, "D")).astype(np.float64) / 7.0


def front_data(scenario: Scenario, day: date) -> FrontData:
    """The two maps and the monthly count as known on a date, padded to the horizon.

    Observations of the second map on other days than Mondays are left out.

    Raises:
        InputError: the first map has too few public observations by then.
    """
    weeks = (calendar.monday(scenario.horizon) - scenario.first_week).days // 7
    shape = calendar.season(scenario.first_week, weeks, scenario.season_peaks, scenario.season_half_width)
    mondays = [scenario.first_week + timedelta(days=7 * k) for k in range(weeks + 1)]
    area = _known(scenario, day, scenario.area_series, mondays)
    if np.isnan(area[0]) or np.isfinite(area).sum() < 2:
        raise InputError(
            f"only {int(np.isfinite(area).sum())} weekly observations of {scenario.area_series} were public on {day}",
            key="--as-of",
            remedy=f"Choose a later date: it needs the first Monday, {scenario.first_week}, and at least one more",
        )
    data = FrontData(area, shape, scenario.first_week)
    last_days = [month.astype(date) - timedelta(days=1) for month in data.months[1:]]
    return FrontData(
        area,
        shape,
        scenario.first_week,
        _known(scenario, day, scenario.second_area_series, mondays),
        _known(scenario, day, scenario.monthly_series, last_days),
        (scenario.area_series, scenario.second_area_series or "", scenario.monthly_series or ""),
        week_ends(scenario.reference_date, day),
    )


def _known(scenario: Scenario, as_of: date, series: str | None, days: list[date]) -> Array:
    """The observations of a series on `days`, as known on a date; NaN where there is none."""
    if series is None:
        return np.full(len(days), np.nan)
    rows = scenario.evidence.as_of(as_of).series(series)
    known = pd.Series(rows["value"].to_numpy(dtype=np.float64), index=rows["observed"])
    return known.reindex(pd.to_datetime(days)).to_numpy(dtype=np.float64)


def front_inputs(data: FrontData) -> dict[str, Array]:
    """The data of the PyMC model. After the last Monday of the first map, only the season differs from padding.

    Returns:
        `front_area`: (T+1,) km2 above the first observation; gaps are interpolated, which only shifts the origin of
        their latents. `front_seen`: (T+1,) its mask. `front_after`: (T+1,) 1 on Mondays after the last observation.
        `front_season`: (T,). `front_second`, `front_gain`: (T // 4,) changes of the second map and monthly
        gains, km2, 0 where masked; `front_second_seen`, `front_gain_seen`: their masks.
        `front_month_begin`, `front_month_end`: (T // 4,) in weeks after the first Monday, 0 where masked.
    """
    monday = np.arange(data.weeks + 1)
    at = data.seen > 0
    spans, gains = data.spans, data.monthly
    counted = np.isfinite(gains)
    return {
        "front_area": np.interp(monday, monday[at], data.area[at] - data.area[0]),
        "front_seen": data.seen,
        "front_after": (monday > data.last).astype(np.float64),
        "front_season": data.season,
        "front_second": np.nan_to_num(spans),
        "front_second_seen": np.isfinite(spans).astype(np.float64),
        "front_gain": np.nan_to_num(gains),
        "front_gain_seen": counted.astype(np.float64),
        "front_month_begin": np.where(counted, data.month_begins, 0.0),
        "front_month_end": np.where(counted, data.month_ends, 0.0),
    }


def front_observed(data: FrontData) -> Series:
    """The observations that are used: weekly net km2, changes over four weeks, monthly gains; each by its last day."""
    found = (
        (data.mondays[1:], data.weekly),
        (data.mondays[SPAN::SPAN], data.spans),
        (data.months[1:] - np.timedelta64(1, "D"), data.monthly),
    )
    kept = {name: (days, values) for name, (days, values) in zip(data.series, found, strict=True) if name}
    return {
        name: (days[np.isfinite(values)], values[np.isfinite(values)])
        for name, (days, values) in kept.items()
        if np.isfinite(values).any()
    }


def front_rows(data: FrontData) -> dict[str, int]:
    """The number of rows of each series that the observations are made of: a change has two maps, a gain one row."""
    maps = [_ends_used(changes) for changes in (data.weekly, data.spans)]
    found = zip(data.series, (*maps, int(np.isfinite(data.monthly).sum())), strict=True)
    return {name: rows for name, rows in found if name and rows}


def _ends_used(changes: Array) -> int:
    """The number of maps, each one end of a change or of two."""
    known = np.isfinite(changes)
    return int((np.append(known, False) | np.insert(known, 0, False)).sum())
