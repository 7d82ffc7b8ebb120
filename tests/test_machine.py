"""The processors that a process may use, within the quota of its containers."""

import os
from pathlib import Path

import pytest

from forecast.machine import processor, usable_processors


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def cgroups(tmp_path: Path, own: str, **limits: str) -> tuple[Path, Path]:
    for name, text in limits.items():
        path = tmp_path / "cgroup" / name.replace("__", "/").replace("cpu_max", "cpu.max")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "own").write_text(own)
    return tmp_path / "cgroup", tmp_path / "own"


@pytest.mark.parametrize(
    ("own", "limits", "count"),
    [
        ("0::/\n", {}, 8),
        ("0::/\n", {"cpu_max": "max 100000\n"}, 8),
        ("0::/\n", {"cpu_max": "250000 100000\n"}, 2),
        ("0::/\n", {"cpu_max": "50000 100000\n"}, 1),
        ("0::/\n", {"cpu_max": "6400000 100000\n"}, 8),
        ("0::/a/b\n", {"a__cpu_max": "300000 100000", "a__b__cpu_max": "max 100000"}, 3),
        ("0::/a/b\n", {"cpu_max": "400000 100000"}, 4),  # in a container its own folder is the root
        ("0::/\n", {"cpu_max": "nonsense\n"}, 8),
        ("0::/\n", {"cpu_max": "1 0\n"}, 8),
        ("", {}, 8),
        ("nonsense", {}, 8),
    ],
)
def test_quota_and_affinity_limit_the_threads(tmp_path: Path, own: str, limits: dict[str, str], count: int) -> None:
    assert usable_processors(*cgroups(tmp_path, own, **limits)) == count


def test_the_first_version_of_cgroups_is_read_too(tmp_path: Path) -> None:
    folder, own = cgroups(tmp_path, "3:memory:/x\n2:cpu,cpuacct:/job\n0::/\n")
    place = folder / "cpu,cpuacct" / "job"
    place.mkdir(parents=True)
    (place / "cpu.cfs_quota_us").write_text("200000\n")
    (place / "cpu.cfs_period_us").write_text("100000\n")
    assert usable_processors(folder, own) == 2
    (place / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_processors(folder, own) == 8


def test_a_system_without_affinity_is_asked_for_its_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_processors(tmp_path, tmp_path / "none") == 64


def test_the_processor_has_a_name_and_features_and_what_overrules_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = processor()
    assert before == processor()
    assert before[0]
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert processor() != before
