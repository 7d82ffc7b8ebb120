"""The command `forecast show`."""

from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.console import set_verbosity
from forecast.cli.console import show as print_or_show


def show(
    run: Annotated[str, typer.Argument(help="Name of a run, or `latest`.")] = "latest",
    runs: options.Runs = None,
    timeline: Annotated[int | None, typer.Option("--timeline", help="Tell this timeline of it, week by week.")] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Show a saved run's odds, or one of its timelines. `latest` is the greatest as-of date, then the latest start."""
    set_verbosity(verbose, quiet)
    from forecast.store.saved_run import open_run

    opened = open_run(run, runs)
    if timeline is None:
        from forecast.cli.summary_table import show_summary

        summary = opened.summary
        print_or_show(summary, as_json, lambda console: show_summary(summary, opened.folder, console))
        return
    from forecast.cli.timeline_lines import show_timeline
    from forecast.narrative.story import story_of

    story = story_of(opened, timeline)
    print_or_show(story.plain(), as_json, lambda console: show_timeline(story, console))
