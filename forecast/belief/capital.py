"""Washington's political capital, as approval shows it.

Capital x is seen through the approval of the president. The average of his first term, of which every fourth
Monday is taken so that the average's own smoothing does not count as information, tells how approval drifts:

    approval = approval_first_mean + approval_per_sd x      x reverts to 0 with half-life capital_half_life

In the new term capital starts at `capital_start` on the reference date and reverts to `capital_mean`, week by
week. What the war does to it (`forecast.timeline.washington`) is not in this path: polls have the last word.
A figure y of house h, x being capital at the nearest end of a week, is

    y = approval_at_zero + approval_per_sd x + house_h + noise      house_h ~ Normal(0, approval_house)
                                                                     noise ~ approval_noise times Student t, 4 degrees

An average that is restated, or a house that jumps, has by Student's t a weight that falls with its distance. The
first term has no error of its own: its average is the level, and Gaussian as the simulator's is.

Before the first poll of the new term, capital is its prior with the first term's drift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from forecast.belief import ornstein_uhlenbeck
from forecast.belief.block import Dates, Draws, Series, Values, between, days_after, week_ends
from forecast.belief.student_t import TAIL_DEGREES, log_t
from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario

EVERY = 4
"""Weeks between the figures of the first term that are taken."""

TERM = 53
"""Most of them that a term of four years has room for."""

NEVER = 1e6
"""Weeks that stand for never: the gap before the first figure, which is of the stationary distribution."""


@dataclass(frozen=True)
class CapitalData:
    """Approval as known on a date, padded to the horizon.

    Attributes:
        start: the reference date.
        now: weeks from it to the as-of date.
        first: (TERM,) approval on every fourth Monday of the first term, percent; NaN where there is no more.
        first_days: (TERM,) days of these figures; where there is none, in the same rhythm.
        polls: (house, week) the last figure of each house of those nearest to the end of each week counted from the
            reference date, percent; NaN where there is none. The first week has the days before its middle too.
        days: (house, week) day of that figure.
        series: ids of the first term's series (None if there is none) and of the houses.
    """

    start: date
    now: float
    first: Array
    first_days: Dates
    polls: Array
    days: Dates
    series: tuple[str | None, tuple[str, ...]]

    @property
    def first_seen(self) -> int:
        """How many figures of the first term there are; they come first."""
        return int(np.isfinite(self.first).sum())

    @property
    def first_gaps(self) -> Array:
        """(TERM,) weeks from the figure before to each of the first term's."""
        return np.concatenate([[NEVER], np.diff(self.first_days).astype(np.float64) / 7.0])

    @property
    def ends(self) -> Array:
        """(K + 1,) when the weeks up to the as-of date end, in weeks after the reference date; the first is 0."""
        day = self.start + timedelta(days=round(7.0 * self.now))
        return np.maximum((week_ends(self.start, day) - np.datetime64(self.start, "D")).astype(np.float64) / 7.0, 0.0)

    @property
    def weeks(self) -> int:
        """Weeks of the path from the reference date; its last point is on the horizon or after it."""
        return int(self.polls.shape[1])


class CapitalBlock:
    """Capital as a block of the belief; what each member gives is said in `forecast.belief.block.Block`."""

    name = "capital"
    parameters = (
        "washington.capital_start",
        "washington.capital_half_life",
        "washington.capital_mean",
        "washington.approval_at_zero",
        "washington.approval_per_sd",
        "washington.approval_first_mean",
        "washington.approval_house",
        "washington.approval_noise",
    )

    def data(self, scenario: Scenario, day: date) -> CapitalData:
        """Give approval as known on a date. Figures of the new term from before the reference date are left out."""
        seen, roles, start = scenario.evidence.as_of(day), scenario.series, scenario.reference_date
        days, figures = np.empty(0, "datetime64[D]"), np.empty(0)
        if roles.first_term_approval is not None:
            rows = seen.series(roles.first_term_approval)
            days, figures = rows["observed"].to_numpy("datetime64[D]"), rows["value"].to_numpy(np.float64)
        first, first_days = _spaced(days, figures, start)
        weeks = (scenario.horizon - start).days // 7 + 1
        polls = np.full((max(1, len(roles.approval)), weeks), np.nan)
        poll_days = np.full(polls.shape, np.datetime64(start, "D"))
        for house, series in enumerate(roles.approval):
            rows = seen.series(series)
            for observed, value in zip(rows["observed"], rows["value"], strict=True):
                after = (observed.date() - start).days
                if 0 <= after <= (scenario.horizon - start).days:  # rows come by date, so the last of a week stays
                    week = max(1, (after + 3) // 7) - 1
                    polls[house, week], poll_days[house, week] = value, observed.to_datetime64()
        now = (day - start).days / 7.0
        return CapitalData(start, now, first, first_days, polls, poll_days, (roles.first_term_approval, roles.approval))

    def inputs(self, data: CapitalData) -> dict[str, Array]:
        """Give figures, masks and times; unseen figures are 0."""
        return {
            "capital_first": np.nan_to_num(data.first),
            "capital_first_last": np.nan_to_num(np.roll(data.first, 1)),
            "capital_first_seen": np.isfinite(data.first).astype(np.float64),
            "capital_first_gap": data.first_gaps,
            "capital_polls": np.nan_to_num(data.polls),
            "capital_polls_seen": np.isfinite(data.polls).astype(np.float64),
        }

    def add(self, inputs: Mapping[str, Any], value: Mapping[str, Any]) -> None:
        """Add the steps of the path, the houses' effects and both likelihoods."""
        import pymc as pm
        import pytensor.tensor

        pt: Any = pytensor.tensor
        own = {name.removeprefix("washington."): tensor for name, tensor in value.items()}
        half_life, per_sd = own["capital_half_life"], own["approval_per_sd"]
        houses, weeks = inputs["capital_polls"].get_value(borrow=True).shape

        first, last = ((inputs[f"capital_first{of}"] - own["approval_first_mean"]) / per_sd for of in ("", "_last"))
        density = ornstein_uhlenbeck.log_density(first, last, inputs["capital_first_gap"], half_life) - pt.log(per_sd)
        pm.Potential("capital_first_term", (inputs["capital_first_seen"] * density).sum())

        steps = pm.Normal("capital_steps", 0.0, 1.0, shape=weeks)
        house = own["approval_house"] * pm.Normal("capital_houses", 0.0, 1.0, shape=houses)
        times = np.arange(1.0, weeks + 1.0)
        level = ornstein_uhlenbeck.path_tensor(own["capital_start"], own["capital_mean"], half_life, times, steps)
        away = inputs["capital_polls"] - own["approval_at_zero"] - per_sd * level - house[:, None]
        noise = own["approval_noise"]
        pm.Potential(
            "capital_new_term",
            (inputs["capital_polls_seen"] * (log_t(away / noise) - pt.log(noise))).sum(),
        )

    def states(self, draws: Draws, value: Values, data: CapitalData) -> dict[str, Array]:
        """Give capital on the as-of date, linear between two weeks."""
        return {"washington.capital": between(_path(draws["capital_steps"], value), data.now)}

    def prior_states(self, value: Values, data: CapitalData, rng: np.random.Generator) -> dict[str, Array]:
        """Give the same from the prior: the start on the reference date, later the start and its drift."""
        return self.states(self._latents(value, data, rng), value, data)

    def paths(self, draws: Draws, value: Values, data: CapitalData) -> Series:
        """Give capital on each whole week up to the as-of date."""
        count = int(data.now) + 1
        days = days_after(data.start, 7 * np.arange(count))
        return {"washington.capital": (days, _path(draws["capital_steps"], value)[..., :count])}

    def weekly(
        self, value: Values, draws: Draws | None, data: CapitalData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give capital at the end of each week, linear between two points of the path."""
        latents = self._latents(value, data, rng) if draws is None else draws
        return {"washington.capital": between(_path(latents["capital_steps"], value), data.ends)}

    def replicates(
        self, value: Values, draws: Draws | None, data: CapitalData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give the first term from another past with the same drift, and the new term's polls of the same capital."""
        made = {}
        series, houses = data.series
        shape = value["washington.approval_per_sd"].shape
        if series is not None and data.first_seen:
            x = np.empty((*shape, data.first_seen))
            x[..., 0] = rng.standard_normal(shape)
            for k in range(1, data.first_seen):
                kept = ornstein_uhlenbeck.keep(value["washington.capital_half_life"], data.first_gaps[k])
                x[..., k] = kept * x[..., k - 1] + np.sqrt(1.0 - kept**2) * rng.standard_normal(shape)
            mean, per_sd = value["washington.approval_first_mean"], value["washington.approval_per_sd"]
            made[series] = mean[..., None] + per_sd[..., None] * x
        latents = self._latents(value, data, rng) if draws is None else draws
        path = _path(latents["capital_steps"], value)
        for house, name in enumerate(houses):
            weeks = np.flatnonzero(np.isfinite(data.polls[house]))
            if weeks.size:
                level = path[..., weeks + 1]
                effect = value["washington.approval_house"] * latents["capital_houses"][..., house]
                middle = value["washington.approval_at_zero"] + effect
                noise = value["washington.approval_noise"][..., None] * rng.standard_t(TAIL_DEGREES, level.shape)
                made[name] = middle[..., None] + value["washington.approval_per_sd"][..., None] * level + noise
        return made

    def observed(self, data: CapitalData) -> Series:
        """Give the first term's figures that were taken, and each house's."""
        series, houses = data.series
        count = data.first_seen
        found: Series = {}
        if series is not None and count:
            found[series] = (data.first_days[:count], data.first[:count])
        for house, name in enumerate(houses):
            seen = np.isfinite(data.polls[house])
            if seen.any():
                found[name] = (data.days[house, seen], data.polls[house, seen])
        return found

    def _latents(self, value: Values, data: CapitalData, rng: np.random.Generator) -> dict[str, Array]:
        """Steps and houses from the prior."""
        shape = value["washington.capital_start"].shape
        return {
            "capital_steps": rng.standard_normal((*shape, data.weeks)),
            "capital_houses": rng.standard_normal((*shape, data.polls.shape[0])),
        }


def _spaced(days: Dates, figures: Array, before: date) -> tuple[Array, Dates]:
    """The figures of every fourth week from the first on, of those before a date, padded to a term.

    Where a figure is missing, so is its place: the next one has a longer gap to the last.
    """
    kept: list[tuple[np.datetime64, float]] = []
    for day, figure in zip(days, figures, strict=True):
        weeks = (day - days[0]).astype(np.int64) / 7.0
        if day < np.datetime64(before, "D") and weeks % EVERY == 0 and len(kept) < TERM:
            kept.append((day, float(figure)))
    last = kept[-1][0] if kept else np.datetime64(before, "D")
    later = last + (7 * EVERY * np.arange(1, TERM - len(kept) + 1)).astype("timedelta64[D]")
    filled = np.concatenate([np.array([day for day, _ in kept], dtype="datetime64[D]"), later])
    return np.array([figure for _, figure in kept] + [np.nan] * later.size), filled


def _path(steps: Array, value: Values) -> Array:
    """Capital on the reference date and each week after it, (chain, draw, week + 1)."""
    start, mean, half_life = (value[f"washington.capital_{key}"] for key in ("start", "mean", "half_life"))
    return ornstein_uhlenbeck.path(start, mean, half_life, 1.0, steps)
