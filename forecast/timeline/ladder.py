"""The ladder of talks: none - contact - terms - text - signed; the rates and effects of moves up and down.

Weekly rates, with g = ratio(tempo attention), times `walked` while Washington has walked away (`walked_contact` for a
new contact):

    up    contact g;   terms g sqrt(c_Moscow);   text g sqrt(prod c) / m;   signature g prod c / m
          (no signature under the ban, nor if Washington must sign and has walked away)
          m = 1 + the toil of every issue that the draft must settle
    down  setback (2 / |S|) sum(1 - c) B, B = exp(bounded(obstruction and hawks)) >= 1;   sabotage of the hawks

The moves of a step compete on one exponential clock. So several moves can follow each other within a week, and the
length of the step hardly matters.
"""

import math

import numpy as np

from forecast.timeline import bargain, hawks, kyiv, washington
from forecast.timeline.codes import (
    CONTACT,
    EUROPE,
    GENERAL,
    KYIV,
    MOSCOW,
    NO_TRUCE,
    NONE,
    PARTIES,
    SIGNED,
    TERMS,
    TEXT,
    WASHINGTON,
)
from forecast.timeline.conditioning import NOT_OBSERVED, weight_chance
from forecast.timeline.exponential import exp
from forecast.timeline.forms import LN5, bounded, log_sinhc, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.parameters import Parameters
from forecast.timeline.random_numbers import Context, decision, exponential, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

LADDER = decision("talks.ladder")
LADDER_WHICH = decision("talks.ladder_which")
CAUSE = decision("talks.cause")
IMPLEMENTED = decision("talks.implemented")

CLIMBED = event("talks.climbed", "talks climb a rung", code="rung", value="term index")
FELL = event("talks.fell", "talks fall a rung", code="rung", value="cause, see `CAUSES`")
CAME_INTO_FORCE = event("talks.in_force", "a signed settlement comes into force", code="settlement", value="term index")
DEAD_LETTER = event(
    "talks.dead_letter", "a signed settlement is never carried out", code="settlement", value="term index"
)
GENERAL_BEGAN = event(
    "talks.general_began", "the fighting stops along the whole front", code="1 by a settlement, else 0"
)

CAUSES = (*PARTIES, "obstruction", "sabotage", "events_in_kyiv")
"""Causes of a step down: the party least ready to consent, obstruction, the hawks' sabotage, events in Kyiv."""

OBSTRUCTION, SABOTAGE, IN_KYIV = (CAUSES.index(cause) for cause in ("obstruction", "sabotage", "events_in_kyiv"))


@kernel
def tempo(p: Parameters, s: State) -> float:
    """Speed of talks, set by attention; slower, through other channels, while Washington has walked away."""
    g = ratio(p.talks.tempo * s.attention)
    return g if washington.engaged(s) else g * p.talks.walked


@kernel
def product_of_consents(s: State, w: World) -> float:
    """Product of c_p over the signatories of the settlement on the table."""
    product = s.consent[KYIV] * s.consent[MOSCOW]
    if bargain.signs(w, s.settlement, WASHINGTON):
        product *= s.consent[WASHINGTON]
    if bargain.signs(w, s.settlement, EUROPE):
        product *= s.consent[EUROPE]
    return product


@kernel
def pace(p: Parameters, w: World, settlement: int) -> float:
    """Speed of drafting and signing a settlement: 1 / (1 + the toil of every issue that its draft must settle)."""
    toil = 0.0
    for i in range(w.facts.issues):
        toil += w.facts.settles[settlement, i] * p.parties.toil[i]
    return 1.0 / (1.0 + toil)


@routine
def up_rate(p: Parameters, s: State, w: World) -> float:
    """Weekly rate of the next rung up."""
    if s.rung == NONE:
        return (
            p.talks.contact
            * ratio(p.talks.tempo * s.attention)
            * (1.0 if washington.engaged(s) else p.talks.walked_contact)
        )
    g = tempo(p, s)
    if s.rung == CONTACT:
        return p.talks.terms * g * math.sqrt(s.consent[MOSCOW])
    if s.rung == TERMS:
        return p.talks.text * pace(p, w, s.settlement) * g * math.sqrt(product_of_consents(s, w))
    if (
        s.rung == TEXT
        and s.banned == 0
        and not (bargain.signs(w, s.settlement, WASHINGTON) and not washington.engaged(s))
    ):
        return p.talks.signature * pace(p, w, s.settlement) * g * product_of_consents(s, w)
    return 0.0


@kernel
def europe_drag(p: Parameters, s: State) -> float:
    """Europe's part in the log of B."""
    return max(0.0, p.europe.down_europe * s.obstruction)


@kernel
def hawks_drag(p: Parameters, s: State) -> float:
    """The hawks' part in the log of B."""
    return max(0.0, p.hawks.down_hawks * s.hawks)


@kernel
def obstruction_factor(p: Parameters, s: State) -> float:
    """B, by which obstruction and the hawks multiply the rate of steps down: between 1 and 5."""
    return exp(bounded(europe_drag(p, s) + hawks_drag(p, s), LN5))


@routine
def down_rate(p: Parameters, s: State, w: World) -> float:
    """Weekly rate of steps down for lack of consent, raised by obstruction."""
    refusals, signatories = 0.0, 0.0
    for party in range(5):
        if bargain.signs(w, s.settlement, party):
            refusals += 1.0 - s.consent[party]
            signatories += 1.0
    return p.talks.setback * 2.0 / signatories * refusals * obstruction_factor(p, s)


@routine
def step_down(s: State, context: Context, cause: int) -> None:
    """Move one rung down; at the bottom the settlement has failed."""
    s.setbacks += 1.0
    s.rung -= 1
    note(context.log, FELL, s.week, s.rung, cause)
    if s.rung == NONE:
        bargain.fail_settlement(s)
        bargain.restart(s)


@routine
def attribute(p: Parameters, s: State, r: Result, w: World, context: Context) -> int:
    """Draw the cause of a step down: lack of consent with probability 1 / B, else Europe or the hawks by part in B."""
    u = uniform(context, CAUSE, s.week, s.moves)
    share = 1.0 / obstruction_factor(p, s)
    if u < share:
        r.down_consent += 1.0
        party = bargain.least_ready(s, w)
        if r.first_refusal < 0:
            r.first_refusal = party
        return party
    europe, both = europe_drag(p, s), europe_drag(p, s) + hawks_drag(p, s)
    if (u - share) * both < (1.0 - share) * europe:
        r.down_europe += 1.0
        return OBSTRUCTION
    r.down_hawks += 1.0
    return SABOTAGE


@routine
def sign(p: Parameters, s: State, r: Result, w: World, context: Context) -> None:
    """Sign: the settlement comes into force and makes the truce general, or it is never carried out."""
    if np.isnan(r.signed):
        r.signed = s.day
        r.term_index = s.index
        r.last_settlement = s.settlement
    if uniform(context, IMPLEMENTED, s.week, s.moves) < p.settlements.never_implemented[s.settlement]:
        r.dead_letters += 1.0
        note(context.log, DEAD_LETTER, s.week, s.settlement, s.index)
        break_up(p, s, r, w, context)
        return
    s.in_force = 1
    s.settlement_age = 0.0
    note(context.log, CAME_INTO_FORCE, s.week, s.settlement, s.index)
    begin_general_truce(s, r, context)


@routine
def begin_general_truce(s: State, r: Result, context: Context) -> None:
    """Stop the fighting along the whole front; a general truce that holds already goes on."""
    if s.truce != GENERAL:
        note(context.log, GENERAL_BEGAN, s.week, s.in_force, 0.0)
        s.truce = GENERAL
        s.truce_age = 0.0
        s.progress += 1.0
        r.general_last = s.day
        if np.isnan(r.general_first):
            r.general_first = s.day


@routine
def break_up(p: Parameters, s: State, r: Result, w: World, context: Context) -> None:
    """Break a signed settlement, or leave it a dead letter: talks fall back to contact, the war goes on.

    A truce that held before a dead letter was signed holds on. Any settlement is now worth less to Kyiv and Moscow. The
    settlement to negotiate is chosen again.
    """
    s.private[KYIV] -= p.talks.broken_trust
    s.private[MOSCOW] -= p.talks.broken_trust
    if np.isnan(r.broken):
        r.broken = s.day
    bargain.fail_settlement(s)
    if s.in_force == 1:
        s.truce = NO_TRUCE
    s.in_force = 0
    s.settlement_age = 0.0
    s.rung = CONTACT
    s.setbacks += 1.0
    s.moves += 1
    bargain.draw_settlement(p, s, w, context)


@routine
def climb(p: Parameters, s: State, r: Result, w: World, context: Context) -> None:
    """Move one rung up."""
    s.rung += 1
    if s.rung > r.highest_rung:
        s.progress += 1.0  # a rung regained does not count as progress
    r.steps_up += 1.0
    r.highest_rung = max(r.highest_rung, s.rung)
    if s.rung == CONTACT:
        bargain.draw_settlement(p, s, w, context)
    elif s.rung == TERMS:
        bargain.write_down(p, s, w)
    note(context.log, CLIMBED, s.week, s.rung, s.index)
    if s.rung == TERMS and np.isnan(r.signed):
        # Terms count even if they leave the table before the step is over.
        r.term_index = s.index
        r.last_settlement = s.settlement
    if s.rung == SIGNED:
        sign(p, s, r, w, context)


@kernel
def moves(p: Parameters, s: State, w: World) -> tuple[float, float, float]:
    """Weekly rates of a step up, of a step down for lack of consent, and of a step down by sabotage."""
    if s.rung >= SIGNED:
        return 0.0, 0.0, 0.0
    up = up_rate(p, s, w)
    if s.rung == NONE:
        return up, 0.0, 0.0
    return up, down_rate(p, s, w), hawks.sabotage_rate(p.hawks, s)


@routine
def recorded_moves(p: Parameters, s: State, r: Result, w: World, context: Context, dt: float) -> None:
    """Make the recorded moves of the ladder in a week and multiply the timeline's weight by their likelihood.

    The moves are taken to be evenly spaced. Each one is weighted by its rate. The absence of other moves between them
    is weighted too, averaged over the days on which each move may have happened; this average is exact for one move.
    A step down may also come from a provocation. A step down that a coup has caused earlier in the week is not made a
    second time. If the record has no step down for it, the rung is climbed again.
    """
    observed = context.observed
    left, count, own = int(observed.moves[s.week]), 0, 0
    caused = regained = int(observed.rung_before[s.week]) - s.rung
    while left > 0:
        count += 1
        if left % 3 == 2:
            regained -= 1
        left //= 3
    left, before = int(observed.moves[s.week]), -1.0
    for _ in range(regained):
        left += 3**count
        count += 1
    for k in range(count + 1):
        up, down, sabotage = moves(p, s, w)
        provoked = kyiv.provocation_rate(p.kyiv, s)
        observed.log_weight -= (up + down + sabotage) * dt / (count + 1)
        if before >= 0.0:
            observed.log_weight += log_sinhc((before - up - down - sabotage) * dt / (count + 1))
        if k == count or s.in_force == 1:
            return
        climbs, left = left % 3 == 1, left // 3
        if not climbs and caused > 0:
            caused -= 1
            continue
        before = up + down + sabotage
        s.moves += 1
        own += 1
        if climbs:
            weight_chance(observed, LADDER, up * dt / own)
            climb(p, s, r, w, context)
        else:
            total = down + sabotage + provoked
            weight_chance(observed, LADDER, total * dt / own)
            which = uniform(context, LADDER_WHICH, s.week, s.moves) * total
            if which < down:
                cause = attribute(p, s, r, w, context)
            elif which < down + sabotage:
                r.down_hawks += 1.0
                cause = SABOTAGE
            else:
                r.down_kyiv += 1.0
                if np.isnan(r.provocation):
                    r.provocation = s.day
                cause = IN_KYIV
            step_down(s, context, cause)
        if bargain.on_table(s) and s.rung < SIGNED:
            bargain.update_consents(p, s, r, w)


@routine
def draw_moves(p: Parameters, s: State, r: Result, w: World, context: Context, dt: float) -> None:
    """Make the moves of the ladder within a step, on one exponential clock that runs through the week."""
    if context.observed.replaying == 1 and context.observed.rung[s.week] != NOT_OBSERVED:
        recorded_moves(p, s, r, w, context, dt)
        return
    left = dt
    for _ in range(8):
        up, down, sabotage = moves(p, s, w)
        total = up + down + sabotage
        if total * left < s.patience:
            s.patience -= total * left
            return
        left -= s.patience / total
        s.moves += 1
        which = uniform(context, LADDER_WHICH, s.week, s.moves) * total
        if which < up:
            climb(p, s, r, w, context)
        elif which < up + down:
            step_down(s, context, attribute(p, s, r, w, context))
        else:
            r.down_hawks += 1.0
            step_down(s, context, SABOTAGE)
        s.patience = exponential(context, LADDER, s.week, s.moves)
        if bargain.on_table(s) and s.rung < SIGNED:
            bargain.update_consents(p, s, r, w)
