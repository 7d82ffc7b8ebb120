"""The marks of a run: scheduled by a job, published, corrected. They are attached files, so the run stays as saved."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.errors import ChangedSince, ForecastError
from forecast.store.attached import read_checked
from forecast.store.manifest import ATTACHED

SCHEDULED, PUBLISHED, CORRECTED = "scheduled.json", "published.json", "corrected.json"
"""Names of the attached files with the marks."""

_log = logging.getLogger("forecast")


@dataclass(frozen=True)
class Publication:
    """The record of a publication.

    Attributes:
        published: when, UTC.
        manifest_sha256: SHA-256 of the run's `manifest.json`, which has the hash of every other file.
        corrects: the published run that this one corrects, if any.
        reason: the reason for the correction.
    """

    published: str
    manifest_sha256: str
    corrects: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Marks:
    """The marks of a run.

    Attributes:
        scheduled: job and instant (UTC) for each mark of the schedule, in order.
        publication: the record of its publication; None if it was not published.
        corrected_by: the run that corrects it; None if there is none.
        damaged: whether a mark cannot be read. Such a run is never removed.
    """

    scheduled: tuple[tuple[str, str], ...] = ()
    publication: Publication | None = None
    corrected_by: str | None = None
    damaged: bool = False

    @property
    def of_record(self) -> bool:
        """Whether the run is a run of record: scheduled or published."""
        return bool(self.scheduled) or self.publication is not None

    @property
    def jobs(self) -> str | None:
        """The jobs that scheduled the run, joined by semicolons; None if there are none."""
        return "; ".join(dict.fromkeys(job for job, _ in self.scheduled)) or None


def marks_of(kept: Path, run: str) -> Marks:
    """Read the marks of a run. A mark that was changed since it was written does not count, with a warning.

    Args:
        kept: folder of saved runs.
        run: the run's name.
    """
    found: dict[str, Any] = {}
    damaged = False
    readers = {SCHEDULED: scheduled_in, PUBLISHED: publication_in, CORRECTED: _corrected_in}
    for name, reader in readers.items():
        path = kept / ATTACHED / run / name
        try:
            content = read_checked(path)
            found[name] = None if content is None else reader(content, path)
        except ForecastError as error:
            _log.warning("a mark of %s does not count: %s", run, error)
            damaged = True
    return Marks(found.get(SCHEDULED) or (), found.get(PUBLISHED), found.get(CORRECTED), damaged)


def scheduled_in(content: bytes, path: Path) -> tuple[tuple[str, str], ...]:
    """Job and instant for each mark of the schedule.

    Raises:
        ChangedSince: the content is not that of such a file.
    """
    rows = _object(content, path).get("marks")
    if not isinstance(rows, list):
        raise ChangedSince(f"{path}: found no list of marks")
    return tuple((_text(row, "job", path), _text(row, "instant", path)) for row in rows)


def publication_in(content: bytes, path: Path) -> Publication:
    """The record of a publication.

    Raises:
        ChangedSince: the content is not that of such a file.
    """
    found = _object(content, path)
    optional = {key: None if found.get(key) is None else _text(found, key, path) for key in ("corrects", "reason")}
    return Publication(_text(found, "published", path), _text(found, "manifest_sha256", path), **optional)


def _corrected_in(content: bytes, path: Path) -> str:
    return _text(_object(content, path), "corrected_by", path)


def _object(content: bytes, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ChangedSince(f"{path}: is not JSON") from error
    if not isinstance(found, dict):
        raise ChangedSince(f"{path}: is not a JSON object")
    return found


def _text(found: Mapping[str, Any], key: str, path: Path) -> str:
    if not isinstance(found, dict) or not isinstance(found.get(key), str):
        raise ChangedSince(f"{path}: lacks the text {key}")
    return str(found[key])
