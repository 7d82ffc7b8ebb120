"""Notices about a run that was saved: stale evidence and odds that moved, each with its exit code."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecast.cli.exit_codes import ExitCode
from forecast.pipeline.make import Made

if TYPE_CHECKING:
    from forecast.pipeline.moves import Move

log = logging.getLogger("forecast")


@dataclass
class Notices:
    """Notices.

    Attributes:
        codes: the exit codes that apply.
        content: of the notices, by key of the JSON output.
        lines: sentences on the comparison of the odds, for readers.
    """

    codes: list[ExitCode] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


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
        found.lines.append("The odds were compared with no other run: there is no earlier run of record. No alert.")
        found.content["compared_with"] = None
        found.content["moves"] = []
        return
    all_moves = moves(before.summary, made.run.summary)
    found.content["compared_with"] = before.id
    found.content["moves"] = [move.plain() | {"alert": move.exceeds(points)} for move in all_moves]
    for move in all_moves:
        if move.exceeds(points):
            log.warning("%s since %s", move.sentence(), before.id)
            found.codes = [*found.codes, ExitCode.ALERT]
    found.lines.append(compared(all_moves, points, before.id))


def compared(found: "list[Move]", points: float, run: str) -> str:
    """Say with which run the odds were compared, and how far they moved at most.

    Args:
        found: the moves.
        points: the move that was asked about, in points.
        run: id of the run before.
    """
    most = max(found, key=lambda move: abs(move.points), default=None)
    if most is None:
        return f"The odds were compared with {run}, which has none of these endings. No alert."
    if any(move.exceeds(points) for move in found):
        end = "Alert: see the warnings."
    elif abs(most.points) <= points:
        end = f"No alert: no odds moved by more than {points:g} points."
    else:
        end = f"No alert: no move above {points:g} points is beyond the Monte Carlo error."
    way = f"{most.outcome} {most.points:+.1f} points"
    return f"The odds were compared with {run}; the largest move is {way}. {end}"
