"""A particle filter over the weeks that have passed: the weight of each draw, and its states at the as-of date.

The past is run by the same weekly code as the future. Each draw has a few replicates, which differ by their random
numbers and by the parameters that vary by timeline. The weight of a replicate is the probability that it gives to the
observations so far (`conditioning.py`). When the weights of a draw's replicates become too uneven, the replicates are
resampled within the draw. The weight of a draw is the mean weight of its replicates: an unbiased estimate of the
likelihood of the observations under the draw.

The random numbers have a separate seed, so that the future does not use any of them again.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.timeline.cells import Inputs, Work, begin_cell, get_values, put_values, work_arrays
from forecast.timeline.chunks import run_chunks
from forecast.timeline.codes import GENERAL, RUNNING
from forecast.timeline.conditioning import HAPPENED, NOT_OBSERVED, Observed, rule_out
from forecast.timeline.fields import CAPACITY
from forecast.timeline.jit import routine
from forecast.timeline.random_numbers import Context, cell_key, context_record, decision, uniform
from forecast.timeline.result import RESULT
from forecast.timeline.state import STATE, State
from forecast.timeline.week import week
from forecast.timeline.weekly_record import STREAMS

RESAMPLE = decision("replay.resample")

RUNG, POSTURE, TRUCE, PAUSED, BANNED, ENDING = range(-2, -8, -1)
"""Numbers of the states that can rule a timeline out; see `conditioning.rule_out`."""

STATES = {RUNG: "rung", POSTURE: "posture", TRUCE: "truce", PAUSED: "paused", BANNED: "banned", ENDING: "ending"}
"""Names of these states."""

LEVELS = ("slow", "fast", "net", "capital", "instability")
"""Levels that are observed, with a path in each draw."""

EVENTS = np.array(sorted(STREAMS.values()))
"""Numbers of the decisions that have a recorded stream of events."""

MOST_KINDS = CAPACITY["decision"] + len(STATES) + 2
"""Room for the numbers of decisions and states that can rule a timeline out."""

CHUNK = 50
"""Draws in a chunk. The number does not change the results."""


@dataclass(frozen=True)
class Replayed:
    """The replicates of every draw at the end of the past.

    Attributes:
        log_weight: (draws, weeks) log weight of each draw by the end of each week.
        share: (draws, replicates) weight of each replicate within its draw, adding up to 1; 0 if the draw is
            ruled out.
        states: (draws, replicates) laid out as `State`.
        results: (draws, replicates) laid out as `Result`.
        values: (draws, replicates, k) parameters that vary by timeline.
        ruled_out: (weeks, kinds) number of replicates that each decision or state ruled out in each week. The column
            is the number of the decision, or the negative number of the state, which counts from the end.
    """

    log_weight: Array
    share: Array
    states: Any
    results: Any
    values: Array
    ruled_out: NDArray[np.int64]


@routine
def check_states(s: State, observed: Observed) -> None:
    """Rule a timeline out if its states differ from those recorded for the end of its week."""
    number = s.week
    if s.ending != RUNNING:
        rule_out(observed, ENDING)
    if observed.rung[number] != NOT_OBSERVED and s.rung != observed.rung[number]:
        rule_out(observed, RUNG)
    if observed.posture[number] != NOT_OBSERVED and s.posture != observed.posture[number]:
        rule_out(observed, POSTURE)
    if observed.truce[number] != NOT_OBSERVED and s.truce != observed.truce[number]:
        rule_out(observed, TRUCE)
    if observed.general[number] != NOT_OBSERVED and (s.truce == GENERAL) != (observed.general[number] == 1.0):
        rule_out(observed, TRUCE)
    if observed.paused[number] != NOT_OBSERVED and s.paused != observed.paused[number]:
        rule_out(observed, PAUSED)
    if observed.banned[number] != NOT_OBSERVED and s.banned != observed.banned[number]:
        rule_out(observed, BANNED)


@routine
def check_events(s: State, observed: Observed) -> None:
    """Rule a timeline out if a recorded event was impossible in it, such as an election under martial law."""
    for what in EVENTS:
        if observed.decision[what, s.week] == HAPPENED and observed.met[what] != s.week + 1.0:
            rule_out(observed, what)


@routine
def resample(context: Context, number: int, weights: Array, ancestors: NDArray[np.int64]) -> None:
    """Choose the replicate that each replicate continues from, by systematic resampling. Survivors keep their place.

    Args:
        context: random numbers of the draw.
        number: the week.
        weights: (replicates,) adding up to 1; overwritten.
        ancestors: (replicates,) filled in with the number of the replicate to continue from.
    """
    count = len(weights)
    u, total, taken = uniform(context, RESAMPLE, number, 0), 0.0, 0
    free = 0
    for j in range(count):
        ancestors[j] = -1
    # First every survivor keeps its place, then copies fill the free places.
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
        if ancestors[j] < 0:  # rounding left a place free: the first survivor fills it
            k = 0
            while ancestors[k] != k:
                k += 1
            ancestors[j] = k


@routine
def normalise(log_weights: Array, shares: Array) -> float:
    """Fill in the share of each weight and return the log of their mean; if all weights are 0, shares 0 and -inf."""
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


class Filtered(NamedTuple):
    """The arrays that the filter fills in; their first axis is the draw.

    Attributes:
        states: (draws, replicates) laid out as `State`.
        results: (draws, replicates) laid out as `Result`.
        values: (draws, replicates, k) parameters that vary by timeline.
        log_weight: (draws, weeks) log weight by the end of each week.
        shares: (draws, replicates) weight of each replicate within its draw.
    """

    states: Any
    results: Any
    values: Array
    log_weight: Array
    shares: Array


@routine
def filter_draw(inputs: Inputs, work: Work, draw: int, out: Filtered, i: int, ruled_out: NDArray[np.int64]) -> None:
    """Run the replicates of one draw, which have begun, week by week; resample them when their weights are uneven.

    Args:
        inputs: data of the timelines; its world ends on the as-of date.
        work: its parameters are the draw's, and its context has the observations.
        draw: the draw's number, which keys random numbers.
        out: filled in at the place `i`.
        i: place of the draw in `out`.
        ruled_out: (weeks, kinds) counts of replicates ruled out, added to.
    """
    context, place = work.context[0], inputs.redrawn.place
    observed = context.observed
    states, results, values = out.states[i], out.results[i], out.values[i]
    log_weight, shares = out.log_weight[i], out.shares[i]
    replicates, weeks = len(states), len(log_weight)
    own, ancestors = np.zeros(replicates), np.zeros(replicates, np.int64)
    before = 0.0
    for number in range(weeks):
        for j in range(replicates):
            if own[j] == -math.inf:
                continue
            put_values(work.flat, place, values[j])
            context.cell = cell_key(draw, j)
            s = states[j]
            s.week = number
            observed.log_weight, observed.ruled_out = 0.0, -1
            for what in EVENTS:
                observed.met[what] = 0.0
            week(work.parameters[0], s, results[j], inputs.world[0], context)
            check_events(s, observed)
            check_states(s, observed)
            own[j] += observed.log_weight
            if observed.ruled_out != -1:
                ruled_out[number, observed.ruled_out] += 1
        log_weight[number] = before + normalise(own, shares)
        if log_weight[number] == -math.inf:
            log_weight[number:] = -math.inf
            return
        if number < weeks - 1 and 0.5 * replicates * np.sum(shares * shares) > 1.0:
            before = log_weight[number]
            context.cell = cell_key(draw, replicates)
            resample(context, number, shares, ancestors)
            for j in range(replicates):
                if ancestors[j] != j:
                    states[j], results[j] = states[ancestors[j]], results[ancestors[j]]
                    values[j] = values[ancestors[j]]
            own[:] = 0.0


@routine
def filter_draws(
    inputs: Inputs, levels: Array, first: int, work: Work, out: Filtered, ruled_out: NDArray[np.int64]
) -> None:
    """Filter the draws of one chunk, from draw number `first`."""
    observed = work.context[0].observed
    for i in range(len(out.states)):
        draw = first + i
        for number in range(out.log_weight.shape[1]):
            observed.slow[number] = levels[0, draw, number]
            observed.fast[number] = levels[1, draw, number]
            observed.net[number] = levels[2, draw, number]
            observed.capital[number] = levels[3, draw, number]
            observed.instability[number] = levels[4, draw, number]
        for j in range(out.states.shape[1]):
            begin_cell(inputs, work, draw, draw, draw, j, out.states[i], out.results[i], j)
            get_values(work.flat, inputs.redrawn.place, out.values[i, j])
        filter_draw(inputs, work, draw, out, i, ruled_out)


def replay_draws(
    inputs: Inputs,
    observed: Any,
    levels: Array,
    *,
    replicates: int,
    seed: int | str,
    threads: int | None = None,
) -> Replayed:
    """Replay the past for every draw.

    Args:
        inputs: parameter rows and states on the reference date, one for each draw, and the calendar of the past.
        observed: the record, laid out as `Observed`, shape (1,); `levels` replace its levels.
        levels: (len(LEVELS), draws, weeks) observed levels, NaN where a level is simulated.
        replicates: number of replicates of each draw.
        seed: seed of the random numbers.
        threads: number of threads, by default the number of processors; does not change the results.
    """
    count, weeks = len(inputs.rows), int(inputs.world.weeks[0])
    context = context_record(seed, weeks)
    context["observed"] = observed
    context["observed"]["replaying"] = 1
    out = Filtered(
        np.zeros((count, replicates), STATE).view(np.recarray),
        np.zeros((count, replicates), RESULT).view(np.recarray),
        np.zeros((count, replicates, len(inputs.redrawn.place))),
        np.zeros((count, weeks)),
        np.full((count, replicates), 1.0 / replicates),
    )

    def workspace() -> tuple[Work, NDArray[np.int64]]:
        return work_arrays(inputs, context), np.zeros((weeks, MOST_KINDS), np.int64)

    def run(own: tuple[Work, NDArray[np.int64]], a: int, b: int) -> None:
        filter_draws(inputs, levels, a, own[0], Filtered(*(column[a:b] for column in out)), own[1])

    ruled_out = np.sum([counted for _, counted in run_chunks(count, CHUNK, workspace, run, threads)], axis=0)
    return Replayed(out.log_weight, out.shares, out.states, out.results, out.values, ruled_out)
