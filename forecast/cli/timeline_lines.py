"""The lines that `forecast show --timeline` prints."""

from collections.abc import Iterable
from datetime import date

from rich.console import Console
from rich.table import Table

from forecast.narrative.story import Story


def show_timeline(story: Story, console: Console) -> None:
    """Print a timeline: recorded events, then the simulated weeks. A date is printed once, before its first event."""

    def printed(rows: Iterable[tuple[str, str]]) -> None:
        table = Table.grid("", "", padding=(0, 3, 0, 0))
        before = None
        for days, text in rows:
            table.add_row("" if days == before else days, text)
            before = days
        console.print(table)

    console.print(story.title, soft_wrap=True)
    console.print()
    if story.recorded or story.stands:
        console.print(f"Recorded before {story.begin}, the same in every timeline:")
        printed((day.isoformat(), text) for day, text in story.recorded)
        console.print(f"So on {story.begin}: {'; '.join(story.stands)}.")
        console.print()
        console.print(f"Simulated from {story.begin} on:")
    printed((week_in_figures(line.begin, line.end), line.text) for line in story.lines)


def week_in_figures(begin: date, end: date) -> str:
    """Write two days in short: the second without its year if both have the same."""
    if begin == end:
        return begin.isoformat()
    return f"{begin} to {end:%m-%d}" if begin.year == end.year else f"{begin} to {end}"
