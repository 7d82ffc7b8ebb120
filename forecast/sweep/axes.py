"""The values that an input takes along an axis: `NAME`, `NAME=LOW:HIGH` or `NAME=LOW:HIGH:STEPS`."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecast.errors import InputError
from forecast.inputs.parsing import given_count, given_number, shortened
from forecast.scenario.load import check_fixable
from forecast.sweep.inputs import OPTION, Input, find_input
from forecast.sweep.moves import quantiles
from forecast.sweep.subject import Subject

MOST_STEPS = 1000
"""Most values along an axis."""


@dataclass(frozen=True)
class Axis:
    """An input and its values.

    Attributes:
        input: the input.
        values: at least two, increasing.
    """

    input: Input
    values: tuple[float, ...]


def find_axis(subject: Subject, text: str, steps: int, ends: tuple[float, float]) -> Axis:
    """Read an axis.

    Args:
        subject: the forecast.
        text: the axis as given.
        steps: number of values, where the text does not say it.
        ends: probabilities of the quantiles that are its ends, where the text does not say them.

    Raises:
        InputError: an unknown input, an empty range, a value that the input cannot have, or fewer than two steps.
    """
    name, equals, span = (part.strip() for part in text.partition("="))
    parts = span.split(":")
    if equals and len(parts) not in (2, 3):
        what = f"found {shortened(text)}; expected NAME, NAME=LOW:HIGH or NAME=LOW:HIGH:STEPS"
        raise InputError(what, file=OPTION, key=name)
    one = find_input(subject.scenario, name, subject.day)
    if equals:
        low, high = (given_number(part.strip(), OPTION, name) for part in parts[:2])
    else:
        low, high = quantiles(subject, one, ends)
    count = given_count(parts[2].strip(), OPTION) if len(parts) == 3 else steps
    if not low < high:
        raise InputError(f"found the empty range {low:g} to {high:g}; expected LOW below HIGH", file=OPTION, key=name)
    if not 2 <= count <= MOST_STEPS:
        raise InputError(f"found {count} steps; expected 2 to {MOST_STEPS}", file=OPTION, key=name)
    for member in subject.members if one.kind == "parameter" else ():
        for value in (low, high):
            check_fixable(member.engine.scenario, {name: value})
    return Axis(one, tuple(float(x) for x in np.linspace(low, high, count)))


def find_axes(
    subject: Subject, texts: Sequence[str] | None, steps: Sequence[int], ends: tuple[float, float]
) -> list[Axis]:
    """Read axes of different inputs, at most as many as there are numbers of steps.

    Args:
        subject: the forecast.
        texts: the axes as given.
        steps: number of values of each axis, by the number of axes less 1.
        ends: see `find_axis`.

    Raises:
        InputError: too few or too many, the same input twice, or one that is wrong.
    """
    if not texts or len(texts) > len(steps):
        wanted = "one input" if len(steps) == 1 else f"one to {len(steps)} inputs"
        remedy = "Such as --inputs moscow.worth=0.3:0.6"
        raise InputError(f"found {len(texts or ())}; expected {wanted}", key=OPTION, remedy=remedy)
    found = [find_axis(subject, text, steps[len(texts) - 1], ends) for text in texts]
    if len({axis.input.columns for axis in found}) < len(found):
        raise InputError("found the same input twice; expected two different inputs", key=OPTION)
    return found
