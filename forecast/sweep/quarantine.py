"""Cells that could not be simulated: left out of the estimates, and reported with a command that repeats each."""

import shlex
from collections.abc import Iterator

import numpy as np

from forecast.sweep.subject import Subject, Sweep

SHOWN = 5
"""Cells that the notes name; they count the others."""


def failures(sweep: Sweep, subject: Subject) -> Iterator[str]:
    """A note for each cell that could not be simulated, for the first ones, and a count."""
    for stage, member, number in sweep.failed[:SHOWN]:
        yield (
            f"Cell {number} of {stage} ({member}) has a parameter that is not a finite number; it is left out. "
            f"To repeat it: {replay(sweep, subject, stage, member, number)}"
        )
    if len(sweep.failed) > SHOWN:
        yield f"{len(sweep.failed) - SHOWN} more cells are left out for the same reason."


def replay(sweep: Sweep, subject: Subject, stage: str, member: str, number: int) -> str:
    """The command that runs a cell alone: a run with the parameters fixed that the cell moves in all draws."""
    request = subject.resolved.request
    cell = sweep.cells[stage, member][number]
    if any(np.ndim(value) for value in cell.moves.values()) or cell.base:
        return f"the same sweep with --only and the set of cell {number}"
    words = ["forecast", "run", *([str(request.scenario)] if request.scenario else []), "--perspective", member]
    words += ["--as-of", subject.day.isoformat(), "--seed", str(request.seed), "--timelines", str(request.timelines)]
    for edit in request.edits:
        words += ["--set", edit]
    for name, value in {**request.fixed, **cell.moves}.items():
        if np.ndim(value) == 0 and name in subject.scenario.priors:
            words += ["--fix", f"{name}={float(np.asarray(value)):.17g}"]
    return shlex.join(words)
