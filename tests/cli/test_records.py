"""The commands list, history, publish and prune, called as users call them."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from made_up_runs import make_run
from run_tools import Done

from forecast.store.record import mark_scheduled
from forecast.store.saved_run import open_run

Command = Callable[..., Done]


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Four runs with default settings, and one what-if run."""
    found = [make_run(tmp_path / "runs", 7 * number).name for number in range(4)]
    return [*found, make_run(tmp_path / "runs", 40, edits=["moscow.worth.quantiles=[0.3, 0.4, 0.5]"]).name]


def test_list_leaves_what_if_runs_out(command: Command, runs: list[str]) -> None:
    done = command("list")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()[2:-1]] == runs[:4]
    assert done.out.endswith("1 other run is left out: give --all.\n")
    content = json.loads(command("list", "--all", "--json").out)
    assert [row["run"] for row in content["runs"]] == runs
    assert content["runs"][4]["settings"]["edits"] == ["moscow.worth.quantiles=[0.3, 0.4, 0.5]"]
    assert json.loads(command("list", "--scenario", "=cmd()", "--json").out)["runs"] == []


def test_an_empty_folder_is_no_error(command: Command, tmp_path: Path) -> None:
    for words in (("list",), ("history",), ("history", "--csv", "-"), ("prune", "--keep-last", 1)):
        done = command(*words, "--runs", tmp_path / "none")
        assert (done.code, done.err) == (0, ""), words
    assert not (tmp_path / "none").exists()


def test_history_is_a_table_a_csv_and_a_chart(command: Command, runs: list[str], tmp_path: Path) -> None:
    table, chart = tmp_path / "odds.csv", tmp_path / "odds.SVG"
    done = command("history", "--csv", table, "--chart", chart)
    assert (done.code, done.err) == (0, "")
    assert f"Written to {table}." in done.out
    assert done.out.count("ukraine-2025_") == 4
    assert table.read_text() == command("history", "--csv", "-").out
    assert len(table.read_text().splitlines()) == 5
    assert "</svg>" in chart.read_text()
    assert len(json.loads(command("history", "--json", "--all").out)["rows"]) == 5


@pytest.mark.parametrize("option", ["--csv", "--chart"])
def test_a_file_that_cannot_be_written_is_one_line(
    command: Command, runs: list[str], tmp_path: Path, option: str
) -> None:
    bad = ["", tmp_path, tmp_path / "none" / "a.svg", f"{tmp_path}/{'a' * 1_000_000}.svg", f"{tmp_path}/\x1b[2J/a.svg"]
    if option == "--chart":
        bad += [tmp_path / "a.pdf", tmp_path / "<b>"]
    for path in bad:
        before = sorted(tmp_path.iterdir())
        done = command("history", option, path)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), path
        assert len(done.err) < 3000
        assert "\x1b" not in done.err
        assert sorted(tmp_path.iterdir()) == before


def test_publish_prints_the_hash_and_says_when_nothing_changes(
    command: Command, runs: list[str], tmp_path: Path
) -> None:
    content = json.loads(command("publish", runs[0], "--json").out)
    assert content["new"]
    again = json.loads(command("publish", runs[0], "--json").out)
    assert again == content | {"new": False}
    assert "Unchanged" in command("publish", runs[0]).out
    better = make_run(tmp_path / "runs", 345).name
    done = command("publish", better, "--corrects", runs[0], "--reason", "=cmd() \x1b[2J <b>")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "superseded by" in command("history").out
    assert command("publish", runs[2], "--corrects", runs[0], "--reason", "x").code == 2
    assert command("publish", runs[2], "--corrects", better).code == 2
    assert not (tmp_path / "runs" / "attached" / runs[2]).exists()


def test_prune_lists_and_removes(command: Command, runs: list[str], tmp_path: Path) -> None:
    assert command("publish", runs[0]).code == 0
    done = command("prune", "--keep-last", 1, "--dry-run")
    assert done.out.count("Would remove") == 4  # three runs and the last line
    assert "Would remove 3 runs and 0 cached results." in done.out
    assert json.loads(command("prune", "--keep-last", 1, "--json").out)["runs"] == runs[1:4]
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == sorted(["attached", runs[0], runs[4]])


def test_prune_needs_a_rule(command: Command, runs: list[str]) -> None:
    bad = ((), ("--keep-last", -1), ("--keep-days", "x"), ("--cache-mb", -1), ("--keep-last", 10**30))
    for words in bad:
        done = command("prune", *words)
        assert (done.code, done.err.count("\n")) == (2, 1), words
    assert command("prune").err.startswith(
        "forecast: found no rule by which runs are kept; expected at least one. Give"
    )
    assert len(json.loads(command("list", "--all", "--json").out)["runs"]) == 5


def test_prune_limits_the_cache(
    command: Command, runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    for number in range(3):
        entry = tmp_path / "cache" / "posterior" / (64 * str(number))
        entry.mkdir(parents=True)
        (entry / "fit.json").write_bytes(b"x" * 900_000)
        os.utime(entry, (number, number))
    found = json.loads(command("prune", "--cache-mb", 1, "--dry-run", "--json").out)
    assert (len(found["cache"]), found["cache_bytes_left"], found["runs"]) == (2, 900_000, [])
    assert len(list((tmp_path / "cache" / "posterior").iterdir())) == 3
    command("prune", "--cache-mb", 1)
    assert [path.name for path in (tmp_path / "cache" / "posterior").iterdir()] == [64 * "2"]


def test_hostile_names_do_nothing_on_a_terminal(command: Command, runs: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(("\x1b[2J\u202e", "[bold red]x[/]", "a\nb", "x" * 1_000_000)):
        mark_scheduled(open_run(runs[number], tmp_path / "runs"), name, datetime(2025, 3, 3, tzinfo=UTC))
    for words in (("list",), ("history",), ("list", "--json"), ("history", "--csv", "-")):
        done = command(*words)
        assert (done.code, "\x1b" in done.out, "\u202e" in done.out) == (0, False, False)
    out = command("list").out
    assert len(out) < 3000
    assert "[bold red]x[/]" in out


def test_the_line_about_latest(
    command: Command, runs: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mark_scheduled(open_run(runs[1], tmp_path / "runs"), "weekly", datetime(2025, 3, 3, tzinfo=UTC))
    assert json.loads(command("verify", runs[4], "--json").out)["run"] == runs[4]
    assert caplog.text == ""
    assert json.loads(command("verify", "latest", "--json").out)["run"] == runs[4]
    assert f"the newest run of record is {runs[1]}" in caplog.text
    assert json.loads(command("verify", "previous", "--json").out)["run"] == runs[1]
