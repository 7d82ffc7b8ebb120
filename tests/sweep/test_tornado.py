"""The tornado on the made-up scenario: its numbers are those of two runs, and a killed sweep goes on to the same bytes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from places import TINY

from forecast.belief.assemble import fix_parameters
from forecast.ensemble.request import RunRequest
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError
from forecast.outcomes.paired import differences
from forecast.scenario.load import load_scenario
from forecast.sweep.engine import Engine
from forecast.sweep.inputs import Input
from forecast.sweep.journal import FOLDER
from forecast.sweep.subject import Subject
from forecast.sweep.tornado import tornado

REQUEST = RunRequest(TINY, perspective="base", prior_only=True, timelines=400, threads=2)

INPUTS = ["endings.defeat", "moscow.worth", "kyiv.instability_start", "parties.position.moscow.*"]


def test_the_numbers_are_those_of_two_runs() -> None:
    request = replace(REQUEST, timelines=20_000)
    found = tornado(request, ["endings.defeat"], "battlefield").table
    assert list(found["moved"]) == ["alone"]
    row = found.iloc[0]
    posterior = Subject(request).members[0].engine.posterior
    scenario = load_scenario(TINY, perspective="base")
    low, high = (
        simulate(scenario, fix_parameters(posterior, {"endings.defeat": value}), timelines=20_000, draws=500).timelines
        for value in (row["low"], row["high"])
    )
    difference, error = differences(low, high)
    assert row["difference"] == pytest.approx(difference["battlefield"], abs=1e-12)
    assert row["difference_error"] == pytest.approx(error["battlefield"], rel=1e-9)
    assert row["difference"] > 5.0 * row["difference_error"]
    assert row["changed"] == pytest.approx((low["ending"].to_numpy() != high["ending"].to_numpy()).mean())
    assert row["at_high"] - row["at_low"] == pytest.approx(row["difference"])


def test_screening_keeps_the_inputs_that_matter() -> None:
    result = tornado(replace(REQUEST, timelines=4000), INPUTS, "battlefield", kept=1, screen=500)
    assert result.table.iloc[0]["input"] == "endings.defeat"
    assert list(result.table["timelines"].unique()) == [4000, 500]
    assert "screened with 500 timelines" in " ".join(result.notes)
    assert "endings.defeat" in result.sentences[0]


def test_correlates_move_along() -> None:
    table = tornado(REQUEST, ["moscow.worth"]).table
    assert list(table["moved"].unique()) == ["alone", "with correlates"]


def test_an_edit_is_compared_with_no_edit() -> None:
    table = tornado(REQUEST, ["endings.defeat.quantiles=[0.2, 0.3, 0.4]"], "battlefield").table
    assert table.iloc[0]["kind"] == "edit"
    assert table.iloc[0]["difference"] > 0.0
    assert table.iloc[0]["at_low"] == 0.0
    for wrong in ("endings.defeat.quantiles=[2]", "endings.defet.quantiles=[0.2, 0.3, 0.4]"):
        with pytest.raises(InputError):
            tornado(REQUEST, [wrong])


def test_a_killed_sweep_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.sweep.engine.MEMORY", 8_000_000)
    undisturbed = tornado(REQUEST, INPUTS, kept=2, screen=100)
    calls = 0
    run = Engine.run

    def killed(self: Engine, cells: object, replicates: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return run(self, cells, replicates)

    monkeypatch.setattr(Engine, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        tornado(REQUEST, INPUTS, kept=2, screen=100, out=tmp_path / "sweep")
    kept = sorted((tmp_path / "sweep" / FOLDER).glob("*.batch"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:-1])  # damaged: simulated again
    with pytest.raises(InputError, match="--resume"):
        tornado(REQUEST, INPUTS, kept=2, screen=100, out=tmp_path / "sweep")
    resumed = tornado(replace(REQUEST, threads=1), INPUTS, kept=2, screen=100, out=tmp_path / "sweep", resume=True)
    for name, content in undisturbed.files().items():
        assert resumed.files()[name] == content, name
    before = calls
    again = tornado(REQUEST, INPUTS, kept=2, screen=100, out=tmp_path / "sweep", resume=True)
    assert calls == before  # everything is in the journal
    assert again.files() == resumed.files()
    with pytest.raises(InputError, match=r"journal of another sweep \(its inputs differs\)"):
        tornado(REQUEST, INPUTS[:1], kept=2, screen=100, out=tmp_path / "sweep", resume=True)


def test_a_journal_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--out"):
        tornado(REQUEST, INPUTS, resume=True)
    with pytest.raises(InputError, match="no sweep to go on with"):
        tornado(REQUEST, INPUTS, out=tmp_path / "none", resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="not a folder"):
        tornado(REQUEST, INPUTS, out=tmp_path / "file")


def test_a_cell_that_fails_is_reported_with_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(_: object, one: Input, __: object) -> list[float]:
        return [0.4, np.inf] if one.name == "moscow.worth" else [0.4, 0.5]

    monkeypatch.setattr("forecast.sweep.tornado.quantiles", ends)
    result = tornado(REQUEST, ["moscow.worth", "talks.tempo"], "battlefield")
    assert set(result.table["input"]) == {"talks.tempo"}
    assert "--fix moscow.worth=inf" in " ".join(result.notes)
    with pytest.raises(InputError, match="no input could be simulated"):
        tornado(REQUEST, ["moscow.worth"], "battlefield")
