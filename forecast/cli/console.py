"""Output of a command: progress and warnings while it works, then JSON or tables."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from forecast.cli.streams import JsonLine, OneLine

if TYPE_CHECKING:
    from rich.console import Console


LOG_JSON = "--log-json"
"""The option of every command that writes the log as JSON."""

_log_json = False


def set_verbosity(verbose: bool, quiet: bool, log_json: bool = False) -> None:
    """Set how much is printed on standard error, and whether as JSON, which has the steps too unless quiet."""
    set_log_json(log_json)
    level = logging.ERROR if quiet else logging.INFO if verbose or log_json else logging.WARNING
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setFormatter(JsonLine() if log_json else OneLine("%(levelname)s: %(message)s"))
    logging.getLogger("forecast").setLevel(level)
    if log_json:
        logging.captureWarnings(True)


def set_log_json(log_json: bool) -> None:
    """Set whether the log is JSON; called before the command line is parsed, for errors in it."""
    global _log_json
    _log_json = log_json


def logs_json() -> bool:
    """Whether the log is JSON."""
    return _log_json


_signals: list[int] = []
"""The signals received that ask the command to stop."""

STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Names of the signals that ask the command to stop; a system may lack some."""


AGAIN = 1.0
"""Seconds after which a compiler that has swallowed an interrupt is interrupted again."""

COMPILERS = ("llvmlite", "numba", "pytensor")
"""Packages that may swallow an interrupt, and then work on for minutes."""


class InterruptedRun(Exception):
    """Somebody pressed Ctrl-C; for a KeyboardInterrupt, Typer would print an empty line."""


def catch_signals() -> None:
    """Handle SIGTERM and SIGHUP like Ctrl-C, and remember all, because compiled code may swallow the exception.

    A command that was started with `nohup` goes on when its terminal is closed.
    """
    _signals.clear()

    def remember(number: int, _: object) -> None:
        _signals.append(number)
        _set_alarm(AGAIN)
        raise KeyboardInterrupt

    def again(_: int, frame: FrameType | None) -> None:
        _set_alarm(AGAIN)
        if _compiles(frame):  # anywhere else, the command may be tidying up
            raise KeyboardInterrupt

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, again)
    sys.unraisablehook = _without_interrupts
    for name in STOPPING:
        number = getattr(signal, name, None)
        if number is not None and (name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN):
            signal.signal(number, remember)


def stop_requested() -> bool:
    """Whether somebody has asked the command to stop: then any exception may come from that."""
    return bool(_signals)


def _set_alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _compiles(frame: FrameType | None) -> bool:
    """Whether a compiler is at work."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in COMPILERS:
            return True
        frame = frame.f_back
    return False


def _without_interrupts(unraisable: Any) -> None:
    """Report an exception that nobody can catch, but not an interrupt: the command ends with one line."""
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)


def ignore_signals() -> None:
    """Ignore the signals that ask the command to stop, because it has ended and only leaves."""
    _set_alarm(0.0)
    for name in STOPPING:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


def on_terminal() -> bool:
    """Whether progress is shown: standard error is a terminal for people, and `--quiet` was not given."""
    return sys.stderr.isatty() and not _log_json and logging.getLogger("forecast").level < logging.ERROR


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """Report progress through the function given: a spinner on a terminal, a line a step with -v, else nothing."""

    def notifying(say: Callable[[str], object]) -> Callable[[str], None]:
        def notify(text: str) -> None:
            if _signals:
                raise KeyboardInterrupt
            say(text)

        return notify

    try:
        if not on_terminal():
            yield notifying(logging.getLogger("forecast").info)
            return
        from forecast.cli.terminal import PlainConsole

        console = PlainConsole(stderr=True)
        with console.status("starting") as status:
            yield notifying(lambda text: status.update(console.render_str(text)))
    except KeyboardInterrupt as interrupt:
        raise InterruptedRun from interrupt


def show(content: Any, as_json: bool, tables: "Callable[[Console], None]") -> None:
    """Print as JSON alone, or as tables."""
    if as_json:
        from forecast.store.json_text import to_json

        sys.stdout.write(to_json(content))
    else:
        from forecast.cli.terminal import PlainConsole

        tables(PlainConsole(width=None if sys.stdout.isatty() else 110))
    sys.stdout.flush()
