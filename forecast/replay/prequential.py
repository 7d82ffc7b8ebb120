"""Prequential scores: the log predictive density that a member gave to each period since the reference date.

Particles run freely from the reference date (`forecast.timeline.particles`). They are conditioned only on the items
that score all members of a pool: that the war has not ended, whether a general truce holds, and the change of area in
every 28 days, within the errors of the map. After each period they are resampled by their fit to it. The log predictive
density of each period, given all periods before it, follows Dawid's prequential principle: it scores a forecaster who
learns from these items alone.
"""

import math
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from forecast import calendar
from forecast.arrays import Array
from forecast.belief import student_t
from forecast.belief.assemble import Posterior
from forecast.belief.draws import generator
from forecast.encoding import kernel_inputs
from forecast.replay.observations import weekly_record_of
from forecast.replay.periods import blocks, changes_since
from forecast.replay.weights import log_mean
from forecast.scenario.pool import COMMON
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import inputs_at_start
from forecast.timeline.particles import particles, run_span
from forecast.timeline.weekly_record import observed_in_common

PARTICLES = 20_000
"""Particles with which the densities are computed."""


def common_density(
    scenario: Scenario, posterior: Posterior, day: date, threads: int | None = None, number: int = PARTICLES
) -> dict[str, list[tuple[date, float]]]:
    """Log predictive densities of each whole, coded period of 28 days from the reference date to the as-of date.

    Args:
        scenario: under the member's perspective.
        posterior: the member's posterior on the reference date.
        day: the as-of date.
        threads: number of threads; does not change the results.
        number: number of particles.

    Returns:
        By item of the common set: the last day of each period, and the log density of the item in it. For `km2` the
        density is per km2, and only periods with a known area at both ends are included.
    """
    first = scenario.reference_date
    # In weeks that are not coded nobody knows whether the war has ended or a truce holds, so they are not scored.
    whole = blocks(first, scenario.chronology.known_until(day))
    found: dict[str, list[tuple[date, float]]] = {item: [] for item in COMMON}
    if not whole:
        return found
    until, seen = whole[-1][1], dict(changes_since(scenario, day))
    rows = kernel_inputs.parameter_rows(scenario, posterior.draws)
    inputs = inputs_at_start(
        rows,
        kernel_inputs.starting_states(scenario, posterior.draws, rows, first),
        kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, posterior.redrawn_mean, posterior.redrawn_chol),
        kernel_inputs.make_world(scenario, first, until=until),
    )
    made = particles(
        inputs._replace(results=kernel_inputs.starting_result(scenario)),
        observed_in_common(weekly_record_of(scenario, day, until)),
        number=number,
        seed=f"foreseen {posterior.draw_seed}",
        threads=threads,
    )
    error = math.sqrt(2.0) * rows["front"]["mapper_error"]
    chance = generator(posterior.draw_seed, "foreseen, resampled")
    possible = True
    for begin, end in whole:
        last, before = end - timedelta(days=1), made.states["km2"].copy()
        span = calendar.weeks_to(first, begin - timedelta(days=1)), calendar.weeks_to(first, last)
        decided, stood = run_span(made, *span, threads) if possible else np.full((2, number), -math.inf)
        weights = [decided, decided + stood]
        if last in seen:
            gained, scale = made.states["km2"] - before, error[made.draw]
            weights.append(weights[-1] + student_t.log_density((seen[last] - gained) / scale) - np.log(scale))
        logs = [0.0, *(float(log_mean(weight)) for weight in weights)]
        for item, low, high in zip(COMMON, logs, logs[1:], strict=False):
            found[item].append((last, high - low if high > -math.inf else high))
        possible = logs[-1] > -math.inf
        if possible:
            made.pick(systematic(weights[-1], number, float(chance.random())))
    return found


def systematic(log_weight: Array, count: int, u: float) -> NDArray[np.int64]:
    """Draw places in proportion to weights, by systematic resampling; they are in order.

    Args:
        log_weight: (n,) log weights, not all -inf.
        count: number of places to draw.
        u: the only random number used, between 0 and 1.
    """
    weights = np.exp(log_weight - log_weight.max())
    upto = np.cumsum(weights / weights.sum()) * count
    upto[np.flatnonzero(weights)[-1] :] = count
    return np.searchsorted(upto, np.arange(count) + u, side="right")
