"""The simulator compiled by a second process: only where it is not compiled, and never a reason to fail."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from places import TINY
from timeline_tools import new_process

from forecast.ensemble import compile_ahead
from forecast.ensemble.compile_ahead import compiling_ahead
from forecast.scenario.spec import Scenario
from forecast.timeline import jit

DAY = date(2031, 3, 3)
popen = subprocess.Popen


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An empty folder for compiled code, two processors, and the processes that are started: they sleep."""
    words: list[list[str]] = []

    def start(given: list[str], **more: Any) -> "subprocess.Popen[bytes]":
        words.append(given)
        return popen([sys.executable, "-c", "import time; time.sleep(60)"], **more)

    monkeypatch.setattr(jit, "CODE_FOLDER", tmp_path)
    monkeypatch.setattr(compile_ahead, "usable_processors", lambda: 2)
    monkeypatch.setattr(subprocess, "Popen", start)
    return words


def test_a_process_that_is_not_needed_any_more_is_ended(started: list[list[str]], tiny: Scenario) -> None:
    with pytest.raises(KeyboardInterrupt), compiling_ahead(tiny, DAY):
        raise KeyboardInterrupt
    assert started == [[sys.executable, "-m", "forecast.ensemble.compile_ahead", str(tiny.folder), "2031-03-03"]]


def test_nothing_is_started_where_the_simulator_is_compiled(
    started: list[list[str]], tiny: Scenario, tmp_path: Path
) -> None:
    (tmp_path / "cells.run_cells-198.py313.nbi").touch()
    with compiling_ahead(tiny, DAY) as wait:
        wait()
    assert started == []


@pytest.mark.parametrize("reason", ["one processor", "no folder", "no interpreter"])
def test_nothing_is_started_where_it_cannot_help(
    started: list[list[str]], tiny: Scenario, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    if reason == "one processor":
        monkeypatch.setattr(compile_ahead, "usable_processors", lambda: 1)
    elif reason == "no folder":
        monkeypatch.setattr(jit, "CODE_FOLDER", None)
    else:
        monkeypatch.setattr(sys, "executable", "")
    with compiling_ahead(tiny, DAY) as wait:
        wait()
    assert started == []


@pytest.mark.parametrize("fails", ["to start", "at work"])
def test_a_process_that_fails_stops_nothing(
    started: list[list[str]], tiny: Scenario, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def start(given: list[str], **more: Any) -> "subprocess.Popen[bytes]":
        if fails == "to start":
            raise OSError(11, "Resource temporarily unavailable")
        return popen([sys.executable, "-c", "import sys; sys.exit(3)"], **more)

    monkeypatch.setattr(subprocess, "Popen", start)
    with compiling_ahead(tiny, DAY) as wait:
        wait()


def test_the_names_of_compiled_code_are_as_expected(tiny: Scenario) -> None:
    compile_ahead.compile_all(tiny.folder, DAY)
    assert jit.CODE_FOLDER is not None
    assert any(jit.CODE_FOLDER.glob(compile_ahead.MAIN_KERNEL))


def test_the_second_process_needs_nothing_but_its_arguments(tmp_path: Path) -> None:
    code = f"import sys, runpy; sys.argv = ['x', {str(TINY)!r}, '2031-05-19']; runpy.run_module({compile_ahead.__name__!r}, run_name='__main__')"
    new_process(code, cwd=tmp_path)
