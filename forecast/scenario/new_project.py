"""A folder to work in, for somebody who installed the package: a copy of the scenarios, and a folder for runs."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from forecast.cache.owners import abandoned, mark
from forecast.errors import InputError, refusal_of
from forecast.locations import MARKER, ROOT, expanded, files_below

PRIORS, RUNS = "priors", "runs"
"""Folders of a project."""

_PART = ".priors-"


def new_project(folder: Path) -> list[str]:
    """Make a project: a copy of the package's scenarios in `priors`, and an empty folder `runs`.

    The copy appears whole or not at all.

    Args:
        folder: made if it does not exist; it may have other files.

    Returns:
        the names of the scenarios.

    Raises:
        InputError: the folder has scenarios already, or cannot be written; nothing is written.
        SystemRefusal: the system lacks space; nothing is written.
    """
    folder = expanded(folder)
    target = folder / PRIORS
    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    try:
        _refuse_taken(folder, target)
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        part = Path(tempfile.mkdtemp(prefix=_PART, dir=folder))
        try:
            mark(part)
            _copy(_own_scenarios(), part / PRIORS)
            (part / PRIORS).rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        (folder / RUNS).mkdir(exist_ok=True)
    except OSError as error:
        _unmake(made)
        raise refusal_of(error, folder) or InputError(
            f"it cannot be written ({error.strerror})", file=folder, remedy="Name another folder"
        ) from error
    except BaseException:  # an interrupt, too
        _unmake(made)
        raise
    return sorted(path.name for path in target.iterdir() if path.is_dir())


def _refuse_taken(folder: Path, target: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError("found a file; expected a folder or a new name", file=folder)
    if os.path.lexists(target):
        raise InputError("it exists already, and nothing is overwritten", file=target, remedy="Name another folder")
    if os.path.lexists(folder / RUNS) and not (folder / RUNS).is_dir():
        raise InputError("found a file; expected a folder or nothing", file=folder / RUNS, remedy="Move it elsewhere")


def _own_scenarios() -> Path:
    """The scenarios of the package: its own copy in a wheel, else those of the checkout."""
    return ROOT / PRIORS if (ROOT / PRIORS).is_dir() else ROOT.parent / PRIORS


def _copy(source: Path, target: Path) -> None:
    """Copy files, not their permissions: an installed package may be read-only."""
    for path in sorted(files_below(source)):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _clear(folder: Path) -> None:
    """Remove the hidden folders of killed processes."""
    for part in folder.glob(f"{_PART}*"):
        if not part.is_symlink() and abandoned(part):
            for path in (path for path in part.iterdir() if path.name != MARKER):
                shutil.rmtree(path, ignore_errors=True)
            shutil.rmtree(part, ignore_errors=True)


def _unmake(made: list[Path]) -> None:
    """Remove the folders that were made, innermost first, unless they contain something."""
    with contextlib.suppress(OSError):
        for path in made:
            path.rmdir()
