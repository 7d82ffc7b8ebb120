"""Endings: the rates at which the war ends on the battlefield, their draw, and the owners of a defeat.

    direct defeat   its part of defeat for each cause, times a wide_ratio of
                    capitulation          -adequacy + advance + ground lost + Washington away
                    overthrow under force instability + leaderless + ground lost
                    collapse of supply    -adequacy - arms + ground lost
    collapse        while thrust lasts it may begin: over the life of an undisturbed breakthrough the chance is
                    `collapse`, times wide_ratio(-adequacy + instability + thrust beyond the usual + ground lost);
                    collapse_weeks after it began, organised defence has ended
    its war fails   its part of failure for each cause, times a ratio of
                    economic crash        strain
                    mutiny or coup        a shock at home - advance
                    the leader's death    strain - advance (of a successor who ends the war)

The rates are computed at the start of a step and compete at its end: P(any) = 1 - exp(-sum), and each cause is chosen
in proportion to its rate. When a collapse begins, thrust is back at its full size, and it does not fade while the
collapse runs its course. A general truce or a settlement stops it; a settlement near Moscow's terms, signed while the
defence collapses, is a capitulation. The loss of all ground in reach is a defeat too. The rates are 0 while a general
truce or a settlement holds.
"""

import math

import numpy as np

from forecast.timeline import decays, front, washington
from forecast.timeline.codes import (
    ALL_GROUND,
    BREAKTHROUGH_CAUSE,
    CAPITULATION,
    CRASH,
    DEATH,
    GENERAL,
    KYIV,
    MUTINY,
    OVERTHROW,
    RUSSIA_FAILS,
    SUPPLY,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
)
from forecast.timeline.forms import MOST, bounded, ratio, wide_ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, decision, happens, may_happen, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

ENDING = decision("endings.any")
ENDING_WHICH = decision("endings.which")
COLLAPSE = decision("endings.collapse")

EXHAUSTED = event("endings.exhausted", "Kyiv has lost all ground in reach", code="1 if Washington is engaged")
COLLAPSING = event("endings.collapsing", "the defence begins to collapse after a breakthrough")
HALTED = event("endings.halted", "the collapse is halted: the fighting stops")
COLLAPSED = event("endings.collapsed", "organised defence has ended", code="1 if Washington is engaged")
DEFEATED = event(
    "endings.defeated", "Kyiv is defeated", code="cause, see `codes.CAUSES`", value="1 if Washington is engaged"
)
FAILED = event(
    "endings.failed", "Moscow's war fails", code="cause, see `codes.CAUSES`", value="1 if Washington is engaged"
)

NEAR_MOSCOW = 2.0 / 3.0
"""Term index above which a settlement is near Moscow's terms; below 1 minus this value it is near Kyiv's."""


@kernel
def ground_lost(p: Parameters, s: State) -> float:
    """The addition of ground lost to the log of each rate of defeat."""
    return p.endings.defeat_ground * max(0.0, s.km2) / 1000.0


@kernel
def collapse_ratio(p: Parameters, s: State, adequacy: float, instability: float, more_thrust: float) -> float:
    """How much likelier a collapse after a breakthrough is than at reference conditions."""
    return wide_ratio(
        -p.endings.collapse_adequacy * adequacy
        + p.endings.collapse_instability * instability
        + p.endings.collapse_thrust * more_thrust
        + ground_lost(p, s)
    )


@kernel
def collapse_rate(p: Parameters, s: State, w: World, dt: float) -> float:
    """Weekly rate at which a collapse begins while thrust lasts.

    At reference conditions the rate adds up to -ln(1 - collapse) while thrust fades undisturbed from its full size.
    """
    if s.thrust_full <= 0.0 or s.collapsing == 1:
        return 0.0
    kept = decays.decay(s, decays.THRUST, p.front.thrust_half_life, dt)
    spent = s.thrust / s.thrust_full * (1.0 - kept) / dt
    more = s.thrust_full - w.facts.usual_thrust
    return -math.log1p(-p.endings.collapse) * spent * collapse_ratio(p, s, s.adequacy, s.instability, more)


@kernel
def capitulation_ratio(p: Parameters, s: State, adequacy: float, quickened: float) -> float:
    """How much likelier a capitulation is than at reference conditions; `quickened` is in units of z."""
    alone = 1.0 if s.posture == WALKED_AWAY else 0.0
    return wide_ratio(
        -p.endings.defeat_adequacy * adequacy
        + p.endings.defeat_advance * quickened
        + p.endings.defeat_alone * alone
        + ground_lost(p, s)
    )


@kernel
def overthrow_ratio(p: Parameters, s: State, instability: float) -> float:
    """How much likelier an overthrow under force is than at reference conditions."""
    return wide_ratio(
        p.endings.defeat_instability * instability + p.endings.defeat_leaderless * s.leaderless + ground_lost(p, s)
    )


@kernel
def supply_ratio(p: Parameters, s: State, adequacy: float) -> float:
    """How much likelier a collapse of supply is than at reference conditions."""
    return wide_ratio(-p.endings.defeat_adequacy * adequacy - p.endings.defeat_arms * s.arms + ground_lost(p, s))


@routine
def defeat_rates(
    p: Parameters, s: State, adequacy: float, instability: float, quickened: float
) -> tuple[float, float, float]:
    """Rates of capitulation, overthrow and collapse of supply, relative to that of direct defeat at reference."""
    e = p.endings
    total = e.defeat_capitulation + e.defeat_overthrow + e.defeat_supply
    if total <= 0.0:
        return 0.0, 0.0, 0.0
    part = 1.0 / total
    return (
        e.defeat_capitulation * part * capitulation_ratio(p, s, adequacy, quickened),
        e.defeat_overthrow * part * overthrow_ratio(p, s, instability),
        e.defeat_supply * part * supply_ratio(p, s, adequacy),
    )


@routine
def failure_rates(p: Parameters, s: State, strain: float, quickened: float) -> tuple[float, float, float]:
    """Rates of a crash, a mutiny and the leader's death, relative to that of Moscow's failure at reference."""
    e = p.endings
    total = e.failure_crash + e.failure_mutiny + e.failure_death
    if total <= 0.0:
        return 0.0, 0.0, 0.0
    part = 1.0 / total
    return (
        e.failure_crash * part * ratio(e.failure_strain * strain),
        e.failure_mutiny * part * ratio(e.failure_shock * s.home_shock - e.failure_advance * quickened),
        e.failure_death * part * ratio(e.failure_strain * strain - e.failure_advance * quickened),
    )


@kernel
def defeat_rate(p: Parameters, s: State) -> float:
    """Weekly rate of direct defeat, all causes together."""
    capitulation, overthrow, supply = defeat_rates(p, s, s.adequacy, s.instability, s.advance - s.advance_start)
    return p.endings.defeat * (capitulation + overthrow + supply)


@kernel
def failure_rate(p: Parameters, s: State) -> float:
    """Weekly rate of the failure of Moscow's war, all causes together."""
    crash, mutiny, death = failure_rates(p, s, s.strain, s.advance - s.advance_start)
    return p.endings.failure * (crash + mutiny + death)


@routine
def rates(p: Parameters, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Compute the rates of the endings in a step; that of Moscow's failure only if some ending can happen in it."""
    if s.truce == GENERAL:
        s.rate_collapse = s.rate_defeat = s.rate_failure = 0.0
        return
    s.rate_collapse = collapse_rate(p, s, w, dt)
    s.rate_defeat = defeat_rate(p, s)
    s.rate_failure = 0.0
    if may_happen((s.rate_defeat + MOST * p.endings.failure) * dt, context, ENDING, s.week, part):
        s.rate_failure = failure_rate(p, s)
    r.top_defeat_rate = max(r.top_defeat_rate, s.rate_collapse + s.rate_defeat)


@routine
def halt(s: State, r: Result, context: Context) -> None:
    """Stop a collapse, since the fighting has stopped; a settlement near Moscow's terms is a capitulation."""
    s.collapsing = 0
    s.thrust = 0.0
    if s.in_force == 1 and s.index > NEAR_MOSCOW:
        end(s, r, context, CAPITULATION)
    else:
        note(context.log, HALTED, s.week, -1, 0.0)


@routine
def end(s: State, r: Result, context: Context, cause: int) -> None:
    """End the war on the battlefield by one of `codes.CAUSES`."""
    s.ending = UKRAINE_DEFEATED if cause < CRASH else RUSSIA_FAILS
    r.cause = cause
    if cause == OVERTHROW and np.isnan(r.coup_attempt):
        r.coup_attempt = s.day
    if cause in (MUTINY, DEATH) and np.isnan(r.home_shock):
        r.home_shock = s.day
    engaged = 1 if washington.engaged(s) else 0
    if cause == ALL_GROUND:
        note(context.log, EXHAUSTED, s.week, engaged, 0.0)
    elif cause == BREAKTHROUGH_CAUSE:
        note(context.log, COLLAPSED, s.week, engaged, 0.0)
    else:
        note(context.log, DEFEATED if cause < CRASH else FAILED, s.week, cause, float(engaged))


@routine
def cause_of_defeat(p: Parameters, s: State, u: float) -> int:
    """The cause of a direct defeat, by the share of each in its rate."""
    capitulation, overthrow, supply = defeat_rates(p, s, s.adequacy, s.instability, s.advance - s.advance_start)
    u *= capitulation + overthrow + supply
    if u < capitulation:
        return CAPITULATION
    return OVERTHROW if u < capitulation + overthrow else SUPPLY


@routine
def cause_of_failure(p: Parameters, s: State, u: float) -> int:
    """The cause of the failure of Moscow's war, by the share of each in its rate."""
    crash, mutiny, death = failure_rates(p, s, s.strain, s.advance - s.advance_start)
    u *= crash + mutiny + death
    if u < crash:
        return CRASH
    return MUTINY if u < crash + mutiny else DEATH


@routine
def events(p: Parameters, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Draw whether the war ends on the battlefield in the step, or a collapse begins; not once the fighting stopped.

    If Kyiv has lost all ground in the regions in reach, or a collapse has run its course, it is defeated without a
    draw.
    """
    if s.truce == GENERAL:
        if s.collapsing == 1:
            halt(s, r, context)
        return
    if front.exhausted(s, w):
        end(s, r, context, ALL_GROUND)
        return
    if s.collapsing == 1:
        s.collapse_age += dt
        if s.collapse_age >= p.endings.collapse_weeks:
            end(s, r, context, BREAKTHROUGH_CAUSE)
            return
    total = s.rate_defeat + s.rate_failure
    if happens(total * dt, context, ENDING, s.week, part):
        u = uniform(context, ENDING_WHICH, s.week, part)
        defeat = s.rate_defeat / total
        if u < defeat:
            end(s, r, context, cause_of_defeat(p, s, u / defeat))
        else:
            end(s, r, context, cause_of_failure(p, s, (u - defeat) / (1.0 - defeat)))
    elif happens(s.rate_collapse * dt, context, COLLAPSE, s.week, part):
        s.collapsing = 1
        s.thrust = max(s.thrust, s.thrust_full)
        s.collapse_age = 0.0
        r.collapse_began = s.day
        note(context.log, COLLAPSING, s.week, -1, 0.0)


@routine
def own(p: Parameters, s: State, r: Result, in_office: float) -> None:
    """Divide the blame for a defeat, or for a settlement near Moscow's terms, among four owners, by a softmax.

    Protest by Europe and the hawks adds to the president's share. The predecessor's share falls with the time since the
    inauguration.
    """
    e = p.endings
    weeks = in_office / 26.0
    blame = bounded(0.5 * (s.hawks + s.obstruction), 2.0)
    recent_pause = 1.0 if s.pause_memory < 26.0 else 0.0
    refused = 1.0 if r.first_refusal == KYIV else 0.0
    president = math.exp(
        e.owner_president
        + e.owner_engaged * s.engagement
        + e.owner_blame * blame
        + e.owner_paused * recent_pause
        + e.owner_time * min(weeks, 1.0)
    )
    predecessor = math.exp(e.owner_predecessor - e.owner_fading * weeks)
    europeans = math.exp(e.owner_europe + e.owner_obstruction * s.obstruction)
    kyiv = math.exp(e.owner_kyiv + e.owner_refused * refused)
    total = president + predecessor + europeans + kyiv
    r.owner_president = president / total
    r.owner_predecessor = predecessor / total
    r.owner_europe = europeans / total
    r.owner_kyiv = kyiv / total
