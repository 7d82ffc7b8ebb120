"""The manifest of a run, and the files that every run has."""

from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.inputs.parsing import parse_day, shortened
from forecast.store.json_text import read_object

SCHEMA = 2
"""Version of the layout of a run's folder and of `summary.json`."""

READ = (1, SCHEMA)
"""Versions that can be read; `forecast.store.schema_1` translates the first."""

MANIFEST = "manifest.json"
ATTACHED = "attached"
"""Folder beside the runs with the files that are made from them later; it is never taken for a run."""

DRAWS, TIMELINES, SUMMARY = "draws.parquet", "timelines.parquet", "summary.json"
KEPT = {SUMMARY, "report.md", TIMELINES, "bands.parquet", DRAWS}
"""Files that every run has in addition to its manifest."""

REDRAWN = "redrawn.json"
"""File of the distribution from which each timeline draws its own parameters: `names`, `mean` and `chol` of scores."""


def start_file(member: str | None = None) -> str:
    """The file of the states that timelines start from after the particle filter; in a pool, those of a member."""
    return "start.npz" if member is None else f"start_{member}.npz"


def own_files(folder: Path) -> set[str] | None:
    """The files that a saved run of ours has, its manifest included; None if the folder is not such a run."""
    try:
        manifest = read_object(folder / MANIFEST)
    except InputError:
        return None
    files = manifest.get("files")
    ours = isinstance(files, dict) and manifest.get("id") == folder.name and {"schema", "as_of"} <= set(manifest)
    return {MANIFEST, *files} if ours and isinstance(files, dict) else None


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a manifest and check it.

    Raises:
        InputError: it is not JSON, lacks a key that every manifest has, or has a schema that is not known.
    """
    path, again = folder / MANIFEST, "Remove the folder, then run the forecast again"
    manifest = read_object(path, again)
    if missing := sorted({"id", "schema", "as_of", "started", "files"} - set(manifest)):
        raise InputError(f"lacks {', '.join(missing)}", file=path, remedy=again)
    if manifest["schema"] not in READ:
        what = f"has schema {shortened(manifest['schema'])}; this version reads {' and '.join(map(str, READ))}"
        raise InputError(what, file=path, remedy="Run the forecast again, or read it with the version that made it")
    for key in ("id", "as_of", "started"):
        if not isinstance(manifest[key], str):
            raise InputError(f"found {shortened(manifest[key])}; expected text", file=path, key=key, remedy=again)
    try:
        parse_day(manifest["as_of"])
    except ValueError as error:
        what = f"found {shortened(manifest['as_of'])}; expected {error}"
        raise InputError(what, file=path, key="as_of", remedy=again) from None
    files = manifest["files"]
    if not isinstance(files, dict) or KEPT - set(files):
        raise InputError("expected a table with the hash of every file", file=path, key="files", remedy=again)
    return manifest
