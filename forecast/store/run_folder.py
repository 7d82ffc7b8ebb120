"""A saved run: its folder and manifest, and its tables, read when they are asked for.

The libraries for tables are imported with the first table, so that commands that only list runs start quickly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import refusal_of
from forecast.store.json_text import read_object
from forecast.store.manifest import ATTACHED, DRAWS, MANIFEST, SUMMARY, TIMELINES

if TYPE_CHECKING:
    import pandas as pd


def summary_in(folder: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a run's `summary.json`, with the names of the present schema.

    Raises:
        InputError: the file is missing or damaged.
    """
    content = read_object(folder / SUMMARY)
    if manifest["schema"] != 1:
        return content
    from forecast.store import schema_1

    return schema_1.summary_of(content)


@dataclass(frozen=True, repr=False)
class Run:
    """A saved run.

    Attributes:
        folder: its folder.
        manifest: its inputs, settings and versions, from `manifest.json`.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def __repr__(self) -> str:
        """Show the folder, not the manifest."""
        return f"Run({str(self.folder)!r})"

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def _first_schema(self) -> bool:
        return bool(self.manifest["schema"] == 1)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`: the odds and everything that goes with them."""
        return summary_in(self.folder, self.manifest)

    @cached_property
    def timelines(self) -> "pd.DataFrame":
        """One row a timeline, in a pool those of all members; `docs/timelines.md` explains the columns."""
        from forecast.encoding.timeline_table import with_later_columns
        from forecast.store import schema_1
        from forecast.store.parquet import read_parquet

        table = read_parquet(self.folder / TIMELINES)
        return with_later_columns(schema_1.timelines_of(table) if self._first_schema else table)

    @property
    def weights(self) -> dict[str, float] | None:
        """The weights of the members of a pool, by name, for `odds`; None for a run of one perspective."""
        members = self.summary.get("perspectives")
        return None if members is None else {name: entry["weight"] for name, entry in members.items()}

    @cached_property
    def draws(self) -> "pd.DataFrame":
        """The draws that timelines use, by their number `draw`: each prior in its unit, and `log_prior`."""
        from forecast.store.parquet import read_parquet

        table = read_parquet(self.folder / DRAWS)
        return table.set_index("draw") if "draw" in table else table.rename_axis("draw")

    @cached_property
    def bands(self) -> "pd.DataFrame":
        """Weekly quantiles of every level."""
        from forecast.store import schema_1
        from forecast.store.parquet import read_parquet

        table = read_parquet(self.folder / "bands.parquet")
        return schema_1.bands_of(table) if self._first_schema else table

    @cached_property
    def report(self) -> str:
        """The report, as Markdown."""
        return (self.folder / "report.md").read_text(encoding="utf-8")


def run_folders(kept: Path) -> list[Path]:
    """Folders that have a manifest, sorted. Hidden folders are still being written; `attached` is never a run.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    try:
        return sorted(path for path in kept.iterdir() if _may_be_run(path.name) and has_manifest(path))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise refusal_of(error, kept) or error from error


def has_manifest(folder: Path) -> bool:
    """Whether a folder has a manifest; false also where that cannot be seen."""
    try:
        return (folder / MANIFEST).is_file()
    except OSError:
        return False


def _may_be_run(name: str) -> bool:
    return not name.startswith(".") and name != ATTACHED
