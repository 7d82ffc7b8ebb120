"""Context: no number is shared, numbers are uniform and unrelated, and their transformations are what they say."""

import math

import numba
import numpy as np
import pytest
from scipy import special, stats
from timeline_tools import bench, choose, new_process, unmix

from forecast.timeline import random_numbers
from forecast.timeline.random_numbers import cell_key, context_record, gamma, normal_quantile, student4, uniform

pytestmark = pytest.mark.statistical

NUMBER = 40_000
"""Uniform numbers in a sample."""

FAR = 5.0
"""Standard errors beyond which a check of chance fails; with about 40 checks, by chance once in 40,000 runs."""


@numba.njit
def sample(chance, what, week, lane, out):
    """Uniform numbers of timelines of successive draws, 40 replicates each."""
    for i in range(len(out)):
        chance.cell = cell_key(i // 40, i % 40)
        out[i] = uniform(chance, what, week, lane)


@numba.njit
def sample_gamma(chance, what, shape, out):
    for i in range(len(out)):
        chance.cell = cell_key(i, 0)
        out[i] = gamma(shape, chance, what, 0, 0)


@numba.njit
def sample_student(chance, what, uniforms, out):
    for i in range(len(out)):
        chance.cell = cell_key(i, 1)
        uniforms[i] = uniform(chance, what, 3, 0)
        out[i] = student4(chance, what, 3, 0)


def numbers(seed: int = 1, what: int = 0, week: int = 0, lane: int = 0) -> np.ndarray:
    out = np.empty(NUMBER)
    sample(context_record(seed, 20)[0], what, week, lane, out)
    return out


def uniformity(u: np.ndarray, bins: int = 64) -> float:
    """How many standard deviations the chi-square statistic of `u` lies from its mean."""
    counts = np.bincount((u * bins).astype(int), minlength=bins)
    chi2 = ((counts - len(u) / bins) ** 2).sum() / (len(u) / bins)
    return float((chi2 - (bins - 1)) / math.sqrt(2.0 * (bins - 1)))


def dependence(u: np.ndarray, v: np.ndarray) -> float:
    """The larger of correlation and joint chi-square (16 x 16), in standard deviations."""
    correlation = abs(np.corrcoef(u, v)[0, 1]) * math.sqrt(len(u))
    joint = (16 * (u * 16).astype(int) + (v * 16).astype(int)) / 256 + 1e-9
    return max(float(correlation), abs(uniformity(joint, 256)))


def bits(seed: int, cells: np.ndarray, weeks: int = 40) -> np.ndarray:
    """The 64 bits of lane 0 for every decision, week and cell."""
    keys = random_numbers.week_keys(seed, weeks)
    with np.errstate(over="ignore"):
        return random_numbers._mix_array(keys[:, :, None] + cells).ravel()


def test_neighbouring_seeds_share_no_number() -> None:
    cells = np.array([cell_key(draw, replicate) for draw in range(10) for replicate in range(10)], dtype=np.uint64)
    assert len(np.unique(cells)) == len(cells)
    both = np.concatenate([bits(1, cells), bits(2, cells)])
    assert len(both) > 300_000
    assert len(np.unique(both)) == len(both)


def test_hashing_seed_plus_number_would_share_them() -> None:
    counter = np.arange(10_000, dtype=np.uint64)
    first, second = random_numbers._mix_array(counter + np.uint64(1)), random_numbers._mix_array(counter + np.uint64(2))
    assert len(np.intersect1d(first, second)) == len(counter) - 1


def test_bits_above_are_those_of_the_compiled_uniform() -> None:
    cells = np.array([cell_key(3, 7)], dtype=np.uint64)
    record = context_record(5, 40)[0]
    record.cell = cell_key(3, 7)
    found = [uniform(record, what, week, 0) for what in range(len(random_numbers.decisions())) for week in range(40)]
    assert np.array_equal(found, ((bits(5, cells) >> np.uint64(12)).astype(float) + 0.5) / 2.0**52)


@pytest.mark.parametrize("what", [0, 3, 17])
def test_numbers_are_uniform(what: int) -> None:
    u = numbers(what=what)
    assert 0.0 < u.min() < u.max() < 1.0
    assert abs(uniformity(u)) < FAR
    assert abs(u.mean() - 0.5) < FAR * math.sqrt(1 / 12 / NUMBER)


@pytest.mark.parametrize(
    "other", [{"lane": 1}, {"lane": 2**40 + 1}, {"week": 1}, {"week": 13}, {"what": 1}, {"what": 30}, {"seed": 2}]
)
def test_numbers_of_another_lane_week_decision_or_seed_are_unrelated(other: dict[str, int]) -> None:
    assert dependence(numbers(), numbers(**other)) < FAR


def test_numbers_of_the_next_draw_or_replicate_are_unrelated() -> None:
    u = numbers()
    for step in (1, 2, 40, 400):
        assert dependence(u[:-step], u[step:]) < FAR


def test_checks_of_chance_notice_a_poor_generator() -> None:
    # Golden-ratio steps without hashing are too even; week and cell added before one hash repeat each other.
    even = (np.arange(NUMBER) * 0.6180339887498949) % 1.0
    assert abs(uniformity(even)) > FAR
    assert dependence(even[:-1], even[1:]) > FAR
    cell = np.arange(NUMBER, dtype=np.uint64)
    added = [
        (random_numbers._mix_array(cell + np.uint64(week)) >> np.uint64(12)).astype(float) / 2.0**52 for week in (0, 1)
    ]
    assert dependence(added[0][1:], added[1][:-1]) > FAR


def test_hash_is_undone_by_its_inverse() -> None:
    for word in (0, 1, 2**63, 0xDEADBEEF12345678, 2**64 - 1):
        assert int(random_numbers.mix(np.uint64(unmix(word)))) == word


@pytest.mark.parametrize(("u", "least", "most"), [(0.0, 0.0, 2.0**-52), (1.0 - 2.0**-52, 1.0 - 2.0**-52, 1.0)])
def test_the_ends_are_never_reached(u: float, least: float, most: float) -> None:
    b = bench(2)
    choose(b, 0, 0, u)
    assert least < uniform(b.context, 0, 0, 0) < most
    assert math.isfinite(random_numbers.normal(b.context, 0, 0, 0))
    assert random_numbers.exponential(b.context, 0, 0, 0) > 0.0


def test_normal_quantile_is_the_inverse_of_the_normal_distribution() -> None:
    tails = np.geomspace(2.0**-53, 0.49, 4000)
    u = np.concatenate([tails, 1.0 - tails, np.linspace(0.02, 0.98, 4001)])
    found = np.array([normal_quantile(x) for x in u])
    exact = special.ndtri(u)
    # The form's error is relative.
    assert np.all(np.abs(found - exact) <= 1.2e-9 * np.abs(exact) + 1e-15)


def test_student4_is_the_inverse_of_students_distribution() -> None:
    u, found = np.empty(20_000), np.empty(20_000)
    sample_student(context_record(1, 4)[0], 2, u, found)
    exact = stats.t(4).ppf(u)
    centre = (u > random_numbers._CENTRE) & (u < 1.0 - random_numbers._CENTRE)
    assert (~centre).sum() > 300
    assert np.abs(found - exact)[centre].max() < 3e-5
    np.testing.assert_allclose(found[~centre], exact[~centre], rtol=1e-10)


def test_student4_is_exact_far_out() -> None:
    # scipy's own inverse loses accuracy there: compare tail probabilities.
    for u in (1e-12, 1e-6, 1e-3, 0.019):
        assert stats.t(4).cdf(random_numbers.student4_quantile(u)) == pytest.approx(u, rel=1e-9)
        assert random_numbers.student4_quantile(1.0 - u) == pytest.approx(
            -random_numbers.student4_quantile(u), rel=1e-3
        )


def kolmogorov(x: np.ndarray, shape: float) -> float:
    """Kolmogorov's statistic against a gamma distribution, times the root of the number."""
    return float(stats.kstest(x, stats.gamma(shape).cdf).statistic * math.sqrt(len(x)))


@pytest.mark.parametrize("shape", [0.05, 0.4, 1.0, 2.5, 30.0])
def test_gamma_has_the_moments_and_the_shape_of_a_gamma(shape: float) -> None:
    x = np.empty(NUMBER)
    sample_gamma(context_record(1, 2)[0], 1, shape, x)
    error = math.sqrt(shape / NUMBER)
    assert abs(x.mean() - shape) < FAR * error
    # The variance's own variance is (fourth central moment - variance^2) / n = (2 shape^2 + 6 shape) / n.
    assert abs(x.var() - shape) < FAR * math.sqrt((2 * shape**2 + 6 * shape) / NUMBER)
    # Beyond 2.2 once in 8,000.
    assert kolmogorov(x, shape) < 2.2
    assert kolmogorov(x, shape * 1.05) > 2.2


def test_an_event_happens_with_the_chance_of_its_rate() -> None:
    b = bench(1)
    for rate in (0.01, 0.5, 3.0):
        chance = 1.0 - math.exp(-rate)
        for u, happens in ((chance - 1e-9, True), (chance + 1e-9, False)):
            choose(b, 0, 0, u)
            assert random_numbers.happens(rate, b.context, 0, 0, 0) == happens
    choose(b, 0, 0, 0.0)
    assert not random_numbers.happens(0.0, b.context, 0, 0, 0)
    assert not random_numbers.happens(-1.0, b.context, 0, 0, 0)


def test_a_name_can_be_declared_once() -> None:
    assert len(set(random_numbers.decisions())) == len(random_numbers.decisions())
    with pytest.raises(ValueError, match=r"'front\.drift' is declared twice"):
        random_numbers.decision("front.drift")


def test_rows_of_decisions_do_not_depend_on_which_module_is_asked_for_first() -> None:
    # Compiled code, kept between processes, holds them as constants.
    code = "import forecast.timeline.{}\nfrom forecast.timeline.random_numbers import decisions\nprint(decisions())"
    found = {new_process(code.format(module), NUMBA_DISABLE_JIT="1") for module in ("kyiv", "random_numbers", "cells")}
    assert found == {f"{random_numbers.decisions()}\n"}
