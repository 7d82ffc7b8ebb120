"""`forecast schedule` as users call it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from places import TINY
from run_tools import Done, MadeUpSampler
from schedule_tools import WEEKLY, StandIn

Command = Callable[..., Done]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn()
    monkeypatch.setattr("forecast.schedule.real.Forecaster", lambda *_, **__: made)
    return made


def test_run_and_status(command: Command, runs: Path, parts: StandIn) -> None:
    (runs / "schedule.toml").write_text(WEEKLY)
    done = command("schedule", "status", "--now", "2031-03-18T12:00Z")
    assert (done.code, done.err) == (0, "")
    assert "2031-03-03, 2031-03-10, 2031-03-17" in done.out
    assert "never ran" in done.out
    assert not (runs / ".schedule").exists()
    done = command("schedule", "run", "--now", "2031-03-18T12:00Z", "--json")
    assert (done.code, done.err) == (0, "")
    content = json.loads(done.out)
    assert [run["as_of"] for run in content["jobs"][0]["runs"]] == ["2031-03-03", "2031-03-10", "2031-03-17"]
    done = command("schedule", "run", "--now", "2031-03-18T12:00Z")
    assert done.out == "weekly: nothing is due; next at 2031-03-24T06:00:00Z\n"
    content = json.loads(command("schedule", "status", "--now", "2031-03-25T12:00Z", "--json").out)
    (job,) = content["jobs"]
    assert job["last_success"]["run"] == "two-islands_2031-03-17"
    assert job["next"] == {"utc": "2031-03-31T05:00:00Z", "local": "2031-03-31T07:00:00+02:00"}
    assert job["overdue"] == [{"instant": "2031-03-24T06:00:00Z", "as_of": "2031-03-24"}]
    assert job["why"].startswith("the scheduler has not been called since ")


def test_exit_codes(command: Command, runs: Path, parts: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    (runs / "schedule.toml").write_text(WEEKLY + "alert.points = 2.0\n")
    parts.negotiated = {"2031-03-10": 0.3}
    parts.stale_series = [{"series": "front", "title": "t", "last_available": "2031-02-01", "expected": "2031-03-01"}]
    done = command("schedule", "run", "--now", "2031-03-11T12:00Z", "--json")
    assert done.code == 5
    assert json.loads(done.out)["exit_codes"] == [5, 3]
    parts.fails["2031-03-17"] = ZeroDivisionError("x")
    done = command("schedule", "run", "--now", "2031-03-18T12:00Z")
    assert done.code == 1
    assert "weekly failed as of 2031-03-17: a bug: ZeroDivisionError" in caplog.text
    assert "Traceback" in caplog.text
    done = command("schedule", "status", "--now", "2031-03-18T12:00Z")
    assert "a bug: ZeroDivisionError" in done.out


def test_hostile_messages_are_printed_on_one_line(command: Command, runs: Path, parts: StandIn) -> None:
    from forecast.errors import InputError

    (runs / "schedule.toml").write_text(WEEKLY)
    parts.fails["2031-03-03"] = InputError("found \x1b[2J\nevil" + "x" * 1_000_000)
    for arguments in (("run",), ("status",)):
        done = command("schedule", *arguments, "--now", "2031-03-04T12:00Z")
        assert "\x1b" not in done.out + done.err
        assert len(done.out) < 10_000
    assert (runs / ".schedule/journal.json").stat().st_size < 10_000


def test_errors_are_one_line(command: Command, runs: Path) -> None:
    for arguments, words in (
        (("run",), "there is no such file"),
        (("status",), "there is no such file"),
        (("unit", "cron"), "there is no such file"),
        (("unit", "at"), "expected systemd or cron"),
        (("run", "--now", "2031-03-04"), "has no offset"),
        (("run", "--schedule", ""), "--schedule"),
    ):
        done = command("schedule", *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
        assert words in done.err
    assert list(runs.iterdir()) == []


def test_units_are_printed_whole(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    (folder / "schedule.toml").write_text(WEEKLY)
    for kind in ("systemd", "cron"):
        done = command("schedule", "unit", kind, "--runs", folder)
        assert done.code == 0
        assert any(str(folder) in line and "schedule" in line for line in done.out.splitlines())


def test_true_runs_are_marked_and_found_again(
    command: Command, runs: Path, tmp_path: Path, sampler: MadeUpSampler
) -> None:
    shutil.copytree(TINY, tmp_path / "islands")
    text = WEEKLY + 'scenario = "../islands"\ntimelines = 50\nperspective = "base"\n'
    (runs / "schedule.toml").write_text(text)
    done = command("schedule", "run", "--now", "2031-03-04T12:00Z", "--json")
    assert done.code in (0, 3), done
    (run,) = json.loads(done.out)["jobs"][0]["runs"]
    assert (run["as_of"], run["unchanged"]) == ("2031-03-03", False)
    mark = json.loads((runs / "attached" / run["run"] / "scheduled.json").read_text())
    assert [one["job"] for one in mark["marks"]] == ["weekly"]
    shutil.rmtree(runs / ".schedule")  # as if the process had been killed before the journal was written
    done = command("schedule", "run", "--now", "2031-03-04T12:00Z", "--json")
    (again,) = json.loads(done.out)["jobs"][0]["runs"]
    assert (again["run"], again["unchanged"]) == (run["run"], True)
    assert json.loads((runs / "attached" / run["run"] / "scheduled.json").read_text()) == mark
