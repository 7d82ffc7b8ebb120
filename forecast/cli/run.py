"""The command `forecast run`."""

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Outcome, command
from forecast.cli.console import on_terminal, working
from forecast.ensemble.request import DRAW_SEED, SEED, TIMELINES, RunRequest, both_given

if TYPE_CHECKING:
    from rich.console import Console


@command
def run(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    as_of: options.AsOf = None,
    timelines: options.Timelines = None,
    precision: options.Precision = None,
    time_budget: options.TimeBudget = None,
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
    fail_if_stale: Annotated[
        bool,
        typer.Option("--fail-if-stale", help="End with 3, after saving, if a series lacks a row that was due."),
    ] = False,
    alert: Annotated[
        float | None,
        typer.Option(
            "--alert",
            parser=options.points("--alert"),
            metavar="POINTS",
            help="End with 5, after saving, if odds moved by more than this, and beyond the Monte Carlo error, since "
            "the run before.",
        ),
    ] = None,
) -> Outcome:
    """Make a forecast, save it, and print its odds. If the same run was saved before, it is only printed again."""
    from forecast.cli.notices import notices
    from forecast.cli.repeat import command_to_repeat
    from forecast.pipeline.make import make

    if timelines is not None and precision is not None:
        raise both_given(timelines)
    request = RunRequest(
        scenario=scenario,
        priors=priors,
        runs=runs,
        as_of=options.day(as_of),
        timelines=TIMELINES if timelines is None else timelines,
        seed=seed,
        draw_seed=draw_seed,
        threads=threads,
        perspective=perspective,
        reading=reading or (),
        edits=set_ or (),
        fixed=options.fixed(fix),
        prior_only=prior_only,
        allow_unconverged=allow_unconverged,
        precision=precision,
        time_budget=time_budget,
    )
    with working() as notify:
        made = make(request, progress=on_terminal(), notify=notify)
    found = notices(made, fail_if_stale=fail_if_stale, points=alert)
    stop = made.stop
    again = "" if stop is None else command_to_repeat(request, stop.timelines)

    def tables(console: "Console") -> None:
        from forecast.cli.summary_text import print_run

        print_run(made.run, console, unchanged=made.unchanged)
        if stop is not None:
            console.print(f"{stop.words} To repeat this run: {again}", soft_wrap=True, markup=False)
        for line in found.lines:
            console.print(line, soft_wrap=True, markup=False)

    content = made.run.summary | ({"unchanged": True} if made.unchanged else {}) | found.content
    if stop is not None:
        content |= {"precision": stop.plain() | {"repeat": again}}
    return Outcome(content, tables, found.codes)
