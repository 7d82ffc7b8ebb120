"""Storing, loading and removing an entry of the cache, whole or not at all.

An entry is a folder: its files, and a record in JSON with the entry's key, the SHA-256 of each file and of the record
itself. The key is the folder's name. A process that loads an entry while another one removes it computes it again.
"""

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from forecast.cache.digests import canonical_json, sha256
from forecast.cache.hidden import hidden_folder, remove
from forecast.cache.limit import KINDS, keep_below_limit, mark_used

_OWN = ("key", "files", "record")
"""Keys of a record that are the cache's: the entry's key, the hash of each file, and the hash of the rest."""

_log = logging.getLogger("forecast")


class DamagedError(Exception):
    """An entry cannot be used; the message says why."""


def store_entry(
    what: str, place: Path, record: Mapping[str, Any], files: Mapping[str, bytes], level: int = logging.WARNING
) -> None:
    """Write an entry of the cache, complete or not at all, then keep the cache below its limit.

    A failure is logged.

    Args:
        what: the entry's name in the log.
        place: the entry's folder, in a folder of `forecast.cache.limit.KINDS`. If another process has made it in the
            meantime, that folder stays.
        record: values for JSON, read back with the files.
        files: content by name.
        level: of the line in the log about a failure.
    """
    whole = {"key": place.name, "files": {name: sha256(content) for name, content in files.items()}, **record}
    whole["record"] = sha256(canonical_json(whole))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with hidden_folder(place.parent) as part:
            new = part / place.name
            new.mkdir()
            for name, content in files.items():
                (new / name).write_bytes(content)
            (new / KINDS[place.parent.name].record).write_bytes(canonical_json(whole))
            try:
                new.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
        mark_used(place)
    except OSError as error:
        again = "it will be computed again next time"
        _log.log(level, "%s cannot be saved in %s (%s); %s", what, place.parent, error, again)
    keep_below_limit()


def load_entry[T](
    what: str,
    place: Path,
    made_of: Callable[[dict[str, Any], dict[str, bytes]], T],
    level: int = logging.WARNING,
) -> T | None:
    """Load an entry; None if there is none. One that is damaged is logged and removed.

    Args:
        what: the entry's name in the log.
        place: the entry's folder.
        made_of: makes the result of the record and the files; raises DamagedError if that cannot be.
        level: of the line in the log about a damaged entry.
    """
    try:
        found = made_of(*_read(place))
        mark_used(place)
        return found
    except (OSError, DamagedError) as error:
        if not place.is_dir():  # there is none, or another process has removed it meanwhile
            return None
        _log.log(level, "%s %s cannot be used (%s); it is removed and made again", what, place, error)
    remove_entry(place)
    return None


def _read(place: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read an entry's record and files, and check the hashes.

    Raises:
        DamagedError: something has changed since it was written.
        OSError: a file is missing or unreadable.
    """
    name = KINDS[place.parent.name].record
    try:
        record: dict[str, Any] = json.loads((place / name).read_bytes())
        own = record.pop("record")
        if own != sha256(canonical_json(record)) or record["key"] != place.name:
            raise DamagedError(f"{name} has changed since it was written")
        hashes: dict[str, str] = record["files"]
        files = {file: (place / file).read_bytes() for file in hashes}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(f"{name} has changed since it was written: {type(error).__name__}") from error
    for file, content in files.items():
        if sha256(content) != hashes[file]:
            raise DamagedError(f"{file} has changed since it was written")
    return {key: value for key, value in record.items() if key not in _OWN}, files


def remove_entry(place: Path) -> None:
    """Remove a whole entry, even if another process has just replaced it by a good one: it is only computed again."""
    try:
        remove(place)
    except OSError as error:
        _log.warning("the cached entry %s cannot be removed (%s)", place, error)
