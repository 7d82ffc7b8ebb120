"""runs/README.md: every file of a run and every key of its JSON stands there."""

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from places import REPOSITORY
from run_tools import TINY, Sampled

from forecast.ensemble.request import RunRequest
from forecast.outcomes.shares import GROUPS, SHARES
from forecast.pipeline import workflow
from forecast.store.manifest import MANIFEST
from forecast.store.saved_run import Run, open_run

PAGE = REPOSITORY / "runs" / "README.md"


def documented(heading: str) -> list[str]:
    """The names in the first column of the tables of a section."""
    section = ("\n" + PAGE.read_text(encoding="utf-8")).split(f"\n{heading}\n")[1].split("\n## ")[0]
    first = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    return re.findall(r"`([^`]+)`", " ".join(first))


FILES, OF_MANIFEST, OF_SUMMARY = (documented(heading) for heading in ("# Runs", "## manifest.json", "## summary.json"))
OF_ENTRY = OF_SUMMARY[: OF_SUMMARY.index("schema")]


def pattern(name: str) -> str:
    """A documented name as a regular expression: `<...>` stands for one name, and at the end of a file for a path."""
    parts = re.split(r"(<[^>]+>)", name)
    within = r".+" if "/" in name else r"[^.\[\]]+"
    return "".join(within if part.startswith("<") else re.escape(part) for part in parts)


def keys(content: Any, name: str = "") -> Iterator[str]:
    """The dotted name of every value; an entry of the odds is one."""
    if isinstance(content, dict) and content and "probability" not in content:
        for key, inner in content.items():
            yield from keys(inner, f"{name}.{key}" if name else key)
    elif isinstance(content, list) and content:
        for inner in content:
            yield from keys(inner, f"{name}[]")
    elif content not in ([], {}):
        yield name


def inside(content: Any) -> Iterator[dict[str, Any]]:
    """Every entry of the odds."""
    if isinstance(content, dict) and "probability" in content:
        yield content
    elif isinstance(content, dict | list):
        for inner in content.values() if isinstance(content, dict) else content:
            yield from inside(inner)


@pytest.fixture(params=["plain", "sampled", "perspective", "alone", "pool", "later"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs that between them have everything that a run may have."""
    if request.param == "plain":
        found: Run = request.getfixturevalue("kept")
        return found
    if request.param == "sampled":
        both: tuple[Sampled, Sampled] = request.getfixturevalue("sampled")
        return open_run(both[0].folder)
    made: Run = request.getfixturevalue("made")[request.param]
    return made


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder, day = tmp_path_factory.mktemp("runs"), date(2025, 2, 19)
    fixed = {"fixed": {"moscow.worth": 0.5}, "edits": ["kyiv.worth.quantiles=[0.3, 0.4, 0.5]"]}
    return {
        "perspective": workflow.run(
            RunRequest(TINY, runs=folder, timelines=300, prior_only=True, perspective="hopeful", **fixed)
        ),
        "alone": workflow.run(RunRequest(TINY, runs=folder, timelines=300, prior_only=True, as_of=date(2031, 4, 23))),
        "pool": workflow.run(RunRequest(runs=folder, timelines=300, prior_only=True)),
        "later": workflow.run(RunRequest(runs=folder, timelines=300, prior_only=True, as_of=day, threads=2)),
    }


def test_every_file_and_every_key_of_a_run_is_documented(run: Run) -> None:
    def strays(found: Iterator[str], told: list[str]) -> set[str]:
        known = re.compile("|".join(map(pattern, told)))
        return {name for name in found if not known.fullmatch(name)}

    files = [path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()]
    assert strays(iter(files), FILES) == set()
    manifest = json.loads((run.folder / MANIFEST).read_text(encoding="utf-8"))
    # Names of files and of priors have dots in them.
    fixed = {"fixed": {"prior": 0.0} if run.summary["fixed"] else {}}
    settings = manifest["settings"] | fixed
    assert strays(keys(manifest | {"files": {"file": ""}, "settings": settings}), OF_MANIFEST) == set()
    told = [name for name in OF_SUMMARY if name not in OF_ENTRY]
    assert strays(keys(run.summary | fixed), told) == set()
    assert {key for entry in inside(run.summary) for key in entry} <= set(OF_ENTRY)


def test_what_is_documented_is_there(made: dict[str, Run], kept: Run) -> None:
    runs = [*made.values(), kept]
    files = {path.relative_to(run.folder).as_posix() for run in runs for path in run.folder.rglob("*")}
    for name in FILES:
        # The fits and their figures are of runs that are sampled.
        if not name.startswith(("posterior", "figures")):
            assert any(re.fullmatch(pattern(name), file) for file in files), name
    top = {key for run in runs for key in run.summary}
    assert {re.split(r"[.\[]", name)[0] for name in OF_SUMMARY[len(OF_ENTRY) :]} == top
    entries = {key for run in runs for entry in inside(run.summary) for key in entry}
    assert entries == set(OF_ENTRY)


def test_every_documented_share_is_in_a_run(kept: Run) -> None:
    shares = [name for name in OF_SUMMARY if name.rpartition(".")[0] in GROUPS and "<" not in name]
    assert len(shares) > len(SHARES) / 2
    for name in shares:
        inner = kept.summary
        for key in name.split("."):
            inner = inner[key]
        assert "probability" in inner
