"""The cache is kept below its limit of size, and nothing that is not an entry of it is removed."""

import logging
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from timeline_tools import new_process

from forecast.belief import cache as fits
from forecast.belief import object_code
from forecast.belief.fit import Diagnostics, Fit
from forecast.cache import hidden, limit
from forecast.cache.entries import remove_entry, store_entry
from forecast.cache.hidden import PART
from forecast.cache.limit import KINDS, cache_limit, keep_below_limit, mark_used
from forecast.compare import fits as block_fits
from forecast.errors import InputError
from forecast.locations import MARKER, STALE_SECONDS
from forecast.report import predictive

MB = 1_000_000
DAY = 86_400.0

FILES = {
    "posterior": ["fit.json", "draws.npz", "posterior.nc"],
    "models": ["model.json", "logp.o", "expand.o"],
    "predictive": ["entry.json", "checks.json", "flagged.json", "prior_predictive.svg"],
    "blocks": ["fit.json", "draws.npz"],
    "names": ["name.json"],
    "tables": ["tables.json", "tables.txt"],
    "compiled": ["week.step-12.py313.nbi", "week.step-12.py313.1.nbc", "week.step-12.py313.nbi.tmp.0123456789abcdef"],
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache with a limit of 3 MB."""
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FORECAST_CACHE_MB", "3")
    return tmp_path / "cache"


def aged(place: Path, days: float) -> Path:
    """Give a file or folder the time of some days ago."""
    then = time.time() - days * DAY
    os.utime(place, (then, then))
    return place


def name_of(number: int, kind: str) -> str:
    return f"{number:x}".rjust(KINDS[kind].digits, "0")


def made(cache: Path, kind: str, number: int, days: float = 0.0, size: int = MB) -> Path:
    """Make an entry that was used last some days ago; its files take no space on the disk."""
    place = cache / kind / name_of(number, kind)
    place.mkdir(parents=True)
    for name in FILES[kind]:
        (place / name).touch()
    os.truncate(place / FILES[kind][0], size)
    return aged(place, days)


def left(*places: Path) -> list[bool]:
    return [place.exists() for place in places]


OF_SIZE = ("posterior", "models", "predictive", "compiled")
"""Kinds whose entries have a size worth limiting."""


def hidden_in(cache: Path) -> list[Path]:
    return [path for path in cache.rglob(f"{PART}*") if path.is_dir()]


def store(place: Path, size: int = MB) -> None:
    store_entry("the fit", place, {}, {"draws.npz": b"x" * (size - 1000)})


# Which entries go


def test_entries_used_longest_ago_go_first_whatever_their_kind(cache: Path) -> None:
    places = [made(cache, kind, 1, days) for kind, days in zip(OF_SIZE, (2.0, 5.0, 3.0, 4.0), strict=True)]
    more = made(cache, "posterior", 2, 1.0)
    keep_below_limit()
    assert left(*places, more) == [True, False, True, False, True]
    assert not hidden_in(cache)
    keep_below_limit()
    assert left(*places, more) == [True, False, True, False, True]


def test_below_the_limit_nothing_goes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [made(cache, "posterior", number, 1000.0) for number in range(3)]
    keep_below_limit()
    assert all(left(*places))
    monkeypatch.delenv("FORECAST_CACHE_MB")
    large = [made(cache, "models", 1, size=1990 * MB), made(cache, "models", 2, size=10 * MB)]
    keep_below_limit()  # 2003 MB
    assert left(*places, *large) == [False, False, False, True, True]


def test_storing_an_entry_keeps_the_cache_below_the_limit(cache: Path) -> None:
    for number in range(6):
        store(cache / "posterior" / name_of(number, "posterior"))
        aged(cache / "posterior" / name_of(number, "posterior"), 9.0 - number)
    kept = sorted(path.name for path in (cache / "posterior").iterdir())
    assert kept == [name_of(number, "posterior") for number in (3, 4, 5)]


def test_a_loaded_entry_counts_as_used(cache: Path) -> None:
    loaded, other = made(cache, "posterior", 1, 9.0), made(cache, "posterior", 2, 8.0)
    latest = made(cache, "posterior", 3)
    mark_used(loaded)
    mark_used(latest)
    store(cache / "models" / name_of(1, "models"))
    made(cache, "predictive", 1)
    keep_below_limit()
    assert left(loaded, other, latest) == [True, False, True]


def test_the_latest_entry_of_each_kind_stays_even_above_the_limit(cache: Path) -> None:
    large = cache / "posterior" / name_of(1, "posterior")
    store(large, 5 * MB)
    code = made(cache, "compiled", 1, 3.0, size=5 * MB)
    mark_used(code)
    aged(code, 9.0)
    store(cache / "predictive" / name_of(1, "predictive"))
    assert left(large, code) == [True, True]
    store(cache / "posterior" / name_of(2, "posterior"))
    assert left(large, code) == [False, True]


def test_an_entry_from_the_future_counts_as_the_oldest(cache: Path) -> None:
    future = made(cache, "posterior", 1, -400.0)
    others = [made(cache, "posterior", number, 5.0) for number in (2, 3, 4)]
    keep_below_limit()
    assert left(future, *others) == [False, True, True, True]


def test_folders_of_compiled_code_of_earlier_versions_go_too(cache: Path) -> None:
    place = made(cache, "compiled", 1, size=0)
    inner = place / "timeline_0d01622085b9b5d451ce8892f6671d2f339545cf"
    inner.mkdir()
    for path in [path for path in place.iterdir() if path != inner]:
        path.rename(inner / path.name)
    os.truncate(inner / FILES["compiled"][0], 4 * MB)
    keep_below_limit()
    assert not place.exists()


def test_entries_that_are_really_stored_are_known(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a" * 64
    fits.store(Fit({}, {}, {}, Diagnostics(1.0, 1.0, 1.0, 0), b"netcdf", key))
    store_entry("a model", object_code.folder() / key, {}, {"logp.o": b"", "expand.o": b""})
    checked = predictive.Predictive([], {f"{group}.svg": "<svg/>" for group in predictive.GROUPS}, [])
    monkeypatch.setattr("forecast.report.predictive._check", lambda *_: checked)
    predictive.predictive(b"netcdf", {}, {})
    (cache.parent / "script.py").write_text(
        "from forecast.timeline import jit\n@jit.kernel\ndef double(x):\n    return 2 * x\nprint(double(3))\n"
    )
    old = made(cache, "posterior", 1, 9.0, size=5 * MB)
    code = "import runpy; runpy.run_path('script.py')"
    environment = {"FORECAST_CACHE": str(cache), "FORECAST_CACHE_MB": "3"}
    assert new_process(code, cwd=cache.parent, **environment).split() == ["6"]
    assert not old.exists()  # a new folder of compiled code was made
    store_entry("a name", cache / "names" / key, {"name": "a"}, {})
    store_entry("tables", cache / "tables" / key, {}, {"tables.txt": b""})
    block_fits._store(key, {kind: {} for kind in block_fits.KINDS})
    for kind, expected in KINDS.items():
        (place,) = (cache / kind).iterdir()
        assert limit._entry(place, expected) is not None, kind


def test_loading_an_entry_marks_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "a" * 64
    fits.store(Fit({}, {}, {}, Diagnostics(1.0, 1.0, 1.0, 0), b"netcdf", key))
    checked = predictive.Predictive([], {}, [])
    monkeypatch.setattr("forecast.report.predictive._check", lambda *_: checked)
    predictive.predictive(b"netcdf", {}, {})
    model = made(cache, "models", 1)
    remove_entry(model)
    store_entry("the model", model, {}, {})
    monkeypatch.setattr(object_code, "_loaded", lambda *_: "the model")
    monkeypatch.setattr(limit, "_last", {})
    places = [*(cache / "posterior").iterdir(), *(cache / "predictive").iterdir(), model]
    for place in places:
        aged(place, 9.0)
    assert fits.load(key) is not None
    assert predictive.predictive(b"netcdf", {}, {}) == checked
    assert object_code.load(model.name) == "the model"
    assert all(time.time() - place.stat().st_mtime < DAY for place in places)
    assert set(limit._last.values()) == set(places)


def test_a_time_that_cannot_be_set_is_no_obstacle(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    store(cache / "posterior" / name_of(1, "posterior"))
    assert left(cache / "posterior" / name_of(1, "posterior")) == [True]


# What is not ours


def a_note(place: Path) -> None:
    (place / "notes.txt").touch()


def a_folder_with_a_note(place: Path) -> None:
    (place / "inner").mkdir()
    (place / "inner" / "notes.txt").touch()


def a_link(place: Path) -> None:
    # Its name is that of a file of ours.
    last = place / FILES[place.parent.name][-1]
    last.unlink()
    last.symlink_to(place.parents[2] / "elsewhere")


def no_record(place: Path) -> None:
    (place / FILES[place.parent.name][0]).rename(place / [*FILES[place.parent.name], "other"][1])
    if place.parent.name == "compiled":
        (place / FILES["compiled"][2]).unlink()


def nothing(place: Path) -> None:
    for path in place.iterdir():
        path.unlink()


def another_name(place: Path) -> None:
    place.rename(place.with_name(place.name[:-1] + "g"))


def a_longer_name(place: Path) -> None:
    place.rename(place.with_name(place.name + "0"))


def capitals(place: Path) -> None:
    place.rename(place.with_name("A" + place.name[1:]))


CHANGES = [a_note, a_folder_with_a_note, a_link, no_record, nothing, another_name, a_longer_name, capitals]


def tree(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", CHANGES)
def test_a_folder_that_is_not_an_entry_stays_and_does_not_count(cache: Path, kind: str, change) -> None:
    (cache.parent / "elsewhere").write_text("somebody's")
    change(made(cache, kind, 1, 1000.0, size=5 * MB))
    before = tree(cache)
    ours = made(cache, "posterior", 2, 2000.0)
    keep_below_limit()
    assert ours.exists()
    shutil.rmtree(ours)
    assert [path for path in tree(cache) if not path.endswith("posterior")] == [
        path for path in before if not path.endswith("posterior")
    ]


def test_other_folders_and_files_stay(cache: Path) -> None:
    kept = [made(cache, "posterior", 1, 1000.0, size=5 * MB).rename(cache / name_of(1, "posterior"))]
    for name in ("Documents", "posteriors", "models/inner", ".posterior"):
        (cache / name).mkdir(parents=True)
        kept.append(shutil.copytree(kept[0], cache / name / kept[0].name))
    (cache / "models" / ("b" * 64)).write_bytes(b"a file")
    kept.append(cache / "models" / ("b" * 64))
    keep_below_limit()
    assert all(left(*kept))


def test_nothing_is_removed_through_a_link(cache: Path) -> None:
    elsewhere = cache.parent / "elsewhere"
    behind = [made(elsewhere, kind, 1, 1000.0, size=5 * MB) for kind in ("models", "compiled")]
    (elsewhere / "models" / f"{PART}x").mkdir()
    (elsewhere / "models" / f"{PART}x" / MARKER).touch()
    behind.append(aged(elsewhere / "models" / f"{PART}x", 1000.0))
    cache.mkdir()
    (cache / "compiled").symlink_to(elsewhere / "compiled")
    (cache / "models").mkdir()
    (cache / "models" / name_of(1, "models")).symlink_to(elsewhere / "models" / name_of(1, "models"))
    (cache / "models" / f"{PART}x").symlink_to(elsewhere / "models" / f"{PART}x")
    before = tree(cache.parent)
    keep_below_limit()
    assert tree(cache.parent) == before
    assert all(left(*behind))


# Hidden folders


def left_behind(cache: Path, name: str, days: float, *, marked: bool = True) -> Path:
    part = cache / "posterior" / f"{PART}{name}"
    (part / name_of(1, "posterior")).mkdir(parents=True)
    (part / name_of(1, "posterior") / "draws.npz").touch()
    if marked:
        (part / MARKER).touch()
    return aged(part, days)


def test_hidden_folders_of_killed_processes_go_after_a_day(cache: Path) -> None:
    stale, young = left_behind(cache, "stale", 1.1), left_behind(cache, "young", 0.9)
    unmarked, file = left_behind(cache, "mine", 1000.0, marked=False), cache / "posterior" / f"{PART}file"
    file.touch()
    linked = left_behind(cache, "linked", 1000.0, marked=False)
    (linked / MARKER).symlink_to(young / MARKER)
    aged(linked, 1000.0)
    keep_below_limit()
    assert left(stale, young, unmarked, file, linked) == [False, True, True, True, True]
    assert STALE_SECONDS == DAY


def test_a_hidden_folder_has_its_marker_while_it_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    usual = Path.write_bytes

    def write(path: Path, content: bytes) -> int:
        seen.append((path.parent.parent.name.startswith(PART), (path.parent.parent / MARKER).is_file()))
        return usual(path, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    store_entry("the fit", cache / "posterior" / name_of(1, "posterior"), {}, {"draws.npz": b""})
    assert seen == [(True, True)] * 2
    assert not hidden_in(cache)


def test_a_hidden_folder_that_cannot_be_emptied_keeps_its_marker(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = left_behind(cache, "stale", 2.0)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        keep_below_limit()
    assert (stale / MARKER).is_file()
    keep_below_limit()
    assert not stale.exists()


# The system refuses, and neighbours


def test_an_entry_that_cannot_be_removed_is_passed_over(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fixed, *others = (made(cache, "posterior", number, 9.0 - number) for number in range(5))
    usual = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == fixed:
            raise PermissionError(13, "no", str(path))
        return usual(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with caplog.at_level(logging.INFO, "forecast"):
        keep_below_limit()
    assert left(fixed, *others) == [True, False, False, True, True]
    (record,) = caplog.records
    assert (record.levelname, record.args[0]) == ("INFO", fixed)
    assert not hidden_in(cache)


@pytest.mark.parametrize("name", ["mkdtemp", "iterdir", "lstat"])
def test_errors_of_the_system_stop_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(5, "broken")

    places = [made(cache, "posterior", number, 5.0) for number in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(hidden.tempfile if name == "mkdtemp" else Path, name, refuse)
        keep_below_limit()
        if name == "mkdtemp":
            store(cache / "posterior" / name_of(9, "posterior"))
    assert all(left(*places))
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == (
        ["WARNING"] if name == "mkdtemp" else []
    )


def test_an_entry_that_a_neighbour_removes_first_counts_as_removed(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, *others = (made(cache, "posterior", number, 9.0 - number) for number in range(5))
    usual = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == first:
            shutil.rmtree(first)
        return usual(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with caplog.at_level(logging.INFO, "forecast"):
        keep_below_limit()
    assert left(first, second, *others) == [False, False, True, True, True]
    assert caplog.records == []


def test_many_at_once_do_no_harm(cache: Path) -> None:
    places = [made(cache, "posterior", number, 100.0 - number) for number in range(40)]
    foreign = made(cache, "models", 1, 1000.0)
    a_note(foreign)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keep_below_limit(), range(16)))
    assert left(*places) == [False] * 37 + [True] * 3
    assert foreign.exists()
    assert not hidden_in(cache)


@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_fit_that_is_removed_while_it_is_read_counts_as_none(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, when: int
) -> None:
    key = "a" * 64
    fits.store(Fit({}, {}, {}, Diagnostics(1.0, 1.0, 1.0, 0), b"netcdf", key))
    place, usual, reads = cache / "posterior" / key, Path.read_bytes, []

    def read(path: Path) -> bytes:
        reads.append(path)
        if len(reads) == when:
            remove_entry(place)
        return usual(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    with caplog.at_level(logging.INFO, "forecast"):
        assert fits.load(key) is None
    assert len(reads) == when
    assert caplog.records == []


def test_a_model_that_is_removed_while_it_is_read_counts_as_none(
    cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place = made(cache, "models", 1)

    def read(*_: object) -> None:
        remove_entry(place)
        raise FileNotFoundError(place / "logp.o")

    monkeypatch.setattr("forecast.cache.entries._read", read)
    with caplog.at_level(logging.INFO, "forecast"):
        assert object_code.load(place.name) is None
        remove_entry(place)
    assert caplog.records == []


def test_a_damaged_model_is_logged_and_removed(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = made(cache, "models", 1)
    with caplog.at_level(logging.INFO, "forecast"):
        assert object_code.load(place.name) is None
    (record,) = caplog.records
    assert (record.levelname, record.args[1]) == ("INFO", place)
    assert not place.exists()


# The limit


def test_the_limit_is_a_whole_number_of_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_limit() == 3 * MB
    for default in ("", None):
        if default is None:
            monkeypatch.delenv("FORECAST_CACHE_MB")
        else:
            monkeypatch.setenv("FORECAST_CACHE_MB", default)
        assert cache_limit() == 2000 * MB
    monkeypatch.setenv("FORECAST_CACHE_MB", "9" * 30)
    assert cache_limit() == int("9" * 30) * MB


@pytest.mark.parametrize("bad", ["0", "-1", "2 GB", "1.5", "1e3", "1_000", " 5", "\u0665", "inf", "9" * 2000])
def test_a_bad_limit_is_refused(monkeypatch: pytest.MonkeyPatch, cache: Path, bad: str) -> None:
    monkeypatch.setenv("FORECAST_CACHE_MB", bad)
    with pytest.raises(InputError) as caught:
        cache_limit()
    text = str(caught.value)
    assert text.startswith(f"FORECAST_CACHE_MB: found '{bad[:40]}")
    assert text.endswith("; expected a whole number of megabytes, 1 or more")
    assert len(text) < 160
    place = made(cache, "posterior", 1, size=9000 * MB)
    keep_below_limit()  # the work is done
    assert place.exists()
