"""The command `forecast run`."""

from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import on_terminal, working
from forecast.ensemble.request import DRAW_SEED, SEED, TIMELINES, RunRequest


@command
def run(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    as_of: options.AsOf = None,
    timelines: options.Timelines = TIMELINES,
    seed: options.Seed = SEED,
    draw_seed: options.DrawSeed = DRAW_SEED,
    threads: options.Threads = None,
    perspective: options.Whose = None,
    reading: options.Reading = None,
    set_: options.Set = None,
    fix: options.Fix = None,
    prior_only: Annotated[
        bool, typer.Option("--prior-only", help="Leave the series out; recorded events and states still count.")
    ] = False,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Save a run whose sampler did not converge.")
    ] = False,
) -> Printed:
    """Make a forecast, save it, and print its odds."""
    from forecast.cli.summary_table import show_summary
    from forecast.pipeline import workflow
    from forecast.scenario.load import parse_fixed

    request = RunRequest(
        scenario=scenario,
        priors=priors,
        runs=runs,
        as_of=options.day(as_of),
        timelines=timelines,
        seed=seed,
        draw_seed=draw_seed,
        threads=threads,
        perspective=perspective,
        reading=reading or (),
        edits=set_ or (),
        fixed=parse_fixed(fix or ()),
        prior_only=prior_only,
        allow_unconverged=allow_unconverged,
    )
    with working() as notify:
        made = workflow.run(request, progress=on_terminal(), notify=notify)
    return made.summary, lambda console: show_summary(
        made.summary, made.folder, console, made.manifest.get("scenario_folder")
    )
