"""The command `forecast`: parse, call, print, exit code. No number is computed here.

Only Typer is imported at the start; a command imports the rest when it runs, so that `--help` is fast.
"""

import contextlib
import os
import sys
import traceback

import typer

from forecast.cli.check import check
from forecast.cli.compare import compare
from forecast.cli.console import (
    LOG_JSON,
    InterruptedRun,
    catch_signals,
    ignore_signals,
    logs_json,
    set_log_json,
    stop_requested,
)
from forecast.cli.evidence import app as evidence
from forecast.cli.exit_codes import MEANINGS, ExitCode
from forecast.cli.explain import explain
from forecast.cli.history import history
from forecast.cli.init import init
from forecast.cli.list_runs import list_
from forecast.cli.prune import prune
from forecast.cli.publish import publish
from forecast.cli.roll import roll
from forecast.cli.run import run
from forecast.cli.schedule import schedule
from forecast.cli.show import show
from forecast.cli.streams import discard_output, json_line, of_stream, prepare_streams
from forecast.cli.sweep import app as sweep
from forecast.cli.verify import verify

RESUMED = (ExitCode.INTERRUPTED, ExitCode.INCOMPLETE, ExitCode.SYSTEM)
"""Exit codes after which a sweep with a journal may go on."""

_CODES = "\n\n".join(f"{int(code)}: {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    help="Odds of how a war ends by a horizon, from dated evidence and stated premises.",
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


for command in (init, run, show, list_, history, verify, publish, prune, check, explain, compare, roll):
    app.command(command.__name__.rstrip("_"))(command)
app.add_typer(evidence, name="evidence")
app.add_typer(schedule, name="schedule")
app.add_typer(sweep, name="sweep")


def main() -> None:
    """Run the command; an error that a user or the system can cause is one line on standard error and an exit code."""
    prepare_streams()
    set_log_json(LOG_JSON in sys.argv[1:])  # also for errors in the command line
    catch_signals()
    # A notebook names a backend for the commands that it starts, which need not exist here: figures are SVG files.
    os.environ.pop("MPLBACKEND", None)
    if "forecast.store.writer" in sys.modules:
        sys.modules["forecast.store.writer"].forget_saved()
    if "forecast.sweep.journal" in sys.modules:
        sys.modules["forecast.sweep.journal"].forget_kept()
    code, text, trace = 0, "", None
    try:
        try:
            code = app(standalone_mode=False) or 0  # Typer catches an interrupt, and returns its code
            sys.stdout.flush()
        except SystemExit as stop:
            if (cause := stop.__context__) is None or not of_stream(cause):
                raise
            raise cause from stop  # Typer ends on a reader that went away
    except BaseException as error:
        try:
            code, text = _outcome(error)
        except SystemExit:
            raise
        except BaseException as bug:
            if not logs_json():
                raise
            code, text = ExitCode.BUG, f"a bug: {type(bug).__name__}: {bug}"
            trace = "".join(traceback.format_exception(bug))
    ignore_signals()
    if code == ExitCode.INTERRUPTED:
        text = "interrupted"
    if text:
        _report(f"{text}{_saved(code)}", trace)
    discard_output()
    if code:
        sys.exit(int(code))


def _outcome(error: BaseException) -> tuple[int, str]:
    """The exit code and the message of an exception.

    Raises:
        BaseException: the exception again if it is a bug.
    """
    from forecast.errors import ForecastError, refusal_of

    if isinstance(error, InterruptedRun | KeyboardInterrupt | typer.Abort) or stop_requested():
        return ExitCode.INTERRUPTED, "interrupted"
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
    """The end of a message: whether a run was saved before the error, or batches of a sweep."""
    if code in RESUMED and "forecast.sweep.journal" in sys.modules:
        from forecast.sweep.journal import kept_here

        if (kept := kept_here()) is not None:
            return f"; finished batches are kept in {kept}: the same command with --resume goes on"
    folder = None
    if "forecast.store.writer" in sys.modules:
        from forecast.store.writer import saved_here

        folder = saved_here()
    if folder is not None:
        return f"; the run was saved in {folder}"
    return "; nothing was written" if code in (ExitCode.INTERRUPTED, ExitCode.INCOMPLETE) else ""


def _report(text: str, trace: str | None = None) -> None:
    """Write one line on standard error, if it can take it."""
    from forecast.plain_text import one_line

    line = json_line("error", text, trace=trace) if logs_json() else f"forecast: {one_line(text)}"
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
