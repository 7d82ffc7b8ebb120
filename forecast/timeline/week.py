"""One week, in order, and a timeline as a loop over weeks.

The order is the same here, in the documentation and in `forecast explain`: `codes.PARTS`. First every level moves by
the week (`step` of each part). Then the events of the week are drawn (`events` of each part), in `substeps`
equal steps. The rates that end the war are computed before anything else happens in a step.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.calendar import AMOUNT_DAYS
from forecast.timeline import (
    bands,
    bargain,
    decays,
    endings,
    europe,
    front,
    hawks,
    kyiv,
    ladder,
    moscow,
    prospects,
    talks,
    washington,
)
from forecast.timeline.codes import GENERAL, LEVELS, NONE, RUNNING, UKRAINE_DEFEATED
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import draw_noise
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, exponential
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.world import World

FOUR_WEEKS, QUARTER, HALF_YEAR = (float(days) for days in AMOUNT_DAYS.values())
"""Days from the as-of date after which amounts are kept."""

NOISY = np.array(
    [
        *(front.DRIFT, front.ADEQUACY, front.POCKET),
        *(moscow.STRAIN, washington.CAPITAL, washington.ATTENTION, hawks.HAWKS),
        *(europe.OBSTRUCTION, kyiv.INSTABILITY),
    ]
)
"""Decisions of the levels that take up noise in each week."""


@kernel
def arms_level(p: Parameters, s: State) -> float:
    """Flow of arms to Kyiv relative to the need, less 1."""
    us = washington.us_flow(p.washington, s)
    return front.arms_level(p.front, us, europe.europe_flow(p.europe, s, p.washington.us_aid, us))


@routine
def keep_decays(p: Parameters, s: State, dt: float) -> None:
    """Keep the decays of all levels over `dt` weeks, for the weeks of that length that follow."""
    decays.keep(s, decays.DRIFT, p.front.slow_half_life, dt)
    decays.keep(s, decays.MEMORY, front.MEMORY, dt)
    decays.keep(s, decays.PACE, front.PACE_MEMORY, dt)
    decays.keep(s, decays.ADEQUACY, p.front.adequacy_half_life, dt)
    decays.keep(s, decays.THRUST, p.front.thrust_half_life, dt)
    decays.keep(s, decays.STRAIN, p.moscow.strain_half_life, dt)
    decays.keep(s, decays.CAPITAL, p.washington.capital_half_life, dt)
    decays.keep(s, decays.ATTENTION, p.washington.attention_half_life, dt)
    decays.keep(s, decays.ENGAGEMENT, p.washington.engagement_half_life, dt)
    decays.keep(s, decays.HAWKS, p.hawks.hawks_half_life, dt)
    decays.keep(s, decays.OBSTRUCTION, p.europe.obstruction_half_life, dt)
    decays.keep(s, decays.INSTABILITY, p.kyiv.instability_half_life, dt)
    decays.keep(s, decays.LEADERLESS, p.kyiv.leaderless_half_life, dt)
    s.kept_for = dt


@routine
def move_levels(p: Parameters, s: State, r: Result, w: World, context: Context, dt: float) -> None:
    """Move every level by the week, part by part."""
    if s.kept_for != dt:
        keep_decays(p, s, dt)
    s.arms = arms_level(p, s)
    front.step(p.front, s, r, w, context, dt)
    moscow.step(p.moscow, s, w, context, p.front.held, p.europe.lapse_relief, dt)
    washington.step(p.washington, s, context, dt)
    hawks.step(p.hawks, s, context, dt)
    europe.step(p.europe, s, r, w, context, dt)
    kyiv.step(p.kyiv, s, context, dt)


@routine
def draw_events(p: Parameters, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Draw the events of a step, part by part; prospects and rates of the endings come first, their draw comes last."""
    if s.in_force == 0 and bargain.on_table(s):
        prospects.update(p, s, w)
    endings.rates(p, s, r, w, context, part, dt)
    breakthroughs = r.breakthroughs
    front.events(p.front, s, r, context, part, dt)
    s.setbacks += r.breakthroughs - breakthroughs
    moscow.events(p.moscow, s, r, context, part, dt)
    washington.events(p.washington, s, r, context, part, dt)
    europe.events(p.europe, s, r, w, context, part, dt)
    talks.set_back(s, r, context, kyiv.events(p.kyiv, s, r, context, part, dt))
    talks.events(p, s, r, w, context, part, dt)
    endings.events(p, s, r, w, context, part, dt)


@routine
def week(p: Parameters, s: State, r: Result, w: World, context: Context) -> None:
    """Run one week of a timeline, or the part of it that lies within the run."""
    begin, end = w.opens[s.week], w.closes[s.week]
    before = s.km2
    s.day = np.ceil(end) - 1.0
    draw_noise(context, NOISY, s.week)
    move_levels(p, s, r, w, context, (end - begin) / 7.0)
    s.moves = 0
    s.patience = exponential(context, ladder.LADDER, s.week, 0)
    for part in range(w.substeps):
        s.day = np.ceil(begin + (end - begin) * (part + 1) / w.substeps) - 1.0
        draw_events(p, s, r, w, context, part, (end - begin) / 7.0 / w.substeps)
        if s.ending != RUNNING:
            break
    mark(p, s, r, before, begin, end)
    s.elapsed += (end - begin) / 7.0


@routine
def mark(p: Parameters, s: State, r: Result, before: float, begin: float, end: float) -> None:
    """Record the ground gained 28, 91 and 182 days after the as-of date, and approval after 28 and 91.

    The levels of `codes.LEVELS` are recorded after 28, 91 and 182 days too, as they stand at the end of that week, and
    summed for their average. Within a week, ground is taken to be gained at an even pace.
    """
    start = begin - 7.0 * s.elapsed
    before, after = before - s.km2_start, s.km2 - s.km2_start
    levels = (s.capital, s.attention, s.hawks, s.obstruction, s.instability, s.strain, s.adequacy, s.advance)
    if begin < start + FOUR_WEEKS <= end:
        r.km2_4w = before + (after - before) * (start + FOUR_WEEKS - begin) / (end - begin)
        r.approval_4w = washington.approval(p.washington, s)
        for k in range(len(LEVELS)):
            r.at_4w[k] = levels[k]
    if begin < start + QUARTER <= end:
        r.km2_13w = before + (after - before) * (start + QUARTER - begin) / (end - begin)
        r.approval_13w = washington.approval(p.washington, s)
        for k in range(len(LEVELS)):
            r.at_13w[k] = levels[k]
    if begin < start + HALF_YEAR <= end:
        r.km2_26w = before + (after - before) * (start + HALF_YEAR - begin) / (end - begin)
        for k in range(len(LEVELS)):
            r.at_26w[k] = levels[k]
    dt = (end - begin) / 7.0
    for k in range(len(LEVELS)):
        r.average[k] += levels[k] * dt
        r.at_end[k] = levels[k]


@routine
def begin(p: Parameters, s: State, w: World, context: Context) -> None:
    """Draw the quantities that a timeline keeps from its start to its end.

    These are the regions' shares of the advance. If talks are under way already, the settlement that they negotiate is
    drawn too. The prospects of both sides are worked out for the first time.
    """
    front.begin(p.front, s, w, context)
    s.arms = arms_level(p, s)
    bargain.begin(p, s, w)
    if s.rung > NONE and s.settlement < 0:
        bargain.draw_settlement(p, s, w, context)
    s.begun = 1


@routine
def finish(p: Parameters, s: State, r: Result, w: World) -> None:
    """Complete the result at the ending or the horizon."""
    r.ending = s.ending
    r.week = s.elapsed
    for k in range(len(LEVELS)):
        r.average[k] = r.average[k] / s.elapsed if s.elapsed > 0.0 else np.nan
    r.truce = s.truce
    r.rung = s.rung
    r.talks_alive = 1 if s.rung > NONE else 0
    r.posture = s.posture
    r.engaged = 1 if washington.engaged(s) else 0
    r.leader = s.leader
    r.km2_end = s.km2
    if s.in_force == 1 and s.ending == RUNNING and s.truce == GENERAL:
        r.settlement = s.settlement
        r.settlement_age = s.settlement_age
        r.last_settlement = s.settlement
        r.term_index = s.index
    owned = s.ending == UKRAINE_DEFEATED or (r.settlement >= 0 and r.term_index > endings.NEAR_MOSCOW)
    if owned:
        endings.own(p, s, r, w.in_office[s.week])


@routine
def timeline(
    p: Parameters,
    s: State,
    r: Result,
    w: World,
    context: Context,
    path: NDArray[np.float64],
    states: Any,
    results: Any,
) -> int:
    """Run one timeline, which has begun, from the state's week to its ending or the horizon.

    Args:
        p: its parameters.
        s: its state.
        r: its result.
        w: dimensions, facts and calendar.
        context: its random numbers, observations and log.
        path: (weeks, levels) the levels, filled in week by week.
        states: (weeks + 1,) the state at the start and at the end of each week, filled in; empty if not wanted.
        results: (weeks + 1,) the result so far, likewise.

    Returns:
        The number of the week after its last week.
    """
    first, last = s.week, w.weeks
    if len(states) > 0:
        states[0], results[0] = s, r
    for calendar_week in range(first, w.weeks):
        s.week = calendar_week
        week(p, s, r, w, context)
        bands.note(s, path[calendar_week])
        if len(states) > 0:
            states[calendar_week - first + 1], results[calendar_week - first + 1] = s, r
        if s.ending != RUNNING:
            last = calendar_week + 1
            break
    finish(p, s, r, w)
    return last
