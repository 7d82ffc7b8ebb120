"""The odds of a run under each second reading of its chronology."""

from datetime import date

import pytest
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.pipeline import workflow
from forecast.sweep.readings import readings, request_of


def made(folder, **others):
    return workflow.run(RunRequest(TINY, runs=folder, timelines=2000, prior_only=True, perspective="base", **others))


def test_a_reading_gives_the_odds_of_a_run_under_it(tmp_path):
    day = date(2031, 9, 22)
    run, read = made(tmp_path, as_of=day), made(tmp_path, as_of=day, reading="cape-prisoners")
    result = readings(run)
    assert set(result.table["reading"]) == {"cape-prisoners"}
    for row in result.table.to_dict("records"):
        assert row["rows_seen"] > 0
        assert row["probability"] == pytest.approx(read.summary["odds"][row["output"]]["probability"])
        assert row["as_coded"] == pytest.approx(run.summary["odds"][row["output"]]["probability"])
        assert row["change"] == pytest.approx(row["probability"] - row["as_coded"])
        assert (row["change_error"] > 0) == (row["change"] != 0)
    assert (result.table["change"] != 0).any()
    assert len(result.sentences) == 3
    with pytest.raises(InputError, match="is under cape-prisoners; expected a run of the rows as coded"):
        readings(read)
    with pytest.raises(InputError, match="cape-prisoner"):
        readings(run, ["cape-prisoner"])


def test_a_reading_that_nobody_could_know_changes_nothing(tmp_path):
    run = made(tmp_path)
    assert workflow.planned(request_of(run)).name == run.id
    result = readings(run, output="signed")
    (row,) = result.table.to_dict("records")
    assert (row["rows_seen"], row["change"], row["paired"]) == (0, 0.0, True)
    assert "No reading edits a row" in result.sentences[0]


def test_a_run_of_other_files_is_refused(tmp_path, monkeypatch):
    run = made(tmp_path)
    monkeypatch.setattr("forecast.pipeline.workflow.source_digest", lambda: "0" * 64)
    with pytest.raises(InputError, match="have changed since"):
        readings(run)
