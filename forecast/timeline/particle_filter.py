"""The past run again by the weekly code: what each draw makes of what happened, and where it stands by then.

Each draw has a few replicates, which differ by luck and by what is drawn anew in each timeline. A replicate's weight
is the probability of what is known of the weeks so far (`known.py`); where the weights of a draw's replicates have
become too uneven they are resampled within the draw. The weight of a draw is the mean over its replicates: an
unbiased estimate of the probability that it gives to what happened (a particle filter within each draw).

Luck is that of the draw and the replicate, under a seed of its own, so that no number of it is used again in the
future that follows.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.timeline.cells import Anew, blank_record, draw_anew
from forecast.timeline.codes import GENERAL, RUNNING
from forecast.timeline.conditioning import HAPPENED, UNKNOWN, Known, rule_out
from forecast.timeline.fields import CAPACITY, Array
from forecast.timeline.jit import kernel
from forecast.timeline.random_numbers import Luck, cell_key, decision, luck_record, uniform
from forecast.timeline.result import RECORD
from forecast.timeline.state import STATE, State
from forecast.timeline.week import begin, week
from forecast.timeline.weekly_record import STREAMS

RESAMPLE = decision("replay.resample")

RUNG, POSTURE, TRUCE, PAUSED, BANNED, ENDING = range(-2, -8, -1)
"""States by which a timeline may be ruled out, as `known.rule_out` takes them."""

STATES = {RUNG: "rung", POSTURE: "posture", TRUCE: "truce", PAUSED: "arms", BANNED: "ban", ENDING: "ending"}
"""The same by name."""

LEVELS = ("slow", "fast", "net", "capital", "instability")
"""Levels that are observed draw by draw."""

EVENTS = np.array(sorted(STREAMS.values()))
"""Decisions of the streams that are recorded."""

MOST_KINDS = CAPACITY["decision"] + len(STATES) + 2
"""Room for the decisions and states by which timelines were ruled out."""

CHUNK = 50
"""Draws in a chunk; any other number gives the same bytes."""


@dataclass(frozen=True)
class Replayed:
    """The replicates of every draw at the end of the past.

    Attributes:
        log_weight: (draws, weeks) log weight of each draw by the end of each week.
        share: (draws, replicates) weight of each replicate within its draw, adding up to 1; 0 where the draw is
            ruled out.
        states: (draws, replicates) laid out as `State`.
        records: (draws, replicates) laid out as `Record`.
        anew: (draws, replicates, k) values drawn anew in each timeline.
        ruled_out: (weeks, kinds) replicates ruled out in each week by each decision (its number) or state (its
            negative number, counted from the end).
    """

    log_weight: Array
    share: Array
    states: Any
    records: Any
    anew: Array
    ruled_out: NDArray[np.int64]


@kernel
def check_states(s: State, known: Known) -> None:
    """Rule a timeline out that has not come to the states that are recorded for the end of its week."""
    number = s.week
    if s.ending != RUNNING:
        rule_out(known, ENDING)
    if known.rung[number] != UNKNOWN and s.rung != known.rung[number]:
        rule_out(known, RUNG)
    if known.posture[number] != UNKNOWN and s.posture != known.posture[number]:
        rule_out(known, POSTURE)
    if known.truce[number] != UNKNOWN and s.truce != known.truce[number]:
        rule_out(known, TRUCE)
    if known.general[number] != UNKNOWN and (s.truce == GENERAL) != (known.general[number] == 1.0):
        rule_out(known, TRUCE)
    if known.paused[number] != UNKNOWN and s.paused != known.paused[number]:
        rule_out(known, PAUSED)
    if known.banned[number] != UNKNOWN and s.banned != known.banned[number]:
        rule_out(known, BANNED)


@kernel
def check_events(s: State, known: Known) -> None:
    """Rule a timeline out that had no room for an event that is recorded, as for an election under martial law."""
    for what in EVENTS:
        if known.decision[what, s.week] == HAPPENED and known.met[what] != s.week + 1.0:
            rule_out(known, what)


@kernel
def resample(luck: Luck, number: int, weights: Array, ancestors: NDArray[np.int64]) -> None:
    """Systematic resampling: who each replicate goes on from. Survivors stay in their place.

    Args:
        luck: of the draw.
        number: the week.
        weights: (replicates,) adding up to 1.
        ancestors: (replicates,) filled in.
    """
    count = len(weights)
    u, total, taken = uniform(luck, RESAMPLE, number, 0), 0.0, 0
    free = 0
    for j in range(count):
        ancestors[j] = -1
    # First everyone who survives keeps its place, then copies fill the places left.
    for j in range(count):
        total += weights[j] * count
        copies = 0
        while taken < count and taken + u < total:
            copies += 1
            taken += 1
        if copies > 0:
            ancestors[j] = j
        weights[j] = float(copies)
    for j in range(count):
        for _ in range(int(weights[j]) - 1):
            while ancestors[free] >= 0:
                free += 1
            ancestors[free] = j
    for j in range(count):
        if ancestors[j] < 0:  # rounding left a place: the first survivor takes it
            k = 0
            while ancestors[k] != k:
                k += 1
            ancestors[j] = k


@kernel
def normalise(log_weights: Array, shares: Array) -> float:
    """Shares of weights given by their logarithms, and the log of their mean; -inf, shares 0, if all are 0."""
    count, most = len(log_weights), -math.inf
    for j in range(count):
        most = max(most, log_weights[j])
    if most == -math.inf:
        for j in range(count):
            shares[j] = 0.0
        return -math.inf
    total = 0.0
    for j in range(count):
        shares[j] = math.exp(log_weights[j] - most)
        total += shares[j]
    for j in range(count):
        shares[j] /= total
    return most + math.log(total / count)


@kernel
def replay_draw(
    p: Any,
    flat: Array,
    world: Any,
    luck: Luck,
    draw: int,
    place: NDArray[np.int64],
    states: Any,
    records: Any,
    anew: Array,
    log_weight: Array,
    shares: Array,
    ruled_out: NDArray[np.int64],
) -> None:
    """Replay one draw: its replicates, begun already, week by week, resampled where their weights are uneven.

    Args:
        p: its parameters.
        flat: the same as plain numbers.
        world: dimensions, facts and calendar up to the as-of date.
        luck: with what is known of the past.
        draw: its number, which keys luck.
        place: places in `flat` of what is drawn anew in each timeline.
        states: (replicates,) of the replicates.
        records: (replicates,) of the replicates.
        anew: (replicates, k) what they drew anew.
        log_weight: (weeks,) filled in.
        shares: (replicates,) filled in.
        ruled_out: (weeks, kinds) counted up.
    """
    known = luck.known
    replicates, weeks = len(states), len(log_weight)
    own, ancestors = np.zeros(replicates), np.zeros(replicates, np.int64)
    before = 0.0
    for number in range(weeks):
        for j in range(replicates):
            if own[j] == -math.inf:
                continue
            for k in range(len(place)):
                flat[place[k]] = anew[j, k]
            luck.cell = cell_key(draw, j)
            s = states[j]
            s.week = number
            known.log_weight, known.ruled_out = 0.0, -1
            for what in EVENTS:
                known.met[what] = 0.0
            week(p, s, records[j], world, luck)
            check_events(s, known)
            check_states(s, known)
            own[j] += known.log_weight
            if known.ruled_out != -1:
                ruled_out[number, known.ruled_out] += 1
        log_weight[number] = before + normalise(own, shares)
        if log_weight[number] == -math.inf:
            log_weight[number:] = -math.inf
            return
        if number < weeks - 1 and 0.5 * replicates * np.sum(shares * shares) > 1.0:
            before = log_weight[number]
            luck.cell = cell_key(draw, replicates)
            resample(luck, number, shares, ancestors)
            for j in range(replicates):
                if ancestors[j] != j:
                    states[j], records[j] = states[ancestors[j]], records[ancestors[j]]
                    anew[j] = anew[ancestors[j]]
            own[:] = 0.0


@kernel
def replay_chunk(
    rows: Any,
    start: Any,
    blank: Any,
    world: Any,
    chance: Any,
    first: int,
    place: NDArray[np.int64],
    lane: NDArray[np.int64],
    mean: Array,
    chol: Array,
    table: Array,
    levels: Array,
    scratch: Any,
    flat: Array,
    states: Any,
    records: Any,
    anew: Array,
    log_weight: Array,
    shares: Array,
    ruled_out: NDArray[np.int64],
) -> None:
    """Replay the draws of one chunk, the first of which is number `first`; the last arrays are filled in."""
    w, luck = world[0], chance[0]
    known = luck.known
    for i in range(len(states)):
        draw = first + i
        for number in range(log_weight.shape[1]):
            known.slow[number] = levels[0, draw, number]
            known.fast[number] = levels[1, draw, number]
            known.net[number] = levels[2, draw, number]
            known.capital[number] = levels[3, draw, number]
            known.instability[number] = levels[4, draw, number]
        scratch[0] = rows[draw]
        for j in range(states.shape[1]):
            luck.cell = cell_key(draw, j)
            states[i, j] = start[draw]
            records[i, j] = blank[0]
            if len(place) > 0:
                draw_anew(flat, luck, place, lane, mean[draw], chol, table)
                for k in range(len(place)):
                    anew[i, j, k] = flat[place[k]]
            begin(scratch[0], states[i, j], w, luck)
        replay_draw(
            scratch[0], flat, w, luck, draw, place, states[i], records[i], anew[i],
            log_weight[i], shares[i], ruled_out,
        )  # fmt: skip


def replay_draws(
    rows: Any,
    start: Any,
    anew: Anew,
    world: Any,
    known: Any,
    levels: Array,
    *,
    replicates: int,
    seed: int | str,
    threads: int | None = None,
) -> Replayed:
    """Replay the past for every draw.

    Args:
        rows: parameter rows, laid out as `Parameters`, one a draw.
        start: states on the reference date, laid out as `State`, one a draw.
        anew: the parameters drawn anew in each timeline.
        world: dimensions, facts and the calendar of the past, laid out as `World`, shape (1,).
        known: what is recorded, laid out as `Known`, shape (1,); its observed levels are those of `levels`.
        levels: (len(LEVELS), draws, weeks) observed levels, NaN where a level is simulated.
        replicates: of each draw.
        seed: seed of luck.
        threads: size of the pool, by default the number of processors. Changes no number.
    """
    count, weeks = len(rows), int(world.weeks[0])
    luck = luck_record(seed, weeks)
    luck["known"] = known
    luck["known"]["replaying"] = 1
    states = np.zeros((count, replicates), STATE)
    records = np.zeros((count, replicates), RECORD)
    values = np.zeros((count, replicates, len(anew.place)))
    log_weight, shares = np.zeros((count, weeks)), np.full((count, replicates), 1.0 / replicates)
    blank = blank_record()

    def part(bounds: tuple[int, int]) -> NDArray[np.int64]:
        a, b = bounds
        scratch, counts = rows[:1].copy(), np.zeros((weeks, MOST_KINDS), np.int64)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            replay_chunk(
                rows, start, blank, world, luck.copy(), a, anew.place, anew.lane, anew.mean, anew.chol, anew.table,
                levels, scratch, scratch.view(np.float64).reshape(-1),
                states[a:b].view(np.recarray), records[a:b].view(np.recarray), values[a:b],
                log_weight[a:b], shares[a:b], counts,
            )  # fmt: skip
        return counts

    chunks = [(a, min(a + CHUNK, count)) for a in range(0, count, CHUNK)]
    with ThreadPoolExecutor(min(threads or cpu_count() or 1, len(chunks))) as pool:
        counted = list(pool.map(part, chunks))
    return Replayed(
        log_weight, shares, states.view(np.recarray), records.view(np.recarray), values, np.sum(counted, axis=0)
    )
