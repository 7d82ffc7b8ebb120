"""Folders that the user names, and the cache of a user without a home."""

import os
from pathlib import Path

import pytest
from timeline_tools import new_process

from forecast.errors import InputError
from forecast.locations import cache_root, expanded, folder_in_variable, private_folder


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded(Path("~/x")) == tmp_path / "x"
    assert expanded(Path("a/~")) == Path("a/~")
    monkeypatch.setenv("FORECAST_CACHE", "~/cache")
    assert cache_root() == tmp_path / "cache"
    with pytest.raises(InputError, match="the home folder of ~ is not known"):
        expanded(Path("~no-such-user/x"))
    monkeypatch.setenv("FORECAST_CACHE", "")
    assert folder_in_variable("FORECAST_CACHE") is None


def test_a_user_without_a_home_has_a_private_cache_for_the_process(tmp_path: Path) -> None:
    code = (
        "import os, pwd, sys\n"
        "def nobody(*_): raise KeyError\n"
        "pwd.getpwuid = nobody\n"
        "for name in ('HOME', 'XDG_CACHE_HOME', 'FORECAST_CACHE'): os.environ.pop(name, None)\n"
        "from forecast.locations import cache_root\n"
        "root = cache_root()\n"
        "print(root == cache_root(), root.is_dir(), oct(root.stat().st_mode & 0o777), root.parent)\n"
    )
    printed = new_process(code, cwd=tmp_path, TMPDIR=str(tmp_path))
    assert printed.split() == ["True", "True", "0o700", str(tmp_path)]
    assert not list(tmp_path.iterdir())


def test_a_folder_of_compiled_code_is_closed_to_everybody_else(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "compiled"
    before = os.umask(0)
    try:
        assert private_folder(folder)
        (tmp_path / "open" / "compiled").mkdir(parents=True)  # from before, readable by all
        assert private_folder(tmp_path / "open" / "compiled")
    finally:
        os.umask(before)
    for place in (folder, tmp_path / "open" / "compiled"):
        assert place.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o777  # the user's own folder stays as it is


def test_a_folder_that_cannot_be_written_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    folder.mkdir(mode=0o500)
    assert private_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o500


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "compiled" / "x"
    folder.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    assert not private_folder(folder)


def test_a_file_system_that_refuses_permissions_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "compiled" / "x"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    assert not private_folder(folder)
