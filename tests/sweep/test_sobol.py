"""Sobol' indices of the odds of the made-up scenario."""

from pathlib import Path

import numpy as np
import pytest
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.scenario.spec import Scenario
from forecast.sweep.engine import Cell
from forecast.sweep.exchange_sets import REST, Samples, exchange_sets
from forecast.sweep.indices import design
from forecast.sweep.inputs import find_inputs
from forecast.sweep.sobol import sobol
from forecast.sweep.subject import Subject

EDITS = ("endings.defeat.quantiles=[0.01, 0.2, 0.9]",)
"""One parameter carries nearly all of the variance of the battlefield odds."""

REQUEST = RunRequest(TINY, perspective="base", prior_only=True, timelines=64 * 16, edits=EDITS)


def test_the_parameter_that_carries_the_variance_is_found(tmp_path: Path) -> None:
    result = sobol(REQUEST, ["endings.defeat", "moscow.worth"], "battlefield", base=64, out=tmp_path / "s")
    table = result.tables["indices"].set_index("set")
    assert set(table.index) == {"endings.defeat", "moscow.worth", REST}
    row = table.loc["endings.defeat"]
    assert row["total"] == pytest.approx(0.95, abs=0.05 + 3.0 * row["total_error"])
    assert table.loc["moscow.worth", "total"] < 0.1 + 3.0 * table.loc["moscow.worth", "total_error"]
    assert "endings.defeat" in result.sentences[0]
    again = sobol(REQUEST, ["endings.defeat", "moscow.worth"], "battlefield", base=64, out=tmp_path / "s", resume=True)
    assert again.files() == result.files()
    alone = sobol(REQUEST, ["endings.defeat", "moscow.worth"], "battlefield", base=64, only=["moscow.worth"])
    assert list(alone.table["set"]) == ["moscow.worth"]


def test_correlated_inputs_are_one_set(tiny: Scenario) -> None:
    named = find_inputs(tiny, ["moscow.worth", "talks.tempo", "moscow.worth_gain"], tiny.reference_date)
    sets = exchange_sets(tiny, named)
    assert [one.name for one in sets] == ["moscow.worth + moscow.worth_gain", "talks.tempo", REST]
    assert set(sets[0].entries) == {"moscow.worth", "moscow.worth_gain"}
    assert sorted(entry for one in sets for entry in one.entries) == sorted(tiny.priors)


def test_inputs_that_overlap_are_refused(tiny: Scenario) -> None:
    named = find_inputs(tiny, ["moscow", "moscow.worth"], tiny.reference_date, ("group", "parameter"))
    with pytest.raises(InputError, match=r"share moscow\.worth"):
        exchange_sets(tiny, named)


def test_samples_take_each_set_from_one_draw() -> None:
    subject = Subject(RunRequest(TINY, perspective="base", prior_only=True), draws=400)
    engine = subject.members[0].engine
    sets = exchange_sets(engine.scenario, find_inputs(engine.scenario, ["talks", "hawks"], subject.day, ("group",)))
    samples = Samples(engine, sets, design(len(sets), 32, 1))
    a, b, a_talks, b_talks = (cell for cell in samples.cells(["talks"]))
    assert (a.base, b.base, a_talks.base, b_talks.base) == (0, 1, 0, 1)
    assert set(a_talks.moves) == {name for name in sets[0].entries if name not in engine.posterior.redrawn}
    for name, moved in a_talks.moves.items():
        assert (moved == engine.column(name, 1)).all()
    whole = engine.run([a, b, a_talks, b_talks], range(4))
    assert (whole[0] != whole[1]).any()
    # With every set exchanged, A is B.
    every = samples.cells([one.name for one in sets])
    moves = {name: value for cell in every[2::2] for name, value in cell.moves.items()}
    means = {name: value for cell in every[2::2] for name, value in cell.means.items()}
    (exchanged,) = engine.run([Cell(moves, means, 0)], range(4))
    assert (exchanged == whole[1]).all()


def test_timelines_are_doubled_until_the_error_is_small() -> None:
    loose = sobol(REQUEST, ["endings.defeat"], "battlefield", base=64, error=1.0)
    tight = sobol(REQUEST, ["endings.defeat"], "battlefield", base=64, error=1e-6)
    assert (loose.about["replicates"], tight.about["replicates"]) == (4, 16)
    assert np.isfinite(tight.table["total"]).all()


def test_an_output_that_never_happens_has_no_indices() -> None:
    request = RunRequest(TINY, perspective="base", prior_only=True, timelines=64)
    result = sobol(request, ["talks.tempo"], "signed", base=16)
    assert "cannot be told from 0" in result.sentences[0]
    assert result.table["total"].isna().all()
