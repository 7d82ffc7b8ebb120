"""Endings: the rates at which the war ends on the battlefield, their draw, and the owners of a defeat.

    direct defeat   defeat wide_ratio(-adequacy + instability + advance + ground lost)
    collapse        while thrust lasts: over the life of an undisturbed breakthrough the chance is `collapse`,
                    times wide_ratio(-adequacy + instability + thrust beyond the usual + ground lost)
    Russia fails    failure ratio(strain - advance + a shock at home)

The rates are computed at the start of a step and compete at its end: P(any) = 1 - exp(-sum), and each ending is
chosen in proportion to its rate. The loss of all ground in reach is a defeat too. The rates are 0 while a general truce
or a settlement holds.
"""

import math

from forecast.timeline import front, washington
from forecast.timeline.codes import GENERAL, KYIV, RUSSIA_FAILS, UKRAINE_DEFEATED
from forecast.timeline.forms import bounded, decay, ratio, wide_ratio
from forecast.timeline.jit import kernel
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, decision, happens, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

ENDING = decision("endings.any")
ENDING_WHICH = decision("endings.which")

EXHAUSTED = event("endings.exhausted", "Ukraine has lost all ground in reach", code="1 if Washington is engaged")
COLLAPSED = event("endings.collapsed", "the defence collapses after a breakthrough", code="1 if Washington is engaged")
DEFEATED = event("endings.defeated", "Ukraine is defeated without a breakthrough", code="1 if Washington is engaged")
FAILED = event("endings.failed", "Russia's war fails", code="1 if Washington is engaged")


@kernel
def collapse_rate(p: Parameters, s: State, dt: float) -> float:
    """Weekly rate of collapse while thrust lasts.

    At reference conditions the rate adds up to -ln(1 - collapse) while thrust fades undisturbed from its full size.
    """
    if s.thrust_full <= 0.0:
        return 0.0
    spent = s.thrust / s.thrust_full * (1.0 - decay(p.front.thrust_half_life, dt)) / dt
    return (
        -math.log1p(-p.endings.collapse)
        * spent
        * wide_ratio(
            -p.endings.collapse_adequacy * s.adequacy
            + p.endings.collapse_instability * s.instability
            + p.endings.collapse_thrust * (s.thrust_full - p.front.breakthrough_thrust)
            + p.endings.defeat_ground * max(0.0, s.km2) / 1000.0
        )
    )


@kernel
def defeat_rate(p: Parameters, s: State) -> float:
    """Weekly rate of direct defeat."""
    return p.endings.defeat * wide_ratio(
        -p.endings.defeat_adequacy * s.adequacy
        + p.endings.defeat_instability * s.instability
        + p.endings.defeat_advance * (s.advance - s.advance_start)
        + p.endings.defeat_ground * max(0.0, s.km2) / 1000.0
    )


@kernel
def failure_rate(p: Parameters, s: State) -> float:
    """Weekly rate of Russia's failure."""
    return p.endings.failure * ratio(
        p.endings.failure_strain * s.strain
        - p.endings.failure_advance * (s.advance - s.advance_start)
        + p.endings.failure_shock * s.home_shock
    )


@kernel
def rates(p: Parameters, s: State, r: Result, dt: float) -> None:
    """Compute the rates of the endings in a step."""
    if s.truce == GENERAL:
        s.rate_collapse = s.rate_defeat = s.rate_failure = 0.0
        return
    s.rate_collapse = collapse_rate(p, s, dt)
    s.rate_defeat = defeat_rate(p, s)
    s.rate_failure = failure_rate(p, s)
    r.top_defeat_rate = max(r.top_defeat_rate, s.rate_collapse + s.rate_defeat)


@kernel
def events(s: State, w: World, context: Context, part: int, dt: float) -> None:
    """Draw whether the war ends on the battlefield in the step; it does not if the fighting has just stopped.

    If Ukraine has lost all ground in the regions in reach, it is defeated without a draw.
    """
    if s.truce == GENERAL:
        return
    engaged = 1 if washington.engaged(s) else 0
    if front.exhausted(s, w):
        s.ending = UKRAINE_DEFEATED
        note(context.log, EXHAUSTED, s.week, engaged, 0.0)
        return
    total = s.rate_collapse + s.rate_defeat + s.rate_failure
    if happens(total * dt, context, ENDING, s.week, part):
        which = uniform(context, ENDING_WHICH, s.week, part) * total
        s.ending = UKRAINE_DEFEATED if which < s.rate_collapse + s.rate_defeat else RUSSIA_FAILS
        kind = COLLAPSED if which < s.rate_collapse else DEFEATED
        note(context.log, kind if s.ending == UKRAINE_DEFEATED else FAILED, s.week, engaged, 0.0)


@kernel
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
        e.owner_trump
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
