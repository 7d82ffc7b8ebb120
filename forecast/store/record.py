"""Runs of record: those that were scheduled or published, in contrast to what-if runs.

Where a scenario has none, its runs with default settings stand for them.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from forecast.ensemble.request import DRAW_SEED, SEED, TIMELINES
from forecast.errors import InputError
from forecast.plain_text import without_middle
from forecast.scenario.perspective_names import BASE, POOL
from forecast.store.attached import attached_folder, change_attached
from forecast.store.index import RunSummary, summaries
from forecast.store.json_text import to_json
from forecast.store.manifest import MANIFEST, read_manifest
from forecast.store.marks import (
    CORRECTED,
    PUBLISHED,
    SCHEDULED,
    Marks,
    Publication,
    marks_of,
    publication_in,
    scheduled_in,
)
from forecast.store.run_folder import Run


def mark_scheduled(run: Run, job: str, instant: datetime) -> None:
    """Mark a run as made by a job of the schedule. The same mark again changes nothing.

    Args:
        run: the run.
        job: the job's name.
        instant: the scheduled time, with a time zone.

    Raises:
        ValueError: the instant has no time zone.
        ForecastError: the mark cannot be written.
    """
    if instant.tzinfo is None:
        raise ValueError("the instant has no time zone")
    mark = (job, instant.astimezone(UTC).isoformat())
    path = attached_folder(run) / SCHEDULED

    def with_mark(before: bytes | None) -> bytes:
        marks = () if before is None else scheduled_in(before, path)
        rows = marks if mark in marks else (*marks, mark)
        return _text(run, marks=[{"job": name, "instant": when} for name, when in rows])

    change_attached(run, SCHEDULED, with_mark)


def mark_published(run: Run, *, corrects: Run | None = None, reason: str | None = None) -> tuple[Publication, bool]:
    """Mark a run as published, with the hash of its manifest; a correction and the run that it corrects are linked.

    Args:
        run: the run.
        corrects: a published run of the same scenario and as-of date that this one corrects.
        reason: the reason for the correction, one line.

    Returns:
        The record of the publication, and whether it is new. A run that was published before keeps its record.

    Raises:
        InputError: the run was published before as something else, or the other run cannot be corrected by it.
        ForecastError: the mark cannot be written.
    """
    if (corrects is None) != (reason is None):
        what = "a correction needs a reason" if reason is None else "there is a reason, and no run that is corrected"
        raise InputError(what, key="--reason", remedy="Give --corrects RUN and --reason TEXT together")
    path = attached_folder(run) / PUBLISHED
    wanted = Publication(
        datetime.now(UTC).isoformat(timespec="seconds"),
        manifest_sha256(run),
        None if corrects is None else corrects.id,
        reason,
    )
    new = False

    def first(before: bytes | None) -> bytes:
        nonlocal new
        if before is not None:
            return before
        if corrects is not None:
            _check_correction(run, corrects)
        new = True
        facts = {"corrects": wanted.corrects, "reason": wanted.reason} if corrects is not None else {}
        return _text(run, published=wanted.published, manifest_sha256=wanted.manifest_sha256, **facts)

    kept = publication_in(change_attached(run, PUBLISHED, first).read_bytes(), path)
    if not new and corrects is not None and kept.corrects != corrects.id:
        what = f"{run.id} was published before, as " + (
            f"a correction of {kept.corrects}" if kept.corrects else "no correction"
        )
        raise InputError(what, key="--corrects", remedy="A correction is named when a run is first published")
    if not new and reason is not None and kept.reason != reason:
        what = f"{run.id} was published with another reason: {kept.reason}"
        raise InputError(
            what, key="--reason", remedy="A publication is never changed: leave that reason, or give the same"
        )
    if corrects is not None:
        _link_back(corrects, run, kept)
    return kept, new


def manifest_sha256(run: Run) -> str:
    """SHA-256 of the bytes of a run's `manifest.json`, which has the hash of every other file of the run."""
    return hashlib.sha256((run.folder / MANIFEST).read_bytes()).hexdigest()


def is_of_record(run: Run) -> bool:
    """Whether a run is a run of record: scheduled or published."""
    return marks(run).of_record


def marks(run: Run) -> Marks:
    """The marks of a run."""
    return marks_of(run.folder.parent, run.id)


def runs_of_record(kept: Path, scenario: str | None = None, everything: bool = False) -> list[RunSummary]:
    """The runs of record, by as-of date, then start.

    Args:
        kept: folder of saved runs.
        scenario: only the runs of this scenario.
        everything: the what-if runs too.

    Returns:
        Of each scenario its runs of record. Where it has none, its runs with default settings.

    Raises:
        ForecastError: the folder cannot be read.
    """
    found = [run for run in summaries(kept) if scenario is None or run.scenario == scenario]
    return found if everything else of_record_in(found)


def of_record_in(runs: Iterable[RunSummary]) -> list[RunSummary]:
    """The runs of record among some runs: of each scenario; where it has none, those with default settings."""
    by_scenario: dict[str, list[RunSummary]] = {}
    for run in runs:
        by_scenario.setdefault(run.scenario, []).append(run)
    chosen: list[RunSummary] = []
    for own in by_scenario.values():
        chosen += [run for run in own if run.marks.of_record] or _default(own)
    return sorted(chosen, key=lambda run: run.order)


def corrected(runs: Iterable[RunSummary]) -> dict[str, str]:
    """The runs that were corrected: by name the name of the correction, which is among the runs as well."""
    runs = list(runs)
    links: list[tuple[str | None, str | None]] = [
        (run.marks.publication.corrects, run.id) for run in runs if run.marks.publication
    ]
    links += [(run.id, run.marks.corrected_by) for run in runs]
    names = {run.id for run in runs}
    return {old: new for old, new in links if old is not None and new is not None and new in names}


def superseded(runs: Iterable[RunSummary]) -> dict[str, str]:
    """The runs that another takes the place of, by name: the correction, or the last run of the same as-of date.

    Args:
        runs: runs of record.
    """
    runs = sorted(runs, key=lambda run: run.order)
    found = corrected(runs)
    last = {(run.scenario, run.as_of): run.id for run in runs if run.id not in found}
    for run in runs:
        later = last.get((run.scenario, run.as_of), run.id)
        if run.id not in found and later != run.id:
            found[run.id] = later
    return found


def previous(run: Run) -> Run | None:
    """The run of record before a run, by as-of date, then start; None if there is none.

    A run that was corrected does not count, and neither does the one that this run corrects.

    Args:
        run: the run; need not be a run of record.

    Raises:
        ForecastError: the folder of runs cannot be read.
    """
    at = date.fromisoformat(run.manifest["as_of"]), run.manifest["started"], run.id
    earlier = [other for other in _standing(run) if other.order < at and other.id != run.id]
    return Run(earlier[-1].folder, read_manifest(earlier[-1].folder)) if earlier else None


def note_on_latest(run: Run) -> str | None:
    """A sentence that a run is not a run of record, and the name of the newest that is; None where it needs none."""
    standing = _standing(run)
    if not standing or any(other.id == run.id for other in standing):
        return None
    newest = standing[-1]
    kind = "run of record" if newest.marks.of_record else "run with default settings"
    return f"the latest run, {run.id}, is not a run of record; the newest {kind} is {newest.id}"


def _standing(run: Run) -> list[RunSummary]:
    """The runs of record of a run's scenario that were not corrected, in order."""
    scenario = str(run.manifest.get("scenario", run.id))
    # Whoever opens a run by a name that means the latest has been warned about damaged folders.
    found = of_record_in(other for other in summaries(run.folder.parent, logging.DEBUG) if other.scenario == scenario)
    old = corrected(found)
    return [other for other in found if other.id not in old]


def _default(runs: list[RunSummary]) -> list[RunSummary]:
    """The runs of one scenario with default settings: those of the pool, or where there are none, of the base."""
    plain = [run for run in runs if _is_default(run.settings)]
    pooled = [run for run in plain if run.settings.get("perspective") == POOL]
    return pooled or [run for run in plain if run.settings.get("perspective") == BASE]


def _is_default(settings: Mapping[str, Any]) -> bool:
    numbers = {"timelines": TIMELINES, "seed": SEED, "draw_seed": DRAW_SEED}
    changes = ("edits", "fixed", "readings", "prior_only", "allow_unconverged")
    same = all(settings.get(name) == value for name, value in numbers.items())
    return same and not any(settings.get(name) for name in changes)


def _check_correction(run: Run, other: Run) -> None:
    """Refuse a correction that makes no sense.

    Raises:
        InputError: the other run is the same, of another scenario or as-of date, not published, or corrected already.
    """
    theirs = marks(other)
    fault = None
    if other.id == run.id:
        fault = "a run cannot correct itself"
    elif other.manifest.get("scenario") != run.manifest.get("scenario"):
        fault = f"{without_middle(other.id)} is a run of another scenario"
    elif theirs.publication is None:
        fault = f"{other.id} was not published"
    elif other.manifest.get("as_of") != run.manifest.get("as_of"):
        fault = f"{other.id} is as of {other.manifest.get('as_of')}, and {run.id} as of {run.manifest.get('as_of')}"
    elif theirs.corrected_by not in (None, run.id):
        fault = f"{other.id} was corrected by {theirs.corrected_by} already"
    if fault is not None:
        raise InputError(fault, key="--corrects", remedy="Name the published run that this one takes the place of")


def _link_back(other: Run, run: Run, publication: Publication) -> None:
    """Write into the corrected run's marks which run corrects it."""
    facts = {"corrected_by": run.id, "reason": publication.reason, "corrected": publication.published}
    content = _text(other, **facts, manifest_sha256=publication.manifest_sha256)
    change_attached(other, CORRECTED, lambda before: content if before is None else before)


def _text(run: Run, **facts: Any) -> bytes:
    return to_json({"schema": 1, "run": run.id} | facts).encode()
