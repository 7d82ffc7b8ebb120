"""Inputs of a sweep: what may be moved, by name, with its range on the as-of date.

An input is one of these:

- a parameter, moved as `--fix` fixes it; a position or a salience is moved in its party's row, before the party's lean
  is added or the weights become shares;
- a level on the as-of date, such as `washington.capital`;
- an edit of a prior, as `--set` writes it: `NAME.FIELD=VALUE`;
- a group of `groups.toml`, by its id, or `GROUP.PART`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

from forecast.belief.assemble import CHECKS, POCKET, STARTS, STATES
from forecast.errors import InputError
from forecast.inputs.parsing import shortened
from forecast.inputs.validation import near
from forecast.scenario.names import near_entry
from forecast.scenario.spec import Scenario
from forecast.timeline.parameters import field_of

Kind = Literal["parameter", "position", "salience", "level", "edit", "group"]

SINGLE: tuple[Kind, ...] = ("parameter", "position", "salience", "level")
"""Inputs that have one value in a draw, and so a range."""

OPTION = "--inputs"


@dataclass(frozen=True)
class Input:
    """An input of a sweep.

    Attributes:
        name: as it is given.
        kind: its kind.
        label: its name for readers.
        unit: of its value; empty for an edit and a group.
        columns: the columns of the draws that it moves; the first has its value.
    """

    name: str
    kind: Kind
    label: str
    unit: str
    columns: tuple[str, ...]


def find_inputs(
    scenario: Scenario, names: Sequence[str] | None, day: date, kinds: Collection[Kind] = SINGLE
) -> list[Input]:
    """The inputs that are named, in the order given; each once.

    Args:
        scenario: the scenario.
        names: names of inputs; `*` stands for any characters in the name of a parameter. By default all parameters.
        day: the as-of date.
        kinds: the kinds that the method can move.

    Raises:
        InputError: an unknown name; an input that the method cannot move, that has one value only, or that has no
            effect on a run as of the date.
    """
    possible = tuple(name for name in scenario.priors if not _refusal(scenario, name, day))
    found: dict[str, Input] = {}
    for name in possible if names is None else names:
        if "*" in name and "=" not in name:
            matched = [entry for entry in possible if fnmatchcase(entry, name)]
            if not matched:
                what = "it matches no parameter that can be moved"
                raise InputError(what, file=OPTION, key=shortened(name), remedy=near(name, possible))
        else:
            matched = [name]
        for one in matched:
            found.setdefault(one, find_input(scenario, one, day, kinds))
    if not found:
        raise InputError("found no inputs; expected at least one", key=OPTION)
    return list(found.values())


def find_input(scenario: Scenario, name: str, day: date, kinds: Collection[Kind] = SINGLE) -> Input:
    """The input of a name; see `find_inputs`."""
    made = _input(scenario, name)
    if made is None:
        known = [*scenario.priors, *STATES, *sets_of(scenario)]
        raise InputError(
            "no parameter, level or group has this name",
            file=OPTION,
            key=shortened(name),
            remedy=near_entry(name, known, "`forecast explain --json` lists the parameters"),
        )
    if made.kind not in kinds:
        what = f"found {_ARTICLES[made.kind]}; expected {' or '.join(_ARTICLES[kind] for kind in kinds)}"
        remedy = "Use sobol or crux for a group, tornado for an edit"
        raise InputError(what, file=OPTION, key=shortened(name), remedy=remedy)
    refusal = _refusal(scenario, name, day) if made.kind in SINGLE else ""
    if refusal:
        raise InputError(refusal, file=OPTION, key=name)
    return made


_ARTICLES: Mapping[Kind, str] = {
    "parameter": "a parameter",
    "position": "a position",
    "salience": "a salience",
    "level": "a level",
    "edit": "an edit",
    "group": "a group",
}


def _input(scenario: Scenario, name: str) -> Input | None:
    if "=" in name:
        return Input(name, "edit", name, "", ())
    if name in scenario.priors:
        declared, unit = field_of(name), scenario.priors[name].unit
        kind: Kind = "parameter"
        if declared.form in ("position", "salience"):
            kind = "position" if declared.form == "position" else "salience"
        columns = (name, STARTS[name]) if name in STARTS else (name,)
        return Input(name, kind, f"{name}: {declared.meaning}", unit, columns)
    if name in STATES:
        start = next((start for start, state in STARTS.items() if state == name), None)
        unit = STATES[name].rpartition(", ")[2]
        return Input(name, "level", f"{name}: {STATES[name]}", unit, (name,) if start is None else (name, start))
    sets = sets_of(scenario)
    if name in sets:
        label, entries = sets[name]
        return Input(name, "group", label, "", entries)
    return None


def sets_of(scenario: Scenario) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The label and the entries of each group, by its id, and of each part of one, by `GROUP.PART`."""

    def listed() -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
        for group in scenario.groups:
            yield group.id, (group.label, group.entries)
            for part in group.parts:
                yield f"{group.id}.{part.id}", (f"{group.label}: {part.label}", part.entries)

    return dict(listed())


def _refusal(scenario: Scenario, name: str, day: date) -> str:
    """Why a parameter or a level cannot be moved on a date; empty if it can."""
    later = day > scenario.reference_date
    if name in CHECKS:
        return "timelines do not use it: it is a check on what other priors add up to"
    if name in scenario.priors and scenario.priors[name].marginal.is_point:
        return "its prior is a single value, so it has no range"
    if later and (name in STARTS or name in STATES or (name == POCKET and scenario.series.pocket is not None)):
        return f"this is a level of {scenario.reference_date}; as of {day} it has been observed, so it is not an input"
    return ""
