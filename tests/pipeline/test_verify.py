"""Verifying a run: changed files, numbers that do not follow from the inputs, other code."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from places import TINY
from run_tools import Done, changed

from forecast.ensemble.request import RunRequest
from forecast.pipeline import workflow
from forecast.pipeline.verify import Compared, verify
from forecast.store.digests import file_digest, run_name
from forecast.store.publication import publish
from forecast.store.saved_run import Run, open_run


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of a later date, after a replay."""
    runs = tmp_path_factory.mktemp("later")
    return workflow.run(RunRequest(TINY, runs=runs, timelines=500, prior_only=True, as_of=date(2031, 4, 14)))


@pytest.fixture
def copy(later: Run, tmp_path: Path) -> Path:
    return shutil.copytree(later.folder, tmp_path / "runs" / later.id)


def forged(folder: Path) -> Path:
    """A run whose manifest agrees with its files again, and whose name agrees with its manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in manifest["files"]:
        manifest["files"][name] = file_digest(folder / name)
    depends_on = [manifest["settings"], manifest["hashes"], manifest["versions"]]
    manifest["id"] = run_name(manifest["scenario"], date.fromisoformat(manifest["as_of"]), depends_on)
    path.write_text(json.dumps(manifest))
    return folder.rename(folder.with_name(manifest["id"]))


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", ["kept", "later"])
def test_a_sound_run_has_equal_bytes(name: str, deep: bool, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(name)
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    found = verify(run.folder, deep=deep)
    assert found.sound
    assert (found.changed, found.other, found.differing) == ((), (), {})
    assert {"timelines.parquet", "bands.parquet", "summary.json", "report.md", "inputs/evidence.csv"} <= set(
        found.compared
    )
    assert ("draws.parquet" in found.compared) == deep
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "summary.json").write_text("{}"), "summary.json was changed"),
        (lambda folder: (folder / "bands.parquet").unlink(), "bands.parquet is missing"),
        (lambda folder: (folder / "inputs" / "priors" / "perspectives" / "new.toml").write_text(""), "was added"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json: cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json: lacks"),
    ],
)
def test_a_changed_file_ends_with_6_and_show_with_2(
    command: Callable[..., Done], copy: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(copy)
    done = command("verify", copy.name, "--json")
    content = json.loads(done.out)
    assert (done.code, content["sound"], content["exit_codes"]) == (6, False, [6])
    assert message in content["changed"][0]
    assert content["compared"] == []
    done = command("verify", copy.name)
    assert done.code == 6
    assert "CHANGED since it was saved" in done.out
    if "added" not in message:
        assert command("show", copy.name).code == 2


def test_notes_of_the_user_do_not_matter(copy: Path) -> None:
    (copy / "notes.md").write_text("mine")
    assert verify(copy).sound


def test_settings_that_were_changed_do_not_agree_with_the_name(copy: Path) -> None:
    changed(copy, lambda manifest: manifest["settings"].update(seed=2))
    found = verify(copy)
    assert found.changed == ("manifest.json was changed: its settings, hashes or versions are not those of its name",)


def test_odds_that_were_forged_with_all_their_hashes_are_found(copy: Path) -> None:
    path = copy / "summary.json"
    summary = json.loads(path.read_text())
    summary["odds"]["negotiated"]["probability"] = 0.5
    path.write_text(json.dumps(summary))
    found = verify(forged(copy))
    assert not found.sound
    assert found.changed == ()
    assert any(line.startswith("odds.negotiated.probability: 0.5 saved,") for line in found.differing["summary.json"])


def test_another_seed_forged_with_all_hashes_is_found_in_the_timelines(copy: Path) -> None:
    changed_seed = json.loads((copy / "manifest.json").read_text())
    changed_seed["settings"]["seed"] = 2
    (copy / "manifest.json").write_text(json.dumps(changed_seed))
    found = verify(forged(copy))
    assert not found.sound
    assert any("column" in line for line in found.differing["timelines.parquet"])


def test_other_code_and_packages_are_named_and_the_odds_compared(command: Callable[..., Done], copy: Path) -> None:
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["hashes"]["code"], manifest["versions"]["numpy"] = "0" * 64, "1.0\x1b[2J"
    path.write_text(json.dumps(manifest))
    folder = forged(copy)
    done = command("verify", folder.name)
    assert done.code == 0
    assert "code: 000000000000 then" in done.out
    assert "numpy: 1.0\\x1b[2J then" in done.out
    assert done.out.count("they agree within the Monte Carlo error") == 3


def test_a_run_that_other_code_cannot_read_is_no_failure(copy: Path) -> None:
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["hashes"]["code"] = "0" * 64
    del manifest["settings"]["draw_seed"]
    path.write_text(json.dumps(manifest))
    found = verify(forged(copy))
    assert found.sound
    assert found.cannot is not None
    assert "draw_seed" in found.cannot


def test_a_manifest_that_was_changed_after_publication_is_found(copy: Path) -> None:
    publish(open_run(copy))
    assert verify(copy).publication is not None
    os.chmod(copy, 0o755)  # noqa: PTH101
    path = copy / "manifest.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"started": "2', '"started": "1'))
    found = verify(copy)
    assert found.changed
    assert "changed since the run was published" in found.changed[0]


def test_odds_agree_within_two_combined_errors() -> None:
    assert Compared(0.10, 0.1399, 0.02, 0.0).agree
    assert not Compared(0.10, 0.1401, 0.02, 0.0).agree
    assert Compared(0.10, 0.15, 0.02, 0.02).agree
    assert Compared(0.1, 0.1, None, None).agree
    assert not Compared(0.1, 0.11, None, None).agree


def test_what_is_not_a_run_is_refused(command: Callable[..., Done], copy: Path) -> None:
    for name in ("none", "../..", "=cmd()", "<b>", "\x1b[2J", "a" * 1_000_000, "attached"):
        for words in (("verify", name), ("publish", name)):
            done = command(*words)
            assert (done.code, done.out) == (2, ""), name
            assert done.err.count("\n") == 1
            assert "\x1b" not in done.err
            assert len(done.err) < 3000
