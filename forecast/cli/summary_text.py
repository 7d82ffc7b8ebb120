"""A run's odds on a terminal or in a file, and where the run is.

The tables need modules that take more than a second to import. Tables for a file are kept in the cache, so that a run
which is only printed again takes no such time. On a terminal they are made each time, with its width and its styles.
"""

import io
import logging
import tomllib
from importlib import metadata

from rich.console import Console

from forecast.cache.digests import canonical_json, sha256
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.locations import cache_root, source_digest
from forecast.store.saved_run import Run

KIND, FILE = "tables", "tables.txt"
"""Folder of the entries in the cache, and the file of each."""

SUMMARY = "summary.json"
PARTIES = "inputs/priors/parties.toml"


def print_run(run: Run, console: Console, *, unchanged: bool = False) -> None:
    """Print the odds of a run, the folder of its scenario and its own.

    Args:
        run: whose files are sound.
        console: where to print.
        unchanged: whether the run was found and not made.
    """
    if console.is_terminal:
        _print_tables(run, console)
    else:
        console.file.write(_tables(run, console.width))
    if folder := run.manifest.get("scenario_folder"):
        console.print(f"The scenario was read from {folder}.", soft_wrap=True)
    saved = "Unchanged: the same run was saved before, in" if unchanged else "Saved to"
    console.print(f"{saved} {run.folder} (open report.md to read it).", soft_wrap=True)


def _tables(run: Run, width: int) -> str:
    """The tables as text without styles, from the cache if they are there."""
    depends_on = [run.manifest["files"][SUMMARY], source_digest(), metadata.version("rich"), width]
    place = cache_root() / KIND / sha256(canonical_json(depends_on))
    what = "the tables of a run"
    found = load_entry(what, place, _text_of, logging.INFO)
    if found is None:
        from forecast.cli.terminal import PlainConsole

        text = io.StringIO()
        _print_tables(run, PlainConsole(file=text, width=width))
        found = text.getvalue()
        store_entry(what, place, {}, {FILE: found.encode("utf-8", "surrogatepass")}, logging.INFO)
    return found


def _print_tables(run: Run, console: Console) -> None:
    from forecast.cli.summary_table import show_summary

    show_summary(run.summary, console, _labels(run))


def _labels(run: Run) -> dict[str, str]:
    """The labels of the parties in the scenario that the run keeps, by id; empty if they cannot be read."""
    try:
        parties = tomllib.loads((run.folder / PARTIES).read_text("utf-8"))["party"]
        return {name: str(party["label"]) for name, party in parties.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _text_of(_: dict[str, object], files: dict[str, bytes]) -> str:
    try:
        return files[FILE].decode("utf-8", "surrogatepass")
    except (KeyError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
