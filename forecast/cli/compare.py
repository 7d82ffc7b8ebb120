"""The command `forecast compare`."""

from typing import Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import working


@command
def compare(
    one: Annotated[str, typer.Argument(help="A run: its name, its folder, `latest` or `previous`.")] = "latest",
    other: Annotated[
        str, typer.Argument(help="Another run. `previous` is the run of record before the other one.")
    ] = "previous",
    runs: options.Runs = None,
    threads: options.Threads = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown to paste.")] = False,
) -> Printed:
    """Explain the move in the odds between two runs, cause by cause.

    The later as-of date less the earlier, whatever their order. The lines add up exactly, each with its standard error.
    The first time takes some minutes, since mixtures of the two runs are simulated (`-v` shows them); then it is kept.
    """
    from forecast.compare.comparison import compare as compared

    with working() as notify:
        content = compared(one, other, runs, threads=threads, notify=notify)
    if markdown:
        from forecast.compare.words import as_markdown

        text = as_markdown(content)
        return content, lambda console: console.print(text, markup=False, highlight=False, soft_wrap=True, end="")
    from forecast.cli.compare_table import show_ledger

    return content, lambda console: show_ledger(content, console)
