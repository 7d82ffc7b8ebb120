"""The command `forecast publish`."""

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command

if TYPE_CHECKING:
    from rich.console import Console


@command
def publish(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Name of a run, or `latest`.")],
    runs: options.Runs = None,
    corrects: Annotated[
        str | None, typer.Option("--corrects", metavar="RUN", help="The published run that this one corrects.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Reason for the correction.")] = None,
) -> Printed:
    """Publish a run: it becomes a run of record, its files read-only; prints the hash by which anyone can check it."""
    from forecast.store.publication import publish as published
    from forecast.store.saved_run import open_run

    opened = open_run(run, runs)
    other = None if corrects is None else open_run(corrects, runs)
    found = published(opened, corrects=other, reason=reason)
    record = found.publication
    content = {
        "run": opened.id,
        "published": record.published,
        "manifest_sha256": record.manifest_sha256,
        "corrects": record.corrects,
        "reason": record.reason,
        "new": found.new,
        "record": str(found.record),
    }

    def tables(console: "Console") -> None:
        words = f"Published {opened.id}" if found.new else f"Unchanged: {opened.id} was published before"
        console.print(f"{words}, at {record.published}.", soft_wrap=True)
        if record.corrects is not None:
            console.print(f"It corrects {record.corrects}: {record.reason}", soft_wrap=True)
        console.print(f"SHA-256 of its manifest: {record.manifest_sha256}", soft_wrap=True)
        console.print(f"The record is {found.record}; `forecast verify {opened.id}` checks the run.", soft_wrap=True)

    return content, tables
