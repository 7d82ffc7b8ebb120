"""The instability block: Ukraine's domestic instability, estimated from polls and desertion cases.

One level x, in units of its stationary standard deviation, reverts to 0 with half-life `instability_half_life`. Its
zero is the average of the two war years before the reference date. On the reference date it is
`instability_start`. From there it runs month by month in both directions: such a process is reversible in time. The
effects of the war, of mobilisation and of a draft settlement (`forecast.timeline.kyiv`) are not part of this path.
Three series observe it. Each has an error e in units of x, and one parameter gives the scale of all three:

    logit of the share ready for territorial concessions    = logit(concessions_centre) + concessions_loading (x + e)
    logit of the share that trusts the president            = logit(trust_centre)       - trust_loading (x + e)
    log of the cases of absence without leave opened a month = log(desertion_centre)    + desertion_loading (x + e)

    e ~ instability_error times Student t, 4 degrees

A poll observes x on the last day of its fieldwork. A count of cases is a mean over the days since the previous row,
and is used as an observation of the mean of x over those days. (The mean of the counts differs from the count at the
mean by half the variance within the period, which is less than the error.) The first row is left out, since its
first day is unknown. Rows from before the first week of the front's data are left out, since the rally of 2022 is a
different process. At most the latest `SLOTS` observations of a series are used.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.belief import ornstein_uhlenbeck
from forecast.belief.block import Draws, Series, Values, interpolate
from forecast.belief.student_t import TAIL_DEGREES, log_density
from forecast.calendar import Dates, days_after, week_ends
from forecast.scenario.spec import Scenario

MONTH_DAYS = 365.25 / 12.0
"""Step of the path, days."""

MONTH = MONTH_DAYS / 7.0
"""Step of the path, weeks."""

SLOTS = 24
"""Number of observations of a series that are used, at most."""

INDICATORS = {"concessions": 1.0, "trust": -1.0, "desertion": 1.0}
"""The series by their role, and the sign of their change as instability rises."""

PERCENT = ("concessions", "trust")
"""The series in percent, which are modelled on the logit scale; the other is a count, modelled as its logarithm."""


@dataclass(frozen=True)
class InstabilityData:
    """The three series as known on a date, padded.

    Attributes:
        start: the reference date, in the middle of the path.
        months: months of the path on either side of it.
        now: months from it to the as-of date.
        figures: (3, SLOTS) the observations of each series in its own unit, oldest first, then NaN.
        days: (3, SLOTS) last day of each observation.
        weight: (3, SLOTS, 2 months + 1) weights of the path's points in each observation; they add up to 1.
        series: ids of the three series, None for a missing series.
    """

    start: date
    months: int
    now: float
    figures: Array
    days: Dates
    weight: Array
    series: tuple[str | None, ...]

    @property
    def ends(self) -> Array:
        """(K + 1,) `week_ends` up to the as-of date, in months after the reference date; the first is 0."""
        day = self.start + timedelta(days=round(MONTH_DAYS * self.now))
        after = (week_ends(self.start, day) - np.datetime64(self.start, "D")).astype(np.float64)
        return np.maximum(after / MONTH_DAYS, 0.0)


class InstabilityBlock:
    """The block of instability; see `forecast.belief.block.Block` for its members."""

    name = "instability"
    parameters = (
        "kyiv.instability_start",
        "kyiv.instability_half_life",
        "kyiv.instability_error",
        *(f"kyiv.{part}_{key}" for part in INDICATORS for key in ("centre", "loading")),
    )

    def data(self, scenario: Scenario, day: date) -> InstabilityData:
        """Give the three series as known on a date."""
        start = scenario.reference_date
        longest = max(start - scenario.first_week, scenario.horizon - start)
        months = math.ceil(longest.days / MONTH_DAYS)
        figures = np.full((len(INDICATORS), SLOTS), np.nan)
        days = np.full(figures.shape, np.datetime64(start, "D"))
        weight = np.zeros((*figures.shape, 2 * months + 1))
        series = tuple(getattr(scenario.series, part) for part in INDICATORS)
        seen = scenario.evidence.as_of(day)
        for row, (part, name) in enumerate(zip(INDICATORS, series, strict=True)):
            if name is None:
                continue
            rows = _rows(seen.series(name), scenario.first_week, scenario.horizon, mean=part == "desertion")
            for slot, (begin, end, value) in enumerate(rows[-SLOTS:]):
                figures[row, slot], days[row, slot] = value, end
                weight[row, slot] = _weights(begin, end, start, months)
        now = (day - start).days / MONTH_DAYS
        return InstabilityData(start, months, now, figures, days, weight, series)

    def inputs(self, data: InstabilityData) -> dict[str, Array]:
        """Give the observations on the scale of the model, their mask and weights, and the times of the path."""
        return {
            "instability_figures": np.nan_to_num(_scale(data.figures, np.log)),
            "instability_seen": np.isfinite(data.figures).astype(np.float64),
            # Weights of the reference date, and of the months before and after it, the nearest first.
            "instability_start": data.weight[..., data.months],
            "instability_weight": np.stack(
                [data.weight[..., data.months - 1 :: -1], data.weight[..., data.months + 1 :]], axis=2
            ),
            "instability_times": MONTH * np.arange(1.0, data.months + 1.0),
        }

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the steps of the path, before and after the reference date, and the likelihood of the series."""
        import pymc as pm
        import pytensor.tensor

        pt: Any = pytensor.tensor
        start, times = value["kyiv.instability_start"], inputs["instability_times"]
        steps = pm.Normal("instability_steps", 0.0, 1.0, shape=(2, times.get_value(borrow=True).size))
        path = ornstein_uhlenbeck.path_tensor(start, 0.0, value["kyiv.instability_half_life"], times, steps)
        # Products and their sum: a matrix product takes half a minute to compile.
        level = inputs["instability_start"] * start + (inputs["instability_weight"] * path).sum(axis=(2, 3))
        error = value["kyiv.instability_error"]
        loading, centre = (
            pt.stack([value[f"kyiv.{part}_{key}"] for part in INDICATORS])[:, None] for key in ("loading", "centre")
        )
        sign = np.array(list(INDICATORS.values()))[:, None]
        away = (sign * (inputs["instability_figures"] - _scale(centre, pt.log)) / loading - level) / error
        density = log_density(away, log1p=pt.log1p) - pt.log(error * loading)
        pm.Potential("instability_series", (inputs["instability_seen"] * density).sum())

    def states(self, draws: Draws, value: Values, data: InstabilityData) -> dict[str, Array]:
        """Give instability on the as-of date, linear between two months."""
        return {"kyiv.instability": interpolate(_path(draws["instability_steps"], value), data.months + data.now)}

    def prior_states(self, value: Values, data: InstabilityData, rng: np.random.Generator) -> dict[str, Array]:
        """Draw instability from the prior: the start on the reference date, followed by its drift."""
        return self.states(self._latents(value, data, rng), value, data)

    def paths(self, draws: Draws, value: Values, data: InstabilityData) -> Series:
        """Give instability by month up to the as-of date."""
        count = data.months + int(data.now) + 1
        days = days_after(data.start, np.round(MONTH_DAYS * (np.arange(count) - data.months)))
        return {"kyiv.instability": (days, _path(draws["instability_steps"], value)[..., :count])}

    def weekly(
        self, value: Values, draws: Draws | None, data: InstabilityData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give instability at the end of each week, linear between two months."""
        latents = self._latents(value, data, rng) if draws is None else draws
        return {"kyiv.instability": interpolate(_path(latents["instability_steps"], value), data.months + data.ends)}

    def replicates(
        self, value: Values, draws: Draws | None, data: InstabilityData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give replicates of each series, given the path."""
        path = _path((self._latents(value, data, rng) if draws is None else draws)["instability_steps"], value)
        replicates = {}
        for row, (part, name) in enumerate(zip(INDICATORS, data.series, strict=True)):
            seen = np.isfinite(data.figures[row])
            if name is not None and seen.any():
                level = np.einsum("sp,...p->...s", data.weight[row, seen], path)
                noise = value["kyiv.instability_error"][..., None] * rng.standard_t(TAIL_DEGREES, level.shape)
                centre = value[f"kyiv.{part}_centre"][..., None]
                away = INDICATORS[part] * value[f"kyiv.{part}_loading"][..., None] * (level + noise)
                odds = centre / (100.0 - centre) * np.exp(away)
                replicates[name] = 100.0 * odds / (1.0 + odds) if part in PERCENT else centre * np.exp(away)
        return replicates

    def observed(self, data: InstabilityData) -> Series:
        """Give the observations of the three series that are used, in their own units."""
        found: Series = {}
        for row, name in enumerate(data.series):
            seen = np.isfinite(data.figures[row])
            if name is not None and seen.any():
                found[name] = (data.days[row, seen], data.figures[row, seen])
        return found

    def rows_used(self, data: InstabilityData) -> dict[str, int]:
        """Give the number of figures: each is an observation."""
        return {name: len(days) for name, (days, _) in self.observed(data).items()}

    def _latents(self, value: Values, data: InstabilityData, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the steps from the prior."""
        shape = value["kyiv.instability_start"].shape
        return {"instability_steps": rng.standard_normal((*shape, 2, data.months))}


def _rows(rows: pd.DataFrame, first: date, last: date, *, mean: bool) -> list[tuple[date, date, float]]:
    """Rows within the path: first day, last day and value of each.

    Args:
        rows: of a series, by date.
        first: rows that end before this day are left out.
        last: rows that end after this day are left out.
        mean: a row is the mean since the previous row; otherwise it is the value on its day.
    """
    ends = [day.date() for day in rows["observed"]]
    begins = [date.fromordinal(end.toordinal() + 1) for end in ends[:-1]] if mean else ends
    figures = list(rows["value"])[1:] if mean else list(rows["value"])
    ends = ends[1:] if mean else ends
    found = zip(begins, ends, figures, strict=True)
    return [(max(begin, first), end, float(value)) for begin, end, value in found if first <= end <= last]


def _weights(begin: date, end: date, start: date, months: int) -> Array:
    """Weights of the path's points in the mean over the days from `begin` to `end`, linear between points."""
    days = np.arange((begin - start).days, (end - start).days + 1)
    where, points = months + days / MONTH_DAYS, 2 * months + 1
    low = np.clip(np.floor(where).astype(np.int64), 0, points - 2)
    share = where - low
    weight = np.bincount(low, 1.0 - share, points) + np.bincount(low + 1, share, points)
    return np.asarray(weight / days.size)


def _scale(x: Any, log: Any) -> Any:
    """Values of the three series, (3, 1) or more, on the scale of the model: logit of percent, or logarithm."""
    share = np.array([[float(part in PERCENT)] for part in INDICATORS])
    return log(x) - log(share * (100.0 - x) + 1.0 - share)


def _path(steps: Array, value: Values) -> Array:
    """Instability by month, with the reference date in the middle: (chain, draw, 2 months + 1).

    Args:
        steps: before and after the reference date, the nearest first, (chain, draw, 2, months).
        value: the parameters.
    """
    start, half_life = (value[f"kyiv.instability_{key}"][..., None] for key in ("start", "half_life"))
    sides = ornstein_uhlenbeck.path(start, np.zeros_like(start), half_life, MONTH, steps)
    return np.concatenate([sides[..., 0, :0:-1], sides[..., 1, :]], axis=-1)
