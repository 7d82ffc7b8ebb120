"""The ledger of two runs: the lines of the move in each headline odds, which add up to the last digit.

    code    (earlier run today - as saved) - (later run today - as saved)
    time    the earlier run's inputs as of the later date - the earlier run today
    causes  Owen values between those inputs and the later run (`owen`)

A run that the present code, packages and processor made counts as it was saved, since it would come out the same. Where
many mixtures are simulated, each has a quarter of the timelines. With all timelines, the change by all causes together
is slightly different. The difference is shared out by the size of the lines, and is part of their errors.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import hypot, sqrt
from statistics import stdev
from typing import Any

from forecast.compare.causes import GROUPS, Cause, causes_between, grouped
from forecast.compare.evaluate import Evaluator, today
from forecast.compare.fits import Fits
from forecast.compare.mixture import Mixture
from forecast.compare.outcomes import KINDS, Change, Odds, Outcomes, difference, odds_of_table
from forecast.compare.owen import (
    MOST_EXACT,
    PAIRS,
    Coalition,
    Coefficients,
    exact_owen,
    mean_of,
    sampled_owen,
)
from forecast.compare.rounding import rounded
from forecast.compare.sides import Side, changed_since, opened
from forecast.encoding.timeline_table import HEADLINES
from forecast.errors import InputError
from forecast.store.saved_run import Run

CODE, TIME = "code", "time"
"""The first two lines."""

REAL, REAL_LINE = 2.0, 3.0
"""Standard errors beyond which a move counts as real, and a line of it. One of twenty lines exceeds two by chance."""

FEW_SIMULATIONS = 12
"""Most simulations of a member for which each mixture has all timelines."""

Value = Callable[[Coalition], Odds]
"""The odds of a mixture."""


@dataclass(frozen=True)
class Line:
    """A line of the ledger.

    Attributes:
        cause: its name: `code`, `time`, or a group and an entry.
        label: for readers, one line of plain text.
        change: of the odds.
        sampling: for each outcome, the error of the orders that were drawn, in points; 0 where all orders count.
    """

    cause: str
    label: str
    change: Change
    sampling: tuple[float, ...] = (0.0,) * KINDS

    @property
    def errors(self) -> tuple[float, ...]:
        """Standard errors, in points."""
        return tuple(hypot(error, more) for error, more in zip(self.change.errors, self.sampling, strict=True))


@dataclass(frozen=True)
class Units:
    """Causes that are taken together, by the name of what stands for them in the ledger.

    Attributes:
        members: the causes of each unit.
        labels: of each unit.
    """

    members: Mapping[str, Coalition]
    labels: Mapping[str, str]

    def expanded(self, coalition: Coalition) -> Coalition:
        """The causes of a coalition of units."""
        return frozenset().union(*(self.members[unit] for unit in coalition))

    def groups(self) -> dict[str, list[str]]:
        """The units by group."""
        found: dict[str, list[str]] = {}
        for unit in self.members:
            found.setdefault(unit.partition("/")[0], []).append(unit)
        return found


def units_of(causes: Sequence[Cause], together: Iterable[str] = ()) -> Units:
    """The units of causes: each alone, but for groups that are taken together.

    Args:
        causes: in order.
        together: names of the groups.
    """
    members: dict[str, Coalition] = {}
    labels: dict[str, str] = {}
    names = {cause.id: cause.label for cause in causes}
    for group, own in grouped(tuple(causes)).items():
        if group in together and len(own) > 1:
            members[f"{group}/all"] = frozenset(own)
            labels[f"{group}/all"] = "; ".join(names[cause] for cause in own)
        else:
            members |= {cause: frozenset({cause}) for cause in own}
            labels |= {cause: names[cause] for cause in own}
    return Units(members, labels)


def owen_lines(units: Units, value: Value, ends: tuple[Odds, Odds]) -> list[Line]:
    """The lines of the causes.

    Args:
        units: the causes.
        value: gives the odds of a mixture, given the units that are as in the later run.
        ends: the odds before and after all causes, with all timelines.

    Returns:
        A line for each unit, in order. Together they are the difference between the ends.
    """
    if not units.members:
        return []
    lines, sampling = _divided(units, value)
    none, every = value(frozenset()), value(frozenset(units.members))
    rest = difference(ends[1], ends[0]) + difference(every, none).times(Fraction(-1))
    sizes = {unit: sum((abs(points) for points in change.points), Fraction(0)) for unit, change in lines.items()}
    total = sum(sizes.values(), Fraction(0))
    found = []
    for unit, change in lines.items():
        share = sizes[unit] / total if total else Fraction(1, len(lines))
        found.append(Line(unit, units.labels[unit], change + rest.times(share), sampling[unit]))
    return found


def _divided(units: Units, value: Value) -> tuple[dict[str, Change], dict[str, tuple[float, ...]]]:
    """The Owen value of each unit, and the error of the orders drawn."""

    def change(line: Coefficients) -> Change:
        return Change(tuple((value(coalition), share) for coalition, share in line.items()))

    groups = units.groups()
    if len(units.members) <= MOST_EXACT:
        return {unit: change(line) for unit, line in exact_owen(groups).items()}, dict.fromkeys(
            units.members, (0.0,) * KINDS
        )
    found, sampling = {}, {}
    for unit, pairs in sampled_owen(groups).items():
        found[unit] = change(mean_of(pairs))
        each = [change(line).points for line in pairs]
        sampling[unit] = tuple(stdev(float(one[kind]) for one in each) / sqrt(len(each)) for kind in range(KINDS))
    return found, sampling


def coalitions_of(units: Units) -> list[Coalition]:
    """The coalitions of units that the lines need."""
    groups = units.groups()
    if not units.members:
        return []
    lines: list[Coefficients] = (
        list(exact_owen(groups).values())
        if len(units.members) <= MOST_EXACT
        else [line for pairs in sampled_owen(groups).values() for line in pairs]
    )
    found = {coalition for line in lines for coalition in line} | {frozenset(), frozenset(units.members)}
    return sorted(found, key=lambda coalition: (len(coalition), sorted(coalition)))


def refuse_others(a: Run, b: Run) -> None:
    """Refuse runs of different scenarios.

    Raises:
        InputError: they are of different scenarios, or one of them names none.
    """
    names = [str(run.manifest.get("scenario")) for run in (a, b)]
    if names[0] != names[1]:
        what = f"{a.id} is a run of {names[0]}, {b.id} one of {names[1]}; expected runs of one scenario"
        raise InputError(what, key="run", remedy="Name two runs of one scenario")


def ordered(one: Run, other: Run) -> tuple[Run, Run]:
    """Two runs, the earlier first: by as-of date, then by the time at which they were saved."""
    earlier, later = sorted(
        (one, other), key=lambda run: (run.manifest["as_of"], str(run.manifest.get("finished", "")), run.id)
    )
    return earlier, later


@dataclass(frozen=True)
class Found:
    """The lines of a ledger.

    Attributes:
        lines: in order.
        method: how they were found, as JSON.
        notes: for readers.
    """

    lines: tuple[Line, ...]
    method: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def lines_between(
    a: Run, b: Run, *, threads: int | None, notify: Callable[[str], None], together: Iterable[str] = ()
) -> Found:
    """The lines of the move between two runs.

    Args:
        a: the earlier run.
        b: the later run.
        threads: number of threads; does not change the results.
        notify: called with a phrase for each step.
        together: names of groups that have one line each.

    Raises:
        NotConverged: the sampler's diagnostics are outside their limits.
    """
    notify("reading the two runs")
    try:
        sides = _loaded(a, b)
        saved = [odds_of_table(side.run.timelines, side.weights, other_seed=_other(side, sides)) for side in sides]
        fits = Fits()
        now = [_today(side, odds, fits, threads, notify, sides) for side, odds in zip(sides, saved, strict=True)]
    except (InputError, KeyError, OSError) as error:
        if not (changed_since(a) or changed_since(b)):
            raise
        return _unknown(a, b, error)
    code = difference(now[0], saved[0]) + difference(now[1], saved[1]).times(Fraction(-1))
    first = Line(CODE, _code_label(*sides), code)
    mixture = Mixture(*sides, causes_between(*sides))
    evaluator = Evaluator(mixture, threads, notify, fits)
    merged = set(together)
    while True:
        units = units_of(mixture.causes, merged)
        try:
            return _with_causes(mixture, units, evaluator, now, first)
        except InputError:
            # A recorded change may be impossible beside states that are not recorded: then they have one line.
            states = {group for group in ("states", "readings") if len(grouped(mixture.causes).get(group, ())) > 1}
            if states <= merged:
                raise
            merged |= states


def _with_causes(mixture: Mixture, units: Units, evaluator: Evaluator, now: Sequence[Odds], first: Line) -> Found:
    """The lines of code, time and causes."""
    coalitions = [units.expanded(coalition) for coalition in coalitions_of(units)]
    everything = mixture.everything
    inner = [own for own in coalitions if own != everything]
    needed = evaluator.needed(inner)
    few = len(needed) > FEW_SIMULATIONS and mixture.a.timelines == mixture.b.timelines
    for number, (member, coalition) in enumerate(needed, start=1):
        evaluator.notify(f"simulating mixture {number} of {len(needed)} ({member})")
        evaluator.member(member, coalition, few=few)
    if not mixture.causes:
        base = now[1]
    elif mixture.time_passes:
        base = evaluator.odds(frozenset(), few=False)
    else:
        base = now[0]
    second = Line(TIME, _time_label(mixture), difference(base, now[0]))
    ends = base, now[1]
    known: dict[Coalition, Odds] = {}

    def value(coalition: Coalition) -> Odds:
        own = units.expanded(coalition)
        if own not in known:
            if own in (frozenset(), everything):
                end = ends[own == everything]
                known[own] = end.few() if few else end
            else:
                known[own] = evaluator.odds(own, few=few)
        return known[own]

    lines = owen_lines(units, value, ends)
    drawn = len(units.members) > MOST_EXACT
    method = {
        "causes": len(units.members),
        "exact": not drawn,
        "orders": 2 * PAIRS if drawn else None,
        "mixtures": len(inner),
        "all_timelines": not few,
    }
    return Found((first, second, *lines), method)


def _loaded(a: Run, b: Run) -> tuple[Side, Side]:
    """Both runs, opened with the present code."""
    later = opened(b, a)
    earlier = opened(a, b)
    for name in ("reference_date", "horizon"):
        one, other = getattr(earlier.scenario, name), getattr(later.scenario, name)
        if one != other:
            what = f"{name.replace('_', ' ')} {one} in {a.id}, {other} in {b.id}; expected runs of one question"
            raise OtherQuestion(what, key="run", remedy="Name two runs of one scenario")
    return earlier, later


class OtherQuestion(InputError):
    """The runs are of scenarios with one name and different dates."""


def _other(side: Side, sides: tuple[Side, Side]) -> bool:
    """Whether a side has other draws than the earlier run."""
    return side is sides[1] and sides[0].draw_seed != sides[1].draw_seed


def _today(
    side: Side,
    saved: Odds,
    fits: Fits,
    threads: int | None,
    notify: Callable[[str], None],
    sides: tuple[Side, Side],
) -> Odds:
    """The odds of a run with the present code; those saved if that is the code that made it, or gives the same."""
    if side.unchanged:
        return saved
    notify(f"making {side.run.id} again with the present code")
    found = today(side, fits, threads, other_seed=_other(side, sides))
    return saved if _same(found, saved) else found


def _same(one: Odds, other: Odds) -> bool:
    """Whether two runs have the same timelines."""

    def equal(a: Outcomes, b: Outcomes) -> bool:
        return len(a.kind) == len(b.kind) and bool((a.kind == b.kind).all() and (a.draw == b.draw).all())

    return one.weights == other.weights and all(equal(own, other.members[name]) for name, own in one.members.items())


def _unknown(a: Run, b: Run, error: Exception) -> Found:
    """The ledger where a run cannot be made again: one line."""
    if isinstance(error, OtherQuestion):
        raise error
    saved = []
    for run, other_seed in ((a, False), (b, _seed_of(a) != _seed_of(b))):
        weights = {name: Fraction(str(weight)) for name, weight in (run.weights or {"": 1}).items()}
        total = sum(weights.values(), Fraction(0))
        shares = {name: weight / total for name, weight in weights.items()}
        saved.append(odds_of_table(run.timelines, shares, other_seed=other_seed))
    changed = " and ".join(f"{', '.join(found)} of {run.id}" for run in (a, b) if (found := changed_since(run)))
    label = f"Not divided: the present code cannot make a run again (changed: {changed or 'nothing'}; {error})"
    method = {"causes": 0, "exact": True, "orders": None, "mixtures": 0, "all_timelines": True}
    note = "One of the runs cannot be made again, so the first line is the whole move."
    return Found((Line(CODE, label, difference(saved[1], saved[0])),), method, (note,))


def _seed_of(run: Run) -> object:
    return run.manifest.get("settings", {}).get("draw_seed", 1)


def _code_label(a: Side, b: Side) -> str:
    """The first line's label: what changed, and entries that the present code cannot load."""
    changed = list(dict.fromkeys([*changed_since(a.run), *changed_since(b.run)]))
    parts = []
    if changed:
        parts.append(f"changed: {', '.join(changed)}")
    for side in (a, b):
        if side.unknown:
            parts.append(f"not loaded from {side.run.id}: {'; '.join(side.unknown)}")
    return f"Changed code and packages ({'; '.join(parts)})" if parts else "Changed code and packages: none"


def _time_label(mixture: Mixture) -> str:
    """The second line's label."""
    days = (mixture.b.day - mixture.a.day).days
    if not days:
        return "Time passed: none"
    return f"Time passed: {days} {'day' if days == 1 else 'days'}, with nothing new seen"


def odds_content(lines: Sequence[Line]) -> dict[str, Any]:
    """The moves as JSON: for each outcome its total and its lines, in points, rounded so that they add up."""
    whole = Change(tuple(term for line in lines for term in line.change.terms))
    found = {}
    for kind, name in enumerate(HEADLINES):
        total, changes = rounded([line.change.points[kind] for line in lines])
        error = whole.errors[kind]
        found[name] = {
            "total": total,
            "standard_error": round(error, 6),
            "real": abs(total) > REAL * error and total != 0.0,
            "lines": [
                {
                    "cause": line.cause,
                    "group": GROUPS.get(line.cause.partition("/")[0], line.cause),
                    "label": line.label,
                    "change": change,
                    "standard_error": round(line.errors[kind], 6),
                    "real": abs(change) > REAL_LINE * line.errors[kind] and change != 0.0,
                }
                for line, change in zip(lines, changes, strict=True)
            ],
        }
    return found
