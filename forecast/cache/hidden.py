"""Hidden folders in the cache, in which entries are written and removed, so that nobody sees a part of one.

A hidden folder `.part-XXXXXXXX` lies beside the entries and has the marker file by which it is known as ours. One that
a killed process left behind is removed by the next: see `forecast.cache.owners`.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forecast.cache.owners import abandoned, mark, old
from forecast.locations import MARKER

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
        mark(part)
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
    """Remove a hidden folder that a killed process left behind; without a marker only if it is empty and old."""
    if abandoned(part):
        _clear(part)
        return
    with contextlib.suppress(OSError):
        if old(part):
            part.rmdir()  # fails if it has a file


def _clear(part: Path) -> None:
    """Remove a hidden folder, its marker last: whatever is left can be removed another time."""
    with contextlib.suppress(OSError):
        for path in part.iterdir():
            if path.name != MARKER:
                shutil.rmtree(path, ignore_errors=True)
        if [path.name for path in part.iterdir()] in ([], [MARKER]):
            (part / MARKER).unlink(missing_ok=True)
            part.rmdir()
