"""The record week by week, laid out for the simulator: what is observed, and what is not coded."""

import numpy as np
import pytest
from replay_tools import RECORDED

from forecast.timeline import endings, kyiv, talks, washington
from forecast.timeline.codes import CONTACT, LIMITED, PRESSING_KYIV
from forecast.timeline.conditioning import EXCLUDED, FREE, HAPPENED, NOT, NOT_OBSERVED
from forecast.timeline.weekly_record import WeeklyRecord, moves_code, observed_record

WEEKS = 4


def past(coded: int | None) -> WeeklyRecord:
    """Contact in the second week, a limited truce and pressure on Kyiv in the third, a coup in the fourth."""
    states = {name: np.zeros(WEEKS + 1, np.int64) for name in RECORDED}
    states["rung"][2:] = CONTACT
    states["truce"][3:] = LIMITED
    states["posture"][3:] = PRESSING_KYIV
    states["banned"][:] = 1
    events = {"kyiv.coup": np.array([0, 0, 0, 1]), "endings.any": np.zeros(WEEKS, np.int64)}
    moves = np.array([0, moves_code([1]), 0, 0])
    return WeeklyRecord(**states, events=events, moves=moves, pocket=np.full(WEEKS, 30.0), coded=coded)


def test_all_weeks_are_coded_unless_said_otherwise() -> None:
    for name in observed_record(past(None)).dtype.names:
        np.testing.assert_array_equal(observed_record(past(None))[name], observed_record(past(WEEKS))[name])


@pytest.mark.parametrize("coded", range(WEEKS + 1))
def test_coded_weeks_are_observed_and_of_the_others_only_what_happened(coded: int) -> None:
    whole, seen = observed_record(past(None)), observed_record(past(coded))
    for name in RECORDED:
        np.testing.assert_array_equal(seen[name][0, :coded], whole[name][0, :coded])
    np.testing.assert_array_equal(seen["decision"][0, :, :coded], whole["decision"][0, :, :coded])
    decision = seen["decision"][0]
    later = range(coded, WEEKS)
    for week in later:
        assert (seen["rung"][0, week] == CONTACT) == (week == 1)
        assert (seen["truce"][0, week] == LIMITED) == (week == 2)
        assert seen["banned"][0, week] == seen["paused"][0, week] == NOT_OBSERVED
        assert decision[kyiv.BAN, week] == decision[washington.PAUSE, week] == FREE
        assert decision[talks.LIMITED_TRUCE, week] == (HAPPENED if week == 2 else FREE)
        assert decision[washington.POSTURE, week] == (HAPPENED if week == 2 else FREE)
        assert decision[kyiv.COUP, week] == (HAPPENED if week == 3 else FREE)
        assert decision[endings.ENDING, week] == decision[endings.COLLAPSE, week] == EXCLUDED
        assert seen["moves"][0, week] == (moves_code([1]) if week == 1 else 0)
    assert (decision[[endings.ENDING, endings.COLLAPSE], :coded] == NOT).all()
