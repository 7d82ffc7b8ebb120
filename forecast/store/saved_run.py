"""A saved run, and how it is found and opened.

The name of a run has its scenario, its as-of date and a digest of everything that its numbers depend on: inputs,
evidence seen, settings, code and package versions. So the same run has the same name and the same bytes, except for the
times in its manifest and for `posterior.nc`. If it is made again, it replaces the former one. A folder without a
manifest is not a run.
"""

import contextlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import InputError, refusal_of
from forecast.inputs.parsing import given_folder
from forecast.locations import data_root, expanded, folder_in_variable, in_project
from forecast.plain_text import without_middle
from forecast.store import atomic, schema_1
from forecast.store.digests import file_digest
from forecast.store.json_text import read_object
from forecast.store.manifest import DRAWS, MANIFEST, TIMELINES, read_manifest

if TYPE_CHECKING:
    import pandas as pd  # the tables are read when they are asked for: a run is found and shown without pandas

VARIABLE = "FORECAST_RUNS"
"""Environment variable that names the folder of saved runs."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")

_log = logging.getLogger("forecast")


def runs_folder(given: str | Path | None) -> Path:
    """The folder of saved runs: the path given, `$FORECAST_RUNS`, `./runs` in a project, or `runs` in the user's data.

    Raises:
        InputError: it is an empty text, or something else than a folder is there.
    """
    folder = expanded(given_folder(given, "runs")) if given is not None else folder_in_variable(VARIABLE) or _usual()
    there = False
    with contextlib.suppress(OSError):
        there = folder.exists() and not folder.is_dir()
    if there:
        raise InputError("it is not a folder", file=folder, remedy="Name another with --runs")
    return folder


def _usual() -> Path:
    data = None if in_project() else data_root()
    return Path("runs") if data is None else data / "runs"


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
        content = read_object(self.folder / "summary.json")
        return schema_1.summary_of(content) if self._first_schema else content

    @cached_property
    def timelines(self) -> "pd.DataFrame":
        """One row a timeline, in a pool those of all members; `docs/timelines.md` explains the columns."""
        from forecast.encoding.timeline_table import with_later_columns

        table = self._table(TIMELINES)
        return with_later_columns(schema_1.timelines_of(table) if self._first_schema else table)

    @property
    def weights(self) -> dict[str, float] | None:
        """The weights of the members of a pool, by name, for `odds`; None for a run of one perspective."""
        members = self.summary.get("perspectives")
        return None if members is None else {name: entry["weight"] for name, entry in members.items()}

    @cached_property
    def draws(self) -> "pd.DataFrame":
        """The draws that timelines use, by their number `draw`: each prior in its unit, and `log_prior`."""
        table = self._table(DRAWS)
        return table.set_index("draw") if "draw" in table else table.rename_axis("draw")

    @cached_property
    def bands(self) -> "pd.DataFrame":
        """Weekly quantiles of every level."""
        table = self._table("bands.parquet")
        return schema_1.bands_of(table) if self._first_schema else table

    def _table(self, name: str) -> "pd.DataFrame":
        from forecast.store.parquet import read_parquet

        return read_parquet(self.folder / name)

    @cached_property
    def report(self) -> str:
        """The report, as Markdown."""
        return (self.folder / "report.md").read_text(encoding="utf-8")


def open_run(run: str | Path = "latest", runs: str | Path | None = None) -> Run:
    """Open a saved run.

    Args:
        run: its name, its folder, or `latest`: the greatest as-of date, then the latest start.
        runs: the folder of saved runs; by default that of `runs_folder`.

    Raises:
        InputError: there is no such run, the name is not valid, or the folder is damaged.
    """
    kept = runs_folder(runs)
    settled(kept)
    if isinstance(run, Path):
        folder = expanded(run)
    elif run == "latest":
        folder = _latest(kept)
    elif not _NAME.fullmatch(run):
        raise InputError(
            f"{without_middle(run)!r} is not a run's name",
            key="run",
            remedy="Names hold letters, digits, dots, dashes and underscores",
        )
    else:
        folder = kept / run
    if not has_manifest(folder):
        raise InputError(
            f"{folder} is not a run: it has no {MANIFEST}", key="run", remedy=f"Saved runs: {_names(kept)}"
        )
    manifest = read_manifest(folder)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or file_digest(path) != digest:
            raise InputError("is missing or was changed since the run", file=path, remedy="Run the forecast again")
    return Run(folder, manifest)


def settled(kept: Path) -> None:
    """Put a run back that a killed process was replacing; a folder that cannot be written stays as it is."""
    with contextlib.suppress(OSError):
        atomic.settle(kept)


def _latest(kept: Path) -> Path:
    """The folder of the run with the greatest as-of date, then the latest start; one that lacks a file is skipped.

    Raises:
        InputError: there is none.
    """
    found = sorted(list_runs(kept), key=lambda r: (r.manifest["as_of"], r.manifest["started"]))
    if not found:
        what = "no run in the present folder" if kept == Path() else f"no run in {kept}"
        raise InputError(what, key="run", remedy="Make one with: forecast run")
    for run in reversed(found):
        missing = next((name for name in run.manifest["files"] if not (run.folder / name).is_file()), None)
        if missing is None:
            return run.folder
        _log.warning("skipped, because it is not a sound run: %s is missing", run.folder / missing)
    return found[-1].folder


def list_runs(kept: Path) -> list[Run]:
    """The runs in a folder, by name; their files are not checked.

    A folder with a damaged or a foreign manifest is skipped, with a warning.

    Raises:
        InputError: there are such folders only; the error is that of the first.
    """
    settled(kept)
    found, wrong = [], []
    for folder in _folders(kept):
        try:
            found.append(Run(folder, read_manifest(folder)))
        except InputError as error:
            wrong.append(error)
    if wrong and not found:
        raise wrong[0]
    for fault in wrong:
        _log.warning("skipped, because it is not a sound run: %s", fault)
    return found


def _folders(kept: Path) -> list[Path]:
    """Folders that have a manifest. Hidden folders are still being written.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    try:
        return sorted(path for path in kept.iterdir() if not path.name.startswith(".") and has_manifest(path))
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


def _names(kept: Path) -> str:
    names = [folder.name for folder in _folders(kept)]
    return ", ".join(names[-5:]) if names else "none"
