"""Output of a command: progress and warnings while it works, then JSON or tables."""

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def set_verbosity(verbose: bool, quiet: bool) -> None:
    """Set how much is printed on standard error."""
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("forecast").setLevel(level)


_signals: list[int] = []
"""The signals received that ask the command to stop."""


class InterruptedRun(Exception):
    """Somebody pressed Ctrl-C; for a KeyboardInterrupt, Typer would print an empty line."""


def catch_signals() -> None:
    """Handle SIGTERM like Ctrl-C, and remember both, because compiled code may swallow the exception."""

    def remember(number: int, _: object) -> None:
        _signals.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, remember)


def on_terminal() -> bool:
    """Whether progress is shown: standard error is a terminal, and `--quiet` was not given."""
    return sys.stderr.isatty() and logging.getLogger("forecast").level < logging.ERROR


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
        from rich.console import Console

        with Console(stderr=True).status("starting") as status:
            yield notifying(status.update)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRun from interrupt


def show(content: Any, as_json: bool, tables: "Callable[[Console], None]") -> None:
    """Print as JSON alone, or as tables; a closed pipe is not an error."""
    try:
        if as_json:
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            from rich.console import Console

            width = None if sys.stdout.isatty() else 110
            tables(Console(width=width, highlight=False))
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # Rich raises the latter
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
