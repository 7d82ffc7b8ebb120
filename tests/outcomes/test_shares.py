"""Odds: they add up exactly, splits add up to their whole, and what rests on too little is held back."""

import io

import numpy as np
import pandas as pd
import pyarrow
import pytest
from timeline_tools import run, ukraine, ukraine_inputs

from forecast.encoding.timeline_table import timeline_table
from forecast.errors import InputError
from forecast.outcomes.clustering import FEW_DRAWS, FEW_TIMELINES, Clusters
from forecast.outcomes.shares import SHARES, events, headline_odds, label, odds
from forecast.scenario.spec import Scenario
from forecast.timeline.cells import cells

NUMBER = 6000


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    scenario, posterior = ukraine()
    rows, _ = run(ukraine_inputs(150), cells(NUMBER, 150), threads=2)
    return timeline_table(rows, scenario, posterior.as_of)


@pytest.fixture(scope="module")
def found(table: pd.DataFrame) -> dict:
    return odds(table)


def counts(group: dict) -> list[int]:
    return [entry["count"] for entry in group.values()]


def test_the_headline_adds_up_to_every_timeline(table: pd.DataFrame, found: dict) -> None:
    assert list(found["odds"]) == ["battlefield", "negotiated", "unresolved"]
    assert sum(counts(found["odds"])) == NUMBER
    assert sum(counts(found["endings"])) == NUMBER
    for name, entry in found["odds"].items():
        assert entry["probability"] == entry["count"] / NUMBER == (table["headline"] == name).mean()
        assert entry["of"] == NUMBER


def test_splits_add_up_to_their_whole(found: dict) -> None:
    whole = {name: entry["count"] for name, entry in found["odds"].items()}
    scenario, _ = ukraine()
    for kind, count in whole.items():
        parts = [found["endings"][ending.id]["count"] for ending in scenario.endings if ending.kind == kind]
        assert sum(parts) == count
    assert sum(counts(found["unresolved"])) == whole["unresolved"]
    assert sum(counts(found["negotiated"])) == whole["negotiated"]
    resolved = whole["battlefield"] + whole["negotiated"]
    assert [entry["of"] for entry in found["given_resolved"].values()] == [resolved] * 2
    assert sum(counts(found["given_resolved"])) == resolved
    beside = found["beside"]
    truce = beside["general_truce_without_settlement"]["count"]
    assert beside["still_fighting"]["count"] + truce == whole["unresolved"]
    assert beside["signed_and_broken"]["count"] <= beside["ever_signed"]["count"]
    assert beside["negotiated_younger_than_28_days"]["count"] <= whole["negotiated"] <= beside["ever_signed"]["count"]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("down_consent", np.inf, "the column down_consent has infinite numbers"),
        ("km2_end", -np.inf, "the column km2_end has infinite numbers"),
        ("down_kyiv", np.nan, "5 timelines have only one of down_kyiv and talks_alive"),
        ("talks_alive", None, "5 timelines have only one of engaged and talks_alive"),
        ("draw", -7, "the column draw has numbers that are missing, negative or not whole"),
        ("draw", 0.5, "the column draw has numbers that are missing, negative or not whole"),
        ("timeline", np.nan, "the column timeline has numbers that are missing, negative or not whole"),
    ],
)
def test_a_table_with_damaged_cells_is_refused(table: pd.DataFrame, column: str, value: object, words: str) -> None:
    damaged = table.astype({column: object if column == "talks_alive" else float})
    damaged.loc[damaged.index[:5], column] = value
    with pytest.raises(InputError, match=words):
        odds(damaged)


def test_shares_of_a_whole_add_up_to_one(found: dict) -> None:
    assert sum(entry["probability"] for entry in found["first_refusal"].values()) == pytest.approx(1.0, abs=1e-12)
    assert sum(entry["probability"] for entry in found["steps_down"].values()) == pytest.approx(1.0, abs=1e-12)
    owners = found["defeat"]["owner"].values()
    assert sum(entry["probability"] for entry in owners) == pytest.approx(1.0, abs=1e-12)


def test_the_table_of_shares_is_what_is_reported(found: dict) -> None:
    def reported(group: str) -> dict:
        inner = found
        for key in group.split("."):
            inner = inner[key]
        return inner

    keys = [(share.group, share.name) for share in SHARES]
    assert len(set(keys)) == len(keys)
    for group, name in keys:
        assert "probability" in reported(group)[name]
    groups = {group for group, _ in keys}
    assert set(found) == {group.split(".")[0] for group in groups} | {"endings", "given"}
    assert [name for group, name in keys if group == "beside"] == list(found["beside"])


def test_labels_take_the_names_of_the_scenario() -> None:
    assert label("beside", "washington_engaged") == "Washington engaged at the end"
    assert label("beside", "washington_engaged", {"washington": "The mediator"}) == "The mediator engaged at the end"
    assert label("endings", "russia_fails") == "Russia fails"
    assert label("endings", "pause", {"pause": "Ten-year {pause}"}) == "Ten-year {pause}"


def test_odds_given_an_event(table: pd.DataFrame, found: dict) -> None:
    happened = events(table)
    assert set(found["given"]) == set(happened)
    # First and last dates of a thing are one event.
    assert {"limited_truce", "general_truce"} <= set(happened)
    assert not {"last_date", "limited_first", "limited_last", "general_first", "general_last"} & set(happened)
    for name, entry in found["given"].items():
        event = happened[name].of(table)
        assert entry["count"] == event.sum()
        assert entry["draws"] == table["draw"][event].nunique()
        few = entry["count"] < FEW_TIMELINES or entry["draws"] < FEW_DRAWS
        for kind, share in entry["odds"].items():
            both = int((event & (table["headline"] == kind)).sum())
            assert share["count"] == both
            assert share["of"] == entry["count"]
            assert share.get("too_few", False) == few
            assert share["probability"] is None if few else share["probability"] == both / entry["count"]
            assert (share["interval"] is None) == few
    assert any(entry["count"] < FEW_TIMELINES for entry in found["given"].values())
    assert any(entry["count"] > FEW_TIMELINES for entry in found["given"].values())


def test_every_number_is_a_chance_within_its_interval(found: dict) -> None:
    seen = []

    def walk(node: object) -> None:
        if isinstance(node, dict) and "probability" in node:
            seen.append(node)
        elif isinstance(node, dict):
            for value in node.values():
                walk(value)

    walk(found)
    assert len(seen) > 100
    for entry in seen:
        if entry["probability"] is None:
            assert (entry["standard_error"], entry["interval"], entry["too_few"]) == (None, None, True)
            continue
        low, high = entry["interval"]
        assert 0.0 <= low <= entry["probability"] <= high <= 1.0
        assert entry["standard_error"] >= 0.0
        assert type(entry["probability"]) is float
        assert isinstance(entry["count"], int | float)


def test_too_few_timelines_or_draws_are_held_back() -> None:
    draw = np.repeat(np.arange(100), 40)
    clusters = Clusters(draw)
    what = np.arange(4000) % 2 == 0
    assert clusters.share(what, np.arange(4000) < 99, few=True).probability is None
    assert clusters.share(what, draw < 29, few=True).probability is None
    assert clusters.share(what, draw < 30, few=True).probability == 0.5
    enough = clusters.share(what, draw % 4 == 0, few=True)
    assert (enough.of, enough.draws, enough.probability) == (1000, 25, None)
    assert clusters.share(what, draw % 3 == 0, few=True).draws == 34
    # Not asked for, it is told however few; of nothing it never is.
    assert clusters.share(what, np.arange(4000) < 10).probability == 0.5
    assert clusters.share(what, np.zeros(4000, bool)).probability is None


def test_what_is_outside_the_condition_does_not_count() -> None:
    clusters = Clusters(np.repeat(np.arange(50), 40))
    given = np.arange(2000) % 2 == 0
    share = clusters.share(np.ones(2000, bool), given)
    assert (share.count, share.of, share.probability) == (1000.0, 1000, 1.0)
    assert (share.standard_error, share.low, share.high) == (0.0, 1.0, 1.0)


def test_shares_weighted_by_counts() -> None:
    clusters = Clusters(np.repeat(np.arange(50), 2))
    steps = np.tile([3.0, 0.0], 50)
    share = clusters.share(np.tile([1.0, 0.0], 50), steps)
    assert (share.probability, share.count, share.of) == (pytest.approx(1 / 3), 50.0, 50)


def test_one_draw_has_no_spread() -> None:
    share = Clusters(np.zeros(40, int)).share(np.arange(40) < 10)
    assert (share.probability, share.standard_error, share.low, share.high) == (0.25, None, None, None)
    # Of a pool neither; and two draws tell both.
    member = np.repeat([0, 1], 20)
    pool = Clusters(np.zeros(40, int), member, np.array([0.75, 0.25])).share(np.arange(40) < 10)
    assert (pool.probability, pool.standard_error, pool.low, pool.between_members) == (0.375, None, None, None)
    two = Clusters(np.repeat([0, 1], 20)).share(np.arange(40) < 10)
    assert two.standard_error > 0.2
    assert two.low < 0.25 < two.high


def test_one_timeline_of_a_further_draw_does_not_close_the_interval() -> None:
    random = np.random.default_rng(3)
    draw = np.repeat(np.arange(200), 40)
    what = random.random(8000) < random.beta(2.0, 3.0, 200)[draw]
    whole = Clusters(draw).share(what)
    more = Clusters(np.append(draw, 200)).share(np.append(what, True))
    assert (more.low, more.high) == pytest.approx((whole.low, whole.high), abs=0.02)
    assert more.high - more.low > 0.5


def test_members_without_a_timeline_are_none() -> None:
    names = ["one", "two", "three"]
    table = pd.DataFrame({"draw": np.tile(np.repeat([0, 1], 10), 3), "perspective": np.repeat(names, 20)})
    table["perspective"] = pd.Categorical(table["perspective"], names)
    table["headline"] = pd.Categorical(np.where(np.arange(60) % 20 < 5, "negotiated", "unresolved"))
    weights = {"one": 0.5, "two": 0.25, "three": 0.25}
    assert headline_odds(table, weights)["negotiated"]["probability"] == 0.25
    two = table[table["perspective"] != "three"]
    assert headline_odds(two, {"one": 0.6, "two": 0.4})["negotiated"]["of"] == 40
    one = table[table["perspective"] == "one"]
    assert headline_odds(one) == headline_odds(one.drop(columns="perspective"))
    with pytest.raises(
        InputError, match=r"the timelines belong to one, two, but .*those of a saved run are its `weights`"
    ):
        headline_odds(two, weights)


def test_the_tiny_scenario_has_the_same_layout(tiny: Scenario, found: dict) -> None:
    from forecast.belief.assemble import update
    from forecast.ensemble.simulated import simulate

    small = odds(simulate(tiny, update(tiny, prior_only=True), timelines=400, draws=10).timelines)
    assert list(small) == list(found)
    assert list(small["beside"]) == list(found["beside"])
    assert sum(counts(small["odds"])) == 400


# Tables from elsewhere


def test_timelines_given_twice_are_refused(table: pd.DataFrame) -> None:
    for again in (pd.concat([table, table]), pd.concat([table, table.iloc[[5]]]), table.iloc[[0, 1, 1]]):
        with pytest.raises(InputError, match=r"timelines: timeline \d+ stands in the table twice"):
            odds(again)
    assert odds(table.iloc[::2])["odds"]["unresolved"]["of"] == NUMBER / 2


def test_an_empty_table_is_refused(table: pd.DataFrame) -> None:
    for function in (odds, headline_odds):
        with pytest.raises(InputError, match="timelines: found no timelines; expected at least one"):
            function(table.iloc[:0])


def test_a_table_that_lost_its_types_is_refused_in_words(table: pd.DataFrame) -> None:
    csv = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    for other in (csv, table.astype({"ending": str}), table.assign(headline=table["headline"].astype(object))):
        with pytest.raises(InputError, match="expected categories: the table has lost its types, perhaps as CSV"):
            odds(other)
    with pytest.raises(InputError, match=r"the column signed holds .*; expected dates"):
        odds(table.assign(signed=table["signed"].astype(str)))
    with pytest.raises(InputError, match="the column talks_alive is missing"):
        odds(table.drop(columns="talks_alive"))
    with pytest.raises(InputError, match="found a dict; expected a pandas DataFrame"):
        odds({"timeline": [1]})  # type: ignore[arg-type]


def test_a_table_that_went_through_arrow_gives_the_same_odds(table: pd.DataFrame, found: dict) -> None:
    assert odds(pyarrow.Table.from_pandas(table).to_pandas()) == found
    with pytest.raises(InputError, match="found a Table; expected a pandas DataFrame"):
        odds(pyarrow.Table.from_pandas(table))


@pytest.mark.parametrize(
    "weights",
    [{"base": float("nan")}, {"base": 0.5}, {"base": True}, {}, {"one": 0.5, "two": 0.5}],
)
def test_weights_of_a_table_without_members_are_refused(table: pd.DataFrame, weights: dict) -> None:
    with pytest.raises(InputError, match="weights: "):
        odds(table, weights)


@pytest.mark.parametrize("weights", [(float("nan"), 1.0), (2.0, -1.0), (True, False), (float("inf"), 0.0)])
def test_weights_that_are_not_shares_are_refused(weights: tuple) -> None:
    two = pd.DataFrame({"draw": [0, 1], "perspective": ["one", "two"], "headline": ["negotiated", "unresolved"]})
    assert headline_odds(two, {"one": 0.5, "two": 0.5})["negotiated"]["probability"] == 0.5
    with pytest.raises(InputError, match="weights"):
        headline_odds(two, dict(zip(("one", "two"), weights, strict=True)))
