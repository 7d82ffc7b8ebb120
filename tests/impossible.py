"""What cannot happen in a week of a timeline: rules on what stands before and after it, each with a name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.cells import Course
from forecast.timeline.codes import (
    CAPITULATION,
    CONTACT,
    GENERAL,
    INCUMBENT,
    LIMITED,
    MEDIATING,
    NONE,
    RUNNING,
    SIGNED,
    SPEAKER,
    TEXT,
)

Flags = NDArray[np.bool_]
TINY = 1e-9


@dataclass(frozen=True)
class Weeks:
    """A timeline's weeks beside each other, n of them, laid out as `State` and `Result`."""

    course: Course
    before: Any
    after: Any
    old: Any
    new: Any

    def noted(self, name: str) -> Flags:
        """Whether the row got another date."""
        new, old = self.new[name], self.old[name]
        return ~np.isnan(new) & (np.isnan(old) | (new != old))

    def more(self, name: str) -> Any:
        """Growth of a count of the row."""
        return self.new[name] - self.old[name]

    def fell_back(self, name: str) -> Flags:
        """Whether a flag of the state was taken back."""
        return (self.after[name] < self.before[name]).reshape(len(self.after), -1).any(axis=1)

    @property
    def days(self) -> Any:
        """Length of each week's part in the run."""
        world, inside = self.course.world, slice(self.course.weeks.start, self.course.weeks.stop)
        return world["closes"][inside] - world["opens"][inside]


def weeks_of(course: Course) -> Weeks:
    # Plain arrays of records: the fields of a recarray take ten times as long.
    states, results = (rows.view(np.ndarray) for rows in (course.states, course.results))
    return Weeks(course, states[:-1], states[1:], results[:-1], results[1:])


def coup(w: Weeks) -> Flags:
    weeks = {entry.week for entry in w.course.entries if entry.kind.name in ("kyiv.overthrown", "kyiv.coup_failed")}
    return np.array([week in weeks for week in w.course.weeks])


def begun_in_force(w: Weeks) -> Flags:
    return (w.after["in_force"] == 1) & (w.before["in_force"] == 0)


def signature(w: Weeks) -> Flags:
    """Signatures that the row or the state shows: the first, and every one that comes into force."""
    return w.noted("signed") | begun_in_force(w)


def signed_away(w: Weeks) -> Flags:
    """Whether the war ends by a settlement that is signed while the defence collapses: a capitulation."""
    return begun_in_force(w) & (w.new["cause"] == CAPITULATION) & ~np.isnan(w.new["collapse_began"])


def stands(w: Weeks) -> Any:
    """The rung that counted moves alone would leave talks on."""
    down = w.more("down_consent") + w.more("down_europe") + w.more("down_hawks") + w.more("down_kyiv")
    return w.before["rung"] + w.more("steps_up") - down


def dropped(w: Weeks) -> Flags:
    """Whether something took talks to contact at once: a truce or a settlement that broke, or a dead letter."""
    truce = (w.before["truce"] == GENERAL) & ((w.after["truce"] != GENERAL) | w.noted("general_last"))
    settlement = (w.before["in_force"] == 1) & (w.after["in_force"] == 0)
    return truce | settlement | dead_letter(w)


def dead_letter(w: Weeks) -> Flags:
    """Whether a settlement may have been signed and never carried out; of those broken only the first is dated."""
    broken = w.noted("broken") | ~np.isnan(w.old["broken"])
    return broken & (w.before["in_force"] == 0) & (w.more("steps_up") > 0) & (w.after["banned"] == 0)


def truce_age(w: Weeks) -> Any:
    """Age of the general truce at the end of each week, counted from the weeks themselves."""
    ages, age = [], float(w.before["truce_age"][0])
    began = w.noted("general_last")
    for days, before, after, new in zip(w.days, w.before["truce"], w.after["truce"], began, strict=True):
        age = 0.0 if after != GENERAL else days / 7.0 + (0.0 if new or before != GENERAL else age)
        ages.append(age)
    return np.array(ages)


def wrong_truce_longest(w: Weeks) -> Flags:
    ages = truce_age(w)
    longest = np.maximum.accumulate(ages)
    general = w.after["truce"] == GENERAL
    return (general & (np.abs(w.after["truce_age"] - ages) > TINY)) | (np.abs(w.new["truce_longest"] - longest) > TINY)


def dated_outside(w: Weeks) -> Flags:
    """Whether a date was noted that is no day of the week."""
    world, inside = w.course.world, slice(w.course.weeks.start, w.course.weeks.stop)
    first, last = world["opens"][inside], np.ceil(world["closes"][inside]) - 1.0
    wrong = np.zeros(len(w.after), bool)
    for name in DATES:
        day = w.new[name]
        wrong |= w.noted(name) & ((day < first) | (day > last))
    return wrong


DATES = (
    "ban_lifted", "transfer", "election", "coup_attempt", "provocation", "mobilised", "walked_away", "returned",
    "arms_paused", "sanctions_lapsed", "troops_text", "troops_in", "wider_war", "home_shock", "limited_first",
    "limited_last", "general_first", "general_last", "signed", "broken", "breakthrough", "pocket_lost", "draft_failed",
    "arms_renewed", "collapse_began",
)  # fmt: skip

RULES: dict[str, Callable[[Weeks], Flags]] = {
    "something after an ending": lambda w: w.before["ending"] != RUNNING,
    "a battlefield ending while a general truce holds": lambda w: (
        (w.after["ending"] != RUNNING) & (w.after["truce"] == GENERAL) & ~signed_away(w)
    ),
    "ground gained in a general truce": lambda w: (
        (w.before["truce"] == GENERAL) & ((w.after["km2"] != w.before["km2"]) | (w.after["net"] != 0.0))
    ),
    "a breakthrough in a general truce": lambda w: (
        (w.before["truce"] == GENERAL) & (w.more("breakthroughs") > 0)
    ),
    "the pocket retaken": lambda w: w.after["pocket"] > w.before["pocket"],
    "demands of a gain taken back": lambda w: w.fell_back("substantial"),
    "mobilisation taken back": lambda w: w.fell_back("mobilised"),
    "a draft that recovers unaided": lambda w: (
        w.fell_back("draft_failed") & (w.after["mobilised"] == w.before["mobilised"])
    ),
    "a collapse without a breakthrough": lambda w: (
        (w.after["collapsing"] == 1) & ((w.after["thrust_full"] <= 0.0) | np.isnan(w.new["breakthrough"]))
    ),
    "a collapse in a general truce": lambda w: (w.after["collapsing"] == 1) & (w.after["truce"] == GENERAL),
    "a cause of no ending, or the reverse": lambda w: (w.new["cause"] >= 0) != (w.after["ending"] != RUNNING),
    "a second shock at home": lambda w: w.noted("home_shock") & (w.before["home_shock"] == 1),
    "an election under martial law": lambda w: (
        w.noted("election") & (w.after["martial_law"] == 1)
    ),
    "a second election": lambda w: w.noted("election") & (w.before["elected"] == 1),
    "a transfer from somebody else": lambda w: (
        w.noted("transfer") & ((w.before["leader"] != INCUMBENT) | (w.before["elected"] == 1))
    ),
    "a leader from nowhere": lambda w: (
        (w.after["leader"] != w.before["leader"]) & ~w.noted("election") & ~w.noted("transfer") & ~coup(w)
    ),
    "a Speaker without a transfer": lambda w: (
        (w.after["leader"] == SPEAKER) & (w.before["leader"] != SPEAKER) & ~w.noted("transfer")
    ),
    "the ban again": lambda w: w.after["banned"] > w.before["banned"],
    "martial law again": lambda w: w.after["martial_law"] > w.before["martial_law"],
    "a signature under the ban": lambda w: signature(w) & (w.after["banned"] == 1),
    "a signature without a step up": lambda w: signature(w) & (w.more("steps_up") < 1),
    "dictated terms on the table": lambda w: (
        (w.after["settlement"] >= 0) & (w.course.world["facts"]["dictated"][w.after["settlement"]] > 0.0)
    ),
    "talks without a settlement, or the reverse": lambda w: (w.after["rung"] > NONE) != (w.after["settlement"] >= 0),
    "a step up that passes a rung over": lambda w: w.after["rung"] > stands(w),
    "a fall without a cause": lambda w: (w.after["rung"] < stands(w)) & ~dropped(w),
    "talks about a settlement in force": lambda w: (
        (w.before["in_force"] == 1) & ((w.more("steps_up") > 0) | (stands(w) != w.before["rung"]))
    ),
    "a settlement in force without a general truce": lambda w: (
        (w.after["in_force"] == 1) & (w.after["truce"] != GENERAL)
    ),
    "a settlement in force off its rung": lambda w: (w.after["in_force"] == 1) != (w.after["rung"] == SIGNED),
    "pressing or walking away under a settlement": lambda w: (
        (w.before["in_force"] == 1)
        & (w.after["posture"] != w.before["posture"])
        & (w.after["posture"] != MEDIATING)
    ),
    "arms paused in mid-mediation": lambda w: (w.after["paused"] > w.before["paused"]) & (w.after["posture"] == 0),
    "a limited truce without talks": lambda w: (
        (w.after["truce"] == LIMITED) & (w.before["truce"] != LIMITED) & (w.after["rung"] < CONTACT)
    ),
    "a general truce without talks": lambda w: (
        (w.after["truce"] == GENERAL) & (w.before["truce"] != GENERAL) & (w.after["rung"] < CONTACT)
    ),
    "a limited truce out of a general one": lambda w: (
        (w.after["truce"] == LIMITED) & (w.before["truce"] == GENERAL) & ~dead_letter(w)
    ),
    "a longest truce that is none": wrong_truce_longest,
    "troops written into no text": lambda w: (
        w.noted("troops_text") & (w.before["rung"] < TEXT)
    ),
    "troops before a signature that names them": lambda w: (
        (w.after["troops_in"] > w.before["troops_in"])
        & ((w.before["in_force"] == 0) | (w.before["troops_text"] == 0) | np.isnan(w.old["signed"]))
    ),
    "a wider war without troops": lambda w: w.noted("wider_war") & (w.after["troops_in"] == 0),
    "sanctions in force again": lambda w: w.fell_back("lapsed"),
    "sanctions lapsed without a vote": lambda w: (
        (w.after["lapsed"] > w.before["lapsed"])
        & (w.course.world["votes"][w.course.weeks.start : w.course.weeks.stop] == 0.0)
    ),
    "a date outside its week": dated_outside,
}  # fmt: skip


def impossible(course: Course) -> list[str]:
    """What is impossible in a timeline: the number of the week, and the rule it breaks."""
    w = weeks_of(course)
    with np.errstate(invalid="ignore"):
        broken = {name: rule(w) for name, rule in RULES.items()}
    return [f"week {course.weeks[k]}: {name}" for name, flags in broken.items() for k in np.flatnonzero(flags)]
