"""The exit codes of the command, their meanings, and which one is given where several apply."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    STALE = 3
    NOT_CONVERGED = 4
    ALERT = 5
    CHANGED = 6
    INCOMPLETE = 7
    SYSTEM = 75
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done",
    ExitCode.BUG: "a bug: please report it with the traceback",
    ExitCode.BAD_INPUT: "bad input: a file, a key, a value, an option or a path is wrong; nothing was written",
    ExitCode.STALE: "done and saved, but evidence is stale (only if it was asked: --fail-if-stale, a schedule)",
    ExitCode.NOT_CONVERGED: "the sampler did not converge; nothing was written",
    ExitCode.ALERT: "done and saved, and odds moved by more than was asked (only if it was asked: --alert, a schedule)",
    ExitCode.CHANGED: "files or numbers of a saved run are not those that it was saved with",
    ExitCode.INCOMPLETE: "incomplete: the same command goes on where it stopped (a sweep with --resume)",
    ExitCode.SYSTEM: "the system lacks space, memory or a lock; the command may succeed later",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C, SIGTERM or SIGHUP); the message says if anything was kept",
}
"""Meanings of the exit codes."""

ORDER = (
    ExitCode.INTERRUPTED,
    ExitCode.BUG,
    ExitCode.BAD_INPUT,
    ExitCode.NOT_CONVERGED,
    ExitCode.SYSTEM,
    ExitCode.CHANGED,
    ExitCode.INCOMPLETE,
    ExitCode.ALERT,
    ExitCode.STALE,
    ExitCode.DONE,
)
"""Where several apply, the first of these is the exit code: failures come before notices."""


def first_of(codes: Iterable[int]) -> int:
    """The exit code of a command to which several apply; 0 for none.

    Raises:
        ValueError: a number is not an exit code of the command.
    """
    return int(min((ExitCode(code) for code in codes), key=ORDER.index, default=ExitCode.DONE))


def ordered(codes: Iterable[int]) -> list[int]:
    """Exit codes without repetition, the first in order of precedence first; 0 is left out.

    Raises:
        ValueError: a number is not an exit code of the command.
    """
    return [int(code) for code in sorted({ExitCode(code) for code in codes} - {ExitCode.DONE}, key=ORDER.index)]
