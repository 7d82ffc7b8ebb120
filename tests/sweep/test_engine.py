"""Cells of a sweep are the timelines of a run with the same parameters, whatever the batch, the order and the threads."""

import itertools
from datetime import timedelta

import numpy as np
import pytest
from places import TINY

from forecast.belief.assemble import fix_parameters
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.sweep import engine as engines
from forecast.sweep.engine import Cell, Engine
from forecast.sweep.inputs import find_input, find_inputs, sets_of
from forecast.sweep.moves import alone, along, quantiles
from forecast.sweep.outputs import FAILED, find_output, headline_of
from forecast.sweep.subject import Subject

DRAWS, REPLICATES = 100, 4

REQUEST = RunRequest(TINY, perspective="base", prior_only=True, timelines=DRAWS)


@pytest.fixture(scope="module")
def subject() -> Subject:
    made = Subject(REQUEST)
    made.members[0].engine.add_base(np.arange(DRAWS))
    return made


@pytest.fixture(scope="module")
def engine(subject: Subject) -> Engine:
    return subject.members[0].engine


def of_run(engine: Engine, fixed: dict[str, float]) -> list[str]:
    posterior = fix_parameters(engine.posterior, fixed)
    table = simulate(engine.scenario, posterior, timelines=40 * DRAWS, draws=DRAWS, seed=engine.seed).timelines
    return list(table[table["replicate"] < REPLICATES]["headline"])


def of_cell(engine: Engine, cell: Cell) -> list[str]:
    (codes,) = engine.run([cell], range(REPLICATES))
    assert codes.shape == (DRAWS, REPLICATES)
    return [HEADLINES[k] for k in headline_of(codes, engine.scenario).ravel()]


def test_without_a_move_timelines_are_those_of_a_run(engine: Engine) -> None:
    assert of_cell(engine, Cell({})) == of_run(engine, {})


@pytest.mark.parametrize(
    "name", ["endings.defeat", "front.breakthrough", "kyiv.instability_start", "endings.collapse_weeks", "moscow.worth"]
)
def test_a_moved_input_is_a_fixed_parameter(subject: Subject, engine: Engine, name: str) -> None:
    one = find_input(engine.scenario, name, subject.day)
    for value in quantiles(subject, one, (0.05, 0.95)):
        assert of_cell(engine, alone(one, value)) == of_run(engine, {name: value})


def test_neither_batch_nor_order_nor_threads_change_a_cell(subject: Subject, engine: Engine) -> None:
    cells = [Cell({})]
    for one in find_inputs(engine.scenario, ["front.*", "parties.position.*"], subject.day)[:12]:
        cells += [alone(one, value) for value in quantiles(subject, one, (0.05, 0.95))]
    together = engine.run(cells, range(REPLICATES))
    backwards = engine.run(cells[::-1], range(REPLICATES))[::-1]
    engine.threads = 1
    singly = [engine.run([cell], range(REPLICATES))[0] for cell in cells]
    engine.threads = None
    for one, two, three in zip(together, backwards, singly, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()
    assert len({one.tobytes() for one in together}) > 1


def test_later_replicates_go_on_where_earlier_ones_ended(engine: Engine) -> None:
    (whole,), (part,) = engine.run([Cell({})], range(50)), engine.run([Cell({})], range(38, 50))
    assert (whole[:, 38:] == part).all()


def test_batches_keep_within_the_memory(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MEMORY", 3_000_000)
    found = engine.batches([Cell({})] * 10, REPLICATES)
    assert found[0][0] == 0
    assert found[-1][1] == 10
    assert all(end == first for (_, end), (first, _) in itertools.pairwise(found))
    assert len(found) > 2


def test_a_cell_that_is_not_finite_fails_alone(engine: Engine) -> None:
    cells = [Cell({}), Cell({"moscow.worth": np.nan}), Cell({})]
    first, bad, last = engine.run(cells, range(REPLICATES))
    assert (bad == FAILED).all()
    assert (first == last).all()
    assert (first != FAILED).all()


def test_correlates_keep_their_own_uncertainty(subject: Subject, engine: Engine) -> None:
    one = find_input(engine.scenario, "moscow.worth", subject.day)
    (value,) = quantiles(subject, one, (0.95,))
    cell = along(engine, one, value, {})
    assert set(cell.moves) == {"moscow.worth", "moscow.worth_gain"}
    before, after = engine.column("moscow.worth_gain"), np.asarray(cell.moves["moscow.worth_gain"])
    scores = engine.scenario.priors["moscow.worth_gain"].marginal.score
    # Given the input's score z, the correlate's has the mean rho z and the variance 1 - rho^2.
    z, rho = float(engine.scenario.priors["moscow.worth"].marginal.score(value)), -0.3
    assert scores(after).mean() == pytest.approx(rho * z, abs=3.0 / np.sqrt(DRAWS))
    assert scores(after).std() == pytest.approx(np.sqrt(1 - rho**2), abs=0.2)
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_later_dates_start_where_a_run_starts(tiny: Scenario) -> None:
    day = tiny.reference_date + timedelta(days=60)
    later = Subject(RunRequest(TINY, perspective="base", prior_only=True, timelines=DRAWS, as_of=day))
    engine = later.members[0].engine
    engine.add_base(np.arange(DRAWS))
    posterior = engine.posterior
    table = simulate(engine.scenario, later_posterior(later), timelines=40 * DRAWS, draws=DRAWS, seed=1).timelines
    (codes,) = engine.run([Cell({})], range(40))
    found = [HEADLINES[k] for k in headline_of(codes, engine.scenario).ravel()]
    assert found == list(table["headline"])
    assert not later.about()["replayed"]
    assert "not replayed" in " ".join(later.notes())
    with pytest.raises(InputError, match="has been observed"):
        find_input(engine.scenario, "kyiv.instability", later.day)
    (moved,) = engine.run([Cell(dict.fromkeys(posterior.redrawn, 1.0))], range(2))
    assert moved.shape == (DRAWS, 2)


def later_posterior(subject: Subject):
    from forecast.belief.assemble import update

    return update(load_scenario(TINY, perspective="base"), subject.day, prior_only=True)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("moscow.wort", "moscow.worth"),
        ("nothing.at_all", "no parameter"),
        ("front", "found a group"),
        ("moscow.worth.centre=0.3", "found an edit"),
        ("nothing.*", "matches no parameter"),
    ],
)
def test_inputs_that_are_refused(tiny: Scenario, name: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        find_inputs(tiny, [name], tiny.reference_date)


def test_inputs_by_pattern_level_and_group(tiny: Scenario) -> None:
    day = tiny.reference_date
    assert {one.kind for one in find_inputs(tiny, ["parties.*"], day)} == {"parameter", "position", "salience"}
    level = find_input(tiny, "washington.capital", day)
    assert level.columns == ("washington.capital", "washington.capital_start")
    group = find_input(tiny, "kyiv.residual", day, ("group",))
    assert group.columns == ("kyiv.worth",)
    assert "kyiv" in sets_of(tiny)


def test_outputs(tiny: Scenario) -> None:
    values = find_output(tiny, "battlefield-negotiated").values(tiny)
    assert set(values) == {-1.0, 0.0, 1.0}
    event = find_output(tiny, "signed")
    assert list(event.values(tiny)[:4]) == [0.0, 1.0, 0.0, 1.0]
    assert find_output(tiny, "battlefield-signed").event == "signed"
    for wrong in ("battlefeld", "signed-ban_lifted", "", "battlefield-"):
        with pytest.raises(InputError, match="--output"):
            find_output(tiny, wrong)


def test_an_event_is_counted_as_in_a_run(tiny: Scenario) -> None:
    made = Subject(REQUEST, "talks_alive")
    engine = made.members[0].engine
    engine.add_base(np.arange(DRAWS))
    (codes,) = engine.run([Cell({})], range(40))
    table = simulate(engine.scenario, engine.posterior, timelines=40 * DRAWS, draws=DRAWS, seed=1).timelines
    assert made.odds({"base": codes}, made.outputs[0]).value == pytest.approx(table["talks_alive"].mean())
