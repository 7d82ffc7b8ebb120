"""Outputs of a sweep: an outcome, an ending, an event, or the difference of two of these, as shares of timelines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.encoding.timeline_table import HEADLINES, ending_codes, kinds_of_endings
from forecast.errors import InputError
from forecast.inputs.parsing import shortened
from forecast.inputs.validation import near
from forecast.scenario.spec import Scenario
from forecast.timeline.fields import fields
from forecast.timeline.result import Result

FAILED = 255
"""Code of a timeline that could not be simulated."""

Codes = NDArray[np.uint8]
"""Codes of timelines: twice the place of the ending among the scenario's, plus 1 if the event happened."""

OPTION = "--output"


@dataclass(frozen=True)
class Output:
    """A share of timelines, or the difference of two.

    Attributes:
        name: as it is given.
        terms: names of outcomes, endings or an event, with the sign of each.
        event: the event among them; empty if there is none.
    """

    name: str
    terms: tuple[tuple[str, int], ...]
    event: str

    @property
    def headline(self) -> bool:
        """Whether it is made of outcomes alone, which every member of a pool forecasts."""
        return all(term in HEADLINES for term, _ in self.terms)

    def values(self, scenario: Scenario) -> Array:
        """(2 x endings,) the value that a timeline of each code adds; its mean over timelines is the output."""
        ids = [ending.id for ending in scenario.endings]
        kinds = [ending.kind for ending in scenario.endings]
        found = np.zeros((len(ids), 2))
        for term, sign in self.terms:
            for k, (name, kind) in enumerate(zip(ids, kinds, strict=True)):
                found[k] += sign * (term in (name, kind))
            found[:, 1] += sign * (term == self.event)
        return found.ravel()


def find_output(scenario: Scenario, name: str) -> Output:
    """The output of a name: an outcome, an ending, an event, or the difference `ONE-OTHER`.

    Raises:
        InputError: an unknown name, or two events.
    """
    known = known_outputs(scenario)
    terms: tuple[tuple[str, int], ...] = ()
    if name in known:
        terms = ((name, 1),)
    else:
        for cut in (k for k, letter in enumerate(name) if letter == "-"):
            one, other = name[:cut].strip(), name[cut + 1 :].strip()
            if one in known and other in known and one != other:
                terms = ((one, 1), (other, -1))
    if not terms:
        what = "no outcome, ending or event has this name; expected one, or the difference of two, ONE-OTHER"
        raise InputError(what, file=OPTION, key=shortened(name), remedy=near(name, known, f"Such as {known[0]}"))
    events = [term for term, _ in terms if term in events_of(scenario)]
    if len(events) > 1:
        raise InputError("found two events; expected at most one", file=OPTION, key=shortened(name))
    return Output(name, terms, events[0] if events else "")


def known_outputs(scenario: Scenario) -> list[str]:
    """Names of outcomes, endings and events, in this order."""
    return [*HEADLINES, *(ending.id for ending in scenario.endings), *events_of(scenario)]


def events_of(scenario: Scenario) -> dict[str, tuple[str, int]]:
    """The field of a result in which each event is dated or flagged, and its column; -1 for a single one."""
    found: dict[str, tuple[str, int]] = {}
    for name, declared in fields(Result).items():
        if declared.unit in ("day", "flag"):
            if declared.shape:
                found |= {f"{name}_{region.id}": (name, k) for k, region in enumerate(scenario.regions)}
            else:
                found[name] = (name, -1)
    return found


def codes_of(record: Any, scenario: Scenario, event: str) -> Codes:
    """The code of each timeline, shape (n,).

    Args:
        record: (n,) results, laid out as `Result`.
        scenario: for its endings.
        event: name of an event, or empty.
    """
    codes = 2 * ending_codes(record, scenario)
    if event:
        name, column = events_of(scenario)[event]
        values = record[name] if column < 0 else record[name][:, column]
        codes = codes + (values != 0 if fields(Result)[name].unit == "flag" else ~np.isnan(values))
    return codes.astype(np.uint8)


def headline_of(codes: Codes, scenario: Scenario) -> NDArray[np.int64]:
    """The outcome of each timeline, as its place in `HEADLINES`; of a timeline that failed, -1."""
    kinds = np.append(np.repeat(kinds_of_endings(scenario), 2), -1)
    return kinds[np.minimum(codes, len(kinds) - 1)]


def usual_outputs(scenario: Scenario, name: str | None) -> list[Output]:
    """The output that is asked for, or the three outcomes.

    Raises:
        InputError: an unknown name.
    """
    names: Sequence[str] = HEADLINES if name is None else (name,)
    return [find_output(scenario, each) for each in names]
