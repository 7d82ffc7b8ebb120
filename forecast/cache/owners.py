"""The process that made a hidden folder, and whether the folder is a leftover of a killed one.

The marker in a hidden folder says which process made it. If that process has ended, the folder is a leftover. While it
runs, the folder is left alone, whatever the clock says. Where nobody can know, as on another machine, a folder is a
leftover if its time is more than a day away from now, in either direction: a clock may have been wrong.
"""

import json
import stat
import time
from pathlib import Path

from forecast.locations import MARKER, STALE_SECONDS
from forecast.machine import has_ended, this_process


def mark(folder: Path) -> None:
    """Write the marker by which a hidden folder is known as ours and as one of this process.

    Raises:
        OSError: it cannot be written.
    """
    (folder / MARKER).write_text(json.dumps(this_process()) + "\n", encoding="utf-8")


def abandoned(folder: Path) -> bool:
    """Whether a hidden folder is ours and its process has ended; false without our marker, or if it is gone."""
    marker = folder / MARKER
    try:
        if not stat.S_ISREG(marker.lstat().st_mode):
            return False
        ended = _ended(marker)
        return old(folder) if ended is None else ended
    except OSError:
        return False


def old(path: Path) -> bool:
    """Whether the time of a path is more than a day away from now.

    Raises:
        OSError: it is gone.
    """
    return abs(time.time() - path.lstat().st_mtime) > STALE_SECONDS


def _ended(marker: Path) -> bool | None:
    """Whether the process that a marker names has ended; None if it names none."""
    try:
        process = json.loads(marker.read_bytes())
    except ValueError:  # of an earlier version, or of a process that was killed while it wrote
        return None
    return has_ended(process) if isinstance(process, dict) else None
