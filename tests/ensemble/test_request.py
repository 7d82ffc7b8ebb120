"""A request: checked when it is made, then against its scenario, and what each member sees of it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_tools import TINY

from forecast.belief.assemble import update
from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError
from forecast.scenario.spec import Scenario

EDIT = "talks.text.quantiles=[4, 9, 20]"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timelines": 0}, "--timelines: 0 timelines. Ask for 1 to 10,000,000"),
        ({"timelines": 10_000_001}, "--timelines: 10000001 timelines"),
        ({"seed": -1}, "--seed: -1 is negative"),
        ({"threads": 0}, "--threads: 0 threads"),
        ({"runs": ""}, "--runs: found an empty text; expected the path of a folder"),
        ({"priors": " "}, "--priors: found an empty text; expected the path of a folder"),
    ],
)
def test_numbers_that_cannot_be_run_are_refused_at_once(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        RunRequest("no such scenario", **given)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("fixed", "text"),
    [
        ({"moscow.wort": 1.0}, "--fix: moscow.wort: no entry has this name. Did you mean moscow.worth"),
        ({"moscow.worth": -2.0}, "--fix: moscow.worth: found -2; expected -1 to 1"),
        ({"moscow.worth": float("nan")}, "--fix: moscow.worth: found nan; expected a finite number"),
        ({"endings.total_defeat": 0.1}, "--fix: endings.total_defeat: this is a check on what other priors add up to"),
    ],
)
def test_parameters_that_cannot_be_fixed_are_refused(fixed: dict[str, float], text: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve(RunRequest(TINY, fixed=fixed))
    assert text in str(caught.value)


def test_settings_are_all_that_may_move_a_number() -> None:
    request = RunRequest(
        TINY, timelines=80, seed=3, threads=2, edits=["kyiv.worth.quantiles=[0.3, 0.4, 0.5]"],
        fixed={"moscow.worth": 1, "europe.worth": 0.5}, perspective="hopeful", prior_only=True,
    )  # fmt: skip
    settings = resolve(request).settings()
    assert list(settings["fixed"].items()) == [("europe.worth", 0.5), ("moscow.worth", 1.0)]
    assert {key: settings[key] for key in ("timelines", "seed", "edits", "prior_only", "perspective")} == {
        "timelines": 80,
        "seed": 3,
        "edits": ["kyiv.worth.quantiles=[0.3, 0.4, 0.5]"],
        "prior_only": True,
        "perspective": "hopeful",
    }
    assert not {"threads", "runs", "priors"} & set(settings)


def test_each_member_sees_its_own_scenario() -> None:
    resolved = resolve(RunRequest(edits=[EDIT]))
    assert resolved.perspective == "pool"
    assert resolved.weights is not None
    assert list(resolved.members) == list(resolved.weights)
    for name, scenario in resolved.members.items():
        own = name == "base-rates"
        assert scenario.perspective == ("base" if own else name)
        assert tuple(scenario.edits) == (() if own else (EDIT,))


def test_a_perspective_asked_for_is_the_only_member() -> None:
    resolved = resolve(RunRequest(perspective="article"))
    assert (resolved.perspective, resolved.pool, resolved.weights) == ("article", None, None)
    assert {name: scenario.perspective for name, scenario in resolved.members.items()} == {"article": "article"}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timelines": 1000.0}, "--timelines: found 1000.0; expected a whole number"),
        ({"timelines": True}, "--timelines: found true; expected a whole number"),
        ({"timelines": "2_000"}, "--timelines: found '2_000'"),
        ({"seed": 1.5}, "--seed: found 1.5; expected a whole number"),
        ({"seed": "\u0661"}, "--seed: found"),
        ({"threads": 2.0}, "--threads: found 2.0"),
        ({"as_of": "2031-W10-1"}, "--as-of: '2031-W10-1' is not a date. Write it as YYYY-MM-DD"),
        ({"as_of": datetime(2031, 3, 3, tzinfo=UTC)}, "--as-of: datetime.datetime(2031, 3, 3"),
        ({"fixed": {"moscow.worth": "1_0"}}, "--fix: moscow.worth: found '1_0'; expected a finite number"),
        ({"fixed": {"moscow.worth": True}}, "--fix: moscow.worth: found true"),
        ({"edits": "moscow.worth.centre=1"}, "--set: found 'moscow.worth.centre=1'; expected a list of texts"),
    ],
)
def test_a_request_takes_what_the_command_takes(given: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        RunRequest(TINY, **given)
    assert text in str(caught.value)


def test_text_and_numbers_of_numpy_become_plain_values() -> None:
    request = RunRequest(
        TINY, timelines=np.int64(80), seed="3", as_of="2031-03-03", runs="runs", fixed={"a": np.float64(1)}
    )
    assert (request.timelines, request.seed, request.as_of) == (80, 3, date(2031, 3, 3))
    assert (type(request.timelines), type(request.fixed["a"]), request.runs) == (int, float, Path("runs"))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timelines": 1000.0}, "--timelines: found 1000.0"),
        ({"timelines": 100, "seed": -1}, "--seed: -1 is negative"),
        ({"timelines": True}, "--timelines: found true"),
        ({"timelines": 100, "draws": 2.0}, "draws: found 2.0"),
        ({"timelines": 100, "draws": True}, "draws: found true"),
        ({"timelines": 100, "substeps": 0}, "substeps: 0 substeps"),
    ],
)
def test_a_simulation_takes_the_same(tiny: Scenario, given: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        simulate(tiny, update(tiny, prior_only=True), **given)
    assert text in str(caught.value)


def test_everything_public_shows_itself_in_a_line(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    made = simulate(tiny, posterior, timelines=40, draws=1)
    for thing in (tiny, posterior, made, made.start, tiny.evidence, tiny.chronology):
        assert len(repr(thing)) < 200
        assert "\n" not in repr(thing)
    assert repr(tiny).startswith("Scenario(two-islands, perspective base, 2031-03-03 to 2031-09-29: ")
    assert repr(made) == "Simulation(40 timelines from 1 draws)"
