"""A run's folder: what went in, what came out, and a manifest written last.

A run is named by its scenario, its as-of date and a digest of all that its numbers depend on: inputs, evidence seen,
settings, code and package versions. So the same run has the same name, and is the same bytes but for the times in its
manifest and for `posterior.nc`; made again, it takes the place of its former self. A folder without a manifest is no
run.
"""

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.errors import InputError
from forecast.store import atomic

SCHEMA = 2
"""Version of the layout of a run's folder and of `summary.json`."""

MANIFEST = "manifest.json"
KEPT = {"summary.json", "report.md", "timelines.parquet", "bands.parquet", "draws.parquet"}
"""Files that every run has beside its manifest."""

ANEW = "anew.json"
"""File of what each timeline draws its own parameters from: `names`, `mean` of their scores by draw, factor `chol`."""

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "llvmlite", "pymc", "pytensor", "nutpie", "arviz")
"""Packages whose version may move a number."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def start_file(member: str | None = None) -> str:
    """The file in which a run as of a later date keeps where its timelines start from; in a pool, those of a member."""
    return "start.npz" if member is None else f"start_{member}.npz"


def runs_folder(given: Path | None) -> Path:
    """Where runs are kept: the path given, `$FORECAST_RUNS`, or `./runs`."""
    if given is not None:
        return given
    named = os.environ.get("FORECAST_RUNS")
    return Path(named) if named else Path("runs")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that may move a number."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def to_json(content: Any) -> str:
    """JSON as the project writes it: sorted as given, two spaces, no NaN, a newline at the end."""
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table; days are written as timestamps without a zone, words as dictionaries."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    plain = pa.Table.from_pandas(table, preserve_index=False)
    for k, column in enumerate(plain.schema):
        if pa.types.is_timestamp(column.type):
            plain = plain.set_column(k, column.name, plain.column(k).cast(pa.timestamp("ms")))
    pq.write_table(plain.replace_schema_metadata(None), path, compression="zstd", row_group_size=65_536)


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a table that `write_parquet` wrote.

    Raises:
        InputError: it is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            "cannot be read: it is missing or damaged", file=path, mend="Run the forecast again"
        ) from error
    for name in table.columns:
        if table[name].dtype.kind == "M":
            table[name] = table[name].astype("datetime64[s]")
    return table


@dataclass(frozen=True)
class Run:
    """A saved run.

    Attributes:
        folder: its folder.
        manifest: who made it, when, from what: see `manifest.json`.
    """

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The odds and what belongs to them, as in `summary.json`."""
        return _read_json(self.folder / "summary.json")

    @cached_property
    def timelines(self) -> pd.DataFrame:
        """One row a timeline, of a pool those of each member; the columns are explained in `docs/timelines.md`."""
        return read_parquet(self.folder / "timelines.parquet")

    @property
    def weights(self) -> dict[str, float] | None:
        """The weights of the members of a pool, by name, as the odds of its timelines take them; else None."""
        told = self.summary.get("perspectives")
        return None if told is None else {name: entry["weight"] for name, entry in told.items()}

    @cached_property
    def draws(self) -> pd.DataFrame:
        """Every draw of the posterior: a column for each prior, in its unit, and `log_prior`."""
        return read_parquet(self.folder / "draws.parquet")

    @cached_property
    def bands(self) -> pd.DataFrame:
        """Weekly quantiles of every level."""
        return read_parquet(self.folder / "bands.parquet")

    @cached_property
    def report(self) -> str:
        """The page in plain words."""
        return (self.folder / "report.md").read_text(encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(
            "cannot be read: it is missing or damaged", file=path, mend="Run the forecast again"
        ) from error
    if not isinstance(content, dict):
        raise InputError("is not a JSON object", file=path, mend="Run the forecast again")
    return content


def open_run(run: str | Path = "latest", runs: Path | None = None) -> Run:
    """Open a saved run.

    Args:
        run: its name, its folder, or `latest`: the greatest as-of date, then the latest start.
        runs: the folder that runs are kept in; by default `$FORECAST_RUNS`, else `./runs`.

    Raises:
        InputError: no such run, a name that is none, or a folder that is damaged.
    """
    kept = runs_folder(runs)
    if isinstance(run, Path):
        folder = run
    elif run == "latest":
        found = list_runs(kept)
        if not found:
            raise InputError(f"no run in {kept}", key="run", mend="Make one with: forecast run")
        folder = max(found, key=lambda r: (r.manifest["as_of"], r.manifest["started"])).folder
    elif not _NAME.fullmatch(run):
        raise InputError(
            f"{run!r} is not a run's name",
            key="run",
            mend="Names hold letters, digits, dots, dashes and underscores",
        )
    else:
        folder = kept / run
    if not (folder / MANIFEST).is_file():
        raise InputError(f"{folder} is no run: it has no {MANIFEST}", key="run", mend=f"Runs kept: {_names(kept)}")
    manifest = _read_manifest(folder)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _file_digest(path) != digest:
            raise InputError("is missing or was changed since the run", file=path, mend="Run the forecast again")
    return Run(folder, manifest)


def list_runs(kept: Path) -> list[Run]:
    """The runs in a folder, by name; their files are not checked.

    Raises:
        InputError: a manifest is damaged.
    """
    return [Run(folder, _read_manifest(folder)) for folder in _folders(kept)]


def _folders(kept: Path) -> list[Path]:
    """Folders that have a manifest; hidden ones are being written."""
    return sorted(path.parent for path in kept.glob(f"*/{MANIFEST}") if not path.parent.name.startswith("."))


def _names(kept: Path) -> str:
    names = [folder.name for folder in _folders(kept)]
    return ", ".join(names[-5:]) if names else "none"


def _read_manifest(folder: Path) -> dict[str, Any]:
    """A manifest, checked.

    Raises:
        InputError: it is no JSON, lacks what every manifest has, or is of another schema.
    """
    path, again = folder / MANIFEST, "Remove the folder, or run the forecast again"
    manifest = _read_json(path)
    if missing := sorted({"id", "schema", "as_of", "started", "files"} - set(manifest)):
        raise InputError(f"lacks {', '.join(missing)}", file=path, mend=again)
    if manifest["schema"] != SCHEMA:
        raise InputError(f"has schema {manifest['schema']!r}; this version reads {SCHEMA}", file=path)
    for key in ("id", "as_of", "started"):
        if not isinstance(manifest[key], str):
            raise InputError(f"found {manifest[key]!r}; allowed is text", file=path, key=key, mend=again)
    files = manifest["files"]
    if not isinstance(files, dict) or KEPT - set(files):
        raise InputError("allowed is a table with the hash of every file", file=path, key="files", mend=again)
    return manifest


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(texts: Mapping[str, str]) -> str:
    """Hash of named texts."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    return digest.hexdigest()


def run_name(scenario: str, as_of: date, depends_on: Any) -> str:
    """Name of a run: scenario, as-of date and a digest of all that its numbers depend on."""
    digest = hashlib.sha256(to_json(depends_on).encode()).hexdigest()
    return f"{scenario}_{as_of.isoformat()}_{digest[:10]}"


class Writer:
    """Writes a run's folder whole or not at all: into a hidden one, renamed when the manifest is in.

    Use as a context manager; leaving it by an exception removes what was written.
    """

    def __init__(self, kept: Path, name: str) -> None:
        self.target = kept / name
        self._made: list[Path] = []
        try:
            self._made = [path for path in (kept, *kept.parents) if not path.exists()]
            kept.mkdir(parents=True, exist_ok=True)
            atomic.settle(kept)
            self.folder = atomic.new_folder(kept, name)
        except OSError as error:
            self._unmake()
            raise InputError(
                f"runs cannot be kept in {kept}: {error.strerror}",
                key="--runs",
                mend="Name a folder that can be written",
            ) from error
        self.folder.chmod(0o755)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        if kind is not None:
            with contextlib.suppress(OSError):
                atomic.settle(self.folder.parent)
            self._unmake()

    def _unmake(self) -> None:
        """Take away the folders that were made for the run, innermost first, if nothing else is in them."""
        with contextlib.suppress(OSError):
            for path in self._made:
                path.rmdir()

    def rename(self, name: str) -> None:
        """Give the run the name that it will have."""
        self.target = self.target.with_name(name)

    def text(self, name: str, content: str) -> None:
        """Write a text file, as UTF-8 with plain newlines."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")

    def finish(self, manifest: dict[str, Any]) -> Run:
        """Write the manifest with the hash of every file, and put the folder in its place.

        A run of the same name that stands there is removed only then.

        Raises:
            InputError: a file that is no run stands there.
        """
        if self.target.is_file():  # asked once: another process may be putting the same run there
            raise InputError("a file stands where the run belongs", file=self.target, mend="Move it elsewhere")
        files = atomic.files_below(self.folder)
        manifest = manifest | {
            "files": {path.relative_to(self.folder).as_posix(): _file_digest(path) for path in files}
        }
        self.text(MANIFEST, to_json(manifest))
        atomic.put(self.folder, self.target)
        return Run(self.target, manifest)
