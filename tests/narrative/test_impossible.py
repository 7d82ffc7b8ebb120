"""Nothing impossible happens in any timeline, and the check would find it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from impossible import RULES, impossible
from narrative_tools import courses, of_ukraine
from run_tools import Sampled

from forecast.store.saved_run import Run, open_run
from forecast.timeline.cells import Course
from forecast.timeline.codes import (
    GENERAL,
    INCUMBENT,
    LIMITED,
    READIER,
    SPEAKER,
    TERMS,
    TEXT,
    UKRAINE_DEFEATED,
    WALKED_AWAY,
)


def test_nothing_impossible_in_the_real_scenario() -> None:
    found = {each.result.timeline[0]: wrong for each in of_ukraine()[1] if (wrong := impossible(each))}
    assert found == {}


def test_nothing_impossible_in_whole_runs(kept: Run, sampled: tuple[Sampled, Sampled]) -> None:
    for run, every in ((kept, 2), (open_run(sampled[0].folder), 4)):
        found = {each.result.timeline[0]: wrong for _, _, each in courses(run, every) if (wrong := impossible(each))}
        assert found == {}


AT = 20
"""The week into which something impossible is put."""


def put(where: str, **values: Any) -> Callable[[Course], None]:
    """Something put into the state, or the row, before or after a week."""

    def tamper(told: Course) -> None:
        rows = {
            "before": told.states[AT : AT + 1],
            "after": told.states[AT + 1 : AT + 2],
            "new": told.results[AT + 1 :],
        }
        for name, value in values.items():
            if np.ndim(rows[where][name]) > 1:
                rows[where][name][:, 0] = value
            else:
                rows[where][name] = value

    return tamper


def both(*tampers: Callable[[Course], None]) -> Callable[[Course], None]:
    def tamper(told: Course) -> None:
        for one in tampers:
            one(told)

    return tamper


def today(*names: str) -> Callable[[Course], None]:
    """Dates of the week put into the row."""

    def tamper(told: Course) -> None:
        for name in names:
            told.results[name][AT + 1 :] = 7.0 * told.weeks[AT] + 3.0

    return tamper


def dictated(told: Course) -> None:
    both(put("after", settlement=np.flatnonzero(told.world.facts.dictated)[0], rung=TERMS))(told)


TRUCE = put("before", truce=GENERAL)
BREAKS: dict[str, Callable[[Course], None]] = {
    "something after an ending": put("before", ending=UKRAINE_DEFEATED),
    "a battlefield ending while a general truce holds": put("after", ending=UKRAINE_DEFEATED, truce=GENERAL),
    "ground gained in a general truce": TRUCE,
    "a breakthrough in a general truce": both(TRUCE, put("new", breakthroughs=9.0)),
    "the pocket retaken": put("after", pocket=1e4),
    "demands of a gain taken back": put("before", substantial=1.0),
    "mobilisation taken back": put("before", mobilised=1),
    "a draft that recovers unaided": put("before", draft_failed=1),
    "a collapse without a breakthrough": put("after", collapsing=1),
    "a collapse in a general truce": put("after", collapsing=1, truce=GENERAL),
    "a cause of no ending, or the reverse": put("new", cause=3),
    "a second shock at home": both(put("before", home_shock=1), today("home_shock")),
    "an election under martial law": today("election"),
    "a second election": both(put("before", elected=1), today("election")),
    "a transfer from somebody else": both(put("before", leader=READIER), today("transfer")),
    "a leader from nowhere": put("after", leader=READIER),
    "a Speaker without a transfer": put("after", leader=SPEAKER),
    "the ban again": put("before", banned=0),
    "martial law again": put("before", martial_law=0),
    "a signature under the ban": today("signed"),
    "a signature without a step up": both(put("after", banned=0), today("signed")),
    "dictated terms on the table": dictated,
    "talks without a settlement, or the reverse": put("after", settlement=-1, rung=TERMS),
    "a step up that passes a rung over": put("after", rung=TEXT),
    "a fall without a cause": put("before", rung=TEXT),
    "talks about a settlement in force": both(put("before", in_force=1), put("new", steps_up=50.0)),
    "a settlement in force without a general truce": put("after", in_force=1, truce=LIMITED),
    "a settlement in force off its rung": put("after", in_force=1),
    "pressing or walking away under a settlement": both(put("before", in_force=1), put("after", posture=WALKED_AWAY)),
    "arms paused in mid-mediation": put("after", paused=1, posture=0),
    "a limited truce without talks": put("after", truce=LIMITED),
    "a general truce without talks": put("after", truce=GENERAL),
    "a limited truce out of a general one": both(TRUCE, put("after", truce=LIMITED)),
    "a longest truce that is none": put("new", truce_longest=99.0),
    "troops written into no text": today("troops_text"),
    "troops before a signature that names them": put("after", troops_in=1),
    "a wider war without troops": today("wider_war"),
    "sanctions in force again": put("before", lapsed=1),
    "sanctions lapsed without a vote": put("after", lapsed=1),
    "a date outside its week": put("new", mobilised=3.0),
}
"""A sequence that breaks each rule."""


@cache
def quiet() -> Course:
    """A timeline in which nothing has happened in the week that is tampered with."""
    for each in (told for told in of_ukraine()[1] if len(told.weeks) == 50):
        before, after, row = each.states[AT : AT + 1], each.states[AT + 1 : AT + 2], each.results[AT + 1]
        untouched = all(
            before[name][0] == after[name][0] == 0 for name in ("rung", "truce", "posture", "mobilised", "lapsed")
        )
        calm = row["breakthroughs"] == 0 and before["leader"][0] == INCUMBENT and after["banned"][0] == 1
        if untouched and calm:
            return each
    raise AssertionError


@pytest.mark.parametrize("rule", RULES)
def test_the_check_finds_what_is_impossible(rule: str) -> None:
    told = quiet()
    copy = replace(told, states=told.states.copy(), results=told.results.copy())
    assert impossible(copy) == []
    BREAKS[rule](copy)
    assert f"week {told.weeks[AT]}: {rule}" in impossible(copy)
