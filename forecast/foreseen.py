"""How well what is believed on the reference date foresaw what has happened since, period by period.

Every draw runs on from the reference date by itself, and is held only to what all members of a pool are judged by:
that the war has not ended, whether a general truce holds, and the change of area in every 28 days. The log predictive
density of each, given all before it, is that of Dawid's prequential principle: what a forecaster who learns from
nothing else would have been surprised by.
"""

import math
from datetime import date, timedelta

import numpy as np

from forecast.base_rates_record import blocks, changes_since
from forecast.belief.assemble import DRAW_SEED, Posterior
from forecast.replay import REPLICATES, log_mean, past_of
from forecast.scenario.spec import Scenario
from forecast.timeline import prepare
from forecast.timeline.past import known_common
from forecast.timeline.replay import LEVELS, replay_draws

ITEMS = ("war_ended", "general_truce", "km2")
"""Items of the common set, in the order in which a week weighs them: an end on the battlefield; a general truce, also
the one that a settlement brings, which another member may count as an end. The sum of both is of the same events."""


def common_density(
    scenario: Scenario, posterior: Posterior, day: date, threads: int | None = None
) -> dict[str, list[tuple[date, float]]]:
    """Log predictive densities of each whole period of 28 days between the reference date and the as-of date.

    Args:
        scenario: as the member sees it.
        posterior: what the member believed on the reference date.
        day: the as-of date.
        threads: threads to use; changes no number.

    Returns:
        by item of the common set: last day of each period, and the log density of what happened in it; of `km2` only
        where the area is known at both ends, per km2.
    """
    first = scenario.reference_date
    whole = blocks(first, day)
    if not whole:
        return {item: [] for item in ITEMS}
    until = whole[-1][1]
    past, world = past_of(scenario, day, until), prepare.make_world(scenario, first, until=until)
    last_days = [end - timedelta(days=1) for _, end in whole]
    ends = np.array([_week_of(scenario, last) for last in last_days])
    seen = dict(changes_since(scenario, day))
    gains = np.full((2, past.weeks), np.nan)
    gains[0] = 0.0
    gains[0, ends] = 1.0
    gains[1, ends] = [seen.get(last, math.nan) for last in last_days]
    rows = prepare.parameter_rows(scenario, posterior.draws)
    made = replay_draws(
        rows,
        prepare.starting_states(scenario, posterior.draws, rows, first),
        prepare.drawn_anew(scenario, posterior.anew, posterior.anew_mean, posterior.anew_chol),
        world,
        known_common(past),
        np.full((len(LEVELS), len(rows), past.weeks), np.nan),
        replicates=REPLICATES,
        seed=f"foreseen {DRAW_SEED}",
        gains=gains,
        gain_scale=math.sqrt(2.0) * rows["front"]["mapper_error"],
        threads=threads,
    )
    steps = np.diff(np.concatenate([[0.0], log_mean(made.log_weight).reshape(-1)])).reshape(past.weeks, len(ITEMS))
    begins = [0, *(ends[:-1] + 1)]
    found: dict[str, list[tuple[date, float]]] = {}
    for k, item in enumerate(ITEMS):
        of_period = [float(steps[a : b + 1, k].sum()) for a, b in zip(begins, ends, strict=True)]
        told = zip(last_days, of_period, strict=True)
        found[item] = [(last, density) for last, density in told if item != "km2" or last in seen]
    return found


def _week_of(scenario: Scenario, day: date) -> int:
    """The calendar week of a day, counted from that of the reference date."""
    first = scenario.reference_date
    return (day - (first - timedelta(days=first.weekday()))).days // 7
