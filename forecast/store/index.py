"""An index of saved runs, from which 1,000 runs are listed in a fraction of a second.

The index is a file in the user's cache: by run, the facts that a list needs, under a key of its files: time of
modification, time of change, size and inode of `manifest.json`, `summary.json` and the marks. A run with another key is
read from its files. So the index is never believed against a manifest, and it is made again when it is missing, torn or
damaged. A run with a file that changed within the last seconds is not stored, because a second change could have the
same key.
"""

import contextlib
import hashlib
import json
import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forecast.errors import ForecastError, InputError, refusal_of
from forecast.locations import cache_root
from forecast.store.digests import file_digest
from forecast.store.manifest import ATTACHED, MANIFEST, SUMMARY, read_manifest
from forecast.store.marks import CORRECTED, PUBLISHED, SCHEDULED, Marks, Publication, marks_of
from forecast.store.run_folder import summary_in
from forecast.store.whole_file import replace_file

VERSION = "1"
"""Version of the index file; another one is made again."""

RECENT = 2.0
"""Seconds within which a second change of a file could leave its key as it is."""

_log = logging.getLogger("forecast")


@dataclass(frozen=True)
class Odds:
    """The odds of one end in a run.

    Attributes:
        probability: the share, from 0 to 1.
        standard_error: its Monte Carlo error.
        low: lower end of the 90% range.
        high: upper end of the 90% range.

    Each is None where the run has none.
    """

    probability: float | None
    standard_error: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RunSummary:
    """The facts about a saved run that lists and charts show.

    Attributes:
        folder: its folder.
        scenario: the scenario.
        as_of: the as-of date.
        started: when the run started, UTC, as the manifest has it.
        saved: when it was saved, UTC.
        horizon: the last day of the forecast; None if the summary lacks it.
        settings: the settings that can change the results.
        code: SHA-256 of the code that made it.
        odds: by end; empty if the summary was changed since the run.
        changed: whether `summary.json` is missing or was changed since the run.
        marks: scheduled, published, corrected.
    """

    folder: Path
    scenario: str
    as_of: date
    started: str
    saved: str
    horizon: date | None
    settings: Mapping[str, Any]
    code: str
    odds: Mapping[str, Odds]
    changed: bool
    marks: Marks = field(default_factory=Marks)

    @property
    def id(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def order(self) -> tuple[date, str, str]:
        """The key by which runs are ordered: as-of date, start, name."""
        return self.as_of, self.started, self.id


def summaries(kept: Path, skipped: int = logging.WARNING) -> list[RunSummary]:
    """Every run in a folder, by as-of date, then start. A folder that is not a sound run is skipped, with a warning.

    Args:
        kept: folder of saved runs.
        skipped: level of the line in the log about a folder that is skipped.

    Raises:
        ForecastError: the folder cannot be read.
    """
    now = time.time()
    place = _place(kept)
    known = _load(place)
    found: list[RunSummary] = []
    stored: dict[str, Any] = {}
    for name, key in _keys(kept):
        entry = known.get(name)
        summary = None
        if entry is not None and entry.get("key") == key:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                summary = _decoded(kept / name, entry["run"])
        if summary is None:
            try:
                summary = _read(kept, name)
            except InputError as error:
                if (kept / name / MANIFEST).exists():  # else it has been removed meanwhile
                    _log.log(skipped, "skipped, because it is not a sound run: %s", error)
                continue
            entry = {"key": key, "run": _encoded(summary)}
            if _newest(key) > now - RECENT or summary.marks.damaged:
                entry = None
        found.append(summary)
        if entry is not None:
            stored[name] = entry
    if stored != known:
        _save(place, stored)
    return sorted(found, key=lambda run: run.order)


def _keys(kept: Path) -> Iterator[tuple[str, list[Any]]]:
    """The name of each folder with a manifest, and the key of its files.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    top = os.fspath(kept)
    try:
        names = sorted(name for name in os.listdir(top) if not name.startswith(".") and name != ATTACHED)  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise refusal_of(error, kept) or error from error
    marked: set[str] = set()
    with contextlib.suppress(OSError):
        marked = set(os.listdir(os.path.join(top, ATTACHED)))  # noqa: PTH118, PTH208
    for name in names:
        files = [f"{top}/{name}/{MANIFEST}", f"{top}/{name}/{SUMMARY}"]
        if name in marked:
            files += [f"{top}/{ATTACHED}/{name}/{mark}" for mark in (SCHEDULED, PUBLISHED, CORRECTED)]
        key = [_stat(path) for path in files]
        if key[0] is not None:
            yield name, key


def _stat(path: str) -> list[int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (a Path for each of some thousand files takes as long as the call)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return [found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino]


def _newest(key: list[Any]) -> float:
    """When a file of a key was last changed, seconds since 1970."""
    return float(max(max(times[:2]) for times in key if times is not None)) / 1e9


def _read(kept: Path, name: str) -> RunSummary:
    """Read a run from its files.

    Raises:
        InputError: it is not a sound run.
    """
    folder = kept / name
    manifest = read_manifest(folder)
    if manifest["id"] != name:
        what = f"found {str(manifest['id'])[:80]!r}; expected the name of its folder"
        raise InputError(what, file=folder / MANIFEST, key="id", remedy="Give the folder its name again")
    odds: dict[str, Odds] = {}
    horizon = None
    changed = True
    with contextlib.suppress(OSError, ForecastError, KeyError, TypeError, ValueError, AttributeError):
        if file_digest(folder / SUMMARY) == manifest["files"][SUMMARY]:
            summary = summary_in(folder, manifest)
            odds = {str(end): _odds(entry) for end, entry in summary["odds"].items()}
            horizon = date.fromisoformat(summary["horizon"])
            changed = False
    finished, settings, hashes = (manifest.get(name) for name in ("finished", "settings", "hashes"))
    return RunSummary(
        folder=folder,
        scenario=str(manifest.get("scenario", name)),
        as_of=date.fromisoformat(manifest["as_of"]),
        started=manifest["started"],
        saved=finished if isinstance(finished, str) else manifest["started"],
        horizon=horizon,
        settings=settings if isinstance(settings, dict) else {},
        code=str(hashes.get("code", "")) if isinstance(hashes, dict) else "",
        odds=odds,
        changed=changed,
        marks=marks_of(kept, name),
    )


def _odds(entry: Mapping[str, Any]) -> Odds:
    low, high = entry.get("interval") or (None, None)
    return Odds(*(None if x is None else float(x) for x in (entry["probability"], entry["standard_error"], low, high)))


def _encoded(run: RunSummary) -> dict[str, Any]:
    content = asdict(run)
    del content["folder"]
    horizon = run.horizon and run.horizon.isoformat()
    return content | {"as_of": run.as_of.isoformat(), "horizon": horizon}


def _decoded(folder: Path, content: Mapping[str, Any]) -> RunSummary:
    marks = content["marks"]
    publication = marks["publication"]
    own = {
        "as_of": date.fromisoformat(content["as_of"]),
        "horizon": content["horizon"] and date.fromisoformat(content["horizon"]),
        "odds": {end: Odds(**entry) for end, entry in content["odds"].items()},
        "marks": Marks(
            tuple((job, instant) for job, instant in marks["scheduled"]),
            publication and Publication(**publication),
            marks["corrected_by"],
            marks["damaged"],
        ),
    }
    return RunSummary(folder=folder, **(dict(content) | own))


def _place(kept: Path) -> Path | None:
    """The file of the index of a folder of runs, in the user's cache; None if there is no cache."""
    try:
        whole = os.fsencode(kept.resolve())
        return cache_root() / "index" / f"{hashlib.sha256(whole).hexdigest()[:32]}.json"
    except (OSError, RuntimeError, ForecastError):
        return None


def _load(place: Path | None) -> dict[str, dict[str, Any]]:
    """The entries of the index; empty if it is missing, torn or damaged."""
    if place is None:
        return {}
    try:
        head, _, body = place.read_bytes().partition(b"\n")
        if head != _head(body):
            return {}
        content = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    sound = isinstance(content, dict) and all(isinstance(entry, dict) for entry in content.values())
    return content if sound else {}


def _save(place: Path | None, entries: Mapping[str, Any]) -> None:
    """Write the index, whole or not at all. A failure costs time and nothing else, so it is only logged."""
    if place is None:
        return
    try:
        body = json.dumps(entries, separators=(",", ":")).encode()
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, _head(body) + b"\n" + body)
    except (OSError, ValueError) as error:
        _log.info("the index of runs cannot be saved in %s (%s)", place, error)


def _head(body: bytes) -> bytes:
    """The first line of the index: its version and the hash of the rest."""
    return f"{VERSION} {hashlib.sha256(body).hexdigest()}".encode()
