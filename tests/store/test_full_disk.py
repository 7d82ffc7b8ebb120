"""A file system of 20 MB that fills up while a run is made: for the runs, and for the cache. Needs root for the mount."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kills import call, environment
from places import TINY

from forecast.store.saved_run import open_run

MEGABYTE = 1_000_000


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)]
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a file system can be mounted only as root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def asked(runs: Path, timelines: int) -> list[str]:
    size = ["--timelines", str(timelines), "--prior-only", "--json"]
    return ["run", str(TINY), "--perspective", "base", *size, "--runs", str(runs)]


def fill(place: Path, free: int) -> Path:
    """Fill a file system up to a number of free bytes."""
    ballast = place / "ballast"
    with ballast.open("wb") as file:
        found = os.statvfs(place)
        file.write(b"x" * (found.f_bavail * found.f_frsize - free))
    return ballast


def names(place: Path) -> list[str]:
    return sorted(path.relative_to(place).as_posix() for path in place.rglob("*"))


def test_runs_that_do_not_fit_leave_nothing(tmp_path: Path, small: Path) -> None:
    # 5 MB are more than is asked for before the work, and too little for the timelines.
    ballast = fill(small, 5 * MEGABYTE)
    before = names(small)
    done = call(tmp_path, asked(small / "some" / "runs", 75_000))
    assert (done.returncode, done.stdout) == (75, b""), done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"no space left on device. Free some space, then run the command again" in done.stderr
    assert names(small) == before
    ballast.unlink()
    done = call(tmp_path, asked(small / "some" / "runs", 400))
    assert done.returncode == 0, done.stderr
    run = open_run(runs=small / "some" / "runs")
    fill(small, 0)
    again = call(tmp_path, asked(small / "some" / "runs", 400))
    assert again.returncode == 0, again.stderr  # an unchanged run needs no space
    assert open_run(run.folder).summary == run.summary


def test_a_cache_that_is_full_changes_no_run(tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = call(tmp_path, asked(tmp_path / "usual", 400))
    assert usual.returncode == 0, usual.stderr
    own = Path(environment(tmp_path)["FORECAST_CACHE"])
    (small / "compiled").symlink_to((own / "compiled").resolve(), target_is_directory=True)
    fill(small, 0)
    (tmp_path / "cache").rename(tmp_path / "usual cache")
    (tmp_path / "cache").symlink_to(small, target_is_directory=True)
    done = call(tmp_path, asked(tmp_path / "runs", 400))
    assert (done.returncode, done.stdout) == (0, usual.stdout), done.stderr
    assert set(names(small)) <= {"ballast", "compiled", "names", "tables"}  # no part of an entry
    assert [path for path in small.rglob("*") if path.is_file()] == [small / "ballast"]
