"""Alerts: a move of the odds, a failure, files that could not be imported, and the end of a scenario.

An alert is written to the journal before it is sent, so that it is not lost. It is marked as being sent before the
command starts: if the process is killed meanwhile, the alert may have arrived, and it is not sent again. A command that
fails is tried again at the next call.
"""

import contextlib
import math
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from forecast.plain_text import one_line
from forecast.schedule.journal import JobState
from forecast.store.json_text import to_json

WAITING, SENDING = "waiting", "sending"
"""States of an alert in the journal."""

MOST_PENDING = 20
"""Most alerts that wait for a job; the oldest are dropped."""

MOST_OUTPUT = 4000
"""Bytes of a command's output that the log keeps, from its end."""

ERRORS = 2.0
"""Combined standard errors that a move must exceed."""

Odds = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Move:
    """The move of a headline odds between two runs.

    Attributes:
        name: of the odds.
        before, now: in percent.
        change: points.
        error: two combined standard errors, points; infinite if unknown.
    """

    name: str
    before: float
    now: float
    change: float
    error: float

    def exceeds(self, points: float) -> bool:
        """Whether the move is larger than a threshold and than its Monte Carlo error."""
        return abs(self.change) > points and abs(self.change) > self.error


def moves(before: Odds, now: Odds) -> list[Move]:
    """The move of each odds that both runs have."""
    found = []
    for name, entry in now.items():
        first, second = before.get(name, {}).get("probability"), entry.get("probability")
        if first is None or second is None:
            continue
        errors = [one.get("standard_error") for one in (before[name], entry)]
        error = math.inf if None in errors else 100 * ERRORS * math.hypot(*(float(e) for e in errors if e is not None))
        found.append(Move(name, 100 * first, 100 * second, 100 * (second - first), error))
    return found


def move_content(found: Sequence[Move], points: float) -> dict[str, Any]:
    """The part of an alert about moves."""
    entries = [
        {
            "name": move.name,
            "before": round(move.before, 4),
            "now": round(move.now, 4),
            "change": round(move.change, 4),
            "error": round(move.error, 4) if math.isfinite(move.error) else None,
            "alerts": move.exceeds(points),
        }
        for move in found
    ]
    said = [
        f"{move.name} {'rose' if move.change > 0 else 'fell'} by {abs(move.change):.1f} points, to {move.now:.1f}%"
        for move in found
        if move.exceeds(points)
    ]
    return {"text": "; ".join(said), "moves": entries}


def put(state: JobState, kind: str, job: str, key: str, content: dict[str, Any]) -> str:
    """Put an alert in the journal's state, to be sent; gives its id, which is the same for the same cause."""
    name = f"{job}/{kind}/{key}"
    state.pending[name] = {
        "status": WAITING,
        "attempts": 0,
        "content": {"id": name, "kind": kind, "job": job} | content,
    }
    while len(state.pending) > MOST_PENDING:
        state.pending.pop(next(iter(state.pending)))
    return name


@dataclass(frozen=True)
class Delivery:
    """The end of an alert command.

    Attributes:
        fault: the reason for which it counts as failed; None if it did not fail.
        output: the end of its output.
    """

    fault: str | None
    output: str


def deliver(command: Sequence[str], content: Mapping[str, Any], folder: Path, seconds: float) -> Delivery:
    """Start an alert command, without a shell, with the alert as JSON on its standard input.

    Args:
        command: its words.
        content: the alert.
        folder: the folder that it starts in.
        seconds: the time after which it and the processes that it started are killed.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
        given.write(to_json(dict(content)).encode("utf-8", "backslashreplace"))
        given.seek(0)
        try:
            process = subprocess.Popen(
                list(command), cwd=folder, stdin=given, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return Delivery(f"{command[0]} cannot be started ({reason})", "")
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            return Delivery(f"{command[0]} was stopped after {seconds:g} seconds", _end(output))
        except BaseException:
            _kill(process)
            raise
        return Delivery(None if code == 0 else f"{command[0]} ended with code {code}", _end(output))


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command and the processes of its group."""
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _end(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - MOST_OUTPUT))
    return one_line(output.read(MOST_OUTPUT).decode("utf-8", "backslashreplace"), MOST_OUTPUT)
