"""The command `forecast show`."""

from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command


@command
def show(
    run: Annotated[str, typer.Argument(help="Name of a run, or `latest`.")] = "latest",
    runs: options.Runs = None,
    timeline: options.Timeline = None,
) -> Printed:
    """Show a saved run's odds, or one of its timelines. `latest` is the greatest as-of date, then the latest start."""
    from forecast.store.saved_run import open_run

    opened = open_run(run, runs)
    if timeline is None:
        from forecast.cli.summary_text import print_run

        return opened.summary, lambda console: print_run(opened, console)
    from forecast.cli.timeline_lines import show_timeline
    from forecast.narrative.story import story_of

    story = story_of(opened, timeline)
    return story.plain(), lambda console: show_timeline(story, console)
