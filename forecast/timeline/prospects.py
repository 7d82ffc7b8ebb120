"""Prospects: what Moscow and Kyiv expect of fighting on, and so what fighting on is worth to each.

Both see the present levels of the timeline. Each turns them into chances by levels of its own, elicited at reference
conditions (`sees_break`, `sees_failure`), and never by the rates that decide the timeline. The horizon is exponential
with mean H. Adequacy, instability and strain, levels s that tend to a mean m, are expected on average over it at

    s~    = m + (s - m) / (1 + H ln 2 / half-life)

and the pace of the advance at its memory (half-life 13 weeks), as if it stayed so; arms, ground lost, Washington's
posture and a leaderless Kyiv as they are. With rates seen_p and fails_p of side p, and rate ratios that are 1 at
reference conditions:

    L_p   = H seen_p [w breach(s~) collapse(s~) + (1 - w) direct(s~)]
            + w seen_p / breach_seen (thrust left) collapse(s~)
    F_p   = H fails_p failure(s~)
    P_p   = L_p / (1 + L_p + F_p)          chance that Kyiv breaks within the horizon, Moscow's war going on
    Q_p   = F_p / (1 + L_p + F_p)          chance that Moscow's war fails first
    E     = 40 sinh(pace) H                ground gained over a full horizon, km2

    R_Moscow = worth + P (V_dictated - V_status) + (1 - P - Q)^2 worth_gain E / 1000 + demands - worth_strain strain
    R_Kyiv   = worth - P (V_status - V_dictated) + Q (1 - V_status) - (1 - P - Q)^2 worth_loss E / 1000
               + worth_backing obstruction - worth_instability instability - worth_lost (past loss) - worth_pressed
               + shift by the leader

Ground counts only if neither breaks, and the horizon then has the mean H (1 - P - Q): hence the square. V_status is
the value of a bare ceasefire on the line in fact, V_dictated that of the terms that Moscow would dictate.
w is `breach_share`. The cost of failing to Moscow is counted in `worth_strain`, so Q enters Kyiv's worth only.

Moscow's fear of a pause (Powell 2006): with adequacy rebuilt = rebuild max(0, 1 + arms) added to its expected level its
chance is P', and

    fear  = (P - P') (V_dictated - V_status) + rearmament rebuilt
"""

from forecast.timeline import endings, front, kyiv, moscow
from forecast.timeline.codes import KYIV, MOSCOW
from forecast.timeline.forms import LN2
from forecast.timeline.jit import kernel, routine
from forecast.timeline.parameters import Parameters
from forecast.timeline.state import State
from forecast.timeline.world import World

COLLAPSING = 3.0
"""Odds of a break that both sides see in a collapse under way: three to one."""


@kernel
def expected(level: float, mean: float, half_life: float, horizon: float) -> float:
    """Average over an exponential horizon of a level that reverts to a mean; half-life and horizon in weeks."""
    return mean + (level - mean) / (1.0 + horizon * LN2 / half_life)


@kernel
def breaking(
    p: Parameters, s: State, adequacy: float, rebuilt: float, instability: float, quickened: float
) -> tuple[float, float]:
    """Weeks of a side's rate at reference that its odds of a break within the horizon come to: L / seen.

    Returns:
        For adequacy as expected, and with `rebuilt` added to it.
    """
    e, t = p.endings, p.talks
    part = 1.0 / max(e.defeat_capitulation + e.defeat_overthrow + e.defeat_supply, 1e-300)
    overthrow = e.defeat_overthrow * part * endings.overthrow_ratio(p, s, instability)
    left = t.breach_share / t.breach_seen * s.thrust / s.thrust_full if s.thrust_full > 0.0 < t.breach_seen else 0.0
    breach, direct = t.horizon * t.breach_share, t.horizon * (1.0 - t.breach_share)
    now = later = 0.0
    for after in range(2):
        level = adequacy + rebuilt if after else adequacy
        collapse = endings.collapse_ratio(p, s, level, instability, 0.0)
        defeat = (
            e.defeat_capitulation * part * endings.capitulation_ratio(p, s, level, quickened)
            + overthrow
            + e.defeat_supply * part * endings.supply_ratio(p, s, level)
        )
        later = (
            breach * front.breakthrough_ratio(p.front, s, level, instability, quickened) * collapse
            + direct * defeat
            + left * collapse
        )
        if after == 0:
            now = later
    return now, later


@routine
def failing(p: Parameters, s: State, quickened: float) -> float:
    """Weeks of a side's rate at reference that its odds of Moscow's failure within the horizon come to: F / fails."""
    target = moscow.strain_target(p.moscow, s, p.europe.lapse_relief)
    strain = expected(s.strain, target, p.moscow.strain_half_life, p.talks.horizon)
    crash, mutiny, death = endings.failure_rates(p, s, strain, quickened)
    return p.talks.horizon * (crash + mutiny + death)


@kernel
def moved_line(p: Parameters, s: State, x: float) -> float:
    """A term on territory, as it counts once ground gained has moved the line in fact."""
    moved = x + p.talks.line * s.km2 / 1000.0 * (1.0 - abs(2.0 * x - 1.0))
    return min(max(moved, 0.0), 1.0)


@kernel
def line_value(p: Parameters, s: State, w: World, party: int) -> float:
    """Value that ground gained since the reference date has added to a bare ceasefire for a party."""
    if w.facts.territory < 0 or w.facts.ceasefire < 0:
        return 0.0
    issue = w.facts.territory
    x, ideal = p.settlements.terms[w.facts.ceasefire, issue], p.parties.position[party, issue]
    return p.parties.salience[party, issue] * (abs(x - ideal) - abs(moved_line(p, s, x) - ideal))


@routine
def update(p: Parameters, s: State, w: World) -> None:
    """Work out both sides' chances, their worth of fighting on and Moscow's fear of a pause, from the present levels.

    Called in each step in which a settlement is on the table, and when one is chosen.
    """
    horizon = p.talks.horizon
    adequacy = expected(s.adequacy, front.adequacy_target(p.front, s), p.front.adequacy_half_life, horizon)
    instability = expected(s.instability, kyiv.instability_target(p.kyiv, s), p.kyiv.instability_half_life, horizon)
    rebuilt, quickened = p.moscow.rebuild * max(0.0, 1.0 + s.arms), s.pace - s.advance_start
    now, rebuilt_later = breaking(p, s, adequacy, rebuilt, instability, quickened)
    failed = failing(p, s, quickened)
    under_way = COLLAPSING * s.collapsing
    gained = front.net_gain(s.pace) * horizon / 1000.0

    breaks, later, fails = (
        p.moscow.sees_break * now + under_way,
        p.moscow.sees_break * rebuilt_later + under_way,
        p.moscow.sees_failure * failed,
    )
    neither = 1.0 / (1.0 + breaks + fails)
    s.break_seen[MOSCOW] = breaks * neither
    stakes = s.dictated_value[MOSCOW] - s.truce_value[MOSCOW] - line_value(p, s, w, MOSCOW)
    s.worth[MOSCOW] = (
        moscow.own_worth(p.moscow, s) + breaks * neither * stakes + p.moscow.worth_gain * gained * neither**2
    )
    s.fear = (breaks * neither - later / (1.0 + later + fails)) * stakes + p.moscow.rearmament * rebuilt

    breaks, fails = p.kyiv.sees_break * now + under_way, p.kyiv.sees_failure * failed
    neither = 1.0 / (1.0 + breaks + fails)
    s.break_seen[KYIV] = breaks * neither
    status = s.truce_value[KYIV] + line_value(p, s, w, KYIV)
    s.worth[KYIV] = (
        kyiv.own_worth(p.kyiv, s)
        - breaks * neither * (status - s.dictated_value[KYIV])
        + fails * neither * (1.0 - status)
        - p.kyiv.worth_loss * gained * neither**2
    )
