"""The pool's file: members, weights and their update."""

from typing import Any

import pytest

from forecast.errors import InputError
from forecast.scenario.pool import read_pool
from forecast.scenario.reader import Reader

UPDATE: dict[str, Any] = {
    "temper": 0.5,
    "temper_reason": "x",
    "floor": 0.05,
    "floor_reason": "x",
    "common": ["war_ended", "km2"],
    "common_reason": "x",
}
MEMBERS: dict[str, Any] = {"base": {"weight": 0.4, "reason": "x"}, "hopeful": {"weight": 0.6, "reason": "x"}}


def given(reader: Reader, **changes: object) -> Reader:
    return Reader(
        reader.label, {**reader.tables, "pool.toml": {"member": MEMBERS, "update": UPDATE, **changes}}, reader.sources
    )


def test_a_scenario_may_lack_a_pool(reader: Reader) -> None:
    assert read_pool(reader, ["hopeful"]) is None


def test_the_pool_is_the_file(reader: Reader) -> None:
    pool = read_pool(given(reader), ["hopeful"])
    assert pool is not None
    assert pool.weights == {"base": 0.4, "hopeful": 0.6}
    assert (pool.temper, pool.floor, pool.common, pool.common_reason) == (0.5, 0.05, ("war_ended", "km2"), "x")


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"member": MEMBERS | {"base": {"weight": 0.5, "reason": "x"}}}, "member", "add up to 1.1"),
        ({"member": {"doves": {"weight": 1.0, "reason": "x"}}}, "member.doves", "found the member 'doves'"),
        ({"member": {"base-rates": {"weight": 1.0, "reason": "x"}}}, "member.base-rates", "Add base_rates.toml"),
        ({"member": {"base": {"name": "x", "weight": 1.0, "reason": "x"}}}, "member.base.name", "unknown key"),
        ({"update": UPDATE | {"floor": 0.5}}, "update.floor", "less than 1 / 2"),
        ({"update": UPDATE | {"temper": 0.0}}, "update.temper", "greater than 0"),
        ({"update": UPDATE | {"common": ["km2", "km2"]}}, "update.common", "each once"),
        ({"update": UPDATE | {"common": []}}, "update.common", "at least 1"),
    ],
)
def test_a_wrong_pool_is_refused(reader: Reader, changes: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_pool(given(reader, **changes), ["hopeful"])
    assert (caught.value.file, caught.value.key) == ("two-islands/pool.toml", key)
    assert words in str(caught.value)
