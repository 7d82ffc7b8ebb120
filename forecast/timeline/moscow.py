"""Moscow: economic strain, demands that ratchet up with ground gained, a shock at home, fighting on, fears.

strain reverts to  strain_trend + strain_pressed (Washington presses Moscow) - strain_relief (relief granted, once
                   the fighting has stopped) - lapse_relief (sanctions lapsed), and jumps up at random shocks
demands            rise by demand_per_gain per 1,000 km2 gained; fall by only (1 - demand_kept) demand_per_gain
                   per 1,000 km2 lost again; each substantial gain adds demand_substantial
own ground         its part in the worth of fighting on beside its prospects (`prospects.py`):
                   worth - worth_strain strain + demands
"""

from forecast.timeline import decays
from forecast.timeline.codes import GENERAL, MEDIATING, PRESSING_KYIV, PRESSING_MOSCOW
from forecast.timeline.fields import Real, Table, field
from forecast.timeline.forms import MOST, ratio
from forecast.timeline.jit import kernel, routine
from forecast.timeline.noise import noise
from forecast.timeline.random_numbers import Context, decision, happens, may_happen
from forecast.timeline.result import Result
from forecast.timeline.state import State
from forecast.timeline.trace import event, note
from forecast.timeline.world import World

STRAIN = decision("moscow.strain")
STRAIN_SHOCK = decision("moscow.strain_shock")
HOME_SHOCK = decision("moscow.home_shock")

DEMANDS = event("moscow.demands", "substantial gains in a region add a demand", code="region")
STRAINED = event("moscow.economic_shock", "an economic shock adds to Moscow's strain")
SHOCKED = event("moscow.home_shock", "a shock at home: mutiny, death or fall of the leader, or panic")


class Moscow:
    """Parameters of Moscow."""

    strain_start: Real = field("sd", "economic strain at the reference date")
    strain_half_life: Real = field("weeks", "half-life of strain", low=1)
    strain_trend: Real = field("sd", "where strain tends to if nothing changes")
    strain_pressed: Real = field("sd", "strain added while {washington} presses {moscow}")
    strain_relief: Real = field("sd", "strain taken off by relief, once the fighting has stopped")
    strain_shock_rate: Real = field("1/year", "economic shocks")
    strain_shock: Real = field("sd", "strain that a shock adds")

    demand_per_gain: Real = field("value", "demands added per 1,000 km2 gained")
    demand_kept: Real = field("share", "share of added demands kept when ground is lost again")
    demand_substantial: Real = field("value", "demand added by a substantial gain")

    home_shock: Real = field("chance/year", "shock at home: mutiny, death or fall of the leader, panic")
    home_shock_strain: Real = field("log ratio", "shock at home likelier with strain")
    home_shock_effect: Real = field("sd", "strain that a shock at home adds")

    worth: Real = field("value", "worth of fighting on beside its prospects: a residual judgement", low=-1, high=1)
    private: Real = field("sd", "private readiness to settle, beyond what it shows in public")
    sees_break: Real = field("chance/year", "{kyiv.country} breaks, as {moscow} sees it at reference conditions")
    sees_failure: Real = field("chance/year", "{moscow.country} fails, as {moscow} sees it at reference conditions")
    worth_gain: Real = field("value", "worth added per 1,000 km2 that it expects to gain while {kyiv.country} holds")
    worth_strain: Real = field("value", "worth taken off per unit of strain")

    distrust: Real = field("value", "cost of a deal that the next {washington.adjective} president can overturn")
    rebuild: Real = field(
        "sd", "adequacy that {moscow} expects {kyiv.country} to gain in a pause, with arms at the need"
    )
    rearmament: Real = field("value", "cost of a deal that looks temporary, per unit of adequacy rebuilt under it")
    stop_first: Real = field("value", "cost of stopping before the rest is agreed")
    pocket_cost: Real = field("value", "cost of stopping while {kyiv.country} holds {moscow.adjective} ground")
    illegitimate: Real = field("value", "cost of a signatory whom {moscow} calls illegitimate")
    troops_cost: Real = field("value", "cost of {europe.adjective} troops in the text")


@kernel
def strain_target(p: Moscow, s: State, lapse_relief: float) -> float:
    """Where strain tends to, in sd."""
    pressed = 1.0 if s.posture == PRESSING_MOSCOW else 0.0
    relief = 1.0 if s.truce == GENERAL and (s.posture == MEDIATING or s.posture == PRESSING_KYIV) else 0.0
    return p.strain_trend + p.strain_pressed * pressed - p.strain_relief * relief - lapse_relief * s.lapsed


@routine
def ratchet(p: Moscow, s: State, w: World, context: Context, held_start: Table) -> None:
    """Update the demands after the week's gains."""
    gained = s.km2 - s.gains_counted
    s.gains_counted = s.km2
    added = p.demand_per_gain * gained / 1000.0
    s.demands += added if added > 0.0 else added * (1.0 - p.demand_kept)
    s.demands = max(s.demands, 0.0)
    for i in range(w.facts.regions):
        enough = w.facts.region_demand[i]
        if enough > 0.0 and s.substantial[i] == 0.0 and held_start[i] - s.held[i] >= enough:
            s.substantial[i] = 1.0
            s.demands += p.demand_substantial
            note(context.log, DEMANDS, s.week, i, 0.0)


@kernel
def own_worth(p: Moscow, s: State) -> float:
    """Moscow's worth of fighting on, without its prospects."""
    return p.worth - p.worth_strain * s.strain + s.demands


@routine
def step(
    p: Moscow,
    s: State,
    w: World,
    context: Context,
    held_start: Table,
    lapse_relief: float,
    dt: float,
) -> None:
    """Move strain and demands by `dt` of a week."""
    shock = noise(context, STRAIN, s.week)
    target = strain_target(p, s, lapse_relief)
    s.strain = decays.revert(s, decays.STRAIN, s.strain, target, p.strain_half_life, dt, shock)
    ratchet(p, s, w, context, held_start)


@kernel
def home_shock_rate(p: Moscow, s: State) -> float:
    """Weekly rate of shocks at home."""
    return p.home_shock * ratio(p.home_shock_strain * s.strain)


@routine
def events(p: Moscow, s: State, r: Result, context: Context, part: int, dt: float) -> None:
    """Draw economic shocks and a shock at home."""
    if happens(p.strain_shock_rate * dt, context, STRAIN_SHOCK, s.week, part):
        s.strain += p.strain_shock
        note(context.log, STRAINED, s.week, -1, 0.0)
    if (
        s.home_shock == 0
        and may_happen(MOST * p.home_shock * dt, context, HOME_SHOCK, s.week, part)
        and happens(home_shock_rate(p, s) * dt, context, HOME_SHOCK, s.week, part)
    ):
        s.home_shock = 1
        s.strain += p.home_shock_effect
        r.home_shock = s.day
        note(context.log, SHOCKED, s.week, -1, 0.0)
