"""Beliefs: the tables with priors, read together."""

import numpy as np
import pytest

from forecast.errors import InputError
from forecast.scenario.beliefs import read_beliefs
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Scenario, fields_of


def test_beliefs_are_those_of_the_scenario(reader: Reader, tiny: Scenario) -> None:
    found = fields_of(read_beliefs(reader))
    np.testing.assert_array_equal(found.pop("lean"), tiny.lean)
    assert found == {name: getattr(tiny, name) for name in found}
    assert list(found["priors"]) == list(tiny.priors)


def test_a_stray_prior_is_refused(reader: Reader, tiny: Scenario) -> None:
    reader.priors["moscow.mood"] = tiny.priors["moscow.worth"]
    with pytest.raises(InputError, match=r"a parameter without a prior: moscow\.mood"):
        read_beliefs(reader)


def test_a_scenario_under_a_perspective_has_other_beliefs_and_the_same_question(tiny: Scenario, reader: Reader) -> None:
    reader.tables["moscow.toml"]["worth"]["without"] = 0.25
    under = tiny.under("mine", read_beliefs(reader))
    assert (under.perspective, under.priors["moscow.worth"].without) == ("mine", 0.25)
    assert fields_of_question(under) == fields_of_question(tiny)
    assert tiny.priors["moscow.worth"].without != 0.25


def fields_of_question(scenario: Scenario) -> tuple[object, ...]:
    return scenario.id, scenario.horizon, scenario.start, scenario.endings, scenario.area_series, scenario.season_peaks
