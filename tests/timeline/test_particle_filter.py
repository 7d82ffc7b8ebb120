"""Replays of many draws: against brute force, by conjugate rates, and as the simulator itself with nothing known."""

import math
import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from replay_tools import RECORDED, as_bytes, first_weeks
from scipy import stats
from timeline_tools import new_process, plain, ukraine_inputs

from forecast.timeline import particle_filter, talks
from forecast.timeline.cells import Cells, follow, simulate_cells
from forecast.timeline.codes import (
    CONTACT,
    LIMITED,
    MEDIATING,
    NO_TRUCE,
    NONE,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    RUNNING,
    TERMS,
)
from forecast.timeline.conditioning import HAPPENED, NOT
from forecast.timeline.particle_filter import LEVELS
from forecast.timeline.random_numbers import context_record
from forecast.timeline.weekly_record import STREAMS, WeeklyRecord, moves_code, nothing_observed, observed_record

# Against brute force


WEEKS = 3


@dataclass(frozen=True)
class Free:
    """What free replays show at the end of each of the first weeks, one row a replicate.

    Attributes:
        states: columns are the recorded states by name and week, and `running`.
        moves: moves of the ladder up to the end of each week, (replicates, WEEKS): up, down.
        quiet: whether nothing happened that the streams record.
    """

    states: pd.DataFrame
    moves: np.ndarray
    quiet: np.ndarray


@pytest.fixture(scope="module")
def free() -> Free:
    """Free replays of a few draws: 20,000 each."""
    columns, moves = {}, []
    for weeks in range(1, WEEKS + 1):
        made = first_weeks(8, weeks).run(replicates=20_000, seed="free", threads=2)
        states, results = made.states.reshape(-1), made.results.reshape(-1)
        for name in RECORDED:
            columns[f"{name}{weeks}"] = states[name].copy()
        columns["running"] = states.ending == RUNNING
        down = sum(results[f"down_{cause}"] for cause in ("consent", "europe", "hawks", "kyiv"))
        moves.append(np.stack([results.steps_up, down], axis=-1))
    dated = ("mobilised", "home_shock", "sanctions_lapsed", "wider_war", "transfer", "election", "coup_attempt")
    quiet = np.logical_and.reduce([np.isnan(results[name]) for name in (*dated, "breakthrough")])
    return Free(pd.DataFrame(columns), np.stack(moves, axis=1), quiet & (states.martial_law == 1))


RECORDS = {
    "nothing": {},
    "contact in the first week": {"rung": (CONTACT, CONTACT, CONTACT)},
    "contact in the third": {"rung": (NONE, NONE, CONTACT)},
    "pressing Moscow": {"posture": (MEDIATING, PRESSING_MOSCOW, PRESSING_MOSCOW)},
    "pressing Kyiv, arms paused": {"posture": (MEDIATING, MEDIATING, PRESSING_KYIV), "paused": (0, 0, 1)},
    "pressing Kyiv, arms not paused": {"posture": (MEDIATING, MEDIATING, PRESSING_KYIV)},
    "contact, and pressing Moscow": {"rung": (NONE, CONTACT, CONTACT), "posture": (PRESSING_MOSCOW,) * 3},
    "terms": {"rung": (CONTACT, CONTACT, TERMS)},
    "contact, and a limited truce": {"rung": (CONTACT,) * 3, "truce": (NO_TRUCE, LIMITED, LIMITED)},
}
"""What the states are at the end of each week; those left out stay as on the reference date."""


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_weighs_the_share_of_free_replays_that_show_it(free: Free, record: str) -> None:
    begin = {"rung": NONE, "posture": MEDIATING, "truce": 0, "paused": 0, "banned": 1}
    course = {name: np.array([at, *RECORDS[record].get(name, (at,) * WEEKS)]) for name, at in begin.items()}
    steps = [[1] * rise for rise in np.diff(course["rung"])]
    shown = free.quiet & free.states["running"].to_numpy()
    for week in range(1, WEEKS + 1):
        for name in RECORDED:
            shown &= (free.states[f"{name}{week}"] == course[name][week]).to_numpy()
        shown &= (free.moves[:, week - 1] == [course["rung"][week], 0]).all(axis=1)
    events = {stream: np.zeros(WEEKS, np.int64) for stream in STREAMS}
    past = WeeklyRecord(**course, events=events, moves=np.array([moves_code(taken) for taken in steps]))
    weights = [
        np.exp(first_weeks(8, WEEKS).run(observed_record(past), replicates=50, seed=f"given {k}").log_weight[:, -1])
        for k in range(8)
    ]
    found = np.mean(weights)
    share, error = shown.mean(), math.sqrt(shown.mean() / len(shown))
    own = np.std([weight.mean() for weight in weights]) / math.sqrt(len(weights) - 1)
    assert shown.sum() > 60
    assert abs(found - share) < 4 * math.hypot(error, own)


# Exposure


def test_a_rate_is_learnt_as_by_the_conjugate_gamma() -> None:
    draws, weeks, shape, exposure = 2000, 45, 2.0, 1000.0
    made = first_weeks(1, weeks)
    rate = stats.gamma.ppf((np.arange(draws) + 0.5) / draws, shape, scale=1.0 / exposure)
    rows = np.repeat(made.inputs.rows, draws).view(np.recarray)
    for name in rows["endings"].dtype.names:
        rows["endings"][name] = 0.0
    rows["kyiv"]["coup"], rows["kyiv"]["coup_text"], rows["kyiv"]["coup_instability"] = rate, 0.0, 0.0
    none, one = nothing_observed(), nothing_observed()
    none["decision"][0, STREAMS["kyiv.coup"], :weeks] = one["decision"][0, STREAMS["kyiv.coup"], :weeks] = NOT
    one["decision"][0, STREAMS["kyiv.coup"], 20] = HAPPENED
    redrawn = made.inputs.redrawn
    inputs = made.inputs._replace(
        rows=rows,
        states=np.repeat(made.inputs.states, draws).view(np.recarray),
        redrawn=redrawn._replace(mean=np.repeat(redrawn.mean, draws, axis=0)),
    )
    for observed, events in ((none, 0), (one, 1)):
        log_weight = replace(made, inputs=inputs).run(observed, replicates=1, threads=2).log_weight[:, -1]
        weight = np.exp(log_weight - log_weight.max())
        mean = (shape + events) / (exposure + weeks)
        # An event of a week counts as 1 - exp(-rate), as if it fell in its middle: half a week in 1,045.
        assert weight @ rate / weight.sum() == pytest.approx(mean, rel=2e-3)
        assert abs(rate.mean() / mean - 1.0) > 0.04


# With nothing observed


@pytest.mark.parametrize("weeks", [1, 6])
def test_with_nothing_known_it_is_the_simulator(weeks: int) -> None:
    made = first_weeks(12, weeks)
    done = made.run(replicates=3, seed=7)
    inputs = ukraine_inputs(12)
    for draw in range(12):
        for replicate in range(3):
            once = follow(inputs, (draw, draw, draw, replicate), 0, 7)
            at = min(weeks, len(once.weeks))
            assert done.states[draw, replicate].tobytes() == once.states[at].tobytes()
            row, kept = done.results[[draw], replicate].copy(), once.results[[at]].copy()
            for name in ("timeline", "draw", "replicate"):
                kept[name] = row[name]
            assert row.tobytes() == kept.tobytes()
    assert np.isfinite(done.log_weight).all() == (done.states.ending == RUNNING).all()


def test_timelines_go_on_from_a_replay_as_if_there_had_been_no_break() -> None:
    weeks, draws, each = 5, 20, 3
    done = first_weeks(draws, weeks).run(replicates=each, seed=7)
    states, results = done.states.reshape(-1).copy(), done.results.reshape(-1).copy()
    running = states.ending == RUNNING
    assert running.sum() > 50
    states["week"] = weeks
    assert (states.begun == 1).all()
    inputs, number = ukraine_inputs(draws), np.arange(draws * each)
    which = Cells(number // each, number, number // each, number % each)
    later = inputs._replace(states=states, results=results, values=done.values.reshape(len(number), -1))
    after, _ = simulate_cells(later, which, 7, 1)
    whole, _ = simulate_cells(inputs, which._replace(start=which.row), 7, 1)
    assert after[running].tobytes() == whole[running].tobytes()
    # With other random numbers the future is another; what was drawn at the start is kept.
    other, _ = simulate_cells(later, which, 8, 1)
    assert (other["km2_end"] != whole["km2_end"])[running].mean() > 0.9  # a truce that holds gains nothing


def test_what_was_drawn_at_the_start_is_kept() -> None:
    done = first_weeks(3, 2).run(replicates=2, seed=7)
    inputs, states = ukraine_inputs(3), done.states.reshape(-1).copy()
    states["week"] = 2
    values = done.values.reshape(6, -1)
    later = inputs._replace(states=states, results=done.results.reshape(-1), values=values)
    for place in range(6):
        once = follow(later, (place // 2, place, place // 2, place % 2), 0, 8)
        assert once.states["pull"].tolist() == [states["pull"][place].tolist()] * len(once.states)
        assert once.states["private"][0].tolist() == states["private"][place].tolist()
        flat = np.frombuffer(once.parameters.tobytes(), np.float64)
        assert flat[inputs.redrawn.place].tolist() == values[place].tolist()
    assert len(np.unique(states["pull"][:, 0])) == len(np.unique(values[:, 0])) == 6
    # Private worths are those of the draw, the same in its replicates.
    assert len(np.unique(states["private"][:, 3])) == 3


# Observed levels


def observed_levels(draws: int, weeks: int) -> np.ndarray:
    """Levels observed in every week, of each draw its own."""
    number = 0.01 * np.arange(draws)[:, None] + 0.1 * np.arange(weeks)
    return np.stack([1.5 + number, -0.2 + number, 30.0 + number, -1.0 + number, 0.5 + number])


def no_truce(weeks: int) -> Any:
    """A record of nothing but that no general truce began."""
    observed = nothing_observed()
    observed["decision"][0, talks.GENERAL_TRUCE, :weeks] = NOT
    return observed


def test_observed_levels_are_on_the_path_at_the_end_of_every_week() -> None:
    path = observed_levels(4, 5)
    km2 = np.zeros((4, 2))
    for weeks in range(1, 6):
        # An attempt every week: the level that is observed holds the unrest.
        observed = no_truce(weeks)
        observed["decision"][0, STREAMS["kyiv.coup"], :weeks] = HAPPENED
        observed["pocket"][0, :5] = [400.0, 300.0, 200.0, 100.0, 20.0]
        states = first_weeks(4, weeks).run(observed, path[:, :, :weeks]).states
        seen = dict(zip(LEVELS, path[:, :, [weeks - 1]], strict=True))
        for name in ("capital", "instability", "net", "fast"):
            assert (states[name] == seen[name]).all(), name
        assert (states.pocket == [400.0, 300.0, 200.0, 100.0, 0.0][weeks - 1]).all()
        assert np.allclose(states.km2, km2 + seen["net"], rtol=0.0, atol=1e-9)
        km2 = states.km2.copy()


def test_a_week_that_is_not_observed_is_simulated() -> None:
    path = observed_levels(4, 3)
    path[:, :, 1] = np.nan
    states = {weeks: first_weeks(4, weeks).run(no_truce(weeks), path[:, :, :weeks]).states for weeks in (1, 2, 3)}
    for level, values in zip(LEVELS, path, strict=True):
        name = "drift" if level == "slow" else level
        assert len(np.unique(states[2][name])) == 8
        if level != "slow":
            assert (states[3][name] == values[:, [2]]).all()


# Resampling


@pytest.mark.parametrize("weights", [[0.1] * 10, [0.0, 0.7, 0.05, 0.0, 0.25], [1.0, 0.0], [1e-300, 1.0, 0.0, 0.0]])
def test_resampling_keeps_expectations_and_places(weights: list[float]) -> None:
    count = len(weights)
    context = context_record("resample", 1)[0]
    copies, ancestors = np.zeros(count), np.zeros(count, np.int64)
    rounds = 4000
    for cell in range(rounds):
        context.cell = particle_filter.cell_key(cell, 0)
        particle_filter.resample(context, 0, np.array(weights), ancestors)
        own = np.bincount(ancestors, minlength=count)
        assert (ancestors[ancestors] == ancestors).all()
        expected = count * np.array(weights)
        assert (np.floor(expected - 1e-9) <= own).all()
        assert (own <= np.ceil(expected + 1e-9)).all()
        copies += own
    assert copies / rounds == pytest.approx(count * np.array(weights), abs=4 * 0.5 / math.sqrt(rounds))


def test_rounding_loses_nobody() -> None:
    # The weights add up to a little less than 1, and the pointer stands at the very end.
    context = context_record("resample", 1)[0]
    weights = np.array([0.5, 0.5 - 1e-9, 0.0])
    lost = 0
    for cell in range(200):
        context.cell = particle_filter.cell_key(cell, 0)
        ancestors = np.full(3, -5, np.int64)
        particle_filter.resample(context, 0, 0.6 * weights, ancestors)
        assert set(ancestors) <= {0, 1}
        assert (ancestors[ancestors] == ancestors).all()
        lost += int(3 * 0.6 - particle_filter.uniform(context, particle_filter.RESAMPLE, 0, 0) < 2)
    assert lost > 50


def test_shares_of_log_weights() -> None:
    shares = np.zeros(3)
    assert particle_filter.normalise(np.log([1.0, 2.0, 3.0]) - 900.0, shares) == pytest.approx(math.log(2.0) - 900.0)
    assert shares == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert particle_filter.normalise(np.array([-math.inf, 5.0, -math.inf]), shares) == pytest.approx(
        5.0 - math.log(3.0)
    )
    assert shares.tolist() == [0.0, 1.0, 0.0]
    assert particle_filter.normalise(np.full(3, -math.inf), shares) == -math.inf
    assert shares.tolist() == [0.0, 0.0, 0.0]


# The same bytes, however it is run


def last_week() -> Any:
    """A record of four weeks that leaves many replicates out: contact in the third, Washington turns in the last."""
    rung, posture = np.array([0, 0, 0, CONTACT, CONTACT]), np.array([0, 0, 0, 0, PRESSING_MOSCOW])
    flat, quiet = np.zeros(5, np.int64), {stream: np.zeros(4, np.int64) for stream in STREAMS}
    return observed_record(WeeklyRecord(rung, posture, flat, flat, flat + 1, quiet, np.array([0, 0, 1, 0])))


def test_threads_and_chunks_change_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    made = first_weeks(30, 4)
    once = made.run(last_week(), replicates=6)
    assert once.share[np.isfinite(once.log_weight[:, -1])].std() > 0.0
    assert as_bytes(made.run(last_week(), replicates=6, threads=2)) == as_bytes(once)
    monkeypatch.setattr(particle_filter, "CHUNK", 7)
    assert as_bytes(made.run(last_week(), replicates=6, threads=3)) == as_bytes(once)
    # Nor do other draws: the first ten alone are what they were.
    assert as_bytes(first_weeks(10, 4).run(last_week(), replicates=6))[:2] == [
        once.log_weight[:10].tobytes(),
        once.share[:10].tobytes(),
    ]


UNCOMPILED = """
import pickle, sys
import numpy as np
from forecast.timeline.particle_filter import replay_draws
given, observed, levels = pickle.loads(open(sys.argv[1], "rb").read())
names = ("rows", "states", "results", "world")
given = given._replace(**{name: getattr(given, name).view(np.recarray) for name in names})
made = replay_draws(given, observed.view(np.recarray), levels, replicates=5, seed="past", threads=1)
kept = [np.asarray(getattr(made, name)).tobytes() for name in made.__dataclass_fields__]
open(sys.argv[2], "wb").write(pickle.dumps(kept))
"""


def test_uncompiled_code_gives_the_same_bytes(tmp_path: Path) -> None:
    made, levels = first_weeks(4, 4), observed_levels(4, 4)
    levels[:, :, -1] = np.nan
    here = as_bytes(made.run(last_week(), levels, replicates=5))
    job = (plain(made.inputs), np.asarray(last_week()), levels)
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    new_process(UNCOMPILED, str(tmp_path / "job"), str(tmp_path / "done"), NUMBA_DISABLE_JIT="1")
    assert pickle.loads((tmp_path / "done").read_bytes()) == here
