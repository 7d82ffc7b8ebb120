"""The table of draws: named luck, the copula given the block, stratification, and what is refused."""

import math

import numpy as np
import pytest
from scipy import stats

from forecast.belief.draws import STRATA, draw_table, independent, interleave
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal, fit_quantiles
from forecast.scenario.prior import Correlation, Prior

INF = math.inf
WIDE = fit_quantiles(1.0, 2.0, 5.0, 0.0, INF)


def prior(name, marginal=WIDE, varies="world"):
    return Prior(
        name=name,
        marginal=marginal,
        unit="1",
        support=(0.0, INF),
        varies=varies,
        without=0.0,
        premises=(),
        source="judgement",
        basis="judgement",
        as_of=None,
        reason="for a test",
        elicited="quantiles 1/2/5",
        file="test.toml",
    )


def table_of(*names, timeline=()):
    return {name: prior(name, varies="timeline" if name in timeline else "world") for name in names}


def tie(first, second, rho):
    return Correlation(first=first, second=second, rho=rho, reason="for a test")


def test_priors_of_several_tables_are_computed_once_and_cannot_be_changed():
    one, other = independent("a.x", WIDE, 400, 7), independent("a.x", WIDE, 400, 7)
    assert all(a is b for a, b in zip(one, other, strict=True))
    assert np.array_equal(one[1], WIDE.quantile(one[0]))
    assert np.array_equal(one[2], WIDE.log_density(one[0]))
    with pytest.raises(ValueError, match="read-only"):
        one[1][0] = 0.0
    table = draw_table(table_of("a.x"), [], 400, 7, {})
    assert np.array_equal(table.values["a.x"], one[1])
    assert np.array_equal(table.log_prior, one[2])
    table.values.loc[0, "a.x"] = -1.0
    assert one[1][0] > 0.0


def test_values_follow_the_order_of_the_priors_and_their_marginals():
    priors = table_of("b.x", "a.y", "c.z")
    table = draw_table(priors, [], 400, 7, {})
    assert list(table.values.columns) == ["b.x", "a.y", "c.z"]
    assert table.values.shape == (400, 3)
    assert np.array_equal(table.values["a.y"], WIDE.quantile(table.scores["a.y"].to_numpy()))
    assert np.quantile(table.values["a.y"], 0.5) == pytest.approx(2.0, rel=0.02)


def test_luck_belongs_to_seed_and_name_alone():
    one = draw_table(table_of("a", "b"), [], 500, 1, {})
    more = draw_table(table_of("z", "b", "0", "a"), [tie("z", "0", 0.5)], 4000, 1, {})
    assert np.array_equal(one.values[["a", "b"]], more.values[["a", "b"]][:500])
    other = draw_table(table_of("a", "b"), [], 500, 2, {})
    assert abs(np.corrcoef(one.scores["a"], other.scores["a"])[0, 1]) < 4 / math.sqrt(500)


def test_every_block_of_rows_visits_each_stratum_once():
    scores = draw_table(table_of("a"), [], 350, 3, {}).scores["a"].to_numpy()
    for start in (0, STRATA, 2 * STRATA):
        strata = np.floor(stats.norm.cdf(scores[start : start + STRATA]) * STRATA)
        assert sorted(strata) == list(range(STRATA))


def test_prefixes_are_fair_and_pairs_independent():
    # Over many names: prefix means have no bias and no more spread than independent draws; products of pairs
    # have mean 0 and the spread of independent pairs. The control, a pair with one order, must fail.
    names = [f"p{i}" for i in range(300)]
    scores = draw_table(table_of(*names), [], 130, 11, {}).scores.to_numpy()
    for rows in (7, 50, 100, 130):
        means = scores[:rows].mean(axis=0) * math.sqrt(rows)
        assert abs(means.mean()) < 4 / math.sqrt(300)
        assert means.std() < 1.0 + 4 / math.sqrt(600)
    assert scores[:100].mean(axis=0).std() < 0.01
    products = (scores[:, ::2] * scores[:, 1::2]).mean(axis=0) * math.sqrt(130)
    assert abs(products.mean()) < 4 / math.sqrt(150)
    assert abs(products.std() - 1.0) < 4 / math.sqrt(300)
    assert abs((scores[:, 0] ** 2).mean() * math.sqrt(130)) > 4
    quadrant = (scores[:, ::2] > 0) == (scores[:, 1::2] > 0)
    assert abs(quadrant.mean() - 0.5) < 4 * 0.5 / math.sqrt(quadrant.size)


def test_world_given_block_has_the_copula_s_conditional_distribution():
    count = 20_000
    block = {"m.level": np.random.default_rng(0).normal(1.0, 0.3, count)}  # a posterior, not the prior
    priors = table_of("m.level", "a", "b", "free")
    table = draw_table(priors, [tie("a", "m.level", 0.6), tie("b", "a", -0.5)], count, 5, block)
    scores = table.scores
    assert np.array_equal(scores["m.level"], block["m.level"])
    # Given the block's score s: a ~ Normal(0.6 s, 0.8), b ~ Normal(0, 1) with covariance -0.5 with a.
    rest = scores["a"] - 0.6 * scores["m.level"]
    bound = 4 / math.sqrt(count)
    assert abs(rest.mean()) < bound
    assert rest.std() == pytest.approx(0.8, abs=bound)
    assert abs(scores["b"].mean()) < bound
    assert np.mean(rest * scores["b"]) == pytest.approx(-0.5, abs=bound)
    assert abs(np.corrcoef(scores["free"], scores["a"])[0, 1]) < bound


def test_timeline_priors_are_left_to_the_timelines():
    priors = table_of("w", "t2", "t1", "lone", timeline=("t1", "t2", "lone"))
    links = [tie("w", "t1", 0.5), tie("t1", "t2", 0.7)]
    table = draw_table(priors, links, 300, 9, {})
    assert table.timeline == ("lone", "t1", "t2")
    w = table.scores["w"].to_numpy()
    # By hand: mean of (t1, t2) given w is (0.5 w, 0), covariance [[0.75, 0.7], [0.7, 1]].
    assert np.allclose(table.timeline_mean, np.column_stack([0 * w, 0.5 * w, 0 * w]))
    wanted = [[1, 0, 0], [0, 0.75, 0.7], [0, 0.7, 1]]
    assert np.allclose(table.timeline_chol @ table.timeline_chol.T, wanted)
    assert np.array_equal(np.triu(table.timeline_chol, 1), np.zeros((3, 3)))
    assert np.allclose(table.values["t1"], WIDE.quantile(0.5 * w))
    # Those who vary by timeline change neither the world's draws nor its density.
    alone = draw_table(table_of("w"), [], 300, 9, {})
    assert np.array_equal(alone.scores["w"], w)
    assert np.allclose(alone.log_prior, table.log_prior)


def test_log_prior_is_the_density_of_marginals_and_copula():
    priors = table_of("a", "b", "c") | {"fixed": prior("fixed", Marginal("point", (3.0,)))}
    links = [tie("a", "b", 0.6), tie("c", "b", -0.3)]
    block = {"b": np.random.default_rng(1).normal(0.5, 0.5, 50)}
    table = draw_table(priors, links, 50, 2, block)
    assert (table.values["fixed"] == 3.0).all()
    scores = table.scores[["a", "b", "c"]].to_numpy()
    joint = stats.multivariate_normal([0, 0, 0], [[1, 0.6, 0], [0.6, 1, -0.3], [0, -0.3, 1]])
    copula = joint.logpdf(scores) - stats.norm.logpdf(scores).sum(axis=1)
    wanted = copula + WIDE.log_density(scores).sum(axis=1)
    assert np.allclose(table.log_prior, wanted)


@pytest.mark.parametrize(
    ("links", "names"),
    [
        ([tie("a", "b", 1.0)], "a, b"),
        ([tie("x", "y", 0.1)], "x, y"),
        ([tie("a", "b", 0.9), tie("b", "c", 0.9), tie("a", "c", -0.9)], "a, b, c"),
    ],
)
def test_correlations_refused(links, names):
    priors = table_of("a", "b", "c", "x", "y")
    block = {"x": np.zeros(10), "y": np.zeros(10)}
    with pytest.raises(InputError, match=rf"\b{names}: ") as caught:
        draw_table(priors, links, 10, 0, block)
    assert caught.value.file == "correlations.toml"


def test_block_scores_must_fit():
    with pytest.raises(ValueError, match="not a prior that varies by world"):
        draw_table(table_of("a", timeline=("a",)), [], 10, 0, {"a": np.zeros(10)})
    with pytest.raises(ValueError, match="shape"):
        draw_table(table_of("a"), [], 10, 0, {"a": np.zeros(9)})


def test_interleave_takes_turns_and_spreads():
    chains = np.arange(4)[:, None] * 10_000.0 + np.arange(3000)
    draws = interleave(chains, 4000)
    assert len(set(draws)) == 4000
    assert np.array_equal(draws[:500], interleave(chains, 500))
    for size in (40, 500, 1000, 4000):
        chain, position = np.divmod(draws[:size], 10_000)
        assert np.array_equal(chain, np.arange(size) % 4)
        for one in range(4):
            at = np.sort(position[chain == one]) / 3000
            even = (np.arange(at.size) + 0.5) / at.size
            # An independent sample strays by about 0.9 / sqrt(n): this one must be well within that.
            assert np.abs(at - even).max() < 0.5 / math.sqrt(at.size)
    assert sorted(interleave(chains, 12_000)) == sorted(chains.ravel())
    with pytest.raises(InputError, match="12001 draws requested"):
        interleave(chains, 12_001)


def test_no_draw_of_a_chance_a_year_is_a_certainty():
    likely = prior("a.x", fit_quantiles(0.1, 0.3, 0.8, 0.0, 1.0)).model_copy(update={"unit": "chance/year"})
    table = draw_table({"a.x": likely}, [], 4, 7, {"a.x": np.array([-40.0, 0.0, 4.5, 40.0])})
    assert likely.marginal.quantile(40.0) == 1.0
    x = table.values["a.x"].to_numpy()
    assert x.max() < 1.0
    assert np.isfinite(np.log1p(-x)).all()
