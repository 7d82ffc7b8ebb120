"""The scenario folder that evidence is written to: found, locked, and its files replaced one by one.

A file is written beside its place and then renamed, so that a killed process leaves the old file or the new one. Two
processes write one after the other, each on the files that the other left.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from forecast.errors import InputError, SystemRefusal
from forecast.locations import ROOT, folder_in_variable
from forecast.scenario.find import MARK, VARIABLE, find_scenario
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store.whole_file import remove_parts, replace_file

LOCK = ".evidence.lock"
"""File in `evidence/` that a process locks while it adds rows; hidden files do not belong to a scenario."""

PATIENCE = 60.0
"""Seconds to wait for another process that adds evidence."""


def writable_scenario(scenario: str | Path | None = None, priors: Path | None = None) -> Path:
    """Find the folder of a scenario that evidence may be written to.

    Args:
        scenario: a name or a folder, as for `find_scenario`.
        priors: a folder of scenarios, to look for the name in.

    Raises:
        InputError: there is no such scenario; it belongs to the installed package, or to a checkout that the current
            folder does not lie in.
    """
    folder = find_scenario(scenario, priors=priors).resolve()
    if not (folder / MARK).is_file():
        raise InputError(f"it has no {MARK}; expected the folder of a scenario", file=folder)
    checkout = ROOT.parent if (ROOT.parent / "pyproject.toml").is_file() else None
    if folder.is_relative_to(ROOT) or (checkout is None and folder.is_relative_to(ROOT.parent)):
        raise _not_ours(folder, "belongs to the installed package, which is never changed")
    asked = priors is not None or folder_in_variable(VARIABLE) is not None or _is_path(scenario)
    if checkout is not None and not asked and folder.is_relative_to(checkout) and not _inside(checkout):
        raise _not_ours(folder, "belongs to the program's own checkout, and the current folder is outside it")
    return folder


def _inside(folder: Path) -> bool:
    """Whether the current folder lies in another."""
    return Path.cwd().resolve().is_relative_to(folder)


def _is_path(scenario: str | Path | None) -> bool:
    """Whether a scenario was given as a folder and not as a name."""
    return isinstance(scenario, Path) or (scenario is not None and ("/" in scenario or Path(scenario).is_dir()))


def _not_ours(folder: Path, why: str) -> InputError:
    remedy = "Make a folder of your own with: forecast init DIR; then work there, or name it with --priors DIR/priors"
    return InputError(f"the scenario {why}", file=folder, remedy=remedy)


@contextlib.contextmanager
def only_writer(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Wait until no other process adds evidence to a scenario, and remove what a killed one left unfinished.

    Args:
        folder: the scenario's folder.
        patience: seconds to wait.

    Raises:
        SystemRefusal: another process still adds evidence.
        OSError: the folder cannot be written.
    """
    place = folder / "evidence"
    lock = FileLock(place / LOCK, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        what = f"{place}: another process is adding evidence. Run the command again later"
        raise SystemRefusal(what) from error
    try:
        remove_parts(place)
        yield
    finally:
        lock.release()


def replace_files(folder: Path, texts: Mapping[str, str], *, record: bool = False) -> Scenario:
    """Write files of `evidence/`, if the scenario loads with them; the caller is the only writer.

    Args:
        folder: the scenario's folder.
        texts: the new content of files, by name.
        record: refuse events and states that contradict each other, under every reading.

    Returns:
        The scenario as it stands with the new files.

    Raises:
        InputError: the scenario does not load with them, or a file is a link; nothing was written.
    """
    for name in texts:
        if (folder / "evidence" / name).is_symlink():
            raise InputError("it is a link; expected the file", file=folder / "evidence" / name)
    scenario = _tried(folder, texts, record)
    for name, text in texts.items():
        replace_file(folder / "evidence" / name, text.encode())
    return scenario


def _tried(folder: Path, texts: Mapping[str, str], record: bool) -> Scenario:
    """Load a copy of the scenario with new files."""
    with tempfile.TemporaryDirectory(prefix="forecast-") as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".*"))
        for name, text in texts.items():
            (copy / "evidence" / name).write_bytes(text.encode())
        scenario = load_scenario(copy)
        if record:
            scenario.chronology.check()
        return scenario
