"""Folders that the user names, and the cache of a user without a home."""

from pathlib import Path

import pytest
from timeline_tools import new_process

from forecast.errors import InputError
from forecast.locations import cache_root, expanded, folder_in_variable


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
