"""The command `forecast prune`."""

from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command

if TYPE_CHECKING:
    from rich.console import Console


@command
def prune(
    runs: options.Runs = None,
    scenario: options.OneScenario = None,
    keep_days: Annotated[
        int | None,
        typer.Option(
            "--keep-days", parser=options.count("--keep-days"), metavar="N", help="Keep runs saved within N days."
        ),
    ] = None,
    keep_last: Annotated[
        int | None,
        typer.Option(
            "--keep-last",
            parser=options.count("--keep-last"),
            metavar="N",
            help="Keep the newest N runs of each scenario, counting scheduled and what-if runs separately.",
        ),
    ] = None,
    cache_mb: Annotated[
        int | None,
        typer.Option(
            "--cache-mb",
            parser=options.count("--cache-mb"),
            metavar="M",
            help="Remove cached results, those used longest ago first, until M megabytes are left.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be removed, and remove nothing.")] = False,
) -> Printed:
    """Remove old runs and cached results. A published run is never removed. A run that either rule keeps stays."""
    from forecast.cache.limit import MEGABYTE, trim
    from forecast.errors import InputError
    from forecast.locations import cache_root
    from forecast.store.prune import Retention
    from forecast.store.prune import prune as pruned
    from forecast.store.saved_run import runs_folder, settled

    if cache_mb is not None and cache_mb < 0:
        raise InputError(f"found {cache_mb}; expected 0 or more", key="--cache-mb")
    names: list[str] = []
    kept = runs_folder(runs)
    if cache_mb is None or keep_days is not None or keep_last is not None:
        retention = Retention(keep_days, keep_last)
        settled(kept)
        names = pruned(kept, retention, scenario=scenario, dry_run=dry_run)
    entries, left = ([], None) if cache_mb is None else trim(cache_root(), cache_mb * MEGABYTE, dry_run=dry_run)
    content = {
        "dry_run": dry_run,
        "folder": str(kept),
        "runs": names,
        "cache": [str(path) for path in entries],
        "cache_bytes_left": left,
    }

    def tables(console: "Console") -> None:
        verb = "Would remove" if dry_run else "Removed"
        for name in names:
            console.print(f"{verb} {kept / name}", soft_wrap=True)
        for path in entries:
            console.print(f"{verb} {path}", soft_wrap=True)
        console.print(f"{verb} {len(names)} runs and {len(entries)} cached results.")
        if left is not None:
            console.print(f"{left / MEGABYTE:.1f} MB {'would be' if dry_run else 'are'} left in the cache.")

    return content, tables
