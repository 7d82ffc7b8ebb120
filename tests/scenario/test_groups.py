"""`groups.toml`: every entry and every stream of random numbers of both scenarios is in one group."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from forecast.errors import InputError
from forecast.inputs.validation import Place
from forecast.scenario.groups import Pattern, assigned, read_groups, streams
from forecast.scenario.load import load_scenario
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Scenario
from forecast.timeline.random_numbers import decisions

TEN = ["front", "endings", "washington", "arms", "europe", "kyiv", "moscow", "hawks", "settlements", "talks"]


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


@pytest.fixture(params=["ukraine", "tiny"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    found: Scenario = request.getfixturevalue(request.param)
    return found


def test_every_entry_and_every_stream_is_in_one_of_ten_groups(scenario: Scenario) -> None:
    assert [group.id for group in scenario.groups] == TEN
    assert Counter(entry for group in scenario.groups for entry in group.entries) == Counter(list(scenario.priors))
    assert Counter(stream for group in scenario.groups for stream in group.streams) == Counter(streams())
    assert set(decisions()) - set(streams()) == {"parameters.timeline", "replay.resample"}


def test_parts_are_disjoint_and_within_their_group(scenario: Scenario) -> None:
    for group in scenario.groups:
        entries = [entry for part in group.parts for entry in part.entries]
        assert len(entries) == len(set(entries))
        assert set(entries) <= set(group.entries)
        assert all(part.entries for part in group.parts)


def test_entries_are_where_readers_look_for_them(ukraine: Scenario) -> None:
    group_of = {entry: group.id for group in ukraine.groups for entry in group.entries}
    expected = {
        "front.breakthrough": "front",
        "front.breakthrough_arms": "arms",
        "washington.us_aid": "arms",
        "washington.walk_away": "washington",
        "europe.replacement": "arms",
        "endings.owner_president": "endings",
        "parties.position.kyiv.nato": "kyiv",
        "parties.salience.moscow.nato": "moscow",
        "parties.stiffness.europe": "europe",
        "parties.toil.nato": "talks",
        "talks.moscow_spread": "moscow",
        "talks.kyiv_spread": "kyiv",
        "talks.optimism": "talks",
        "settlements.load.pause": "settlements",
    }
    assert {entry: group_of[entry] for entry in expected} == expected
    parts = {part.id: part.entries for group in ukraine.groups if group.id == "moscow" for part in group.parts}
    assert parts["residual"] == ("moscow.worth",)
    assert parts["private"] == ("moscow.private", "talks.moscow_spread")
    assert "moscow.sees_break" in parts["coefficients"]
    streams_of = {group.id: group.streams for group in ukraine.groups}
    assert streams_of["arms"] == ("washington.pause", "washington.renewal")


def test_a_scenario_may_lack_groups(tiny_folder: Path) -> None:
    (tiny_folder / "groups.toml").unlink()
    assert load_scenario(tiny_folder).groups == ()


def test_perspectives_and_edits_keep_the_groups(tiny: Scenario, tiny_folder: Path) -> None:
    found = load_scenario(tiny_folder, perspective="hopeful", edits=["moscow.worth.quantiles=[0.3, 0.4, 0.5]"])
    assert found.groups == tiny.groups


def test_the_most_specific_pattern_wins() -> None:
    names = ["a.b", "a.bc", "a.c.x", "d.c.x"]
    patterns = [
        Pattern(owner, text, Place("groups.toml", text))
        for owner, text in (("all", "*"), ("a", "a.*"), ("b", "a.b*"), ("exact", "a.b"), ("x", "*.c.x"))
    ]
    assert assigned(patterns, names) == {"a.b": "exact", "a.bc": "b", "a.c.x": "x", "d.c.x": "x"}


def test_equally_specific_patterns_of_one_group_agree() -> None:
    place = Place("groups.toml")
    patterns = [Pattern("one", "a.*", place), Pattern("one", "*.b", place)]
    assert assigned(patterns, ["a.b"]) == {"a.b": "one"}


def test_entries_in_no_group_are_counted(reader: Reader) -> None:
    group = {"label": "x", "entries": ["moscow.worth"], "streams": ["*"]}
    alone = replace(reader, tables={**reader.tables, "groups.toml": {"group": {"one": group}}})
    with pytest.raises(InputError) as caught:
        read_groups(alone, ["moscow.worth", "a.a", "a.b", "a.c", "a.d", "a.e"])
    assert "found a.a, a.b, a.c and 2 more in no group; expected all entries in one" in str(caught.value)
