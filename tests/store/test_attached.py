"""Files that are attached to a run: whole or not at all, each with its hash, and never inside the run."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_up_runs import make_run

from forecast.errors import ChangedSince, InputError
from forecast.store import attached
from forecast.store.attached import attached_folder, change_attached, read_attached, write_attached
from forecast.store.saved_run import Run, list_runs, open_run


@pytest.fixture
def made(tmp_path: Path) -> Run:
    return open_run(make_run(tmp_path, 1))


def test_a_file_is_read_as_it_was_written_beside_the_run(made: Run) -> None:
    before = sorted(made.folder.rglob("*"))
    assert read_attached(made, "ledger.json") is None
    path = write_attached(made, "ledger.json", b"one")
    assert path == attached_folder(made) / "ledger.json" == made.folder.parent / "attached" / made.id / "ledger.json"
    assert read_attached(made, "ledger.json") == b"one"
    write_attached(made, "ledger.json", b"two")
    assert read_attached(made, "ledger.json") == b"two"
    digest = hashlib.sha256(b"two").hexdigest()
    assert path.with_name("ledger.json.sha256").read_text() == f"{digest}  ledger.json\n"
    assert sorted(made.folder.rglob("*")) == before


def test_a_changed_file_or_a_lost_hash_is_noticed(made: Run) -> None:
    path = write_attached(made, "a.csv", b"one")
    path.write_bytes(b"two")
    with pytest.raises(ChangedSince, match="was changed since it was written"):
        read_attached(made, "a.csv")
    with pytest.raises(ChangedSince):
        change_attached(made, "a.csv", lambda _: b"three")
    path.write_bytes(b"one")
    assert read_attached(made, "a.csv") == b"one"
    path.with_name("a.csv.sha256").unlink()
    with pytest.raises(ChangedSince):
        read_attached(made, "a.csv")
    assert ChangedSince.exit_code == 6


@pytest.mark.parametrize("after", range(4))
def test_a_process_that_is_killed_leaves_the_old_or_the_new_file(
    made: Run, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """After each of its three steps the process stops; after none of them too."""
    write_attached(made, "a.json", b"old")
    put, steps = attached.replace_file, []

    def stopping(path: Path, content: bytes) -> None:
        if len(steps) == after:
            raise KeyboardInterrupt
        steps.append(path)
        put(path, content)

    monkeypatch.setattr(attached, "replace_file", stopping)
    if after == 3:
        write_attached(made, "a.json", b"new")
    else:
        with pytest.raises(KeyboardInterrupt):
            write_attached(made, "a.json", b"new")
    assert read_attached(made, "a.json") == (b"old" if after < 2 else b"new")
    monkeypatch.setattr(attached, "replace_file", put)
    (attached_folder(made) / ".part-left").write_bytes(b"torn")
    write_attached(made, "a.json", b"newer")
    assert read_attached(made, "a.json") == b"newer"
    assert sorted(path.name for path in attached_folder(made).iterdir()) == ["a.json", "a.json.sha256"]


def test_two_writers_at_once_lose_nothing(made: Run) -> None:
    def add(number: int) -> None:
        change_attached(made, "list.txt", lambda before: (before or b"") + f"{number}\n".encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    found = read_attached(made, "list.txt")
    assert found is not None
    assert sorted(map(int, found.split())) == list(range(40))


@pytest.mark.parametrize(
    "name", ["", "../a", "a/b", ".hidden", "a.sha256", "=cmd()\n", "a b", "<b>", "\x1b[2J", "a" * 1_000_000]
)
def test_a_hostile_name_is_refused(made: Run, name: str) -> None:
    for call in (lambda: write_attached(made, name, b""), lambda: read_attached(made, name)):
        with pytest.raises(InputError, match="cannot be the name of a file") as error:
            call()
        assert len(str(error.value)) < 500
    assert not (made.folder.parent / "attached").exists()


def test_attached_is_never_taken_for_a_run(made: Run, tmp_path: Path) -> None:
    from forecast.store.writer import Writer

    write_attached(made, "a.json", b"{}")
    (tmp_path / "attached" / "manifest.json").write_bytes((made.folder / "manifest.json").read_bytes())
    assert [run.id for run in list_runs(tmp_path)] == [made.id]
    for name in ("attached", tmp_path / "attached"):
        with pytest.raises(InputError, match="it is not a run"):
            open_run(name, tmp_path)
    with pytest.raises(InputError, match="cannot be the name of a run"):
        Writer(tmp_path, "attached")


def test_a_folder_that_cannot_be_written_is_refused(made: Run) -> None:
    (made.folder.parent / "attached").write_text("a file")
    with pytest.raises((InputError, OSError)):
        write_attached(made, "a.json", b"")
