"""What is in the way of a run: other people's folders, full disks, permissions. Nothing that is not ours is lost."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from run_tools import contents

from forecast.errors import ForecastError, InputError, SystemRefusal
from forecast.store import writer as writing
from forecast.store.csv_text import csv_text, without_apostrophes
from forecast.store.manifest import KEPT, MANIFEST, TIMELINES
from forecast.store.parquet import read_parquet, write_parquet
from forecast.store.saved_run import list_runs, open_run
from forecast.store.timeline_file import TimelineFile
from forecast.store.writer import Writer, saved_here

MADE = {"id": "a", "schema": 2, "as_of": "2025-01-20", "started": "now"}


def write(runs: Path, text: str = "x") -> None:
    with Writer(runs, "a") as writer, writer.saving():
        for name in KEPT:
            writer.text(name, text)
        writer.finish(MADE)


# Something else has the name


def foreign_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"name": "app"}')


def no_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def damaged_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_text("{")


def manifest_of_another(folder: Path) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | {"id": "b"}))


def folder_as_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()


@pytest.mark.parametrize(
    "harm", [foreign_manifest, no_manifest, damaged_manifest, manifest_of_another, folder_as_manifest]
)
def test_a_folder_that_is_not_a_run_is_refused_before_the_work_and_stays(tmp_path: Path, harm: object) -> None:
    write(tmp_path)
    (tmp_path / "a" / "mine.txt").write_text("precious")
    harm(tmp_path / "a")  # type: ignore[operator]
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"is not a saved run.*Move it elsewhere"):
        Writer(tmp_path, "a")
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", ["empty", "link to a run", "dangling link", "file"])
def test_links_files_and_empty_folders_stay_too(tmp_path: Path, kind: str) -> None:
    runs, other = tmp_path / "runs", tmp_path / "other"
    write(other)
    runs.mkdir()
    if kind == "empty":
        (runs / "a").mkdir()
    elif kind == "file":
        (runs / "a").write_text("mine")
    else:
        (runs / "a").symlink_to(other / "a" if kind == "link to a run" else tmp_path / "nothing")
    with pytest.raises(InputError, match="has the name of the run"):
        write(runs)
    assert [path.name for path in runs.iterdir()] == ["a"]
    assert (runs / "a").is_symlink() == ("link" in kind)
    assert open_run("a", other)


def test_a_name_that_is_taken_during_the_work_is_refused(tmp_path: Path) -> None:
    with Writer(tmp_path, "a") as writer:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "mine.txt").write_text("precious")
        with pytest.raises(InputError, match="is not a saved run"):
            writer.finish(MADE)
    assert contents(tmp_path) == {"a/mine.txt": b"precious"}


def test_notes_in_the_folder_of_a_run_outlive_it(tmp_path: Path) -> None:
    write(tmp_path, "old")
    folder = tmp_path / "a"
    (folder / "notes.md").write_text("mine")
    (folder / "more").mkdir()
    (folder / "more" / "deep.txt").write_text("mine too")
    (folder / "link").symlink_to("/nowhere")
    write(tmp_path, "new")
    assert (folder / "report.md").read_text() == "new"
    assert (folder / "notes.md").read_text() == "mine"
    assert (folder / "more" / "deep.txt").read_text() == "mine too"
    assert (folder / "link").readlink() == Path("/nowhere")
    assert set(open_run("a", tmp_path).manifest["files"]) == KEPT
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        write(tmp_path, "newer")
    assert (folder / "report.md").read_text() == "new"


# The system


def test_a_disk_that_fills_leaves_nothing_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "old")
    before = contents(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(SystemRefusal, match=f"^{tmp_path}: no space left on device. Free some space"):
        write(tmp_path, "new")
    assert contents(tmp_path) == before
    with pytest.raises(SystemRefusal):
        write(tmp_path / "new" / "folder")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("rows", [1, 500_000])
def test_a_disk_that_fills_under_the_timelines_is_named(tmp_path: Path, rows: int) -> None:
    # Few rows are written at the end of the file. With many, the end fails once more.
    table = pd.DataFrame({"number": np.random.default_rng(1).random(rows)})
    named = pytest.raises(SystemRefusal, match=f"^{tmp_path}: no space left on device. Free some space")
    with named, Writer(tmp_path, "a") as writer, TimelineFile(writer.folder, None, writer.saving) as file:
        (writer.folder / TIMELINES).symlink_to("/dev/full")
        file.keep("base", table)
    assert not list(tmp_path.iterdir())


def test_too_little_space_is_refused_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(SystemRefusal, match=r"0\.0 MB are free, and the run needs at least 2\.0 MB"):
        Writer(tmp_path / "runs", "a", 2_000_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENAMETOOLONG])
def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(writing.atomic.tempfile, "mkdtemp", refuse)
    with pytest.raises(InputError, match="--runs: runs cannot be saved in"):
        Writer(tmp_path / "runs", "a")
    assert not list(tmp_path.iterdir())


def test_a_bug_while_saving_stays_a_bug(tmp_path: Path) -> None:
    for bug in (FileNotFoundError(errno.ENOENT, "x", "y"), ValueError("x"), OSError("x")):
        with pytest.raises(type(bug)) as caught, Writer(tmp_path, "a") as writer, writer.saving():
            raise bug
        assert not isinstance(caught.value, ForecastError)


def test_an_error_of_another_file_keeps_its_path(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusal, match=r"^/cache/x: "), Writer(tmp_path, "a") as writer, writer.saving():
        raise OSError(errno.ENOSPC, "x", "/cache/x")


@pytest.mark.parametrize(
    ("mask", "folder", "file"), [(0o077, 0o700, 0o600), (0o022, 0o755, 0o644), (0o002, 0o775, 0o664)]
)
def test_the_umask_is_honoured(tmp_path: Path, mask: int, folder: int, file: int) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path / "runs")
    finally:
        os.umask(before)
    assert (tmp_path / "runs" / "a").stat().st_mode & 0o777 == folder
    assert (tmp_path / "runs" / "a" / MANIFEST).stat().st_mode & 0o777 == file


def test_it_is_known_whether_a_run_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_finished", [])
    assert saved_here() is None
    write(tmp_path)
    assert saved_here() == tmp_path / "a"

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(writing.atomic, "put", stop)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "second")
    assert saved_here() == tmp_path / "a"
    shutil.rmtree(tmp_path / "a")
    assert saved_here() is None


# Neighbours


def test_bad_neighbours_are_skipped_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path)
    for name, text in (
        ("app", b'{"name": "app"}'),
        ("empty", b""),
        ("old", b'{"id": "old", "schema": 0}'),
        ("x", b"\xff"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_bytes(text)
    (tmp_path / "odd" / MANIFEST).mkdir(parents=True)
    (tmp_path / "loop").symlink_to("loop")
    assert [run.id for run in list_runs(tmp_path)] == ["a"]
    assert open_run("latest", tmp_path).id == "a"
    warned = {
        name
        for name in ("app", "empty", "old", "x", "odd")
        for record in caplog.records
        if f"/{name}/" in record.getMessage()
    }
    assert warned == {"app", "empty", "old", "x"}


# Tables as CSV


def test_formulas_are_text_and_come_back(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["=cmd()", "plain", None, "'quoted", "-x"], "b": [1.5, -2.0, 0.0, 1.0, 2.0]})
    text = csv_text(table)
    assert text == "a,b\n'=cmd(),1.5\nplain,-2.0\n,0.0\n'quoted,1.0\n'-x,2.0\n"
    (tmp_path / "t.csv").write_text(text)
    back = without_apostrophes(pd.read_csv(tmp_path / "t.csv"))
    assert back["a"].tolist()[:2] == ["=cmd()", "plain"]
    assert back["a"].tolist()[3:] == ["'quoted", "-x"]
    assert back["b"].tolist() == table["b"].tolist()


def test_a_folder_whose_name_is_not_utf_8_holds_runs(tmp_path: Path) -> None:
    runs = tmp_path / os.fsdecode(b"Pr\xe9visions")
    write(runs)
    assert open_run("latest", runs).id == "a"
    write_parquet(pd.DataFrame({"x": [1]}), runs / "t.parquet")
    assert read_parquet(runs / "t.parquet")["x"].tolist() == [1]
