"""Whole runs as of later dates: what they may see, that they are told again, and that their luck is their own."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from chronology_tools import CHANGES, chronicle
from timeline_tools import run as run_timelines
from timeline_tools import ukraine, ukraine_inputs

from forecast.belief.assemble import update
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import simulate
from forecast.narrative.story import story_of
from forecast.pipeline import workflow
from forecast.replay import starting_points
from forecast.replay.observations import weekly_record_of
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run
from forecast.timeline.particle_filter import replay_draws
from forecast.timeline.random_numbers import cell_key, context_record, normal
from forecast.timeline.washington import ATTENTION

DAY = "2031-04-23"
FILES = ("timelines.parquet", "draws.parquet", "bands.parquet", "start.npz")


def run(folder: Path, runs: Path, day: str = DAY, **given: Any) -> Run:
    """A small run of the made-up scenario from its priors alone."""
    return workflow.run(
        RunRequest(
            folder,
            runs=runs,
            as_of=date.fromisoformat(day),
            timelines=given.pop("timelines", 300),
            prior_only=True,
            **given,
        )
    )


def numbers(made: Run) -> dict[str, bytes]:
    """What a run gives, but for the hashes of what it was made from."""
    found = {name: (made.folder / name).read_bytes() for name in FILES if (made.folder / name).exists()}
    told = json.loads((made.folder / "summary.json").read_text())
    told.pop("run", None)
    return found | {"summary.json": json.dumps(told).encode()}


def everything(made: Run) -> dict[str, bytes]:
    """Every file of a run, but for when it was made."""
    paths = [path for path in made.folder.rglob("*") if path.is_file()]
    found = {path.relative_to(made.folder).as_posix(): path.read_bytes() for path in paths}
    told = json.loads(found["manifest.json"])
    told.pop("started")
    told.pop("finished")
    return found | {"manifest.json": json.dumps(told).encode()}


# On the reference date there is nothing to replay


def test_on_the_reference_date_nothing_is_replayed(tiny_folder: Path, tmp_path: Path) -> None:
    plain = run(tiny_folder, tmp_path / "plain", "2031-03-03")
    chronicle(tiny_folder)
    told = run(tiny_folder, tmp_path / "told", "2031-03-03")
    assert not (told.folder / "start.npz").exists()
    for name in FILES[:3]:
        assert (told.folder / name).read_bytes() == (plain.folder / name).read_bytes(), name
    # And the simulator by itself gives the same rows.
    scenario, posterior = ukraine()
    made = simulate(scenario, posterior, timelines=200, draws=5)
    rows, _ = run_timelines(ukraine_inputs(5), 200)
    for name in ("km2_end", "steps_up", "draw", "replicate"):
        kept = np.float32 if name == "km2_end" else np.float64
        assert np.array_equal(made.timelines[name].to_numpy(float), rows[name].astype(kept), equal_nan=True)


# What a run may see


def test_what_became_public_later_moves_no_byte(tiny_folder: Path, tmp_path: Path) -> None:
    before = run(chronicle(tiny_folder), tmp_path / "before")
    # Of rows that become public after the date some are changed, some left out, some new.
    area = tiny_folder / "evidence" / "area_survey.csv"
    lines = area.read_text().splitlines()
    kept = [lines[0], *(line for line in lines[1:] if line.split(",")[1] <= DAY)]
    area.write_text("\n".join([*kept, "2031-04-21,2031-04-24,98765", "2031-05-05,2031-05-06,1.5"]) + "\n")
    late = tuple(row.replace("2031-05-01", "2031-06-10") for row in CHANGES[3:5])
    step = "2031-04-21,2031-04-24,rung,terms,new,gazette"
    storm = "2031-04-22,2031-04-24,washington.crisis,A storm.,a crisis,gazette"
    chronicle(tiny_folder, (storm,), (*CHANGES[:3], *late, CHANGES[5], step))
    after = run(tiny_folder, tmp_path / "after")
    assert everything(after) == everything(before)
    assert {"summary.json", "report.md", "start.npz", "inputs/states.csv"} < everything(after).keys()
    # A day later all of it is seen.
    seen = run(tiny_folder, tmp_path / "seen", "2031-04-24")
    area.write_text("\n".join(kept) + "\n")
    chronicle(tiny_folder)
    unseen = run(tiny_folder, tmp_path / "unseen", "2031-04-24")
    assert numbers(seen)["timelines.parquet"] != numbers(unseen)["timelines.parquet"]


def test_what_happened_early_and_became_public_late_is_unseen_until_then(tiny_folder: Path) -> None:
    # The turn of 2 April, with which arms flow again, became public on 1 May.
    scenario = load_scenario(chronicle(tiny_folder))
    for day, posture, paused in (((2031, 4, 30), 1, 1), ((2031, 5, 1), 2, 0)):
        seen = weekly_record_of(scenario, date(*day))
        assert (seen.posture[-1], seen.paused[-1]) == (posture, paused)


# Timelines are told again


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Runs of the real scenario as of 16 April 2025: of its base, and of the pool."""
    folder = tmp_path_factory.mktemp("later")

    def made(perspective: str | None) -> Run:
        day = date(2025, 4, 16)
        return workflow.run(
            RunRequest(runs=folder, as_of=day, timelines=500, prior_only=True, perspective=perspective, threads=2)
        )

    return {"base": made("base"), "pool": made(None)}


@pytest.mark.parametrize(
    ("whose", "timeline"), [("base", 0), ("base", 77), ("base", 499), ("pool", 499), ("pool", 1234)]
)
def test_a_timeline_of_a_replayed_run_is_told_again(later: dict[str, Run], whose: str, timeline: int) -> None:
    # `tell` refuses a row that comes out otherwise than the one that was kept.
    told = story_of(later[whose], timeline)
    assert told.row["timeline"] == timeline
    assert told.lines


def test_the_command_tells_it(command: Callable[..., Any], later: dict[str, Run]) -> None:
    done = command("show", later["pool"].id, "--runs", later["pool"].folder.parent, "--timeline", "600", "--json")
    assert done.code == 0
    told = json.loads(done.out)
    row = later["pool"].timelines.iloc[600]
    assert told["timeline"]["draw"] == row["draw"]
    assert told["timeline"]["perspective"] == row["perspective"]


def test_what_is_recorded_stands_at_the_start_of_every_timeline(later: dict[str, Run]) -> None:
    table = later["base"].timelines
    # The arms were paused on 3 March, in the week that ends with Sunday the 9th.
    assert set(table["arms_paused"]) == {pd.Timestamp(2025, 3, 9)}
    assert set(table["limited_first"]) == {pd.Timestamp(2025, 3, 23)}
    assert later["base"].summary["diagnostics"]["effective_draws"] > 20
    assert later["pool"].summary["pool"]["periods"] == {"war_ended": 3, "general_truce": 3, "km2": 3}


# The week that the as-of date cuts


def test_the_week_cut_in_two_uses_no_luck_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, _ = ukraine()
    seeds: list[str] = []

    def noted(*given: Any, **more: Any) -> Any:
        seeds.append(more["seed"])
        return replay_draws(*given, **more)

    monkeypatch.setattr(starting_points, "replay_draws", noted)
    posterior = update(scenario, date(2025, 2, 6), prior_only=True)
    simulate(scenario, posterior, timelines=40, draws=20, seed=1)
    # The shock to attention of the week of 3 February, before the as-of date and in the rest of it.
    before, after = context_record(seeds[0], 60)[0], context_record(1, 60)[0]
    shocks = []
    for number in range(400):
        before.cell = after.cell = cell_key(number, 0)
        shocks.append([normal(luck, ATTENTION, 2, 0) for luck in (before, after)])
    assert abs(np.corrcoef(np.transpose(shocks))[0, 1]) < 4.0 / np.sqrt(400)
