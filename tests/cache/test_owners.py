"""Leftovers of killed processes: known by the process that the marker names, else by their age."""

import json
import os
import time
from pathlib import Path

import pytest

from forecast.cache.owners import abandoned, mark
from forecast.locations import MARKER, STALE_SECONDS
from forecast.machine import has_ended, this_process


def ended_process() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


def folder(tmp_path: Path, marker: str | None) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    if marker is not None:
        (place / MARKER).write_text(marker)
    return place


def aged(place: Path, seconds: float) -> Path:
    os.utime(place, (time.time() - seconds,) * 2)
    return place


def test_a_process_that_runs_has_not_ended() -> None:
    assert has_ended(this_process()) is False
    assert has_ended(this_process() | {"pid": 1, "start": ""}) is None
    assert has_ended(this_process() | {"start": "12"}) is True  # another process has its number now
    assert has_ended(this_process() | {"pid": ended_process()}) is True


def test_a_dead_process_that_waits_to_be_collected_has_ended() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    while has_ended(this_process() | {"pid": child}) is False:
        time.sleep(0.01)
    assert has_ended(this_process() | {"pid": child}) is True
    os.waitpid(child, 0)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"host": "another"},
        {"machine": "another"},
        {"space": "another"},
        {"pid": None},
        {"pid": "1"},
        {"pid": -1},
        {"pid": 0},
        {"boot": ""},
    ],
)
def test_nobody_knows_of_a_process_elsewhere(elsewhere: dict[str, object]) -> None:
    assert has_ended(this_process() | {"pid": ended_process()} | elsewhere) is None
    assert has_ended({}) is None


def test_processes_of_an_earlier_boot_have_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "machine-id").write_text("0123\n")
    monkeypatch.setattr("forecast.machine.MACHINE", tmp_path / "machine-id")
    assert has_ended(this_process() | {"boot": "another"}) is True
    monkeypatch.setattr("forecast.machine.MACHINE", tmp_path / "nowhere")
    # Two machines may have one name: without an identity of the machine nobody knows.
    assert has_ended(this_process() | {"boot": "another"}) is None


@pytest.mark.parametrize("seconds", [0.0, STALE_SECONDS * 400, -STALE_SECONDS * 400])
def test_a_folder_of_a_process_that_runs_stays_whatever_the_clock_says(tmp_path: Path, seconds: float) -> None:
    place = folder(tmp_path, None)
    mark(place)
    assert not abandoned(aged(place, seconds))
    (place / MARKER).write_text(json.dumps(this_process() | {"pid": ended_process()}))
    assert abandoned(aged(place, seconds))


@pytest.mark.parametrize("marker", ["", "{", "[]", "null", '{"pid": 1}', "\x00", "9" * 1_000_000])
def test_without_a_process_the_age_decides_in_both_directions(tmp_path: Path, marker: str) -> None:
    place = folder(tmp_path, marker)
    assert not abandoned(aged(place, 0.0))
    assert abandoned(aged(place, 1.01 * STALE_SECONDS))
    assert abandoned(aged(place, -1.01 * STALE_SECONDS))


def test_without_a_marker_it_is_not_ours(tmp_path: Path) -> None:
    assert not abandoned(aged(folder(tmp_path, None), 1e9))
    assert not abandoned(tmp_path / "nowhere")
    (tmp_path / "work" / MARKER).symlink_to(tmp_path / "nowhere")
    assert not abandoned(aged(tmp_path / "work", 1e9))
