"""The front: the weekly advance, the forces that slow it, breakthroughs, the regions, the pocket beyond the border.

Advance, on the scale z = asinh(net / 40 km2) of Moscow's net gain in a week:

    z     = level - mud season + drift + fast + thrust
            - adequacy_on_advance (adequacy - adequacy_seen) + talks_on_advance (talking - talking_seen)
    drift : reverts to 0, standard deviation slow_sd, half-life slow_half_life
    fast' = persistence fast + fast_scale t4
    net   = 40 sinh(z), slowed by supply

Supply follows at supply_pace km2 a week. Ground gained faster than that stretches it, and each supply_reach km2 of
stretch slow the advance by a factor of e:

    net     = r up to supply_pace, above it supply_pace + supply_reach ln(1 + (r - supply_pace) / supply_reach),
              with r = 40 sinh(|z|) exp(-stretch / supply_reach)
    stretch = max(0, stretch + net - supply_pace), for each side apart

An observed advance includes the effects of thrust, adequacy and talks. So after the last observed week, adequacy and
talks act only by their change since that week.

Adequacy of Kyiv's forces reverts to

    adequacy_mean + arms (flow of arms / arms_need - 1) + mobilisation (if widened)
    - draft_shortfall (if the draft fails) - attrition (advance - its start) - desertion instability
    - leaderless_loss leaderless

where the flow counts each euro of Washington's arms us_weight times. A breakthrough (rate x ratio of adequacy,
instability, the advance, arms and a leaderless Kyiv) adds thrust, which fades. Until it has faded, the
defence may collapse (`endings.py`). Gains take the ground that Kyiv still holds in each region, in shares drawn once
for each timeline. The share of an exhausted region goes to the others. A net loss is given back in the same way.
"""

import math

import numpy as np

from forecast.timeline import decays
from forecast.timeline.codes import CONTACT, GENERAL
from forecast.timeline.conditioning import Observed
from forecast.timeline.exponential import exp
from forecast.timeline.fields import Real, Table, field
from forecast.timeline.forms import MOST, asinh, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, decision, gamma, happens, may_happen, student4
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

DRIFT = decision("front.drift")
FAST = decision("front.fast")
ADEQUACY = decision("front.adequacy")
MOBILISATION = decision("front.mobilisation")
DRAFT = decision("front.draft")
BREAKTHROUGH = decision("front.breakthrough")
SHARES = decision("front.shares")
POCKET = decision("front.pocket")

TAKEN = event("front.taken", "all of a region is in Moscow's hands", code="region")
RETAKEN = event("front.retaken", "Kyiv holds ground in a region again", code="region")
POCKET_LOST = event("front.pocket_lost", "Kyiv is driven off the ground of Moscow's that it held")
BROKEN_THROUGH = event("front.broken_through", "Moscow breaks through the front", value="breakthroughs so far")
MOBILISED = event("front.mobilised", "Kyiv widens mobilisation")
DRAFT_FAILED = event("front.draft_failed", "the draft fails: far fewer men come than are lost")

SCALE = 40.0
"""Unit of the advance in z = asinh(net / SCALE), km2 a week; near it the scale turns from linear to logarithmic."""

Z_MOST = 50.0
"""Cap on z, so that 40 sinh(z) stays a number; what bounds the advance is supply."""

PACE_MEMORY = 13.0
"""Half-life, in weeks, of the memory of the pace from which both sides judge what a longer war would bring."""

MEMORY = 4.0
"""Half-life, in weeks, of the memory of the recent advance, to which the other parts react."""

POCKET_GONE = 25.0
"""Area, km2, below which the pocket counts as lost: the rest is a strip along the border."""


class Front:
    """Parameters of the front."""

    level: Real = field("z", "long-run mean of the weekly advance")
    slow_sd: Real = field("z", "standard deviation of the slow level of the advance", low=0)
    slow_half_life: Real = field("weeks", "half-life of the slow level")
    fast_persistence: Real = field("share", "share of a week's fast part left in the next week")
    fast_scale: Real = field("z", "scale of the weekly shock (Student t, 4 degrees of freedom)", low=0)
    mud: Real = field("z", "fall of the advance at the depth of the mud season")
    mapper_error: Real = field("km2", "scale of the mapper's error in occupied area", low=0)
    second_scale: Real = field("ratio", "change of a second map per change of the true area")
    second_error: Real = field("km2", "scale of the second map's error in a change over four weeks", low=0)
    monthly_scale: Real = field("ratio", "a third party's monthly gain per change of the true area")
    monthly_error: Real = field("km2", "scale of the error of a third party's monthly gain", low=0)

    adequacy_start: Real = field("sd", "adequacy of {kyiv.country}'s forces at the reference date")
    adequacy_mean: Real = field("sd", "where adequacy tends to if nothing changes")
    adequacy_half_life: Real = field("weeks", "half-life of adequacy", low=1)
    adequacy_on_advance: Real = field("z", "fall of the advance per unit of adequacy")
    talks_on_advance: Real = field("z", "rise of the advance while talks are under way")
    arms: Real = field("sd", "adequacy gained if the flow of arms is twice the need")
    arms_need: Real = field("EUR bn/month", "flow of arms under which adequacy neither gains nor loses by it", low=0.01)
    us_weight: Real = field("ratio", "weight of a euro of {washington.adjective} arms beside a {europe.adjective} one")
    mobilisation: Real = field("sd", "adequacy gained by a wider mobilisation")
    mobilisation_chance: Real = field("chance/year", "mobilisation is widened")
    draft_failure: Real = field("chance/year", "the draft fails: far fewer men come than are lost")
    draft_failure_instability: Real = field("log ratio", "likelier per unit of instability")
    draft_shortfall: Real = field("sd", "adequacy lost while the draft fails")
    attrition: Real = field("sd", "adequacy lost per unit of z that the advance quickens by")
    desertion: Real = field("sd", "adequacy lost per unit of instability")
    leaderless_loss: Real = field("sd", "adequacy lost while nobody leads in {kyiv}")

    breakthrough: Real = field("chance/year", "operational breakthrough")
    breakthrough_adequacy: Real = field("log ratio", "rarer with adequacy")
    breakthrough_instability: Real = field("log ratio", "likelier with instability")
    breakthrough_advance: Real = field("log ratio", "likelier per unit of z that the advance quickens by")
    breakthrough_leaderless: Real = field("log ratio", "likelier while nobody leads in {kyiv}")
    breakthrough_arms: Real = field("log ratio", "likelier if no arms arrive, against the flow needed")
    breakthrough_thrust: Real = field("z", "thrust that a breakthrough adds", low=0)
    thrust_half_life: Real = field("weeks", "half-life of thrust", low=0.5)

    supply_pace: Real = field("km2/week", "pace that supply can follow", low=1)
    supply_reach: Real = field("km2", "ground gained beyond that over which the advance slows by a factor of e", low=1)

    pocket_start: Real = field(
        "km2", "{moscow.adjective} territory held by {kyiv.country} at the reference date", low=0
    )
    pocket_loss: Real = field("km2/week", "typical weekly loss of it", low=0)
    pocket_noise: Real = field("log ratio", "spread of a week's loss around the typical one", low=0)

    held: Table = field(
        "km2", "what {kyiv.country} holds of the region at the reference date", low=0, shape=("region",)
    )
    share: Table = field("weight", "typical share of the advance that goes to the region", shape=("region",))
    share_concentration: Real = field("count", "how closely a timeline's shares keep to the typical ones", low=0.1)


@routine
def begin(p: Front, s: State, w: World, context: Context) -> None:
    """Draw the timeline's shares of the advance: a Dirichlet around the typical shares."""
    total = 0.0
    for i in range(w.facts.regions):
        total += p.share[i]
    for i in range(w.facts.regions):
        alpha = p.share_concentration * p.share[i] / total
        s.pull[i] = gamma(alpha, context, SHARES, 0, 20 * i) if alpha > 0.0 else 0.0


@kernel
def arms_level(p: Front, us: float, europe: float) -> float:
    """Flow of arms relative to the need, less 1; a euro of Washington's arms counts `us_weight` times."""
    return (p.us_weight * us + europe) / p.arms_need - 1.0


@kernel
def adequacy_target(p: Front, s: State) -> float:
    """Where adequacy tends to, in sd."""
    return (
        p.adequacy_mean
        + p.arms * s.arms
        + p.mobilisation * s.mobilised
        - p.draft_shortfall * s.draft_failed
        - p.attrition * (s.advance - s.advance_start)
        - p.desertion * s.instability
        - p.leaderless_loss * s.leaderless
    )


@kernel
def expected_z(p: Front, s: State, w: World) -> float:
    """The week's advance on the z scale, without its fast part."""
    talking = 1.0 if s.rung >= CONTACT else 0.0
    return (
        p.level
        - p.mud * w.season[s.week]
        + s.drift
        + s.thrust
        - p.adequacy_on_advance * (s.adequacy - s.adequacy_seen)
        + p.talks_on_advance * (talking - s.talking_seen)
    )


@kernel
def drift_step(p: Front, s: State, context: Context, dt: float) -> None:
    """Move the slow level by `dt` weeks."""
    kept = decays.decay(s, decays.DRIFT, p.slow_half_life, dt)
    spread = p.slow_sd * decays.renewed(s, decays.DRIFT, p.slow_half_life, dt)
    s.drift = kept * s.drift + spread * noise(context, DRIFT, s.week)


@kernel
def fast_step(p: Front, s: State, context: Context, dt: float) -> None:
    """Move the fast part by `dt` weeks; over a whole week fast' = persistence fast + scale t4."""
    shock = p.fast_scale * student4(context, FAST, s.week, 0)
    if dt == 1.0:
        s.fast = p.fast_persistence * s.fast + shock
    else:
        kept = math.exp(dt * math.log(max(p.fast_persistence, 1e-12)))
        spread = (1.0 - kept * kept) / max(1.0 - p.fast_persistence * p.fast_persistence, 1e-12)
        s.fast = kept * s.fast + math.sqrt(spread) * shock


@kernel
def net_gain(z: float) -> float:
    """Net gain, km2 a week, before supply slows it: 40 sinh(z)."""
    e = exp(min(max(z, -Z_MOST), Z_MOST))
    return 0.5 * SCALE * (e - 1.0 / e)


@kernel
def supplied(p: Front, pace: float, stretch: float) -> float:
    """The pace that supply allows, km2 a week, given the unslowed pace (0 or more) and the present stretch, km2."""
    if stretch > 0.0:
        pace *= exp(-stretch / p.supply_reach)
    if pace <= p.supply_pace:
        return pace
    return p.supply_pace + p.supply_reach * math.log1p((pace - p.supply_pace) / p.supply_reach)


@kernel
def slowed_gain(p: Front, s: State, z: float) -> float:
    """Net gain, km2 a week, slowed by the supply of the side that gains."""
    raw = net_gain(z)
    return supplied(p, raw, s.stretch) if raw >= 0.0 else -supplied(p, -raw, s.stretch_back)


@kernel
def stretch_step(p: Front, s: State, net: float, dt: float) -> None:
    """Stretch supply by the ground gained beyond what it can follow; it catches up with the rest."""
    s.stretch = max(0.0, s.stretch + max(net, 0.0) - p.supply_pace * dt)
    s.stretch_back = max(0.0, s.stretch_back + max(-net, 0.0) - p.supply_pace * dt)


@routine
def fill(s: State, r: Result, w: World, context: Context, net: float) -> float:
    """Spread a week's net gain over the regions, first those in reach, then the later ones; log regions taken.

    If a region is exhausted (or, in a retreat, wholly Kyiv's), its share goes to the others.

    Returns:
        The part of the gain that no region had room for, km2.
    """
    left = net
    for later in range(2):
        for _ in range(w.facts.regions):
            if abs(left) < 1e-9:
                break
            total = 0.0
            for i in range(w.facts.regions):
                room = s.held[i] if left > 0.0 else w.facts.region_area[i] - s.held[i]
                if w.facts.region_later[i] == later and room > 0.0:
                    total += s.pull[i]
            if total <= 0.0:
                break
            spread = left
            for i in range(w.facts.regions):
                room = s.held[i] if spread > 0.0 else w.facts.region_area[i] - s.held[i]
                if w.facts.region_later[i] == later and room > 0.0:
                    part = spread * s.pull[i] / total
                    part = min(part, room) if spread > 0.0 else max(part, -room)
                    held = s.held[i]
                    s.held[i] -= part
                    left -= part
                    if s.held[i] <= 0.0 < held:
                        note(context.log, TAKEN, s.week, i, 0.0)
                    elif held <= 0.0 < s.held[i]:
                        note(context.log, RETAKEN, s.week, i, 0.0)
                    if s.held[i] <= 0.0 and np.isnan(r.taken[i]):
                        r.taken[i] = s.day
    return left if abs(left) >= 1e-9 else 0.0


@kernel
def exhausted(s: State, w: World) -> bool:
    """Whether Kyiv has lost all ground in the regions in reach, including those reached later."""
    in_reach = 0
    for i in range(w.facts.regions):
        if w.facts.region_later[i] == 0.0:
            in_reach += 1
            if s.held[i] > 0.0:
                return False
    return in_reach > 0


@routine
def pocket_step(p: Front, s: State, r: Result, context: Context, dt: float) -> None:
    """Shrink the pocket by a random weekly loss, or set it to the observed area."""
    if s.pocket <= 0.0:
        return
    if context.observed.replaying == 1 and not np.isnan(context.observed.pocket[s.week]):
        s.pocket = context.observed.pocket[s.week]
    else:
        s.pocket -= dt * p.pocket_loss * exp(p.pocket_noise * noise(context, POCKET, s.week))
    if s.pocket < POCKET_GONE:
        s.pocket = 0.0
        r.pocket_lost = s.day
        note(context.log, POCKET_LOST, s.week, -1, 0.0)


@routine
def step(p: Front, s: State, r: Result, w: World, context: Context, dt: float) -> None:
    """Move the front by `dt` of a week."""
    shock = noise(context, ADEQUACY, s.week)
    s.adequacy = decays.revert(s, decays.ADEQUACY, s.adequacy, adequacy_target(p, s), p.adequacy_half_life, dt, shock)
    drift_step(p, s, context, dt)
    fast_step(p, s, context, dt)
    kept = decays.decay(s, decays.MEMORY, MEMORY, dt)
    kept_pace = decays.decay(s, decays.PACE, PACE_MEMORY, dt)
    observed = context.observed.replaying == 1 and not np.isnan(context.observed.net[s.week])
    if s.truce == GENERAL:
        s.net = 0.0
        s.advance = s.advance_start + (s.advance - s.advance_start) * kept
        stretch_step(p, s, 0.0, dt)
        return
    if observed:
        take_observed(p, s, w, context.observed)
    s.net = context.observed.net[s.week] if observed else dt * slowed_gain(p, s, expected_z(p, s, w) + s.fast)
    z = asinh(s.net / dt / SCALE)
    s.net -= fill(s, r, w, context, s.net)
    s.km2 += s.net
    stretch_step(p, s, s.net, dt)
    s.advance = z + (s.advance - z) * kept
    s.pace = z + (s.pace - z) * kept_pace
    pocket_step(p, s, r, context, dt)


@routine
def take_observed(p: Front, s: State, w: World, observed: Observed) -> None:
    """Take the week's advance from its observed path, which includes everything that moved it."""
    s.drift = observed.slow[s.week] - (p.level - p.mud * w.season[s.week]) - s.thrust
    s.fast = observed.fast[s.week]
    s.adequacy_seen = s.adequacy
    s.talking_seen = 1.0 if s.rung >= CONTACT else 0.0


@kernel
def breakthrough_ratio(p: Front, s: State, adequacy: float, instability: float, quickened: float) -> float:
    """How much likelier a breakthrough is than at reference conditions; `quickened` is in units of z."""
    return ratio(
        -p.breakthrough_adequacy * adequacy
        + p.breakthrough_instability * instability
        + p.breakthrough_advance * quickened
        + p.breakthrough_leaderless * s.leaderless
        - p.breakthrough_arms * s.arms
    )


@kernel
def breakthrough_rate(p: Front, s: State) -> float:
    """Weekly rate of breakthroughs."""
    return p.breakthrough * breakthrough_ratio(p, s, s.adequacy, s.instability, s.advance - s.advance_start)


@kernel
def draft_failure_rate(p: Front, s: State) -> float:
    """Weekly rate at which the draft fails."""
    return p.draft_failure * ratio(p.draft_failure_instability * s.instability)


@routine
def events(p: Front, s: State, r: Result, context: Context, part: int, dt: float) -> None:
    """Let thrust fade, unless the defence is collapsing; draw breakthroughs, a failing draft, a wider mobilisation."""
    if s.collapsing == 0:
        s.thrust *= decays.decay(s, decays.THRUST, p.thrust_half_life, dt)
    if (
        s.truce != GENERAL
        and may_happen(MOST * p.breakthrough * dt, context, BREAKTHROUGH, s.week, part)
        and happens(breakthrough_rate(p, s) * dt, context, BREAKTHROUGH, s.week, part)
    ):
        s.thrust += p.breakthrough_thrust
        s.thrust_full = s.thrust
        r.breakthroughs += 1.0
        note(context.log, BROKEN_THROUGH, s.week, -1, r.breakthroughs)
        if np.isnan(r.breakthrough):
            r.breakthrough = s.day
    if (
        s.draft_failed == 0
        and s.truce != GENERAL
        and may_happen(MOST * p.draft_failure * dt, context, DRAFT, s.week, part)
        and happens(draft_failure_rate(p, s) * dt, context, DRAFT, s.week, part)
    ):
        s.draft_failed = 1
        if np.isnan(r.draft_failed):
            r.draft_failed = s.day
        note(context.log, DRAFT_FAILED, s.week, -1, 0.0)
    if (
        s.mobilised == 0
        and s.truce != GENERAL
        and happens(p.mobilisation_chance * dt, context, MOBILISATION, s.week, part)
    ):
        s.mobilised = 1
        s.draft_failed = 0
        r.mobilised = s.day
        note(context.log, MOBILISED, s.week, -1, 0.0)
