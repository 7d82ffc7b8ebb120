"""Saved fits: their names, that they come back whole or not at all, and that reading them is light."""

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from places import REPOSITORY, TINY
from run_tools import same

from forecast.belief import cache
from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.belief.model import PARAMETERS, block_data
from forecast.belief.update import check_convergence, fit_blocks
from forecast.cache.entries import remove_entry
from forecast.errors import InputError, NotConverged
from forecast.scenario.elicit import Marginal
from forecast.scenario.load import load_scenario

PRIORS = {name: Marginal("normal", (0.5, 0.1)) for name in PARAMETERS}
SAMPLER = SamplerSettings(chains=2, draws=5)


def evidence(day=date(2031, 3, 3)):
    """What every block knows of the made-up scenario on a date."""
    return block_data(load_scenario(TINY), day)


def changed(block, **fields):
    data = evidence()
    return data | {block: replace(data[block], **fields)}


def made_up_fit(key=""):
    rng = np.random.default_rng(0)
    scores = {name: rng.standard_normal((2, 5)) for name in PARAMETERS}
    states = {name: rng.standard_normal((2, 5)) for name in ("front.slow", "kyiv.instability")}
    paths = {name: rng.standard_normal((2, 5, 4)) for name in ("front.slow", "kyiv.instability")}
    paths["front.slow"][..., -1] = np.nan
    return Fit(scores, states, paths, Diagnostics(1.001, 900.5, 800.25, 0), rng.bytes(1000), key)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "posterior"


@pytest.fixture
def key():
    return cache.fit_key(evidence(), PRIORS, SAMPLER)


def test_folder_is_the_user_s_unless_it_is_given(place, monkeypatch):
    assert cache.folder() == place
    monkeypatch.delenv("FORECAST_CACHE")
    assert cache.folder().parts[-2:] == ("forecast", "posterior")


def test_key_is_a_function_of_what_draws_depend_on(key, monkeypatch):
    assert key == cache.fit_key(evidence(), dict(reversed(PRIORS.items())), SAMPLER)
    data = evidence()
    others = [
        cache.fit_key(evidence(date(2031, 2, 3)), PRIORS, SAMPLER),
        cache.fit_key(changed("front", area=data["front"].area * 1.01), PRIORS, SAMPLER),
        cache.fit_key(changed("front", season=data["front"].season * 0.5), PRIORS, SAMPLER),
        cache.fit_key(changed("capital", now=0.5), PRIORS, SAMPLER),
        cache.fit_key(changed("capital", polls=np.full_like(data["capital"].polls, 45.0)), PRIORS, SAMPLER),
        cache.fit_key(changed("aid", series=("aid", None)), PRIORS, SAMPLER),
        cache.fit_key(changed("instability", months=3), PRIORS, SAMPLER),
        cache.fit_key(data, PRIORS | {"front.mud": Marginal("normal", (0.5, 0.2))}, SAMPLER),
        *(
            cache.fit_key(data, PRIORS, replace(SAMPLER, **{field: 0.7 if field == "target_accept" else 9}))
            for field in ("chains", "draws", "tune", "target_accept", "seed")
        ),
    ]
    monkeypatch.setattr(cache, "library_versions", lambda: dict.fromkeys(cache.LIBRARIES, "0.0"))
    others.append(cache.fit_key(data, PRIORS, SAMPLER))
    monkeypatch.undo()
    monkeypatch.setattr(cache, "belief_source", lambda: "another source")
    others.append(cache.fit_key(data, PRIORS, SAMPLER))
    assert len({key, *others}) == len(others) + 1
    with pytest.raises(TypeError, match="set cannot be part"):
        cache.fit_key({"front": {"a", "b"}}, PRIORS, SAMPLER)


def test_what_is_stored_comes_back_bit_for_bit(key, place):
    assert cache.load(key) is None
    fit = made_up_fit(key)
    cache.store(fit)
    assert same(cache.load(key), fit)
    assert sorted(path.name for path in place.iterdir()) == [key]
    assert (place / key / "posterior.nc").read_bytes() == fit.netcdf


def test_fit_blocks_takes_what_is_saved(key, monkeypatch):
    def refuse(*_):
        raise AssertionError("compiled although it was saved")

    monkeypatch.setattr("forecast.belief.update._compiled", refuse)
    cache.store(made_up_fit(key))
    assert same(fit_blocks(evidence(), PRIORS, SAMPLER, prior_only=False), made_up_fit(key))
    with pytest.raises(AssertionError, match="although"):
        fit_blocks(evidence(date(2031, 2, 3)), PRIORS, SAMPLER, prior_only=False)
    with pytest.raises(AssertionError, match="although"):
        fit_blocks(evidence(), PRIORS, SAMPLER, prior_only=False, cache=False)


def test_fit_blocks_refuses_a_bad_limit_before_the_work(monkeypatch):
    monkeypatch.setattr("forecast.belief.update._compiled", None)
    monkeypatch.setenv("FORECAST_CACHE_MB", "many")
    with pytest.raises(InputError, match="FORECAST_CACHE_MB: found 'many'; expected a whole number"):
        fit_blocks(evidence(), PRIORS, SAMPLER, prior_only=False)


def cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def turn_a_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


@pytest.mark.parametrize("harm", [cut, turn_a_bit, empty, remove])
@pytest.mark.parametrize("name", ["fit.json", "draws.npz", "posterior.nc"])
def test_damage_is_logged_and_repaired(key, place, caplog, harm, name):
    cache.store(made_up_fit(key))
    harm(place / key / name)
    with caplog.at_level(logging.WARNING, "forecast"):
        assert cache.load(key) is None
    (record,) = caplog.records
    assert (record.levelname, record.args[1]) == ("WARNING", place / key)
    assert not (place / key).exists()
    cache.store(made_up_fit(key))
    assert same(cache.load(key), made_up_fit(key))


def test_diagnostics_cannot_be_changed_unseen(key, place):
    cache.store(made_up_fit(key))
    path = place / key / "fit.json"
    record = json.loads(path.read_bytes())
    record["diagnostics"]["rhat"] = 1.0
    path.write_text(json.dumps(record))
    assert cache.load(key) is None


def test_entry_under_another_name_is_refused(key, place):
    cache.store(made_up_fit(key))
    (place / key).rename(place / ("0" * 64))
    assert cache.load("0" * 64) is None


def test_unwritable_cache_is_done_without(key, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("a file where the folder should be")
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING, "forecast"):
        assert cache.load(key) is None
        cache.store(made_up_fit(key))
    (record,) = caplog.records
    assert (record.levelname, record.args[:2]) == ("WARNING", ("the fit", cache.folder()))


def test_many_at_once_see_whole_entries_only(key, place):
    def work(number):
        if number % 5 == 0:
            remove_entry(place / key)
        cache.store(made_up_fit(key))
        return cache.load(key)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(80)))
    assert any(fit is not None for fit in found)
    assert all(same(fit, made_up_fit(key)) for fit in found if fit is not None)
    cache.store(made_up_fit(key))
    assert [path.name for path in place.iterdir()] == [key]


def test_warm_path_imports_nothing_heavy(key):
    cache.store(made_up_fit(key))
    code = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(REPOSITORY / "tests")!r}]
from test_cache import *
from forecast.belief.draws import draw_table, interleave
fit = fit_blocks(evidence(), PRIORS, SAMPLER, prior_only=False)
assert same(fit, made_up_fit())
fit_blocks(evidence(), PRIORS, SAMPLER, prior_only=True)
heavy = ["pymc", "pytensor", "nutpie", "arviz", "xarray", "scipy.stats"]
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_convergence_is_judged_with_numbers_and_limits():
    check_convergence(Diagnostics(1.01, 400.0, 400.0, 0))
    with pytest.raises(NotConverged) as caught:
        check_convergence(Diagnostics(1.0234, 399.0, 500.0, 3))
    text = str(caught.value)
    assert "R-hat 1.0234 (at most 1.01)" in text
    assert "bulk ESS 399 (at least 400)" in text
    assert "3 divergences" in text
    assert "tail ESS" not in text
    assert caught.value.exit_code == 4
    with pytest.raises(NotConverged, match="tail ESS nan"):
        check_convergence(Diagnostics(1.0, 500.0, float("nan"), 0))
