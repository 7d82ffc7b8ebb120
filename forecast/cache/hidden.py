"""Hidden folders in the cache, in which entries are written and removed, so that nobody sees a part of one.

A hidden folder `.part-XXXXXXXX` lies beside the entries and has the marker file by which it is known as ours. One that
a killed process left behind is removed after a day.
"""

import contextlib
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from forecast.locations import MARKER, STALE_SECONDS

PART = ".part-"
"""Beginning of the names of hidden folders."""


@contextlib.contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    """Make a hidden folder beside the entries, and remove it at the end with everything in it.

    Raises:
        OSError: it cannot be made.
    """
    part = Path(tempfile.mkdtemp(prefix=PART, dir=parent))
    try:
        (part / MARKER).touch()
        yield part
    finally:
        _clear(part)


def remove(place: Path) -> None:
    """Remove an entry: it is renamed first, so that nobody sees a part of it. It may be gone already.

    Raises:
        OSError: it cannot be renamed.
    """
    with contextlib.suppress(FileNotFoundError), hidden_folder(place.parent) as part:
        place.rename(part / place.name)


def remove_stale(part: Path) -> None:
    """Remove a hidden folder that a killed process left behind: one with our marker, a day old."""
    with contextlib.suppress(OSError):
        marked = stat.S_ISREG((part / MARKER).lstat().st_mode)
        if marked and time.time() - part.lstat().st_mtime > STALE_SECONDS:
            _clear(part)


def _clear(part: Path) -> None:
    """Remove a hidden folder, its marker last: whatever is left can be removed another time."""
    with contextlib.suppress(OSError):
        for path in part.iterdir():
            if path.name != MARKER:
                shutil.rmtree(path, ignore_errors=True)
        if [path.name for path in part.iterdir()] in ([], [MARKER]):
            (part / MARKER).unlink(missing_ok=True)
            part.rmdir()
