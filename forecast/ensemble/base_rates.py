"""The forecast from base rates: how often wars of this kind and age ended, given the pace and age of this one.

    rate of the war's end, a year            gamma(a, b): a ends in b war-years of the class, its prior included
    no end in t years since the reference    gamma(a, b + t)
    how it ends                              Dirichlet over won or lost, stalemate, other
    who has won                              beta; the other two are settlements, by their prior weights
    general truces that do not end the war   gamma, a separate rate
    change of area over four weeks           normal with unknown mean and variance, learnt from four-weekly changes

All distributions are conjugate, so each predictive density is exact. The member does not simulate talks, parties or
approval: those columns of its timelines are empty.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from forecast.arrays import Array
from forecast.belief.assemble import DRAW_SEED, DRAWS
from forecast.belief.draws import draw_table, generator, stratified
from forecast.calendar import AMOUNT_DAYS
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.base_rates_learning import Truces, common_density, gained, general_truces, known, of
from forecast.ensemble.simulated import draws_used
from forecast.replay import periods
from forecast.scenario.base_rates import DAYS_PER_YEAR
from forecast.scenario.reference_tables import OUTCOMES
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import Cells, cells
from forecast.timeline.codes import GENERAL, NO_TRUCE, RUSSIA_FAILS, UKRAINE_DEFEATED
from forecast.timeline.fields import fields
from forecast.timeline.result import RESULT, Result

__all__ = ["Simulator", "believe", "common_density", "general_truces", "simulate"]


ANSWERED = (
    "timeline", "draw", "replicate", "ending", "headline", "last_date", "week", "settlement", "settlement_age",
    "last_settlement", "truce", "general_first", "general_last", "truce_longest", "signed", "broken", "dead_letters",
    "km2_4w", "km2_13w", "km2_26w", "km2_end",
)  # fmt: skip
"""Columns of the table of timelines that the member fills in. All others are empty."""

MARKS = {f"km2_{after}": float(days) for after, days in AMOUNT_DAYS.items()}
"""Days from the as-of date after which the ground gained is recorded."""

BREAKS = "talks.general_break"
"""Name of the prior of the rate at which a general truce breaks."""


def believe(scenario: Scenario, as_of: date, truces: Truces = (), draw_seed: int = DRAW_SEED) -> pd.DataFrame:
    """Draw the member's rates and shares, as of a date on which the war goes on.

    Args:
        scenario: with `base_rates.toml`.
        as_of: the as-of date.
        truces: general truces since the reference date: the first day of each and the first day after it, None if it
            holds.
        draw_seed: seed of the draws.

    Returns:
        `DRAWS` rows: `end` and `truce` (a year), `won_or_lost`, `stalemate`, `other`, `initiator_wins` (shares),
        `truce_breaks` (a year), `weight.<settlement>` (shares), `km2` and `km2_sd` (mean and standard deviation of the
        change of area over four weeks, km2).
    """
    base = of(scenario)
    found = known(scenario, base, as_of, truces)
    columns = {
        "end": _gamma("end", draw_seed, found.end.events) / found.end.years,
        "truce": _gamma("truce", draw_seed, found.truce.events) / found.truce.years,
        "initiator_wins": special.betaincinv(*base.victory, _uniform("initiator_wins", draw_seed)),
    }
    cases = np.column_stack([_gamma(f"mode.{name}", draw_seed, base.modes[name]) for name in OUTCOMES])
    columns |= dict(zip(OUTCOMES, (cases / cases.sum(axis=1, keepdims=True)).T, strict=True))
    # These parameters have the same draws as in the simulated members.
    deals = [deal.id for deal in scenario.settlements if not deal.dictated]
    names = [BREAKS, *(f"settlements.weight.{deal}" for deal in deals)]
    values = draw_table({name: scenario.priors[name] for name in names}, (), DRAWS, draw_seed, {}).values.to_numpy()
    columns["truce_breaks"] = values[:, 0]
    shares = values[:, 1:] / values[:, 1:].sum(axis=1, keepdims=True)
    columns |= {f"weight.{deal}": shares[:, k] for k, deal in enumerate(deals)}
    change = found.change
    variance = 0.5 * change.freedom * change.scale**2 / _gamma("km2_variance", draw_seed, 0.5 * change.freedom)
    columns["km2_sd"] = np.sqrt(variance)
    columns["km2"] = change.mean + np.sqrt(variance / change.count) * stratified("base-rates.km2", DRAWS, draw_seed)
    return pd.DataFrame(columns)


def _uniform(name: str, draw_seed: int) -> Array:
    """Stratified uniform numbers, one for each draw, used only under this name."""
    return np.asarray(special.ndtr(stratified(f"base-rates.{name}", DRAWS, draw_seed)))


def _gamma(name: str, draw_seed: int, shape: float) -> Array:
    """Stratified gamma numbers of scale 1, one for each draw; raised to 1e-300, so that they can be divided by."""
    return np.maximum(special.gammaincinv(shape, _uniform(name, draw_seed)), 1e-300)


@dataclass(frozen=True)
class Ends:
    """How and when the war stops in each timeline. Days count from the as-of date; infinity means not by the horizon.

    Attributes:
        end: (timelines,) day of the war's end, on the battlefield or by a settlement.
        defeated: (timelines,) the war ends with Kyiv's defeat.
        fails: (timelines,) the war ends with the failure of Moscow's war.
        settlement: (timelines,) number of the settlement, -1 none.
        broken: (timelines,) day on which the settlement is broken.
        truce: (timelines,) day on which a general truce begins, without an end of the war; below 0 if it began before
            the as-of date.
        truce_end: (timelines,) day on which that truce is over, by new fighting or by the war's end.
    """

    end: Array
    defeated: NDArray[np.bool_]
    fails: NDArray[np.bool_]
    settlement: NDArray[np.int64]
    broken: Array
    truce: Array
    truce_end: Array


def simulate(
    scenario: Scenario,
    draws: pd.DataFrame,
    as_of: date,
    truces: Truces = (),
    *,
    timelines: int,
    seed: int,
    used: int | None = None,
) -> pd.DataFrame:
    """Simulate timelines of the member, as the table of `forecast.encoding.timeline_table`.

    Columns without an answer are empty.

    Args:
        scenario: the scenario.
        draws: from `believe`.
        as_of: the as-of date.
        truces: general truces since the reference date, see `believe`; a truce that holds continues.
        timelines: number of timelines; each has the numbers of draw and replicate that a simulated member's has.
        seed: seed of the random numbers.
        used: number of draws used, from the first one on; by default as many as a simulated member uses.
    """
    used = draws_used(timelines) if used is None else used
    return Simulator(scenario, draws, as_of, truces, seed=seed, used=used).next(timelines)


class Simulator:
    """Simulates the member's timelines one after the other, in as many parts as are asked for.

    Args:
        scenario: the scenario.
        draws: from `believe`.
        as_of: the as-of date.
        truces: general truces since the reference date, see `believe`.
        seed: seed of the random numbers.
        used: number of draws used, from the first one on.

    Attributes:
        made: number of timelines simulated so far.
    """

    def __init__(
        self, scenario: Scenario, draws: pd.DataFrame, as_of: date, truces: Truces, *, seed: int, used: int
    ) -> None:
        self._given, self._used, self._random = (scenario, draws, as_of, truces), used, _Random(seed)
        self.made = 0

    def next(self, count: int) -> pd.DataFrame:
        """Simulate the next timelines, and give their table."""
        cell = cells(count, self._used, first=self.made)
        table = _block(*self._given, cell, self.made, self._random)
        self.made += count
        return table


class _Random:
    """Random numbers of one timeline after the other; each name has its own.

    Args:
        seed: seed of the random numbers.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, np.random.Generator] = {}

    def _stream(self, name: str) -> np.random.Generator:
        if name not in self._streams:
            self._streams[name] = generator(self._seed, f"base-rates.timeline.{name}")
        return self._streams[name]

    def uniform(self, name: str, count: int) -> Array:
        """The uniform numbers of the next timelines."""
        return self._stream(name).random(count)

    def normal(self, name: str, count: int) -> Array:
        """The standard normal numbers of the next timelines."""
        return self._stream(name).standard_normal(count)


def _block(
    scenario: Scenario, draws: pd.DataFrame, as_of: date, truces: Truces, cell: Cells, first: int, random: _Random
) -> pd.DataFrame:
    """The table of one block of timelines, the first of which has the number `first`."""
    own = draws.iloc[cell.draw]
    days = float((scenario.horizon - as_of).days + 1)
    holds = next((float((as_of - begun).days) for begun, over in truces if over is None), None)
    uncoded = float((as_of - scenario.chronology.known_until(as_of)).days)
    ends = _ends(scenario, own, days, random, holds, uncoded)
    rows: Any = np.zeros(len(own), RESULT).view(np.recarray)
    for name, declared in fields(Result).items():
        if declared.unit in ("day", "weeks", "km2", "percent", "position", "value", "share", "ratio"):
            rows[name] = np.nan
    rows["timeline"], rows["draw"], rows["replicate"] = first + np.arange(len(own)), cell.draw, cell.replicate
    _fill_ends(rows, ends, days, float((as_of - scenario.reference_date).days))
    _fill_ground(rows, own, ends, days, random)
    rows["km2_end"] += gained(scenario, as_of)
    return _emptied(timeline_table(rows, scenario, as_of))


def _ends(
    scenario: Scenario, own: pd.DataFrame, days: float, random: _Random, holds: float | None, uncoded: float
) -> Ends:
    """Draw how and when the war stops in each timeline, from its row of `own`.

    Args:
        scenario: the scenario.
        own: the draw of each timeline.
        days: days from the as-of date to the horizon.
        random: the timelines' random numbers.
        holds: days for which a general truce has held by the as-of date, as far as is coded; None without a truce.
        uncoded: days before the as-of date for which events are not coded. A truce may begin or end in them; the war
            goes on.
    """

    def chance(name: str) -> Array:
        return random.uniform(name, len(own))

    def wait(name: str, rate: str, before: float = 0.0) -> Array:
        found = -np.log1p(-chance(name)) / own[rate].to_numpy() * DAYS_PER_YEAR - before
        return np.where(found < days, found, np.inf)

    base = of(scenario)
    end, mode = wait("end", "end"), chance("mode")
    ended = np.isfinite(end)
    won = ended & (mode < own["won_or_lost"].to_numpy())
    wins = chance("victory") < own["initiator_wins"].to_numpy()
    agreed = ended & ~won
    deals = [k for k, deal in enumerate(scenario.settlements) if not deal.dictated]
    weights = own[[f"weight.{scenario.settlements[k].id}" for k in deals]].to_numpy()
    picked = (chance("settlement")[:, None] >= weights.cumsum(axis=1)[:, :-1]).sum(axis=1)
    breaks = agreed & (chance("breaks") < base.breaking)
    broken = np.where(breaks, end, np.inf)
    broken[breaks] += chance("broken")[breaks] * (days - end[breaks])
    truce = wait("truce", "truce", uncoded)
    truce = np.where(truce < end, truce, np.inf) if holds is None else np.full(len(own), -holds)
    lasts = -np.log1p(-chance("truce_lasts")) / own["truce_breaks"].to_numpy() * DAYS_PER_YEAR
    return Ends(
        end=end,
        defeated=won & wins,
        fails=won & ~wins,
        settlement=np.where(agreed, np.array(deals)[picked], -1),
        broken=broken,
        truce=truce,
        truce_end=np.minimum(np.maximum(truce, -uncoded) + lasts, end),
    )


def _fill_ends(rows: Any, ends: Ends, days: float, offset: float) -> None:
    """Fill in the ending of each timeline; `offset` is the as-of date in days from the reference date."""
    agreed, won = ends.settlement >= 0, ends.defeated | ends.fails
    force = agreed & np.isinf(ends.broken)
    trucing = np.isfinite(ends.truce)
    holds = trucing & (ends.truce_end >= days) & ~agreed
    rows["ending"] = np.where(ends.defeated, UKRAINE_DEFEATED, np.where(ends.fails, RUSSIA_FAILS, 0))
    rows["week"] = np.where(won, np.floor(np.where(won, ends.end, 0.0)) + 1.0, days) / 7.0
    rows["settlement"] = np.where(force, ends.settlement, -1)
    rows["last_settlement"] = ends.settlement
    rows["settlement_age"] = np.where(force, days - ends.end, np.nan) / 7.0
    rows["truce"] = np.where(force | holds, GENERAL, NO_TRUCE)
    # A truce that still holds when a settlement is signed continues under the settlement.
    over = trucing & agreed & (ends.truce_end >= ends.end)
    settled = np.where(agreed, np.minimum(ends.broken, days) - np.where(over, ends.truce, ends.end), 0.0)
    bare = np.where(trucing & ~over, np.minimum(ends.truce_end, days) - ends.truce, 0.0)
    rows["truce_longest"] = np.maximum(settled, bare) / 7.0
    signed = np.where(agreed, ends.end, np.inf)
    first, last = np.minimum(ends.truce, signed), np.where(agreed & ~over, signed, ends.truce)
    for name, day in (("general_first", first), ("general_last", last), ("signed", signed), ("broken", ends.broken)):
        rows[name] = np.where(np.isfinite(day), offset + np.floor(day), np.nan)


def _fill_ground(rows: Any, own: pd.DataFrame, ends: Ends, days: float, random: _Random) -> None:
    """Fill in the ground gained: independent normal changes over the days of fighting, 0 after the war's end."""
    # Fighting resumes when a settlement breaks; a truce stops it.
    stop = np.minimum(ends.end, days)
    resumed = np.minimum(ends.broken, days)

    def fought(day: float) -> Array:
        truce = np.clip(np.minimum(day, ends.truce_end) - np.maximum(ends.truce, 0.0), 0.0, None)
        return np.asarray(np.minimum(day, stop) + np.clip(day - resumed, 0.0, None) - truce)

    before, gained = np.zeros(len(rows)), np.zeros(len(rows))
    for name, mark in (MARKS | {"km2_end": days}).items():
        score = random.normal(name, len(rows))
        until = fought(min(mark, days))
        months = np.maximum(until - before, 0.0) / periods.BLOCK.days
        gained = gained + own["km2"].to_numpy() * months + own["km2_sd"].to_numpy() * np.sqrt(months) * score
        before = until
        if mark <= days:
            rows[name] = gained


def _emptied(table: pd.DataFrame) -> pd.DataFrame:
    """Empty the columns of the table that the member does not answer."""
    for name in table.columns.difference(list(ANSWERED)):
        column = table[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            table[name] = pd.Categorical.from_codes(np.full(len(table), -1), dtype=column.dtype)
        elif column.dtype.kind == "M":
            table[name] = pd.Series(pd.NaT, table.index, dtype=column.dtype)
        elif column.dtype.kind == "b":
            table[name] = pd.Series(pd.NA, table.index, dtype="boolean")
        elif column.dtype.kind in "iu":
            table[name] = pd.Series(pd.NA, table.index, dtype="Int64")
        else:
            table[name] = np.nan
    return table
