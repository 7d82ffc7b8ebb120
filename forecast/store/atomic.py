"""A finished folder replaces a former one of its name, so that one of the two always survives a failure.

The former one is moved aside under a name that says where it belongs, the new one is put in its place, and only then is
the former one removed. A failure in between is undone at once. If a process is killed in between, the next one that
saves something in the same folder repairs it (`settle`). Hidden folders are of three
kinds: being written `.NAME-XXXXXXXX`, moved aside `...-former`, being removed `...-gone`.
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
"""Age beyond which a hidden folder must come from a killed process."""

_FORMER = re.compile(r"\.(?P<name>.+)-[a-z0-9_]{8}-former")


def new_folder(kept: Path, name: str) -> Path:
    """Make a hidden folder to write in, later to be put in place under a name."""
    return Path(tempfile.mkdtemp(prefix=f".{name}-", dir=kept))


def files_below(folder: Path) -> list[Path]:
    """Every file that a folder holds, in order.

    Raises:
        OSError: a folder cannot be read; `Path.rglob` would leave it out.
    """
    return sorted(at / name for at, _, names in folder.walk(on_error=_refuse) for name in names)


def put(folder: Path, target: Path) -> None:
    """Put a finished folder where it belongs; the folder that stood there is removed.

    Args:
        folder: from `new_folder`, in the folder that the target is in.
        target: where it belongs.

    Raises:
        OSError: it cannot be put there; the former one is back in its place.
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
                # Where the file system has no locks, another process may have put its own there meanwhile.
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
        with contextlib.suppress(FileNotFoundError):  # another process may be renaming its own
            if not _FORMER.fullmatch(path.name) and time.time() - path.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _settle_one(former: Path) -> None:
    """Put a folder that was moved aside back in its place, or remove it if another stands there.

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
        # Moved first, as one that is removed in part must never be put back.
        gone = Path(tempfile.mkdtemp(prefix=f".{match['name']}-", suffix="-gone", dir=former.parent))
        former.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def _turn(kept: Path) -> Iterator[None]:
    """Wait for one's turn to move folders within a folder; a process that is killed gives its turn up."""
    lock = os.open(kept, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems have no locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _to_disk(folder: Path) -> None:
    """Wait until all that a folder holds is on the disk."""
    for path in (*files_below(folder), *(at for at, _, _ in folder.walk(on_error=_refuse))):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _refuse(error: OSError) -> None:
    raise error
