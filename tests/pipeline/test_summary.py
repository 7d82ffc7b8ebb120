"""The summary of a run: its layout, entries that hold together, and numbers that add up."""

import math

import pytest
from run_tools import TINY, entries

from forecast.belief.model import block_data, series_used
from forecast.outcomes.influence import NAMED_ABOVE, influence
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run

HEADLINES = ("battlefield", "negotiated", "unresolved")

KEYS = (
    *("schema", "run", "scenario", "as_of", "horizon", "timelines", "draws", "seed"),
    *("perspective", "perspective_detail", "provisional"),
    *("edits", "fixed", "readings", "prior_only"),
    *("odds", "given_resolved", "endings", "beside", "unresolved", "negotiated", "defeat", "first_refusal"),
    *("steps_down", "given", "since", "coherence", "turns_on", "uncertainty", "amounts", "diagnostics", "predictive"),
)
BESIDE = (
    *("ever_signed", "signed_and_broken", "ceasefire_28_days", "limited_truce", "still_fighting"),
    *("general_truce_without_settlement", "talks_alive", "washington_engaged", "washington_ever_walked_away"),
    *("negotiated_younger_than_28_days", "breakthrough", "pocket_lost", "wider_war"),
)


def test_summary_has_the_documented_layout(run: Run) -> None:
    s = run.summary
    scenario = load_scenario(TINY if s["scenario"] == "two-islands" else "ukraine-2025")
    assert tuple(s) == KEYS
    assert (s["schema"], s["run"], s["seed"]) == (2, run.id, 1)
    assert (s["perspective"], s["perspective_detail"], s["provisional"]) == ("base", None, True)
    assert (s["as_of"], s["horizon"]) == (scenario.reference_date.isoformat(), scenario.horizon.isoformat())
    assert tuple(s["odds"]) == HEADLINES
    assert tuple(s["given_resolved"]) == HEADLINES[:2]
    assert list(s["endings"]) == [ending.id for ending in scenario.endings]
    assert tuple(s["beside"]) == BESIDE
    assert list(s["unresolved"]) == [
        f"talks_{talks}_{posture}" for talks in ("alive", "dead") for posture in ("engaged", "walked_away")
    ]
    assert list(s["negotiated"]) == ["near_kyiv", "in_the_middle", "near_moscow"]
    assert list(s["defeat"]) == ["washington_engaged", "washington_engaged_without_defeat", "owner"]
    assert tuple(s["defeat"]["owner"]) == ("president", "predecessor", "europe", "kyiv")
    assert list(s["first_refusal"]) == ["washington", "europe", "kyiv", "moscow"]
    assert list(s["steps_down"]) == ["consent", "europe", "hawks", "kyiv"]
    regions = {f"taken_{region.id}" for region in scenario.regions}
    assert {"signed", "broken", "breakthrough", "limited_truce", "general_truce", "walked_away"} | regions <= set(
        s["given"]
    )
    for entry in s["given"].values():
        assert list(entry) == ["count", "draws", "odds"]
        assert tuple(entry["odds"]) == HEADLINES
    assert list(s["amounts"]) == ["km2_4w", "km2_13w", "km2_26w", "km2_end", "approval_4w", "approval_13w"]
    for amount in s["amounts"].values():
        assert list(amount) == ["q05", "q50", "q95"]
        assert sorted(amount.values()) == list(amount.values())
    assert s["since"] is None
    diagnostics = ["sampler", "converged", "effective_draws", "thin", "evidence", "outside_declared_range"]
    assert list(s["diagnostics"]) == diagnostics
    assert (s["diagnostics"]["effective_draws"], s["diagnostics"]["thin"]) == (None, None)
    for entry in s["diagnostics"]["evidence"].values():
        assert (entry["learnt_from"] > 0) == (entry["used"] and not s["prior_only"])
        assert entry["learnt_from"] <= entry["rows_used"] <= entry["rows"]
    used = [name for name, entry in s["diagnostics"]["evidence"].items() if entry["used"]]
    known_by_then = series_used(block_data(scenario, scenario.reference_date))
    assert used == [name for name in scenario.evidence.specs if name in known_by_then]
    assert scenario.area_series in used


def test_entries_hold_together(run: Run) -> None:
    found = dict(entries(run.summary))
    assert len(found) > 40
    for name, entry in found.items():
        told = entry["probability"] is not None
        assert list(entry) == ["probability", "standard_error", "interval", "count", "of"] + ["too_few"] * (not told), (
            name
        )
        if not told:
            assert (entry["standard_error"], entry["interval"], entry["too_few"]) == (None, None, True), name
            continue
        if run.summary["draws"] == 1:
            assert (entry["standard_error"], entry["interval"]) == (None, None), name
        else:
            low, high = entry["interval"]
            assert 0.0 <= low <= entry["probability"] <= high <= 1.0, name
            assert entry["standard_error"] >= 0.0, name
        # Causes of stepping down are shares of steps, and there may be several in a timeline.
        if not name.startswith("steps_down"):
            assert entry["probability"] == pytest.approx(entry["count"] / entry["of"], abs=1e-12), name
            assert 0 <= entry["count"] <= entry["of"] <= run.summary["timelines"], name


def test_counts_add_up_exactly(run: Run) -> None:
    s = run.summary
    for group in ("odds", "endings"):
        assert sum(entry["count"] for entry in s[group].values()) == s["timelines"]
        assert {entry["of"] for entry in s[group].values()} == {s["timelines"]}
        assert sum(entry["probability"] for entry in s[group].values()) == pytest.approx(1.0, abs=1e-12)
    for headline in ("unresolved", "negotiated"):
        assert sum(entry["count"] for entry in s[headline].values()) == s["odds"][headline]["count"]
    resolved = s["odds"]["battlefield"]["count"] + s["odds"]["negotiated"]["count"]
    assert {entry["of"] for entry in s["given_resolved"].values()} == {resolved}
    defeats = s["endings"]["north_defeated" if s["scenario"] == "two-islands" else "ukraine_defeated"]["count"]
    assert s["defeat"]["washington_engaged"]["of"] == defeats
    assert s["defeat"]["washington_engaged_without_defeat"]["of"] == s["timelines"] - defeats
    owners = [entry["count"] for entry in s["defeat"]["owner"].values()]
    assert sum(owners) == pytest.approx(defeats, abs=1e-9)
    for entry in s["given"].values():
        assert sum(inner["count"] for inner in entry["odds"].values()) == entry["count"]
    assert s["endings"]["still_fighting"]["count"] == s["beside"]["still_fighting"]["count"]
    assert s["given"]["signed"]["count"] == s["beside"]["ever_signed"]["count"]


def test_summary_is_that_of_the_timelines(run: Run) -> None:
    t, s = run.timelines, run.summary
    assert len(t) == s["timelines"]
    assert t["draw"].nunique() == s["draws"] == math.ceil(s["timelines"] / 40)
    for headline in HEADLINES:
        assert (t["headline"] == headline).sum() == s["odds"][headline]["count"]
    for ending, entry in s["endings"].items():
        assert (t["ending"] == ending).sum() == entry["count"]
    assert t["signed"].notna().sum() == s["beside"]["ever_signed"]["count"]
    assert s["amounts"]["km2_end"]["q50"] == pytest.approx(t["km2_end"].median(), abs=1e-6)


def test_what_the_odds_turn_on_is_ordered_and_adds_up(ukraine_run: Run) -> None:
    turns = ukraine_run.summary["turns_on"]
    assert 1 <= len(turns) <= 8
    # A run of a hundred draws names few, and not always the greatest; that one's effect is fitted all the same.
    worth = (
        influence(ukraine_run.timelines, ukraine_run.draws, load_scenario("ukraine-2025"))
        .set_index("name")
        .loc["moscow.private"]
    )
    assert worth["negotiated"] > 2.0 * worth["negotiated_error"]
    assert worth["negotiated_share"] > 2.0 * worth["negotiated_share_error"]
    assert all(turn["sureness"] > NAMED_ABOVE for turn in turns)
    largest = [turn["largest"] for turn in turns]
    assert largest == sorted(largest, reverse=True)
    for turn in turns:
        assert turn["low"] < turn["high"]
        assert sum(turn[h] for h in HEADLINES) == pytest.approx(0.0, abs=1e-5)
        assert max(abs(turn[h]) for h in HEADLINES) == pytest.approx(turn["largest"], abs=1e-6)
        assert turn["name"] in ukraine_run.draws
