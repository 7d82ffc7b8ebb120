"""Removing saved runs that a retention lets go. A published run is never removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forecast.cache.owners import old
from forecast.errors import InputError, refusal_of
from forecast.store import atomic
from forecast.store.attached import attached_locked
from forecast.store.index import RunSummary, summaries
from forecast.store.manifest import ATTACHED
from forecast.store.marks import PUBLISHED, marks_of

MOST_DAYS = 1_000_000
"""Longest retention in days."""


@dataclass(frozen=True)
class Retention:
    """The runs that are kept: a run stays if one of the rules keeps it.

    Attributes:
        keep_days: runs saved within this number of days are kept; None for no such rule.
        keep_last: the newest runs are kept, this number of each scenario, of scheduled and of what-if runs separately.

    Raises:
        InputError: there is no rule, or a number is out of range.
    """

    keep_days: int | None = None
    keep_last: int | None = None

    def __post_init__(self) -> None:
        if self.keep_days is None and self.keep_last is None:
            what = "found no rule by which runs are kept; expected at least one"
            raise InputError(what, remedy="Give --keep-days N or --keep-last N, or --cache-mb M for the cache alone")
        for key, value, least in (("--keep-days", self.keep_days, 0), ("--keep-last", self.keep_last, 0)):
            if value is not None and not least <= value <= MOST_DAYS:
                raise InputError(f"found {value}; expected {least} to {MOST_DAYS:,}", key=key)


def prunable(
    runs: Sequence[RunSummary], retention: Retention, now: datetime, *, job: str | None = None
) -> list[RunSummary]:
    """The runs that a retention lets go.

    A run that was published, whose marks are damaged, or whose time cannot be read or lies in the future, is kept.

    Args:
        runs: all runs of the folder, or of a scenario.
        retention: the runs that are kept.
        now: the present time, with a time zone.
        job: only runs that this job of the schedule made, and no other.
    """
    if job is not None:
        runs = [run for run in runs if {name for name, _ in run.marks.scheduled} == {job}]
    newest: set[str] = set()
    groups: dict[tuple[str, bool], list[RunSummary]] = {}
    for run in runs:
        groups.setdefault((run.scenario, run.marks.of_record), []).append(run)
    for own in groups.values():
        own.sort(key=lambda run: run.order, reverse=True)
        newest |= {run.id for run in own[: retention.keep_last or 0]}
    return [run for run in runs if run.id not in newest and not _kept(run, retention, now)]


def _kept(run: RunSummary, retention: Retention, now: datetime) -> bool:
    """Whether a run is kept whatever its place in the order."""
    if run.marks.publication is not None or run.marks.damaged:
        return True
    try:
        saved = datetime.fromisoformat(run.saved)
    except ValueError:
        return True
    if saved.tzinfo is None:
        saved = saved.replace(tzinfo=UTC)
    age = now - saved
    return age < timedelta(0) or (retention.keep_days is not None and age <= timedelta(days=retention.keep_days))


def prune(
    kept: Path,
    retention: Retention,
    *,
    now: datetime | None = None,
    scenario: str | None = None,
    job: str | None = None,
    dry_run: bool = False,
) -> list[str]:
    """Remove the runs that a retention lets go, with the files that were made from them.

    Args:
        kept: folder of saved runs.
        retention: the runs that are kept.
        now: the present time; by default that of the clock.
        scenario: only runs of this scenario.
        job: only runs that this job of the schedule made, and no other.
        dry_run: remove nothing.

    Returns:
        The names of the runs that are removed.

    Raises:
        ForecastError: a run cannot be removed; those before it are gone.
    """
    runs = [run for run in summaries(kept) if scenario in (None, run.scenario)]
    chosen = prunable(runs, retention, now or datetime.now(UTC), job=job)
    if dry_run or not chosen:
        return [run.id for run in chosen]
    removed = []
    try:
        (kept / ATTACHED).mkdir(exist_ok=True)
        with attached_locked(kept / ATTACHED):  # nobody publishes meanwhile
            for run in chosen:
                marks = marks_of(kept, run.id)
                if marks.publication is None and not marks.damaged:
                    atomic.remove(kept, [run.folder, kept / ATTACHED / run.id])
                    removed.append(run.id)
            if scenario is None and job is None:
                _remove_orphans(kept)
    except OSError as error:
        raise refusal_of(error, kept) or error from error
    return removed


def _remove_orphans(kept: Path) -> None:
    """Remove old attached files of runs that are gone, as after a process was killed; records of publications stay."""
    for folder in sorted((kept / ATTACHED).iterdir()):
        gone = not (kept / folder.name).exists() and folder.is_dir() and not folder.is_symlink()
        # A run that is being replaced is gone for a moment.
        if gone and not (folder / PUBLISHED).exists() and old(folder):
            atomic.remove(kept, [folder])
