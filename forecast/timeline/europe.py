"""Europe: obstruction, fatigue and upheavals, troops in the text, aid in America's place, sanctions votes.

    obstruction reverts to obstruction_mean + obstruction_text 1.5 max(0, index - 1/3) at text
                - fatigue (years since the reference date), and falls at upheavals, dated or random

Obstruction stiffens Kyiv and slows talks (`prospects.py`, `ladder.py`), and moves aid:

    aid = europe_aid ratio(arming (obstruction - its start)) + replacement (lost Washington's aid)

If the signed text names Europe's troops, they enter
some weeks later. Then a wider war may begin, with a small chance; it is flagged but does not end the timeline.
"""

import numpy as np

from forecast.timeline import decays
from forecast.timeline.codes import TEXT
from forecast.timeline.fields import WEEKS_PER_YEAR, Real, field
from forecast.timeline.forms import MOST, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, chance, decision, happens, may_happen
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

OBSTRUCTION = decision("europe.obstruction")
UPHEAVAL = decision("europe.upheaval")
VOTE = decision("europe.sanctions_vote")
TROOPS = decision("europe.troops_into_text")
WIDER_WAR = decision("europe.wider_war")

UPHEAVED = event(
    "europe.upheaval",
    "a political upheaval",
    code="1 if it adds to obstruction, else 0",
    value="1 if its date was known in advance, else 0",
)
VOTED = event("europe.vote", "a vote on sanctions", code="0 prolonged, 1 lapsed, 2 lapsed before")
TROOPS_WRITTEN = event("europe.troops_text", "Europe's troops are written into the text")
TROOPS_ENTERED = event("europe.troops_in", "Europe's troops enter the country")
WIDENED = event("europe.wider_war", "the war widens after Europe's troops have entered")


class Europe:
    """Parameters of Europe."""

    obstruction_start: Real = field("sd", "obstruction at the reference date")
    obstruction_half_life: Real = field("weeks", "half-life of obstruction", low=1)
    obstruction_mean: Real = field("sd", "where obstruction tends to if nothing happens")
    obstruction_text: Real = field("sd", "obstruction gained by a text wholly on {moscow}'s terms")
    fatigue: Real = field("sd", "obstruction lost in a year of war")
    upheaval_rate: Real = field("1/year", "political upheavals, beside those whose date is known")
    upheaval: Real = field("sd", "obstruction lost by an upheaval")
    worth: Real = field("value", "worth to {europe} of the war going on")
    worth_obstruction: Real = field("value", "worth added per unit of obstruction")
    down_europe: Real = field("log ratio", "how a unit of obstruction raises the rate of steps down")
    europe_aid: Real = field("EUR bn/month", "{europe.adjective} military aid at the reference date", low=0)
    aid_delivered: Real = field("ratio", "arms delivered per unit of all aid allocated in two years; belief only")
    aid_lumpiness: Real = field("ratio", "relative spread of a quarter's allocations; belief only")
    aid_revision: Real = field("ratio", "relative error of allocations of the last year; belief only")
    arming: Real = field("log ratio", "{europe.adjective} military aid raised per unit of obstruction")
    replacement: Real = field("share", "part of lost {washington.adjective} aid that {europe} replaces")
    troops_into_text: Real = field("1/year", "{europe.adjective} troops are put into a text that lacks them")
    troops_obstruction: Real = field("log ratio", "likelier per unit of obstruction")
    troops_shift: Real = field("position", "how far that moves the guarantees towards {kyiv}'s ideal", low=0, high=1)
    troops_weeks: Real = field("weeks", "from signature to troops on the ground")
    wider_war: Real = field("chance/year", "a wider war once {europe.adjective} troops are in")
    holdout: Real = field("chance", "a few governments let sanctions lapse at a vote")
    lapse_relief: Real = field("sd", "strain taken off {moscow} by a lapse")


@kernel
def europe_flow(p: Europe, s: State, us_start: float, us_now: float) -> float:
    """Europe's military aid, EUR bn a month, including the part that replaces Washington's aid."""
    arming = ratio(p.arming * (s.obstruction - p.obstruction_start))
    return p.europe_aid * arming + p.replacement * max(0.0, us_start - us_now)


@kernel
def worth_of_fighting(p: Europe, s: State) -> float:
    """Europe's worth of the war going on, R_Europe."""
    return p.worth + p.worth_obstruction * s.obstruction


@routine
def step(p: Europe, s: State, r: Result, w: World, context: Context, dt: float) -> None:
    """Move obstruction by `dt` of a week; dated upheavals and sanctions votes happen."""
    near = max(0.0, s.index - 1.0 / 3.0) * 1.5 if s.rung == TEXT else 0.0
    target = p.obstruction_mean + p.obstruction_text * near - p.fatigue * s.week / WEEKS_PER_YEAR
    shock = noise(context, OBSTRUCTION, s.week)
    s.obstruction = decays.revert(s, decays.OBSTRUCTION, s.obstruction, target, p.obstruction_half_life, dt, shock)
    s.obstruction -= p.upheaval * w.upheavals[s.week]
    if w.upheavals[s.week] > 0.0:
        note(context.log, UPHEAVED, s.week, 1 if p.upheaval < 0.0 else 0, 1.0)
    if w.votes[s.week] > 0.0:
        before = s.lapsed
        if before == 0 and chance(p.holdout, context, VOTE, s.week, 0):
            s.lapsed = 1
            r.sanctions_lapsed = s.day
        note(context.log, VOTED, s.week, s.lapsed + before, 0.0)


@kernel
def troops_rate(p: Europe, s: State) -> float:
    """Weekly rate at which troops are put into the text."""
    return p.troops_into_text * ratio(p.troops_obstruction * s.obstruction)


@routine
def events(p: Europe, s: State, r: Result, w: World, context: Context, part: int, dt: float) -> None:
    """Draw random upheavals, troops in the text, troops on the ground, a wider war."""
    if happens(p.upheaval_rate * dt, context, UPHEAVAL, s.week, part):
        s.obstruction -= p.upheaval
        note(context.log, UPHEAVED, s.week, 1 if p.upheaval < 0.0 else 0, 0.0)
    if (
        s.rung == TEXT
        and s.troops_text == 0
        and w.facts.troops_excluded[s.settlement] == 0.0
        and may_happen(MOST * p.troops_into_text * dt, context, TROOPS, s.week, part)
        and happens(troops_rate(p, s) * dt, context, TROOPS, s.week, part)
    ):
        s.troops_text = 1
        note(context.log, TROOPS_WRITTEN, s.week, -1, 0.0)
        if w.facts.guarantees >= 0:
            s.terms[w.facts.guarantees] = max(0.0, s.terms[w.facts.guarantees] - p.troops_shift)
    if s.troops_text == 1 and s.rung >= TEXT and np.isnan(r.troops_text):
        r.troops_text = s.day
    if s.in_force == 1 and s.troops_text == 1 and s.troops_in == 0 and s.settlement_age >= p.troops_weeks:
        s.troops_in = 1
        r.troops_in = s.day
        note(context.log, TROOPS_ENTERED, s.week, -1, 0.0)
    if s.troops_in == 1 and np.isnan(r.wider_war) and happens(p.wider_war * dt, context, WIDER_WAR, s.week, part):
        r.wider_war = s.day
        note(context.log, WIDENED, s.week, -1, 0.0)
