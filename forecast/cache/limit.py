"""The limit of the cache's size: 2 GB, or `$FORECAST_CACHE_MB` megabytes.

Above the limit, the entries used longest ago are removed. An entry is used when it is stored and when it is loaded: the
time of its folder says when. The entry of each kind that this process used last stays, even if it is larger than the
limit.

The user may have named any folder as cache. So an entry is known by its place, its name and its files: only a folder
of `KINDS` is searched, and a folder there with any other file, or with a link, is not an entry. It is left alone, and
does not count. The system may refuse to remove something: that is logged, and stops nothing.
"""

import contextlib
import logging
import os
import stat
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from forecast.cache.hidden import PART, remove, remove_stale
from forecast.cache.owners import old
from forecast.errors import InputError
from forecast.inputs.parsing import parse_count, shortened
from forecast.locations import STALE_SECONDS, cache_root, files_below

VARIABLE = "FORECAST_CACHE_MB"
"""Environment variable with the limit in megabytes."""

DEFAULT, MEGABYTE = 2000, 1_000_000
"""Limit in megabytes without the variable, and the bytes of one."""

_log = logging.getLogger("forecast")

_last: dict[Path, Path] = {}
"""The entry that this process used last, by the folder that it lies in."""


@dataclass(frozen=True)
class Kind:
    """A kind of entry.

    Attributes:
        digits: number of hexadecimal digits of an entry's name.
        record: pattern of a file that every entry has.
        others: patterns of the other files that an entry may have.
    """

    digits: int
    record: str
    others: tuple[str, ...]


COMPILED, UNFINISHED = "compiled", "*.nb[ic].tmp.*"
"""The kind of compiled code, and the files of an entry that are still being written."""

KINDS = {
    "posterior": Kind(64, "fit.json", ("draws.npz", "posterior.nc")),
    "models": Kind(64, "model.json", ("*.o",)),
    "predictive": Kind(64, "entry.json", ("checks.json", "flagged.json", "*.svg")),
    "names": Kind(64, "name.json", ()),
    "tables": Kind(64, "tables.json", ("tables.txt",)),
    COMPILED: Kind(16, "*.nbi", ("*.nbc", "*.nbi.tmp.*", "*.nbc.tmp.*")),
}
"""The kinds by the folder in the cache that has their entries: a file that is missing here makes an entry foreign."""


@dataclass(frozen=True, order=True)
class _Entry:
    """An entry on the disk; the one used longest ago is the smallest.

    Attributes:
        used: seconds since 1970.
        place: its folder.
        size: bytes of its files.
    """

    used: float
    place: Path
    size: int


def cache_limit() -> int:
    """The limit of the cache, in bytes: `$FORECAST_CACHE_MB` megabytes, by default 2 GB.

    Raises:
        InputError: the variable is not a whole number of at least 1.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return DEFAULT * MEGABYTE
    with contextlib.suppress(ValueError):
        if (megabytes := parse_count(given)) >= 1:
            return megabytes * MEGABYTE
    raise InputError(f"found {shortened(given)}; expected a whole number of megabytes, 1 or more", key=VARIABLE)


def mark_used(place: Path) -> None:
    """Note that this process uses an entry now: it is not removed by this process, and by others after older ones."""
    _last[place.parent] = place
    with contextlib.suppress(OSError):
        os.utime(place)


def remove_leftovers() -> None:
    """Remove the parts of entries that killed processes left behind. No failure is raised."""
    with contextlib.suppress(InputError):
        root = cache_root()
        for name in KINDS:
            for place in _folders(root / name):
                if place.name.startswith(PART):
                    remove_stale(place)
                elif name == COMPILED:
                    _remove_unfinished(place)


def _remove_unfinished(place: Path) -> None:
    """Remove the files of compiled code that numba had not finished a day ago; each has a name of its own."""
    with contextlib.suppress(OSError):
        for path in place.glob(UNFINISHED):
            if stat.S_ISREG(path.lstat().st_mode) and old(path):
                path.unlink()


def keep_below_limit() -> None:
    """Remove the entries used longest ago until the cache is below its limit.

    Hidden folders of killed processes are removed as well. The entry of each kind that this process used last stays. No
    failure is raised, not even that of a bad limit, since the work is done by then: see `cache_limit`.
    """
    try:
        root, limit = cache_root(), cache_limit()
    except InputError as error:
        _log.info("the size of the cache is not limited (%s)", error)
        return
    trim(root, limit)


def trim(root: Path, limit: int, *, dry_run: bool = False) -> tuple[list[Path], int]:
    """Remove the entries used longest ago until a cache is below a size, see `keep_below_limit`.

    Args:
        root: the cache folder.
        limit: bytes.
        dry_run: remove nothing.

    Returns:
        The entries that are removed, and the bytes that are left.
    """
    entries: list[_Entry] = []
    for name, kind in KINDS.items():
        for place in _folders(root / name):
            if place.name.startswith(PART):
                if not dry_run:
                    remove_stale(place)
            elif (entry := _entry(place, kind)) is not None:
                entries.append(entry)
    size, removed = sum(entry.size for entry in entries), []
    for entry in sorted(entries):
        if size <= limit:
            break
        if _last.get(entry.place.parent) == entry.place:
            continue
        try:
            if not dry_run:
                remove(entry.place)
        except OSError as error:
            _log.info("the cached entry %s cannot be removed (%s)", entry.place, error)
        else:
            size -= entry.size
            removed.append(entry.place)
    return removed, size


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder, in order; links do not count, and neither does what cannot be read."""
    try:
        if parent.is_symlink():
            return []
        return sorted(path for path in parent.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []


def _entry(place: Path, kind: Kind) -> _Entry | None:
    """A folder as an entry; None if it is not one of this kind, or has been removed meanwhile.

    Folders inside count too: earlier versions kept compiled code in one.
    """
    if len(place.name) != kind.digits or not set(place.name) <= set("0123456789abcdef"):
        return None
    size, whole = 0, False
    try:
        for path in files_below(place):
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                return None
            record = fnmatchcase(path.name, kind.record)
            if not record and not any(fnmatchcase(path.name, other) for other in kind.others):
                return None
            size, whole = size + found.st_size, whole or record
        return _Entry(_last_use(place), place, size) if whole else None
    except OSError:
        return None


def _last_use(place: Path) -> float:
    """When an entry was used last, in seconds since 1970; 0 if its time is in the future, since a clock was wrong then.

    Raises:
        OSError: it has been removed.
    """
    used = place.lstat().st_mtime
    return used if used <= time.time() + STALE_SECONDS else 0.0
