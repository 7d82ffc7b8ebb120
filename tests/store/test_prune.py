"""Pruning: a retention, and a published run that always stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_up_runs import make_run

from forecast.errors import InputError
from forecast.store import atomic
from forecast.store.attached import write_attached
from forecast.store.marks import PUBLISHED
from forecast.store.prune import Retention, prune
from forecast.store.publication import publish
from forecast.store.record import mark_scheduled
from forecast.store.saved_run import Run, list_runs, open_run

SAVED = datetime(2026, 1, 1, tzinfo=UTC)
"""When the first made-up run was saved; each further one a minute later."""


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    return [open_run(make_run(tmp_path, number)) for number in range(6)]


def left(kept: Path) -> list[str]:
    return [run.id for run in list_runs(kept)]


def test_the_newest_runs_stay(runs: list[Run], tmp_path: Path) -> None:
    ids = [run.id for run in runs]
    assert prune(tmp_path, Retention(keep_last=2), dry_run=True) == ids[:4]
    assert left(tmp_path) == ids
    assert prune(tmp_path, Retention(keep_last=2)) == ids[:4]
    assert left(tmp_path) == ids[4:]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["attached", *ids[4:]])


def test_a_published_run_stays_and_scheduled_ones_are_counted_separately(runs: list[Run], tmp_path: Path) -> None:
    publish(runs[0])
    for run in runs[1:3]:
        mark_scheduled(run, "weekly", SAVED)
    write_attached(runs[1], "ledger.json", b"{}")
    assert prune(tmp_path, Retention(keep_last=1)) == [run.id for run in (runs[1], runs[3], runs[4])]
    assert left(tmp_path) == [runs[k].id for k in (0, 2, 5)]
    assert sorted(path.name for path in (tmp_path / "attached").iterdir() if path.is_dir()) == [runs[0].id, runs[2].id]
    assert prune(tmp_path, Retention(keep_last=0)) == [runs[2].id, runs[5].id]
    assert left(tmp_path) == [runs[0].id]


def test_young_runs_stay_and_those_from_the_future_too(runs: list[Run], tmp_path: Path) -> None:
    now = SAVED + timedelta(days=10, minutes=2.5)
    assert prune(tmp_path, Retention(keep_days=10), now=now, dry_run=True) == [run.id for run in runs[:3]]
    assert prune(tmp_path, Retention(keep_days=11), now=now, dry_run=True) == []
    early = SAVED - timedelta(days=400)  # the clock jumped
    assert prune(tmp_path, Retention(keep_days=0), now=early, dry_run=True) == []
    assert prune(tmp_path, Retention(keep_days=10, keep_last=4), now=now, dry_run=True) == [run.id for run in runs[:2]]


def test_a_job_removes_only_its_own_runs(runs: list[Run], tmp_path: Path) -> None:
    for number, jobs in enumerate((["a"], ["a"], ["a", "b"], ["b"])):
        for job in jobs:
            mark_scheduled(runs[number], job, SAVED)
    assert prune(tmp_path, Retention(keep_last=1), job="a") == [runs[0].id]


def test_a_run_with_a_damaged_mark_stays(runs: list[Run], tmp_path: Path) -> None:
    publish(runs[0])
    (tmp_path / "attached" / runs[0].id / PUBLISHED).write_text("{}")
    assert runs[0].id not in prune(tmp_path, Retention(keep_last=0))
    assert left(tmp_path) == [runs[0].id]


def test_a_process_that_is_killed_leaves_no_torn_run(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once a run has been moved away it is no longer listed, and the next process removes the rest."""
    monkeypatch.setattr(atomic, "discard", lambda _: None)  # killed before it could remove the files
    prune(tmp_path, Retention(keep_last=5))
    monkeypatch.undo()
    assert left(tmp_path) == [run.id for run in runs[1:]]
    (hidden,) = (path for path in tmp_path.iterdir() if path.name.startswith("."))
    monkeypatch.setattr("forecast.store.atomic.abandoned", lambda _: True)  # the process has ended
    atomic.settle(tmp_path)
    assert not hidden.exists()


@pytest.mark.parametrize("given", [{}, {"keep_days": -1}, {"keep_last": -1}, {"keep_days": 10**9}])
def test_a_retention_that_makes_no_sense_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(InputError):
        Retention(**given)
