"""Taking turns at making a run: of two processes that make the same run, the second waits.

The lock is a file beside the runs, `.NAME.lock`, which the holder removes. The system releases the lock of a process
that is killed; the file that such a process leaves is removed by the next.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from forecast.errors import SystemRefusal

WAIT_SECONDS = 3600.0
"""Longest wait for another process; a run of ten million timelines takes less."""

_LOCK = re.compile(r"\.[A-Za-z0-9._-]+_\d{4}-\d\d-\d\d_[0-9a-f]{10}\.lock")
"""Names of the locks of runs."""


@contextlib.contextmanager
def turn(kept: Path, name: str, waiting: Callable[[], None], longest: float = WAIT_SECONDS) -> Iterator[None]:
    """Wait until no other process makes this run, and keep others waiting until the end.

    Where there can be no lock, as on a full disk or a file system without locks, nobody waits: then two processes may
    make the same run, and one replaces the other's. A folder of runs that is made for the lock is removed at the end if
    it is empty.

    Args:
        kept: folder of saved runs, made if it does not exist.
        name: name of the run.
        waiting: called before the wait, if another process has the lock.
        longest: wait, in seconds.

    Raises:
        SystemRefusal: another process has the lock for longer.
    """
    made: list[Path] = []
    lock = FileLock(kept / f".{name}.lock", fallback_to_soft=False)
    try:
        with contextlib.suppress(OSError):
            made = [path for path in (kept, *kept.parents) if not path.exists()]
            kept.mkdir(parents=True, exist_ok=True)
            _acquire(lock, waiting, longest)
        yield
    finally:
        if lock.is_locked:
            _give_up(lock)
        with contextlib.suppress(OSError):
            for path in made:
                path.rmdir()


def clear_locks(kept: Path) -> None:
    """Remove the locks that killed processes left in a folder of runs."""
    with contextlib.suppress(OSError):
        for path in kept.glob(".*.lock"):
            if _LOCK.fullmatch(path.name) and _is_empty_file(path):
                with contextlib.suppress(OSError, Timeout):
                    lock = FileLock(path, fallback_to_soft=False)
                    lock.acquire(timeout=0)
                    _give_up(lock)


def _acquire(lock: FileLock, waiting: Callable[[], None], longest: float) -> None:
    try:
        lock.acquire(timeout=0)
        return
    except Timeout:
        waiting()
    try:
        lock.acquire(timeout=longest, poll_interval=0.1)
    except Timeout as error:
        what = f"{lock.lock_file}: another process has been making this run for {longest / 60:.0f} minutes"
        raise SystemRefusal(f"{what}. Stop that process or run the command again later") from error


def _give_up(lock: FileLock) -> None:
    """Remove the file first: a process that waits for it sees that it is gone, and makes another."""
    with contextlib.suppress(OSError):
        os.unlink(lock.lock_file)  # noqa: PTH108
    lock.release()


def _is_empty_file(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_size == 0
