"""Publishing a run: its record with the hash of the manifest, and files that are read-only from then on."""

import logging
import stat
from dataclasses import dataclass
from pathlib import Path

from forecast.errors import ChangedSince, InputError, refusal_of
from forecast.store.attached import attached_folder
from forecast.store.marks import PUBLISHED, Publication
from forecast.store.record import manifest_sha256, mark_published
from forecast.store.run_folder import Run

LONGEST_REASON = 2000
"""Most characters of the reason for a correction."""

_log = logging.getLogger("forecast")


@dataclass(frozen=True)
class Published:
    """A publication.

    Attributes:
        publication: the record.
        new: whether the run was not published before.
        record: the file of the record.
    """

    publication: Publication
    new: bool
    record: Path


def publish(run: Run, *, corrects: Run | None = None, reason: str | None = None) -> Published:
    """Publish a run, and make its files read-only. The same again changes nothing.

    Args:
        run: from `open_run`, which has checked its files.
        corrects: the published run that this one corrects. Both stay, and each names the other.
        reason: the reason for the correction.

    Raises:
        InputError: the reason or the correction makes no sense, or the record cannot be written.
        ChangedSince: the run was published before, and its manifest was changed since.
        SystemRefusal: the system lacks space or a lock.
    """
    if reason is not None:
        reason = " ".join(reason.split())
        if not 1 <= len(reason) <= LONGEST_REASON:
            what = f"found {len(reason):,} characters; expected 1 to {LONGEST_REASON:,}"
            raise InputError(what, key="--reason", remedy="Write a sentence")
    publication, new = mark_published(run, corrects=corrects, reason=reason)
    check_published(run, publication)
    _freeze(run.folder)
    return Published(publication, new, attached_folder(run) / PUBLISHED)


def check_published(run: Run, publication: Publication) -> None:
    """Compare the manifest of a run with the record of its publication.

    Raises:
        ChangedSince: they differ.
    """
    if manifest_sha256(run) != publication.manifest_sha256:
        what = f"{run.id}: its manifest is not the one that was published at {publication.published}"
        raise ChangedSince(f"{what} (SHA-256 {publication.manifest_sha256}). Restore the run from a copy")


def _freeze(folder: Path) -> None:
    """Take away the permission to write: of every file of the run, then of its folders."""
    try:
        for at, _, names in folder.walk(top_down=False):
            for path in (*(at / name for name in names), at):
                if not path.is_symlink():
                    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    except OSError as error:
        _log.warning("the files of %s cannot be made read-only: %s", folder.name, refusal_of(error, folder) or error)
