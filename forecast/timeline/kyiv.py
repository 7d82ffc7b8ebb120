"""Kyiv: instability, the ban on negotiating, the leader, coups and provocations.

instability reverts to instability_mean + instability_ground (advance - its start)
            + instability_draft (mobilisation widened) + instability_terms 2 max(0, index - 1/2) with terms on the table
leaderless  1 when the president has been overthrown or killed, half-life leaderless_half_life
ban         lifted at rate b before terms, ban_terms b at terms, ban_text b c_Kyiv at text; it blocks
            signature, not talks
election    possible only after martial law has lapsed, which is likelier in a general truce
own ground  its part in the worth of fighting on beside its prospects (`prospects.py`):
            worth + worth_backing (Europe's obstruction) - worth_instability instability
            - worth_lost (1,000 km2 lost) - worth_pressed (Washington presses Kyiv) + shift by the leader
"""

import numpy as np

from forecast.timeline import decays
from forecast.timeline.codes import (
    CONTACT,
    GENERAL,
    HARDER,
    INCUMBENT,
    KYIV,
    NONE,
    PRESSING_KYIV,
    READIER,
    SIGNED,
    SPEAKER,
    TERMS,
    TEXT,
)
from forecast.timeline.fields import Real, field
from forecast.timeline.forms import MOST, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, chance, decision, happens, may_happen, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note

INSTABILITY = decision("kyiv.instability")
BAN = decision("kyiv.ban")
TRANSFER = decision("kyiv.transfer")
MARTIAL_LAW = decision("kyiv.martial_law")
ELECTION = decision("kyiv.election")
SUCCESSOR = decision("kyiv.successor")
COUP = decision("kyiv.coup")
COUP_SUCCEEDS = decision("kyiv.coup_succeeds")
PROVOCATION = decision("kyiv.provocation")

UNBANNED = event("kyiv.ban_lifted", "the ban on negotiating is lifted")
TRANSFERRED = event("kyiv.transfer", "the presidency passes to the Speaker")
LAPSED = event("kyiv.martial_law", "martial law lapses")
ELECTED = event("kyiv.election", "an election is held", code="leader after it")
COUP_FAILED = event("kyiv.coup_failed", "an attempt to overthrow or kill the president fails")
OVERTHROWN = event("kyiv.overthrown", "the president is overthrown or killed", code="leader after it")
PROVOKED = event("kyiv.provocation", "opponents of a settlement stage a provocation")


class Kyiv:
    """Parameters of Kyiv."""

    instability_start: Real = field("sd", "domestic instability at the reference date")
    instability_half_life: Real = field("weeks", "half-life of instability", low=1)
    instability_mean: Real = field("sd", "where instability tends to if nothing happens")
    instability_error: Real = field("sd", "error of a series as a reading of instability; belief only", low=0)
    concessions_centre: Real = field("percent", "ready for concessions at instability 0; belief only", low=0, high=100)
    concessions_loading: Real = field("log ratio", "log odds of that readiness per unit; belief only", low=0)
    trust_centre: Real = field("percent", "trust in the president at instability 0; belief only", low=0, high=100)
    trust_loading: Real = field("log ratio", "fall of the log odds of that trust per unit; belief only", low=0)
    desertion_centre: Real = field("count", "desertion cases a month at instability 0; belief only")
    desertion_loading: Real = field("log ratio", "log of desertion cases per unit of instability; belief only", low=0)
    instability_ground: Real = field("sd", "instability per unit of z that the enemy's advance quickens by")
    instability_draft: Real = field("sd", "instability from a wider mobilisation")
    instability_terms: Real = field("sd", "instability from terms wholly on {moscow}'s side")

    ban: Real = field("chance/year", "ban on negotiating lifted, before terms are on the table")
    ban_terms: Real = field("ratio", "how much faster it falls at terms")
    ban_text: Real = field("ratio", "how much faster it falls at text, if {kyiv} consents")

    ban_unrest: Real = field("sd", "instability when it falls, by those who object")

    transfer: Real = field("chance/year", "presidency handed to the Speaker")
    transfer_text: Real = field("log ratio", "likelier at text")
    martial_law: Real = field("chance/year", "martial law lapses while fighting goes on")
    martial_law_truce: Real = field("chance/year", "martial law lapses in a general truce")
    election: Real = field("chance/year", "election held, once it is permissible")
    incumbent_wins: Real = field("chance", "the incumbent wins an election he stands in")
    successor_harder: Real = field("chance", "a successor by election is harder, not readier")
    coup_harder: Real = field("chance", "a successor by coup is harder, not readier")
    successor_shift: Real = field("value", "what a harder (or, negative, a readier) successor adds to the worth", low=0)

    coup: Real = field("chance/year", "coup attempt, or attempt on his life")
    coup_text: Real = field("log ratio", "likelier at text")
    coup_instability: Real = field("log ratio", "likelier per unit of instability")
    coup_succeeds: Real = field("chance", "an attempt removes the president")
    coup_unrest: Real = field("sd", "instability that an attempt adds")
    leaderless_half_life: Real = field("weeks", "half-life of the time without a leader after an overthrow", low=0.5)
    provocation: Real = field("1/year", "provocations that set talks back a rung")
    provocation_talks: Real = field("log ratio", "likelier at terms and at text")

    worth: Real = field("value", "worth of fighting on beside its prospects: a residual judgement", low=-1, high=1)
    private: Real = field("sd", "private readiness to settle, beyond what it shows in public")
    sees_break: Real = field("chance/year", "{kyiv.country} breaks, as {kyiv} sees it at reference conditions")
    sees_failure: Real = field("chance/year", "{moscow.country} fails, as {kyiv} sees it at reference conditions")
    worth_loss: Real = field("value", "worth taken off per 1,000 km2 that it expects to lose while it holds")
    worth_backing: Real = field("value", "worth added per unit of {europe.adjective} obstruction")
    worth_instability: Real = field("value", "worth taken off per unit of instability")
    worth_lost: Real = field("value", "worth taken off per 1,000 km2 lost since the reference date")
    worth_pressed: Real = field("value", "worth taken off while {washington} presses {kyiv}")
    truce_distrust: Real = field("value", "cost of a deal that nobody enforces, as truces that were never carried out")


@kernel
def own_worth(p: Kyiv, s: State) -> float:
    """Kyiv's worth of fighting on, without its prospects."""
    pressed = 1.0 if s.posture == PRESSING_KYIV else 0.0
    return (
        p.worth
        + p.worth_backing * s.obstruction
        - p.worth_instability * s.instability
        - p.worth_lost * max(0.0, s.km2) / 1000.0
        - p.worth_pressed * pressed
        + s.worth_shift
    )


@kernel
def instability_target(p: Kyiv, s: State) -> float:
    """Where instability tends to while no terms are on the table, in sd."""
    return p.instability_mean + p.instability_ground * (s.advance - s.advance_start) + p.instability_draft * s.mobilised


@routine
def step(p: Kyiv, s: State, context: Context, dt: float) -> None:
    """Move instability by `dt` of a week, or set it to the observed level; a leaderless time passes."""
    near = 2.0 * max(0.0, s.index - 0.5) if s.rung >= TERMS else 0.0
    target = instability_target(p, s) + p.instability_terms * near
    s.leaderless *= decays.decay(s, decays.LEADERLESS, p.leaderless_half_life, dt)
    shock = noise(context, INSTABILITY, s.week)
    s.instability = decays.revert(s, decays.INSTABILITY, s.instability, target, p.instability_half_life, dt, shock)
    if context.observed.replaying == 1 and not np.isnan(context.observed.instability[s.week]):
        s.instability = context.observed.instability[s.week]


@kernel
def unsettle(s: State, context: Context, unrest: float) -> None:
    """Add an event's instability; if the week's level was observed, it includes the event already."""
    if context.observed.replaying == 0 or np.isnan(context.observed.instability[s.week]):
        s.instability += unrest


@kernel
def ban_rate(p: Kyiv, s: State) -> float:
    """Weekly rate at which the ban is lifted."""
    if s.rung == TEXT:
        return p.ban * p.ban_text * s.consent[KYIV]
    if s.rung == TERMS:
        return p.ban * p.ban_terms
    return p.ban


@kernel
def coup_rate(p: Kyiv, s: State) -> float:
    """Weekly rate of coup attempts."""
    text = p.coup_text if s.rung == TEXT else 0.0
    return p.coup * ratio(text + p.coup_instability * s.instability)


@kernel
def provocation_rate(p: Kyiv, s: State) -> float:
    """Weekly rate of provocations; 0 without talks, which they would set back."""
    if s.rung in (NONE, SIGNED):
        return 0.0
    return p.provocation * ratio(p.provocation_talks if s.rung >= TERMS else 0.0)


@routine
def succeed(p: Kyiv, s: State, leader: int) -> None:
    """Make another leader take over."""
    s.leader = leader
    if leader == HARDER:
        s.worth_shift = p.successor_shift
    elif leader == READIER:
        s.worth_shift = -p.successor_shift
    else:
        s.worth_shift = 0.0


@routine
def hold_election(p: Kyiv, s: State, r: Result, context: Context, part: int) -> None:
    """Hold an election: the incumbent wins or a successor is drawn; in both cases Moscow has a lawful signatory."""
    s.elected = 1
    s.legitimate = 1
    r.election = s.day
    if s.leader == INCUMBENT and uniform(context, SUCCESSOR, s.week, 4 * part) < p.incumbent_wins:
        return
    harder = uniform(context, SUCCESSOR, s.week, 4 * part + 1) < p.successor_harder
    succeed(p, s, HARDER if harder else READIER)


@routine
def events(p: Kyiv, s: State, r: Result, context: Context, part: int, dt: float) -> float:
    """Draw the ban, transfer, martial law, election, coup and provocation; returns how many of them set talks back."""
    week = s.week
    if s.banned == 1 and happens(ban_rate(p, s) * dt, context, BAN, week, part):
        s.banned = 0
        unsettle(s, context, p.ban_unrest)
        r.ban_lifted = s.day
        note(context.log, UNBANNED, week, -1, 0.0)

    if s.leader == INCUMBENT and s.elected == 0:
        text = ratio(p.transfer_text) if s.rung == TEXT else 1.0
        if happens(p.transfer * text * dt, context, TRANSFER, week, part):
            succeed(p, s, SPEAKER)
            s.legitimate = 1
            r.transfer = s.day
            note(context.log, TRANSFERRED, week, -1, 0.0)

    if s.martial_law == 1:
        lapse = p.martial_law_truce if s.truce == GENERAL else p.martial_law
        if happens(lapse * dt, context, MARTIAL_LAW, week, part):
            s.martial_law = 0
            note(context.log, LAPSED, week, -1, 0.0)
    if s.elected == 0 and s.martial_law == 0 and happens(p.election * dt, context, ELECTION, week, part):
        hold_election(p, s, r, context, part)
        note(context.log, ELECTED, week, s.leader, 0.0)

    set_back = 0.0
    if may_happen(MOST * p.coup * dt, context, COUP, week, part) and happens(
        coup_rate(p, s) * dt, context, COUP, week, part
    ):
        if np.isnan(r.coup_attempt):
            r.coup_attempt = s.day
        unsettle(s, context, p.coup_unrest)
        if chance(p.coup_succeeds, context, COUP_SUCCEEDS, week, part):
            harder = uniform(context, SUCCESSOR, week, 4 * part + 2) < p.coup_harder
            succeed(p, s, HARDER if harder else READIER)
            s.leaderless = 1.0
            note(context.log, OVERTHROWN, week, s.leader, 0.0)
        else:
            note(context.log, COUP_FAILED, week, -1, 0.0)
        if CONTACT <= s.rung < SIGNED:
            set_back += 1.0
    if may_happen(MOST * p.provocation * dt, context, PROVOCATION, week, part) and happens(
        provocation_rate(p, s) * dt, context, PROVOCATION, week, part
    ):
        if np.isnan(r.provocation):
            r.provocation = s.day
        note(context.log, PROVOKED, week, -1, 0.0)
        set_back += 1.0
    return set_back
