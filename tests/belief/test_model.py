"""The shared model: what it is made of, equal bytes, what is kept of it, and how it reaches the draws."""

import math
import signal
import threading
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from belief_tools import AID, INSTABILITY, PRIORS, QUICK, SMALL, one_attempt, only, simulate
from run_tools import same

from forecast.belief import datatree, model
from forecast.belief.assemble import STARTS, STATES, fix_parameters, update
from forecast.belief.compiled_model import CompiledBlock, CompiledModel
from forecast.belief.datatree import chains_of
from forecast.belief.fit import Chains, SamplerSettings
from forecast.encoding import kernel_inputs
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal
from forecast.scenario.load import load_scenario
from forecast.scenario.prior import Correlation
from forecast.timeline.parameters import field_of


@pytest.fixture(scope="module")
def war():
    return load_scenario("ukraine-2025")


def test_blocks_keep_to_the_contract(war):
    data = model.block_data(war, war.reference_date)
    assert len(set(model.PARAMETERS)) == len(model.PARAMETERS)
    rng = np.random.default_rng(0)
    priors = {name: war.priors[name].marginal for name in model.PARAMETERS}
    value = model.values(priors, {name: rng.standard_normal((2, 3)) for name in model.PARAMETERS})
    states = {}
    for block in model.BLOCKS:
        own = data[block.name]
        assert all(name.startswith(f"{block.name}_") for name in block.inputs(own))
        assert all(field_of(name) and war.priors[name].varies == "world" for name in block.parameters)
        states |= block.prior_states(value, own, rng)
        observed = block.observed(own)
        again = block.replicates(value, None, own, rng)
        assert {name: (2, 3, len(days)) for name, (days, _) in observed.items()} == {
            name: drawn.shape for name, drawn in again.items()
        }
        for days, figures in observed.values():
            assert days.shape == figures.shape
            assert (np.diff(days) > np.timedelta64(0, "D")).all()
            assert np.isfinite(figures).all()
            assert days[-1] <= np.datetime64(war.reference_date)
    assert set(states) == set(STATES)


def test_shapes_are_those_of_every_date(war):
    days = [war.reference_date, war.reference_date + timedelta(days=100), war.horizon]
    assert len({model.shapes(model.block_data(war, day)) for day in days}) == 1


def test_fewer_draws_are_the_first_of_all(tiny):
    whole, few = update(tiny, prior_only=True), update(tiny, prior_only=True, draws=150)
    assert few.draws.equals(whole.draws.iloc[:150])
    assert np.array_equal(few.redrawn_mean, whole.redrawn_mean[:150])
    assert all(np.array_equal(path, whole.paths[name][:150], equal_nan=True) for name, path in few.paths.items())
    for draws in (0, -1, 2.5, True, 100_000):
        with pytest.raises(InputError, match="draws"):
            update(tiny, prior_only=True, draws=draws)


def test_learnt_from_counts_what_enters(war, tiny):
    learnt = model.series_used(model.block_data(war, war.reference_date))
    assert {use.block for use in learnt.values()} == {"front", "capital", "aid", "instability"}
    assert learnt["aid_us"] == ("aid", 7, 21)
    assert learnt["concessions_kiis"] == ("instability", 6, 6)
    assert learnt["area_owlmaps"] == ("front", 26, 27)
    # A map that is missing leaves out two changes, and the maps around it stay in use.
    assert learnt["area_deepstate"].observations < learnt["area_deepstate"].rows - 1
    assert learnt["approval_first_term"].observations < 50
    assert "approval_2025" not in learnt
    rows = war.evidence.vintage(war.reference_date)["count"]
    assert all(0 < use.observations <= use.rows <= rows[series] for series, use in learnt.items())
    assert set(model.series_used(model.block_data(tiny, tiny.reference_date))) == {"area_survey"}


@pytest.mark.calibration
def test_equal_evidence_is_equal_bytes_whatever_came_between(small):
    first, other = simulate(1)[0], simulate(2)[0]
    made = small.fit(first)
    sure = PRIORS | {"kyiv.instability_start": Marginal("normal", (0.0, 0.01))}
    # The same compiled model takes other evidence, and other priors of the same families.
    assert not same(small.fit(other), made)
    assert np.abs(small.fit(first, sure).states["kyiv.instability"]).mean() != pytest.approx(
        np.abs(made.states["kyiv.instability"]).mean()
    )
    assert same(small.fit(first, dict(PRIORS)), made)


@pytest.mark.calibration
def test_blocks_do_not_touch(small):
    # Other approval leaves what is said of aid where it was, but for the chains' own luck.
    one, other = simulate(1)[0], simulate(2)[0]
    first, second = small.fit(one), small.fit(one | {"capital": other["capital"]})
    for name in (*AID.parameters, *INSTABILITY.parameters):
        gap = abs(first.scores[name].mean() - second.scores[name].mean())
        assert gap < 0.35 * max(first.scores[name].std(), 0.5), name


@pytest.mark.parametrize(("draws", "attempts"), [(100, 2), (1500, 1)])
def test_chains_that_do_not_agree_are_run_once_more(aid_alone, monkeypatch, draws, attempts):
    # Of two chains of a hundred draws no parameter can have 400 effective ones.
    part, asked, sample = aid_alone, [], CompiledBlock._sample

    def counted(self, held, sampler, progress):
        asked.append(sampler)
        return sample(self, held, sampler, progress)

    monkeypatch.setattr(CompiledBlock, "_sample", counted)
    settings = SamplerSettings(chains=2, draws=draws, tune=500, target_accept=0.9, seed=3)
    longer = SamplerSettings(chains=2, draws=4 * draws, tune=1000, target_accept=0.99, seed=3)
    data, priors = simulate(3)[0]["aid"], {name: PRIORS[name] for name in AID.parameters}
    chains = part.sample(data, priors, settings, False)
    assert asked == [settings, longer][:attempts]
    # What is given is the last attempt: of the longer one every fourth draw.
    last = chains_of(sample(part, AID.inputs(data) | model.numbers(priors), asked[-1], False), AID.parameters)
    for name in AID.parameters:
        assert chains.scores[name].shape == (2, draws)
        assert np.array_equal(chains.scores[name], last.scores[name][:, :: 4 ** (attempts - 1)])
    # Asked for again it is the same, and nothing is sampled.
    assert part.sample(data, priors, settings, False) is chains
    assert len(asked) == attempts


@pytest.fixture
def interruptible():
    """SIGINT raises KeyboardInterrupt, also where a shell started the tests as a background job, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_sampling(aid_alone):
    # nutpie itself would give the draws so far, as if they were all.
    part, data, priors = aid_alone, simulate(4)[0]["aid"], {name: PRIORS[name] for name in AID.parameters}
    held = dict(part.last)
    endless = SamplerSettings(chains=2, draws=400_000, tune=500, target_accept=0.9, seed=3)
    press = threading.Timer(1.0, signal.raise_signal, (signal.SIGINT,))
    press.start()
    with pytest.raises(KeyboardInterrupt):
        part.sample(data, priors, endless, False)
    assert part.last == held
    with one_attempt():
        assert part.sample(data, priors, QUICK, False).stats["diverging"].shape == (QUICK.chains, QUICK.draws)


def test_thinning_keeps_every_divergence():
    wrong = np.zeros((2, 12), dtype=bool)
    wrong[0, 5] = wrong[1, [8, 11]] = True
    drawn = np.arange(24.0).reshape(2, 12)
    thin = Chains({"a": drawn}, {"b": drawn[..., None]}, {"diverging": wrong, "energy": drawn}).thinned(4)
    assert thin.stats["diverging"].tolist() == [[False, True, False], [False, False, True]]
    for kept in (thin.scores["a"], thin.latents["b"][..., 0], thin.stats["energy"]):
        assert kept.tolist() == [[0.0, 4.0, 8.0], [12.0, 16.0, 20.0]]


def test_other_shapes_and_families_are_refused():
    data = simulate(1)[0]
    with only(SMALL):
        compiled = CompiledModel(model.shapes(data), model.families(PRIORS), ())
        with pytest.raises(ValueError, match="compiled for"):
            compiled.fit(data, PRIORS | {"washington.us_aid": Marginal("lognormal", (1.0, 0.5))}, QUICK)
        longer = replace(data["instability"], months=25, weight=np.zeros((3, 24, 51)))
        with pytest.raises(ValueError, match="compiled for"):
            compiled.fit(data | {"instability": longer}, PRIORS, QUICK)


def test_priors_are_checked():
    with only(SMALL):
        with pytest.raises(InputError, match=r"washington\.us_aid: a gamma prior cannot be updated"):
            model.families(PRIORS | {"washington.us_aid": Marginal("gamma", (2.0, 3.0))})
        with pytest.raises(InputError, match="found washington"):
            model.prior_fit({}, {"washington.us_aid": PRIORS["washington.us_aid"]}, QUICK)


def test_a_point_is_a_prior_like_any_other():
    with only(SMALL):
        kinds = model.families(PRIORS | {"washington.us_aid": Marginal("point", (1.5,))})
    assert ("washington.us_aid", "point", 1) in kinds
    with only(SMALL):
        own = tuple(kind for kind in kinds if kind[0] in AID.parameters)
        built = model.build(AID, model.shapes(simulate(0)[0]), own)
    assert "prior_point_0" in built.named_vars


def test_replicates_have_four_digits():
    numbers = np.array([0.0, 1.0, -3.3333333, 123456.789, 1e-30, np.nan, np.inf, -np.inf])
    kept = datatree._four_digits(numbers)
    assert kept.dtype == np.float32
    assert np.allclose(kept, numbers, rtol=1e-4, equal_nan=True)
    assert not (kept[:5].view(np.uint32) & 0x3FF).any()
    assert np.array_equal(datatree._four_digits(kept), kept, equal_nan=True)


@pytest.mark.calibration
def test_a_fit_keeps_every_series_with_days_of_its_own(fitted):
    data, fit = fitted
    tree = fit.tree()
    series = {name: days for block in SMALL for name, (days, _) in block.observed(data[block.name]).items()}
    assert len(series) == 11
    for group in ("prior_predictive", "posterior_predictive"):
        assert set(tree[group].data_vars) == set(series)
        for name, days in series.items():
            kept = tree[group][name]
            assert kept.dims == ("chain", "draw", f"{name}_date")
            assert kept.dtype == np.float32
            assert kept.sizes["draw"] == 100
            assert np.array_equal(kept[f"{name}_date"].values.astype("datetime64[D]"), days)
    for name in series:
        assert tree["observed_data"][name].dims == (f"{name}_date",)
    posterior = tree["posterior"]
    for name, scores in fit.scores.items():
        assert np.array_equal(posterior[f"{name}_score"], scores[:, ::2])
        assert np.allclose(posterior[name], PRIORS[name].quantile(scores[:, ::2]))
    for name, state in fit.states.items():
        assert np.array_equal(posterior[f"{name}_state"], state[:, ::2])
    assert posterior.attrs["rhat"] == fit.diagnostics.rhat
    assert set(tree["posterior_paths"].data_vars) == {"washington.capital", "kyiv.instability"}
    assert tree["sample_stats"]["diverging"].shape == (2, 200)
    paths = tree["posterior_paths"]
    assert paths["draw"].values.tolist() == posterior["draw"].values[::2].tolist()
    # What is learnt narrows what would be measured again, towards what was.
    before, after = (tree[group]["first"] for group in ("prior_predictive", "posterior_predictive"))
    assert float(after.std()) < float(before.std())


@pytest.mark.calibration
def test_convergence_is_the_worst_of_all(recovered):
    for *_, fit in recovered:
        import arviz
        import xarray

        drawn = xarray.Dataset({name: (("chain", "draw"), x) for name, x in (fit.scores | fit.states).items()})
        rhat, ess = arviz.rhat(drawn), arviz.ess(drawn)
        assert fit.diagnostics.rhat == pytest.approx(max(float(rhat[name]) for name in drawn))
        assert fit.diagnostics.ess_bulk == pytest.approx(min(float(ess[name]) for name in drawn))
    assert sum(fit.diagnostics.divergences for *_, fit in recovered) <= 4


# From the fit to the draws


def test_levels_are_columns_and_timelines_start_from_them(war):
    believed = update(war, prior_only=True)
    for start, state in STARTS.items():
        assert np.array_equal(believed.draws[start], believed.draws[state])
    draws = believed.draws.head(50).copy()
    draws["washington.capital"] += 1.0
    draws["kyiv.instability"] -= 1.0
    rows = kernel_inputs.parameter_rows(war, draws)
    state = kernel_inputs.starting_states(war, draws, rows, war.reference_date)
    assert np.array_equal(state.capital, draws["washington.capital"])
    assert np.array_equal(state.instability, draws["kyiv.instability"])


def test_a_start_that_is_held_holds_its_level(war):
    believed = update(war, prior_only=True)
    held = fix_parameters(believed, {"washington.capital_start": 0.7})
    assert (held.draws["washington.capital"] == 0.7).all()
    assert held.draws["kyiv.instability"].equals(believed.draws["kyiv.instability"])


def tie(first, second, rho):
    return Correlation(first=first, second=second, rho=rho, reason="for a test")


def test_correlations_within_what_is_learnt_are_refused(tiny):
    pair = tie("washington.capital_start", "kyiv.instability_start", 0.3)
    with pytest.raises(InputError) as refused:
        update(replace(tiny, correlations=(pair,)), prior_only=True)
    assert (refused.value.file, refused.value.key) == ("correlations.toml", f"{pair.first}, {pair.second}")
    # A correlation with a prior outside the blocks is applied.
    pair = tie("washington.capital_start", "washington.deliver", 0.6)
    draws = update(replace(tiny, correlations=(pair,)), prior_only=True).draws
    ranks = draws[["washington.capital", "washington.deliver"]].rank()
    assert ranks.corr().iloc[0, 1] == pytest.approx(6 / math.pi * math.asin(0.3), abs=0.06)


def test_prior_draws_belong_to_their_names(tiny):
    settings = SamplerSettings(chains=2, draws=50)
    priors = {name: tiny.priors[name].marginal for name in model.PARAMETERS}
    data = model.block_data(tiny, tiny.reference_date)
    one = model.prior_fit(data, priors, settings)
    assert same(one, model.prior_fit(data, priors, settings))
    with only(SMALL):
        fewer = model.prior_fit(data, {n: priors[n] for b in SMALL for n in b.parameters}, settings)
    assert all(np.array_equal(fewer.scores[name], one.scores[name]) for name in fewer.scores)
    assert np.array_equal(fewer.states["kyiv.instability"], one.states["kyiv.instability"])


def test_later_dates_drift_from_the_start(war):
    # Half a year on and nothing seen of it: the level has left its start towards its mean, by the process's own law.
    day = war.reference_date + timedelta(days=182)
    priors = {name: war.priors[name].marginal for name in model.PARAMETERS}
    priors |= {
        "washington.capital_start": Marginal("point", (2.0,)),
        "washington.capital_mean": Marginal("point", (-1.0,)),
        "washington.capital_half_life": Marginal("point", (26.0,)),
        "kyiv.instability_start": Marginal("point", (2.0,)),
        "kyiv.instability_half_life": Marginal("point", (26.0,)),
    }
    fit = model.prior_fit(model.block_data(war, day), priors, SamplerSettings(chains=4, draws=2000))
    for name, mean in (("washington.capital", 0.5), ("kyiv.instability", 1.0)):
        state = fit.states[name]
        assert state.mean() == pytest.approx(mean, abs=4 * math.sqrt(0.75 / state.size) + 0.01)
        assert state.std() == pytest.approx(math.sqrt(0.75), abs=0.04)


def test_every_series_plays_one_part(tiny_folder):
    def refused(text, match):
        path = tiny_folder / "scenario.toml"
        kept = path.read_text(encoding="utf-8")
        path.write_text(kept.replace("[season]", f"[series]\n{text}\n\n[season]"), encoding="utf-8")
        with pytest.raises(InputError, match=match):
            load_scenario(tiny_folder)
        path.write_text(kept, encoding="utf-8")

    refused('trust = "area_surveys"', r"series\.trust: found 'area_surveys'; expected a series of .*area_survey")
    refused('trust = "area_survey"', r"series\.trust: found 'area_survey', which is named already")
    refused('mood = "area_survey"', r"mood")
    index = tiny_folder / "evidence" / "evidence.toml"
    more = """
[[series]]
id = "mood"
file = "mood.csv"
title = "Islanders who trust their steward"
unit = "%"
instrument = "asked at the ferry"
lag_days = 0
every_days = 7
range = [0, 100]
source = "survey"
"""
    index.write_text(index.read_text(encoding="utf-8") + more, encoding="utf-8")
    (tiny_folder / "evidence" / "mood.csv").write_text(
        "observed,available,value\n2030-05-31,2030-06-02,100\n", encoding="utf-8"
    )
    refused('trust = "mood"', r"evidence/mood\.csv: value: found 100.*above 0 and below 100")
    (tiny_folder / "evidence" / "mood.csv").write_text(
        "observed,available,value\n2030-05-31,2030-06-02,99\n", encoding="utf-8"
    )
    refused('approval = ["mood", "mood"]', r"named already")
    path = tiny_folder / "scenario.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[season]", '[series]\naid_us = "mood"\n\n[season]'), encoding="utf-8")
    scenario = load_scenario(tiny_folder)
    assert scenario.series.aid_us == "mood"
    assert AID.observed(AID.data(scenario, date(2031, 3, 3))) == {}
