"""The record of the past, week by week, as the decisions of the weekly code need it.

The record has states at the end of each week (rung, posture, truce, arms, ban) and events of streams that are recorded
systematically. The states imply whether each decision that changes them happened. If a stream is recorded
systematically, a week without a recorded event is a week without an event. Random numbers make all other decisions.

The record is coded up to some day. In later weeks it observes nothing, and random numbers make all decisions but one:
the war does not end before the as-of date, since a forecast is asked for on that date. This has no weight. In a week
that is coded in part, the recorded changes and events are observed. The absence of others is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.timeline import endings, europe, kyiv, moscow, talks, washington
from forecast.timeline import front as front_part
from forecast.timeline.codes import GENERAL, LIMITED, NO_TRUCE, PRESSING_KYIV, SIGNED, WALKED_AWAY
from forecast.timeline.conditioning import EXCLUDED, FREE, HAPPENED, NOT, NOT_OBSERVED, Observed
from forecast.timeline.fields import layout

Codes = NDArray[np.int64]

STREAMS: Mapping[str, int] = {
    "endings.any": endings.ENDING,
    "front.breakthrough": front_part.BREAKTHROUGH,
    "front.mobilisation": front_part.MOBILISATION,
    "moscow.home_shock": moscow.HOME_SHOCK,
    "europe.sanctions_vote": europe.VOTE,
    "europe.troops_into_text": europe.TROOPS,
    "europe.wider_war": europe.WIDER_WAR,
    "kyiv.transfer": kyiv.TRANSFER,
    "kyiv.martial_law": kyiv.MARTIAL_LAW,
    "kyiv.election": kyiv.ELECTION,
    "kyiv.coup": kyiv.COUP,
    "kyiv.coup_succeeds": kyiv.COUP_SUCCEEDS,
}
"""Streams of events that can be recorded, and the decision of each."""


@dataclass(frozen=True)
class WeeklyRecord:
    """The recorded states and events of `weeks` weeks. States have a value at the start and after each week.

    Attributes:
        rung: (weeks + 1,) rung of the talks.
        posture: (weeks + 1,) Washington's posture.
        truce: (weeks + 1,) truce.
        paused: (weeks + 1,) whether Washington's arms are paused.
        banned: (weeks + 1,) whether the ban on negotiating stands.
        events: by stream, one of `STREAMS`: (weeks,) number of events; random numbers decide streams not in it.
        moves: (weeks,) moves of the ladder in each week, see `moves_code`.
        pocket: (weeks,) Moscow's ground held by Kyiv at the end of each week, km2; NaN where it is not observed.
        coded: number of weeks, from the first one on, that are coded to their end; None if all are.
    """

    rung: Codes
    posture: Codes
    truce: Codes
    paused: Codes
    banned: Codes
    events: Mapping[str, Codes]
    moves: Codes
    pocket: Array = field(default_factory=lambda: np.empty(0))
    coded: int | None = None

    @property
    def weeks(self) -> int:
        """Number of weeks."""
        return len(self.rung) - 1

    @property
    def in_code(self) -> NDArray[np.bool_]:
        """(weeks,) whether each week is coded to its end."""
        return np.arange(self.weeks) < (self.weeks if self.coded is None else self.coded)


def moves_code(steps: Sequence[int]) -> int:
    """Encode the moves of the ladder in a week, each +1 or -1, as one number: digits to base 3, 1 up and 2 down."""
    return sum((1 if step > 0 else 2) * 3**k for k, step in enumerate(steps))


def nothing_observed() -> Any:
    """Observations in which no week has any, laid out as `Observed`, shape (1,)."""
    observed = np.zeros(1, layout(Observed)).view(np.recarray)
    observed["ruled_out"] = -1
    for name in ("rung", "rung_before", "posture", "truce", "general", "paused", "banned"):
        observed[name] = NOT_OBSERVED
    for name in ("slow", "fast", "net", "pocket", "capital", "instability"):
        observed[name] = np.nan
    return observed


def observed_record(past: WeeklyRecord) -> Any:
    """The recorded past laid out as `Observed`, shape (1,); the levels observed in each draw are added later."""
    observed = nothing_observed()
    weeks = past.weeks
    known = {name: _known(past, name) for name in ("rung", "posture", "truce", "paused", "banned")}
    for name, which in known.items():
        observed[name][0, :weeks] = np.where(which, getattr(past, name)[1:], NOT_OBSERVED)
    observed["rung_before"][0, :weeks] = np.where(known["rung"], past.rung[:-1], NOT_OBSERVED)
    observed["moves"][0, :weeks] = np.where(known["rung"], past.moves, 0)
    if len(past.pocket):
        observed["pocket"][0, :weeks] = past.pocket
    decided = observed["decision"][0]
    for what, (state, codes) in _of_states(past).items():
        decided[what, :weeks] = np.where(known[state], codes, FREE)
    for stream, counts in past.events.items():
        without = np.where(past.in_code, NOT, FREE)
        decided[STREAMS[stream], :weeks] = np.where(counts > 0, HAPPENED, without)
    decided[endings.ENDING, :weeks] = np.where(past.in_code, decided[endings.ENDING, :weeks], EXCLUDED)
    # A collapse would have ended the war, or been seen.
    decided[endings.COLLAPSE, :weeks] = np.where(past.in_code, NOT, EXCLUDED)
    return observed


def _known(past: WeeklyRecord, state: str) -> NDArray[np.bool_]:
    """Weeks in which a state is observed: those coded to their end, and those not coded in which it changed."""
    codes = getattr(past, state)
    moved = (codes[1:] != codes[:-1]) | ((past.moves != 0) if state == "rung" else False)
    return np.asarray(past.in_code | moved)


def observed_in_common(past: WeeklyRecord) -> Any:
    """The part of the past on which all members of a pool are scored: that the war did not end, and general truces.

    Returns:
        Observations laid out as `Observed`, shape (1,).
    """
    observed = nothing_observed()
    weeks = past.weeks
    observed["general"][0, :weeks] = past.truce[1:] == GENERAL
    observed["decision"][0, [endings.ENDING, endings.COLLAPSE], :weeks] = NOT
    return observed


def _happened(which: NDArray[np.bool_]) -> Array:
    return np.where(which, HAPPENED, NOT)


def _of_states(past: WeeklyRecord) -> dict[int, tuple[str, Array]]:
    """By the number of each decision that changes a recorded state: the state, and whether it happened in each week."""
    rung, rung_after = past.rung[:-1], past.rung[1:]
    truce, truce_after = past.truce[:-1], past.truce[1:]
    signing = (rung_after == SIGNED) & (rung != SIGNED)
    return {
        kyiv.BAN: ("banned", _happened((past.banned[:-1] == 1) & (past.banned[1:] == 0))),
        # A provocation that set the talks back is among the moves of the ladder.
        kyiv.PROVOCATION: ("rung", np.full(past.weeks, NOT)),
        washington.POSTURE: ("posture", _happened(past.posture[1:] != past.posture[:-1])),
        washington.PAUSE: ("paused", _of_pauses(past)),
        talks.LIMITED_TRUCE: ("truce", _happened((truce == NO_TRUCE) & (truce_after == LIMITED))),
        talks.GENERAL_TRUCE: ("truce", _happened((truce != GENERAL) & (truce_after == GENERAL) & ~signing)),
        talks.TRUCE_ENDS: ("truce", _happened((truce != NO_TRUCE) & (truce_after == NO_TRUCE))),
        talks.BREAKDOWN: ("rung", _happened((rung == SIGNED) & (rung_after != SIGNED))),
    }


def _of_pauses(past: WeeklyRecord) -> Array:
    """Whether a pause of arms began or ended by its own decision; it also ends when Washington changes its posture."""
    paused, after = past.paused[:-1] == 1, past.paused[1:] == 1
    posture, posture_after = past.posture[:-1], past.posture[1:]
    to_walking = (posture == PRESSING_KYIV) & (posture_after == WALKED_AWAY)
    ends_by_itself = paused & ~after & ((posture_after == posture) | to_walking)
    ends_with_posture = paused & ~after & ~ends_by_itself
    return np.where(ends_with_posture, FREE, _happened((~paused & after) | ends_by_itself))
