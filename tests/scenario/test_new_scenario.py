"""docs/new_scenario.md: its commands and edits are followed as they stand, in a folder of their own, up to a run."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from places import DOCS, REPOSITORY, TINY
from run_tools import Done

from forecast.pipeline import prior_check
from forecast.store.saved_run import open_run

PAGE = DOCS / "new_scenario.md"
BLOCK = re.compile(r"^```(sh|diff)\n(.*?)^```$", re.M | re.S)


def edit(text: str) -> None:
    """Make the edit of a block: runs of lines with `-` give way to the lines with `+` that follow them."""
    first, _, rest = text.partition("\n")
    path = Path(first.removeprefix("--- "))
    found = path.read_text("utf-8")
    for old, new in re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", rest, re.M):
        before, after = (re.sub(r"^[-+]", "", lines, flags=re.M) for lines in (old, new))
        assert f"\n{before}" in f"\n{found}", f"{path}: {before}"
        found = found.replace(before, after, 1)
    path.write_text(found, "utf-8")


def test_the_page_leads_to_a_run(command: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(TINY, tmp_path / TINY.relative_to(REPOSITORY))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prior_check, "check", partial(prior_check.check, timelines=200))
    printed: dict[str, str] = {}
    for kind, text in BLOCK.findall(PAGE.read_text("utf-8")):
        for line in [text] if kind == "diff" else text.splitlines():
            if kind == "diff":
                edit(line)
            elif line.startswith("forecast "):
                done = command(*shlex.split(line)[1:])
                assert done.code == 0, done.err
                printed[line] = done.out
            else:
                subprocess.run(["sh", "-euc", line], check=True)
    assert [line.split()[1] for line in printed] == ["check", "run", "show", "show", "explain"]
    run = open_run("latest", tmp_path / "new" / "runs")
    assert (run.summary["scenario"], run.summary["horizon"]) == ("river-war", "2031-11-03")
    assert "Westbank's forces break through the front" in run.report
    # Nobody of the scenario that was copied is named any more, but in the reasons of priors and the names of sources.
    texts = run.report + "".join(printed.values())
    assert re.findall(r"Port Carrow|admirals|League|North Island|South Island|strait\b", texts) == []


def test_every_file_of_a_scenario_is_on_the_page() -> None:
    text = PAGE.read_text("utf-8")
    for path in TINY.iterdir():
        name = f"{path.name}/" if path.is_dir() and path.name != "perspectives" else path.name
        assert name in text or name == "README.md", name


def test_the_page_s_paths_and_links_lead_somewhere() -> None:
    text = PAGE.read_text("utf-8")
    paths = [name for name in re.findall(r"`([^`]+)`", text) if re.match(r"(forecast|tests|priors|docs)/", name)]
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []
    assert all((DOCS / target).is_file() for target in re.findall(r"\]\(([^)#]+)\)", text))
