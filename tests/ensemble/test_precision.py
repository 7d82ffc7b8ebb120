"""Precision on demand: the error while timelines are simulated, when a run stops, and what is saved."""

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from run_tools import TINY, contents

from forecast.cli.repeat import command_to_repeat
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.forecasts import forecasts_until
from forecast.ensemble.precision import PASS, Stopping
from forecast.ensemble.request import BLOCK, MOST_TIMELINES, RunRequest
from forecast.ensemble.resolve import resolve
from forecast.ensemble.stop import WORDS, Stop
from forecast.errors import InputError
from forecast.outcomes.running_error import HeadlineError, RunningError
from forecast.outcomes.shares import headline_odds
from forecast.pipeline import workflow
from forecast.pipeline.make import make
from forecast.store.digests import file_digest
from forecast.timeline.cells import TIMELINES_PER_DRAW, cells

TIMED = ("manifest.json", "posterior.nc")


def table(count: int, draws: int, seed: int, first: int = 0, spread: float = 0.2) -> pd.DataFrame:
    """Timelines whose outcomes depend on their draws."""
    which = cells(count, draws, first=first)
    rng = np.random.default_rng([seed, first])
    middle = np.clip(0.3 + spread * np.random.default_rng(seed).standard_normal(draws), 0.01, 0.6)
    u = rng.random(count)
    p = middle[which.draw]
    kind = np.where(u < p, 0, np.where(u < p + 0.3, 1, 2))
    return pd.DataFrame(
        {
            "timeline": first + np.arange(count),
            "draw": which.draw,
            "replicate": which.replicate,
            "headline": pd.Categorical.from_codes(kind, categories=pd.Index(list(HEADLINES))),
        }
    )


def scores(draws: int) -> pd.DataFrame:
    return pd.DataFrame(np.random.default_rng(5).standard_normal((draws, 3)), columns=list("abc"))


def largest(odds: dict[str, dict[str, Any]]) -> float:
    return max(entry["standard_error"] for entry in odds.values())


# The error so far


@pytest.mark.parametrize("stratified", [None, scores(300)], ids=["random", "stratified"])
def test_the_error_so_far_is_that_of_the_whole_table(stratified: pd.DataFrame | None) -> None:
    running, parts = RunningError({"base": 1.0}), []
    for first, count in ((0, 4000), (4000, 120), (4120, 9000)):
        parts.append(table(count, 300, 1, first))
        running.add("base", parts[-1])
        whole = pd.concat(parts, ignore_index=True)
        if whole["draw"].nunique() == 300 or stratified is None:
            expected = largest(headline_odds(whole, None, stratified))
            found = running.largest(stratified)
            assert found.error == pytest.approx(expected, rel=1e-9)
            assert found.floor is not None
            assert found.floor < expected


@pytest.mark.parametrize("stratified", [None, scores(300)], ids=["random", "stratified"])
def test_the_error_so_far_of_a_pool_is_that_of_the_whole_table(stratified: pd.DataFrame | None) -> None:
    weights = {"a": 0.5, "b": 0.3, "c": 0.2}
    running = RunningError(weights)
    parts = {name: table(13_000, 300, seed) for seed, name in enumerate(weights)}
    for name, part in parts.items():
        running.add(name, part.head(7000))
        running.add(name, part.tail(6000))
    whole = pd.concat(
        [part.assign(perspective=name, timeline=part["timeline"] + 13_000 * k)
         for k, (name, part) in enumerate(parts.items())],
        ignore_index=True,
    )  # fmt: skip
    whole["perspective"] = whole["perspective"].astype("category")
    found = running.largest(stratified)
    assert found.error == pytest.approx(largest(headline_odds(whole, weights, stratified)), rel=1e-9)


def test_the_floor_is_the_error_that_many_timelines_of_the_same_draws_leave() -> None:
    few, many = RunningError({"base": 1.0}), RunningError({"base": 1.0})
    few.add("base", table(400 * TIMELINES_PER_DRAW, 400, 3))
    many.add("base", table(100 * 400 * TIMELINES_PER_DRAW, 400, 3))
    one, hundred = few.largest(), many.largest()
    assert one.floor == pytest.approx(hundred.error, rel=0.05)
    assert one.error is not None
    assert hundred.error is not None
    assert one.error > hundred.error


def test_draws_that_do_not_differ_have_no_floor() -> None:
    running = RunningError({"base": 1.0})
    running.add("base", table(400 * TIMELINES_PER_DRAW, 400, 3, spread=0.0))
    found = running.largest()
    assert found.error is not None
    assert found.floor is not None
    assert found.floor < 0.4 * found.error


def test_one_draw_gives_no_error() -> None:
    running = RunningError({"base": 1.0})
    running.add("base", table(1000, 1, 3))
    assert running.largest() == HeadlineError(None, None)


# When a run stops


def stops(
    errors: Iterator[tuple[float | None, float | None]], *, budget: float | None = None, step: float = 1.0
) -> Stop:
    """The stop of a run with these errors and floors, in points, whose blocks take `step` seconds."""
    clock = itertools.count(0.0, step)
    stopping = Stopping(0.3, budget, begun=next(clock), clock=lambda: next(clock))
    for number, found in enumerate(errors, 1):
        stop = stopping.after(number * BLOCK, HeadlineError(*(None if x is None else x / 100.0 for x in found)))
        if stop is not None:
            return stop
    raise AssertionError("it goes on")


def test_a_run_stops_once_the_error_is_small_enough() -> None:
    stop = stops(iter([(0.5, 0.1), (0.35, 0.1), (0.3, 0.1), (0.2, 0.1)]))
    assert (stop.reason, stop.timelines, stop.precision) == ("reached", 3 * BLOCK, 0.3)
    assert stop.error == pytest.approx(0.3)


def test_a_run_stops_when_all_draws_are_used_and_leave_too_large_an_error() -> None:
    stop = stops((0.5, 0.4) for _ in itertools.count())
    assert (stop.reason, stop.timelines) == ("draws", PASS)
    assert stops((None, None) for _ in itertools.count()).timelines == PASS


def test_a_run_stops_when_a_pass_hardly_lowers_the_error() -> None:
    # The floor is below the precision: by its estimate alone the run would go on for long.
    between, within = 0.2999**2, 0.2**2
    stop = stops(((between + within * 8 / n) ** 0.5, 0.2999) for n in itertools.count(8))
    assert stop.reason == "draws"
    assert stop.timelines % PASS == 0
    assert 2 * PASS < stop.timelines < 20 * PASS


def test_a_run_stops_at_the_most_timelines() -> None:
    stopping = Stopping(0.3)
    assert stopping.after(MOST_TIMELINES - BLOCK, HeadlineError(0.004, 0.0)) is None
    stop = stopping.after(MOST_TIMELINES, HeadlineError(0.004, 0.0))
    assert stop is not None
    assert stop.reason == "most timelines"


@pytest.mark.parametrize(("budget", "blocks"), [(0.5, 1), (1.0, 1), (2.5, 3), (4.0, 4)])
def test_the_time_budget_is_checked_after_each_block_and_the_first_is_made(budget: float, blocks: int) -> None:
    stop = stops(iter([(0.5, 0.1)] * 10), budget=budget)
    assert (stop.reason, stop.timelines) == ("time budget", blocks * BLOCK)


def test_a_stop_says_why() -> None:
    stop = Stop("draws", 160_000, 0.123, 0.1)
    assert stop.words.startswith("Stopped after 160,000 timelines: the draws are the limit")
    assert "0.12 points" in stop.words
    assert "unknown" in Stop("draws", 160_000, None, 0.1).words
    assert set(WORDS) == {"reached", "time budget", "draws", "most timelines"}


# Requests


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"precision": 0}, "--precision: found 0; expected a number of points above 0, at most 100"),
        ({"precision": -0.3}, "--precision: found -0.3"),
        ({"precision": 101}, "--precision: found 101"),
        ({"precision": float("nan")}, "--precision: found nan; expected a finite number"),
        ({"precision": True}, "--precision: found true"),
        ({"precision": "0,3"}, "--precision: found '0,3'"),
        ({"precision": "x" * 1_000_000}, "--precision: found 'xxx"),
        ({"precision": "0.3\x1b[31m"}, "--precision: found "),
        ({"precision": 0.3, "timelines": 40_000}, "--precision: found a precision and 40,000 timelines"),
        ({"time_budget": 60}, "--time-budget: a time budget needs a precision. Give --precision as well"),
        ({"precision": 1, "time_budget": "0s"}, "--time-budget: found '0s'; expected a length of time above 0"),
        ({"precision": 1, "time_budget": "-5m"}, "--time-budget: found '-5m'"),
        ({"precision": 1, "time_budget": "5 m"}, "--time-budget: found '5 m'"),
        ({"precision": 1, "time_budget": "1d"}, "--time-budget: found '1d'"),
        ({"precision": 1, "time_budget": "1e308h"}, "--time-budget: found '1e308h'"),
        ({"precision": 1, "time_budget": "m"}, "--time-budget: found 'm'"),
        ({"precision": 1, "time_budget": ""}, "--time-budget: found ''"),
        ({"precision": 1, "time_budget": False}, "--time-budget: found false"),
    ],
)
def test_wrong_precisions_and_budgets_are_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        RunRequest(TINY, **given)
    assert text in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "seconds"), [("60s", 60.0), ("5m", 300.0), ("1h", 3600.0), ("0.5h", 1800.0), ("90", 90.0), (90, 90.0)]
)
def test_a_budget_is_seconds_or_has_a_unit(given: object, seconds: float) -> None:
    request = RunRequest(TINY, precision="0.3", time_budget=given)  # type: ignore[arg-type]
    assert (request.precision, request.time_budget) == (0.3, seconds)


def test_the_settings_of_a_run_know_nothing_of_a_precision() -> None:
    asked = resolve(RunRequest(TINY, precision=0.3, time_budget=60)).with_timelines(3 * BLOCK)
    plain = resolve(RunRequest(TINY, timelines=3 * BLOCK))
    assert asked.settings() == plain.settings()
    assert plain.settings()["draws"] == 1500


def test_the_command_to_repeat_has_all_that_was_asked_for() -> None:
    request = RunRequest(
        "a b", perspective="base", as_of="2031-03-03", seed=7, edits=["a.b.c=[1, 2]", "x=$(rm)"],  # type: ignore[arg-type]
        fixed={"moscow.worth": 0.1}, reading=["one"], prior_only=True, precision=0.3, time_budget=5,
    )  # fmt: skip
    assert command_to_repeat(request, 40_000) == (
        "forecast run 'a b' --as-of 2031-03-03 --timelines 40000 --seed 7 --perspective base --reading one "
        "--set 'a.b.c=[1, 2]' --set 'x=$(rm)' --fix moscow.worth=0.1 --prior-only"
    )


# Whole runs


SMALL = 2000
"""Timelines of a block in these tests, of 50 draws."""


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a tenth of the usual size."""
    for module in (
        "ensemble.forecasts",
        "ensemble.simulated",
        "ensemble.precision",
        "pipeline.workflow",
        "pipeline.make",
    ):
        monkeypatch.setattr(f"forecast.{module}.BLOCK", SMALL)
    monkeypatch.setattr("forecast.ensemble.simulated.USED_DRAWS", SMALL // TIMELINES_PER_DRAW)
    monkeypatch.setattr("forecast.replay.starting_points.BLOCK_DRAWS", SMALL // TIMELINES_PER_DRAW)


def saved(folder: Path) -> dict[str, bytes]:
    return {name: content for name, content in contents(folder).items() if name not in TIMED}


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("day", [None, date(2031, 5, 5)], ids=["reference date", "after a replay"])
def test_a_run_for_a_precision_is_the_run_with_as_many_timelines(day: date | None, tmp_path: Path) -> None:
    given: dict[str, Any] = {"scenario": TINY, "as_of": day, "prior_only": True, "perspective": "base"}
    one = workflow.run(RunRequest(runs=tmp_path / "one", timelines=SMALL, **given))
    precision = 70.0 * largest(one.summary["odds"])
    made = make(RunRequest(runs=tmp_path / "asked", precision=precision, **given))
    assert made.stop is not None
    assert (made.unchanged, made.stop.reason) == (False, "reached")
    count = made.stop.timelines
    assert count > SMALL
    plain = workflow.run(RunRequest(runs=tmp_path / "plain", timelines=count, **given))
    assert plain.id == made.run.id
    assert saved(plain.folder) == saved(made.run.folder)
    assert plain.manifest["settings"] == made.run.manifest["settings"]
    assert made.stop.error == pytest.approx(100.0 * largest(made.run.summary["odds"]), rel=1e-9)
    # It is found again: under the same request, one that it satisfies as well, and the other way round.
    for more in (1.0, 1.01):
        again = make(RunRequest(runs=tmp_path / "plain", precision=more * precision, **given))
        assert (again.unchanged, again.run.id) == (True, made.run.id)
        assert again.stop is not None
        assert (again.stop.reason, again.stop.timelines) == ("reached", count)
    same = make(RunRequest(runs=tmp_path / "asked", timelines=count, **given))
    assert (same.unchanged, same.run.id, same.stop) == (True, made.run.id, None)
    assert [path.name for path in (tmp_path / "asked").iterdir() if not path.name.startswith(".")] == [made.run.id]


@pytest.mark.usefixtures("small_blocks")
def test_a_time_budget_saves_what_is_there(tmp_path: Path) -> None:
    request = RunRequest(TINY, runs=tmp_path, precision=0.001, time_budget=1e-9, prior_only=True, perspective="base")
    made = make(request)
    assert made.stop is not None
    assert (made.stop.reason, made.stop.timelines) == ("time budget", SMALL)
    before = file_digest(made.run.folder / "manifest.json")
    again = make(request)  # the run of one block stands, and is left as it is
    assert (again.unchanged, again.run.id) == (True, made.run.id)
    assert file_digest(made.run.folder / "manifest.json") == before


@pytest.mark.usefixtures("small_blocks")
def test_draws_that_are_the_limit_are_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.ensemble.precision.PASS", 2 * SMALL)
    monkeypatch.setattr("forecast.ensemble.simulated.DRAWS", 2 * SMALL // TIMELINES_PER_DRAW)
    request = RunRequest(TINY, runs=tmp_path, precision=0.01, prior_only=True, perspective="base")
    made, again = make(request), make(request)
    for found in (made, again):
        assert found.stop is not None
        assert (found.stop.reason, found.stop.timelines) == ("draws", 2 * SMALL)
    assert (made.unchanged, again.unchanged) == (False, True)
    more = workflow.run(RunRequest(TINY, runs=tmp_path, timelines=3 * SMALL, prior_only=True, perspective="base"))
    assert len(more.draws) == len(made.run.draws)
    pd.testing.assert_frame_equal(more.timelines.head(2 * SMALL), made.run.timelines)


@pytest.mark.usefixtures("small_blocks")
def test_members_that_take_turns_are_saved_as_one_after_the_other(tmp_path: Path) -> None:
    made = make(RunRequest(runs=tmp_path / "asked", precision=1.0, prior_only=True))
    assert made.stop is not None
    assert made.stop.timelines > SMALL
    plain = workflow.run(RunRequest(runs=tmp_path / "plain", timelines=made.stop.timelines, prior_only=True))
    assert plain.id == made.run.id
    assert saved(plain.folder) == saved(made.run.folder)
    assert len(plain.timelines) == 4 * made.stop.timelines
    assert plain.timelines["timeline"].tolist() == list(range(4 * made.stop.timelines))


@pytest.mark.usefixtures("small_blocks")
def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(self: Stopping, timelines: int, found: HeadlineError) -> Stop | None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Stopping, "after", failing)
    with pytest.raises(KeyboardInterrupt):
        make(RunRequest(TINY, runs=tmp_path / "runs", precision=0.3, prior_only=True, perspective="base"))
    assert not [path for path in (tmp_path / "runs").glob("*") if not path.name.startswith(".")]
    assert not list((tmp_path / "runs").rglob("*.arrows"))


def test_the_error_falls_as_the_root_of_the_blocks() -> None:
    resolved = resolve(RunRequest(TINY, precision=0.1, prior_only=True, perspective="base"))
    found: list[float] = []

    class Four(Stopping):
        def after(self, timelines: int, error: HeadlineError) -> Stop | None:
            found.append(error.error or 0.0)
            return Stop("reached", timelines, None, 0.1) if timelines == 4 * BLOCK else None

    forecasts_until(resolved, lambda *_: None, Four(0.1))
    assert found[3] == pytest.approx(found[0] / 2.0, rel=0.15)
