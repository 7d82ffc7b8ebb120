"""The question: `scenario.toml` and what it names."""

from datetime import date

import pytest

from forecast.errors import InputError
from forecast.scenario.question import check_endings, read_premises, read_question, read_sources
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Scenario


def test_sources_and_premises_go_by_their_ids(reader: Reader) -> None:
    reader.sources.clear()
    reader.premises.clear()
    read_sources(reader)
    read_premises(reader)
    assert {"judgement", "gazette", "survey"} <= set(reader.sources)
    assert [premise.id for premise in reader.premises.values()] == ["P1", "P2", "P3", "P4"]


def test_the_question_is_the_file(reader: Reader) -> None:
    question = read_question(reader)
    assert (question.step, question.horizon, reader.day) == ("week", date(2031, 9, 29), date(2031, 3, 3))
    assert (question.area_series, question.second_area_series, question.season_half_width) == ("area_survey", None, 5.0)


def test_dated_events_are_in_the_order_of_their_dates(reader: Reader) -> None:
    vote = {"label": "x", "source": "gazette"}
    reader.tables["scenario.toml"]["vote"] = [vote | {"date": date(2031, 8, 1)}, vote | {"date": date(2031, 4, 1)}]
    assert [event.date for event in read_question(reader).votes] == [date(2031, 4, 1), date(2031, 8, 1)]


@pytest.mark.parametrize("peak", ["3-25", "03-25T", "13-01", "02-29", ""])
def test_a_peak_is_a_day_of_every_year(reader: Reader, peak: str) -> None:
    reader.tables["scenario.toml"]["season"]["peaks"] = ["11-15", peak]
    with pytest.raises(InputError, match=r"season\.peaks\.2: found .*; expected a day of every year, written MM-DD"):
        read_question(reader)


@pytest.mark.parametrize("key", ["season_peaks", "upheavals", "folder"])
def test_names_of_the_record_are_no_keys_of_the_file(reader: Reader, key: str) -> None:
    reader.tables["scenario.toml"][key] = []
    with pytest.raises(InputError, match=rf"scenario\.toml: {key}: unknown key; expected id, title"):
        read_question(reader)


def test_an_ending_is_missed(reader: Reader, tiny: Scenario) -> None:
    del reader.tables["scenario.toml"]["ending"][3]
    with pytest.raises(InputError, match=r"ending\.pause: this ending is missing"):
        check_endings(reader, read_question(reader), tiny.settlements)


@pytest.mark.parametrize("kind", ["vote", "upheaval"])
def test_an_event_that_stands_there_twice_is_refused(reader: Reader, kind: str) -> None:
    event = {"label": "x", "source": "gazette", "date": date(2031, 4, 3)}
    reader.tables["scenario.toml"][kind] = [event, event | {"label": "another"}]
    read_question(reader)
    reader.tables["scenario.toml"][kind] = [event, dict(event)]
    with pytest.raises(InputError, match=rf"{kind}\.2031-04-03: found 'x' of 2031-04-03 twice"):
        read_question(reader)


@pytest.mark.parametrize("kind", ["vote", "upheaval"])
@pytest.mark.parametrize("day", [date(2031, 3, 2), date(2031, 9, 30), date(2032, 5, 11)])
def test_an_event_outside_the_forecast_period_is_refused(reader: Reader, kind: str, day: date) -> None:
    event = {"label": "x", "source": "gazette"}
    reader.tables["scenario.toml"][kind] = [event | {"date": date(2031, 3, 3)}, event | {"date": date(2031, 9, 29)}]
    read_question(reader)
    reader.tables["scenario.toml"][kind] = [event | {"date": day}]
    with pytest.raises(
        InputError, match=rf"{kind}\.{day}\.date: found {day}; expected 2031-03-03, the reference date, to"
    ):
        read_question(reader)
