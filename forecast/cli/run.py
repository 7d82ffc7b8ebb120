"""The command `forecast run`."""

import logging
import sys
from datetime import date
from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.console import set_verbosity, show, working
from forecast.ensemble.request import SEED, TIMELINES, RunRequest


def run(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    as_of: options.AsOf = None,
    timelines: options.Timelines = TIMELINES,
    seed: options.Seed = SEED,
    threads: options.Threads = None,
    perspective: options.Whose = None,
    set_: options.Set = None,
    fix: options.Fix = None,
    prior_only: Annotated[
        bool,
        typer.Option("--prior-only", help="Leave the series out; what is recorded as of later dates still counts."),
    ] = False,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Keep a run whose sampler did not converge.")
    ] = False,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a forecast, keep it, and print its odds."""
    set_verbosity(verbose, quiet)
    from forecast.pipeline import workflow
    from forecast.scenario.load import parse_fixed

    request = RunRequest(
        scenario=scenario,
        priors=priors,
        runs=runs,
        as_of=_date(as_of),
        timelines=timelines,
        seed=seed,
        threads=threads,
        perspective=perspective,
        edits=set_ or (),
        fixed=parse_fixed(fix or ()),
        prior_only=prior_only,
        allow_unconverged=allow_unconverged,
    )
    with working() as notify:
        progress = sys.stderr.isatty() and logging.getLogger("forecast").level < logging.ERROR
        made = workflow.run(request, progress=progress, notify=notify)
    from forecast.cli.summary_table import show_summary

    show(made.summary, as_json, lambda console: show_summary(made.summary, made.folder, console))


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
