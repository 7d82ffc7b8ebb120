"""A request: checked when it is made, then against its scenario, and what each member sees of it."""

from typing import Any

import pytest
from run_tools import TINY

from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.errors import InputError

EDIT = "talks.text.quantiles=[4, 9, 20]"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"timelines": 0}, "--timelines: 0 timelines. Ask for 1 to 10,000,000"),
        ({"timelines": 10_000_001}, "--timelines: 10000001 timelines"),
        ({"seed": -1}, "--seed: -1 is negative"),
        ({"threads": 0}, "--threads: 0 threads"),
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
        ({"moscow.worth": -1.0}, "--fix: moscow.worth: found -1; expected 0 or more"),
        ({"moscow.worth": float("nan")}, "--fix: moscow.worth: found nan; expected a finite number"),
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
