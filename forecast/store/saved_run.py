"""A saved run, and how it is found and opened.

The name of a run has its scenario, its as-of date and a digest of everything that its numbers depend on: inputs,
evidence seen, settings, code and package versions. So the same run has the same name and the same bytes, except for the
times in its manifest and for `posterior.nc`. If it is made again, it replaces the former one. A folder without a
manifest is not a run.
"""

import contextlib
import logging
import re
from pathlib import Path

from forecast.errors import InputError
from forecast.inputs.parsing import given_folder
from forecast.locations import data_root, expanded, folder_in_variable, in_project
from forecast.plain_text import without_middle
from forecast.store import atomic
from forecast.store.digests import file_digest
from forecast.store.manifest import ATTACHED, MANIFEST, read_manifest
from forecast.store.record import note_on_latest
from forecast.store.record import previous as previous_of_record
from forecast.store.run_folder import Run as Run
from forecast.store.run_folder import has_manifest as has_manifest
from forecast.store.run_folder import run_folders

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


def open_run(run: str | Path = "latest", runs: str | Path | None = None) -> Run:
    """Open a saved run.

    Args:
        run: its name, its folder, or `latest`: the greatest as-of date, then the latest start; or `previous`: the
            run of record before the latest, see `forecast.store.record`.
        runs: the folder of saved runs; by default that of `runs_folder`.

    Raises:
        InputError: there is no such run, the name is not valid, or the folder is damaged.
    """
    folder = find_run(run, runs)
    manifest = read_manifest(folder)
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or file_digest(path) != digest:
            raise InputError("is missing or was changed since the run", file=path, remedy="Run the forecast again")
    return Run(folder, manifest)


def find_run(run: str | Path = "latest", runs: str | Path | None = None) -> Path:
    """The folder of a saved run; its files are not checked.

    Args:
        run: see `open_run`.
        runs: see there.

    Raises:
        InputError: there is no such run, or the name is not valid.
    """
    kept = runs_folder(runs)
    settled(kept)
    if isinstance(run, Path):
        folder = expanded(run)
    elif run == "latest":
        folder = _latest(kept)
        if note := note_on_latest(Run(folder, read_manifest(folder))):
            _log.warning("%s", note)
    elif run == "previous":
        folder = _previous(kept)
    elif not _NAME.fullmatch(run):
        raise InputError(
            f"{without_middle(run)!r} is not a run's name",
            key="run",
            remedy="Names hold letters, digits, dots, dashes and underscores",
        )
    else:
        folder = kept / run
    if folder.name == ATTACHED:
        what = f"{ATTACHED} has the files that were made from runs; it is not a run"
        raise InputError(what, file=folder, key="run", remedy=f"Saved runs: {_names(kept)}")
    if not has_manifest(folder):
        raise InputError(
            f"{folder} is not a run: it has no {MANIFEST}", key="run", remedy=f"Saved runs: {_names(kept)}"
        )
    return folder


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


def _previous(kept: Path) -> Path:
    """The folder of the run of record before the latest run.

    Raises:
        InputError: there is none.
    """
    latest = _latest(kept)
    found = previous_of_record(Run(latest, read_manifest(latest)))
    if found is None:
        what = f"there is no run of record before {latest.name}, the latest run"
        raise InputError(what, key="run", remedy="Name one; `forecast list --all` shows every run")
    return found.folder


def list_runs(kept: Path) -> list[Run]:
    """The runs in a folder, by name; their files are not checked.

    A folder with a damaged or a foreign manifest is skipped, with a warning.

    Raises:
        InputError: there are such folders only; the error is that of the first.
    """
    settled(kept)
    found, wrong = [], []
    for folder in run_folders(kept):
        try:
            found.append(Run(folder, read_manifest(folder)))
        except InputError as error:
            wrong.append(error)
    if wrong and not found:
        raise wrong[0]
    for fault in wrong:
        _log.warning("skipped, because it is not a sound run: %s", fault)
    return found


def _names(kept: Path) -> str:
    names = [folder.name for folder in run_folders(kept)]
    return ", ".join(names[-5:]) if names else "none"
