"""The starting points of timelines on the as-of date: draws of the posterior, weighted by the recorded past.

The weekly code replays every draw of the posterior from the reference date, with the recorded decisions and observed
levels (`forecast.timeline.particle_filter`). The weight of a draw is the probability that it gives to the record. Draws
are selected once, in proportion to their weights; timelines start from the states at the end of their replays. The
posterior has learnt from the observed series already, so their levels do not count in the weights again.
"""

import heapq
import io
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar
from forecast.arrays import Array
from forecast.belief.assemble import Posterior
from forecast.encoding import kernel_inputs
from forecast.errors import InputError
from forecast.evidence.chronology import Chronology
from forecast.evidence.coding_guide import CHANGES, EVENTS
from forecast.evidence.csv_rows import row_place
from forecast.evidence.states import moved_state, recorded_as
from forecast.inputs.validation import Place
from forecast.replay.more_draws import in_rounds
from forecast.replay.observations import observed_of, weekly_record_of
from forecast.replay.weights import effective_size, log_mean
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import TIMELINES_PER_DRAW, Cells, inputs_at_start
from forecast.timeline.particle_filter import LEVELS, MOST_KINDS, STATES, Replayed, replay_draws
from forecast.timeline.random_numbers import decisions
from forecast.timeline.result import blank_result
from forecast.timeline.weekly_record import WeeklyRecord

REPLICATES = 10
"""Replicates of each draw in a replay."""

BLOCK_DRAWS = 500
"""Draws that are selected together. A longer selection begins with a shorter one if both have whole blocks."""

THIN = 100
"""Effective sample size of the draws below which the forecast is imprecise."""

COPY = 1_000_000
"""Number added to the replicate's number in each further copy of a draw that was selected more than once."""

GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio. Modulo 1, any number of its multiples spreads evenly over 0 to 1."""

PATHS = {
    "slow": "front.slow",
    "fast": "front.fast",
    "net": "front.net",
    "capital": "washington.capital",
    "instability": "kyiv.instability",
}
"""The posterior's path of each observed level."""


RECORDS, LAYOUT = ("states", "results"), "_layout"
"""Fields of `Start` with records, and the end of the name of their layout in a file."""

REMADE = (
    *("kept", "renewed", "kept_for"),
    *("worth", "break_seen", "fear"),
    *("rate_collapse", "rate_defeat", "rate_failure"),
    "patience",
)
"""Fields of a state that a timeline computes before it reads them: cleared, they take no space in a file."""

WEEK = pd.Timedelta(days=7)

ENDED = "endings.any"
"""The decision of an event that ends the war on the battlefield."""


@dataclass(frozen=True, repr=False)
class Start:
    """The starting points of timelines, on the as-of date.

    Attributes:
        draw: (n,) draws of the posterior, in the order in which timelines use them; a draw may occur several times.
        copy: (n,) number of the copy, counted from 0, of a draw that was selected more than once.
        states: (m,) starting states, laid out as `State`.
        results: (m,) the result so far of each state, laid out as `Result`; shape (1,) without a replay.
        values: (m, k) the parameters that vary by timeline, as drawn in the replay; (0, k) without a replay.
        first: (n,) place in `states` of the first state of each draw; the states of its replicates are contiguous.
        share: (n, replicates) fraction of a draw's timelines that start from each of its replicates.
        effective: effective sample size of the draws, 1 / sum of squared weights; None without a replay.
        log_weight: (weeks,) log of the mean weight over all draws, by the end of each week replayed.
    """

    draw: NDArray[np.int64]
    copy: NDArray[np.int64]
    states: Any
    results: Any
    values: Array
    first: NDArray[np.int64]
    share: Array
    effective: float | None
    log_weight: Array

    def __repr__(self) -> str:
        """Show the number of draws and states, not the arrays."""
        return f"Start({len(self.draw)} draws, {len(self.states)} states, effective sample size {self.effective})"

    def cells(self, i: NDArray[np.int64]) -> Cells:
        """The cells of some of a run's timelines, by their numbers.

        Timeline i uses draw (i // 40) mod n, whatever the number of timelines.
        """
        slot = (i // TIMELINES_PER_DRAW) % len(self.draw)
        number = i % TIMELINES_PER_DRAW + TIMELINES_PER_DRAW * (i // (TIMELINES_PER_DRAW * len(self.draw)))
        # Replicates take turns, so that any number of timelines uses them nearly in proportion to their shares.
        u = (0.5 + GOLDEN * number) % 1.0
        upto = np.cumsum(self.share, axis=1)
        upto[:, -1] = 1.0
        which = (u[:, None] >= upto[slot]).sum(axis=1)
        return Cells(slot, self.first[slot] + which, self.draw[slot], number + COPY * self.copy[slot])

    def first_places(self, count: int) -> "Start":
        """The starting points of a selection of fewer draws: the first `count` of these."""
        if count >= len(self.draw):
            return self
        replicates = np.arange(self.share.shape[1])
        begins, place = np.unique(self.first[:count], return_inverse=True)
        kept = (begins[:, None] + replicates).ravel()
        return replace(
            self,
            draw=self.draw[:count],
            copy=self.copy[:count],
            states=self.states[kept],
            results=self.results if self.effective is None else self.results[kept],
            values=self.values if self.effective is None else self.values[kept],
            first=len(replicates) * place,
            share=self.share[:count],
        )

    def to_bytes(self) -> bytes:
        """Write the starting points as a file that `from_bytes` reads."""
        out = io.BytesIO()
        held = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        for name in RECORDS:
            # Bytes of equal weight lie together, which takes less space; an empty array has the layout.
            records = held[name]
            held[name] = np.ascontiguousarray(records.view(np.uint8).reshape(len(records), -1).T)
            held[name + LAYOUT] = records[:0]
        np.savez_compressed(out, allow_pickle=False, **held)
        return out.getvalue()

    @staticmethod
    def from_bytes(content: bytes) -> "Start":
        """Read starting points that `to_bytes` has written after a replay."""
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            found = {name: held[name] for name in held.files}
        for name in RECORDS:
            if (layout := found.pop(name + LAYOUT, None)) is not None:  # earlier versions saved the records themselves
                found[name] = np.ascontiguousarray(found[name].T).view(layout.dtype).ravel()
            found[name] = found[name].view(np.recarray)
        return Start(**found | {"effective": float(found["effective"])})


def start(scenario: Scenario, posterior: Posterior, draws: int, threads: int | None = None) -> tuple[Start, Posterior]:
    """Find the starting points of a posterior's timelines: the initial states, or the states after a replay.

    Where few draws fit the record, more are made (`more_draws`).

    Args:
        scenario: the scenario.
        posterior: the posterior on the as-of date.
        draws: number of draws to use: on the reference date the first draws, later those that the replay selects.
        threads: number of threads; does not change the results.

    Returns:
        The starting points, and the posterior with the draws that they name.

    Raises:
        InputError: every draw rules the record out, or the war is recorded as ended.
    """
    day = posterior.as_of
    if day == scenario.reference_date:
        used = posterior.draws.iloc[:draws]
        rows = kernel_inputs.plain_rows(scenario, used)
        number = np.arange(draws)
        found = Start(
            draw=number,
            copy=np.zeros(draws, np.int64),
            states=kernel_inputs.starting_states(scenario, used, rows, day),
            results=blank_result(),
            values=np.zeros((0, len(posterior.redrawn))),
            first=number,
            share=np.ones((draws, 1)),
            effective=None,
            log_weight=np.empty(0),
        )
        return found, posterior
    refuse_ended_war(scenario, day)
    past = weekly_record_of(scenario, day)
    learnt = in_rounds(
        scenario, posterior, lambda drawn, number: replayed(scenario, drawn, past, day, threads, round_number=number)
    )
    if not np.isfinite(learnt.made.log_weight[:, -1]).any():
        raise impossible(learnt.made, scenario, posterior)
    return selected(learnt.made, draws, scenario, day), learnt.posterior


def replayed(
    scenario: Scenario,
    posterior: Posterior,
    past: WeeklyRecord,
    day: date,
    threads: int | None = None,
    *,
    round_number: int = 0,
) -> Replayed:
    """Replay the recorded past up to the as-of date `day` for every draw of a posterior.

    Args:
        scenario: the scenario.
        posterior: the posterior.
        past: the record.
        day: the as-of date.
        threads: number of threads; does not change the results.
        round_number: each round has random numbers of its own.
    """
    reference = scenario.reference_date
    draws = posterior.draws.copy()
    for name in ("front.slow", "front.fast", "washington.capital", "kyiv.instability"):
        draws[name] = posterior.paths[name][:, 0]
    rows = kernel_inputs.parameter_rows(scenario, draws)
    inputs = inputs_at_start(
        rows,
        kernel_inputs.starting_states(scenario, draws, rows, reference),
        kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, posterior.redrawn_mean, posterior.redrawn_chol),
        kernel_inputs.make_world(scenario, reference, until=day),
    )
    return replay_draws(
        inputs,
        observed_of(scenario, past, day),
        np.stack([posterior.paths[PATHS[level]][:, 1:] for level in LEVELS]),
        replicates=REPLICATES,
        seed=f"replay {posterior.draw_seed}" + (f", round {round_number}" if round_number else ""),
        threads=threads,
    )


def selected(made: Replayed, draws: int, scenario: Scenario, day: date) -> Start:
    """Select draws in proportion to their weights, and collect the states of their replicates.

    Args:
        made: a replay in which at least one draw has a positive weight.
        draws: number of draws to select; a draw may be selected several times. More begin with the same, see
            `in_blocks`.
        scenario: for the calendar.
        day: the as-of date.
    """
    final = made.log_weight[:, -1]
    draw, copy = in_blocks(final, draws)
    chosen, place = np.unique(draw, return_inverse=True)
    replicates = made.share.shape[1]
    states, results = made.states[chosen].reshape(-1).copy(), made.results[chosen].reshape(-1).copy()
    states["km2_start"], states["elapsed"] = states["km2"], 0.0
    for name in REMADE:
        states[name] = 0.0
    states["week"] = (day - calendar.monday(scenario.reference_date)).days // 7
    for name in results.dtype.names or ():
        if name.rpartition("_")[2] in calendar.AMOUNT_DAYS:
            results[name] = np.nan
    results["average"] = 0.0
    return Start(
        draw=draw,
        copy=copy,
        states=states,
        results=results,
        values=made.values[chosen].reshape(len(states), -1),
        first=replicates * place,
        share=made.share[draw],
        effective=effective_size(final),
        log_weight=log_mean(made.log_weight),
    )


def in_blocks(log_weight: Array, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw places in proportion to weights, block by block: more places begin with the same ones.

    The first block is that of `in_proportion`. With w_i the share of a place in the weights and u_i its permanent
    random number, its copy k, counted from 0, is due when (k + u_i) / w_i places have been drawn. The copies that are
    not in the first block follow in the order in which they are due. So after any number of blocks a place has been
    drawn about as often as it is expected, and places of equal weight are drawn in turn.

    Args:
        log_weight: (n,) log weights, not all -inf, in an order unrelated to the draws' values.
        count: number of places to draw; blocks have `BLOCK_DRAWS`, the last one may have fewer.

    Returns:
        (count,) places, in the order of use; (count,) number of the copy of each, from 0.
    """
    first = in_proportion(log_weight, min(count, BLOCK_DRAWS))
    later = _when_due(log_weight, first, count - len(first))
    times = np.zeros(len(log_weight), np.int64)
    places, copies = [], []
    for block in (first, *(np.sort(later[k : k + BLOCK_DRAWS]) for k in range(0, len(later), BLOCK_DRAWS))):
        copy = times[block] + np.arange(len(block)) - np.searchsorted(block, block)
        times += np.bincount(block, minlength=len(times))
        # Copies of a draw are spread out, so that the first timelines are a representative sample too.
        order = spread_order(len(block))
        places.append(block[order])
        copies.append(copy[order])
    return np.concatenate(places), np.concatenate(copies)


def _when_due(log_weight: Array, drawn: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The next places to draw in the order in which they are due, after those drawn; see `in_blocks`."""
    weights = np.exp(log_weight - log_weight.max())
    weights /= weights.sum()
    turn = (np.arange(len(weights)) + 0.5) / len(weights)
    times = np.bincount(drawn, minlength=len(weights))
    possible = np.flatnonzero(weights > 0.0)
    due = list(zip(((times + turn)[possible] / weights[possible]).tolist(), possible.tolist(), strict=True))
    heapq.heapify(due)
    found = np.empty(count, np.int64)
    for k in range(count):
        found[k] = place = due[0][1]
        times[place] += 1
        heapq.heapreplace(due, (float((times[place] + turn[place]) / weights[place]), place))
    return found


def in_proportion(log_weight: Array, count: int) -> NDArray[np.int64]:
    """Draw places in proportion to weights; they are in order.

    A place is expected `count` times its share of the weights. It is drawn as often as the whole part of this number.
    The fractional parts are drawn by sequential Poisson sampling, with the places as permanent random numbers
    (E. Ohlsson, 1998). If all weights are equal, the first places are drawn; if they are nearly equal, nearly the same
    places. So after a day with hardly any events the draws are those of the day before, and the odds change because of
    events and not because of the choice of draws.

    Args:
        log_weight: (n,) log weights, not all -inf, in an order unrelated to the draws' values.
        count: number of places to draw.
    """
    weights = np.exp(log_weight - log_weight.max())
    expected = count * weights / weights.sum()
    times = np.floor(expected).astype(np.int64)
    left = expected - times
    with np.errstate(divide="ignore"):
        turn = (np.arange(len(left)) + 0.5) / left
    times[np.argsort(turn, kind="stable")[: count - times.sum()]] += 1
    return np.repeat(np.arange(len(times)), times)


def spread_order(count: int) -> NDArray[np.int64]:
    """Order 0 .. count - 1 so that every prefix is spread evenly, by multiples of the golden ratio; shape (count,)."""
    return np.argsort((0.5 + GOLDEN * np.arange(count)) % 1.0, kind="stable")


def impossible(made: Replayed, scenario: Scenario, posterior: Posterior) -> InputError:
    """Make the error for a record that rules out all draws: its week, its decision or state, and its rows."""
    day = posterior.as_of
    number = int(np.argmin(np.isfinite(made.log_weight).any(axis=0)))
    kind = int(made.ruled_out[number].argmax())
    names = decisions()
    what = names[kind] if kind < len(names) else recorded_as(STATES[kind - MOST_KINDS])
    begin = calendar.monday(scenario.reference_date) + timedelta(days=7 * number)
    rows = _rows_of(scenario.chronology.as_of(day), what, begin)
    fixed = (f"--fix {name}={value:g}" for name, value in posterior.fixed.items())
    readings = (f"--reading {name}" for name in scenario.chronology.used)
    given = ", ".join([*(f"--set {text}" for text in scenario.edits), *fixed, *readings])
    return InputError(
        f"no posterior draw is consistent with the record for the week of {begin}; the usual cause is {what}",
        file=f"{scenario.folder.name}/evidence",
        key="; ".join(rows) or f"week of {begin}, without a record of {what}",
        remedy="Correct the rows or the priors" + (f" (changed in this run: {given})" if given else ""),
    )


def _rows_of(seen: Chronology, what: str, begin: date) -> list[str]:
    """The rows of the evidence in a week that record a decision or a state."""
    state = moved_state(what) if what in seen.guide.decision else what
    related = {name for name in seen.guide.decision if name == what or (state and moved_state(name) == state)}
    found = []
    for file, table, about, names in (
        (CHANGES, seen.states, "state", {state}),
        (EVENTS, seen.events, "decision", related),
    ):
        week = (table["observed"] >= pd.Timestamp(begin)) & (table["observed"] < pd.Timestamp(begin) + WEEK)
        of_week = table[week & table[about].isin(names)]
        days = of_week["observed"].dt.strftime("%Y-%m-%d")
        cells = zip(of_week["row"], days, of_week[about], strict=True)
        found += [f"{seen.row_name(file, row)}: {day}, {name}" for row, day, name in cells]
    return found


def refuse_ended_war(scenario: Scenario, day: date) -> None:
    """Refuse a date by which the war is recorded as ended.

    Raises:
        InputError: the war is recorded as ended; the error names the row.
    """
    seen = scenario.chronology.as_of(day)
    ended = seen.events[seen.events["decision"] == ENDED]
    if not ended.empty:
        row, when = ended["row"].iloc[0], ended["observed"].iloc[0].date()
        place = seen.places.get(row, row_place(Place(f"{scenario.folder.name}/evidence/{EVENTS}"), row))
        what = f"the war is recorded as ended on {when}, so it cannot be forecast as of {day}"
        raise place.error(what, f"Give --as-of {when} or an earlier day, or correct the row")
