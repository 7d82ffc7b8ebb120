"""The command `forecast`: parse, call, print, exit code. No number is worked out here.

Only Typer is imported up front: everything else waits until a command needs it.
"""

import io
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

EXIT_CODES = {
    0: "done",
    1: "a bug: please report it with the traceback",
    2: "bad input: a file, a key, a value or an option; nothing was written",
    4: "the sampler did not converge; nothing was written",
    130: "interrupted (Ctrl-C or SIGTERM); nothing was written",
}
"""What the command's exit codes mean."""

INTERRUPTED = 130

_CODES = "\n\n".join(f"{code}: {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    help="Odds of how the Russia-Ukraine war ends in 2025, from dated evidence and stated premises.",
    epilog=f"Exit codes:\n\n{_CODES}",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ScenarioArgument = Annotated[str | None, typer.Argument(help="Name or folder of a scenario; ukraine-2025 by default.")]
PriorsOption = Annotated[Path | None, typer.Option("--priors", help="Folder of scenarios to look in first.")]
RunsOption = Annotated[
    Path | None,
    typer.Option("--runs", help="Folder that runs are kept in; by default $FORECAST_RUNS, else ./runs."),
]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say on standard error what is being done.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors on standard error.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change a prior before the update: part.key.field=value. Repeatable."),
]
FixOption = Annotated[
    list[str] | None,
    typer.Option("--fix", help="Hold a parameter at a value after it: part.key=value. Repeatable."),
]
PerspectiveOption = Annotated[
    str,
    typer.Option("--perspective", metavar="NAME|FILE", help="Whose premises: a perspective's name, or a .toml file."),
]
WhoseOption = Annotated[
    str | None,
    typer.Option(
        "--perspective",
        metavar="NAME|FILE",
        help="Whose premises: base, a perspective's name, or a .toml file; by default the pool of them.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", help="Date whose evidence is used, YYYY-MM-DD, from the reference date (the default) to the horizon."
    ),
]
TimelinesOption = Annotated[int, typer.Option("--timelines", help="Timelines to simulate; in a pool, of each member.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the timelines' luck.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option("--threads", help="Threads to use; changes no number. By default one a processor."),
]


@app.callback(invoke_without_command=True)
def forecast(context: typer.Context) -> None:
    """Without a command, help."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


def _verbosity(verbose: bool, quiet: bool) -> None:
    """How much is said on standard error."""
    level = logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    logging.getLogger("forecast").setLevel(level)


@app.command()
def run(
    scenario: ScenarioArgument = None,
    priors: PriorsOption = None,
    runs: RunsOption = None,
    as_of: AsOfOption = None,
    timelines: TimelinesOption = 20_000,
    seed: SeedOption = 1,
    threads: ThreadsOption = None,
    perspective: WhoseOption = None,
    set_: SetOption = None,
    fix: FixOption = None,
    prior_only: Annotated[
        bool,
        typer.Option("--prior-only", help="Leave the series out; what is recorded as of later dates still counts."),
    ] = False,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Keep a run whose sampler did not converge.")
    ] = False,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make a forecast, keep it, and print its odds."""
    _verbosity(verbose, quiet)
    from forecast import pipeline

    with _working() as tell:
        made = pipeline.run(
            scenario,
            priors=priors,
            runs=runs,
            as_of=_date(as_of),
            timelines=timelines,
            seed=_seed(seed),
            threads=threads,
            perspective=perspective,
            edits=set_ or [],
            fixes=fix or [],
            prior_only=prior_only,
            allow_unconverged=allow_unconverged,
            progress=sys.stderr.isatty() and logging.getLogger("forecast").level < logging.ERROR,
            tell=tell,
        )
    _print_summary(made.summary, made.folder, as_json)


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="Name of a run, or `latest`.")] = "latest",
    runs: RunsOption = None,
    timeline: Annotated[int | None, typer.Option("--timeline", help="Tell this timeline of it, week by week.")] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show a saved run's odds, or one of its timelines. `latest` is the greatest as-of date, then the latest start."""
    _verbosity(verbose, quiet)
    from forecast.store import open_run

    opened = open_run(run, runs)
    if timeline is not None:
        from forecast import telling

        told = telling.tell(opened, timeline)
        _print(told.plain(), as_json, lambda console: telling.show(told, console))
        return
    _print_summary(opened.summary, opened.folder, as_json)


@app.command()
def check(
    scenario: ScenarioArgument = None,
    priors: PriorsOption = None,
    runs: RunsOption = None,
    perspective: PerspectiveOption = "base",
    set_: SetOption = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Validate a scenario; show each prior as elicited and as fitted, and what the priors imply for a year."""
    _verbosity(verbose, quiet)
    from forecast import check as checks

    with _working() as tell:
        found = checks.check(scenario, priors=priors, edits=set_ or [], perspective=perspective, tell=tell)
    _print(found, as_json, lambda console: checks.show(found, console))


@app.command()
def explain(
    scenario: ScenarioArgument = None,
    priors: PriorsOption = None,
    runs: RunsOption = None,
    perspective: PerspectiveOption = "base",
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
    quiet: QuietOption = False,
) -> None:
    """Explain the week in order: each part with its equations, parameters, units and premises."""
    _verbosity(verbose, quiet)
    from forecast import explain as explains

    found = explains.explain(scenario, priors=priors, perspective=perspective)
    _print(found, as_json, lambda console: explains.show(found, console))


def _date(text: str | None) -> date | None:
    """A date given on the command line."""
    from forecast.errors import InputError

    if text is None:
        return None
    try:
        if len(text) != 10:
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date", key="--as-of", mend="Write it as YYYY-MM-DD") from None


def _seed(seed: int) -> int:
    from forecast.errors import InputError

    if seed < 0:
        raise InputError(f"{seed} is negative", key="--seed", mend="Give 0 or more")
    return seed


_signals: list[int] = []
"""Signals to stop that were met."""


class _InterruptedError(Exception):
    """Somebody pressed Ctrl-C; Typer would meet a KeyboardInterrupt with an empty line."""


@contextmanager
def _working() -> Iterator[Any]:
    """Tell what is being done: a spinner on a terminal, a line each with -v, else nothing."""
    log = logging.getLogger("forecast")

    def telling(say: Callable[[str], object]) -> Callable[[str], None]:
        def tell(text: str) -> None:
            if _signals:
                raise KeyboardInterrupt
            say(text)

        return tell

    try:
        if not sys.stderr.isatty() or log.level >= logging.ERROR:
            yield telling(log.info)
            return
        from rich.console import Console

        with Console(stderr=True).status("starting") as status:
            yield telling(status.update)
    except KeyboardInterrupt as interrupt:
        raise _InterruptedError from interrupt


def _print(content: Any, as_json: bool, show_on: Any) -> None:
    """Print as JSON alone, or as tables; a reader that goes away is no error."""
    try:
        if as_json:
            sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        else:
            from rich.console import Console

            width = None if sys.stdout.isatty() else 110
            show_on(Console(width=width, highlight=False))
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # the latter is how Rich meets it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_summary(summary: dict[str, Any], folder: Path, as_json: bool) -> None:
    def tables(console: "Console") -> None:
        from forecast.report.terminal import show_summary

        show_summary(summary, folder, console)

    _print(summary, as_json, tables)


def main() -> None:
    """Run the command; errors a user can cause are one line on standard error and an exit code."""
    from forecast.errors import ForecastError

    _speak_utf8()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal)
    try:
        code = app(standalone_mode=False)
    except ForecastError as error:
        _fail(str(error), error.exit_code)
    except (_InterruptedError, KeyboardInterrupt, typer.Abort):
        _fail("interrupted; nothing was written", INTERRUPTED)
    except Exception as error:
        # What the command line itself could not be read as: Typer's own errors know their words and code.
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            _fail(error.format_message(), 2)
        raise
    if code == INTERRUPTED:  # Typer met the interrupt itself, and returns what it made of it
        _fail("interrupted; nothing was written", INTERRUPTED)


def _on_signal(number: int, frame: object) -> None:
    """Take SIGTERM as Ctrl-C is taken, and remember either: compiled code may swallow the exception."""
    _signals.append(number)
    raise KeyboardInterrupt


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale: scenarios are, and JSON has to be."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(text: str, code: int) -> None:
    """End with one line on standard error."""
    sys.stderr.write(f"forecast: {' '.join(text.split())}\n")
    sys.exit(code)
