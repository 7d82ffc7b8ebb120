"""The inbox: files of evidence that are imported before the runs, each moved to where it ended.

A file that was imported moves to `imported/<date>/`. One that cannot be moves to `rejected/`, with its reason in a file
beside it. A file that is still being written is left: its name begins with a dot or ends like a partial download, or it
changes while the inbox is read. If the process is killed between import and move, the next import finds the rows there.
"""

import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from forecast.errors import ForecastError, InputError, SystemRefusal, refusal_of
from forecast.plain_text import one_line

IMPORTED, REJECTED = "imported", "rejected"
"""Folders in the inbox."""

REASON = ".reason.txt"
"""Suffix of the file with the reason, beside a file that was rejected."""

UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", "~")
"""Ends of the names of files that are still being written."""

LONGEST_NAME = 200
"""Most bytes of a name in the folders; a longer one is cut."""

STILL_SECONDS = 2.0
"""A file that changed less than this many seconds ago is looked at again after them."""

Importer = Callable[[Path], list[str]]
"""Imports a file and gives sentences about it. It raises a ForecastError if the file cannot be imported."""


@dataclass
class Taken:
    """The files of an inbox after a call.

    Attributes:
        imported: names, each with the sentences about it.
        rejected: names, each with the reason.
        left: names of files that are still being written.
        bug: the first exception of an import that is a bug.
    """

    imported: dict[str, list[str]] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    bug: BaseException | None = None


def waiting(inbox: Path) -> list[Path]:
    """The files in an inbox that can be imported, by name; none if there is no such folder.

    Raises:
        InputError: the inbox cannot be read, is not a folder, or serves something else: its files would be moved.
    """
    _check(inbox)
    return [path for path in _files(inbox) if not _unfinished(path)]


def counts(inbox: Path) -> dict[str, int]:
    """Numbers of files that wait, are being written, and were rejected."""
    files = _files(inbox)
    rejected = _files(inbox / REJECTED)
    unfinished = sum(_unfinished(path) for path in files)
    reasons = sum(path.name.endswith(REASON) for path in rejected)
    return {"waiting": len(files) - unfinished, "unfinished": unfinished, "rejected": reasons}


def take(inbox: Path, importer: Importer, today: date) -> Taken:
    """Import every file of an inbox and move it.

    Args:
        inbox: the folder.
        importer: imports one file.
        today: the date that names the folder of imported files.

    Raises:
        SystemRefusal: the system lacks space, memory or a lock; the file stays where it is.
        InputError: the inbox cannot be read or written.
    """
    taken = Taken()
    still, moving = _still(waiting(inbox))
    taken.left = [path.name for path in _files(inbox) if _unfinished(path)] + [path.name for path in moving]
    for path in still:
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise InputError("it is not a regular file", file=path.name, remedy="Copy the file itself")
            taken.imported[path.name] = importer(path)
        except SystemRefusal:
            raise
        except ForecastError as error:
            _reject(inbox, path, one_line(str(error)), taken)
        except FileNotFoundError:
            continue
        except Exception as error:
            if (refusal := refusal_of(error)) is not None and isinstance(refusal, SystemRefusal):
                raise refusal from error
            taken.bug = taken.bug or error
            _reject(inbox, path, f"a bug in the import: {one_line(repr(error))}", taken)
        else:
            _move(path, inbox / IMPORTED / today.isoformat())
    return taken


def folders_in(inbox: Path) -> list[str]:
    """Names of folders in an inbox that are not its own: nothing in them is imported."""
    try:
        return sorted(path.name for path in inbox.iterdir() if _is_other_folder(path))
    except OSError:
        return []  # `waiting` says why


def _is_other_folder(path: Path) -> bool:
    return path.name not in (IMPORTED, REJECTED) and not path.is_symlink() and path.is_dir()


def _check(inbox: Path) -> None:
    """Refuse a folder that was never an inbox and has folders: files in it serve something else."""
    if any((inbox / name).is_dir() for name in (IMPORTED, REJECTED)):
        return
    if found := folders_in(inbox):
        what = f"found the folder {found[0]!r} in it; expected a folder for files of evidence alone"
        raise InputError(what, file=inbox, key="inbox", remedy="Make a folder of its own and name that as inbox")


def _files(inbox: Path) -> list[Path]:
    try:
        return sorted(path for path in inbox.iterdir() if path.is_symlink() or not path.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        what = f"it cannot be read ({error.strerror})"
        raise refusal_of(error, inbox) or InputError(what, file=inbox, remedy="Name a folder as inbox") from error


def _unfinished(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower().endswith(UNFINISHED)


def _still(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """Divide files into those that do not change and those that do, after a short wait if any is new."""
    before = {path: _shape(path) for path in paths}
    now = time.time()
    if any(shape is not None and abs(now - shape[1]) < STILL_SECONDS for shape in before.values()):
        time.sleep(STILL_SECONDS)
    after = {path: _shape(path) for path in paths}
    still = [path for path in paths if after[path] is not None and after[path] == before[path]]
    return still, [path for path in paths if after[path] is not None and after[path] != before[path]]


def _shape(path: Path) -> tuple[int, float] | None:
    """Size and time of the last change; None if the file is gone."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime


def _reject(inbox: Path, path: Path, reason: str, taken: Taken) -> None:
    place = _move(path, inbox / REJECTED)
    taken.rejected[path.name] = reason
    try:
        place.with_name(place.name + REASON).write_text(f"{reason}\n", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        if refusal := refusal_of(error, place):
            raise refusal from error
        raise


def _move(path: Path, folder: Path) -> Path:
    """Move a file into a folder; a name that is taken gets a number."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name, number = _short(path.name), 1
        target = folder / name
        while target.is_symlink() or target.exists():
            number += 1
            target = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
        path.rename(target)
    except OSError as error:
        what = f"it cannot be moved ({error.strerror})"
        raise refusal_of(error, path) or InputError(what, file=path, remedy="Check the folder of the inbox") from error
    return target


def _short(name: str) -> str:
    """A file's name that leaves room for a number and for the suffix of the reason."""
    given = os.fsencode(name)
    if len(given) <= LONGEST_NAME:
        return name
    suffix = os.fsencode(Path(name).suffix)[-20:]
    return os.fsdecode(given[: LONGEST_NAME - len(suffix)] + suffix)
