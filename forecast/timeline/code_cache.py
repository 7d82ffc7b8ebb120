"""Compiled code kept between processes, and checked before it is used.

numba trusts its files: an empty or damaged one stops every process. Here each file begins with the SHA-256 of its name,
of the call that it belongs to and of its content. A file that does not match counts as missing, and is compiled and
written again. If a file cannot be written, the code is compiled again next time.

The hashes find damage, not malice. So the folder must belong to the user and be closed to everybody else: otherwise
somebody could put other code there.
"""

# mypy: disable-error-code="no-untyped-call,misc"

import contextlib
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from numba.core import caching

from forecast.locations import PRIVATE

HASH_BYTES = 32
"""Length of the hash in front of each file."""


class CheckedFiles(caching.IndexDataCacheFile):
    """The files of one function: an index of the calls that are compiled, and the code of each."""

    def load(self, key: Any) -> Any:
        """The code of a call; None if it is missing or damaged."""
        name = self._load_index().get(key)
        return None if name is None else self._read(name, repr(key))

    def save(self, key: Any, data: Any) -> None:
        """Write the code of a call, then the index that names it."""
        index = self._load_index()
        taken = set(index.values())
        name = index.get(key) or next(n for n in map(self._data_name, range(1, len(taken) + 2)) if n not in taken)
        self._write(name, repr(key), data)
        if index.get(key) != name:
            self._save_index(index | {key: name})

    def _load_index(self) -> dict[Any, str]:
        found = self._read(self._index_name, "")
        return found[1] if found is not None and found[0] == (self._version, self._source_stamp) else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_name, "", ((self._version, self._source_stamp), overloads))

    def _read(self, name: str, call: str) -> Any:
        try:
            content = Path(self._data_path(name)).read_bytes()
        except OSError:
            return None
        if content[:HASH_BYTES] != _hash(name, call, content[HASH_BYTES:]):
            return None
        return pickle.loads(content[HASH_BYTES:])

    def _write(self, name: str, call: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(_hash(name, call, content) + content)


class _OneFolder(caching.UserProvidedCacheLocator):
    """All files in numba's `CACHE_DIR`, without a folder for each folder of sources. It need not be writable."""

    def ensure_cache_path(self) -> None:
        """Do nothing: the folder is there."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:  # noqa: ARG003
        return ""


class _CompiledCode(caching.CompileResultCacheImpl):
    """Compiled code in that folder and nowhere else."""

    _locator_classes: ClassVar = [_OneFolder]


class CheckedCache(caching.FunctionCache):
    """numba's cache of a function, with files that are checked."""

    _impl_class = _CompiledCode

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def save_overload(self, signature: Any, data: Any) -> None:
        """Save compiled code; a folder that is full or cannot be written does not stop the run."""
        with contextlib.suppress(OSError):
            Path(self._cache_path).mkdir(PRIVATE, exist_ok=True)  # a neighbour may have removed it
            super().save_overload(signature, data)


def _hash(name: str, call: str, content: bytes) -> bytes:
    return hashlib.sha256(f"{name}\0{call}\0".encode() + content).digest()
