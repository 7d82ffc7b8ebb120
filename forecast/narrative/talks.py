"""How talks moved in a week of a timeline: rungs climbed and lost, truces, settlements; kinds of event, not yet words.

The row counts the moves of a week by their kind, and not their order. Of the orders that the counts allow, those are
left that draw as many templates and rise as high as the talks did: mostly one.
"""

from collections.abc import Iterator
from itertools import combinations, groupby
from typing import Any

from forecast.narrative.rerun import Course, Step
from forecast.scenario.records import Settlement
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import CONTACT, GENERAL, LIMITED, NO_TRUCE, NONE, PARTIES, RUNGS, SIGNED, TERMS, TEXT

Said = tuple[str, dict[str, Any]]
"""A kind of event, a macro of `forecast/report/templates/telling.j2`, and its values."""

Cause = tuple[str, str | None]
"""Why talks fell, as in the row's columns `down_*`, and for want of consent the party that was least ready."""

Move = tuple[bool, int]
"""A move of the ladder: whether up, and the rung it led to."""


def at_the_table(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """Moves of the ladder, truces, and a settlement that breaks."""
    before, after = step.before, step.after
    if before.in_force:
        if not after.in_force:
            weeks = before.settlement_age + days_of(course, step) / 7.0
            yield "settlement_breaks", on_the_table(scenario, before) | {"weeks": weeks}
            yield "on_table", on_the_table(scenario, after)
            yield from left_out(scenario, after)
        return
    rung = before.rung - step.more("down_kyiv")
    if step.more("down_kyiv"):
        yield "falls", {"rung": RUNGS[rung], "causes": [("kyiv", None)]}
    up = step.more("steps_up")
    down = sum(step.more(f"down_{name}") for name in ("consent", "europe", "hawks"))
    dead = step.more("dead_letters")
    stands = rung + up - down - (SIGNED - CONTACT) * dead
    orders = possible_orders(step, rung, up, down, dead)
    if len(orders) == 1:
        yield from in_order(scenario, step, orders[0], dead)
    else:
        yield "both_ways", {"up": up, "down": down, "rung": RUNGS[stands], "causes": causes(scenario, step)}
        if step.more("drawn") > dead and after.template >= 0:
            yield "on_table", on_the_table(scenario, after)
            yield from left_out(scenario, after)
        table = after if after.template >= 0 else before
        for k in range(dead + after.in_force if table.template >= 0 else 0):
            yield from signature(step, on_the_table(scenario, table), k < dead)
    yield from truces(course, step, stands, dead)


def possible_orders(step: Step, rung: int, up: int, down: int, dead: int) -> list[tuple[Move, ...]]:
    """The orders in which the ladder may have moved.

    Args:
        step: the week.
        rung: where the ladder began.
        up: steps up.
        down: steps down.
        dead: signatures that were never carried out, each a fall to contact of its own.
    """
    found = set()
    for rises in combinations(range(up + down), up):
        order, at, left = [], rung, dead
        for k in range(up + down):
            at += 1 if k in rises else -1
            order.append((k in rises, at))
            if at == SIGNED and left:
                at, left = CONTACT, left - 1
        rungs = [to for _, to in order]
        # Nothing moves below no talks, or once a settlement is in force.
        sound = min(rungs, default=NONE) >= NONE and not left and rungs.count(SIGNED) == dead + step.after.in_force
        highest = max([step.old.highest_rung, *(to for rise, to in order if rise)])
        drawn = sum(move == (True, CONTACT) for move in order)
        if sound and highest == step.new.highest_rung and drawn + dead == step.more("drawn"):
            found.add(tuple(order))
    return sorted(found)


def in_order(scenario: Scenario, step: Step, order: tuple[Move, ...], dead: int) -> Iterator[Said]:
    """The moves of a week in their order, falls in a row as one."""
    draws = step.more("drawn")
    # What is on the table: known at the start of the week and at its end, not of what came and went between.
    table = step.before if draws or step.after.template < 0 else step.after
    for rise, moves in groupby(order, key=lambda move: move[0]):
        rungs = [to for _, to in moves]
        if not rise:
            yield "falls", {"rung": RUNGS[rungs[-1]], "causes": causes(scenario, step)}
            continue
        for rung in rungs:
            if rung == CONTACT:
                draws -= 1
                table = step.after if draws == 0 and step.after.template >= 0 else None
            if table is None and rung == SIGNED:
                table = step.before if step.before.template >= 0 else step.after
            if table is None:
                yield "came_and_went", {"rung": RUNGS[rung]}
            else:
                yield from climb(scenario, step, rung, table, dead > 0)
            if rung == SIGNED and dead:
                # A dead letter leaves talks at contact, on something else.
                dead, draws = dead - 1, draws - 1
                table = step.after if draws == 0 and step.after.template >= 0 else None
                if table is not None:
                    yield "on_table", on_the_table(scenario, table)


def climb(scenario: Scenario, step: Step, rung: int, table: Any, dead: bool) -> Iterator[Said]:
    """A rung climbed, with what is on the table in that state."""
    values = on_the_table(scenario, table)
    if rung == CONTACT:
        yield "contact", {"first": step.before.drawn == 0, **values}
        yield from left_out(scenario, table)
    elif rung == TERMS:
        yield "terms", values
    elif rung == TEXT:
        yield "text", {"troops": bool(table.troops_text), **values}
    else:
        yield from signature(step, values, dead)


def signature(step: Step, table: dict[str, Any], dead: bool) -> Iterator[Said]:
    """A signature, carried out or not."""
    yield ("dead_letter" if dead else "signed"), table
    if not dead and step.before.truce != GENERAL:
        yield "general_begins", {"settled": True}


def on_the_table(scenario: Scenario, state: Any) -> dict[str, Any]:
    """The template of a state, its term index, and who must sign."""
    deal = scenario.settlements[int(state.template)]
    return {"template": deal.label, "index": float(state.index), "signs": signatories(deal)}


def signatories(deal: Settlement) -> list[str]:
    """The parties that must consent to a settlement: the two at war, and those that it names."""
    return [party for party in PARTIES if party in (*deal.signatories, "kyiv", "moscow")]


def left_out(scenario: Scenario, state: Any) -> Iterator[Said]:
    """Clauses that the draft on the table lacks."""
    clauses = scenario.settlements[state.template].clauses
    if missing := [clause.label for k, clause in enumerate(clauses) if state.included[k] == 0.0]:
        yield "left_out", {"clauses": missing}


def causes(scenario: Scenario, step: Step) -> list[Cause]:
    """Why talks fell in the week, but for what happened in Kyiv."""
    found = [name for name in ("consent", "europe", "hawks") if step.more(f"down_{name}")]
    return [(name, least_ready(scenario, step) if name == "consent" else None) for name in found]


def least_ready(scenario: Scenario, step: Step) -> str | None:
    """The party that was least ready to agree when talks fell, as the row or the nearest state tells."""
    if step.old.first_refusal < 0 <= step.new.first_refusal:
        return PARTIES[step.new.first_refusal]
    kept = step.after if step.after.template >= 0 and not step.more("drawn") else step.before
    if kept.template < 0:
        return None
    signs = signatories(scenario.settlements[kept.template])
    return min(signs, key=lambda party: float(kept.consent[PARTIES.index(party)]))


def truces(course: Course, step: Step, stands: int, dead: int) -> Iterator[Said]:
    """Truces without a settlement that begin or end; `stands` is the rung that the ladder left talks on."""
    before, after = step.before, step.after
    if before.truce == GENERAL and (after.truce != GENERAL or step.noted("general_last")):
        fell = after.truce == NO_TRUCE and not dead and stands > after.rung
        weeks = before.truce_age + (0.0 if dead else days_of(course, step) / 7.0)
        yield "general_breaks", {"weeks": weeks, "fell": fell}
    if before.truce == LIMITED and (after.truce == NO_TRUCE or step.noted("limited_last")):
        yield ("limited_begins", {"another": True}) if step.noted("limited_last") else ("limited_ends", {})
    elif step.noted("limited_last"):
        yield "limited_begins", {"another": False}
    if step.noted("general_last") and not after.in_force:
        yield "general_begins", {"settled": False}


def days_of(course: Course, step: Step) -> float:
    """Length of the week's part in the run, days."""
    return float(course.world.closes[step.week] - course.world.opens[step.week])
