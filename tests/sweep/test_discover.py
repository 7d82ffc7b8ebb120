"""Scenario discovery: a known rule is found, measured in other draws, and columns that know the outcome are not used."""

import sys
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.sweep import rule_finders
from forecast.sweep.discover import discover, first_half
from forecast.sweep.discovery_columns import EVENTS, features
from forecast.sweep.given import given
from forecast.sweep.rule_finders import Limits, three_digits

DRAWS, EACH = 200, 20
KINDS = ["battlefield", "negotiated", "unresolved"]


def made_up(seed=1):
    """Timelines in which a settlement is likely where attention is above 1 and the ban is lifted early."""
    rng = np.random.default_rng(seed)
    n = DRAWS * EACH
    draw = np.repeat(np.arange(DRAWS), EACH)
    attention = rng.normal(size=DRAWS)[draw] + rng.normal(size=n)
    lifted = rng.random(n) < 0.5
    likely = lifted & (attention > 1.0)
    negotiated = rng.random(n) < np.where(likely, 0.8, 0.05)
    headline = np.where(negotiated, "negotiated", np.where(rng.random(n) < 0.1, "battlefield", "unresolved"))
    day = np.where(lifted, np.datetime64("2025-03-01", "s"), np.datetime64("2025-06-01", "s"))
    return pd.DataFrame(
        {
            "timeline": np.arange(n),
            "draw": draw,
            "week": np.where(rng.random(n) < 0.05, 5.0, 49.0),
            "headline": pd.Categorical(headline, categories=KINDS),
            "ending": pd.Categorical(headline, categories=KINDS),
            "ban_lifted": day.astype("datetime64[s]"),
            "signed": np.where(negotiated, np.datetime64("2025-08-01", "s"), np.datetime64("NaT", "s")),
            "attention_13w": attention,
            "attention_average": np.where(negotiated, 9.0, 0.0),  # it gives the outcome away
            "capital_13w": rng.normal(size=n),
            "km2_13w": rng.normal(600, 100, size=n),
            "talks_alive": negotiated,
        }
    )


def run_of(timelines):
    summary = {"scenario": "two-islands", "as_of": "2025-01-20", "timelines": len(timelines)}
    manifest = {"settings": {"perspective": "base", "seed": 1}}
    return SimpleNamespace(id="one", timelines=timelines, weights=None, summary=summary, manifest=manifest)


def test_a_rule_is_measured_in_the_other_draws(monkeypatch):
    monkeypatch.setitem(
        rule_finders.FINDERS, "tree", lambda *_: [{"attention_13w": Limits(1.0, None), "ban_lifted": Limits(0.5, None)}]
    )
    run = run_of(made_up())
    before = run.timelines.copy(deep=True)
    result = discover(run, "negotiated")
    pd.testing.assert_frame_equal(run.timelines, before)
    (row,) = result.table.to_dict("records")
    assert row["rule"] == "week > 13 and attention_13w > 1 and ban_lifted <= 2025-04-21"
    table = run.timelines
    held = ~first_half(table["draw"].to_numpy()) & (table["week"] > 13)
    rule = held & (table["attention_13w"] > 1) & (table["ban_lifted"] <= "2025-04-21")
    happens = table["headline"] == "negotiated"
    assert row["density"] == pytest.approx(happens[rule].mean())
    assert row["coverage"] == pytest.approx((happens & rule).sum() / (happens & held).sum())
    assert row["weight"] == pytest.approx(rule.sum() / held.sum())
    assert row["base"] == pytest.approx(happens[held].mean())
    assert row["timelines"] == rule.sum()
    assert "week" not in result.sentences[0]
    both = given(run, row["rule"], "negotiated").table["probability"][0]  # a rule is a condition
    assert min(row["density"], row["fit_density"]) <= both <= max(row["density"], row["fit_density"])


def test_halves_are_of_whole_draws():
    draw = made_up()["draw"].to_numpy()
    first = first_half(draw)
    assert first.sum() == len(draw) // 2
    assert set(draw[first]).isdisjoint(draw[~first])


def test_columns_that_know_the_outcome_are_not_used():
    found = features(made_up(), date(2025, 1, 20), "13w", "headline")
    assert list(found.table) == ["capital_13w", "attention_13w", "km2_13w", "ban_lifted"]
    assert found.day == date(2025, 4, 21)
    assert found.rows.sum() == len(found.table) == (made_up()["week"] > 13).sum()
    assert not {"signed", "broken", "general_first", "collapse_began", "troops_text"} & set(EVENTS)
    own = features(made_up(), date(2025, 1, 20), "13w", "ban_lifted")
    assert "ban_lifted" not in own.table
    assert (made_up()["ban_lifted"][own.rows] > "2025-04-21").all()


def test_wrong_settings_are_refused():
    run = run_of(made_up())
    with pytest.raises(InputError, match="found '8w'; expected 4w, 13w, 26w"):
        discover(run, landmark="8w")
    with pytest.raises(InputError, match="found 'forest'; expected tree, prim"):
        discover(run, method="forest")
    rare = made_up()
    rare["headline"] = rare["headline"].mask(rare["headline"] == "battlefield", "unresolved")
    with pytest.raises(InputError, match="battlefield happens in 0 of"):
        discover(run_of(rare), "battlefield")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    with pytest.raises(InputError, match=r"scikit-learn is not installed.*forecast\[discover\]"):
        discover(run_of(made_up()))


def test_the_tree_finds_the_rule():
    run = run_of(made_up())
    result = discover(run, "negotiated")
    best = result.table.iloc[0]
    assert "ban_lifted <= 2025-04-21" in best["rule"]
    assert "attention_13w > " in best["rule"]
    assert "not ban_lifted" not in best["rule"]
    assert abs(best["density"] - 0.8) < 4 * best["density_error"]
    assert result.table["rule"].tolist() == discover(run, "negotiated").table["rule"].tolist()


def test_prim_finds_the_rule_and_leaves_the_table_as_it_was():
    table = features(made_up(), date(2025, 1, 20), "13w", "headline")
    before = table.table.copy(deep=True)
    happens = (made_up()["headline"] == "negotiated").to_numpy()[table.rows]
    first, *_ = rule_finders.prim_boxes(table.table, happens, np.ones(len(happens)))
    pd.testing.assert_frame_equal(table.table, before)
    assert first["attention_13w"].low == pytest.approx(1.0, abs=0.3)
    assert first["ban_lifted"].low is not None


def test_thresholds_have_three_digits():
    assert [three_digits(x) for x in (0.12345, -1234.5, 2.0)] == [0.123, -1230.0, 2.0]
