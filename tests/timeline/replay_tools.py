"""What tests of the replay share: a recorded week on a bench, and replays of the real priors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from timeline_tools import Bench, Inputs, ukraine, ukraine_inputs

from forecast.encoding import kernel_inputs
from forecast.timeline.conditioning import Observed
from forecast.timeline.particle_filter import LEVELS, STATES, Replayed, check_events, check_states, replay_draws
from forecast.timeline.random_numbers import decisions
from forecast.timeline.week import week
from forecast.timeline.weekly_record import WeeklyRecord, moves_code, nothing_observed, observed_record

RECORDED = ("rung", "posture", "truce", "paused", "banned")


def one_week(
    b: Bench, *, moves: tuple[int, ...] = (), events: Mapping[str, int] | None = None, **after: int
) -> tuple[float, str]:
    """Replay the bench's week with a record of it; states that are not given stay as they are.

    Args:
        b: the bench.
        moves: moves of the ladder in it, +1 or -1 each.
        events: how many happened, by stream; streams left out are left to chance.
        after: recorded states at its end.

    Returns:
        the log weight, and the decision or state that rules it out, "" for none.
    """
    begin = {name: int(getattr(b.s, name)) for name in RECORDED}
    past = WeeklyRecord(
        **{name: np.array([begin[name], after.get(name, begin[name])]) for name in RECORDED},
        events={stream: np.array([count]) for stream, count in (events or {}).items()},
        moves=np.array([moves_code(moves)]),
    )
    observed = condition(b, observed_record(past))
    week(b.p, b.s, b.r, b.w, b.context)
    check_events(b.s, observed)
    check_states(b.s, observed)
    what = int(observed.ruled_out)
    return float(observed.log_weight), "" if what == -1 else STATES[what] if what < 0 else decisions()[what]


def condition(b: Bench, record: Any) -> Observed:
    """Put a record into the bench's context."""
    record["replaying"] = 1
    b.context["observed"] = record[0]
    observed: Observed = b.context.observed
    return observed


@dataclass
class Replay:
    """The real priors' first draws and a number of weeks from the reference date.

    Attributes:
        inputs: their rows and starting states; the world has these weeks alone.
        weeks: how many.
    """

    inputs: Inputs
    weeks: int

    def run(
        self,
        observed: Any = None,
        levels: Any = None,
        *,
        replicates: int = 2,
        seed: int | str = "past",
        threads: int | None = 1,
    ) -> Replayed:
        """Replay them; by default nothing is observed."""
        i = self.inputs
        free = np.full((len(LEVELS), len(i.rows), self.weeks), np.nan)
        return replay_draws(
            i, nothing_observed() if observed is None else observed, free if levels is None else levels,
            replicates=replicates, seed=seed, threads=threads,
        )  # fmt: skip


def first_weeks(draws: int, weeks: int) -> Replay:
    """The first draws of the real priors, and the first weeks."""
    scenario, _ = ukraine()
    until = scenario.reference_date + timedelta(days=7 * weeks)
    world = kernel_inputs.make_world(scenario, scenario.reference_date, until=until)
    return Replay(ukraine_inputs(draws)._replace(world=world), weeks)


def as_bytes(made: Replayed) -> list[bytes]:
    """All that a replay gives."""
    return [np.asarray(getattr(made, name)).tobytes() for name in made.__dataclass_fields__]
