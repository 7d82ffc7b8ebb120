"""The group of commands `forecast sweep METHOD`: which assumptions the odds turn on.

Methods that simulate are in `sweep_methods`, those that read a saved run in `sweep_runs`.
"""

import typer

from forecast.cli.sweep_methods import grid, sobol, threshold, tornado
from forecast.cli.sweep_runs import discover, given, readings, reweight

app = typer.Typer(
    help="Sweeps: which assumptions the odds turn on. Each METHOD has its own help.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

for method in (tornado, sobol, grid, threshold, given, discover, reweight, readings):
    app.command(method.__name__.rstrip("_"))(method)
