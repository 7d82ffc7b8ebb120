"""A run is made once: found again by its name, made again if damaged, and waited for if another process makes it."""

import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from damage import swap
from run_tools import TINY, Done, MadeUpSampler, contents

from forecast.ensemble.request import RunRequest
from forecast.errors import NotConverged, SystemRefusal
from forecast.pipeline import known_names, workflow
from forecast.pipeline.make import Made, make
from forecast.pipeline.moves import Move, moves, run_before
from forecast.store.manifest import MANIFEST
from forecast.store.saved_run import Run, runs_folder
from forecast.store.turns import clear_locks, turn


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own cache for names; compiled code is shared."""
    usual = Path(os.environ.get("FORECAST_CACHE") or Path.home() / ".cache" / "forecast")
    place = tmp_path / "cache"
    place.mkdir()
    (usual / "compiled").mkdir(parents=True, exist_ok=True)
    (place / "compiled").symlink_to(usual / "compiled", target_is_directory=True)
    monkeypatch.setenv("FORECAST_CACHE", str(place))
    return place


def request(runs: Path, scenario: Path = TINY, **given: object) -> RunRequest:
    return RunRequest(scenario, runs=runs, **({"timelines": 100, "prior_only": True, "threads": 1} | given))


def no_work(monkeypatch: pytest.MonkeyPatch, *, reading: bool = False) -> None:
    """From now on nothing is simulated; without `reading` no scenario is read either."""
    monkeypatch.setattr("forecast.pipeline.workflow.saved", lambda *_, **__: pytest.fail("it was simulated"))
    if not reading:
        monkeypatch.setattr("forecast.pipeline.workflow.planned", lambda *_: pytest.fail("the scenario was read"))


def test_the_same_again_does_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    first = make(request(runs))
    assert not first.unchanged
    assert first.run.id == workflow.planned(request(runs)).name
    before = contents(runs)
    (first.run.folder / "notes.txt").write_text("of the user")
    no_work(monkeypatch)
    for threads in (1, 2):
        again = make(request(runs, threads=threads))
        assert (again.unchanged, again.run.id) == (True, first.run.id)
        assert again.run.summary == first.run.summary
        assert again.run.manifest == first.run.manifest
    assert contents(runs, f"{first.run.id}/notes.txt") == before
    assert (first.run.folder / "notes.txt").read_text() == "of the user"
    assert [path.name for path in runs.iterdir()] == [first.run.id]


def test_the_bytes_are_those_of_a_run_that_is_always_made(tmp_path: Path) -> None:
    made = make(request(tmp_path / "one")).run
    always = workflow.run(request(tmp_path / "two"))
    assert contents(made.folder, MANIFEST) == contents(always.folder, MANIFEST)
    assert made.id == always.id


def test_without_the_cache_the_name_is_found_by_reading_the_scenario(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(request(tmp_path / "runs"))
    no_work(monkeypatch, reading=True)
    for damage in (
        shutil.rmtree,
        lambda names: [swap(p, "name.json", first.run.id, "../evil") for p in names.iterdir()],
    ):
        damage(cache / "names")
        again = make(request(tmp_path / "runs"))
        assert (again.unchanged, again.run.id) == (True, first.run.id)
        (entry,) = (cache / "names").iterdir()
        assert first.run.id in (entry / "name.json").read_text()


@pytest.mark.parametrize("given", [{"seed": 2}, {"timelines": 99}, {"fixed": {"kyiv.worth": 0.3}}, {"draw_seed": 2}])
def test_another_setting_is_another_run(tmp_path: Path, given: dict[str, object]) -> None:
    one = make(request(tmp_path / "runs"))
    other = make(request(tmp_path / "runs", **given))
    assert not other.unchanged
    assert other.run.id != one.run.id


def test_each_file_that_gives_the_name_counts(tiny_folder: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    asked = request(runs, tiny_folder)
    keys = [known_names.request_key(asked)]
    swap(tiny_folder, "README.md", "made", "Made") if "made" in (tiny_folder / "README.md").read_text() else None
    (tiny_folder / "evidence" / "area_survey.csv").touch()  # a new time is not a new file
    swap(tiny_folder, "moscow.toml", "[0.45, 0.6, 0.75]", "[0.45, 0.61, 0.75]")
    keys.append(known_names.request_key(asked))
    keys.append(known_names.request_key(replace(asked, seed=2)))
    keys.append(known_names.request_key(replace(asked, as_of=date(2031, 4, 14))))
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert known_names.request_key(replace(asked, threads=7, runs=tmp_path)) == keys[1]
    (tiny_folder / "pipe").symlink_to(tmp_path / "nowhere")
    assert known_names.request_key(asked) is None  # the reader of the scenario says what is wrong


def test_a_damaged_run_is_reported_and_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    runs = tmp_path / "runs"
    first = make(request(runs))
    before = contents(first.run.folder, MANIFEST)
    (first.run.folder / "notes.txt").write_text("of the user")
    for damage in (lambda path: path.write_text("x"), Path.unlink):
        caplog.clear()
        damage(first.run.folder / "report.md")
        again = make(request(runs))
        assert not again.unchanged
        (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        assert said.startswith("the saved run is damaged (")
        assert said.endswith("report.md: is missing or was changed since the run); it is made again")
        assert contents(again.run.folder, MANIFEST, "notes.txt") == before
        assert (again.run.folder / "notes.txt").read_text() == "of the user"


def test_an_unconverged_run_answers_only_a_request_that_allows_it(tmp_path: Path, sampler: MadeUpSampler) -> None:
    runs = tmp_path / "runs"
    asked = request(runs, prior_only=False)
    sampler.diagnostics = replace(sampler.diagnostics, rhat=1.3)
    allowed = replace(asked, allow_unconverged=True)
    assert not make(allowed).unchanged
    assert make(allowed).unchanged
    for _ in range(2):
        with pytest.raises(NotConverged):
            make(asked)
    assert sampler.fits == 1
    assert len(list(runs.iterdir())) == 1


def test_an_unchanged_run_needs_no_fit(tmp_path: Path, sampler: MadeUpSampler) -> None:
    asked = request(tmp_path / "runs", prior_only=False)
    make(asked)
    shutil.rmtree(tmp_path / "cache" / "posterior")
    assert make(asked).unchanged
    assert sampler.fits == 1


def test_warnings_are_repeated(tiny_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    swap(tiny_folder, "evidence/area_survey.csv", "2031-03-03,2031-03-03,1036.3", "2031-03-03,2031-03-03,999999")
    said = []
    for _ in range(2):
        caplog.clear()
        make(request(tmp_path / "runs", tiny_folder))
        said.append([record.getMessage() for record in caplog.records if record.levelno == logging.WARNING])
    assert len(said[0]) == 1
    assert said[0] == said[1]


# Several processes


def test_the_second_waits_and_finds_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, made, steps = tmp_path / "runs", [], []
    name = workflow.planned(request(runs)).name
    usual = workflow.saved

    def slowly(*arguments: object, **named: object) -> Run:
        made.append(arguments)
        time.sleep(0.3)
        return usual(*arguments, **named)

    monkeypatch.setattr("forecast.pipeline.workflow.saved", slowly)
    found: list[Made] = []
    threads = [
        threading.Thread(target=lambda: found.append(make(request(runs), notify=steps.append))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(made) == 1
    assert sorted(one.unchanged for one in found) == [False, True]
    assert {one.run.id for one in found} == {name}
    assert steps.count("waiting for another process that makes the same run") == 1
    assert [path.name for path in runs.iterdir()] == [name]


NAME = "a_2025-01-20_0123456789"


def test_a_lock_that_stays_is_a_refusal_of_the_system(tmp_path: Path) -> None:
    def other() -> None:
        with turn(tmp_path, NAME, lambda: None):
            locked.set()
            done.wait(20)

    locked, done = threading.Event(), threading.Event()
    holder = threading.Thread(target=other)
    holder.start()
    locked.wait(20)
    with (
        pytest.raises(SystemRefusal, match="another process has been making this run"),
        turn(tmp_path, NAME, lambda: None, longest=0.2),
    ):
        pass
    clear_locks(tmp_path)
    assert (tmp_path / f".{NAME}.lock").exists()
    done.set()
    holder.join()
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_locks_of_killed_processes_go(tmp_path: Path) -> None:
    for name in (f".{NAME}.lock", ".mine.lock", f"{NAME}.lock"):
        (tmp_path / name).touch()
    full = tmp_path / f".b_{NAME}.lock"
    full.write_text("mine")
    clear_locks(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [".mine.lock", f"{NAME}.lock", full.name, "cache"]
    )


def test_the_lock_leaves_nothing_where_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stop"), turn(tmp_path / "some" / "runs", NAME, lambda: None):
        raise ValueError("stop")
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]
    (tmp_path / "file").write_text("mine")
    with turn(tmp_path / "file" / "runs", NAME, lambda: None):
        pass  # where there can be no lock, the work itself says what is wrong


# Moves of the odds


def summary(share: float, error: float | None = 0.001) -> dict[str, object]:
    return {"odds": {"negotiated": {"probability": share, "standard_error": error}}}


@pytest.mark.parametrize(
    ("before", "now", "points", "alert"),
    [
        (summary(0.10), summary(0.13), 2.0, True),
        (summary(0.13), summary(0.10), 2.0, True),
        (summary(0.10), summary(0.13), 3.5, False),
        (summary(0.10, 0.02), summary(0.13, 0.02), 2.0, False),
        (summary(0.10, None), summary(0.90), 2.0, False),
        (summary(0.10, 0.0), summary(0.10, 0.0), 0.0, False),
    ],
)
def test_a_move_alerts_beyond_the_threshold_and_the_error(before: dict, now: dict, points: float, alert: bool) -> None:
    (move,) = moves(before, now)
    assert move.exceeds(points) is alert


def test_a_move_in_words() -> None:
    assert Move("negotiated", 16.2, 12.0, 0.3).sentence() == "negotiated fell by 4.2 points, from 16.2% to 12.0%"


def saved(runs: Path, name: str, as_of: str, **settings: object) -> Run:
    """A run of hand-made files."""
    folder = runs / name
    folder.mkdir(parents=True)
    plain = {"edits": [], "fixed": {}, "readings": [], "prior_only": False, "perspective": "base"}
    manifest = {"id": name, "schema": 2, "scenario": "two-islands", "as_of": as_of, "started": as_of}
    files = ("summary.json", "report.md", "timelines.parquet", "bands.parquet", "draws.parquet")
    manifest |= {"settings": plain | settings, "files": dict.fromkeys(files, "")}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return Run(folder, manifest)


def test_the_run_before_is_the_latest_earlier_plain_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr("forecast.pipeline.moves.importlib.import_module", missing)
    saved(tmp_path, "a", "2031-03-03")
    before = saved(tmp_path, "b", "2031-03-10")
    saved(tmp_path, "c", "2031-03-17", edits=["x"])
    saved(tmp_path, "d", "2031-03-17", perspective="hopeful")
    now = saved(tmp_path, "e", "2031-03-24")
    saved(tmp_path, "f", "2031-03-31")
    found = run_before(now)
    assert found is not None
    assert found.id == before.id
    assert run_before(Run(tmp_path / "a", json.loads((tmp_path / "a" / MANIFEST).read_text()))) is None


# The command


QUICK = ("run", TINY, "--prior-only", "--timelines", 100)


def test_the_command_ends_with_the_notices_that_were_asked_for(
    command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    late = ("--as-of", "2031-09-29")  # the last map is of 22 September
    assert command(*QUICK, *late).code == 0
    done = command(*QUICK, "--fail-if-stale", "--json")
    assert (done.code, json.loads(done.out)["stale"]) == (0, [])
    assert "exit_codes" not in json.loads(done.out)
    monkeypatch.setattr("forecast.pipeline.moves.run_before", lambda run: run)
    monkeypatch.setattr("forecast.pipeline.moves.moves", lambda *_: [Move("negotiated", 10.0, 16.0, 0.5)])
    done = command(*QUICK, "--alert", "2.5", "--json")
    content = json.loads(done.out)
    assert (done.code, content["exit_codes"], content["unchanged"]) == (5, [5], True)
    assert content["moves"][0] == {
        "outcome": "negotiated", "before": 10.0, "now": 16.0, "points": 6.0, "standard_error": 0.5, "alert": True
    }  # fmt: skip
    assert "negotiated rose by 6.0 points, from 10.0% to 16.0% since two-islands_2031-03-03_" in caplog.text
    assert (
        "the largest move is negotiated +6.0 points. Alert: see the warnings." in command(*QUICK, "--alert", "2.5").out
    )
    done = command(*QUICK, "--alert", "7")
    assert done.code == 0
    assert "The odds were compared with two-islands_2031-03-03_" in done.out
    assert "No alert: no odds moved by more than 7 points." in done.out
    monkeypatch.setattr("forecast.pipeline.moves.moves", lambda *_: [Move("negotiated", 10.0, 16.0, 4.0)])
    assert "No alert: no move above 2.5 points is beyond the Monte Carlo" in command(*QUICK, "--alert", "2.5").out
    monkeypatch.setattr("forecast.pipeline.moves.run_before", lambda _: None)
    done = command(*QUICK, "--alert", "7")
    assert done.code == 0
    assert "The odds were compared with no other run: there is no earlier run of record. No alert." in done.out
    assert json.loads(command(*QUICK, "--alert", "7", "--json").out)["compared_with"] is None
    assert "compared" not in command(*QUICK).out


def test_stale_evidence_ends_with_3(
    command: Callable[..., Done], tiny_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tiny_folder / "evidence" / "area_survey.csv"
    rows = [row for row in path.read_text().splitlines() if row < "2031-02-15" or row.startswith("observed")]
    path.write_text("\n".join(rows) + "\n")
    asked = ("run", tiny_folder, "--prior-only", "--timelines", 100)
    for _ in range(2):
        caplog.clear()
        done = command(*asked, "--fail-if-stale", "--json")
        content = json.loads(done.out)
        assert (done.code, content["exit_codes"]) == (3, [3])
        (entry,) = content["stale"]
        assert (entry["series"], entry["last_available"], entry["expected"]) == (
            "area_survey", "2031-02-10", "2031-02-17",
        )  # fmt: skip
        assert (
            "area_survey is stale: its last row is of 2031-02-10, and another was expected by 2031-02-17" in caplog.text
        )
    assert command(*asked).code == 0


@pytest.mark.parametrize("points", ["-1", "101", "nan", "many", "1_0", ""])
def test_wrong_points_are_refused(command: Callable[..., Done], tmp_path: Path, points: str) -> None:
    done = command(*QUICK, "--alert", points)
    assert (done.code, done.out) == (2, "")
    assert "--alert" in done.err
    assert not (tmp_path / "runs").exists()


# Without a project


def test_runs_lie_in_the_user_s_data_where_there_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECAST_RUNS", raising=False)
    monkeypatch.setenv("FORECAST_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    assert runs_folder(None) == Path("runs")  # a checkout
    monkeypatch.setattr("forecast.locations.in_checkout", lambda: False)
    assert runs_folder(None) == tmp_path / "data" / "runs"
    (tmp_path / "priors").mkdir()
    assert runs_folder(None) == Path("runs")
    monkeypatch.setenv("FORECAST_RUNS", str(tmp_path / "mine"))
    assert runs_folder(None) == tmp_path / "mine"
