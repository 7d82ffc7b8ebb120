"""A run of schema 2, as version 0.2.0 saved it, is read for ever."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from places import REPOSITORY
from run_tools import Done

from forecast.outcomes.shares import odds
from forecast.store.saved_run import Run, open_run

FIXTURE = REPOSITORY / "tests" / "fixtures" / "schema-2.tar.xz"
RUN = "two-islands_2031-03-03_dab4de2e80"
MANIFEST = "450db9ab26c85c0dc992bd71391484f79326dadc5c9fb0fc18591237d860cc2d"
"""SHA-256 of its manifest."""

ODDS = {"battlefield": 0.015, "negotiated": 0.0, "unresolved": 0.985}


@pytest.fixture
def old(tmp_path: Path) -> Run:
    with tarfile.open(FIXTURE) as archive:
        archive.extractall(tmp_path / "runs", filter="data")
    return open_run(RUN, tmp_path / "runs")


def test_the_fixture_is_small() -> None:
    assert FIXTURE.stat().st_size < 300_000


def test_its_odds_are_those_that_were_saved(old: Run) -> None:
    assert old.summary["schema"] == 2
    assert {end: entry["probability"] for end, entry in old.summary["odds"].items()} == ODDS
    again = odds(old.timelines, old.weights)["odds"]
    assert {end: entry["probability"] for end, entry in again.items()} == ODDS
    assert (len(old.timelines), len(old.draws)) == (200, 25)
    assert set(old.bands["level"]) > {"capital"}


def test_the_commands_read_it(command: Callable[..., Done], old: Run) -> None:
    shown = command("show", RUN)
    assert (shown.code, shown.err) == (0, "")
    assert json.loads(command("show", RUN, "--json").out) == old.summary
    listed = json.loads(command("list", "--all", "--json").out)["runs"]
    assert [(row["run"], row["changed"]) for row in listed] == [(RUN, False)]
    rows = json.loads(command("history", "--all", "--json").out)["rows"]
    assert {end: rows[0][f"{end}_probability"] for end in ODDS} == ODDS


def test_it_has_what_a_comparison_needs(old: Run) -> None:
    from forecast.narrative.rerun import evidence_seen, scenario_of

    assert len(evidence_seen(old)) > 0
    assert scenario_of(old).id == "two-islands"
    assert {"settings", "hashes", "versions"} <= set(old.manifest)


def test_verify_reads_it_and_says_which_code_made_it(command: Callable[..., Done], old: Run) -> None:
    done = command("verify", RUN, "--json")
    found = json.loads(done.out)
    assert (done.code, found["sound"], found["changed"]) == (0, True, [])
    assert found["manifest_sha256"] == MANIFEST
    assert "code" in [entry["name"] for entry in found["other"]]
    assert found["cannot"] is not None or set(found["odds"]) == set(ODDS)
