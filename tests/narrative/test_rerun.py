"""Timelines of a saved run simulated again: the same timelines, or an error that says why not."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from narrative_tools import courses, of_ukraine
from run_tools import TINY, Sampled, changed, other_code
from timeline_tools import run as run_timelines
from timeline_tools import ukraine_inputs

from forecast.belief.assemble import update
from forecast.encoding.timeline_table import timeline_table
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.locations import source_digest
from forecast.narrative.rerun import differing, posterior_of, redrawn_of, scenario_of, simulated_again
from forecast.narrative.story import story_of
from forecast.pipeline import workflow
from forecast.scenario.spec import Scenario
from forecast.store.manifest import REDRAWN
from forecast.store.parquet import read_parquet, write_parquet
from forecast.store.saved_run import Run, open_run
from forecast.timeline.cells import cells


def test_weeks_run_one_by_one_make_the_rows_of_the_simulator() -> None:
    given, (_, told) = ukraine_inputs(), of_ukraine()
    rows, _ = run_timelines(given, cells(3000, len(given.rows), 6))
    assert b"".join(each.result.tobytes() for each in told) == np.asarray(rows).tobytes()


def test_timelines_of_a_sampled_run_are_made_again(sampled: tuple[Sampled, Sampled]) -> None:
    run = open_run(sampled[0].folder)
    for scenario, kept, told in courses(run, 20):
        assert differing(kept, timeline_table(told.result, scenario, date(2031, 3, 3))) == []


@pytest.mark.parametrize(
    "given",
    [
        {"edits": ["moscow.worth.quantiles=[0.1, 0.2, 0.3]", "washington.crisis_rate.varies=world"]},
        {"fixed": {"washington.crisis_rate": 3, "talks.setback": 1}},
        {"perspective": "hopeful"},
        {"seed": 5},
    ],
    ids=["edits", "fixed", "perspective", "seed"],
)
def test_what_a_run_was_made_with_is_kept(tmp_path: Path, given: dict[str, Any]) -> None:
    run = workflow.run(RunRequest(TINY, runs=tmp_path, timelines=120, prior_only=True, **given))
    for timeline in (0, 50, 119):
        simulated_again(open_run(run.folder), timeline)


def test_a_perspective_from_elsewhere_is_kept(tmp_path: Path) -> None:
    shutil.copy(TINY / "perspectives" / "hopeful.toml", tmp_path / "mine.toml")
    run = workflow.run(
        RunRequest(TINY, runs=tmp_path / "runs", timelines=40, prior_only=True, perspective=tmp_path / "mine.toml")
    )
    (tmp_path / "mine.toml").unlink()
    simulated_again(open_run(run.folder), 39)


def test_the_scenario_comes_back_with_the_evidence_seen(kept: Run, tiny: Scenario) -> None:
    again = scenario_of(kept)
    day = tiny.reference_date
    seen = kept.manifest["hashes"]["evidence_seen"]
    assert workflow.seen_digest(again, day) == workflow.seen_digest(tiny, day) == seen
    assert again.evidence.table["available"].max() <= pd.Timestamp(day) < tiny.evidence.table["available"].max()
    assert list(again.priors) == list(tiny.priors)


def test_what_is_drawn_anew_is_kept_for_the_draws_used(kept: Run, tiny: Scenario) -> None:
    redrawn = redrawn_of(kept)
    assert redrawn["names"] == sorted(name for name, prior in tiny.priors.items() if prior.varies == "timeline")
    assert np.shape(redrawn["mean"]) == (500, len(redrawn["names"]))
    assert np.shape(redrawn["chol"]) == (len(redrawn["names"]),) * 2


# Runs that cannot be told


@pytest.mark.parametrize("timeline", [-1, 4000, 10**9])
def test_numbers_out_of_range_are_refused(kept: Run, timeline: int) -> None:
    with pytest.raises(InputError, match=rf"no timeline {timeline}\. Ask for 0 to 3999") as error:
        story_of(kept, timeline)
    assert error.value.key == "--timeline"


def test_a_run_without_what_is_drawn_anew_is_refused(kept_copy: Path) -> None:
    (kept_copy / REDRAWN).unlink()
    run = changed(kept_copy, lambda manifest: manifest["files"].pop(REDRAWN))
    with pytest.raises(InputError, match=r"lacks redrawn\.json"):
        story_of(run, 0)


def test_other_code_that_makes_the_same_timeline_may_tell_it(kept_copy: Path) -> None:
    run = changed(kept_copy, other_code)
    assert story_of(run, 7).row["timeline"] == 7


@pytest.mark.parametrize(
    ("column", "value"), [("km2_end", 1.25), ("signed", pd.Timestamp("2031-05-05")), ("headline", "battlefield")]
)
def test_a_timeline_that_comes_out_otherwise_is_refused(kept_copy: Path, column: str, value: Any) -> None:
    table = open_run(kept_copy).timelines
    table[column] = table[column].astype(object if column == "headline" else table[column].dtype)
    table.loc[3, column] = value
    write_parquet(table, kept_copy / "timelines.parquet")
    run = changed(kept_copy, other_code)
    with pytest.raises(
        InputError,
        match=rf"simulated again \({column} differs\)",
    ):
        story_of(run, 3)
    story_of(run, 4)


def test_inputs_that_the_present_code_cannot_read_are_of_another_version(kept_copy: Path) -> None:
    path = kept_copy / "inputs" / "priors" / "kyiv.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[coup]", "[putsch]"), encoding="utf-8")
    run = changed(kept_copy, other_code)
    with pytest.raises(InputError, match="made by another version of the code"):
        story_of(run, 3)
    # By the same code, it is the files that are wrong.
    run = changed(kept_copy, lambda manifest: manifest["hashes"].update(code=source_digest()))
    with pytest.raises(InputError, match=r"kyiv\.toml"):
        story_of(run, 3)


# All draws


def test_all_draws_are_made_again_from_the_inputs(kept: Run, tiny: Scenario) -> None:
    made, again = posterior_of(kept), update(tiny, prior_only=True)
    pd.testing.assert_frame_equal(made.draws, again.draws)
    assert len(made.draws) > len(kept.draws)


def test_draws_that_cannot_be_made_again_are_refused(kept_copy: Path) -> None:
    table = read_parquet(kept_copy / "draws.parquet")
    table.loc[3, "moscow.worth"] += 1e-9
    write_parquet(table, kept_copy / "draws.parquet")
    run = changed(kept_copy, other_code)
    with pytest.raises(InputError, match="cannot be made again"):
        posterior_of(run)
