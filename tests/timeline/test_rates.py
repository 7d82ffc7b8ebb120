"""Rates, levels and shares simulated 20,000 times, against what theory says of them.

Tolerances are four standard errors: by chance one check in 16,000 fails, and the seed is fixed.
"""

import math

import numpy as np
import pytest
from scipy import linalg
from timeline_tools import Bench, bench, run

from forecast.encoding.reference_rates import Fluctuations
from forecast.timeline import bands, front
from forecast.timeline.cells import Cells, Redrawn, inputs_at_start
from forecast.timeline.codes import BREAKTHROUGH_CAUSE, CAPITULATION, CRASH
from forecast.timeline.fields import WEEKS_PER_YEAR, to_kernel
from forecast.timeline.parameters import PARAMETERS
from forecast.timeline.random_numbers import cell_key, context_record
from forecast.timeline.state import STATE
from forecast.timeline.world import WORLD

pytestmark = pytest.mark.statistical

NUMBER = 20_000
PARTS = ("front", "moscow", "washington", "hawks", "europe", "kyiv", "endings")
NOTHING_REDRAWN = Redrawn(np.zeros(0, int), np.zeros(0, int), np.zeros((1, 0)), np.zeros((0, 0)), np.zeros((0, 2)))


def many(b: Bench, number: int = NUMBER) -> tuple[np.ndarray, np.ndarray]:
    """Rows and band counts of many timelines of one bench."""

    def alone(record: np.void, kind: np.dtype) -> np.ndarray:
        return np.array([record], dtype=kind).view(np.recarray)

    zero, i = np.zeros(number, int), np.arange(number)
    given = inputs_at_start(alone(b.p, PARAMETERS), alone(b.s, STATE), NOTHING_REDRAWN, alone(b.w, WORLD))
    return run(given, Cells(zero, zero, zero, i), threads=2)


def endless_ground(b: Bench) -> None:
    """Give the ledger more room than any advance or retreat can use up."""
    b.w.facts.region_area[:2] = 2e9
    b.p.front.held[:2] = b.s.held[:2] = 1e9


def agree(count: int, of: int, chance: float) -> bool:
    """Whether a count is within four standard errors of its expectation."""
    return bool(abs(count / of - chance) < 4 * math.sqrt(chance * (1 - chance) / of))


EVENTS = {
    "mobilised": ("front.mobilisation_chance", 0.3),
    "breakthrough": ("front.breakthrough", 0.2),
    "home_shock": ("moscow.home_shock", 0.05),
    "walked_away": ("washington.walk_away", 0.4),
    "transfer": ("kyiv.transfer", 0.1),
    "coup_attempt": ("kyiv.coup", 0.02),
    "ban_lifted": ("kyiv.ban", 0.15),
}


def test_constant_intensities_give_the_chance_that_was_elicited() -> None:
    b = bench(50, ends=346.0)
    for place, chance in EVENTS.values():
        part, name = place.split(".")
        b.p[part][name] = to_kernel("chance/year", chance)
    b.p.washington.attention_mean = 1.0
    b.s.banned = 1
    rows, _ = many(b)
    years = 346 / 365.25
    for name, (_, chance) in EVENTS.items():
        happened = int((~np.isnan(rows[name])).sum())
        assert agree(happened, NUMBER, 1 - (1 - chance) ** years), name
    # The control: a chance a year taken for a rate a year would be noticed.
    assert not agree(int((~np.isnan(rows.walked_away)).sum()), NUMBER, 1 - math.exp(-0.4 * years))


def test_the_step_of_a_week_does_not_change_a_constant_intensity() -> None:
    b = bench(50, ends=346.0)
    b.p.front.mobilisation_chance = to_kernel("chance/year", 0.3)
    b.w.substeps = 3
    rows, _ = many(b)
    assert agree(int((~np.isnan(rows.mobilised)).sum()), NUMBER, 1 - 0.7 ** (346 / 365.25))


def test_endings_compete_in_proportion_to_their_rates() -> None:
    b = bench(50, ends=346.0)
    defeat, failure = to_kernel("chance/year", 0.3), to_kernel("chance/year", 0.1)
    b.p.endings.defeat, b.p.endings.failure = defeat, failure
    rows, _ = many(b)
    ended = int((rows.ending > 0).sum())
    assert agree(ended, NUMBER, 1 - (0.7 * 0.9) ** (346 / 365.25))
    assert agree(int((rows.ending == 1).sum()), ended, defeat / (defeat + failure))
    # The control: halves.
    assert not agree(int((rows.ending == 1).sum()), ended, 0.5)
    # When: exponential, whatever the ending.
    half = rows.week[rows.ending > 0] <= 25
    within = (1 - math.exp(-25 * (defeat + failure))) / (1 - math.exp(-346 / 7 * (defeat + failure)))
    assert agree(int(half.sum()), ended, within)


def test_causes_compete_by_their_shares() -> None:
    b = bench(50, ends=346.0)
    b.p.endings.defeat, b.p.endings.failure = to_kernel("chance/year", 0.3), to_kernel("chance/year", 0.3)
    e = b.p.endings
    e.defeat_capitulation, e.defeat_overthrow, e.defeat_supply = 5.0, 3.0, 2.0
    e.failure_crash, e.failure_mutiny, e.failure_death = 1.0, 6.0, 3.0
    rows, _ = many(b)
    for first, shares in ((CAPITULATION, (0.5, 0.3, 0.2)), (CRASH, (0.1, 0.6, 0.3))):
        counts = [int((rows.cause == first + k).sum()) for k in range(3)]
        for count, share in zip(counts, shares, strict=True):
            assert agree(count, sum(counts), share)
    assert np.array_equal(rows.cause >= 0, rows.ending > 0)


def breakthrough() -> Bench:
    """A breakthrough that ends in collapse once in five times, if left alone."""
    b = bench(60)
    endless_ground(b)
    b.p.endings.collapse, b.p.front.thrust_half_life, b.p.front.breakthrough_thrust = 0.2, 3.0, 1.5
    b.s.thrust = b.s.thrust_full = 1.5
    return b


def test_a_breakthrough_left_alone_collapses_with_its_chance() -> None:
    b = breakthrough()
    b.p.endings.collapse_weeks = 4.0
    rows, _ = many(b)
    assert agree(int((rows.ending == 1).sum()), NUMBER, 0.2)
    assert np.array_equal(rows.ending == 1, rows.cause == BREAKTHROUGH_CAUSE)


@pytest.mark.parametrize("weeks", [0.5, 4.0, 8.0])
def test_defeat_follows_a_collapse_after_its_weeks(weeks: float) -> None:
    b = breakthrough()
    b.p.endings.collapse_weeks = weeks
    rows, _ = many(b, 4000)
    ended = rows[rows.ending == 1]
    assert len(ended) > 500
    assert np.all(ended.week * 7 - 1 - ended.collapse_began == 7 * math.ceil(weeks))
    # The time to its start does not depend on the time that it takes.
    assert np.all(ended.collapse_began <= 7 * 60)
    by_hand = -math.log(0.8) * (1 - 2 ** (-2 / 3))
    assert agree(int((rows.collapse_began < 14).sum()), 4000, 1 - math.exp(-by_hand))


MOVED = {
    "home_shock": ("moscow.home_shock", 0.05, {"moscow.home_shock_strain": 0.6}),
    "walked_away": ("washington.walk_away", 0.4, {"washington.walk_attention": 0.5, "washington.walk_capital": 0.4}),
    "coup_attempt": ("kyiv.coup", 0.1, {"kyiv.coup_instability": 0.7}),
    "draft_failed": ("front.draft_failure", 0.2, {"front.draft_failure_instability": 0.6}),
    "breakthrough": (
        "front.breakthrough",
        0.25,
        {"front.breakthrough_adequacy": 0.6, "front.breakthrough_advance": 0.8},
    ),
}


def test_rates_that_levels_move_give_the_chance_that_was_elicited() -> None:
    b = bench(53, ends=WEEKS_PER_YEAR * 7)
    endless_ground(b)
    p = b.p
    p.front.slow_sd, p.front.slow_half_life, p.front.breakthrough_thrust, p.front.thrust_half_life = 0.4, 20.0, 0.0, 3.0
    for part, half_life in (("kyiv.instability", 20.0), ("moscow.strain", 40.0), ("front.adequacy", 15.0)):
        owner, level = part.split(".")
        p[owner][f"{level}_half_life"] = half_life

    def rates(corrected: bool) -> np.ndarray:
        for name, chance, effects in MOVED.values():
            part, key = name.split(".")
            weekly = np.array([to_kernel("chance/year", chance)])
            for effect, value in effects.items():
                owner, place = effect.split(".")
                p[owner][place] = value
            if corrected:
                named = {
                    f"{owner}.{place}": np.array([p[owner][place]]) for owner in PARTS for place in p[owner].dtype.names
                }
                weekly *= Fluctuations(named, np.zeros(53)).correction(name, weekly, chance=True)
            p[part][key] = weekly[0]
        return many(b)[0]

    # A coup makes none of the others likelier here, and shocks leave the levels as they are.
    rows = rates(corrected=True)
    for name, (_, chance, _) in MOVED.items():
        happened = int((~np.isnan(rows[name])).sum())
        assert abs(happened / NUMBER - chance) < 4 * math.sqrt(chance * (1 - chance) / NUMBER) + 0.02 * chance, name
    # The control: elicited rates taken as they are would be noticed.
    rows = rates(corrected=False)
    assert not agree(int((~np.isnan(rows.walked_away)).sum()), NUMBER, 0.4)
    assert not agree(int((~np.isnan(rows.draft_failed)).sum()), NUMBER, 0.2)


LEVELS = {
    "capital": ("washington", 30.0),
    "attention": ("washington", 8.0),
    "hawks": ("hawks", 12.0),
    "obstruction": ("europe", 20.0),
    "instability": ("kyiv", 15.0),
    "strain": ("moscow", 25.0),
    "adequacy": ("front", 10.0),
}


def moments(counts: np.ndarray, level: int, week: int) -> tuple[float, float]:
    """Mean and standard deviation of a level in a week, from its bins."""
    what = bands.LEVELS[level]
    middles = what.low + (np.arange(bands.BINS) + 0.5) * (what.high - what.low) / bands.BINS
    weights = counts.sum(axis=0)[week, level]
    mean = np.average(middles, weights=weights)
    return float(mean), math.sqrt(np.average((middles - mean) ** 2, weights=weights))


def test_levels_have_unit_spread_and_the_half_life_declared() -> None:
    b = bench(156)
    for name, (part, half_life) in LEVELS.items():
        b.p[part][f"{name}_half_life"] = half_life
        b.s[name] = 3.0
    _, counts = many(b, 8000)
    for k, (name, (_, half_life)) in enumerate(LEVELS.items()):
        assert bands.LEVELS[k].name == name
        for week in (0, 7, 25, 155):
            mean, sd = moments(counts, k, week)
            kept = 2 ** (-(week + 1) / half_life)
            spread = math.sqrt(1 - kept**2)
            assert abs(mean - 3 * kept) < 4 * spread / math.sqrt(8000), (name, week)
            assert abs(sd - spread) < 4 * spread / math.sqrt(2 * 8000), (name, week)
    # The control: a half-life 10% longer would be noticed.
    mean, _ = moments(counts, 0, 25)
    assert abs(mean - 3 * 2 ** (-26 / 33)) > 4 * math.sqrt((1 - 2 ** (-52 / 33)) / 8000)


def test_the_slow_level_of_the_advance() -> None:
    b = bench(156)
    endless_ground(b)
    b.p.front.slow_sd, b.p.front.slow_half_life = 0.4, 20.0
    _, counts = many(b, 8000)
    # The weekly net gain on its scale, asinh(net / 40), is the slow level itself.
    mean, sd = moments(counts, 7, 155)
    kept = 2 ** (-156 / 20)
    spread = 0.4 * math.sqrt(1 - kept**2)
    # A bin's width adds its own variance, width^2 / 12.
    spread = math.hypot(spread, (6.3 * 2 / bands.BINS) / math.sqrt(12))
    assert abs(mean) < 4 * spread / math.sqrt(8000)
    assert abs(sd - spread) < 4 * spread / math.sqrt(2 * 8000)


def test_shares_of_the_advance_are_a_dirichlet_around_the_typical_ones() -> None:
    b = bench()
    b.w.facts.regions = 3
    b.p.front.share[:3], b.p.front.share_concentration = (5.0, 3.0, 2.0), 12.0
    chance = context_record(1, 1)[0]
    shares = np.empty((NUMBER, 3))
    for k in range(NUMBER):
        chance.cell = cell_key(k, 0)
        front.begin(b.p.front, b.s, b.w, chance)
        shares[k] = b.s.pull[:3] / b.s.pull[:3].sum()
    m = np.array([0.5, 0.3, 0.2])
    variance = m * (1 - m) / 13
    assert np.all(np.abs(shares.mean(axis=0) - m) < 4 * np.sqrt(variance / NUMBER))
    # A variance from n numbers errs by about sqrt((kurtosis - 1) / n) of itself; Betas of this kind stay below 3.
    assert np.all(np.abs(shares.var(axis=0) / variance - 1) < 4 * math.sqrt(2.5 / NUMBER))
    # The control: the variance of a concentration a tenth larger.
    assert np.all(np.abs(shares.var(axis=0) / (variance * 13 / 14.2) - 1) > 4 * math.sqrt(2.5 / NUMBER))


RUNGS = (0.10, 0.35, 0.20, 0.15)
"""Steps up a week, when all consent."""


def time_to_signature(weeks: float) -> float:
    """Distribution function of a sum of exponential times: hypoexponential."""
    generator = np.diag([-r for r in RUNGS] + [0.0]) + np.diag(RUNGS, 1)
    return float(linalg.expm(generator * weeks)[0, -1])


def test_time_to_signature_when_all_consent_is_that_of_the_rungs() -> None:
    b = bench(60)
    p = b.p
    p.talks.contact, p.talks.terms, p.talks.text, p.talks.signature = RUNGS
    p.talks.tau, p.moscow.worth, p.kyiv.worth, p.europe.worth = 0.01, -9.0, -9.0, -9.0
    rows, _ = many(b)
    for weeks in (4, 8, 13, 20, 26, 40, 60):
        signed = int((rows.signed < 7 * weeks).sum())
        assert agree(signed, NUMBER, time_to_signature(weeks)), weeks
    # The control: at most one rung a week, as a sum of geometric times, would be late.
    step = np.diag([math.exp(-r) for r in RUNGS] + [1.0]) + np.diag([1 - math.exp(-r) for r in RUNGS], 1)
    late = float(np.linalg.matrix_power(step, 13)[0, -1])
    assert not agree(int((rows.signed < 91).sum()), NUMBER, late)


@pytest.mark.parametrize("substeps", [2, 5])
def test_the_ladders_clock_does_not_depend_on_the_step(substeps: int) -> None:
    b = bench(30)
    p = b.p
    p.talks.contact, p.talks.terms, p.talks.text, p.talks.signature = RUNGS
    p.talks.tau, p.moscow.worth, p.kyiv.worth, p.europe.worth = 0.01, -9.0, -9.0, -9.0
    whole = many(b, 4000)[0].signed
    b.w.substeps = substeps
    parts = many(b, 4000)[0].signed
    # The same context, week by week: only the day within the week is told more finely.
    assert np.array_equal(np.floor(whole / 7), np.floor(parts / 7), equal_nan=True)
    assert np.nanmean(parts) < np.nanmean(whole)
