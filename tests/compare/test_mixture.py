"""States that are not recorded from a day on, and mixtures of the evidence of two runs."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from chronology_tools import CHANGES, EVENTS, write

from forecast.evidence.states import STATES
from forecast.replay.observations import DECISIONS, POCKET_MAP, observed_of, weekly_record_of
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline import weekly_record
from forecast.timeline.conditioning import FREE, NOT_OBSERVED
from forecast.timeline.weekly_record import STREAMS, WeeklyRecord, observed_record

DAY = date(2031, 5, 5)


@pytest.fixture
def recorded(tiny_folder: Path) -> Scenario:
    """The made-up scenario with a longer record."""
    write(tiny_folder / "evidence", EVENTS[:1], CHANGES)
    return load_scenario(tiny_folder)


def seen(scenario: Scenario, **unrecorded: date) -> tuple[WeeklyRecord, np.recarray]:  # type: ignore[type-arg]
    given = replace(scenario, chronology=replace(scenario.chronology, unrecorded=unrecorded))
    past = weekly_record_of(given, DAY)
    return past, observed_of(given, past, DAY)


def test_every_decision_of_a_state_is_freed_with_it(recorded: Scenario) -> None:
    past, _ = seen(recorded)
    observed = {what: state for what, (state, _) in weekly_record._of_states(past).items()}
    assert {what: state for state, own in DECISIONS.items() for what in own} == observed


def test_a_whole_record_is_as_it_was(recorded: Scenario) -> None:
    past, observed = seen(recorded)
    assert observed.tobytes() == observed_record(past).tobytes()


def test_a_state_that_is_not_recorded_is_neither_clamped_nor_weighted(recorded: Scenario) -> None:
    past, whole = seen(recorded)
    for name in ("rung", "posture", "truce", "arms", "ban"):
        first = date(2031, 4, 21)  # no change is recorded after this day in the weeks that are seen
        _, without = seen(recorded, **{name: first})
        begins = 7
        kernel = STATES[name].kernel
        assert (without[kernel][0, begins : past.weeks] == NOT_OBSERVED).all()
        np.testing.assert_array_equal(without[kernel][0, :begins], whole[kernel][0, :begins])
        for what in range(without["decision"].shape[1]):
            own, other = without["decision"][0, what, : past.weeks], whole["decision"][0, what, : past.weeks]
            if what in DECISIONS[kernel]:
                assert (own[begins:] == FREE).all()
                own, other = own[:begins], other[:begins]
            np.testing.assert_array_equal(own, other)
        others = {state.kernel for other, state in STATES.items() if other not in (name, "pocket")}
        for other in others:
            np.testing.assert_array_equal(without[other], whole[other])


def test_a_change_in_a_week_that_is_recorded_in_part_is_observed(recorded: Scenario) -> None:
    # Posture turns on Tuesday 18 March; the record stops on the Thursday.
    past, without = seen(recorded, posture=date(2031, 3, 20))
    assert without["posture"][0, 2] == past.posture[3] != NOT_OBSERVED
    assert without["posture"][0, 3] == NOT_OBSERVED


def test_a_stream_of_events_and_the_pocket_can_be_left_out() -> None:
    scenario, day, begins = load_scenario("ukraine-2025"), date(2025, 6, 2), 9
    past = weekly_record_of(scenario, day)
    whole = observed_of(scenario, past, day)
    unrecorded = {"kyiv.coup": date(2025, 3, 24), "pocket": date(2025, 3, 24)}
    given = replace(scenario, chronology=replace(scenario.chronology, unrecorded=unrecorded))
    without = observed_of(given, weekly_record_of(given, day), day)
    stream = STREAMS["kyiv.coup"]
    assert "kyiv.coup" in past.events
    assert (without["decision"][0, stream, begins : past.weeks] == FREE).all()
    assert (whole["decision"][0, stream, begins : past.weeks] != FREE).all()
    assert np.isnan(without["pocket"][0, begins : past.weeks]).all()
    np.testing.assert_array_equal(without["pocket"][0, :begins], whole["pocket"][0, :begins])


def test_a_map_that_is_left_out_says_nothing_while_the_pocket_is_held() -> None:
    scenario, day = load_scenario("ukraine-2025"), date(2025, 4, 7)
    given = replace(scenario, chronology=replace(scenario.chronology, unrecorded={POCKET_MAP: date(2025, 3, 24)}))
    without, whole = (observed_of(s, weekly_record_of(s, day), day) for s in (given, scenario))
    assert np.isnan(without["pocket"][0, 9:11]).all()
    assert not np.isnan(whole["pocket"][0, 9:11]).any()
    np.testing.assert_array_equal(without["decision"], whole["decision"])
