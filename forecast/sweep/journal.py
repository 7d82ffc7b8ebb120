"""The journal of a sweep: each finished batch of cells as a file of its own, so that an interrupted sweep can go on.

A batch is written whole, with its hash in front. A file that is damaged counts as missing. The journal lies in the
folder of the sweep, with the definition of the sweep: the journal of another sweep is refused.
"""

import io
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from forecast.cache.digests import sha256
from forecast.errors import InputError, refusal_of
from forecast.store.whole_file import remove_parts, replace_file

FOLDER, DEFINITION = "journal", "sweep.json"
"""The folder of the journal within that of the sweep, and the file in it that defines the sweep."""

_HASH = 64

_log = logging.getLogger("forecast")

_begun: list[Path] = []


def kept_here() -> Path | None:
    """The folder of the last sweep with a journal that this process began, if the journal is still there."""
    return next((folder for folder in reversed(_begun) if (folder / FOLDER / DEFINITION).is_file()), None)


def forget_kept() -> None:
    """Begin a command: sweeps that were begun before in this process are no longer meant by `kept_here`."""
    _begun.clear()


class Journal:
    """The finished batches of one sweep.

    Args:
        folder: of the sweep; None keeps no journal.
        definition: everything that the results depend on, as plain JSON.
        resume: go on with the batches that are there.

    Raises:
        InputError: a journal is there and `resume` was not asked for, or it is the journal of another sweep; a
            journal is asked for and there is no folder.
        SystemRefusal: the folder cannot be written for now.
    """

    def __init__(self, folder: Path | None, definition: Mapping[str, Any], *, resume: bool = False) -> None:
        self._folder = None if folder is None else folder / FOLDER
        if self._folder is None or folder is None:
            if resume:
                raise InputError("a sweep goes on in its folder", key="--resume", remedy="Give --out as well")
            return
        text = json.dumps(definition, sort_keys=True, indent=1, default=str) + "\n"
        self._key = sha256(text.encode())
        kept = self._folder / DEFINITION
        try:
            if folder.exists() and not folder.is_dir():
                raise InputError("it is not a folder", file=folder, remedy="Name another with --out")
            if kept.is_file():
                _check_same(kept, text, resume=resume)
                remove_parts(self._folder)
                _begun.append(folder)
                return
            if resume and not folder.is_dir():
                raise InputError("there is no sweep to go on with", file=folder, remedy="Leave --resume out")
            self._folder.mkdir(parents=True, exist_ok=True)
            replace_file(kept, text.encode())
            _begun.append(folder)
        except OSError as error:
            raise refusal_of(error, folder) or error from error

    def read(self, name: str) -> np.ndarray[Any, Any] | None:
        """The result of a batch; None if it is missing or damaged."""
        if self._folder is None:
            return None
        path = self._folder / f"{name}.batch"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise refusal_of(error, path) or error from error
        if content[:_HASH] != self._hash(name, content[_HASH:]):
            _log.warning("%s is damaged; its cells are simulated again", path)
            return None
        found: np.ndarray[Any, Any] = np.load(io.BytesIO(content[_HASH:]), allow_pickle=False)
        return found

    def write(self, name: str, result: np.ndarray[Any, Any]) -> None:
        """Keep the result of a batch.

        Raises:
            SystemRefusal: the disk is full, or something else that may pass.
            InputError: the folder cannot be written.
        """
        if self._folder is None:
            return
        out = io.BytesIO()
        np.save(out, result, allow_pickle=False)
        try:
            replace_file(self._folder / f"{name}.batch", self._hash(name, out.getvalue()) + out.getvalue())
        except OSError as error:
            raise refusal_of(error, self._folder) or error from error

    def _hash(self, name: str, content: bytes) -> bytes:
        return sha256(f"{self._key}\0{name}\0".encode() + content).encode()


def _check_same(kept: Path, text: str, *, resume: bool) -> None:
    """Check that a journal is of the sweep that is asked for, and that it may go on.

    Raises:
        InputError: it is the journal of another sweep, or `resume` was not asked for.
    """
    try:
        before = kept.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"it cannot be read ({error})", file=kept, remedy="Name another folder with --out") from error
    if before != text:
        what = f"found the journal of another sweep{_difference(before, text)}; expected that of this one"
        raise InputError(what, file=kept, remedy="Name another folder with --out, or repeat the sweep as it was")
    if not resume:
        what = "found the journal of this sweep; expected an empty folder"
        raise InputError(what, file=kept.parent, remedy="Add --resume to go on with it, or name another folder")


def _difference(before: str, text: str) -> str:
    """The first setting in which two definitions differ, in words."""
    try:
        old, new = json.loads(before), json.loads(text)
        names = [name for name in new if old.get(name) != new[name]]
    except (ValueError, AttributeError):
        return ""
    return f" (its {names[0]} differs)" if names else ""
