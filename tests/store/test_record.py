"""Runs of record: scheduled or published; the run before one; corrections that keep the original."""

import json
import logging
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_up_runs import make_run
from places import REPOSITORY

from forecast.errors import ChangedSince, InputError
from forecast.store.marks import CORRECTED, PUBLISHED, SCHEDULED
from forecast.store.publication import publish
from forecast.store.record import (
    is_of_record,
    manifest_sha256,
    mark_published,
    mark_scheduled,
    marks,
    previous,
    runs_of_record,
    superseded,
)
from forecast.store.saved_run import Run, open_run
from forecast.store.writer import Writer

INSTANT = datetime(2025, 3, 3, 6, tzinfo=UTC)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Six runs with default settings, a week apart."""
    return [open_run(make_run(tmp_path, 7 * number)) for number in range(6)]


def again(tmp_path: Path, number: int = 0) -> Run:
    """Another run of the same as-of date as one of `runs`."""
    return open_run(make_run(tmp_path, 7 * number + 345))


def names(found: list) -> list[str]:
    return [run.id for run in found]


def test_scheduled_and_published_runs_are_of_record(runs: list[Run], tmp_path: Path) -> None:
    assert names(runs_of_record(tmp_path)) == names(runs)  # none is marked: those with default settings
    assert not any(map(is_of_record, runs))
    mark_scheduled(runs[1], "weekly", INSTANT)
    mark_published(runs[4])
    assert names(runs_of_record(tmp_path)) == names([runs[1], runs[4]])
    assert names(runs_of_record(tmp_path, everything=True)) == names(runs)
    assert runs_of_record(tmp_path, "another") == []
    assert [is_of_record(run) for run in runs] == [False, True, False, False, True, False]


def test_the_same_mark_twice_is_one_mark(runs: list[Run]) -> None:
    for _ in range(2):
        mark_scheduled(runs[0], "weekly", INSTANT)
    mark_scheduled(runs[0], "daily", INSTANT)
    assert marks(runs[0]).scheduled == (("weekly", INSTANT.isoformat()), ("daily", INSTANT.isoformat()))
    assert marks(runs[0]).jobs == "weekly; daily"
    with pytest.raises(ValueError, match="time zone"):
        mark_scheduled(runs[0], "weekly", datetime(2025, 3, 3))  # noqa: DTZ001


def test_without_marks_the_default_settings_count_and_a_pool_goes_first(tmp_path: Path) -> None:
    make_run(tmp_path, 1, perspective="base")
    make_run(tmp_path, 2, seed=2)
    make_run(tmp_path, 3, edits=["a=1"])
    make_run(tmp_path, 4, prior_only=True)
    assert [run.settings["perspective"] for run in runs_of_record(tmp_path)] == ["base"]
    pooled = make_run(tmp_path, 5)
    assert names(runs_of_record(tmp_path)) == [pooled.name]
    other = make_run(tmp_path, 6, scenario="another", perspective="base")
    assert names(runs_of_record(tmp_path)) == [pooled.name, other.name]


def test_previous_is_the_run_of_record_before(runs: list[Run], tmp_path: Path) -> None:
    def before(run: Run) -> str | None:
        found = previous(run)
        return None if found is None else found.id

    assert [before(run) for run in runs] == [None, *names(runs[:-1])]
    for number in (1, 3):
        mark_scheduled(runs[number], "weekly", INSTANT)
    assert [before(run) for run in runs] == [None, None, *names([runs[1]] * 2), *names([runs[3]] * 2)]
    assert open_run("previous", tmp_path).id == runs[3].id
    again = open_run(make_run(tmp_path, 21 + 345))  # the same as-of date as the fourth, saved later
    assert before(again) == runs[3].id


def test_there_may_be_no_run_before(tmp_path: Path) -> None:
    make_run(tmp_path, 1)
    with pytest.raises(InputError, match="no run of record before"):
        open_run("previous", tmp_path)


def test_latest_keeps_its_meaning_and_says_which_is_of_record(
    runs: list[Run], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "forecast"):
        assert open_run("latest", tmp_path).id == runs[-1].id
        assert caplog.text == ""
        mark_scheduled(runs[2], "weekly", INSTANT)
        assert open_run("latest", tmp_path).id == runs[-1].id
    assert f"is not a run of record; the newest run of record is {runs[2].id}" in caplog.text


def test_a_published_run_is_frozen_with_the_hash_of_its_manifest(runs: list[Run], tmp_path: Path) -> None:
    run = runs[0]
    found = publish(run)
    assert found.new
    record = json.loads((tmp_path / "attached" / run.id / PUBLISHED).read_text())
    assert record["manifest_sha256"] == manifest_sha256(run) == found.publication.manifest_sha256
    for path in (run.folder, *run.folder.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o222
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not publish(run).new
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    with pytest.raises(InputError, match="a published run is never replaced"):
        Writer(tmp_path, run.id)


def test_a_run_that_changed_after_its_publication_is_noticed(runs: list[Run]) -> None:
    publish(runs[0])
    path = runs[0].folder / "manifest.json"
    runs[0].folder.chmod(0o755)
    path.chmod(0o644)
    path.write_text(path.read_text() + " ")
    with pytest.raises(ChangedSince, match="is not the one that was published"):
        publish(runs[0])


def test_a_correction_keeps_the_original_and_links_both(runs: list[Run], tmp_path: Path) -> None:
    publish(runs[0])
    better = again(tmp_path)
    publish(better, corrects=runs[0], reason="  A wrong sheet.\n=cmd() <script> ")
    assert marks(runs[0]).corrected_by == better.id
    correction = marks(better).publication
    assert correction is not None
    assert (correction.corrects, correction.reason) == (runs[0].id, "A wrong sheet. =cmd() <script>")
    assert superseded(runs_of_record(tmp_path)) == {runs[0].id: better.id}
    publish(runs[2])
    assert previous(runs[2]).id == better.id  # type: ignore[union-attr]
    assert previous(better) is None


def test_the_link_back_is_written_again_if_it_was_lost(runs: list[Run], tmp_path: Path) -> None:
    publish(runs[0])
    better = again(tmp_path)
    publish(better, corrects=runs[0], reason="A wrong sheet.")
    for path in (tmp_path / "attached" / runs[0].id).glob("corrected.json*"):
        path.unlink()  # as if the process had been killed between the two records
    assert superseded(runs_of_record(tmp_path)) == {runs[0].id: better.id}
    assert not publish(better, corrects=runs[0], reason="A wrong sheet.").new
    assert marks(runs[0]).corrected_by == better.id
    with pytest.raises(InputError, match=r"with another reason: A wrong sheet\."):
        publish(better, corrects=runs[0], reason="Another.")


def test_a_correction_that_makes_no_sense_is_refused(runs: list[Run], tmp_path: Path) -> None:
    other = open_run(make_run(tmp_path, 70, scenario="another"))
    publish(runs[0])
    publish(other)
    cases = (
        (runs[1], runs[1], "x", "cannot correct itself"),
        (runs[1], runs[2], "x", "was not published"),
        (runs[1], other, "x", "another scenario"),
        (runs[1], runs[0], "x", "is as of 2025-01-20, and .* as of 2025-01-27"),
        (runs[1], runs[0], " \n", "0 characters"),
        (runs[1], runs[0], "a" * 1_000_000, "1,000,000 characters"),
        (runs[1], runs[0], None, "needs a reason"),
        (runs[1], None, "x", "no run that is corrected"),
    )
    for run, corrected, reason, message in cases:
        with pytest.raises(InputError, match=message) as error:
            publish(run, corrects=corrected, reason=reason)
        assert len(str(error.value)) < 500
        assert marks(run).publication is None
    better = again(tmp_path)
    publish(better, corrects=runs[0], reason="x")
    with pytest.raises(InputError, match="was corrected by"):
        publish(open_run(make_run(tmp_path, 2 * 345)), corrects=runs[0], reason="x")
    with pytest.raises(InputError, match="was published before"):
        publish(runs[0], corrects=better, reason="x")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"marks": [1]}', b'{"marks": [{"job": 1}]}', b"1" * 9999]
)
def test_a_damaged_mark_does_not_count_and_is_reported(
    runs: list[Run], tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    from forecast.store.attached import write_attached

    write_attached(runs[0], SCHEDULED, content)
    mark_scheduled(runs[1], "weekly", INSTANT)
    with caplog.at_level(logging.WARNING, "forecast"):
        assert names(runs_of_record(tmp_path)) == [runs[1].id]
    assert "a mark of" in caplog.text
    assert marks(runs[0]).damaged


@pytest.mark.skipif(os.name != "posix", reason="names of files on POSIX")
def test_hostile_names_of_jobs_are_kept_as_they_are(runs: list[Run], tmp_path: Path) -> None:
    hostile = ["../../etc", "=cmd()", "<script>", "\x1b[2J\u202e", "a" * 1_000_000, "a\nb", "\ud800"]
    for name in hostile:
        mark_scheduled(runs[0], name, INSTANT)
    assert [job for job, _ in marks(runs[0]).scheduled] == hostile
    assert {path.name for path in tmp_path.iterdir()} == {*names(runs), "attached"}


def test_every_key_of_the_marks_is_documented(runs: list[Run], tmp_path: Path) -> None:
    mark_scheduled(runs[0], "weekly", INSTANT)
    publish(runs[0])
    publish(again(tmp_path), corrects=runs[0], reason="A wrong sheet.")
    text = (REPOSITORY / "runs" / "README.md").read_text(encoding="utf-8")
    for name in (SCHEDULED, PUBLISHED, CORRECTED):
        assert f"`{name}`" in text
        for path in (tmp_path / "attached").glob(f"*/{name}"):
            content = json.loads(path.read_text())
            keys = {*content, *(key for mark in content.get("marks", ()) for key in mark)}
            assert not [key for key in keys - {"marks"} if f"`{key}`" not in text]
