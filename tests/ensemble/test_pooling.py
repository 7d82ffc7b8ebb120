"""The pool of perspectives: its file, its weights, and whole runs of it."""

import io
import json
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_tools import contents

from forecast.cli.summary_table import show_summary
from forecast.cli.terminal import PlainConsole
from forecast.ensemble.base_rates import believe
from forecast.ensemble.pooling import floored, updated_weights
from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.narrative.story import story_of
from forecast.outcomes.shares import odds
from forecast.pipeline import workflow
from forecast.report.context import report_text
from forecast.report.figures import odds_figure
from forecast.report.numbers import percent
from forecast.scenario.load import load_scenario
from forecast.scenario.members import Member, Pool
from forecast.store.parquet import read_parquet
from forecast.store.saved_run import Run

FIRST = date(2031, 3, 3)


def made_up(weights: dict[str, float], temper: float = 0.5, floor: float = 0.05) -> Pool:
    return Pool(
        members=tuple(Member(name=name, weight=weight, reason="why") for name, weight in weights.items()),
        temper=temper,
        temper_reason="why",
        floor=floor,
        floor_reason="why",
        common=("war_ended", "general_truce", "km2"),
        common_reason="why",
    )


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
    reasons += [scenario.pool.temper_reason, scenario.pool.floor_reason, scenario.pool.common_reason]
    reasons += scenario.base_rates.reasons.values()
    assert all(len(reason.split()) >= 8 for reason in reasons)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "weight = 0.6",
            "weight = 0.5",
            r"pool.toml: member: found the weights 0.4, 0.5, which add up to 0.9; the weights",
        ),
        (
            "weight = 0.6",
            "weight = 0",
            r"pool.toml: member.hopeful.weight: found 0; expected a number greater than 0",
        ),
        ("member.hopeful", "member.hopefull", r"found the member 'hopefull'.*Did you mean hopeful\?"),
        ("member.hopeful", "member.base-rates", r"found the member 'base-rates'.*Add base_rates.toml"),
        ("floor = 0.05", "floor = 0.5", r"pool.toml: update.floor: found 0.5; expected less than 1 / 2"),
        ("temper = 0.5", "temper = 1.5", r"pool.toml: update.temper: found 1.5; expected a number of at most 1"),
        ('"km2"', '"km"', r"pool.toml: update.common: found 'km'; expected .*Did you mean km2\?"),
        ('"km2"', '"war_ended"', r"pool.toml: update.common: found 'war_ended'; .* each once"),
        ('reason = "Why not."', "", r"pool.toml: member.hopeful.reason: it is missing"),
    ],
)
def test_what_is_wrong_in_a_pool_is_told(tiny_folder: Path, old: str, new: str, text: str) -> None:
    assert POOL.count(old) == 1
    put(tiny_folder, POOL.replace(old, new))
    with pytest.raises(InputError, match=text):
        load_scenario(tiny_folder)


# Whole runs


TIMELINES = 2000


@pytest.fixture(scope="module")
def pool_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return workflow.run(
        RunRequest(
            "ukraine-2025", runs=tmp_path_factory.mktemp("runs"), timelines=TIMELINES, prior_only=True, edits=EDITS
        )
    )


EDITS = ("talks.text.quantiles=[4, 9, 20]", "settlements.weight.minsk.quantiles=[0.5, 1.0, 2.0]")
"""An edit of what the simulated members go by, and one of what `base-rates` goes by, which it leaves alone."""


def test_a_pool_runs_each_member_as_by_itself(pool_run: Run, tmp_path: Path) -> None:
    timelines = pool_run.timelines
    names = list(pool_run.summary["perspectives"])
    assert names == ["washington", "article", "commenter", "base-rates"]
    assert timelines["perspective"].astype(str).tolist() == [name for name in names for _ in range(TIMELINES)]
    assert timelines["timeline"].tolist() == list(range(len(timelines)))
    own = workflow.run(
        RunRequest(
            "ukraine-2025", runs=tmp_path, timelines=TIMELINES, prior_only=True, edits=EDITS, perspective="article"
        )
    )
    part = timelines[timelines["perspective"] == "article"]
    for name in ("draw", "replicate", "km2_end", "term_index", "steps_up"):
        assert np.array_equal(part[name].to_numpy(float), own.timelines[name].to_numpy(float), equal_nan=True), name
    assert pool_run.summary["perspectives"]["article"]["odds"] == own.summary["odds"]
    draws = pool_run.draws
    mine = draws[draws["perspective"] == "article"].drop(columns="perspective")
    assert mine.equals(own.draws)
    assert set(draws["perspective"]) == {"washington", "article", "commenter"}
    plain = load_scenario("ukraine-2025")
    kept = read_parquet(pool_run.folder / "draws_base-rates.parquet").set_index("draw")
    assert kept.equals(believe(plain, plain.reference_date).head(500).rename_axis("draw"))


def test_the_pool_lies_within_its_members_and_adds_up(pool_run: Run) -> None:
    s = pool_run.summary
    assert (s["perspective"], s["provisional"], s["timelines"]) == ("pool", False, 4 * TIMELINES)
    members = s["perspectives"].values()
    assert sum(entry["weight"] for entry in members) == pytest.approx(1.0, abs=1e-12)
    for name, entry in s["odds"].items():
        shares = [member["odds"][name]["probability"] for member in members]
        mean = sum(member["weight"] * share for member, share in zip(members, shares, strict=True))
        assert entry["probability"] == pytest.approx(mean, abs=1e-12)
        assert min(shares) <= entry["probability"] <= max(shares)
        assert entry["count"] == sum(member["odds"][name]["count"] for member in members)
        # The members disagree, and each leaves something open.
        assert 0.05 < entry["between_members"] < 0.95
    for group in ("odds", "endings"):
        assert sum(entry["probability"] for entry in s[group].values()) == pytest.approx(1.0, abs=1e-12)
        assert sum(entry["count"] for entry in s[group].values()) == 4 * TIMELINES
    beside = s["beside"]
    truce = beside["general_truce_without_settlement"]["probability"]
    whole = s["odds"]["unresolved"]["probability"]
    assert beside["still_fighting"]["probability"] + truce == pytest.approx(whole, abs=1e-12)
    # What base-rates does not follow is told of the others alone, and adds up to their share.
    simulated = [member for member in members if member["simulated"]]
    total = sum(member["weight"] for member in simulated)
    others = sum(member["weight"] * member["odds"]["unresolved"]["probability"] for member in simulated) / total
    assert sum(entry["probability"] for entry in s["unresolved"].values()) == pytest.approx(others, abs=1e-12)
    assert {entry["of"] for entry in s["unresolved"].values()} == {3 * TIMELINES}
    assert beside["ever_signed"]["of"] == 4 * TIMELINES
    assert beside["wider_war"]["of"] == 3 * TIMELINES


def test_without_a_period_updated_weights_and_odds_are_the_declared_ones(pool_run: Run) -> None:
    s = pool_run.summary
    assert s["pool"]["periods"] == {"war_ended": 0, "general_truce": 0, "km2": 0}
    assert all(entry["weight"] == entry["updated_weight"] for entry in s["perspectives"].values())
    assert s["pool"]["updated_odds"] == s["odds"]


def test_the_saved_run_gives_its_odds_again(pool_run: Run) -> None:
    assert pool_run.weights == {"washington": 0.3, "article": 0.3, "commenter": 0.15, "base-rates": 0.25}
    found = odds(pool_run.timelines, pool_run.weights)
    assert {key: pool_run.summary[key] for key in found} == json.loads(json.dumps(found))
    with pytest.raises(InputError, match="the weights are none"):
        odds(pool_run.timelines)


def test_the_report_tells_the_members_and_their_disagreement(pool_run: Run) -> None:
    text = " ".join(pool_run.report.split())
    assert report_text(load_scenario("ukraine-2025"), pool_run.summary) == pool_run.report
    for name, entry in pool_run.summary["perspectives"].items():
        assert f"| `{name}`" in text
        assert f"| {percent(entry['weight'])} | {percent(entry['updated_weight'])} | " in text
    parts = [percent(entry["between_members"]) for entry in pool_run.summary["odds"].values()]
    apart = (
        f"{parts[0]} of the variance of the battlefield odds, {parts[1]} for negotiated and {parts[2]} for unresolved"
    )
    assert f"Disagreement among the members accounts for {apart}." in text
    assert "The pool's odds are the average of the members' odds, with the declared weights." in text
    assert f"{4 * TIMELINES:,} timelines of 4 members, {TIMELINES // 40} draws each, seed 1." in text
    assert "No period of four weeks has passed since 20 January 2025" in text
    assert "`base-rates` has no odds for talks, Washington or single events;" in text
    assert "provisional" not in text
    out = io.StringIO()
    show_summary(pool_run.summary, PlainConsole(file=out, width=140))
    assert "base-rates" in out.getvalue()
    assert "disagreement" in out.getvalue()
    later = json.loads(json.dumps(pool_run.summary))
    later["pool"]["periods"] = {"war_ended": 3, "general_truce": 3, "km2": 3}
    assert "predictions for the 3 periods of four weeks since" in report_text(load_scenario("ukraine-2025"), later)
    # Ranges of a hundredth of a point are no disagreement to tell.
    for entry in later["odds"].values():
        entry |= {"interval": [entry["probability"], entry["probability"] + 1e-4], "between_members": 1.0}
    assert "are too narrow to be divided into disagreement" in report_text(load_scenario("ukraine-2025"), later)
    out = io.StringIO()
    show_summary(later, PlainConsole(file=out, width=140))
    assert "disagreement" not in out.getvalue()


def test_the_figure_shows_the_pool_s_odds(pool_run: Run) -> None:
    # Text is drawn as paths, so the figure is compared with one of other odds.
    scenario = load_scenario("ukraine-2025")
    drawn = odds_figure(scenario, pool_run.summary)
    member = pool_run.summary | {"odds": pool_run.summary["perspectives"]["article"]["odds"]}
    assert odds_figure(scenario, member) != drawn


@pytest.mark.parametrize("member", [0, 1, 2])
def test_a_timeline_of_a_simulated_member_is_told_again(pool_run: Run, member: int) -> None:
    number = member * TIMELINES + 123
    told = story_of(pool_run, number)
    assert told.row["perspective"] == list(pool_run.summary["perspectives"])[member]
    assert told.row["timeline"] == number
    assert told.lines


def test_a_timeline_of_base_rates_cannot_be_told(pool_run: Run) -> None:
    text = (
        rf"timeline {3 * TIMELINES} belongs to base-rates.*Ask for 0 to 1999 \(washington\), 2000 to 3999 \(article\)"
    )
    with pytest.raises(InputError, match=text):
        story_of(pool_run, 3 * TIMELINES)


def test_a_pool_of_the_made_up_scenario_and_without_one(tiny_folder: Path, tmp_path: Path) -> None:
    def quick(name: str, **given: str) -> Run:
        return workflow.run(RunRequest(tiny_folder, runs=tmp_path / name, timelines=400, prior_only=True, **given))

    assert quick("none").summary["perspective"] == "base"
    put(tiny_folder)
    pool, again, base = quick("one"), quick("two"), quick("three", perspective="base")
    assert contents(pool.folder, "manifest.json") == contents(again.folder, "manifest.json")
    assert (pool.summary["perspective"], base.summary["perspective"]) == ("pool", "base")
    assert list(pool.summary["perspectives"]) == ["base", "hopeful"]
    assert pool.summary["perspectives"]["base"]["odds"] == base.summary["odds"]
    assert "perspective" not in base.timelines
    assert "The main forecast pools several sets of premises." in base.report
    # Another weight is another run.
    put(tiny_folder, POOL.replace("0.4", "0.3").replace("0.6", "0.7"))
    assert quick("four").id != pool.id
