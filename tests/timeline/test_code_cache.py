"""Compiled code is checked before it is used, and lies where nobody else can put any."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from timeline_tools import new_process

from forecast.timeline import code_cache

ASK = """
import numba
from forecast.timeline import jit

@jit.kernel
def double(x):
    return 2 * x

assert (double(3), double(1.5)) == (6, 3.0)
hits = 0 if jit.CODE_FOLDER is None else sum(double.stats.cache_hits.values())
print(hits, jit.CODE_FOLDER)
"""
"""Two calls of a small kernel: how many came from the cache, and the folder."""


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def ask(cache: Path, **more: str) -> int:
    # The kernel is in a file, as numba caches no code from a command line.
    script = cache.parent / "script.py"
    script.write_text(ASK)
    done = new_process("import runpy; runpy.run_path('script.py')", cwd=cache.parent, FORECAST_CACHE=str(cache), **more)
    return int(done.split()[0])


def files(cache: Path, pattern: str) -> list[Path]:
    return [path for path in (cache / "compiled").rglob(pattern) if "double" in path.name]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def cut_in_the_hash(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10])


def changed(path: Path) -> None:
    path.write_bytes(bytes(byte ^ 90 for byte in path.read_bytes()))


def last_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def without_a_hash(path: Path) -> None:
    path.write_bytes(path.read_bytes()[code_cache.HASH_BYTES :])


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS = [empty, cut, cut_in_the_hash, changed, last_byte, without_a_hash]


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_file_is_made_again(cache: Path, pattern: str, harm: Callable[[Path], None]) -> None:
    assert ask(cache) == 0
    assert ask(cache) == 2
    for path in files(cache, pattern):
        harm(path)
    assert ask(cache) == 0
    assert ask(cache) == 2


def test_code_of_one_call_is_not_used_for_another(cache: Path) -> None:
    ask(cache)
    one, two = sorted(files(cache, "*.nbc"))
    first = one.read_bytes()
    shutil.copy(two, one)
    two.write_bytes(first)
    assert ask(cache) == 0
    assert ask(cache) == 2


def test_files_that_cannot_be_read_or_written_are_no_obstacle(cache: Path) -> None:
    ask(cache)
    for path in files(cache, "*.nb?"):
        a_folder(path)
    assert ask(cache) == 0
    assert ask(cache) == 0


def test_other_processors_have_other_folders(cache: Path) -> None:
    ask(cache)
    assert ask(cache, OPENBLAS_CORETYPE="Haswell") == 0
    assert len(list((cache / "compiled").iterdir())) == 2


def test_a_folder_is_marked_as_used_when_a_process_begins(cache: Path) -> None:
    ask(cache)
    (folder,) = (cache / "compiled").iterdir()
    os.utime(folder, (1e9, 1e9))
    assert ask(cache) == 2
    assert time.time() - folder.stat().st_mtime < 3600.0


def test_a_folder_that_a_neighbour_removes_is_made_again(cache: Path) -> None:
    script = cache.parent / "script.py"
    script.write_text(ASK.replace("assert", "import shutil\nshutil.rmtree(jit.CODE_FOLDER)\nassert"))
    new_process("import runpy; runpy.run_path('script.py')", cwd=cache.parent, FORECAST_CACHE=str(cache))
    assert len(files(cache, "*.nbc")) == 2


def test_uncompiled_code_needs_no_cache(cache: Path) -> None:
    script = "from forecast.timeline import jit\ndef f(x): return x\nprint(jit.kernel(f) is f)"
    assert new_process(script, FORECAST_CACHE=str(cache), NUMBA_DISABLE_JIT="1").strip() == "True"


# The folder


def test_without_a_folder_nothing_is_kept_anywhere(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "tmp").mkdir()
    assert ask(tmp_path / "file", TMPDIR=str(tmp_path / "tmp")) == 0
    assert not list((tmp_path / "tmp").iterdir())
    assert not list(tmp_path.rglob("*.nb?"))
