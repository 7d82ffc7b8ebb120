"""Files that are made from a run after it was saved: marks, ledgers, publications.

They lie in `attached/<run>/` beside the runs, never inside the run, which stays as it was saved. Each file NAME has its
hash in `NAME.sha256`, as `sha256sum` writes it. Before a file is replaced, both hashes stand there, the new one first;
afterwards the new one alone. So a process may be killed at any moment, and the file agrees with one of them.
"""

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from forecast.errors import ChangedSince, InputError, SystemRefusal, refusal_of
from forecast.plain_text import without_middle
from forecast.store.manifest import ATTACHED
from forecast.store.run_folder import Run
from forecast.store.whole_file import remove_parts, replace_file

HASH = ".sha256"
"""Suffix of the file with a file's hash."""

LOCK, PATIENCE = ".lock", 30.0
"""File that is locked by a process that writes, and the seconds that another one waits for it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def attached_folder(run: Run) -> Path:
    """The folder of the files that are made from a run. It need not exist."""
    return run.folder.parent / ATTACHED / run.id


def write_attached(run: Run, name: str, content: bytes) -> Path:
    """Write a file that belongs to a run, whole or not at all, with its hash.

    Args:
        run: the run.
        name: of the file: letters, digits, dots, dashes and underscores.
        content: of the file; replaces the former content.

    Returns:
        The path of the file.

    Raises:
        InputError: the name is not valid, or the folder cannot be written.
        SystemRefusal: another process writes there for too long, or there is not enough space.
    """
    return change_attached(run, name, lambda _: content)


def change_attached(run: Run, name: str, change: Callable[[bytes | None], bytes]) -> Path:
    """Replace a file that belongs to a run by a changed one. Two processes that do so at once lose nothing.

    Args:
        run: the run.
        name: of the file.
        change: called with the present content, None without a file, while others wait; returns the new one.

    Raises:
        ChangedSince: the file was changed by somebody else.
        InputError: the name is not valid, or the folder cannot be written.
        SystemRefusal: another process writes there for too long, or there is not enough space.
    """
    path = attached_folder(run) / _checked(name)
    made = not path.parent.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with attached_locked(path.parent.parent):
            remove_parts(path.parent)
            before = _read(path)
            after = change(before)
            if after != before:
                hashes = [hashlib.sha256(content).hexdigest() for content in (after, before) if content is not None]
                replace_file(_hash_file(path), _hash_lines(hashes, name))
                replace_file(path, after)
                replace_file(_hash_file(path), _hash_lines(hashes[:1], name))
    except BaseException as error:
        with contextlib.suppress(OSError):
            if made:
                path.parent.rmdir()  # fails if it has a file
        if isinstance(error, OSError):
            raise refusal_of(error, path) or error from error
        raise
    return path


def read_attached(run: Run, name: str) -> bytes | None:
    """The content of a file that belongs to a run; None if there is none.

    Raises:
        ChangedSince: it was changed since it was written.
        InputError: the name is not valid, or the file cannot be read.
    """
    return read_checked(attached_folder(run) / _checked(name))


def read_checked(path: Path) -> bytes | None:
    """The content of an attached file by its path; None if there is none.

    Raises:
        ChangedSince: it was changed since it was written.
        InputError: it cannot be read.
    """
    try:
        found = _read(path)
    except ChangedSince:
        found = _read(path)  # another process may have replaced it between the two readings
    except OSError as error:
        raise refusal_of(error, path) or error from error
    return found


def _read(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise ChangedSince(f"{path}: found a folder; expected a file") from None
    hashes: set[str] = set()
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        hashes = {line[:64] for line in _hash_file(path).read_text(encoding="ascii").splitlines()}
    if hashlib.sha256(content).hexdigest() not in hashes:
        what = f"{path}: was changed since it was written, or has lost its hash"
        raise ChangedSince(f"{what}. Restore it and {path.name}{HASH} from a copy")
    return content


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.endswith(HASH):
        what = f"{without_middle(name)!r} cannot be the name of a file attached to a run"
        raise InputError(what, key="name", remedy="Use letters, digits, dots, dashes and underscores")
    return name


def _hash_file(path: Path) -> Path:
    return path.with_name(path.name + HASH)


def _hash_lines(hashes: list[str], name: str) -> bytes:
    return "".join(f"{digest}  {name}\n" for digest in hashes).encode()


@contextlib.contextmanager
def attached_locked(folder: Path) -> Iterator[None]:
    """Wait until no other process writes attached files. The system releases the lock of a killed process.

    Args:
        folder: `attached`, which exists.

    Raises:
        SystemRefusal: another process writes for too long.
    """
    from filelock import FileLock, Timeout  # only for those who write

    try:
        with FileLock(folder / LOCK, timeout=PATIENCE):
            yield
    except Timeout as error:
        what = f"{folder / LOCK}: another process has locked it for {PATIENCE:.0f} seconds"
        raise SystemRefusal(f"{what}. Run the command again later") from error
