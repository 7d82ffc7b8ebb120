"""Rates at which elicited chances come out in the sense in which they were elicited.

A chance a year is elicited for a timeline that starts at reference levels and fluctuates as levels do. The simulator
multiplies a rate by a bounded ratio of such levels, ratio(x) = exp(bounded(x)), and averaged over the fluctuations this
ratio is above 1 (Jensen's inequality). So the weekly rate of the simulator is the elicited one divided by

    M = mean over the year of E[ratio(X_t)]
    X_t ~ Normal(mean of x at t, sum of (coefficient^2 variance of the level at t))

with E by Gauss-Hermite quadrature. A level that starts at its mean has the variance 1 - 2^(-2 t / half-life) after t
weeks. The advance is in units of z: its slow level has the variance slow_sd^2 times that, its fast part averages out
over the memory of the advance, and the mud seasons move its mean. A level that another level forces passes its
fluctuations on, so each coefficient includes what reaches the rate by way of a forced level.

A chance a year also has to come out as a chance: with the rate's average over the year uncertain by q (the variance of
its ratio to its mean), 1 - E exp(-R) is below 1 - exp(-E R), and the rate is raised so that it is not.

The chance that a breakthrough ends in collapse is meant for a breakthrough as they come: likelier when adequacy is low.
Its M is the mean of collapse's ratio weighted by the breakthrough's ratio.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.timeline.fields import WEEKS_PER_YEAR
from forecast.timeline.forms import LN2, LN5, LN12
from forecast.timeline.front import MEMORY

WEEKS = np.arange(2.0, 52.0, 4.0)
"""Weeks after the reference date at which the year is sampled."""

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
WEIGHTS = WEIGHTS / WEIGHTS.sum()

HALF_LIVES = {
    "adequacy": "front.adequacy_half_life",
    "instability": "kyiv.instability_half_life",
    "strain": "moscow.strain_half_life",
    "capital": "washington.capital_half_life",
    "attention": "washington.attention_half_life",
    "hawks": "hawks.hawks_half_life",
    "obstruction": "europe.obstruction_half_life",
    "advance": "front.slow_half_life",
}
"""Levels that move rates, and the parameter that says how fast each reverts."""

FORCED = (
    ("instability", "advance", "kyiv.instability_ground", 1.0),
    ("adequacy", "advance", "front.attrition", -1.0),
    ("adequacy", "instability", "front.desertion", -1.0),
    ("hawks", "capital", "hawks.hawks_capital", -1.0),
)
"""Levels that another level forces: the forced level, the other, the coefficient and its sign; later rows first."""


@dataclass(frozen=True, eq=False)
class Response:
    """The answer of a rate to levels: the bounded ratio of a sum of coefficients times levels.

    Several rates may share one: it is compared by identity, and its mean ratio is computed once.

    Attributes:
        coefficients: by level: the parameter's dotted name, and the sign with which it enters.
        limit: logarithm of the largest ratio.
        share: the parameter with the weight of this part in a rate of several parts; empty if it is the whole.
    """

    coefficients: Mapping[str, tuple[str, float]]
    limit: float = LN5
    share: str = ""


def _one(limit: float = LN5, share: str = "", **coefficients: str) -> Response:
    """A response from names such as ``adequacy="-front.breakthrough_adequacy"``."""
    parts = {
        level: (name.removeprefix("-"), -1.0 if name.startswith("-") else 1.0) for level, name in coefficients.items()
    }
    return Response(parts, limit, share)


BREAKTHROUGH = _one(
    adequacy="-front.breakthrough_adequacy",
    instability="front.breakthrough_instability",
    advance="front.breakthrough_advance",
)
COLLAPSE = _one(LN12, adequacy="-endings.collapse_adequacy", instability="endings.collapse_instability")
_TEMPO = (_one(attention="talks.tempo"),)

RESPONSES: Mapping[str, tuple[Response, ...]] = {
    "front.breakthrough": (BREAKTHROUGH,),
    "front.draft_failure": (_one(instability="front.draft_failure_instability"),),
    "moscow.home_shock": (_one(strain="moscow.home_shock_strain"),),
    "washington.press_moscow": (_one(hawks="washington.press_hawks"),),
    "washington.walk_away": (_one(attention="-washington.walk_attention", capital="-washington.walk_capital"),),
    "washington.come_back": (_one(attention="washington.come_back_attention"),),
    "washington.renewal": (_one(capital="washington.renewal_capital", hawks="washington.renewal_hawks"),),
    "europe.troops_into_text": (_one(obstruction="europe.troops_obstruction"),),
    "hawks.sabotage": (_one(hawks="hawks.sabotage_hawks"),),
    "kyiv.coup": (_one(instability="kyiv.coup_instability"),),
    **{f"talks.{move}": _TEMPO for move in ("contact", "terms", "text", "signature", "limited_truce", "general_truce")},
    "endings.defeat": (
        _one(
            LN12,
            "endings.defeat_capitulation",
            adequacy="-endings.defeat_adequacy",
            advance="endings.defeat_advance",
        ),
        _one(LN12, "endings.defeat_overthrow", instability="endings.defeat_instability"),
        _one(LN12, "endings.defeat_supply", adequacy="-endings.defeat_adequacy"),
    ),
    "endings.failure": (
        _one(LN5, "endings.failure_crash", strain="endings.failure_strain"),
        _one(LN5, "endings.failure_mutiny", advance="-endings.failure_advance"),
        _one(LN5, "endings.failure_death", strain="endings.failure_strain", advance="-endings.failure_advance"),
    ),
}
"""The intensities that move with levels, and how; the others are constant, or move with flags and consents only."""


class Cached(dict[str, Array]):
    """Arrays by name, each made when it is first asked for.

    Args:
        make: makes the array of a name.
    """

    def __init__(self, make: Callable[[str], Array]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> Array:
        self[name] = found = self._make(name)
        return found


class Fluctuations:
    """How levels fluctuate around reference levels in each draw.

    Args:
        value: draws of each parameter, (draws,) each, by dotted name.
        season: (weeks,) depth of the mud from the reference date on, for a year.
    """

    def __init__(self, value: Mapping[str, Array], season: Array) -> None:
        self.value, self.season = value, season
        self.ratios: dict[Response, Array] = {}

    @functools.cached_property
    def rate(self) -> "Cached":
        """(draws,) rate at which each level reverts, by level."""
        return Cached(lambda level: LN2 / self.value[HALF_LIVES[level]])

    @functools.cached_property
    def variance(self) -> "Cached":
        """(draws, weeks) variance of each level, by level."""
        return Cached(self.variance_of)

    @functools.cached_property
    def mud(self) -> Array:
        """(draws, weeks) effect of the mud on the slow level of the advance, over the memory of the advance."""
        kept = 0.5 ** (1.0 / MEMORY)
        depth, memory = 0.0, np.zeros(len(self.season))
        for week, mud in enumerate(self.season):
            depth = kept * depth + (1.0 - kept) * mud
            memory[week] = depth
        return np.asarray(-self.value["front.mud"][:, None] * np.interp(WEEKS, np.arange(len(self.season)), memory))

    @functools.cached_property
    def fast(self) -> Array:
        """(draws,) variance of the fast part of the advance, over the memory of the advance."""
        kept = 0.5 ** (1.0 / MEMORY)
        persistence = self.value["front.fast_persistence"]
        fast = 2.0 * self.value["front.fast_scale"] ** 2 / (1.0 - persistence**2)
        return np.asarray(fast * (1.0 - kept) / (1.0 + kept) * (1.0 + kept * persistence) / (1.0 - kept * persistence))

    def variance_of(self, level: str) -> Array:
        """(draws, weeks) variance of a level, in its unit."""
        found: Array = 1.0 - np.exp(-2.0 * self.rate[level][:, None] * WEEKS)
        if level == "advance":
            return np.asarray(self.value["front.slow_sd"][:, None] ** 2 * found + self.fast[:, None])
        return found

    def coefficients(self, response: Response) -> dict[str, Array]:
        """(draws,) coefficient of each level, what reaches the rate by way of forced levels included."""
        found = {level: sign * self.value[name] for level, (name, sign) in response.coefficients.items()}
        for forced, by, name, sign in reversed(FORCED):
            if forced in found:
                passed = self.rate[forced] / (self.rate[forced] + self.rate[by])
                found[by] = found.get(by, 0.0) + found[forced] * sign * self.value[name] * passed
        return found

    def mean(self, response: Response) -> Array:
        """(draws, weeks) mean of x."""
        found = self.coefficients(response).get("advance")
        return np.zeros((1, len(WEEKS))) if found is None else np.asarray(found[:, None] * self.mud)

    def ratio(self, response: Response) -> Array:
        """(draws,) mean over the year of the ratio."""
        if response not in self.ratios:
            variance = sum(b[:, None] ** 2 * self.variance[level] for level, b in self.coefficients(response).items())
            x = self.mean(response)[..., None] + np.sqrt(variance)[..., None] * NODES
            self.ratios[response] = (bounded_ratio(x, response.limit) @ WEIGHTS).mean(axis=1)
        return self.ratios[response]

    def of_average(self, response: Response) -> Array:
        """(draws,) variance of the year's average of x, the levels starting at their means."""
        total: Any = 0.0
        for level, b in self.coefficients(response).items():
            kt = self.rate[level] * WEEKS_PER_YEAR
            average = 2.0 / kt * (1.0 - 2.0 * (1.0 - np.exp(-kt)) / kt + (1.0 - np.exp(-2.0 * kt)) / (2.0 * kt))
            total = total + b**2 * average * (self.value["front.slow_sd"] ** 2 if level == "advance" else 1.0)
        return np.asarray(total)

    def correction(self, name: str, weekly: Array, *, chance: bool) -> Array:
        """(draws,) factor on an elicited weekly rate.

        Args:
            name: the intensity, one of `RESPONSES`.
            weekly: (draws,) the elicited weekly rate.
            chance: whether it was elicited as a chance a year.
        """
        responses = RESPONSES[name]
        shares = [self.value[r.share] if r.share else np.ones_like(weekly) for r in responses]
        total = sum(shares)
        parts = [np.where(total > 0.0, share / np.maximum(total, 1e-300), 0.0) for share in shares]
        mean = sum(part * self.ratio(r) for part, r in zip(parts, responses, strict=True))
        factor = 1.0 / np.where(mean > 0.0, mean, 1.0)
        if chance:
            spread = sum(part**2 * self.of_average(r) for part, r in zip(parts, responses, strict=True))
            yearly = np.maximum(weekly * WEEKS_PER_YEAR, 1e-300)
            factor = factor * (1.0 + np.log1p(yearly**2 * spread / 2.0) / yearly)
        return np.asarray(factor)

    def collapse(self, thrust: Array, usual: float) -> Array:
        """(draws,) mean ratio of collapse, over breakthroughs as they come.

        Args:
            thrust: 5, 50 and 95% quantiles of a breakthrough's thrust, as three-point weights of Pearson and Tukey.
            usual: the usual thrust.
        """
        nodes, weights = np.polynomial.hermite_e.hermegauss(3)
        weights = weights / weights.sum()
        breach, collapse = self.coefficients(BREAKTHROUGH), self.coefficients(COLLAPSE)
        levels = sorted({*breach, *collapse})
        grid = np.array(np.meshgrid(*[nodes] * len(levels), indexing="ij")).reshape(len(levels), -1)
        chance = np.array(np.meshgrid(*[weights] * len(levels), indexing="ij")).reshape(len(levels), -1).prod(axis=0)
        none = np.zeros(1)
        x_breach, x_collapse = self.mean(BREAKTHROUGH)[..., None], self.mean(COLLAPSE)[..., None]
        for k, level in enumerate(levels):
            spread = np.sqrt(self.variance[level])[..., None] * grid[k]
            x_breach = x_breach + breach.get(level, none)[:, None, None] * spread
            x_collapse = x_collapse + collapse.get(level, none)[:, None, None] * spread
        weight = bounded_ratio(x_breach, BREAKTHROUGH.limit) * chance
        total: Any = 0.0
        by_thrust = self.value["endings.collapse_thrust"][:, None, None]
        for t, share in zip(thrust, (0.185, 0.63, 0.185), strict=True):
            total = total + share * bounded_ratio(x_collapse + by_thrust * (t - usual), COLLAPSE.limit)
        return np.asarray((weight * total).sum(axis=(1, 2)) / weight.sum(axis=(1, 2)))


WITHOUT = {
    "front": (
        "adequacy_start",
        "adequacy_mean",
        "arms",
        "mobilisation",
        "draft_shortfall",
        "leaderless_loss",
        "breakthrough_leaderless",
        "breakthrough_arms",
        "talks_on_advance",
    ),
    "moscow": ("strain_start", "strain_trend", "strain_pressed", "strain_shock_rate", "home_shock_effect"),
    "washington": (
        "capital_mean",
        "capital_stall",
        "capital_setback",
        "capital_arming",
        "attention_mean",
        "attention_progress",
        "crisis_rate",
        "walk_stall",
    ),
    "hawks": ("hawks_text",),
    "europe": ("obstruction_mean", "obstruction_text", "fatigue", "upheaval_rate", "upheaval"),
    "kyiv": ("instability_mean", "instability_draft", "coup_unrest", "ban_unrest"),
    "endings": ("defeat_ground", "defeat_alone", "defeat_leaderless", "defeat_arms", "failure_shock"),
}
"""Parameters that are 0 at reference conditions: where levels start and tend to, trends, and what events add."""

LEVELS = ("adequacy", "adequacy_seen", "strain", "capital", "attention", "hawks", "obstruction", "instability")
"""Levels of the state that are 0 at reference conditions."""


def at_reference(rows: Any, states: Any) -> None:
    """Set parameter rows and starting states, in place, to reference conditions without talks.

    Levels start at their means, have no trend and no event that moves them, and fluctuate as they do.
    """
    for part, names in WITHOUT.items():
        for name in names:
            rows[part][name] = 0.0
    rows["talks"]["contact"] = 0.0
    for level in LEVELS:
        states[level] = 0.0
    states["drift"] = states["fast"] = 0.0
    states["advance"] = states["advance_start"] = states["pace"] = rows["front"]["level"]


def bounded_ratio(x: Array, limit: float) -> Array:
    """The ratio of `forecast.timeline.forms`, for arrays: exp(x / sqrt(1 + (x / limit)^2))."""
    return np.asarray(np.exp(x / np.sqrt(1.0 + (x / limit) ** 2)))
