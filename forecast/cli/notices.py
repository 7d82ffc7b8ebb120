"""Notices about a run that was saved: stale evidence and odds that moved, each with its exit code."""

import logging
from dataclasses import dataclass, field
from typing import Any

from forecast.cli.exit_codes import ExitCode
from forecast.pipeline.make import Made

log = logging.getLogger("forecast")


@dataclass
class Notices:
    """Notices.

    Attributes:
        codes: the exit codes that apply.
        content: of the notices, by key of the JSON output.
    """

    codes: list[ExitCode] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)


def notices(made: Made, *, fail_if_stale: bool, points: float | None) -> Notices:
    """Log the notices that were asked for.

    Args:
        made: the run.
        fail_if_stale: whether stale evidence was asked about.
        points: move of the odds that was asked about; None for none.

    Returns:
        the exit codes, and `stale` and `moves` for the JSON output, each only if it was asked for.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    found = Notices()
    if fail_if_stale:
        found.content["stale"] = [entry.plain() for entry in made.stale]
        for entry in made.stale:
            log.warning("%s", entry.sentence())
        if made.stale:
            found.codes.append(ExitCode.STALE)
    if points is not None:
        _add_moves(found, made, points)
    return found


def _add_moves(found: Notices, made: Made, points: float) -> None:
    from forecast.pipeline.moves import moves, run_before

    before = run_before(made.run)
    if before is None:
        log.info("there is no earlier run to compare the odds with")
        found.content["moves"] = []
        return
    all_moves = moves(before.summary, made.run.summary)
    found.content["compared_with"] = before.id
    found.content["moves"] = [move.plain() | {"alert": move.exceeds(points)} for move in all_moves]
    for move in all_moves:
        if move.exceeds(points):
            log.warning("%s since %s", move.sentence(), before.id)
            found.codes = [*found.codes, ExitCode.ALERT]
