"""Rows made by moving a few parameters have the bytes of rows made from all draws."""

import pytest

from forecast.belief.assemble import Posterior, update
from forecast.encoding import kernel_inputs
from forecast.encoding.moved_rows import Columns, move, rates_by_parameter
from forecast.scenario.spec import Scenario


@pytest.fixture(scope="module")
def believed(tiny: Scenario) -> Posterior:
    return update(tiny, prior_only=True)


def moved_rows(scenario: Scenario, posterior: Posterior, names: list[str]) -> tuple[bytes, bytes, bytes]:
    """Bytes of rows before a move, after it, and as made from all draws."""
    draws = posterior.draws.iloc[:7]
    other = posterior.draws.iloc[7:14]
    ready = kernel_inputs.parameter_rows(scenario, draws)
    place = {name: k for k, name in enumerate(draws.columns)}
    value = Columns(place, draws.to_numpy(float), {name: other[name].to_numpy(float) for name in names})
    found = ready.copy()
    move(scenario, found, value, names)
    wanted = kernel_inputs.parameter_rows(scenario, draws.assign(**{name: other[name].to_numpy() for name in names}))
    return ready.tobytes(), found.tobytes(), wanted.tobytes()


def test_each_parameter_moved_alone(tiny: Scenario, believed: Posterior) -> None:
    for name in tiny.priors:
        before, found, wanted = moved_rows(tiny, believed, [name])
        assert found == wanted, name
        if not tiny.priors[name].marginal.is_point and not name.startswith("settlements.terms."):
            assert before != found or tiny.priors[name].varies == "timeline", name


def test_all_parameters_moved(tiny: Scenario, believed: Posterior) -> None:
    before, found, wanted = moved_rows(tiny, believed, list(tiny.priors))
    assert found == wanted != before


def test_rates_that_depend_on_a_parameter(tiny: Scenario) -> None:
    found = rates_by_parameter(tiny)
    assert "front.breakthrough" in found["front.breakthrough_adequacy"]
    assert found["talks.tempo"] >= {"talks.contact", "talks.signature"}
    assert "moscow.worth" not in found
