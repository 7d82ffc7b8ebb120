"""A recorded week by hand: what each clamped decision weighs, and what cannot be."""

import math
from collections.abc import Callable

import pytest
from part_tools import near
from replay_tools import condition, one_week
from timeline_tools import Bench

from forecast.timeline import front
from forecast.timeline.codes import (
    CONTACT,
    GENERAL,
    LIMITED,
    MEDIATING,
    NONE,
    PRESSING_KYIV,
    PRESSING_MOSCOW,
    TEXT,
    WALKED_AWAY,
)
from forecast.timeline.conditioning import EXCLUDED, NOT
from forecast.timeline.kyiv import COUP
from forecast.timeline.random_numbers import happens
from forecast.timeline.weekly_record import STREAMS, nothing_observed


def happened(rate: float) -> float:
    """Log probability of an event of a rate, in a week."""
    return math.log(1.0 - math.exp(-rate))


# Events of streams


def set_vote(b: Bench) -> None:
    b.w.votes[0], b.p.europe.holdout = 1.0, 0.3


def set_coup(b: Bench) -> None:
    b.p.kyiv.coup, b.p.kyiv.coup_succeeds = 0.02, 0.25


def set_troops(b: Bench) -> None:
    b.s.troops_in, b.p.europe.wider_war = 1, 0.01


def set_text(b: Bench) -> None:
    b.s.rung, b.s.settlement, b.p.europe.troops_into_text = TEXT, 0, 0.08


def set_election(b: Bench) -> None:
    b.s.martial_law, b.p.kyiv.election = 0, 0.06


def set_rate(part: str, name: str, rate: float) -> Callable[[Bench], None]:
    return lambda b: setattr(getattr(b.p, part), name, rate)


PLAIN: dict[str, tuple[Callable[[Bench], None], float]] = {
    "front.breakthrough": (set_rate("front", "breakthrough", 0.02), 0.02),
    "front.mobilisation": (set_rate("front", "mobilisation_chance", 0.03), 0.03),
    "moscow.home_shock": (set_rate("moscow", "home_shock", 0.04), 0.04),
    "europe.troops_into_text": (set_text, 0.08),
    "europe.wider_war": (set_troops, 0.01),
    "kyiv.transfer": (set_rate("kyiv", "transfer", 0.05), 0.05),
    "kyiv.martial_law": (set_rate("kyiv", "martial_law", 0.07), 0.07),
    "kyiv.election": (set_election, 0.06),
    "kyiv.coup": (set_coup, 0.02),
}
"""Streams whose rate is a number: how the bench is set, and the rate."""


@pytest.fixture
def b(b: Bench) -> Bench:
    """Kyiv under martial law, no truce, no talks; nothing else can happen."""
    b.s.martial_law = b.s.banned = 1
    b.w.facts.ceasefire = 0
    return b


def test_every_stream_is_weighed_here() -> None:
    assert {*PLAIN, "europe.sanctions_vote", "kyiv.coup_succeeds", "endings.any"} == set(STREAMS)


@pytest.mark.parametrize("stream", PLAIN)
def test_an_event_weighs_its_probability_and_none_the_rest(b: Bench, stream: str) -> None:
    prepare, rate = PLAIN[stream]
    prepare(b)
    state, row = b.s.copy(), b.r.copy()
    assert one_week(b, events={stream: 1}) == (near(happened(rate)), "")
    b.s, b.r = state, row
    assert one_week(b, events={stream: 0}) == (near(-rate), "")


def test_a_day_weighs_a_seventh(b: Bench) -> None:
    b.w.closes[0] = 1.0
    PLAIN["kyiv.coup"][0](b)
    assert one_week(b, events={"kyiv.coup": 0}) == (near(-0.02 / 7), "")


def test_an_event_that_happened_has_its_effect(b: Bench) -> None:
    b.p.front.breakthrough, b.p.front.breakthrough_thrust, b.p.kyiv.coup, b.p.kyiv.coup_unrest = 0.1, 0.5, 0.1, 0.3
    one_week(b, events={"front.breakthrough": 1, "kyiv.coup": 1})
    assert (b.s.thrust, b.r.breakthroughs, b.r.breakthrough, b.r.coup_attempt) == (0.5, 1.0, 6.0, 6.0)
    assert b.s.instability == near(0.3)


def test_a_vote_and_an_attempt_that_succeeds_weigh_their_chances(b: Bench) -> None:
    set_vote(b)
    set_coup(b)
    before = b.s.copy()
    found = one_week(b, events={"europe.sanctions_vote": 1, "kyiv.coup": 1, "kyiv.coup_succeeds": 1})
    assert found == (near(math.log(0.3) + happened(0.02) + math.log(0.25)), "")
    assert b.s.lapsed == 1
    b.s = before
    found = one_week(b, events={"europe.sanctions_vote": 0, "kyiv.coup": 1, "kyiv.coup_succeeds": 0})
    assert found == (near(math.log(0.7) + happened(0.02) + math.log(0.75)), "")
    assert b.s.lapsed == 0


def test_that_the_war_did_not_end_weighs_all_ways_to_an_end(b: Bench) -> None:
    b.p.endings.defeat, b.p.endings.failure = 0.02, 0.01
    assert one_week(b, events={"endings.any": 0}) == (near(-0.03), "")


@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("kyiv.election", {"martial_law": 1}),
        ("kyiv.transfer", {"elected": 1}),
        ("front.mobilisation", {"mobilised": 1}),
        ("front.breakthrough", {"truce": GENERAL}),
        ("europe.troops_into_text", {"rung": CONTACT}),
        ("europe.wider_war", {"troops_in": 0}),
        ("europe.sanctions_vote", {}),
        ("kyiv.coup_succeeds", {}),
    ],
)
def test_an_event_for_which_there_is_no_room_rules_a_timeline_out(b: Bench, event: str, state: dict[str, int]) -> None:
    for name in ("election", "transfer", "coup_succeeds"):
        setattr(b.p.kyiv, name, 0.1)
    b.p.front.mobilisation_chance = b.p.front.breakthrough = b.p.europe.wider_war = b.p.europe.holdout = 0.1
    for name, value in state.items():
        setattr(b.s, name, value)
    assert one_week(b, events={event: 1}) == (-math.inf, event)


# Posture and pauses


@pytest.fixture
def washing(b: Bench) -> Bench:
    """Every exit of every posture has a rate; so have pauses."""
    p = b.p.washington
    p.walk_away, p.press_kyiv, p.press_moscow, p.ease, p.come_back = 0.01, 0.03, 0.06, 0.2, 0.05
    p.pause_on_pressing, p.pause_walked, p.pause_end = 0.4, 0.08, 0.07
    return b


TURNS = [
    (MEDIATING, WALKED_AWAY, 0.01, 0.1),
    (MEDIATING, PRESSING_MOSCOW, 0.06, 0.1),
    (PRESSING_MOSCOW, MEDIATING, 0.2, 0.21),
    (PRESSING_KYIV, WALKED_AWAY, 0.01, 0.21),
]


@pytest.mark.parametrize(("before", "after", "rate", "total"), TURNS)
def test_a_turn_weighs_that_there_was_one_and_which(
    washing: Bench, before: int, after: int, rate: float, total: float
) -> None:
    washing.s.posture = before
    assert one_week(washing, posture=after) == (near(happened(total) + math.log(rate / total)), "")
    assert washing.s.posture == after


@pytest.mark.parametrize(
    ("before", "total"), [(MEDIATING, 0.1), (PRESSING_KYIV, 0.21), (PRESSING_MOSCOW, 0.21), (WALKED_AWAY, 0.05)]
)
def test_a_posture_kept_weighs_that_no_exit_was_taken(washing: Bench, before: int, total: float) -> None:
    washing.s.posture = before
    walked = 0.08 if before == WALKED_AWAY else 0.0
    assert one_week(washing) == (near(-total - walked), "")


@pytest.mark.parametrize(("paused", "weight"), [(1, math.log(0.4)), (0, math.log(0.6))])
def test_a_pause_on_turning_to_press_kyiv(washing: Bench, paused: int, weight: float) -> None:
    found = one_week(washing, posture=PRESSING_KYIV, paused=paused)
    assert found == (near(happened(0.1) + math.log(0.3) + weight), "")
    assert washing.s.paused == paused


def test_a_pause_begins_and_ends_by_itself(washing: Bench) -> None:
    washing.s.posture = WALKED_AWAY
    assert one_week(washing, paused=1) == (near(happened(0.08) - 0.05), "")
    assert one_week(washing) == (near(-0.07 - 0.05), "")
    assert one_week(washing, paused=0) == (near(happened(0.07) - 0.05), "")


def test_a_pause_that_ends_with_its_posture_has_no_weight_of_its_own(washing: Bench) -> None:
    washing.s.posture, washing.s.paused = PRESSING_KYIV, 1
    other = washing.s.copy()
    assert one_week(washing, posture=MEDIATING, paused=0) == (near(happened(0.21) + math.log(0.2 / 0.21)), "")
    # On walking away from Kyiv it stays, unless it ends by itself.
    turn = happened(0.21) + math.log(0.01 / 0.21)
    for paused, weight in ((1, -0.07), (0, happened(0.07))):
        washing.s = other.copy()
        assert one_week(washing, posture=WALKED_AWAY, paused=paused) == (near(turn + weight), "")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ({"posture": PRESSING_KYIV}, {"posture": PRESSING_MOSCOW}, "washington.posture"),
        ({"posture": MEDIATING}, {"paused": 1}, "paused"),
        ({"posture": PRESSING_KYIV}, {"paused": 1}, "paused"),
        ({"posture": PRESSING_KYIV, "paused": 1}, {"posture": MEDIATING}, "paused"),
        ({}, {"truce": LIMITED}, "truce"),
        ({}, {"banned": 0}, "kyiv.ban"),
        ({"banned": 0}, {"banned": 1}, "banned"),
        ({}, {"rung": CONTACT}, "rung"),
    ],
)
def test_what_the_model_cannot_do_is_ruled_out_by_name(
    washing: Bench, before: dict[str, int], after: dict[str, int], what: str
) -> None:
    for name, value in before.items():
        setattr(washing.s, name, value)
    assert one_week(washing, **after) == (-math.inf, what)


def test_a_rate_of_zero_rules_out_by_the_decision(washing: Bench) -> None:
    washing.p.washington.press_kyiv = 0.0
    assert one_week(washing, posture=PRESSING_KYIV, paused=1) == (-math.inf, "washington.posture")
    washing.s.posture, washing.p.washington.ease, washing.p.washington.walk_away = PRESSING_MOSCOW, 0.0, 0.0
    washing.s.paused = 0
    assert one_week(washing, posture=MEDIATING) == (-math.inf, "washington.posture")


def test_the_ban_weighs_its_lifting(b: Bench) -> None:
    b.p.kyiv.ban, b.p.kyiv.ban_unrest = 0.05, 0.2
    assert one_week(b) == (near(-0.05), "")
    assert one_week(b, banned=0) == (near(happened(0.05)), "")
    assert (b.s.banned, b.s.instability) == (0, near(0.2))


# The advance where it was observed


def test_after_an_observed_week_the_path_goes_on_and_counts_nothing_twice(b: Bench) -> None:
    p, s = b.p.front, b.s
    p.level, p.mud, p.adequacy_on_advance, p.talks_on_advance = 1.5, 0.5, 0.4, 0.3
    p.fast_persistence, p.breakthrough_thrust = 0.3, 0.2
    b.w.season[:2] = 0.8, 0.6
    s.rung, s.settlement, s.adequacy, s.thrust, s.drift, s.fast = CONTACT, 0, -1.2, 0.7, 0.1, 0.2
    record = nothing_observed()
    for name, value in (("slow", 1.1), ("fast", -0.2), ("net", 50.0)):
        record[name][0, 0] = value
    condition(b, record)
    front.step(p, s, b.r, b.w, b.context, 1.0)
    # The path holds what thrust, adequacy and talks did to the week.
    assert (front.expected_z(p, s, b.w), s.fast, s.net, s.km2) == (near(1.1), -0.2, 50.0, near(50.0))
    assert (s.adequacy_seen, s.talking_seen) == (s.adequacy, 1.0)
    seen, drift = s.adequacy, 1.1 - (1.5 - 0.5 * 0.8) - 0.7
    assert s.drift == near(drift)
    # In the next week adequacy and talks count by what they change from here on, thrust by what is left of it.
    s.week, s.rung = 1, NONE
    s.thrust *= 0.5
    front.step(p, s, b.r, b.w, b.context, 1.0)
    kept = 0.5**0.1
    expected = 1.5 - 0.5 * 0.6 + kept * drift + 0.35 - 0.4 * (s.adequacy - seen) - 0.3
    assert abs(s.adequacy - seen) > 0.05
    assert front.expected_z(p, s, b.w) == near(expected)
    assert s.net == near(40.0 * math.sinh(expected - 0.3 * 0.2))


def test_an_excluded_event_does_not_happen_and_has_no_weight(b: Bench) -> None:
    observed = condition(b, nothing_observed())
    observed.decision[COUP, b.s.week] = EXCLUDED
    assert not happens(50.0, b.context, COUP, b.s.week, 0)
    assert (observed.log_weight, observed.ruled_out) == (0.0, -1)
    observed.decision[COUP, b.s.week] = NOT
    assert not happens(50.0, b.context, COUP, b.s.week, 0)
    assert observed.log_weight == -50.0
