"""Talks: their ladder (`ladder.py`), truces without a settlement, and the breakdown of a settlement in force.

Weekly rates, with g = ratio(tempo attention) as on the ladder:

    general truce    general_truce g c_Moscow c_Kyiv, c of a bare ceasefire (`bargain.py`); ends at general_break
    limited truce    limited_truce g sqrt(c_Moscow c_Kyiv); ends at limited_end
    breakdown        of a settlement in force: breakdown ratio(sum of clause_breakdown over the clauses left out)

Truces begin at contact or above.
"""

import math

import numpy as np

from forecast.timeline import bargain, ladder
from forecast.timeline.codes import CONTACT, GENERAL, LIMITED, NO_TRUCE, NONE, SIGNED, TERMS, TEXT
from forecast.timeline.conditioning import is_observed
from forecast.timeline.forms import ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, decision, happens, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

BREAKDOWN = decision("talks.breakdown")
LIMITED_TRUCE = decision("talks.limited_truce")
GENERAL_TRUCE = decision("talks.general_truce")
TRUCE_ENDS = decision("talks.truce_ends")

BROKEN_DOWN = event(
    "talks.broken_down", "the settlement in force breaks down", code="settlement", value="age of the settlement, weeks"
)
GENERAL_ENDED = event(
    "talks.general_ended", "a general truce breaks", code="1 if talks fall to contact", value="age of the truce, weeks"
)
LIMITED_BEGAN = event("talks.limited_began", "a limited truce begins")
LIMITED_ENDED = event("talks.limited_ended", "a limited truce ends")


@kernel
def breakdown_rate(p: Parameters, s: State, w: World) -> float:
    """Weekly rate at which the settlement in force breaks down; clauses left out raise it."""
    x = 0.0
    for k in range(int(w.facts.clauses[s.settlement])):
        if s.included[k] == 0.0:
            x += p.settlements.clause_breakdown[s.settlement, k]
    return p.settlements.breakdown[s.settlement] * ratio(x)


@routine
def truces(p: Parameters, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Begin and end truces without a settlement."""
    if s.truce == GENERAL:
        if happens(p.talks.general_break * dt, context, TRUCE_ENDS, s.week, 2 * part):
            s.truce = NO_TRUCE
            s.setbacks += 1.0
            note(context.log, GENERAL_ENDED, s.week, 1 if s.rung > CONTACT else 0, s.truce_age + dt)
            if s.rung > CONTACT:
                s.rung = CONTACT
        return
    if s.truce == LIMITED and happens(p.talks.limited_end * dt, context, TRUCE_ENDS, s.week, 2 * part + 1):
        s.truce = NO_TRUCE
        note(context.log, LIMITED_ENDED, s.week, -1, 0.0)
    if s.rung < CONTACT:
        return
    g = ladder.tempo(p, s)
    most = p.talks.general_truce * g * dt
    # Even with full consent the rate is at most `most`, so most weeks are rejected before consent is computed.
    general = (
        is_observed(context.observed, GENERAL_TRUCE, s.week) or uniform(context, GENERAL_TRUCE, s.week, part) < most
    )
    limited = s.truce == NO_TRUCE and (
        is_observed(context.observed, LIMITED_TRUCE, s.week)
        or uniform(context, LIMITED_TRUCE, s.week, part) < p.talks.limited_truce * g * dt
    )
    if not (general or limited) or w.facts.ceasefire < 0:
        return
    both = bargain.truce_consent_moscow(p, s, w) * bargain.truce_consent_kyiv(p, s, w)
    if general and happens(most * both, context, GENERAL_TRUCE, s.week, part):
        ladder.begin_general_truce(s, r, context)
    elif limited and happens(p.talks.limited_truce * g * dt * math.sqrt(both), context, LIMITED_TRUCE, s.week, part):
        s.truce = LIMITED
        s.progress += 1.0
        r.limited_last = s.day
        note(context.log, LIMITED_BEGAN, s.week, -1, 0.0)
        if np.isnan(r.limited_first):
            r.limited_first = s.day


@routine
def set_back(s: State, r: Result, context: Context, times: float) -> None:
    """Take talks down one rung for each provocation and coup in Kyiv."""
    while times > 0.0 and NONE < s.rung < SIGNED:
        r.down_kyiv += 1.0
        ladder.step_down(s, context, ladder.IN_KYIV)
        times -= 1.0


@routine
def events(p: Parameters, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Move the terms and draw moves of the ladder, truces and breakdown over a step."""
    if s.in_force == 1:
        s.settlement_age += dt
        if happens(breakdown_rate(p, s, w) * dt, context, BREAKDOWN, s.week, part):
            note(context.log, BROKEN_DOWN, s.week, s.settlement, s.settlement_age)
            ladder.break_up(p, s, r, w, context)
    else:
        if bargain.on_table(s):
            bargain.update_consents(p, s, r, w)
            bargain.move_terms(p, s, w, dt)
            s.index = bargain.term_index(p, s, w)
        ladder.draw_moves(p, s, r, w, context, dt)
        if s.in_force == 0:
            truces(p, s, r, w, context, part, dt)
    if s.truce == GENERAL:
        s.truce_age += dt
        r.truce_longest = max(r.truce_longest, s.truce_age)
    if s.rung == TERMS or s.rung == TEXT:
        r.term_index = s.index if np.isnan(r.signed) else r.term_index
        r.last_settlement = s.settlement if np.isnan(r.signed) else r.last_settlement
