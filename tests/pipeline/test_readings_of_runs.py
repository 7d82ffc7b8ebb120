"""Runs under a reading of the record: their names, what they keep and say, and how they are opened again."""

import json
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from damage import swap
from run_tools import TINY, Done, contents

from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.errors import InputError
from forecast.narrative.rerun import scenario_of
from forecast.narrative.story import story_of
from forecast.pipeline import workflow
from forecast.pipeline.prior_check import check
from forecast.report.context import cautions, report_text
from forecast.store.saved_run import Run, open_run

READING = "cape-prisoners"
DAY = date(2031, 9, 10)
EARLY = date(2031, 3, 3)


def made(runs: Path, scenario: Path = TINY, day: date = DAY, reading: str | tuple[str, ...] = READING) -> Run:
    return workflow.run(
        RunRequest(scenario, runs=runs, as_of=day, timelines=100, prior_only=True, reading=reading, threads=1)
    )


@pytest.fixture(scope="module")
def under(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return made(tmp_path_factory.mktemp("runs"), reading=())


def test_a_run_under_a_reading_has_its_own_name(under: Run, coded: Run) -> None:
    assert under.id != coded.id
    assert under.manifest["settings"]["readings"] == [READING]
    assert coded.manifest["settings"]["readings"] == []
    assert under.manifest["hashes"]["evidence_seen"] != coded.manifest["hashes"]["evidence_seen"]


def test_a_run_says_which_reading_it_used(under: Run, coded: Run) -> None:
    (entry,) = under.summary["readings"]
    assert list(entry) == ["id", "title", "reason", "source", "rows"]
    assert (entry["id"], entry["source"], entry["rows"]) == (READING, "gazette", 4)
    text = (
        "Reading cape-prisoners: The first meeting on the cape was about prisoners only, so contact begins with the "
        "second. It changes 4 rows of the record as coded."
    )
    assert text in cautions(under.summary)
    assert f"**{text}**" in under.report
    assert coded.summary["readings"] == []
    assert "Reading cape" not in coded.report


def test_states_and_events_are_those_of_the_reading(under: Run, coded: Run) -> None:
    def rung(run: Run) -> tuple[str, str | None]:
        entry = next(one for one in run.summary["since"]["states"] if one["state"] == "rung")
        return entry["value"], entry["since"]

    assert (rung(under), rung(coded)) == (("contact", "2031-09-09"), ("contact", "2031-09-02"))
    assert {entry["reading"] for entry in under.summary["since"]["happened"]} == {READING}
    assert {entry["reading"] for entry in coded.summary["since"]["happened"]} == {None}
    assert "(Reading `cape-prisoners`.)" in under.report


def test_the_file_and_the_rows_under_the_reading_are_kept(under: Run, coded: Run) -> None:
    kept = under.folder / "inputs" / "priors" / "evidence" / "readings.toml"
    assert kept.read_bytes() == (TINY / "evidence" / "readings.toml").read_bytes()
    assert not (coded.folder / "inputs" / "priors" / "evidence" / "readings.toml").exists()
    rows = pd.read_csv(under.folder / "inputs" / "states.csv")
    assert rows[["observed", "value"]].to_numpy().tolist() == [["2031-09-09", "contact"]]


def test_a_run_is_opened_again_under_its_reading(under: Run, coded: Run) -> None:
    for run, used in ((under, (READING,)), (coded, ())):
        opened = open_run(run.folder)
        again = scenario_of(opened)
        assert again.chronology.used == used
        assert workflow.seen_digest(again, DAY) == run.manifest["hashes"]["evidence_seen"]
        assert report_text(again, opened.summary) == run.report
        assert story_of(opened, 3).recorded


def test_a_run_saved_before_there_were_readings_can_be_opened(coded: Run) -> None:
    settings = {key: value for key, value in coded.manifest["settings"].items() if key != "readings"}
    summary = {key: value for key, value in coded.summary.items() if key != "readings"}
    older = Run(coded.folder, {**coded.manifest, "settings": settings})
    assert report_text(scenario_of(older), summary) == coded.report


def test_a_reading_whose_rows_are_later_is_named_and_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = made(tmp_path / "one", day=EARLY), made(tmp_path / "other", day=EARLY, reading=())
    assert one.id != other.id
    assert one.manifest["hashes"]["evidence_seen"] == other.manifest["hashes"]["evidence_seen"]
    assert one.summary["readings"][0]["rows"] == 0
    assert "It changes nothing here: none of its rows was public by 3 March 2031." in one.report
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warned == ["the reading cape-prisoners changes nothing: none of its rows was public by 2031-03-03"]
    named = ("manifest.json", "summary.json", "report.md", "inputs/priors/evidence/readings.toml")
    assert contents(one.folder, *named) == contents(other.folder, *named)


def test_a_change_of_the_file_renames_only_runs_that_use_a_reading(tiny_folder: Path, under: Run, coded: Run) -> None:
    swap(tiny_folder, "evidence/readings.toml", "no other matter", "nothing else")
    runs = tiny_folder.parent / "runs"
    assert made(runs, tiny_folder, reading=()).id == coded.id
    assert made(runs, tiny_folder).id != under.id


def test_all_members_of_a_pool_use_the_reading() -> None:
    resolved = resolve(RunRequest(as_of=date(2025, 10, 1), reading="september-pause"))
    assert len(resolved.members) > 2
    assert {scenario.chronology.used for scenario in resolved.members.values()} == {("september-pause",)}
    assert resolved.settings()["readings"] == ["september-pause"]


def test_the_order_of_readings_does_not_matter() -> None:
    both = ("september-pause", "april-text")
    settings = [resolve(RunRequest(reading=given)).settings() for given in (both, both[::-1])]
    assert settings[0] == settings[1]


# The command


def test_the_command_takes_a_reading(command: Callable[..., Done], under: Run) -> None:
    size = ("--timelines", 100, "--prior-only", "--threads", 1)
    done = command("run", TINY, *size, "--as-of", DAY, "--reading", READING, "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == under.summary
    shown = " ".join(command("show").out.split())
    assert "Reading cape-prisoners: The first meeting on the cape was about prisoners only" in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--reading", "cape"), "--reading: found 'cape'; expected cape-prisoners"),
        (("--reading", READING, "--reading", READING), "--reading: found 'cape-prisoners' twice"),
    ],
)
def test_unknown_readings_end_with_2(command: Callable[..., Done], given: tuple[str, ...], words: str) -> None:
    done = command("run", TINY, *given)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_check_refuses_a_reading_that_contradicts_the_record(
    command: Callable[..., Done], tiny_folder: Path, tmp_path: Path
) -> None:
    swap(tiny_folder, "evidence/readings.toml", 'value = "contact"', 'value = "terms"')
    wanted = (
        "two-islands/evidence/readings.toml: reading.cape-prisoners.states.add.1: rung cannot go from none to terms"
    )
    done = command("check", tiny_folder)
    assert done.code == 2
    assert wanted in done.err
    # A run stops if it sees the row under the reading; others go on.
    with pytest.raises(InputError, match="rung cannot go from none to terms"):
        resolve(RunRequest(tiny_folder, as_of=DAY, reading=READING))
    assert resolve(RunRequest(tiny_folder, as_of=DAY)).day == DAY
    assert resolve(RunRequest(tiny_folder, as_of=EARLY, reading=READING)).day == EARLY
    warned = workflow.cautions_of_record(resolve(RunRequest(tiny_folder, as_of=EARLY, reading=READING)).scenario, EARLY)
    assert any(wanted in text for text in warned)


def test_check_lists_the_readings(command: Callable[..., Done]) -> None:
    found = check(TINY, timelines=80)["readings"]
    assert [(entry["id"], entry["rows"]) for entry in found] == [(READING, 4)]
    out = " ".join(command("check", TINY).out.split())
    assert "Readings of the record, each without a contradiction: cape-prisoners: The first meeting" in out
