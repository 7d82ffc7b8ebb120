"""Washington: political capital, attention, the arms stock, four postures, pauses of arms.

    capital   reverts to capital_mean - (1 + capital_owned E) capital_stall min(stall, 26) / 13
              - capital_arming (pressing Moscow with arms); a setback takes (1 + capital_owned E) capital_setback
    attention reverts to attention_mean; each rung climbed or truce begun adds attention_progress, a rival crisis takes
              attention_crisis
    E         memory of engagement: 1 while engaged, half-life engagement_half_life: how far he owns the war
    arms      us_aid, 0 in a pause, less once the stock is below the reserve; pressing Moscow adds arms_raised
              ratio(arms_raised_capital capital + arms_raised_attention attention) of it. New money or authority
              (renewal) fills the stock, except while he presses Kyiv or has walked away
    consent   = logistic((deliver + capital - deliver_hawks hawks - load of the settlement) / deliver_tau)

The president in Washington would sign nearly any settlement that he can deliver. Capital limits his ability to
deliver, attention sets the tempo of talks (`ladder.py`), and both decide whether he walks away. The exits from a
posture compete; the rate of each is multiplied by a ratio of levels.
"""

import numpy as np

from forecast.timeline import decays
from forecast.timeline.codes import KYIV, MEDIATING, MOSCOW, PRESSING_KYIV, PRESSING_MOSCOW, WALKED_AWAY
from forecast.timeline.conditioning import NOT_OBSERVED, weight_chance
from forecast.timeline.fields import WEEKS_PER_YEAR, Real, field
from forecast.timeline.forms import MOST, logistic, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, chance, decision, happens, may_happen, uniform
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note

CAPITAL = decision("washington.capital")
ATTENTION = decision("washington.attention")
CRISIS = decision("washington.crisis")
POSTURE = decision("washington.posture")
POSTURE_WHICH = decision("washington.posture_which")
PAUSE = decision("washington.pause")
RENEWAL = decision("washington.renewal")

STOCK_LOW = event("washington.stock_low", "the stock of Washington's arms falls below the reserve: deliveries shrink")
DISTRACTED = event("washington.crisis", "a rival crisis takes the president's attention")
TURNED = event("washington.turned", "Washington takes up another posture", code="new posture", value="old posture")
PAUSED = event("washington.paused", "Washington's arms are paused")
RESUMED = event("washington.resumed", "Washington's arms flow again")
RENEWED = event("washington.renewed", "new money or authority for Washington's arms", value="amount, EUR bn")

NEVER = 1000.0
"""Number of weeks that stands for never in the memory of pauses."""

RESERVE_WEEKS = 8.0
"""Weeks of deliveries in the stock below which deliveries shrink in proportion to it."""


class Washington:
    """Parameters of Washington."""

    capital_start: Real = field("sd", "political capital at the reference date")
    capital_half_life: Real = field("weeks", "half-life of capital", low=1)
    capital_mean: Real = field("sd", "where capital tends to if nothing happens")
    capital_stall: Real = field("sd", "capital lost per quarter without progress")
    capital_setback: Real = field("sd", "capital lost by a setback")
    capital_owned: Real = field("ratio", "how much more both cost once the war has become his")
    capital_arming: Real = field("sd", "capital lost by spending on arms while pressing {moscow}")
    approval_at_zero: Real = field("percent", "approval at capital 0", low=0, high=100)
    approval_per_sd: Real = field("percent", "approval points per unit of capital", low=0)
    approval_first_mean: Real = field(
        "percent", "approval at capital 0 in the first term; belief only", low=0, high=100
    )
    approval_house: Real = field("percent", "how far houses' figures of approval stand apart; belief only", low=0)
    approval_noise: Real = field("percent", "error of a single figure of approval; belief only", low=0)

    attention_start: Real = field("sd", "attention to the war at the reference date")
    attention_half_life: Real = field("weeks", "half-life of attention", low=0.5)
    attention_mean: Real = field("sd", "where attention tends to")
    attention_progress: Real = field("sd", "attention renewed by a rung climbed")
    attention_crisis: Real = field("sd", "attention taken by a rival crisis")
    crisis_rate: Real = field("1/year", "rival crises")

    us_aid: Real = field("EUR bn/month", "{washington.adjective} military aid delivered at the reference date", low=0)
    aid_delivered: Real = field(
        "ratio", "arms delivered per unit of all {washington.adjective} aid allocated in two years; belief only"
    )
    aid_lumpiness: Real = field(
        "ratio", "relative spread of a quarter's {washington.adjective} allocations; belief only"
    )
    aid_revision: Real = field(
        "ratio", "relative error of {washington.adjective} allocations of the last year; belief only"
    )
    stock_start: Real = field(
        "EUR bn", "{washington.adjective} arms that can still be given under existing authority", low=0.01
    )
    arms_raised: Real = field(
        "ratio", "part by which {washington.adjective} arms rise while {washington} presses {moscow}"
    )
    arms_raised_capital: Real = field("log ratio", "a larger part per unit of capital")
    arms_raised_attention: Real = field("log ratio", "a larger part per unit of attention")
    renewal: Real = field("1/year", "new money or authority for arms, while mediating")
    renewal_capital: Real = field("log ratio", "likelier per unit of capital")
    renewal_hawks: Real = field("log ratio", "likelier per unit of hawks")
    renewal_pressing: Real = field("log ratio", "likelier while {washington} presses {moscow}")
    renewal_size: Real = field("EUR bn", "arms that it adds to the stock", low=0)

    press_kyiv: Real = field("1/year", "from mediating to pressing {kyiv}")
    press_moscow: Real = field("1/year", "from mediating to pressing {moscow}")
    press_refusal: Real = field("log ratio", "he presses whoever is less ready to consent")
    press_hawks: Real = field("log ratio", "pressing {moscow} likelier with strong hawks")
    ease: Real = field("1/year", "from pressing back to mediating")
    walk_away: Real = field("1/year", "walking away")
    walk_attention: Real = field("log ratio", "likelier as attention falls, per unit")
    walk_capital: Real = field("log ratio", "likelier as capital falls, per unit")
    walk_stall: Real = field("log ratio", "likelier per quarter without progress")
    come_back: Real = field("1/year", "coming back")
    come_back_attention: Real = field("log ratio", "likelier as attention rises, per unit")
    engagement_half_life: Real = field("weeks", "half-life of the memory of engagement", low=0.5)

    pause_on_pressing: Real = field("chance", "arms are paused on turning to press {kyiv}")
    pause_walked: Real = field("1/year", "arms are paused while walked away")
    pause_end: Real = field("1/year", "a pause ends without a change of posture")

    deliver: Real = field("sd", "what he can deliver at capital 0 against unorganised resistance")
    deliver_hawks: Real = field("sd", "what a unit of hawks takes from it")
    deliver_troops: Real = field(
        "sd", "what {europe.adjective} troops in the text take from it, for the risk of a wider war"
    )
    deliver_tau: Real = field("sd", "how sharply deliverability sets in", low=0.01)


@kernel
def engaged(s: State) -> bool:
    """Whether Washington takes part: any posture but walked away."""
    return s.posture != WALKED_AWAY


@kernel
def reserve(p: Washington) -> float:
    """Stock of arms below which deliveries shrink, EUR bn."""
    return p.us_aid * 12.0 / WEEKS_PER_YEAR * RESERVE_WEEKS


@kernel
def approval(p: Washington, s: State) -> float:
    """Approval of the president in Washington, percent."""
    return p.approval_at_zero + p.approval_per_sd * s.capital


@kernel
def us_flow(p: Washington, s: State) -> float:
    """Military aid, EUR bn a month: 0 in a pause, more while pressing Moscow, less if the stock is nearly empty."""
    if s.paused == 1 or p.us_aid <= 0.0:
        return 0.0
    raised = 0.0
    if s.posture == PRESSING_MOSCOW:
        raised = p.arms_raised * ratio(p.arms_raised_capital * s.capital + p.arms_raised_attention * s.attention)
    return p.us_aid * (1.0 + raised) * min(1.0, s.stock / reserve(p))


@kernel
def renewal_rate(p: Washington, s: State) -> float:
    """Weekly rate of new money or authority for arms; 0 while Washington presses Kyiv or has walked away."""
    if s.posture == PRESSING_KYIV or s.posture == WALKED_AWAY:
        return 0.0
    pressing = p.renewal_pressing if s.posture == PRESSING_MOSCOW else 0.0
    return p.renewal * ratio(p.renewal_capital * s.capital + p.renewal_hawks * s.hawks + pressing)


@kernel
def capital_target(p: Washington, s: State) -> float:
    """Where capital tends to, in sd."""
    owned = 1.0 + p.capital_owned * s.engagement
    arming = 1.0 if s.posture == PRESSING_MOSCOW and s.paused == 0 else 0.0
    return p.capital_mean - owned * p.capital_stall * min(s.stall, 26.0) / 13.0 - p.capital_arming * arming


@kernel
def deliverability_gap(p: Washington, s: State, load: float) -> float:
    """Capital that Washington lacks to deliver a settlement of this load, in sd; negative if it has enough."""
    return load + p.deliver_hawks * s.hawks - p.deliver - s.capital


@kernel
def consent(p: Washington, s: State, load: float) -> float:
    """Washington's consent: its ability to deliver a settlement of this load, from 0 to 1."""
    return logistic(-deliverability_gap(p, s, load) / p.deliver_tau)


@routine
def step(p: Washington, s: State, context: Context, dt: float) -> None:
    """Move capital, attention, the stock of arms and the memories by `dt` of a week."""
    is_engaged = 1.0 if engaged(s) else 0.0
    s.stall = 0.0 if s.progress > 0.0 or s.in_force == 1 else s.stall + dt * is_engaged
    shock = noise(context, CAPITAL, s.week)
    s.capital = decays.revert(
        s, decays.CAPITAL, s.capital, capital_target(p, s), p.capital_half_life, dt, shock
    ) - s.setbacks * p.capital_setback * (1.0 + p.capital_owned * s.engagement)
    if context.observed.replaying == 1 and not np.isnan(context.observed.capital[s.week]):
        s.capital = context.observed.capital[s.week]
    shock = noise(context, ATTENTION, s.week)
    s.attention = (
        decays.revert(s, decays.ATTENTION, s.attention, p.attention_mean, p.attention_half_life, dt, shock)
        + p.attention_progress * s.progress
    )
    s.setbacks = 0.0
    s.progress = 0.0
    kept = decays.decay(s, decays.ENGAGEMENT, p.engagement_half_life, dt)
    s.engagement = is_engaged + (s.engagement - is_engaged) * kept
    stock = s.stock
    s.stock = max(0.0, stock - us_flow(p, s) * 12.0 / WEEKS_PER_YEAR * dt)
    if s.stock < reserve(p) <= stock:
        note(context.log, STOCK_LOW, s.week, -1, RESERVE_WEEKS)
    s.pause_memory = 0.0 if s.paused == 1 else min(NEVER, s.pause_memory + dt)


@kernel
def walk_away_rate(p: Washington, s: State) -> float:
    """Weekly rate of walking away."""
    return p.walk_away * ratio(
        -p.walk_attention * s.attention - p.walk_capital * s.capital + p.walk_stall * min(s.stall, 26.0) / 13.0
    )


@kernel
def press_kyiv_rate(p: Washington, s: State) -> float:
    """Weekly rate from mediating to pressing Kyiv."""
    return p.press_kyiv * ratio(p.press_refusal * (s.consent[MOSCOW] - s.consent[KYIV]))


@kernel
def press_moscow_rate(p: Washington, s: State) -> float:
    """Weekly rate from mediating to pressing Moscow."""
    return p.press_moscow * ratio(p.press_refusal * (s.consent[KYIV] - s.consent[MOSCOW]) + p.press_hawks * s.hawks)


@kernel
def come_back_rate(p: Washington, s: State) -> float:
    """Weekly rate of coming back."""
    return p.come_back * ratio(p.come_back_attention * s.attention)


@routine
def next_posture(p: Washington, s: State, context: Context, part: int, dt: float) -> int:
    """Draw the posture after a step; the exits from the present posture compete."""
    most = MOST * (p.come_back if s.posture == WALKED_AWAY else p.walk_away + p.press_kyiv + p.press_moscow) + p.ease
    if not may_happen(most * dt, context, POSTURE, s.week, part):
        return int(s.posture)
    to_walked, to_kyiv, to_moscow, to_mediating = 0.0, 0.0, 0.0, 0.0
    if s.posture == WALKED_AWAY:
        to_mediating = come_back_rate(p, s)
    else:
        to_walked = walk_away_rate(p, s)
        if s.posture == MEDIATING:
            to_kyiv, to_moscow = press_kyiv_rate(p, s), press_moscow_rate(p, s)
        else:
            to_mediating = p.ease
    total = to_walked + to_kyiv + to_moscow + to_mediating
    if not happens(total * dt, context, POSTURE, s.week, part):
        return int(s.posture)
    observed = context.observed
    if observed.replaying == 1 and observed.posture[s.week] != NOT_OBSERVED:
        posture = int(observed.posture[s.week])
        rate = to_mediating
        if posture == WALKED_AWAY:
            rate = to_walked
        elif posture == PRESSING_KYIV:
            rate = to_kyiv
        elif posture == PRESSING_MOSCOW:
            rate = to_moscow
        if total > 0.0:
            weight_chance(observed, POSTURE, rate / total)
        return posture
    which = uniform(context, POSTURE_WHICH, s.week, part) * total
    if which < to_walked:
        return WALKED_AWAY
    if which < to_walked + to_kyiv:
        return PRESSING_KYIV
    return PRESSING_MOSCOW if which < to_walked + to_kyiv + to_moscow else MEDIATING


@routine
def turn(p: Washington, s: State, r: Result, context: Context, part: int, posture: int) -> None:
    """Take up another posture; a pause of arms ends, unless Washington goes from pressing Kyiv to walking away."""
    if posture == WALKED_AWAY and np.isnan(r.walked_away):
        r.walked_away = s.day
    if s.posture == WALKED_AWAY and np.isnan(r.returned):
        r.returned = s.day
    note(context.log, TURNED, s.week, posture, s.posture)
    if s.paused == 1 and not (s.posture == PRESSING_KYIV and posture == WALKED_AWAY):
        resume(s, context)
    s.posture = posture
    if posture == PRESSING_KYIV and chance(p.pause_on_pressing, context, PAUSE, s.week, 2 * part):
        pause(s, r, context)


@routine
def pause(s: State, r: Result, context: Context) -> None:
    """Pause arms."""
    s.paused = 1
    note(context.log, PAUSED, s.week, -1, 0.0)
    if np.isnan(r.arms_paused):
        r.arms_paused = s.day


@routine
def resume(s: State, context: Context) -> None:
    """Let arms flow again."""
    s.paused = 0
    note(context.log, RESUMED, s.week, -1, 0.0)


@routine
def events(p: Washington, s: State, r: Result, context: Context, part: int, dt: float) -> None:
    """Draw rival crises, new money for arms, changes of posture and pauses of arms."""
    if happens(p.crisis_rate * dt, context, CRISIS, s.week, part):
        s.attention -= p.attention_crisis
        note(context.log, DISTRACTED, s.week, -1, 0.0)
    if may_happen(MOST * p.renewal * dt, context, RENEWAL, s.week, part) and happens(
        renewal_rate(p, s) * dt, context, RENEWAL, s.week, part
    ):
        s.stock += p.renewal_size
        note(context.log, RENEWED, s.week, -1, p.renewal_size)
        if np.isnan(r.arms_renewed):
            r.arms_renewed = s.day

    if s.in_force == 1:
        # While a settlement holds, Washington does not press anyone, walk away or withhold arms.
        if s.posture == PRESSING_KYIV or s.posture == PRESSING_MOSCOW:
            turn(p, s, r, context, part, MEDIATING)
        return

    if s.paused == 1:
        if happens(p.pause_end * dt, context, PAUSE, s.week, 2 * part + 1):
            resume(s, context)
    elif s.posture == WALKED_AWAY and happens(p.pause_walked * dt, context, PAUSE, s.week, 2 * part + 1):
        pause(s, r, context)

    posture = next_posture(p, s, context, part, dt)
    if posture != s.posture:
        turn(p, s, r, context, part, posture)
