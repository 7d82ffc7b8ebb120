"""The command `forecast compare`, and the account of a chain of runs."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from places import TINY
from run_tools import Done

from forecast.compare import months
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.pipeline import workflow
from forecast.store.saved_run import list_runs

Command = Callable[..., Done]

DAYS = ("2031-03-03", "2031-03-10", "2031-03-17")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small runs of one scenario, a week apart."""
    folder = tmp_path_factory.mktemp("runs")
    for day in DAYS:
        request = RunRequest(TINY, runs=folder, as_of=date.fromisoformat(day), timelines=400, prior_only=True)
        workflow.run(request)
    return folder


def test_the_ledger_of_two_runs_is_a_table_json_and_markdown(command: Command, kept: Path) -> None:
    names = [run.id for run in sorted(list_runs(kept), key=lambda run: run.manifest["as_of"])]
    done = command("compare", names[2], names[1], "--runs", kept)
    assert (done.code, done.err) == (0, "")
    assert f"{names[1]} to {names[2]}" in done.out
    assert "since last week" in done.out
    assert "All together" in done.out
    assert "Real: lines larger than three standard errors" in " ".join(done.out.split())
    content = json.loads(command("compare", names[1], names[2], "--runs", kept, "--json").out)
    assert list(content["odds"]) == ["battlefield", "negotiated", "unresolved"]
    assert set(content["odds"]["negotiated"]["lines"][0]) >= {"cause", "change", "standard_error", "real"}
    pasted = command("compare", names[1], names[2], "--runs", kept, "--markdown").out
    assert pasted.startswith("## The move in the odds, 2031-03-10 to 2031-03-17\n")
    for entry in content["odds"].values():
        assert entry["sentence"] in " ".join(done.out.split())


@pytest.mark.parametrize("names", [("latest", "latest"), ("latest", "../x"), ("=cmd()",), ("\x1b[2J",)])
def test_runs_that_cannot_be_compared_are_one_line(command: Command, kept: Path, names: tuple[str, ...]) -> None:
    done = command("compare", *names, "--runs", kept)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "\x1b" not in done.err


def test_the_account_of_a_chain_has_a_row_for_each_run(kept: Path) -> None:
    lines = list(months.account(months.chain(kept), "negotiated"))
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {day}" for day in DAYS]
    assert len({line.count("|") for line in lines}) == 1


def test_a_chain_has_runs_of_one_kind(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found 0 as-of dates"):
        months.chain(tmp_path)
    workflow.run(RunRequest(TINY, runs=tmp_path, as_of=date(2031, 3, 3), timelines=400, prior_only=True))
    workflow.run(RunRequest(TINY, runs=tmp_path, as_of=date(2031, 3, 10), timelines=500, prior_only=True))
    with pytest.raises(InputError, match=r"differs from .* in its settings"):
        months.chain(tmp_path)


def test_the_days_of_a_year_are_the_reference_date_and_firsts() -> None:
    found = months.firsts(date(2030, 11, 20), date(2031, 2, 1))
    assert found == [date(2030, 11, 20), date(2030, 12, 1), date(2031, 1, 1), date(2031, 2, 1)]
