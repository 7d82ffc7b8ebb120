"""Files in the inbox: imported, rejected with a reason, or left while they are being written."""

import os
import time
from datetime import date
from pathlib import Path

import pytest
from schedule_tools import WEEKLY, Bench, StandIn, alert

from forecast.errors import InputError, SystemRefusal
from forecast.schedule import inbox
from forecast.schedule.inbox import take

TODAY = date(2031, 3, 18)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(inbox, "STILL_SECONDS", 0.05)
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def importer(path: Path) -> list[str]:
    if path.read_text() != "good":
        raise InputError("found no rows; expected some\x1b[2J", file=path.name)
    return ["1 row was added."]


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_a_bad_file_moves_with_its_reason_and_the_rest_goes_on(folder: Path) -> None:
    for name, text in (("a.csv", "good"), ("b.csv", "bad"), ("c.csv", "good"), (".d.csv", "x"), ("e.csv.part", "x")):
        (folder / name).write_text(text)
    taken = take(folder, importer, TODAY)
    assert taken.imported == {"a.csv": ["1 row was added."], "c.csv": ["1 row was added."]}
    assert list(taken.rejected) == ["b.csv"]
    assert sorted(taken.left) == [".d.csv", "e.csv.part"]
    assert names(folder) == [
        *(".d.csv", "e.csv.part", "imported/2031-03-18/a.csv", "imported/2031-03-18/c.csv"),
        *("rejected/b.csv", "rejected/b.csv.reason.txt"),
    ]
    reason = (folder / "rejected/b.csv.reason.txt").read_text()
    assert reason == "b.csv: found no rows; expected some\\x1b[2J\n"
    assert take(folder, importer, TODAY).rejected == {}


def test_names_that_are_taken_get_a_number(folder: Path) -> None:
    for text in ("good", "good", "bad", "bad", "bad"):
        (folder / "a.csv").write_text(text)
        take(folder, importer, TODAY)
    assert names(folder) == [
        *(
            "imported/2031-03-18/a-2.csv",
            "imported/2031-03-18/a.csv",
            "rejected/a-2.csv",
            "rejected/a-2.csv.reason.txt",
        ),
        *("rejected/a-3.csv", "rejected/a-3.csv.reason.txt", "rejected/a.csv", "rejected/a.csv.reason.txt"),
    ]


def test_a_file_that_is_being_written_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.csv").write_text("goo")
    old = folder / "b.csv"
    old.write_text("good")
    os.utime(old, (1, 1))

    def writing(seconds: float) -> None:
        (folder / "a.csv").write_text("good")

    monkeypatch.setattr(time, "sleep", writing)
    taken = take(folder, importer, TODAY)
    assert (list(taken.imported), taken.left) == (["b.csv"], ["a.csv"])


@pytest.mark.parametrize(
    "name", ["=cmd()", "<b>x", "a\nb", "\x1b[2J", "x" * 250, "na\udcffme", " ", "-rf", "a b'c\"$d"]
)
def test_hostile_names(folder: Path, name: str) -> None:
    for text in ("good", "bad"):
        (folder / name).write_text(text)
        taken = take(folder, importer, TODAY)
        assert len(taken.imported) + len(taken.rejected) == 1
        assert [path for path in folder.iterdir() if path.is_file()] == []


def test_a_folder_that_serves_something_else_is_no_inbox(folder: Path) -> None:
    (folder / "notes.txt").write_text("good")
    (folder / "sub").mkdir()
    with pytest.raises(InputError, match="found the folder 'sub' in it"):
        take(folder, importer, TODAY)
    assert (folder / "notes.txt").exists()


def test_links_and_pipes_are_rejected_and_folders_stay(folder: Path) -> None:
    (folder / "imported").mkdir()
    secret = folder.parent / "secret"
    secret.write_text("good")
    (folder / "link").symlink_to(secret)
    (folder / "broken").symlink_to("nowhere")
    (folder / "sub").mkdir()
    (folder / "sub/x.csv").write_text("good")
    os.mkfifo(folder / "pipe")
    taken = take(folder, importer, TODAY)
    assert sorted(taken.rejected) == ["broken", "link", "pipe"]
    assert secret.read_text() == "good"
    assert (folder / "sub/x.csv").exists()


def test_a_lack_of_space_leaves_the_file(folder: Path) -> None:
    (folder / "a.csv").write_text("good")

    def full(path: Path) -> list[str]:
        raise SystemRefusal("the disk is full")

    with pytest.raises(SystemRefusal):
        take(folder, full, TODAY)
    assert names(folder) == ["a.csv"]


def test_a_bug_rejects_the_file(folder: Path) -> None:
    (folder / "a.csv").write_text("good")
    taken = take(folder, lambda _: [str(1 // 0)], TODAY)
    assert isinstance(taken.bug, ZeroDivisionError)
    assert names(folder) == ["rejected/a.csv", "rejected/a.csv.reason.txt"]


def test_the_scheduler_imports_before_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "STILL_SECONDS", 0.05)
    bench = Bench(tmp_path / "runs", StandIn())
    bench.write(WEEKLY + 'inbox = "inbox"\n' + alert())
    bench.call("2031-03-04T12:00Z")  # no such folder yet
    folder = bench.kept / "inbox"
    folder.mkdir()
    (folder / "a.csv").write_text("good")
    (folder / "b.csv").write_text("bad")
    (report,) = bench.call("2031-03-05T12:00Z")
    assert (list(report.imported), list(report.rejected), report.codes) == (["a.csv"], ["b.csv"], [])
    assert (folder / "imported/2031-03-05/a.csv").exists()
    assert [one["kind"] for one in bench.received] == ["rejected"]
    assert bench.received[0]["files"][0]["file"] == "b.csv"
    # After the horizon, files wait for the scenario that follows.
    bench.call("2031-10-05T12:00Z")
    (folder / "c.csv").write_text("good")
    (report,) = bench.call("2031-10-06T12:00Z")
    assert "1 file waits in the inbox" in report.notes[0]
    assert (folder / "c.csv").exists()
