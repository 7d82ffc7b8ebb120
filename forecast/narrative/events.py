"""What happened in a week of a timeline, in the model's order: kinds of event and their values, not yet words.

Found by holding state and row at the end of the week against those at its start, and against the state once its
levels had moved. A run's week has one step for events (`substeps` 1), so that most happen once in it at most; the
ladder of talks may move several times.
"""

from collections.abc import Callable, Iterator

from forecast.narrative.rerun import Course, Step, week_days
from forecast.narrative.talks import Said, at_the_table
from forecast.scenario.spec import Scenario
from forecast.timeline import front, kyiv
from forecast.timeline.codes import CONTACT, MEDIATING, PRESSING_KYIV, RUNNING, RUSSIA_FAILS, SIGNED, TEXT, WALKED_AWAY
from forecast.timeline.fields import WEEKS_PER_YEAR
from forecast.timeline.random_numbers import uniform
from forecast.timeline.washington import RESERVE_WEEKS


def at_front(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """Regions taken, the pocket lost, breakthroughs, mobilisation."""
    for k, region in enumerate(scenario.regions):
        if step.after.held[k] <= 0.0 < step.before.held[k]:
            yield "taken", {"region": region.label}
        elif step.before.held[k] <= 0.0 < step.after.held[k]:
            yield "retaken", {"region": region.label}
    if step.noted("kursk_expelled"):
        yield "kursk", {}
    if step.more("breakthroughs"):
        yield "breakthrough", {"count": round(step.new.breakthroughs)}
    if step.noted("mobilised"):
        yield "mobilised", {}


def in_moscow(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """Demands that gains add, shocks."""
    for k, region in enumerate(scenario.regions):
        if step.after.substantial[k] > step.before.substantial[k]:
            yield "demands", {"region": region.label, "km2": region.demand_after_km2}
    home, added = step.noted("home_shock"), step.after.strain - step.moved.strain
    if home:
        added -= course.parameters.moscow.home_shock_effect
    if added > 1e-9:
        yield "economic_shock", {}
    if home:
        yield "home_shock", {}


def reserve(course: Course) -> float:
    """Stock of US arms below which deliveries shrink, EUR bn."""
    return float(course.parameters["washington"]["us_aid"]) * 12.0 / WEEKS_PER_YEAR * RESERVE_WEEKS


def in_washington(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """The stock of arms, rival crises, moves between postures, pauses of arms."""
    before, after = step.before, step.after
    if after.stock < reserve(course) <= before.stock:
        yield "arms_low", {"weeks": RESERVE_WEEKS}
    if after.attention < step.moved.attention:
        yield "crisis", {}
    if before.posture != after.posture:
        if after.posture == WALKED_AWAY:
            yield "walks_away", {}
        elif before.posture == WALKED_AWAY:
            yield "comes_back", {}
        elif after.posture == MEDIATING:
            yield "eases", {"pressed": "kyiv" if before.posture == PRESSING_KYIV else "moscow"}
        else:
            yield "presses", {"pressed": "kyiv" if after.posture == PRESSING_KYIV else "moscow"}
    if after.paused > before.paused:
        yield "arms_paused", {}
    elif after.paused < before.paused:
        yield "arms_resumed", {}
    elif step.noted("arms_paused") and not after.paused:
        yield "arms_paused_briefly", {}


def among_hawks(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """Nothing of their own: what they do to the talks is told there."""
    yield from ()


def in_europe(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """Dated upheavals and votes, other upheavals, troops in the text and on the ground, a wider war."""
    begin, end = week_days(scenario, course.world, step.week)
    stiffens = bool(course.parameters.europe.upheaval < 0.0)
    for event in scenario.upheavals:
        if begin <= event.date <= end:
            yield "upheaval_dated", {"event": event.label, "day": event.date, "stiffens": stiffens}
    for event in scenario.votes:
        if begin <= event.date <= end and step.before.lapsed:
            yield "vote_moot", {"event": event.label, "day": event.date}
        elif begin <= event.date <= end:
            yield "vote", {"event": event.label, "day": event.date, "lapsed": bool(step.after.lapsed)}
    if step.after.obstruction != step.moved.obstruction:
        yield "upheaval", {"stiffens": stiffens}
    if (
        step.before.rung == TEXT
        and not step.before.troops_text
        and (step.after.troops_text or step.noted("troops_text"))
    ):
        yield "troops_text", {}
    if step.noted("troops_in"):
        yield "troops_in", {}
    if step.noted("wider_war"):
        yield "wider_war", {}


def coup_attempted(course: Course, step: Step) -> bool:
    """Whether a coup was attempted: of a week's events only that and the end of the ban move instability."""
    added = step.after.instability - step.moved.instability
    if step.after.banned < step.before.banned:
        added -= course.parameters.kyiv.ban_unrest
    return bool(added > 1e-9 or step.noted("coup_attempt"))


def coup_succeeded(course: Course, step: Step) -> bool:
    """Whether the week's coup removed the president, by the same luck: his successor may be of his own kind."""
    chance = course.parameters.kyiv.coup_succeeds
    return bool(uniform(course.luck, kyiv.COUP_SUCCEEDS, step.week, 0) < chance)


def in_kyiv(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """The ban, transfer, martial law, election, coups, provocations."""
    before, after = step.before, step.after
    if after.banned < before.banned:
        yield "ban_lifted", {}
    if step.noted("transfer"):
        yield "transfer", {}
    if after.martial_law < before.martial_law:
        yield "martial_law", {}
    attempt = coup_attempted(course, step)
    overthrown = attempt and coup_succeeded(course, step)
    if step.noted("election"):
        yield "election", {"winner": None if overthrown else after.leader}
    if attempt:
        yield "coup", {"leader": after.leader if overthrown else None}
    by_coup = attempt and CONTACT <= before.rung < SIGNED
    if step.noted("provocation") or step.more("down_kyiv") > by_coup:
        yield "provocation", {}


def at_the_end(scenario: Scenario, course: Course, step: Step) -> Iterator[Said]:
    """An ending on the battlefield."""
    after = step.after
    if after.ending == RUNNING:
        return
    values = {"engaged": after.posture != WALKED_AWAY}
    if after.ending == RUSSIA_FAILS:
        yield "failure", values
    elif front.exhausted(course.states[-1], course.world):
        yield "exhausted", values
    else:
        yield ("collapse" if after.rate_collapse > after.rate_defeat else "direct"), values


TELLERS: dict[str, Callable[[Scenario, Course, Step], Iterator[Said]]] = {
    "front": at_front,
    "moscow": in_moscow,
    "washington": in_washington,
    "hawks": among_hawks,
    "europe": in_europe,
    "kyiv": in_kyiv,
    "talks": at_the_table,
    "endings": at_the_end,
}
"""What tells of each part of a week, in the order of `forecast.timeline.week.PARTS`."""
