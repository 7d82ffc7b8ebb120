"""Replacing a file as a whole: whenever the process or the machine stops, it has the old content or the new one."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

PART = ".part-"
"""Beginning of the name of a file that is being written."""


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, wait until it is on the disk, and move it there.

    It keeps the permissions of the file that it replaces; a new one has those that the process gives to new files.

    Args:
        path: of the file; its folder must exist.
        content: of the file.

    Raises:
        OSError: it cannot be written; the former file stays.
    """
    number, part = tempfile.mkstemp(prefix=PART, dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            shutil.copymode(path, part)
        except FileNotFoundError:
            mask = os.umask(0)
            os.umask(mask)
            Path(part).chmod(0o666 & ~mask)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    with contextlib.suppress(OSError):  # some file systems cannot do this for folders
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_parts(folder: Path) -> None:
    """Remove files that killed processes were writing. Nobody else may write in the folder meanwhile."""
    for part in folder.glob(f"{PART}*"):
        part.unlink(missing_ok=True)
