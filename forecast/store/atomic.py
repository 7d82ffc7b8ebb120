"""Replacing a folder by a new one of the same name, so that one of the two survives every failure.

First the former folder is moved aside, under a name that says where it belongs. Then the new folder is moved into its
place. Only then is the former folder removed. A failure in between is undone at once. If a process is killed in
between, the next process that saves something in the same place repairs it (`settle`). There are three kinds of hidden
folder: being written `.NAME-XXXXXXXX`, moved aside `...-former`, being removed `...-gone`.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

STALE_SECONDS = 86_400.0
"""Age beyond which a hidden folder is taken to come from a killed process."""

_FORMER = re.compile(r"\.(?P<name>.+)-[a-z0-9_]{8}-former")


def new_folder(kept: Path, name: str) -> Path:
    """Make a hidden folder to write in; `put` gives it its place and name."""
    return Path(tempfile.mkdtemp(prefix=f".{name}-", dir=kept))


def files_below(folder: Path) -> list[Path]:
    """Every file below a folder, in order.

    Raises:
        OSError: a folder cannot be read. (`Path.rglob` would skip it without a word.)
    """
    return sorted(at / name for at, _, names in folder.walk(on_error=_refuse) for name in names)


def put(folder: Path, target: Path) -> None:
    """Move a finished folder to its place; the folder that was there is removed.

    Args:
        folder: from `new_folder`, in the same parent folder as the target.
        target: its place.

    Raises:
        OSError: it cannot be moved there; the former folder is back in its place.
    """
    _to_disk(folder)
    former = target.with_name(f".{target.name}-{folder.name[-8:]}-former")
    with _turn(target.parent):
        while True:
            try:
                with contextlib.suppress(FileNotFoundError):
                    target.rename(former)
                folder.rename(target)
                return
            except OSError as error:
                # Where the file system has no locks, another process may have moved its own folder there meanwhile.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
            finally:
                _settle_one(former)


def settle(kept: Path) -> None:
    """Repair a folder after killed processes: former folders return to their places, stale ones are removed."""
    with _turn(kept):
        for former in kept.glob(".*-former"):
            _settle_one(former)
    for path in kept.glob(".*_*-*"):
        with contextlib.suppress(FileNotFoundError):  # another process may be renaming it
            if not _FORMER.fullmatch(path.name) and time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _settle_one(former: Path) -> None:
    """Move a folder that was moved aside back to its place, or remove it if another is there.

    If that fails, the next process tries again.
    """
    match = _FORMER.fullmatch(former.name)
    if match is None:
        return
    with contextlib.suppress(OSError):
        target = former.with_name(match["name"])
        if not former.exists():
            return
        if not target.exists():
            former.rename(target)
            return
        # Moved first: a folder that is removed in part must never be moved back.
        gone = Path(tempfile.mkdtemp(prefix=f".{match['name']}-", suffix="-gone", dir=former.parent))
        former.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


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
    """Wait until all files below a folder are on the disk."""
    for path in (*files_below(folder), *(at for at, _, _ in folder.walk(on_error=_refuse))):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _refuse(error: OSError) -> None:
    raise error
