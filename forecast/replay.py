"""From the reference date to the as-of date: what happened, put to every draw of the posterior.

Each of the posterior's draws is replayed by the weekly code with what is recorded and observed
(`forecast.timeline.replay`), and weighted by the probability that it gives to it. Of all draws some are selected, in
proportion to their weights, once; the future starts from where they stand. Observed levels and parameters that the
belief has learnt from series are not weighed again.
"""

import io
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast import calendar, recorded
from forecast.belief.assemble import DRAW_SEED, Posterior
from forecast.chronology import Chronology
from forecast.errors import InputError
from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario
from forecast.timeline import prepare
from forecast.timeline.codes import GENERAL, SIGNED
from forecast.timeline.front import KURSK_GONE
from forecast.timeline.luck import decisions
from forecast.timeline.past import STREAMS, Past, known_record, moves_code
from forecast.timeline.replay import LEVELS, MOST_KINDS, STATES, Replayed, replay_draws
from forecast.timeline.simulate import TIMELINES_PER_DRAW, Cells, blank_record

REPLICATES = 10
"""Replicates of each draw in a replay."""

THIN = 100
"""Effective draws below which what is left of the posterior is thin."""

COPY = 1_000_000
"""What is added to the replicate's number in each further copy of a draw that was selected more than once."""

GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio: its multiples spread evenly over 0 to 1, however many are taken."""

PATHS = {
    "slow": "front.slow",
    "fast": "front.fast",
    "net": "front.net",
    "capital": "washington.capital",
    "instability": "kyiv.instability",
}
"""Observed levels, and the posterior's path of each."""


WEEK = pd.Timedelta(days=7)


@dataclass(frozen=True)
class Start:
    """Where simulated futures start from, on the as-of date.

    Attributes:
        draw: (n,) draws of the posterior, in the order in which timelines use them; one may come several times.
        copy: (n,) number of the copy, of a draw that was selected more than once.
        states: (m,) laid out as `State`.
        records: (m,) laid out as `Record`: what is behind each state.
        given: (m, k) what each has drawn anew in its timeline already; None where it is still to be drawn.
        first: (n,) place of the first state of each draw; its `replicates` states follow one another.
        share: (n, replicates) how often each of them is started from.
        effective: effective draws, 1 / sum of squared weights; None without a replay.
        log_weight: (weeks,) log of the mean weight over all draws by the end of each week replayed.
    """

    draw: NDArray[np.int64]
    copy: NDArray[np.int64]
    states: Any
    records: Any
    given: Array | None
    first: NDArray[np.int64]
    share: Array
    effective: float | None
    log_weight: Array

    def cells(self, timelines: int) -> Cells:
        """The cells of a run: timeline i uses draw (i // 40) mod n, whatever the number of timelines."""
        return self.cells_of(np.arange(timelines))

    def cells_of(self, i: NDArray[np.int64]) -> Cells:
        """The cells of some of a run's timelines, by their numbers."""
        slot = (i // TIMELINES_PER_DRAW) % len(self.draw)
        number = i % TIMELINES_PER_DRAW + TIMELINES_PER_DRAW * (i // (TIMELINES_PER_DRAW * len(self.draw)))
        # Replicates in turn, so that any number of timelines shares them out nearly in proportion.
        u = (0.5 + GOLDEN * number) % 1.0
        upto = np.cumsum(self.share, axis=1)
        upto[:, -1] = 1.0
        which = (u[:, None] >= upto[slot]).sum(axis=1)
        return Cells(slot, self.first[slot] + which, self.draw[slot], number + COPY * self.copy[slot])

    def to_bytes(self) -> bytes:
        """What `from_bytes` reads."""
        out = io.BytesIO()
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(out, allow_pickle=False, **{name: np.asarray(value) for name, value in held.items()})
        return out.getvalue()

    @staticmethod
    def from_bytes(content: bytes) -> "Start":
        """One that was kept after a replay."""
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            found = {name: held[name] for name in held.files}
        return Start(
            **found
            | {
                "states": found["states"].view(np.recarray),
                "records": found["records"].view(np.recarray),
                "effective": float(found["effective"]),
            }
        )


def start(scenario: Scenario, posterior: Posterior, draws: int, threads: int | None = None) -> Start:
    """Where the futures of a posterior start from: the reference date's own start, or what a replay leads to.

    Args:
        scenario: the scenario.
        posterior: what is believed on the as-of date.
        draws: how many draws to use: on the reference date the first, later those that the replay selects.
        threads: threads to use; changes no number.

    Raises:
        InputError: what is recorded could not have happened.
    """
    day = posterior.as_of
    if day == scenario.reference_date:
        used = posterior.draws.iloc[:draws]
        rows = prepare.parameter_rows(scenario, used)
        number = np.arange(draws)
        return Start(
            draw=number,
            copy=np.zeros(draws, np.int64),
            states=prepare.starting_states(scenario, used, rows, day),
            records=blank_record(),
            given=None,
            first=number,
            share=np.ones((draws, 1)),
            effective=None,
            log_weight=np.empty(0),
        )
    past = past_of(scenario, day)
    return selected(replayed(scenario, posterior, past, day, threads), draws, scenario, day)


def replayed(scenario: Scenario, posterior: Posterior, past: Past, day: date, threads: int | None = None) -> Replayed:
    """Replay the past for every draw of a posterior."""
    reference = scenario.reference_date
    draws = posterior.draws.copy()
    for name in ("front.slow", "front.fast", "washington.capital", "kyiv.instability"):
        draws[name] = posterior.paths[name][:, 0]
    rows = prepare.parameter_rows(scenario, draws)
    return replay_draws(
        rows,
        prepare.starting_states(scenario, draws, rows, reference),
        prepare.drawn_anew(scenario, posterior.anew, posterior.anew_mean, posterior.anew_chol),
        prepare.make_world(scenario, reference, until=day),
        known_record(past),
        np.stack([posterior.paths[PATHS[level]][:, 1:] for level in LEVELS]),
        replicates=REPLICATES,
        seed=f"replay {DRAW_SEED}",
        threads=threads,
    )


def selected(made: Replayed, draws: int, scenario: Scenario, day: date) -> Start:
    """Select draws in proportion to their weights, systematically, and gather where their replicates stand.

    Raises:
        InputError: every draw is ruled out.
    """
    final = made.log_weight[:, -1]
    if not np.isfinite(final).any():
        raise impossible(made, scenario, day)
    weights = np.exp(final - final.max())
    draw = systematic(final, draws)
    chosen, place = np.unique(draw, return_inverse=True)
    copy = np.arange(draws) - np.searchsorted(draw, draw)
    # Copies of a draw stand far apart, so that a prefix of the timelines is a fair sample too.
    order = spread_order(draws)
    replicates = made.share.shape[1]
    states, records = made.states[chosen].reshape(-1).copy(), made.records[chosen].reshape(-1).copy()
    states["km2_start"], states["elapsed"] = states["km2"], 0.0
    states["week"] = (day - calendar.monday(scenario.reference_date)).days // 7
    for name in ("km2_4w", "km2_13w", "km2_26w", "approval_4w", "approval_13w"):
        records[name] = np.nan
    return Start(
        draw=draw[order],
        copy=copy[order],
        states=states,
        records=records,
        given=made.anew[chosen].reshape(len(states), -1),
        first=(replicates * place)[order],
        share=made.share[draw[order]],
        effective=float(weights.sum() ** 2 / np.sum(weights**2)),
        log_weight=log_mean(made.log_weight),
    )


def systematic(log_weight: Array, count: int, u: float = 0.5) -> NDArray[np.int64]:
    """Places drawn in proportion to weights by systematic resampling, in order.

    Args:
        log_weight: (n,) not all -inf.
        count: how many to draw.
        u: the one random number that it takes, from 0 to 1.
    """
    weights = np.exp(log_weight - log_weight.max())
    upto = np.cumsum(weights / weights.sum()) * count
    upto[np.flatnonzero(weights)[-1] :] = count
    return np.searchsorted(upto, np.arange(count) + u, side="right")


def log_mean(log_weight: Array) -> Array:
    """Log of the mean weight over the draws, the first axis; -inf where all are 0."""
    most = np.maximum(log_weight.max(axis=0), np.finfo(float).min)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(log_weight - most).mean(axis=0)) + most)


def spread_order(count: int) -> NDArray[np.int64]:
    """An order of 0 .. count - 1 of which every prefix is spread over the whole: by multiples of the golden ratio."""
    return np.argsort((0.5 + GOLDEN * np.arange(count)) % 1.0, kind="stable")


def past_of(scenario: Scenario, day: date, until: date | None = None) -> Past:
    """What is recorded, as known on a date, of the weeks between the reference date and it, or an earlier day."""
    seen = scenario.chronology.as_of(day)
    ends = week_ends(scenario, until or day)
    course = {state: _course(seen, state, ends) for state in recorded.STATES}
    return Past(
        rung=course["rung"],
        posture=course["posture"],
        truce=course["truce"],
        paused=course["arms"],
        banned=course["ban"],
        events=_events(seen, ends),
        moves=_moves(seen, ends),
        kursk=_kursk(scenario, day, ends, course["kursk"][1:]),
    )


def week_ends(scenario: Scenario, day: date) -> list[date]:
    """The day after the last of each calendar week's part before the as-of date."""
    first = calendar.monday(scenario.reference_date)
    weeks = calendar.weeks_to(scenario.reference_date, day - timedelta(days=1))
    return [min(first + timedelta(days=7 * k), day) for k in range(1, weeks + 1)]


def _changes(seen: Chronology, state: str) -> list[tuple[date, int]]:
    """The changes of a state: day, and the code of the value from then on."""
    rows = seen.states[seen.states["state"] == state]
    codes = [recorded.STATES[state].index(value) for value in rows["value"]]
    return list(zip((day.date() for day in rows["observed"]), codes, strict=True))


def _course(seen: Chronology, state: str, ends: list[date]) -> NDArray[np.int64]:
    """A state's code at the start and at the end of each week."""
    course = [recorded.STATES[state].index(seen.start[state])]
    changes = _changes(seen, state)
    for end in ends:
        before = [code for day, code in changes if day < end]
        course.append(before[-1] if before else course[0])
    return np.array(course, np.int64)


def _moves(seen: Chronology, ends: list[date]) -> NDArray[np.int64]:
    """The moves of the ladder in each week.

    That talks are left at contact by a settlement or a general truce that breaks is none of them.
    """
    at = recorded.STATES["rung"].index(seen.start["rung"])
    steps: list[list[int]] = [[] for _ in ends]
    broken = _general_ends(seen)
    for day, rung in _changes(seen, "rung"):
        if day < ends[-1] and at != SIGNED and not (day in broken and rung < at):
            steps[next(k for k, end in enumerate(ends) if day < end)].append(rung - at)
        at = rung
    return np.array([moves_code(taken) for taken in steps], np.int64)


def _general_ends(seen: Chronology) -> set[date]:
    """Days on which a general truce ended."""
    code, found = recorded.STATES["truce"].index(seen.start["truce"]), set()
    for day, truce in _changes(seen, "truce"):
        if code == GENERAL and truce != GENERAL:
            found.add(day)
        code = truce
    return found


def _events(seen: Chronology, ends: list[date]) -> dict[str, NDArray[np.int64]]:
    """How many events of each stream that is recorded systematically happened in each week."""
    begins = [date.min, *ends[:-1]]
    counts = {}
    for stream in STREAMS:
        if stream in seen.guide.decision and seen.guide.decision[stream].systematic:
            days = [day.date() for day in seen.events.loc[seen.events["decision"] == stream, "observed"]]
            found = [sum(begin <= day < end for day in days) for begin, end in zip(begins, ends, strict=True)]
            counts[stream] = np.array(found, np.int64)
    return counts


def _kursk(scenario: Scenario, day: date, ends: list[date], held: NDArray[np.int64]) -> Array:
    """Russian ground held by Ukraine at the end of each week, km2; NaN where the map is not known."""
    found = np.full(len(ends), np.nan)
    if scenario.series.kursk is not None:
        rows = scenario.evidence.as_of(day).series(scenario.series.kursk)
        known = pd.Series(rows["value"].to_numpy(float), index=[when.date() for when in rows["observed"]])
        # While it is recorded as held, the last map stands, and is no less than what counts as held.
        found = known.reindex(ends, method="ffill").to_numpy(float)
        found = np.where(held == 1, np.maximum(found, KURSK_GONE), found)
    return np.where(held == 1, found, 0.0)


def impossible(made: Replayed, scenario: Scenario, day: date) -> InputError:
    """Say in which week the last draw was ruled out, what ruled most of them out in it, and the rows that say so."""
    number = int(np.argmin(np.isfinite(made.log_weight).any(axis=0)))
    kind = int(made.ruled_out[number].argmax())
    names = decisions()
    what = names[kind] if kind < len(names) else STATES[kind - MOST_KINDS]
    begin = calendar.monday(scenario.reference_date) + timedelta(days=7 * number)
    seen = scenario.chronology.as_of(day)
    told = seen.guide.decision.get(what)
    state = told.state if told is not None else what
    rows = []
    for file, table, about in (("states.csv", seen.states, "state"), ("events.csv", seen.events, "decision")):
        of_week = table[(table["observed"] >= pd.Timestamp(begin)) & (table["observed"] < pd.Timestamp(begin) + WEEK)]
        found = of_week[of_week[about].isin([what, state])]
        days = found["observed"].dt.strftime("%Y-%m-%d")
        rows += [f"{file}: {day}, {name}" for day, name in zip(days, found[about], strict=True)]
    return InputError(
        f"no draw of the posterior allows what is recorded of the week of {begin}: all were ruled out by {what}",
        file="evidence",
        key="; ".join(rows) or f"week of {begin}, where nothing is recorded of {what}",
        mend="Correct the rows, or the priors under which this cannot be",
    )
