"""A run takes the place of a former one: whatever fails or is killed on the way, one of the two is there, whole."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from run_tools import contents
from timeline_tools import new_process

from forecast.locations import STALE_SECONDS
from forecast.machine import this_process
from forecast.store import atomic
from forecast.store.manifest import KEPT, MANIFEST
from forecast.store.saved_run import open_run
from forecast.store.writer import Writer

MADE = {"id": "a", "schema": 2, "as_of": "2025-01-20", "started": "now"}

# Writes a run over another in one process a step, each stopped at its own call of the system that touches a file.
STOPPED = """
import json, os, signal, sys
from pathlib import Path
from forecast.store.manifest import KEPT
from forecast.store.writer import Writer

root, how, made = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
TOUCHES = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.scandir", "shutil.rmtree",
           "tempfile.mkdtemp", "fcntl.flock"}
left = 0

def stop(event, arguments):
    global left
    if event in TOUCHES:
        left -= 1
        if left == 0:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise {"failed": OSError, "interrupted": KeyboardInterrupt}[how]("stop")

def write(runs, text):
    with Writer(runs, "a") as writer:
        for name in sorted(KEPT):
            writer.text(name, text)
        writer.finish(made)

said = []
while not said or said[-1] != "none left":
    runs = root / str(len(said))
    write(runs, "old")
    child = os.fork()
    if child == 0:
        left = len(said) + 1
        sys.addaudithook(stop)
        try:
            write(runs, "new")
        except BaseException:
            os._exit(1)
        os._exit(2 if left > 0 else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said.append({0: "went on", 1: "stopped", 2: "none left", -9: "stopped"}[code])
print(json.dumps(said))
"""


def write(runs: Path, text: str, name: str = "a") -> None:
    with Writer(runs, name) as writer:
        for file in KEPT:
            writer.text(file, text)
        writer.finish(MADE | {"id": name})


def text_of(runs: Path) -> str:
    """What the run says, whose files are all there as they were written; or that it is away."""
    if not (runs / "a").exists():
        return "away"
    folder = open_run("a", runs).folder
    (text,) = {(folder / name).read_text() for name in KEPT}
    return text


@pytest.mark.parametrize("how", ["killed", "failed", "interrupted"])
def test_whatever_stops_a_run_the_former_or_the_new_one_is_there(tmp_path: Path, how: str) -> None:
    printed = new_process(STOPPED, str(tmp_path), how, json.dumps(MADE), OPENBLAS_NUM_THREADS="1")
    said = json.loads(printed)
    assert said.count("stopped") > 15
    found = [text_of(tmp_path / str(step)) for step in range(len(said))]
    stopped = [text for text, end in zip(found, said, strict=True) if end == "stopped"]
    assert {text for text, end in zip(found, said, strict=True) if end != "stopped"} == {"new"}
    # Once the new one is in its place nothing brings the former one back.
    assert stopped[0] == "old"
    assert stopped == sorted(stopped, key=("old", "away", "new").index)
    assert ("away" in found) == (how == "killed")
    for step, text in enumerate(found):
        write(tmp_path / str(step), "another", name="b")
        assert text_of(tmp_path / str(step)) == ("new" if text == "new" else "old")
        assert not list((tmp_path / str(step)).glob(".*/former/*"))


def aside(runs: Path, name: str) -> Path:
    """Move a run aside as `put` does, and stop there."""
    work = atomic.new_folder(runs, name).parent
    (work / atomic.FORMER).mkdir()
    (runs / name).rename(work / atomic.FORMER / name)
    return work


def of_an_ended_process(work: Path) -> None:
    """Let the marker name a process of the present boot that has ended."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    (work / atomic.MARKER).write_text(json.dumps(this_process() | {"pid": child}))


def settled(runs: Path) -> None:
    with pytest.raises(ValueError, match="stop"), Writer(runs, "another"):
        raise ValueError("stop")


def test_a_run_moved_aside_is_put_back_by_the_next_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path, "old")
    before = contents(tmp_path / "a")
    work = aside(tmp_path, "a")
    with pytest.raises(ValueError, match="stop"), Writer(tmp_path, "b"):
        raise ValueError("stop")
    assert contents(tmp_path / "a") == before
    # The folder is in use by a process that runs, whatever the clock says; once that has ended it goes.
    os.utime(work, (0, 0))
    settled(tmp_path)
    assert work.is_dir()
    of_an_ended_process(work)
    # Where another stands in its place already the former one is removed.
    write(tmp_path, "new", name="c")
    work = aside(tmp_path, "c")
    (work / atomic.NEW).rename(tmp_path / "c")
    write(tmp_path, "newer", name="d")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c", "d"]
    assert not list((tmp_path / "c").iterdir())


def test_only_what_is_marked_as_ours_and_left_behind_is_swept(tmp_path: Path) -> None:
    old = time.time() - STALE_SECONDS - 60.0
    theirs = [".my_notes-2024", ".venv_py-3.12", ".plan-abcdefgh-former", ".a_b-12345678", ".git", ".a_b-12345678-gone"]
    for name in theirs:
        (tmp_path / name / "former" / "a").mkdir(parents=True)
        (tmp_path / name / MANIFEST).write_text("{}")
        os.utime(tmp_path / name, (old, old))
    (tmp_path / ".file").write_text("mine")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    (elsewhere / atomic.NEW).mkdir(parents=True)
    (elsewhere / atomic.MARKER).touch()
    os.utime(elsewhere, (old, old))
    (tmp_path / ".link").symlink_to(elsewhere)
    stale, killed, later, fresh = (atomic.new_folder(tmp_path, "a").parent for _ in range(4))
    for work in (stale, later):  # of an earlier version, which named no process
        (work / atomic.MARKER).write_text("")
    os.utime(stale, (old, old))
    future = time.time() + STALE_SECONDS + 60.0
    os.utime(later, (future, future))  # a clock was wrong
    of_an_ended_process(killed)
    os.utime(fresh, (old, old))
    atomic.settle(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*theirs, ".file", ".link", fresh.name])
    assert all((tmp_path / name / "former" / "a").is_dir() for name in theirs)
    assert (elsewhere / atomic.MARKER).exists()


def test_a_folder_without_locks_sync_or_permission_to_sync_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> Callable[..., None]:
        def call(*_: object) -> None:
            raise OSError(number, os.strerror(number))

        return call

    for number in (errno.EINVAL, errno.ENOTSUP, errno.EPERM):
        monkeypatch.setattr(os, "fsync", refuse(number))
        write(tmp_path, str(number))
        assert text_of(tmp_path) == str(number)
    # A disk that is full or broken is another matter.
    for number in (errno.ENOSPC, errno.EIO):
        monkeypatch.setattr(os, "fsync", refuse(number))
        with pytest.raises(OSError, match=os.strerror(number)):
            write(tmp_path, "lost")
        assert text_of(tmp_path) == str(errno.EPERM)
        assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_all_is_on_the_disk_before_anything_is_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "old")
    synced: list[str] = []
    with Writer(tmp_path, "a") as writer:
        for name in KEPT:
            writer.text(name, "new")
        writer.text("inputs/deep.txt", "new")

        def sync(file: int) -> None:
            assert text_of(tmp_path) == "old"
            synced.append(Path(f"/proc/self/fd/{file}").readlink().relative_to(writer.folder).as_posix())

        monkeypatch.setattr(os, "fsync", sync)
        writer.finish(MADE | {"id": name})
    assert sorted(synced) == sorted({*KEPT, MANIFEST, "inputs", "inputs/deep.txt", "."})


def test_a_former_run_that_another_process_moves_back_is_moved_aside_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "old")
    (tmp_path / "a" / "note.txt").write_text("mine")
    usual, moved = Writer._carry, []

    def carry(writer: Writer, former: Path) -> bool:
        if not moved:
            moved.append(former)
            atomic._restore(former.parent.parent, tmp_path)
        return usual(writer, former)

    monkeypatch.setattr(Writer, "_carry", carry)
    write(tmp_path, "new")
    assert moved
    assert text_of(tmp_path) == "new"
    assert (tmp_path / "a" / "note.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_many_at_once_leave_one_whole_run_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(tmp_path, str(number)), range(60)))
    assert text_of(tmp_path) in {str(number) for number in range(60)}
