"""Whether a saved run is as it was saved: its files against its manifest, and the manifest against its name."""

from pathlib import Path
from typing import Any

from forecast.errors import InputError
from forecast.locations import files_below
from forecast.store.digests import digest_of, file_digest, run_name
from forecast.store.manifest import MANIFEST, read_manifest
from forecast.store.marks import Publication
from forecast.store.record import manifest_sha256
from forecast.store.run_folder import Run

INPUTS = "inputs/"
"""Folder of a run from which it is recomputed: a file in it that is not the run's could change the result."""


def changes(folder: Path, publication: Publication | None = None) -> tuple[Run | None, list[str]]:
    """Open a run for a check of its files.

    Args:
        folder: of the run; has a manifest.
        publication: the record of its publication, if any.

    Returns:
        The run, None if its manifest cannot be read; and each difference from the time when it was saved, a phrase
        that begins with the name of the file.

    Raises:
        InputError: the run has a schema that this version does not know.
    """
    try:
        run = Run(folder, read_manifest(folder))
    except InputError as error:
        if "has schema" in error.what:
            raise
        return None, [f"{MANIFEST}: {error.what}"]
    found = _manifest_faults(run, publication)
    for name, digest in run.manifest["files"].items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif file_digest(path) != digest:
            found.append(f"{name} was changed")
    own = set(run.manifest["files"])
    there = sorted(path.relative_to(folder).as_posix() for path in files_below(folder))
    found += [f"{name} was added" for name in there if name.startswith(INPUTS) and name not in own]
    return run, found


def _manifest_faults(run: Run, publication: Publication | None) -> list[str]:
    """Differences of the manifest from its name, from the inputs and from its publication."""
    manifest, found = run.manifest, []
    if manifest["id"] != run.id:
        found.append(f"{MANIFEST} is that of {str(manifest['id'])[:80]}")
    if publication is not None and manifest_sha256(run) != publication.manifest_sha256:
        found.append(f"{MANIFEST} was changed since the run was published at {publication.published}")
    if manifest["schema"] != 1 and manifest["id"] != _name(manifest):
        found.append(f"{MANIFEST} was changed: its settings, hashes or versions are not those of its name")
    return found


def _name(manifest: Any) -> str | None:
    """The name that follows from a manifest; None if it lacks something."""
    try:
        from datetime import date

        depends_on = [manifest["settings"], manifest["hashes"], manifest["versions"]]
        return run_name(manifest["scenario"], date.fromisoformat(manifest["as_of"]), depends_on)
    except (KeyError, TypeError, ValueError):
        return None


def inputs_digest(run: Run) -> str:
    """SHA-256 of the texts that a run was made from, as its manifest has it under `hashes.inputs`."""
    names = [name for name in run.manifest["files"] if name.startswith((f"{INPUTS}priors/", f"{INPUTS}priors.json"))]
    return digest_of(
        {name.removeprefix(INPUTS): (run.folder / name).read_bytes().decode("utf-8") for name in sorted(names)}
    )
