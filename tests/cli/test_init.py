"""`forecast init`: a folder to work in, whole or not at all."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from places import REPOSITORY
from run_tools import Done, contents

from forecast.scenario import new_project as module
from forecast.scenario.find import places
from forecast.scenario.load import load_scenario

Command = Callable[..., Done]


def test_a_project_is_a_copy_of_the_scenarios(command: Command, tmp_path: Path) -> None:
    target = tmp_path / "some" / "new folder"
    done = command("init", target, "--json")
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    assert content["scenarios"] == ["ukraine-2025"]
    assert content["next"] == [f"cd '{target}'", "forecast check", "forecast run", "forecast show"]
    assert contents(target / "priors") == contents(REPOSITORY / "priors")
    assert sorted(path.name for path in target.iterdir()) == ["priors", "runs"]
    assert load_scenario(target / "priors" / "ukraine-2025").id == "ukraine-2025"
    assert os.access(target / "priors" / "ukraine-2025" / "moscow.toml", os.W_OK)


def test_the_next_commands_are_printed(command: Command, tmp_path: Path) -> None:
    done = command("init", tmp_path / "a")
    assert (done.code, done.err) == (0, "")
    assert f"  cd {tmp_path / 'a'}\n  forecast check\n" in done.out


def test_nothing_is_overwritten(command: Command, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "priors").mkdir(parents=True)
    (mine / "priors" / "note").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "runs").write_text("mine")
    before = contents(tmp_path)
    for place, words in (
        (mine, "priors: it exists already, and nothing is overwritten. Name another folder"),
        (tmp_path / "file", "file: found a file; expected a folder or a new name"),
        (tmp_path / "third", "runs: found a file; expected a folder or nothing"),
        (tmp_path / "file" / "below", "Not a directory"),
        ("", "DIR: found an empty text"),
        ("n" * 5000, "ile name too long"),
        (tmp_path / "\x1b[31m\u202e<script>" / ("m" * 1_000_000), "ile name too long"),
    ):
        done = command("init", place)
        assert (done.code, done.out) == (2, ""), place
        assert words in done.err
        assert done.err[:-1].isprintable()
        assert len(done.err) < 2100
    assert contents(tmp_path) == before


def test_a_folder_with_other_files_keeps_them(command: Command, tmp_path: Path) -> None:
    (tmp_path / "work" / "runs" / "old").mkdir(parents=True)
    (tmp_path / "work" / "note").write_text("mine")
    assert command("init", tmp_path / "work").code == 0
    assert (tmp_path / "work" / "note").read_text() == "mine"
    assert (tmp_path / "work" / "runs" / "old").is_dir()


@pytest.mark.parametrize("number", [1, 7, 30])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "x"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_copy_that_fails(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException
) -> None:
    usual, copied = shutil.copyfile, []

    def copy(source: Path, target: Path) -> None:
        copied.append(source)
        if len(copied) == number:
            raise error
        usual(source, target)

    monkeypatch.setattr(shutil, "copyfile", copy)
    done = command("init", tmp_path / "some" / "project")
    assert done.code == (75 if isinstance(error, OSError) else 130)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(command: Command, tmp_path: Path) -> None:
    for name, process in ((".priors-abcdefgh", "gone"), (".priors-mine", None)):
        (tmp_path / name / "priors").mkdir(parents=True)
        if process:
            child = os.fork()
            if child == 0:
                module.mark(tmp_path / name)
                os._exit(0)
            os.waitpid(child, 0)
    assert command("init", tmp_path).code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".priors-mine", "priors", "runs"]


def test_an_installed_package_finds_scenarios_in_the_user_s_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("FORECAST_PRIORS", raising=False)
    monkeypatch.setattr("forecast.scenario.find.in_checkout", lambda: False)
    assert places()[1:-1] == [tmp_path / "data" / "priors"]
