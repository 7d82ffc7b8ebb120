"""The capital block: Washington's political capital, estimated from approval polls.

Capital x is observed through the president's approval. The average of polls in his first term shows how approval
drifts. Only every fourth Monday of it is used, so that its smoothing does not count as information:

    approval = approval_first_mean + approval_per_sd x      x reverts to 0 with half-life capital_half_life

In the new term capital starts at `capital_start` on the reference date and reverts to `capital_mean`, week by
week. The effects of the war (`forecast.timeline.washington`) are not part of this path, since the polls include
them. With x capital at the nearest end of a week, a poll y by house h is

    y = approval_at_zero + approval_per_sd x + house_h + noise      house_h ~ Normal(0, approval_house)
                                                                     noise ~ approval_noise times Student t, 4 degrees

Student's t gives an outlier, such as a restated average or a house that jumps, a weight that falls with its
distance. The average of the first term has no error: it is the level, which is Gaussian as in the simulator.

Before the first poll of the new term, capital has its prior distribution, with the drift of the first term.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.belief import ornstein_uhlenbeck
from forecast.belief.block import Draws, Series, Values, interpolate
from forecast.belief.student_t import TAIL_DEGREES, log_density
from forecast.calendar import Dates, days_after, week_ends
from forecast.scenario.spec import Scenario

EVERY = 4
"""Weeks between the observations of the first term that are used."""

TERM = 53
"""Number of such observations in a term of four years, at most."""

NEVER = 1e6
"""Gap before the first observation, in weeks: so long that it has the stationary distribution."""


@dataclass(frozen=True)
class CapitalData:
    """Approval as known on a date, padded to the horizon.

    Attributes:
        start: the reference date.
        now: weeks from it to the as-of date.
        first: (TERM,) approval on every fourth Monday of the first term, percent; padded with NaN.
        first_days: (TERM,) days of these observations, continued at the same intervals.
        polls: (house, week) approval by each house at the end of each week from the reference date on, percent: the
            last poll among those that are nearest to that day, NaN if there is none. The first week also has the
            polls of its first days.
        days: (house, week) day of that poll.
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
        """Number of observations of the first term; they precede the padding."""
        return int(np.isfinite(self.first).sum())

    @property
    def first_gaps(self) -> Array:
        """(TERM,) weeks from the previous observation of the first term to each."""
        return np.concatenate([[NEVER], np.diff(self.first_days).astype(np.float64) / 7.0])

    @property
    def ends(self) -> Array:
        """(K + 1,) `week_ends` up to the as-of date, in weeks after the reference date; the first is 0."""
        day = self.start + timedelta(days=round(7.0 * self.now))
        return np.maximum((week_ends(self.start, day) - np.datetime64(self.start, "D")).astype(np.float64) / 7.0, 0.0)

    @property
    def weeks(self) -> int:
        """Weeks of the path from the reference date; its last point is on or after the horizon."""
        return int(self.polls.shape[1])


class CapitalBlock:
    """The block of political capital; see `forecast.belief.block.Block` for its members."""

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
        """Give approval as known on a date; polls of the new term start on the reference date."""
        seen, roles, start = scenario.evidence.as_of(day), scenario.series, scenario.reference_date
        days, figures = np.empty(0, "datetime64[D]"), np.empty(0)
        if roles.first_term_approval is not None:
            rows = seen.series(roles.first_term_approval)
            days, figures = rows["observed"].to_numpy("datetime64[D]"), rows["value"].to_numpy(np.float64)
        first, first_days = _every_fourth(days, figures, start)
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
        """Give observations, masks and times; padding is 0."""
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
        density = log_density(away / noise, log1p=pt.log1p) - pt.log(noise)
        pm.Potential("capital_new_term", (inputs["capital_polls_seen"] * density).sum())

    def states(self, draws: Draws, value: Values, data: CapitalData) -> dict[str, Array]:
        """Give capital on the as-of date, linear between two weeks."""
        return {"washington.capital": interpolate(_path(draws["capital_steps"], value), data.now)}

    def prior_states(self, value: Values, data: CapitalData, rng: np.random.Generator) -> dict[str, Array]:
        """Draw capital from the prior: the start on the reference date, followed by its drift."""
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
        return {"washington.capital": interpolate(_path(latents["capital_steps"], value), data.ends)}

    def replicates(
        self, value: Values, draws: Draws | None, data: CapitalData, rng: np.random.Generator
    ) -> dict[str, Array]:
        """Give a first term with another path and the same drift, and polls of the new term given its path."""
        replicates = {}
        series, houses = data.series
        shape = value["washington.approval_per_sd"].shape
        if series is not None and data.first_seen:
            noise = np.moveaxis(rng.standard_normal((data.first_seen, *shape)), 0, -1)
            half_life, gaps = value["washington.capital_half_life"], data.first_gaps[1 : data.first_seen]
            x = ornstein_uhlenbeck.path(noise[..., 0], 0.0, half_life, gaps, noise[..., 1:])
            mean, per_sd = value["washington.approval_first_mean"], value["washington.approval_per_sd"]
            replicates[series] = mean[..., None] + per_sd[..., None] * x
        latents = self._latents(value, data, rng) if draws is None else draws
        path = _path(latents["capital_steps"], value)
        for house, name in enumerate(houses):
            weeks = np.flatnonzero(np.isfinite(data.polls[house]))
            if weeks.size:
                level = path[..., weeks + 1]
                effect = value["washington.approval_house"] * latents["capital_houses"][..., house]
                middle = value["washington.approval_at_zero"] + effect
                noise = value["washington.approval_noise"][..., None] * rng.standard_t(TAIL_DEGREES, level.shape)
                replicates[name] = middle[..., None] + value["washington.approval_per_sd"][..., None] * level + noise
        return replicates

    def observed(self, data: CapitalData) -> Series:
        """Give the observations of the first term that are used, and each house's polls."""
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

    def rows_used(self, data: CapitalData) -> dict[str, int]:
        """Give the number of figures: each is an observation."""
        return {name: len(days) for name, (days, _) in self.observed(data).items()}

    def _latents(self, value: Values, data: CapitalData, rng: np.random.Generator) -> dict[str, Array]:
        """Draw steps and house effects from the prior."""
        shape = value["washington.capital_start"].shape
        return {
            "capital_steps": rng.standard_normal((*shape, data.weeks)),
            "capital_houses": rng.standard_normal((*shape, data.polls.shape[0])),
        }


def _every_fourth(days: Dates, figures: Array, before: date) -> tuple[Array, Dates]:
    """The observations of every fourth week before a date, and their days, padded to a term.

    A missing observation has no place of its own: the next one has a longer gap to the last.
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
    """Capital on the reference date and at the end of each week, (chain, draw, week + 1)."""
    start, mean, half_life = (value[f"washington.capital_{key}"] for key in ("start", "mean", "half_life"))
    return ornstein_uhlenbeck.path(start, mean, half_life, 1.0, steps)
