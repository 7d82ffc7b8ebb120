"""How well the reference date's belief foresaw each period: items, periods, cases by hand."""

import math
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from chronology_tools import chronicle

from forecast.belief.assemble import Posterior, update
from forecast.encoding import kernel_inputs
from forecast.ensemble.base_rates import common_density as of_base_rates
from forecast.replay.prequential import common_density, systematic
from forecast.scenario.load import load_scenario
from forecast.scenario.pool import COMMON
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import inputs_at_start
from forecast.timeline.particle_filter import LEVELS, replay_draws
from forecast.timeline.weekly_record import nothing_observed

FIRST, FOUR_WEEKS = date(2025, 1, 20), timedelta(days=28)


@pytest.fixture(scope="module")
def believed() -> tuple[Scenario, Posterior]:
    """The real scenario and its priors, the first 600 draws."""
    scenario = load_scenario("ukraine-2025")
    posterior = update(scenario, prior_only=True)
    return scenario, replace(posterior, draws=posterior.draws.iloc[:600], redrawn_mean=posterior.redrawn_mean[:600])


def later(scenario: Scenario, posterior: Posterior, weeks: int) -> tuple[np.ndarray, np.ndarray]:
    """What free runs show after some weeks: the change of area, and whether the war goes on."""
    rows = kernel_inputs.parameter_rows(scenario, posterior.draws)
    inputs = inputs_at_start(
        rows,
        kernel_inputs.starting_states(scenario, posterior.draws, rows, FIRST),
        kernel_inputs.redrawn_parameters(scenario, posterior.redrawn, posterior.redrawn_mean, posterior.redrawn_chol),
        kernel_inputs.make_world(scenario, FIRST, until=FIRST + timedelta(days=7 * weeks)),
    )
    made = replay_draws(
        inputs,
        nothing_observed(),
        np.full((len(LEVELS), len(rows), weeks), np.nan),
        replicates=60,
        seed="free",
    )
    return made.states["km2"], made.states["ending"] == 0


def test_periods_are_whole_ones_and_no_item_is_missing(believed: tuple[Scenario, Posterior]) -> None:
    assert common_density(*believed, FIRST + timedelta(days=27)) == {item: [] for item in COMMON}
    found = common_density(*believed, FIRST + 2 * FOUR_WEEKS)
    ends = [FIRST + k * FOUR_WEEKS - timedelta(days=1) for k in (1, 2)]
    assert {item: [day for day, _ in told] for item, told in found.items()} == dict.fromkeys(COMMON, ends)
    assert all(math.isfinite(density) for told in found.values() for _, density in told)
    # A day more, and what a later day knows of a period that is over, changes nothing.
    assert common_density(*believed, FIRST + 2 * FOUR_WEEKS + timedelta(days=13)) == found
    # Every member of a pool is judged by the same periods.
    beside = of_base_rates(believed[0], FIRST + 2 * FOUR_WEEKS)
    assert {item: [day for day, _ in told] for item, told in beside.items()} == dict.fromkeys(COMMON, ends)


def test_that_the_war_went_on_and_no_truce_came(believed: tuple[Scenario, Posterior]) -> None:
    found = common_density(*believed, FIRST + FOUR_WEEKS)
    _, goes_on = later(*believed, 4)
    (_, ended), (_, truce) = found["war_ended"][0], found["general_truce"][0]
    # Weighed by its rate, not counted: four binomial standard errors apart at most.
    share = 1.0 - goes_on.mean()
    assert 0.0 < -ended < 0.02
    assert abs(1.0 - math.exp(ended) - share) < 4.0 * math.sqrt(max(share, 1e-3) / goes_on.size)
    assert -0.3 < truce < 0.0


def test_what_came_after_the_last_period_is_no_part_of_it(believed: tuple[Scenario, Posterior]) -> None:
    # On 8 June the step to terms of the 2nd is known; the last whole period ends on 11 May.
    found = common_density(*believed, date(2025, 6, 8))
    assert [day for day, _ in found["km2"]][-1] == date(2025, 5, 11)


def with_area(scenario: Scenario, gain: float, available: date | None = None) -> Scenario:
    """The scenario with another area at the end of the first period: a gain of so much since the reference date."""
    rows = scenario.evidence.table.copy()
    area = rows["series"] == scenario.area_series
    start = float(rows.loc[area & (rows["observed"] == str(FIRST)), "value"].iloc[0])
    at = area & (rows["observed"] == str(FIRST + FOUR_WEEKS))
    assert at.sum() == 1
    rows.loc[at, "value"] = start + gain
    if available is not None:
        rows.loc[at, "available"] = np.datetime64(available)
    return replace(scenario, evidence=replace(scenario.evidence, table=rows))


def km2_of(scenario: Scenario, posterior: Posterior, gain: float) -> float:
    (told,) = common_density(with_area(scenario, gain), posterior, FIRST + FOUR_WEEKS, number=8_000)["km2"]
    return told[1]


def test_the_density_of_a_gain_is_a_density(believed: tuple[Scenario, Posterior]) -> None:
    # Even steps of asinh(gain / 100), since the tails are long.
    step = np.arange(-4.6, 5.2, 0.2)
    grid = 100.0 * np.sinh(step)
    density = np.exp([km2_of(*believed, gain) for gain in grid])
    assert np.trapezoid(density * 100.0 * np.cosh(step), step) == pytest.approx(1.0, abs=0.03)
    simulated, _ = later(*believed, 4)
    low, middle, high = np.quantile(simulated, [0.1, 0.5, 0.9])
    assert low < grid[density.argmax()] < high
    assert km2_of(*believed, middle) > max(km2_of(*believed, low), km2_of(*believed, high))


def test_with_next_to_no_noise_it_is_the_share_of_runs_nearby(believed: tuple[Scenario, Posterior]) -> None:
    scenario, posterior = believed
    simulated, _ = later(scenario, posterior, 4)
    gain = float(np.quantile(simulated, 0.4))
    noisy = posterior.draws.assign(**{"front.mapper_error": 15.0})
    t = (gain - simulated) / (math.sqrt(2.0) * 15.0)
    by_hand = math.log(np.mean(0.375 / (math.sqrt(2.0) * 15.0) * (1.0 + t * t / 4.0) ** -2.5))
    # By hand no timeline is left out for a truce or an end, which few have in four weeks.
    assert km2_of(scenario, replace(posterior, draws=noisy), gain) == pytest.approx(by_hand, abs=0.1)


def test_a_figure_that_was_late_is_not_seen(believed: tuple[Scenario, Posterior]) -> None:
    scenario, posterior = believed
    late = with_area(scenario, 300.0, FIRST + 2 * FOUR_WEEKS + timedelta(days=1))
    seen = common_density(late, posterior, FIRST + FOUR_WEEKS)
    assert (seen["km2"], len(seen["war_ended"])) == ([], 1)
    # Its period stays without a figure, and so does the next, which began from it.
    assert common_density(late, posterior, FIRST + 2 * FOUR_WEEKS)["km2"] == []
    after = common_density(late, posterior, FIRST + 2 * FOUR_WEEKS + timedelta(days=1))
    assert len(after["km2"]) == 2


def test_a_truce_that_held_is_foreseen_by_few(tiny_folder: Path) -> None:
    # In the made-up war the guns fall silent in the seventh week, after talks had begun.
    changes = (
        "2031-03-05,2031-03-06,rung,contact,talks,gazette",
        "2031-04-16,2031-04-17,truce,general,silence,gazette",
    )
    scenario = load_scenario(chronicle(tiny_folder, changes=changes))
    posterior, first = update(scenario, prior_only=True), scenario.reference_date
    told = common_density(scenario, posterior, first + 2 * FOUR_WEEKS)
    quiet = common_density(load_scenario(chronicle(tiny_folder, changes=())), posterior, first + 2 * FOUR_WEEKS)
    before, after = (density for _, density in told["general_truce"])
    assert before == pytest.approx(quiet["general_truce"][0][1], abs=1e-12)
    assert after < -3.0 < quiet["general_truce"][1][1]


def test_particles_are_picked_in_proportion_to_their_weights() -> None:
    weights = np.array([0.0, 0.5, 0.25, 0.0, 0.25])
    with np.errstate(divide="ignore"):
        logs = np.log(weights) - 800.0
    picked = np.mean([np.bincount(systematic(logs, 5, u), minlength=5) for u in (np.arange(500) + 0.5) / 500], axis=0)
    assert picked == pytest.approx(5 * weights, abs=0.01)
    assert systematic(np.zeros(4), 4, 0.999999).tolist() == [0, 1, 2, 3]
