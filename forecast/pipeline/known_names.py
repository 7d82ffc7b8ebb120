"""Names of runs that this user has made or found, by the bytes of the files and of the settings that give the name.

To know the name of a run, the scenario has to be read and checked, which takes some seconds. The name is a function of
the scenario's files, the request, the code and the versions. So once it is known, it is kept in the cache under a
SHA-256 of those, with the warnings and the stale series that go with it. The next time nothing but hashes is computed.
"""

import dataclasses
import hashlib
import logging
import stat
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from forecast.cache.digests import canonical_json, sha256
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.ensemble.request import RunRequest
from forecast.locations import cache_root, files_below, source_digest
from forecast.pipeline.staleness import StaleSeries, from_plain
from forecast.scenario.find import find_scenario
from forecast.store.digests import file_digest, versions

KIND = "names"
"""Folder of the entries in the cache."""

ASIDE = ("scenario", "priors", "runs", "threads")
"""Fields of a request that do not change the name, or whose files are hashed in place of them."""

CHECKERS = ("pydantic",)
"""Packages that decide which files are refused, besides those in `versions`."""

MOST_FILES, MOST_BYTES = 2000, 200_000_000
"""Files and bytes of a scenario up to which they are hashed; a larger folder is read and checked each time."""


@dataclass(frozen=True)
class KnownName:
    """A name, with what a run of that name says before it begins.

    Attributes:
        name: of the run.
        cautions: warnings about the record, a sentence each, without the one that depends on the present day.
        stale: the stale series.
        horizon: last day of the scenario.
        day: the as-of date.
    """

    name: str
    cautions: tuple[str, ...]
    stale: tuple[StaleSeries, ...]
    horizon: date
    day: date


def request_key(request: RunRequest) -> str | None:
    """The SHA-256 of everything that gives a run its name: 64 hexadecimal digits.

    Returns:
        None if it cannot be computed, for example because a file is missing: then the reader of the scenario says so.

    Raises:
        InputError: there is no such scenario.
    """
    folder = find_scenario(request.scenario, priors=request.priors)
    try:
        fields = [field.name for field in dataclasses.fields(request) if field.name not in ASIDE]
        content = {
            "request": {name: _plain(getattr(request, name)) for name in fields},
            "folder": str(folder.absolute()),
            "files": _folder_digest(folder),
            "perspective": _file_of(request.perspective),
            "code": source_digest(),
            "versions": versions() | {name: metadata.version(name) for name in CHECKERS},
        }
        return sha256(canonical_json(content))
    except (OSError, ValueError, TypeError):
        return None


def recall(key: str) -> KnownName | None:
    """The name that is known under a key; None if there is none."""
    return load_entry("the name of a run", _folder() / key, _of_record, logging.INFO)


def remember(key: str, known: KnownName) -> None:
    """Keep a name under its key. If that fails, the scenario is read again next time."""
    record = {
        "name": known.name,
        "cautions": list(known.cautions),
        "stale": [entry.plain() for entry in known.stale],
        "horizon": known.horizon.isoformat(),
        "day": known.day.isoformat(),
    }
    store_entry("the name of a run", _folder() / key, record, {}, logging.INFO)


def _folder() -> Path:
    return cache_root() / KIND


def _of_record(record: dict[str, Any], _: dict[str, bytes]) -> KnownName:
    try:
        return KnownName(
            name=record["name"],
            cautions=tuple(record["cautions"]),
            stale=from_plain(record["stale"]),
            horizon=date.fromisoformat(record["horizon"]),
            day=date.fromisoformat(record["day"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def _plain(value: Any) -> Any:
    """A setting as JSON has it; numbers with all their digits."""
    if isinstance(value, dict):
        return {name: float(number).hex() for name, number in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)


def _folder_digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all files below a folder.

    Raises:
        OSError: one cannot be read.
        ValueError: there is something that is not a regular file, or too much.
    """
    digest, size = hashlib.sha256(), 0
    for number, path in enumerate(sorted(files_below(folder))):
        found = path.stat()
        size += found.st_size
        if not stat.S_ISREG(found.st_mode) or number >= MOST_FILES or size > MOST_BYTES:
            raise ValueError(f"{path} is not hashed")
        name = path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        digest.update(name + b"\0" + file_digest(path).encode() + b"\0")
    return digest.hexdigest()


def _file_of(perspective: str | Path | None) -> str | None:
    """SHA-256 of the file that a perspective names, if it is one."""
    if perspective is None or not str(perspective).endswith(".toml"):
        return None
    path = Path(perspective)
    if not path.is_file():
        raise ValueError(f"{perspective} is not a file")
    return file_digest(path)
