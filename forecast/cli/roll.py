"""The command `forecast roll`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import on_terminal, working

if TYPE_CHECKING:
    from rich.console import Console

    from forecast.roll.roll import Rolled


@command
def roll(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name or folder of the scenario to roll on.")],
    dest: Annotated[
        Path,
        typer.Argument(
            parser=options.folder("DEST"),
            metavar="DEST",
            help="Folder to write, which must not be there; its name becomes the id of the next scenario.",
        ),
    ],
    reference: Annotated[str, typer.Option("--reference", help="The new reference date, YYYY-MM-DD.")],
    horizon: Annotated[str, typer.Option("--horizon", help="The new horizon, YYYY-MM-DD.")],
    priors: options.Priors = None,
    threads: options.Threads = None,
    prior_only: Annotated[
        bool, typer.Option("--prior-only", help="Replay without the series; recorded events and states still count.")
    ] = False,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Accept draws of a sampler that did not converge.")
    ] = False,
) -> Printed:
    """Write the next scenario: new dates, the record carried on, and REVIEW.md with what a person must confirm."""
    from forecast.inputs.parsing import given_day
    from forecast.roll.roll import RollRequest
    from forecast.roll.roll import roll as roll_on

    request = RollRequest(
        scenario,
        given_day(reference, "--reference"),
        given_day(horizon, "--horizon"),
        dest,
        priors=priors,
        prior_only=prior_only,
        allow_unconverged=allow_unconverged,
        threads=threads,
    )
    with working() as notify:
        made = roll_on(request, progress=on_terminal(), notify=notify)
    return content(made), lambda console: show_rolled(made, console)


def content(made: "Rolled") -> dict[str, Any]:
    """Give the result as JSON holds it."""
    return {
        "scenario": made.scenario.id,
        "folder": str(made.folder),
        "rolled_from": made.rolled_from,
        "as_of": made.as_of.isoformat(),
        "reference_date": made.scenario.reference_date.isoformat(),
        "horizon": made.scenario.horizon.isoformat(),
        "unrecorded": None if made.unrecorded is None else [day.isoformat() for day in made.unrecorded],
        "effective_draws": made.effective,
        "thin": made.thin,
        "start": made.record.values,
        "levels": [
            {"prior": level.prior, **dict(zip(("q05", "q50", "q95"), level.quantiles, strict=True))}
            for level in made.levels
        ],
        "review": [{"file": entry.file, "key": entry.key, "why": entry.text} for entry in made.entries],
    }


def show_rolled(made: "Rolled", console: "Console") -> None:
    """Print the days nobody has recorded, the levels, the folder, and the number of entries to confirm."""
    from rich.table import Column, Table

    from forecast.report.numbers import same_decimals
    from forecast.roll.review_list import unrecorded_words
    from forecast.scenario.review import PAGE

    console.print(
        f"{made.scenario.id}: from {made.scenario.reference_date} to {made.scenario.horizon}, rolled on from "
        f"{made.rolled_from} as of {made.as_of}."
    )
    if made.thin:
        console.print(
            f"Few draws fit the record (effective sample size {made.effective:.0f}): the levels are imprecise."
        )
    if made.unrecorded is not None:
        console.print(f"{unrecorded_words(made.unrecorded)} Check [start] of scenario.toml against them.")
    table = Table(Column("Starts from the replayed posterior", no_wrap=True), "5%", "50%", "95%", "Unit")
    for level in made.levels:
        unit = made.scenario.priors[level.prior].unit
        table.add_row(level.prior, *same_decimals(level.quantiles), unit)
    console.print(table)
    console.print(f"Saved to {made.folder}", soft_wrap=True)
    console.print(
        f"Next: go through {PAGE} there. It lists {len(made.entries)} entries that the program cannot judge, such as "
        "reasons that speak of a past date. `forecast check` lists those that nobody has confirmed. Runs work before "
        "that, with a warning, but their odds are provisional."
    )
