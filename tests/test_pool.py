"""The pool of perspectives: its file, its weights, and whole runs of it."""

import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.pool import floored, updated_weights
from forecast.scenario.load import load_scenario
from forecast.scenario.pool import Member, Pool

FIRST = date(2031, 3, 3)


def made_up(weights: dict[str, float], temper: float = 0.5, floor: float = 0.05) -> Pool:
    members = tuple(Member(name, weight, "why") for name, weight in weights.items())
    return Pool(members, temper, floor, ("war_ended", "general_truce", "km2"), {})


def density(*km2: float, ended: float = -0.02) -> dict[str, list[tuple[date, float]]]:
    days = [FIRST + timedelta(days=28 * k + 27) for k in range(len(km2))]
    return {"war_ended": [(day, ended) for day in days], "km2": list(zip(days, km2, strict=True))}


# Weights


def test_without_a_period_the_weights_are_the_declared_ones() -> None:
    # Even one below the floor.
    weights = {"one": 0.02, "two": 0.68, "three": 0.3}
    empty = {name: {"war_ended": [], "general_truce": [], "km2": []} for name in weights}
    assert updated_weights(made_up(weights), empty) == weights


def test_updated_weights_by_hand() -> None:
    pool = made_up({"one": 0.4, "two": 0.6})
    found = updated_weights(pool, {"one": density(-6.0, -6.0), "two": density(-7.0, -6.5)})
    # The members differ by 1.5 in log density, which counts half.
    odds = 0.4 / 0.6 * math.exp(0.5 * 1.5)
    assert found["one"] == pytest.approx(odds / (1.0 + odds), rel=1e-12)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-15)
    # What is not in the common set does not count, and untempered figures count whole.
    aside = {"one": density(-6.0) | {"approval": [(FIRST, -99.0)]}, "two": density(-7.0)}
    whole = updated_weights(made_up({"one": 0.5, "two": 0.5}, temper=1.0), aside)
    assert whole["one"] == pytest.approx(1.0 / (1.0 + math.exp(-1.0)), rel=1e-12)


def test_a_member_that_held_impossible_what_happened_keeps_the_floor() -> None:
    pool = made_up({"one": 0.5, "two": 0.3, "three": 0.2})
    found = updated_weights(pool, {"one": density(-math.inf), "two": density(-6.0), "three": density(-6.0)})
    assert found == pytest.approx({"one": 0.05, "two": 0.57, "three": 0.38}, rel=1e-12)
    none = updated_weights(pool, {name: density(-math.inf) for name in pool.weights})
    assert none == pytest.approx(pool.weights, rel=1e-12)


def test_members_must_be_weighed_on_the_same_periods() -> None:
    pool = made_up({"one": 0.4, "two": 0.6})
    with pytest.raises(ValueError, match="two are of other periods"):
        updated_weights(pool, {"one": density(-6.0, -6.0), "two": density(-6.0)})


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6), st.floats(0.0, 0.16))
def test_the_floor_holds_adds_up_and_is_idempotent(raw: list[float], floor: float) -> None:
    raw[0] = max(raw[0], 0.01)
    weights = {str(k): weight for k, weight in enumerate(raw)}
    found = floored(weights, floor)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-12)
    assert min(found.values()) >= floor - 1e-15
    assert floored(found, floor) == pytest.approx(found, abs=1e-12)
    # Those above it keep their proportions.
    above = [name for name in weights if found[name] > floor + 1e-9]
    ratios = [found[name] / weights[name] for name in above]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=1e-9) if above else True
    # Nobody is put before another.
    assert all(found[a] <= found[b] + 1e-12 for a in weights for b in weights if weights[a] <= weights[b])


# The file


POOL = """
[member.base]
weight = 0.4
reason = "Why."

[member.hopeful]
weight = 0.6
reason = "Why not."

[update]
temper = 0.5
temper_reason = "Why."
floor = 0.05
floor_reason = "Why."
common = ["war_ended", "km2"]
common_reason = "Why."
"""


def put(folder: Path, text: str = POOL) -> Path:
    (folder / "pool.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_pool_is_read_in_the_order_of_its_file(tiny_folder: Path) -> None:
    assert load_scenario(tiny_folder).pool is None
    pool = load_scenario(put(tiny_folder)).pool
    assert pool is not None
    assert list(pool.weights.items()) == [("base", 0.4), ("hopeful", 0.6)]
    assert (pool.temper, pool.floor, pool.common) == (0.5, 0.05, ("war_ended", "km2"))


def test_the_default_scenario_s_pool_is_argued() -> None:
    scenario = load_scenario("ukraine-2025")
    assert scenario.pool is not None
    assert scenario.base_rates is not None
    assert set(scenario.pool.weights) == {*scenario.perspectives, "base-rates"}
    reasons = [member.reason for member in scenario.pool.members]
    reasons += [*scenario.pool.reasons.values(), *scenario.base_rates.reasons.values()]
    assert all(len(reason.split()) >= 8 for reason in reasons)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "weight = 0.6",
            "weight = 0.5",
            r"pool.toml: member: found the weights 0.4, 0.5, which add up to 0.9; allowed",
        ),
        (
            "weight = 0.6",
            "weight = 0",
            r"pool.toml: member.hopeful.weight: found 0; allowed is a number greater than 0",
        ),
        ("member.hopeful", "member.hopefull", r"found the member 'hopefull'.*Did you mean hopeful\?"),
        ("member.hopeful", "member.base-rates", r"found the member 'base-rates'.*Add base_rates.toml"),
        ("floor = 0.05", "floor = 0.5", r"pool.toml: update.floor: found 0.5; allowed is less than 1 / 2"),
        ("temper = 0.5", "temper = 1.5", r"pool.toml: update.temper: found 1.5; allowed is a number of at most 1"),
        ('"km2"', '"km"', r"pool.toml: update.common: found 'km'; allowed are .*Did you mean km2\?"),
        ('"km2"', '"war_ended"', r"pool.toml: update.common: found 'war_ended'; .* each once"),
        ('reason = "Why not."', "", r"pool.toml: member.hopeful.reason: it is missing"),
    ],
)
def test_what_is_wrong_in_a_pool_is_told(tiny_folder: Path, old: str, new: str, text: str) -> None:
    assert POOL.count(old) == 1
    put(tiny_folder, POOL.replace(old, new))
    with pytest.raises(InputError, match=text):
        load_scenario(tiny_folder)
