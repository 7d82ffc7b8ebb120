"""The aid block: deliveries of aid, estimated from allocations, for the United States and Europe separately.

`washington.us_aid` and `europe.europe_aid` are the arms delivered at the reference date, EUR bn a month. The
series counts something else: all aid, military, financial and humanitarian, in the month in which it was
allocated. Allocations come in packages: a month without any can follow a month of many billions. They are
delivered over months and years. One ratio, whose prior is a judgement, links the two over a period of two years:

    delivered at the reference date = aid_delivered * (mean of all aid allocated a month in the two years before)

A calendar quarter is long enough that most contain a package. Its sum S has a gamma distribution with that mean:

    S ~ Gamma(mean = 3 aid / aid_delivered, coefficient of variation v),   v^2 = aid_lumpiness^2 + r^2

r is `aid_revision` for quarters that ended within a year of the as-of date, and 0 for older quarters. The
series is a later vintage than the one that was public on the date, and revisions change the latest quarters. The
gamma is the simplest positive distribution with a spread that grows with its mean. A smaller sum counts as
`LEAST`. Only whole quarters of the two years before the reference date are used. Later allocations follow from
decisions that a timeline simulates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.belief.block import Draws, Series, Values
from forecast.calendar import Dates
from forecast.scenario.spec import Scenario

QUARTERS = 8
"""Number of quarters before the reference date that are used: two years."""

MONTHS = 3
"""Months of a quarter."""

LEAST = 0.05
"""Sum of a quarter, EUR bn, below which differences between the tracker's observations mean nothing."""

FLOWS = {"us": ("washington.us_aid", "washington"), "europe": ("europe.europe_aid", "europe")}
"""The two flows: the parameter, and the part whose other parameters belong to it."""

RECENT_DAYS = 365.25
"""Quarters that ended within this many days before the as-of date are recent: they may still be revised."""


def _names(flow: str, part: str) -> tuple[str, str, str, str]:
    """Names of the parameters of a flow."""
    return flow, f"{part}.aid_delivered", f"{part}.aid_lumpiness", f"{part}.aid_revision"


@dataclass(frozen=True)
class AidData:
    """Quarterly allocations as known on a date.

    Attributes:
        ends: (QUARTERS,) last days of the quarters.
        sums: (2, QUARTERS) EUR bn allocated in each quarter, by the United States and by Europe; NaN where one of
            its months is unknown.
        recent: (QUARTERS,) 1 where the quarter ended within a year of the as-of date, else 0.
        series: ids of the two series, None for a missing series.
    """

    ends: Dates
    sums: Array
    recent: Array
    series: tuple[str | None, str | None]


class AidBlock:
    """The block of aid; see `forecast.belief.block.Block` for its members."""

    name = "aid"
    parameters = tuple(name for flow, part in FLOWS.values() for name in _names(flow, part))

    def data(self, scenario: Scenario, day: date) -> AidData:
        """Give the sums of whole quarters as known on a date."""
        ends = _quarter_ends(scenario.reference_date)
        series = (scenario.series.aid_us, scenario.series.aid_europe)
        seen = scenario.evidence.as_of(day)
        sums = np.full((len(series), QUARTERS), np.nan)
        for row, name in enumerate(series):
            if name is not None:
                sums[row] = _sums(seen.series(name), ends)
        age = (np.datetime64(day, "D") - ends).astype(np.float64)
        return AidData(ends, sums, (age <= RECENT_DAYS).astype(np.float64), series)

    def inputs(self, data: AidData) -> dict[str, Array]:
        """Give sums, their mask and which quarters are recent; unknown sums are 1."""
        return {
            "aid_sums": np.nan_to_num(np.maximum(data.sums, LEAST), nan=1.0),
            "aid_seen": np.isfinite(data.sums).astype(np.float64),
            "aid_recent": data.recent,
        }

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the likelihood of both flows; there are no latents."""
        import pymc as pm
        import pytensor.tensor

        pt: Any = pytensor.tensor

        names = zip(*(_names(flow, part) for flow, part in FLOWS.values()), strict=True)
        own = [pt.stack([value[name] for name in both])[:, None] for both in names]
        mean, variance = _moments(own, inputs["aid_recent"])
        sums, shape = inputs["aid_sums"], 1.0 / variance
        rate = shape / mean
        density = shape * pt.log(rate) - pt.gammaln(shape) + (shape - 1.0) * pt.log(sums) - rate * sums
        pm.Potential("aid_quarters", (inputs["aid_seen"] * density).sum())

    def states(self, draws: Draws, value: Values, data: AidData) -> dict[str, Array]:
        """Give nothing: a flow is a parameter, not a level."""
        return {}

    def prior_states(self, value: Values, data: AidData, rng: np.random.Generator) -> dict[str, Array]:
        """Give nothing, as `states`."""
        return {}

    def paths(self, draws: Draws, value: Values, data: AidData) -> Series:
        """Give nothing: there are no latents."""
        return {}

    def weekly(self, value: Values, draws: Draws | None, data: AidData, rng: np.random.Generator) -> dict[str, Array]:
        """Give nothing, as `states`."""
        return {}

    def replicates(
        self, value: Values, draws: Draws | None, data: AidData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give replicates of the sums, given the parameters; prior and posterior differ in the parameters only."""
        replicates = {}
        for name, sums, (flow, part) in zip(data.series, data.sums, FLOWS.values(), strict=True):
            seen = np.isfinite(sums)
            if name is not None and seen.any():
                own = [value[key][..., None] for key in _names(flow, part)]
                mean, variance = _moments(own, data.recent[seen])
                replicates[name] = rng.gamma(1.0 / variance, mean * variance)
        return replicates

    def observed(self, data: AidData) -> Series:
        """Give the sums of the quarters, EUR bn, by their last days."""
        found: Series = {}
        for name, sums in zip(data.series, data.sums, strict=True):
            seen = np.isfinite(sums)
            if name is not None and seen.any():
                found[name] = (data.ends[seen], sums[seen])
        return found

    def rows_used(self, data: AidData) -> dict[str, int]:
        """Give the number of months in the quarters that are used."""
        return {name: MONTHS * len(days) for name, (days, _) in self.observed(data).items()}


def _moments(own: Sequence[Any], recent: Any) -> tuple[Any, Any]:
    """Mean of a quarter's sum, EUR bn, and its squared coefficient of variation; numpy or PyTensor.

    Args:
        own: a flow's parameters, in the order of `_names`.
        recent: 1 where the quarter is recent, else 0.
    """
    flow, delivered, lumpiness, revision = own
    return MONTHS * flow / delivered, lumpiness**2 + recent * revision**2


def _quarter_ends(reference: date) -> Dates:
    """Last days of the whole calendar quarters before a date, the latest last."""
    month = np.datetime64(reference, "M").astype(np.int64)  # months since January 1970, so quarters begin at 0, 3, ...
    begins = MONTHS * (month // MONTHS) - MONTHS * np.arange(QUARTERS)[::-1]
    next_days: Dates = begins.astype("datetime64[M]").astype("datetime64[D]")
    return next_days - np.timedelta64(1, "D")


def _sums(rows: pd.DataFrame, ends: Dates) -> Array:
    """Sum of each quarter's months, NaN where one is unknown. A row counts for the month of its `observed` date."""
    by_month = dict(zip(rows["observed"].to_numpy("datetime64[M]"), rows["value"], strict=True))
    months = ends.astype("datetime64[M]")[:, None] - np.arange(MONTHS).astype("timedelta64[M]")
    return np.array([sum(float(by_month.get(month, np.nan)) for month in quarter) for quarter in months])
