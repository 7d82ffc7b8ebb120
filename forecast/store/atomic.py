"""Replacing a folder by a new one of the same name, so that one of the two survives every failure.

Work is done in a hidden folder `.NAME-XXXXXXXX` beside its place. The folder has a marker file, by which it is known as
ours; a hidden folder without the marker is never touched. Inside are `new`, the folder being written, and for a moment
`former/NAME`, the folder that it replaces, and `gone`, a former folder being removed.

First the former folder is moved aside. Then the new folder is moved into its place. Only then is the former folder
removed. A failure in between is undone at once. If a process is killed in between, the next process that saves
something in the same place repairs it (`settle`).
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from forecast.cache.owners import abandoned, mark, old
from forecast.locations import MARKER, files_below
from forecast.store.manifest import own_files

NEW, FORMER, GONE = "new", "former", "gone"
"""Names inside a hidden folder."""

_WORK = re.compile(r"\.[A-Za-z0-9._-]+_\d{4}-\d\d-\d\d_[0-9a-f]{10}-[a-z0-9_]{8}")
"""Names of the hidden folders of runs."""

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.ENOSYS, errno.EACCES, errno.EPERM)
_NOT_OPENED = (*_NO_SYNC, errno.EISDIR)


def new_folder(kept: Path, name: str) -> Path:
    """Make a folder to write in, inside a hidden folder; `put` gives it its place and name."""
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=kept))
    try:
        mark(work)
        (work / NEW).mkdir()
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return work / NEW


class NotOurs(Exception):
    """Something that is not a saved run has the name of a run. It is left in its place."""


def put(folder: Path, target: Path, carry: Callable[[Path], bool] = lambda _: False) -> None:
    """Move a finished folder to its place; the run that was there is removed.

    Args:
        folder: from `new_folder`, for the same parent folder as the target.
        target: its place.
        carry: called with the former run, if there is one; copies into the folder whatever must outlive it, and
            returns whether there was anything.

    Raises:
        NotOurs: something that is not a saved run is there; it is back in its place.
        OSError: the folder cannot be moved there; the former one is back in its place.
    """
    _to_disk(folder)
    former = folder.parent / FORMER / target.name
    former.parent.mkdir()
    with _turn(target.parent):
        while True:
            try:
                with contextlib.suppress(FileNotFoundError):
                    target.rename(former)
                # Checked after the move: by now nobody can replace it.
                if os.path.lexists(former):
                    # Where the file system has no locks, another process may move it back at any time.
                    if not ours(former) and os.path.lexists(former):
                        raise NotOurs
                    if carry(former):
                        _to_disk(folder)
                folder.rename(target)
                return
            except OSError as error:
                # Without locks, another process may have moved a folder there, or the former one back, meanwhile.
                moved_back = error.errno == errno.ENOENT and folder.is_dir() and not os.path.lexists(former)
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) and not moved_back:
                    raise
            finally:
                _restore(folder.parent, target.parent)


def remove(kept: Path, paths: Sequence[Path]) -> None:
    """Remove folders in one step each: they are moved into a hidden folder first, so that nobody sees a part of one.

    If the process is killed in between, the next one that saves something removes the rest.

    Args:
        kept: folder of saved runs.
        paths: folders in it or below it, at least one; one that is gone is skipped.

    Raises:
        OSError: a folder cannot be moved.
    """
    folder = new_folder(kept, paths[0].name)
    try:
        with _turn(kept):
            for number, path in enumerate(paths):
                place = folder.parent / f"{GONE}{number}"
                place.mkdir()
                with contextlib.suppress(FileNotFoundError):
                    path.rename(place / path.name)
    finally:
        discard(folder)


def discard(folder: Path) -> None:
    """Remove a folder from `new_folder` with its hidden folder, if it has not been put in its place."""
    _restore(folder.parent, folder.parent.parent)
    _remove(folder.parent)


def settle(kept: Path) -> None:
    """Repair a folder after killed processes: former folders return to their places, leftovers are removed.

    Only hidden folders with our marker are touched, and empty ones with a name that `new_folder` gives.
    """
    for work in kept.glob(".*"):
        with contextlib.suppress(OSError):
            if work.is_symlink() or not (work / MARKER).is_file():
                if _WORK.fullmatch(work.name) and old(work):
                    work.rmdir()  # killed before it had its marker; fails if it has a file
                continue
            with _turn(kept):
                _restore(work, kept)
                # A former folder that could not be moved back stays, as does everything of a process that runs.
                if abandoned(work) or _done(work):
                    _remove(work)


def _done(work: Path) -> bool:
    """Whether the new folder has been put in its place, and nothing is left to do but to remove the hidden one."""
    return (work / FORMER).exists() and not (work / NEW).exists()


def ours(folder: Path) -> bool:
    """Whether a folder is a saved run, by its manifest."""
    return not folder.is_symlink() and own_files(folder) is not None


def _restore(work: Path, kept: Path) -> None:
    """Move a former folder back to its place. If another is there, remove the former one, provided that it is a run.

    If that fails, the next process tries again.
    """
    with contextlib.suppress(OSError):
        for former in (work / FORMER).iterdir():
            target = kept / former.name
            if not os.path.lexists(target):
                former.rename(target)
            elif ours(former):
                # Moved first: a folder that is removed in part must never be moved back.
                gone = Path(tempfile.mkdtemp(prefix=GONE, dir=work))
                former.rename(gone / former.name)
                shutil.rmtree(gone, ignore_errors=True)


def _remove(work: Path) -> None:
    """Remove a hidden folder, its marker last; a former folder that could not be moved back stays."""
    for part in work.glob(f"{GONE}*"):
        shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(work / NEW, ignore_errors=True)
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileNotFoundError):
            (work / FORMER).rmdir()
        (work / MARKER).unlink(missing_ok=True)
        work.rmdir()


@contextlib.contextmanager
def _turn(kept: Path) -> Iterator[None]:
    """Wait until no other process moves folders here; a process that is killed releases the lock."""
    lock = os.open(kept, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _to_disk(folder: Path) -> None:
    """Wait until all files below a folder are on the disk, where the file system can say so."""
    for path in files_below(folder):
        if not path.is_symlink():
            _sync(path, ())
    for at, _, _ in folder.walk():
        _sync(at, _NOT_OPENED)


def _sync(path: Path, unopened: tuple[int, ...]) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno in unopened:
            return
        raise
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(file)
