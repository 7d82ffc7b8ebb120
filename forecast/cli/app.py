"""The command `forecast`: parse, call, print, exit code. No number is computed here.

Only Typer is imported at the start; a command imports the rest when it runs, so that `--help` is fast.
"""

import contextlib
import os
import sys

import typer

from forecast.cli.check import check
from forecast.cli.compare import compare
from forecast.cli.console import InterruptedRun, catch_signals, ignore_signals, stop_requested
from forecast.cli.explain import explain
from forecast.cli.run import run
from forecast.cli.show import show
from forecast.cli.streams import discard_output, of_stream, prepare_streams

EXIT_CODES = {
    0: "done",
    1: "a bug: please report it with the traceback",
    2: "bad input: a file, a key, a value, an option or a path that cannot be used; nothing was written",
    4: "the sampler did not converge; nothing was written",
    75: "the system lacks space, memory or a lock; the command may succeed later",
    130: "interrupted (Ctrl-C, SIGTERM or SIGHUP); the message says whether a run was saved before",
}
"""Meanings of the exit codes."""

INTERRUPTED = 130

_CODES = "\n\n".join(f"{code}: {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    help="Odds of how the Russia-Ukraine war ends in 2025, from dated evidence and stated premises.",
    epilog=f"Exit codes:\n\n{_CODES}",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def forecast(context: typer.Context) -> None:
    """Print the help if no command is given."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


for command in (run, show, check, explain, compare):
    app.command()(command)


def main() -> None:
    """Run the command; an error that a user or the system can cause is one line on standard error and an exit code."""
    prepare_streams()
    catch_signals()
    # A notebook names a backend for the commands that it starts, which need not exist here: figures are SVG files.
    os.environ.pop("MPLBACKEND", None)
    if "forecast.store.writer" in sys.modules:
        sys.modules["forecast.store.writer"].forget_saved()
    code, text = 0, ""
    try:
        try:
            code = app(standalone_mode=False) or 0  # Typer catches an interrupt, and returns its code
            sys.stdout.flush()
        except SystemExit as stop:
            if (cause := stop.__context__) is None or not of_stream(cause):
                raise
            raise cause from stop  # Typer ends on a reader that went away
    except BaseException as error:
        code, text = _outcome(error)
    ignore_signals()
    if code == INTERRUPTED:
        text = "interrupted"
    if text:
        _report(f"{text}{_saved(code)}")
    discard_output()
    if code:
        sys.exit(code)


def _outcome(error: BaseException) -> tuple[int, str]:
    """The exit code and the message of an exception.

    Raises:
        BaseException: the exception again if it is a bug.
    """
    from forecast.errors import ForecastError, refusal_of

    if isinstance(error, InterruptedRun | KeyboardInterrupt | typer.Abort) or stop_requested():
        return INTERRUPTED, "interrupted"
    if isinstance(error, BrokenPipeError) and of_stream(error):
        return 0, ""  # the reader has all that it wants
    if isinstance(error, ForecastError):
        return error.exit_code, str(error)
    if (refusal := refusal_of(error)) is not None:
        return refusal.exit_code, str(refusal)
    # Typer's own errors, of a command line that cannot be parsed, have a message and a code.
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        return 2, str(error.format_message())
    raise error


def _saved(code: int) -> str:
    """The end of a message: whether a run was saved before the error."""
    folder = None
    if "forecast.store.writer" in sys.modules:
        from forecast.store.writer import saved_here

        folder = saved_here()
    if folder is not None:
        return f"; the run was saved in {folder}"
    return "; nothing was written" if code == INTERRUPTED else ""


def _report(text: str) -> None:
    """Write one line on standard error, if it can take it."""
    from forecast.plain_text import one_line

    with contextlib.suppress(OSError):
        sys.stderr.write(f"forecast: {one_line(text)}\n")
        sys.stderr.flush()
