"""A prior changed by importance weights: the ratio of densities, a run simulated under the edit, and refusals."""

import numpy as np
import pytest
from places import TINY
from scipy import stats

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.narrative.rerun import scenario_of
from forecast.pipeline import workflow
from forecast.sweep.reweight import log_ratio, reweight

EDIT = "moscow.worth.quantiles=[0.38, 0.50, 0.66]"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return made(tmp_path_factory.mktemp("runs"))


def made(folder, *edits, **others):
    request = RunRequest(TINY, runs=folder, timelines=20000, prior_only=True, perspective="base", edits=edits, **others)
    return workflow.run(request)


def test_the_ratio_is_that_of_the_densities(run):
    before = scenario_of(run)
    after = scenario_of(run, None, ["kyiv.worth.quantiles=[0.35, 0.48, 0.65]"])
    values = run.draws.head(50)
    found = log_ratio(before, after, ["kyiv.worth"], values)
    x, step = values["kyiv.worth"].to_numpy(), 1e-6
    old = before.priors["kyiv.worth"].marginal
    density = (stats.norm.cdf(old.score(x + step)) - stats.norm.cdf(old.score(x - step))) / (2 * step)
    new = after.priors["kyiv.worth"].marginal
    edited = (stats.norm.cdf(new.score(x + step)) - stats.norm.cdf(new.score(x - step))) / (2 * step)
    np.testing.assert_allclose(found, np.log(edited / density), rtol=1e-4, atol=1e-4)


def test_correlated_priors_keep_their_copula(run):
    """The ratio of the joint densities, with scipy's bivariate normal for the copula."""
    names = ("kyiv.instability_ground", "kyiv.instability_terms")
    before = scenario_of(run)
    low, middle, high = before.priors[names[0]].quantiles()
    after = scenario_of(run, None, [f"{names[0]}.quantiles=[{low:.4f}, {1.2 * middle:.4f}, {high:.4f}]"])
    (rho,) = (pair.rho for pair in before.correlations if {pair.first, pair.second} == set(names))
    values = run.draws.head(50)

    def log_joint(scenario):
        scores = [scenario.priors[name].marginal.score(values[name].to_numpy()) for name in names]
        copula = stats.multivariate_normal(cov=[[1, rho], [rho, 1]]).logpdf(np.column_stack(scores))
        own = sum(stats.norm.logpdf(score) for score in scores)
        return (
            copula
            - own
            + sum(scenario.priors[name].marginal.log_density(score) for name, score in zip(names, scores, strict=True))
        )

    found = log_ratio(before, after, [names[0]], values)
    np.testing.assert_allclose(found, log_joint(after) - log_joint(before), atol=1e-9)


@pytest.mark.statistical
def test_weights_agree_with_a_run_simulated_under_the_edit(run, tmp_path):
    """Both have the same draw numbers and random numbers, so a sum of squares of their errors is a bound."""
    edit = "washington.walk_away.quantiles=[0.1, 0.6, 1.44]"
    simulated = made(tmp_path, edit)
    result = reweight(run, [edit], "walked_away")
    assert 300 < result.about["effective_draws"] < 450
    (row,) = result.table.to_dict("records")
    before, after = (each.summary["beside"]["washington_ever_walked_away"] for each in (run, simulated))
    error = np.hypot(row["standard_error"], after["standard_error"])
    assert abs(row["probability"] - after["probability"]) < 3 * error
    assert row["without"] == pytest.approx(before["probability"])
    assert abs(before["probability"] - after["probability"]) > 3 * error  # without weights it would fail


def test_no_change_has_weights_of_one(run):
    low, middle, high = scenario_of(run).priors["kyiv.worth"].quantiles()
    result = reweight(run, [f"kyiv.worth.quantiles=[{low}, {middle}, {high + 1e-9}]"])
    assert result.about["effective_draws"] == pytest.approx(500, rel=1e-4)
    assert result.table["change"].abs().max() < 1e-5


@pytest.mark.parametrize(
    ("edits", "what"),
    [
        ([], "found no edit"),
        (["kyiv.worth.quantiles=[0.40, 0.55, 0.70]"], "the edit changes no prior"),
        (["kyiv.worth.quantiles=[0.10, 0.12, 0.15]"], "effective draws are left of 500"),
        (["washington.crisis_rate.quantiles=[1, 2, 3]"], "drawn again in each timeline"),
        (["front.breakthrough_thrust.quantiles=[1, 2, 3]"], "expected"),
        (["kyiv.wort.quantiles=[0.1, 0.2, 0.3]"], "kyiv.wort"),
    ],
)
def test_what_weights_cannot_express_is_refused(run, edits, what):
    if "breakthrough_thrust" in "".join(edits):
        low, middle, high = scenario_of(run).priors["front.breakthrough_thrust"].quantiles()
        edits, what = [f"front.breakthrough_thrust.quantiles=[{low}, {1.1 * middle}, {high}]"], "constants of the"
    with pytest.raises(InputError, match=what):
        reweight(run, edits)


def test_a_fixed_parameter_is_refused(tmp_path):
    fixed = made(tmp_path, fixed={"moscow.worth": 0.5})
    with pytest.raises(InputError, match=r"moscow.worth: the run fixes it at 0.5"):
        reweight(fixed, [EDIT])
