"""The command `forecast init`."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command

if TYPE_CHECKING:
    from rich.console import Console


@command
def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", parser=options.folder("DIR"), help="Folder of the project; made if need be."),
    ],
) -> Printed:
    """Make a folder to work in: a copy of the scenarios in DIR/priors, to be edited, and DIR/runs for saved runs."""
    from forecast.plain_text import visible
    from forecast.scenario.new_project import new_project

    scenarios = new_project(folder)
    commands = [f"cd {shlex.quote(str(folder))}", "forecast check", "forecast run", "forecast show"]
    content = {"folder": str(folder), "scenarios": scenarios, "next": commands}

    def tables(console: "Console") -> None:
        console.print(f"Made {folder} with the scenarios {', '.join(scenarios)}. Next:", soft_wrap=True)
        for line in commands:
            console.print(f"  {visible(line)}", soft_wrap=True)

    return content, tables
