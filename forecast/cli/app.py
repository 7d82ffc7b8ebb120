"""The command `forecast`: parse, call, print, exit code. No number is computed here.

Only Typer is imported at the start; a command imports the rest when it runs, so that `--help` is fast.
"""

import io
import sys

import typer

from forecast.cli.check import check
from forecast.cli.console import InterruptedRun, catch_signals
from forecast.cli.explain import explain
from forecast.cli.run import run
from forecast.cli.show import show

EXIT_CODES = {
    0: "done",
    1: "a bug: please report it with the traceback",
    2: "bad input: a file, a key, a value or an option; nothing was written",
    4: "the sampler did not converge; nothing was written",
    130: "interrupted (Ctrl-C or SIGTERM); nothing was written",
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


for command in (run, show, check, explain):
    app.command()(command)


def main() -> None:
    """Run the command; an error that a user can cause is one line on standard error and an exit code."""
    from forecast.errors import ForecastError

    _speak_utf8()
    catch_signals()
    try:
        code = app(standalone_mode=False)
    except ForecastError as error:
        _fail(str(error), error.exit_code)
    except (InterruptedRun, KeyboardInterrupt, typer.Abort):
        _fail("interrupted; nothing was written", INTERRUPTED)
    except Exception as error:
        # Typer's own errors, of a command line that cannot be parsed, have a message and a code.
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            _fail(error.format_message(), 2)
        raise
    if code == INTERRUPTED:  # Typer caught the interrupt, and returns its code
        _fail("interrupted; nothing was written", INTERRUPTED)


def _speak_utf8() -> None:
    """Write UTF-8 in any locale, as scenarios are UTF-8 and JSON must be."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(text: str, code: int) -> None:
    """End with one line on standard error."""
    sys.stderr.write(f"forecast: {' '.join(text.split())}\n")
    sys.exit(code)
