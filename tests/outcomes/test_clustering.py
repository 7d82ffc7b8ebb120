"""Shares of a pool of members: what they are by hand, that they add up and lie within, and how far members disagree."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import chi2

from forecast.errors import InputError
from forecast.outcomes.clustering import Clusters, clusters_of

DRAWS, EACH = 50, 40
DRAW = np.repeat(np.arange(DRAWS), EACH)
WEIGHTS = np.array([0.5, 0.3, 0.2])
MEMBER = np.repeat(np.arange(3), DRAWS * EACH)


def pool(weights: np.ndarray = WEIGHTS) -> Clusters:
    """Three members with as many timelines each, of the same draws."""
    return Clusters(np.tile(DRAW, len(weights)), MEMBER[: len(weights) * len(DRAW)], weights)


def coins(seed: int, chances: tuple[float, ...] = (0.1, 0.4, 0.8), spread: float = 0.2) -> np.ndarray:
    """Whether something happens in each timeline, the chance another in each draw and member."""
    rng = np.random.default_rng(seed)
    chance = np.clip(np.array(chances)[:, None] + spread * (rng.random(DRAWS) - 0.5), 0.0, 1.0)
    return (rng.random((len(chances), DRAWS, EACH)) < chance[:, :, None]).ravel()


@pytest.mark.parametrize("effects", [{}, {0: 1.0}, dict.fromkeys(range(30), 0.2), dict.fromkeys(range(300), 0.08)])
def test_the_error_is_that_of_what_single_strata_leave(effects: dict[int, float]) -> None:
    # Scores in strata: with as many draws as strata, the mean owes nothing to any of them alone. A product and noise
    # remain. One clear effect is fitted, many that are each within noise are estimated together.
    draws, priors, repetitions = 200, 300, 60
    seen, stated = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        ranks = rng.permuted(np.tile(np.arange(draws)[:, None], (1, priors)), axis=0)
        scores = ndtri((ranks + rng.random((draws, priors))) / draws)
        table = pd.DataFrame(scores).sub(scores.mean(axis=0)).div(scores.std(axis=0))
        x = 0.7 * scores[:, 1] * scores[:, 2] + 0.7 * rng.normal(size=draws)
        for column, effect in effects.items():
            x = x + effect * scores[:, column]
        mean, error = Clusters(np.arange(draws), stratified=table).mean(x)
        seen.append(mean)
        stated.append(error)
    ratio = np.var(seen, ddof=1) / np.mean(np.square(stated))
    low, high = chi2.ppf([0.001, 0.999], repetitions - 1) / (repetitions - 1)
    assert low < ratio < high


def own(x: np.ndarray) -> list[float]:
    return [float(x[m == MEMBER].mean()) for m in range(3)]


def test_a_pool_s_share_is_the_weighted_mean_of_its_members() -> None:
    x = coins(1)
    share = pool().share(x)
    assert share.probability == pytest.approx(WEIGHTS @ own(x), abs=1e-15)
    assert (share.count, share.of, share.draws) == (x.sum(), 3 * DRAWS * EACH, DRAWS)
    assert min(own(x)) <= share.probability <= max(own(x))


def test_members_of_unlike_size_weigh_what_they_are_given() -> None:
    x = np.concatenate([np.ones(4000), np.zeros(400)])
    member = np.repeat([0, 1], [4000, 400])
    draw = np.concatenate([np.arange(4000) % 50, np.arange(400) % 50])
    share = Clusters(draw, member, np.array([0.25, 0.75])).share(x)
    assert share.probability == 0.25
    # Nothing is left to luck within a member.
    assert share.standard_error == pytest.approx(0.0, abs=1e-15)
    assert (share.low, share.high, share.between_members) == (0.0, 1.0, 1.0)


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.integers(0, 1000))
def test_shares_of_a_pool_add_up_and_stay_within_their_intervals(raw: list[float], seed: int) -> None:
    weights = np.array(raw) / sum(raw)
    code = np.random.default_rng(seed).integers(0, 4, len(MEMBER))
    shares = [pool(weights).share(code == k) for k in range(4)]
    assert sum(share.probability or 0.0 for share in shares) == pytest.approx(1.0, abs=1e-12)
    for share in shares:
        assert share.probability is not None
        assert share.low is not None
        assert share.high is not None
        assert share.between_members is not None
        assert 0.0 <= share.low <= share.probability <= share.high <= 1.0
        assert 0.0 <= share.between_members <= 1.0


def test_given_something_a_share_is_a_ratio_of_weighted_sums() -> None:
    x, condition = coins(2), coins(3, (0.05, 0.5, 0.3))
    share = pool().share(x, condition, few=True)
    both = np.array([x[(m == MEMBER) & condition].sum() for m in range(3)])
    those = np.array([condition[m == MEMBER].sum() for m in range(3)])
    assert share.probability == pytest.approx((WEIGHTS @ both) / (WEIGHTS @ those), abs=1e-15)
    assert (share.count, share.of) == (both.sum(), those.sum())
    # A member in which the condition never comes about says nothing of it.
    without = condition & (MEMBER != 2)
    rest = pool().share(x, without)
    assert rest.probability == pytest.approx((WEIGHTS[:2] @ both[:2]) / (WEIGHTS[:2] @ those[:2]), abs=1e-15)


def test_a_member_without_an_answer_is_left_out_and_the_others_scaled_up() -> None:
    x = np.where(MEMBER == 2, np.nan, coins(4).astype(float))
    share = pool().share(x)
    other = pool(np.array([0.625, 0.375])).share(x[MEMBER < 2])
    assert share.probability == pytest.approx(other.probability, abs=1e-15)
    assert (share.count, share.of, share.draws) == (other.count, other.of, other.draws)
    assert (share.low, share.high) == pytest.approx((other.low, other.high), abs=1e-12)
    assert share.standard_error == pytest.approx(other.standard_error, rel=1e-12)
    # In a condition just as well.
    y = np.where(MEMBER == 2, np.nan, coins(5).astype(float))
    assert pool().share(coins(4), y).of == int(np.nansum(y))
    # And of a question that no member answers there is no share.
    assert pool().share(np.full(len(MEMBER), np.nan)).probability is None
    one = np.where(MEMBER > 0, np.nan, coins(4).astype(float))
    assert pool().share(one).between_members is None


def test_one_member_alone_is_as_without_a_pool() -> None:
    x = coins(6)[: len(DRAW)]
    assert pool(np.ones(1)).share(x) == Clusters(DRAW).share(x)
    assert "between_members" not in pool(np.ones(1)).share(x).plain()


def test_members_that_agree_have_their_common_interval_and_no_disagreement() -> None:
    x = coins(7)[: len(DRAW)]
    alone, share = Clusters(DRAW).share(x), pool().share(np.tile(x, 3))
    assert share.probability == pytest.approx(alone.probability, abs=1e-15)
    # The same luck in each member: three times as many timelines make no error smaller.
    assert share.standard_error == pytest.approx(alone.standard_error, rel=1e-12)
    assert share.between_members == pytest.approx(0.0, abs=1e-12)
    assert share.low == pytest.approx(alone.low, abs=0.01)
    assert share.high == pytest.approx(alone.high, abs=0.01)


def test_luck_that_members_share_is_not_averaged_away() -> None:
    apart = pool().share(coins(8)).standard_error
    x = coins(8)
    same = pool().share(np.tile(x[: len(DRAW)], 3)).standard_error
    single = Clusters(DRAW).share(x[: len(DRAW)]).standard_error
    assert same == pytest.approx(single, rel=1e-12)
    assert apart is not None
    others = [Clusters(DRAW).share(x[m == MEMBER]).standard_error or 0.0 for m in range(3)]
    # Of members with luck of their own, errors add up as independent ones.
    assert apart == pytest.approx(np.sqrt(((WEIGHTS * others) ** 2).sum()), rel=0.35)


def test_disagreement_is_the_part_of_the_variance_that_lies_between_members() -> None:
    chances = np.array([0.1, 0.4, 0.8])
    many = 4000
    rng = np.random.default_rng(9)
    spread = 0.06
    chance = chances[:, None] + spread * rng.standard_normal((3, DRAWS))
    x = np.repeat(np.clip(chance, 0.0, 1.0).ravel(), many // DRAWS)
    member, draw = np.repeat(np.arange(3), many), np.tile(np.repeat(np.arange(DRAWS), many // DRAWS), 3)
    share = Clusters(draw, member, WEIGHTS).share(x)
    between = WEIGHTS @ (chances - WEIGHTS @ chances) ** 2
    assert share.between_members == pytest.approx(between / (between + spread**2), abs=0.02)
    # The interval reaches from the lowest member's draws to the highest's.
    assert share.low is not None
    assert share.high is not None
    assert share.low < 0.1
    assert share.high > 0.75


def test_weights_must_be_the_members_own() -> None:
    table = pd.DataFrame({"draw": [0, 1], "perspective": pd.Categorical(["one", "two"])})
    for weights in (None, {"one": 1.0}, {"one": 0.5, "two": 0.6}, {"one": 0.5, "three": 0.5}):
        with pytest.raises(InputError, match="Give each of them a weight"):
            clusters_of(table, weights)
    assert clusters_of(table, {"one": 0.25, "two": 0.75}).share([True, False]).probability == 0.25
