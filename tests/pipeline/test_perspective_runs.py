"""Runs under a perspective, `check` and `explain`: what they say of it, and what they keep."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from perspective_tools import ENTRIES, VIEW, put
from run_tools import TINY, Done, contents

from forecast.cli.check_tables import show_check
from forecast.cli.summary_table import show_summary
from forecast.cli.terminal import PlainConsole
from forecast.docs_pages import explanation
from forecast.ensemble.request import RunRequest
from forecast.pipeline import prior_check, workflow
from forecast.report.context import report_text
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run, open_run


def printed(show: Callable[[PlainConsole], None]) -> str:
    text = StringIO()
    show(PlainConsole(file=text, width=160))
    return text.getvalue()


def quick(runs: Path, perspective: str | Path = "base", scenario: Path = TINY) -> Run:
    return workflow.run(RunRequest(scenario, runs=runs, timelines=400, prior_only=True, perspective=perspective))


def test_base_by_its_name_is_the_same_run(tmp_path: Path) -> None:
    named = quick(tmp_path / "named")
    plain = workflow.run(RunRequest(TINY, runs=tmp_path / "plain", timelines=400, prior_only=True))
    assert named.id == plain.id
    assert contents(named.folder, "manifest.json") == contents(plain.folder, "manifest.json")
    assert (plain.summary["perspective"], plain.summary["provisional"]) == ("base", True)
    assert plain.summary["perspective_detail"] is None
    assert "under one set of premises, `base`, which is provisional until perspectives are pooled." in plain.report
    assert "The priors that the perspective changes" not in plain.report


def test_a_run_says_which_perspective_it_is_under_and_what_that_changes(tmp_path: Path) -> None:
    run = quick(tmp_path, "hopeful")
    summary = open_run(run.id, tmp_path).summary
    assert (summary["perspective"], summary["provisional"]) == ("hopeful", False)
    assert run.manifest["settings"]["perspective"] == "hopeful"
    detail = summary["perspective_detail"]
    assert list(detail) == ["name", "title", "holder", "summary", "changes"]
    assert [change["entry"] for change in detail["changes"]] == list(ENTRIES)
    assert detail["changes"][0]["base"] == {"q05": 0.45, "q50": 0.6, "q95": 0.75}
    assert detail["changes"][0]["quantiles"] == {"q05": 0.2, "q50": 0.35, "q95": 0.5}
    assert detail["changes"][0]["premises"] == ["P4"]
    assert run.draws["moscow.worth"].quantile([0.05, 0.5, 0.95]).tolist() == pytest.approx([0.2, 0.35, 0.5], abs=0.01)
    kept = json.loads((run.folder / "inputs" / "priors.json").read_text(encoding="utf-8"))["moscow.worth"]
    assert (kept["elicited"], kept["file"]) == ("quantiles 0.2/0.35/0.5", "perspectives/hopeful.toml")
    words = " ".join(run.report.split())
    assert "simulated under the perspective `hopeful`, *The mediator's hopes*: Held by the mediator's envoys." in words
    assert "(`moscow.worth`) | 0.6 (0.45 to 0.75) | 0.35 (0.2 to 0.5) value | P4 | The gazette tells of" in words
    assert words.count("| P2, P1 | A shared harbour was spoken of. |") == 1
    assert report_text(load_scenario(TINY), summary) == run.report
    text = " ".join(printed(lambda console: show_summary(summary, console)).split())
    assert "seed 1, perspective hopeful The evidence was left out" in text
    assert "Perspective hopeful, The mediator's hopes: Held by the mediator's envoys." in text
    assert "│ moscow.worth │ 0.6 → 0.35 value │ P4 │" in text
    for entry in ENTRIES:
        assert entry in text


def test_words_of_a_perspective_cannot_break_the_page_or_the_terminal(tmp_path: Path) -> None:
    odd = VIEW.replace("Another view", "[b]Mine | theirs[/x]").replace('"Mine. It is made up."', '"""\nOne |\ntwo."""')
    odd = odd.replace("So I hold.", "[/b] so | I\\nhold")
    run = quick(tmp_path / "runs", put(tmp_path, odd))
    assert r"*\[b\]Mine \| theirs\[/x\]*:" in run.report
    assert "\nOne \\| two. The forecaster does not take it as true." in run.report
    assert r"| P2 | \[/b\] so \| I hold |" in run.report
    text = printed(lambda console: show_summary(run.summary, console))
    assert "[b]Mine | theirs[/x]" in text
    assert "[/b] so | I hold" in text


def test_two_perspectives_never_have_the_same_run_name(tmp_path: Path) -> None:
    # The same changes under other names, other words, and another number.
    put(tmp_path / "one", VIEW, "mine.toml")
    put(tmp_path / "one", VIEW, "yours.toml")
    put(tmp_path / "two", VIEW.replace("So I hold.", "So I hold it."), "mine.toml")
    put(tmp_path / "three", VIEW.replace("Another view", "A view"), "mine.toml")
    put(tmp_path / "four", VIEW.replace("0.35", "0.36"), "mine.toml")
    files = sorted(tmp_path.glob("*/*.toml"))
    runs = [quick(tmp_path / "runs", given) for given in ("base", "hopeful", *files)]
    assert len(files) == 5
    assert len({run.id for run in runs}) == 7
    assert quick(tmp_path / "again", files[0]).id == runs[2].id


def test_a_file_is_kept_with_the_run_and_makes_it_again(tiny_folder: Path, tmp_path: Path) -> None:
    run = quick(tmp_path / "runs", put(tmp_path, VIEW))
    kept = run.folder / "inputs" / "priors" / "perspectives" / "mine.toml"
    assert kept.read_text(encoding="utf-8") == VIEW
    assert kept.relative_to(run.folder).as_posix() in run.manifest["files"]
    again = quick(tmp_path / "again", kept)
    assert again.id == run.id
    assert contents(again.folder, "manifest.json") == contents(run.folder, "manifest.json")
    # Put among the scenario's own, it is the same perspective.
    put(tiny_folder / "perspectives", VIEW)
    assert quick(tmp_path / "own", "mine", tiny_folder).id == run.id


# check and explain


def test_check_tells_which_perspectives_there_are(tmp_path: Path) -> None:
    found = prior_check.check(TINY, timelines=80, perspective=put(tmp_path, VIEW))
    assert found["perspective"] == "mine"
    assert found["perspectives"] == [
        {"name": "hopeful", "title": "The mediator's hopes", "holder": "commenter", "changes": 4},
        {"name": "mine", "title": "Another view", "holder": "me", "changes": 1},
    ]
    (row,) = (row for row in found["priors"] if row["name"] == "moscow.worth")
    assert (row["elicited"], row["premises"]) == ("quantiles 0.2/0.35/0.5", ["P1", "P3", "P2"])
    text = " ".join(printed(lambda console: show_check(found, console)).split())
    assert (
        "Perspectives: base, hopeful (The mediator's hopes; priors changed: 4), "
        "mine (Another view; priors changed: 1). The numbers below are under mine."
    ) in text


def test_explain_is_under_the_perspective() -> None:
    told = explanation.explain(TINY, perspective="hopeful")
    assert told["perspective"] == "hopeful"
    (worth,) = (row for part in told["parts"] for row in part["parameters"] if row["name"] == "moscow.worth")
    assert (worth["q50"], worth["premises"]) == (pytest.approx(0.35), ["P1", "P3", "P4"])


# The command


def test_the_command_takes_a_name_and_a_file(command: Callable[..., Done], tmp_path: Path) -> None:
    quickly = ("--prior-only", "--timelines", 400, "--json")
    base = command("run", TINY, *quickly)
    named = command("run", TINY, *quickly, "--perspective", "base")
    assert (named.code, named.err) == (0, "")
    assert json.loads(named.out) == json.loads(base.out) | {"unchanged": True}
    elsewhere = command("run", TINY, *quickly, "--perspective", "base", "--runs", tmp_path / "elsewhere")
    assert elsewhere == base
    names = {json.loads(base.out)["run"]}
    for given, name in (("hopeful", "hopeful"), (put(tmp_path, VIEW), "mine")):
        done = command("run", TINY, *quickly, "--perspective", given)
        assert (done.code, done.err) == (0, "")
        summary = json.loads(done.out)
        assert summary["perspective"] == name
        names.add(summary["run"])
        told = command("explain", TINY, "--json", "--perspective", given)
        assert json.loads(told.out)["perspective"] == name
    assert len(names) == 3
    assert {run.name for run in (tmp_path / "runs").iterdir()} == names
