"""The index of runs: quick, and never believed against the files of a run."""

import json
import logging
import os
import time
from datetime import date
from pathlib import Path

import pytest
from made_up_runs import make_run

from forecast.store import index
from forecast.store.index import summaries
from forecast.store.manifest import SUMMARY
from forecast.store.record import mark_published
from forecast.store.saved_run import open_run


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five runs, whose files count as unchanged for long."""
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "RECENT", -60.0)
    for number in range(5):
        make_run(tmp_path / "runs", number)
    return tmp_path / "runs"


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs that are read from their files."""
    read, found = index._read, []

    def noting(kept: Path, name: str) -> index.RunSummary:
        found.append(name)
        return read(kept, name)

    monkeypatch.setattr(index, "_read", noting)
    return found


def place(kept: Path) -> Path:
    (found,) = (kept.parent / "cache" / "index").iterdir()
    return found


def test_a_run_is_read_once(kept: Path, reads: list[str]) -> None:
    first = summaries(kept)
    assert len(reads) == 5
    assert summaries(kept) == first
    assert len(reads) == 5
    assert [run.as_of for run in first] == [date(2025, 1, 20 + number) for number in range(5)]
    assert {run.horizon for run in first} == {date(2025, 12, 31)}
    assert (
        first[0].odds["negotiated"].probability
        == open_run(first[0].folder).summary["odds"]["negotiated"]["probability"]
    )


def test_marks_and_changes_are_seen_at_once(kept: Path, reads: list[str]) -> None:
    runs = summaries(kept)
    mark_published(open_run(runs[2].folder))
    assert [run.marks.of_record for run in summaries(kept)] == [False, False, True, False, False]
    assert len(reads) == 6
    (runs[1].folder / SUMMARY).write_text("{}")
    changed = summaries(kept)[1]
    assert (changed.changed, changed.odds) == (True, {})


def test_a_file_with_the_same_size_and_time_is_read_again(kept: Path, reads: list[str]) -> None:
    """The time of change says that a file was changed; nobody can set it."""
    path = summaries(kept)[0].folder / SUMMARY
    before, found = path.read_bytes(), path.stat()
    path.write_bytes(before.replace(b'"schema": 2', b'"schema": 3'))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert path.stat().st_size == found.st_size
    assert summaries(kept)[0].changed


def test_a_run_that_has_just_changed_is_not_stored(
    kept: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "RECENT", 60.0)
    summaries(kept)
    summaries(kept)
    assert len(reads) == 10


def test_runs_come_and_go(kept: Path, reads: list[str]) -> None:
    import shutil

    summaries(kept)
    shutil.rmtree(summaries(kept)[0].folder)
    make_run(kept, 30)
    assert [run.as_of.day for run in summaries(kept)] == [21, 22, 23, 24, 19]
    assert len(reads) == 6


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"0.0", b"0.9"),
        lambda content: b"1 " + b"0" * 64 + b"\n{}",
        lambda content: b"\xff\xfe",
        lambda content: index._head(b"[]") + b"\n[]",
        lambda content: index._head(b'{"a": 1}') + b'\n{"a": 1}',
        lambda content: index._head(b"[" * 100_000) + b"\n" + b"[" * 100_000,
    ],
)
def test_a_damaged_index_is_made_again(kept: Path, reads: list[str], damage) -> None:
    first = summaries(kept)
    place(kept).write_bytes(damage(place(kept).read_bytes()))
    assert summaries(kept) == first
    assert summaries(kept) == first
    assert len(reads) == 10


def test_an_entry_of_another_form_is_read_again(kept: Path, reads: list[str]) -> None:
    first = summaries(kept)
    _, _, body = place(kept).read_bytes().partition(b"\n")
    content = json.loads(body)
    for entry in content.values():
        entry["run"] = {"as_of": 3}
    body = json.dumps(content).encode()
    place(kept).write_bytes(index._head(body) + b"\n" + body)
    assert summaries(kept) == first


def test_a_cache_that_cannot_be_written_costs_time_only(kept: Path, tmp_path: Path, reads: list[str]) -> None:
    (tmp_path / "cache").write_text("a file")
    assert len(summaries(kept)) == len(summaries(kept)) == 5
    assert len(reads) == 10


def test_what_is_not_a_run_is_skipped_with_a_warning(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    (kept / "torn").mkdir()
    (kept / "torn" / "manifest.json").write_text('{"id"')
    (kept / "empty").mkdir()
    (kept / ".hidden").mkdir()
    (kept / "notes.txt").write_text("mine")
    renamed = summaries(kept)[0].folder
    renamed.rename(kept / "=cmd()<b>\x1b[2J")
    with caplog.at_level(logging.WARNING, "forecast"):
        assert len(summaries(kept)) == 4
    assert {record.getMessage().split(": ")[2] for record in caplog.records} == {"cannot be read", "id"}


def test_no_folder_is_no_runs(tmp_path: Path) -> None:
    assert summaries(tmp_path / "none") == []


def test_many_runs_are_listed_in_a_fraction_of_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processor time, since others may use the machine; `benchmarks/store.py` measures 1,000 runs."""
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "RECENT", -60.0)
    for number in range(300):
        make_run(tmp_path / "runs", number)
    summaries(tmp_path / "runs")
    begin = time.process_time()
    assert len(summaries(tmp_path / "runs")) == 300
    assert time.process_time() - begin < 0.3
