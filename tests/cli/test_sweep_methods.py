"""The commands of `forecast sweep` that simulate: their output, their files, and one line on bad input."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import TINY

from forecast.sweep.engine import Engine

COMMON = (str(TINY), "--perspective", "base", "--prior-only", "--timelines", "100")


def test_each_method_writes_its_files(command: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "out"
    cases = {
        "tornado": ("--inputs", "endings.failure,talks.tempo"),
        "morris": ("--inputs", "endings.failure", "--trajectories", "2"),
        "sobol": ("--inputs", "endings", "--base", "16"),
        "grid": ("--inputs", "endings.failure=0.01:0.5:2"),
        "threshold": ("--inputs", "endings.failure=0.01:0.5", "--crosses", "0.1"),
        "crux": ("--between", "base,hopeful"),
    }
    for method, own in cases.items():
        done = command("sweep", method, *COMMON, *own, "--json", "--out", str(out / method))
        assert done.code == 0, done.err
        content = json.loads(done.out)
        assert content["method"] == method
        assert content["about"]["replayed"] is False
        for name in content["saved"]:
            assert Path(name).is_file()
        again = command("sweep", method, *COMMON, *own, "--json", "--out", str(out / method), "--resume")
        assert again.out == done.out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("tornado", "--inputs", "moscow.wort"), "moscow.worth"),
        (("tornado", "--output", "battlefeld"), "battlefield"),
        (("sobol", "--base", "1000"), "power of two"),
        (("grid", "--inputs", "talks.tempo=2:1"), "empty range"),
        (("threshold", "--inputs", "talks.tempo", "--crosses", "7"), "share from -1 to 1"),
        (("crux", "--between", "base"), "two different"),
        (("morris", "--inputs", "talks.tempo", "--trajectories", "1"), "at least 2"),
        (("tornado", "--resume"), "--out"),
    ],
)
def test_bad_input_is_one_line(command: Callable[..., Any], tmp_path: Path, words: tuple[str, ...], found: str) -> None:
    done = command("sweep", *words[:1], *COMMON, *words[1:])
    assert done.code == 2
    assert found in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not done.out


@pytest.mark.parametrize("kept", [True, False])
def test_an_interrupted_sweep_says_whether_it_can_go_on(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    words = ("sweep", "grid", *COMMON, "--inputs", "endings.failure=0.01:0.5:3", "--json")
    out = tmp_path / "out"
    words += ("--out", str(out)) if kept else ()
    run, calls = Engine.run, []

    def stopped(engine: Engine, *own: Any) -> Any:
        calls.append(own)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGTERM)
        return run(engine, *own)

    with monkeypatch.context() as patch:
        patch.setattr("forecast.sweep.engine.MEMORY", 1)
        patch.setattr(Engine, "run", stopped)
        done = command(*words)
        assert done.code == 130
        assert len(done.err.strip().splitlines()) == 1
        if not kept:
            assert "interrupted; nothing was written" in done.err
            return
        assert f"finished batches are kept in {out}: the same command with --resume goes on" in done.err
        assert len(list((out / "journal").glob("*.batch"))) == 2
        resumed = command(*words, "--resume")
    assert (resumed.code, len(calls)) == (0, 5)
    apart = tmp_path / "apart"
    assert command(*words[:-1], str(apart)).code == 0
    for path in apart.glob("grid*"):
        assert (out / path.name).read_bytes() == path.read_bytes()
