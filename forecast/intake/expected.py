"""Figures far outside what the last saved run predicted: they are taken, and flagged.

A run predicts the area of the front by the weekly range of ground gained, the pocket by its area, and approval by the
ranges of `amounts`. Where no run predicts a series, a change is flagged that
is far larger than the recent ones.
"""

import contextlib
import math
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from forecast.errors import ForecastError
from forecast.scenario.spec import Scenario
from forecast.store.json_text import read_object
from forecast.store.manifest import MANIFEST, read_manifest
from forecast.store.parquet import read_parquet

FAR: Final = 2.0
"""Half-widths of the 90% range, from its median, beyond which a figure is far outside."""

LEAST: Final = 0.01
"""Least half-width of a range, as a share of the declared range of the series: the error of an instrument."""

FEWEST: Final = 8
"""Fewest figures of a series from which a usual change is read."""

RECENT: Final = 52
"""Most figures from which it is read."""

UNUSUAL: Final = 3.0
"""Multiple of the largest recent change, scaled to the gap, beyond which a change without a prediction is flagged."""

APPROVAL_WEEKS: Final = (4, 13, 26)
"""Weeks after the as-of date for which a run predicts approval."""


class Expected:
    """The figures that the last saved run of a scenario predicts."""

    def __init__(self, scenario: Scenario, runs: Path | None) -> None:
        self._scenario = scenario
        self._runs = runs

    def flag(self, series: str, observed: date, value: float) -> str | None:
        """Give the warning about a figure far from the prediction; None for any other.

        Args:
            series: id of its series.
            observed: the day that it speaks of.
            value: in the unit of the series.
        """
        unit = self._scenario.evidence.specs[series].unit
        found = self._predicted(series, observed)
        if found is not None:
            low, median, high = found
            edge = median - low if value < median else high - median
            declared = self._scenario.evidence.specs[series].range
            edge = max(edge, LEAST * (declared[1] - declared[0]) / 2)
            if abs(value - median) <= FAR * edge:
                return None
            return (
                f"FAR FROM THE FORECAST: {series} is {value:,.6g} {unit} for {observed}; the last run, {self._name}, "
                f"predicted {low:,.6g} to {high:,.6g} (90% range). The figure was taken; check it"
            )
        return self._unusual(series, observed, value, unit)

    def _unusual(self, series: str, observed: date, value: float, unit: str) -> str | None:
        """Flag a change from the figure before that is far larger than all changes so far."""
        rows = self._scenario.evidence.series(series).drop_duplicates("observed", keep="last")
        rows = rows[rows["observed"] < pd.Timestamp(observed)].tail(RECENT)
        if len(rows) < FEWEST:
            return None
        before = rows["value"].to_numpy(dtype=np.float64)
        gaps = rows["observed"].diff().dt.days
        longer = max((pd.Timestamp(observed) - rows["observed"].iloc[-1]).days / float(gaps.median()), 1.0)
        usual = float(np.abs(np.diff(before)).max())
        change = value - float(before[-1])
        if usual == 0.0 or abs(change) <= UNUSUAL * usual * longer:
            return None
        return (
            f"UNUSUAL: {series} is {value:,.6g} {unit} for {observed}, {abs(change):,.6g} from the figure before; the "
            f"largest change of the last {len(rows)} figures was {usual:,.6g}. The figure was taken; check it"
        )

    def _predicted(self, series: str, observed: date) -> tuple[float, float, float] | None:
        """The 5, 50 and 95% quantiles that the last run predicts for a series on a day; None if it predicts none."""
        folder = self._folder
        if folder is None:
            return None
        day = date.fromisoformat(self._manifest["as_of"])
        if observed <= day:
            return None
        roles = self._scenario.series
        with contextlib.suppress(ForecastError, OSError, KeyError, ValueError, TypeError):
            if series == self._scenario.area_series:
                return self._band("km2", observed, self._area_then())
            if series == roles.pocket:
                return self._band("pocket", observed, 0.0)
            if series in roles.approval:
                return self._approval((observed - day).days / 7)
        return None

    def _area_then(self) -> float:
        """The area on the reference date, from which a run counts the ground gained."""
        rows = self._scenario.evidence.series(self._scenario.area_series).drop_duplicates("observed", keep="last")
        known = rows[rows["observed"] <= pd.Timestamp(self._scenario.reference_date)]["value"]
        return float(known.iloc[-1])

    def _band(self, level: str, observed: date, above: float) -> tuple[float, float, float] | None:
        """A level's quantiles at the end of the week of a day."""
        table = self._bands
        rows = table[(table["level"] == level) & (table["ending"] == "all")]
        days = pd.to_datetime(rows["date"]).to_numpy()
        place = int(days.searchsorted(np.datetime64(observed)))
        if place >= len(rows):
            return None
        found = [above + float(rows[name].iloc[place]) for name in ("q05", "q50", "q95")]
        return None if any(math.isnan(x) for x in found) else (found[0], found[1], found[2])

    def _approval(self, weeks: float) -> tuple[float, float, float] | None:
        """The quantiles of approval at the next point of time for which the run has them."""
        amounts: dict[str, Any] = read_object(self._last / "summary.json")["amounts"]
        for count in APPROVAL_WEEKS:
            entry = amounts.get(f"approval_{count}w")
            if weeks <= count and entry:
                return float(entry["q05"]), float(entry["q50"]), float(entry["q95"])
        return None

    @cached_property
    def _bands(self) -> pd.DataFrame:
        return read_parquet(self._last / "bands.parquet")

    @property
    def _last(self) -> Path:
        assert self._folder is not None
        return self._folder

    @property
    def _name(self) -> str:
        return self._last.name

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        return dict(read_manifest(self._last))

    @cached_property
    def _folder(self) -> Path | None:
        """The folder of the scenario's last run: the greatest as-of date, then the latest start; None without one."""
        if self._runs is None:
            return None
        begin = f"{self._scenario.id}_"
        try:
            names = [path for path in self._runs.iterdir() if path.name.startswith(begin)]
        except OSError:
            return None
        days = [(path.name.removeprefix(begin)[:10], path) for path in names if (path / MANIFEST).is_file()]
        last = max((day for day, _ in days), default="")
        found = []
        for day, path in days:
            if day == last:
                with contextlib.suppress(ForecastError, OSError):
                    found.append((str(read_manifest(path)["started"]), path))
        return max(found)[1] if found else None
