"""The command `forecast history`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command

if TYPE_CHECKING:
    from rich.console import Console


@command
def history(
    scenario: options.OneScenario = None,
    runs: options.Runs = None,
    everything: options.All = False,
    csv: Annotated[
        str | None, typer.Option("--csv", metavar="FILE|-", help="Write the rows as CSV; - is standard output.")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option("--chart", metavar="FILE", help="Draw the odds by as-of date: .svg or .png.")
    ] = None,
) -> Printed:
    """Show the odds over as-of dates: of scheduled and published runs, or else of those with default settings."""
    from forecast.cli.run_rows import marks_cell, odds_cells, rows_as_text
    from forecast.inputs.parsing import given_folder
    from forecast.store.exported import chart_suffix, export
    from forecast.store.history import history_csv, history_json, history_rows
    from forecast.store.record import runs_of_record
    from forecast.store.saved_run import runs_folder, settled

    suffix = None if chart is None else chart_suffix(chart, "--chart")
    target = None if csv in (None, "-") else given_folder(csv, "--csv")
    kept = runs_folder(runs)
    settled(kept)
    rows = history_rows(runs_of_record(kept, scenario, everything))
    if target is not None:
        export(target, history_csv(rows).encode("utf-8", "backslashreplace"), "--csv")
    if chart is not None and suffix is not None:
        from forecast.report.history_figure import history_figure

        export(chart, history_figure(rows, suffix), "--chart")

    def tables(console: "Console") -> None:
        if csv == "-":
            sys.stdout.write(history_csv(rows))
            return
        if rows:
            head = ("As of", "Battlefield", "Negotiated", "Unresolved", "Run", "Marks")
            cells = [(row["as_of"], *odds_cells(row, ranges=True), row["run"], marks_cell(row)) for row in rows]
            console.file.write(rows_as_text(head, cells))
            console.print("In brackets: the 90% range, in percent.")
        else:
            console.print(f"No run is listed in {kept}.", soft_wrap=True)
        for path in (target, chart):
            if path is not None:
                console.print(f"Written to {path}.", soft_wrap=True)

    return history_json(rows), tables
