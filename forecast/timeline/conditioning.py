"""Observations of the weeks that have passed: recorded decisions and observed levels.

A replay runs the weekly code over the past. Where a decision is recorded, the record takes the place of random numbers.
The timeline's weight is then multiplied by the probability of the record: of an event if one happened, of no event if
none did. Where a level is observed, the observed level replaces the simulated one. The weight stays the same, because
the observed path comes from the posterior, which includes that likelihood already.

In a simulated future nothing is observed, and random numbers decide everything.
"""

import math

from forecast.timeline.fields import Real, Table, Whole, field
from forecast.timeline.jit import kernel, routine

FREE, NOT, HAPPENED, EXCLUDED = 0.0, 1.0, 2.0, 3.0
"""Codes for the record of a decision in a week: not recorded, did not happen, happened, cannot happen (no weight)."""

NOT_OBSERVED = -1.0
"""Code of a state that is not recorded."""


class Observed:
    """Decisions, states and levels observed in the weeks that have passed, and the timeline's weight given them."""

    replaying: Whole = field("flag", "the past is being replayed")
    log_weight: Real = field("log weight", "log probability of the observations, in the week so far")
    ruled_out: Whole = field("code", "first decision or state that contradicts the record, -1 none")

    met: Table = field("count", "1 + last week in which the recorded event happened", shape=("decision",))
    decision: Table = field("code", "record of the decision: free, not, happened, excluded", shape=("decision", "week"))
    rung: Table = field("code", "rung at the end of the week, -1 not recorded", shape=("week",))
    rung_before: Table = field("code", "rung at the start of the week, -1 not recorded", shape=("week",))
    moves: Table = field("code", "moves of the ladder in the week: digits to base 3, 1 up, 2 down", shape=("week",))
    posture: Table = field("code", "Washington's posture at the end of the week, -1 not recorded", shape=("week",))
    truce: Table = field("code", "truce at the end of the week, -1 not recorded", shape=("week",))
    general: Table = field("code", "whether a general truce holds at its end, -1 not recorded", shape=("week",))
    paused: Table = field("code", "whether Washington's arms are paused at its end, -1 not recorded", shape=("week",))
    banned: Table = field("code", "whether the ban stands at its end, -1 not recorded", shape=("week",))

    slow: Table = field("z", "slow level of the week's advance, NaN if not observed", shape=("week",))
    fast: Table = field("z", "fast part of the advance, NaN if not observed", shape=("week",))
    net: Table = field("km2", "Moscow's net gain in the week, NaN if not observed", shape=("week",))
    pocket: Table = field("km2", "Moscow's ground held by Kyiv at its end, NaN if not observed", shape=("week",))
    capital: Table = field("sd", "political capital at its end, NaN if not observed", shape=("week",))
    instability: Table = field(
        "sd", "instability at home in Kyiv's country at its end, NaN if not observed", shape=("week",)
    )


@kernel
def is_observed(observed: Observed, what: int, week: int) -> bool:
    """Whether the record says if a decision happened in a week."""
    return observed.replaying == 1 and observed.decision[what, week] != FREE


@routine
def rule_out(observed: Observed, what: int) -> None:
    """Set the timeline's weight to 0, because a decision (or a state, numbered below 0) contradicts the record."""
    observed.log_weight = -math.inf
    if observed.ruled_out == -1:
        observed.ruled_out = what


@routine
def weight_event(observed: Observed, what: int, rate: float) -> None:
    """Multiply the weight by 1 - exp(-rate), the probability that an event of cumulated intensity `rate` happened."""
    if rate > 0.0:
        observed.log_weight += math.log(-math.expm1(-rate))
    else:
        rule_out(observed, what)


@routine
def weight_chance(observed: Observed, what: int, probability: float) -> None:
    """Multiply the weight by the probability of an event that happened."""
    if probability > 0.0:
        observed.log_weight += math.log(probability)
    else:
        rule_out(observed, what)


@routine
def as_observed(observed: Observed, what: int, week: int, rate: float) -> bool:
    """Whether an event of cumulated intensity `rate` is recorded in a week; updates the weight by its probability."""
    if observed.decision[what, week] == HAPPENED:
        observed.met[what] = week + 1.0
        weight_event(observed, what, rate)
        return True
    if observed.decision[what, week] == NOT:
        observed.log_weight -= max(rate, 0.0)
    return False
