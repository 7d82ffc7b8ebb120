"""The command `forecast list`."""

from typing import TYPE_CHECKING

from forecast.cli import options
from forecast.cli.command import Printed, command

if TYPE_CHECKING:
    from rich.console import Console


@command
def list_(scenario: options.OneScenario = None, runs: options.Runs = None, everything: options.All = False) -> Printed:
    """List saved runs: the scheduled and published ones, or where there are none, those with default settings."""
    from forecast.cli.run_rows import marks_cell, odds_cells, rows_as_text
    from forecast.store.history import history_rows
    from forecast.store.index import summaries
    from forecast.store.record import of_record_in
    from forecast.store.saved_run import runs_folder, settled

    kept = runs_folder(runs)
    settled(kept)
    found = [run for run in summaries(kept) if scenario in (None, run.scenario)]
    chosen = found if everything else of_record_in(found)
    rows = history_rows(chosen)
    more = [{"settings": dict(run.settings)} for run in chosen]
    content = {"folder": str(kept), "left_out": len(found) - len(chosen)}
    content["runs"] = [row | facts for row, facts in zip(rows, more, strict=True)]

    def tables(console: "Console") -> None:
        if rows:
            head = ("Run", "Saved", "Battlefield", "Negotiated", "Unresolved", "Marks")
            cells = [(row["run"], row["saved"][:16], *odds_cells(row, ranges=False), marks_cell(row)) for row in rows]
            console.file.write(rows_as_text(head, cells))
        else:
            console.print(f"No run is listed in {kept}.", soft_wrap=True)
        if left := content["left_out"]:
            console.print(f"{left} other {'run is' if left == 1 else 'runs are'} left out: give --all.")

    return content, tables
