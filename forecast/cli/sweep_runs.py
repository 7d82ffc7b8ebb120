"""The methods of `forecast sweep` that read a saved run."""

from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command

ARun = Annotated[str, typer.Argument(metavar="[RUN]", help="Name of a run, or `latest`.")]


@command
def given(
    run: ARun = "latest",
    given_: Annotated[
        str,
        typer.Option("--given", metavar="CONDITION", help="A condition on the columns of the run's timelines."),
    ] = "",
    runs: options.Runs = None,
) -> Printed:
    """Odds of a saved run where a condition on its timelines holds, beside the odds without it."""
    raise NotImplementedError
