"""A file is replaced as a whole, keeps its permissions, and what a killed process leaves is removed."""

import os
from pathlib import Path

import pytest

from forecast.store.whole_file import PART, remove_parts, replace_file


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        replace_file(tmp_path / "new", b"content")
    finally:
        os.umask(mask)
    assert (tmp_path / "new").read_bytes() == b"content"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o640


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"old")
    (tmp_path / "kept").chmod(0o604)
    replace_file(tmp_path / "kept", b"new")
    assert (tmp_path / "kept").read_bytes() == b"new"
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o604


def test_a_failure_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept").write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(tmp_path / "kept", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"old"


def test_parts_of_killed_processes_are_removed(tmp_path: Path) -> None:
    (tmp_path / f"{PART}x").touch()
    (tmp_path / "other").touch()
    remove_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
