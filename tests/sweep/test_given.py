"""Odds of a run where a condition holds: by hand, in a pool, and refused."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.outcomes.clustering import clusters_of
from forecast.sweep.given import change_given, given

DRAWS, EACH = 100, 4


def made_up(members, seed=1):
    """Timelines of some members, with the probability of an early signature of each; None for no weekly simulation."""
    rng = np.random.default_rng(seed)
    parts = []
    for number, (name, chance) in enumerate(members.items()):
        n = DRAWS * EACH
        draw = np.repeat(np.arange(DRAWS), EACH)
        lean = rng.normal(size=DRAWS)[draw]
        signed = rng.random(n) < (0.3 if chance is None else chance)
        negotiated = signed & (rng.random(n) < 0.7)
        headline = np.where(negotiated, "negotiated", np.where(rng.random(n) < 0.2, "battlefield", "unresolved"))
        days = np.where(signed, np.datetime64("2025-03-01", "s"), np.datetime64("NaT", "s"))
        weekly = chance is not None
        part = pd.DataFrame(
            {
                "timeline": np.arange(n) + number * n,
                "draw": draw,
                "headline": pd.Categorical(headline, categories=["battlefield", "negotiated", "unresolved"]),
                "ending": pd.Categorical(headline, categories=["battlefield", "negotiated", "unresolved"]),
                "signed": days.astype("datetime64[s]"),
                "attention_average": lean if weekly else np.nan,
                "talks_alive": signed if weekly else None,
                "perspective": name,
            }
        )
        part["talks_alive"] = part["talks_alive"].astype("boolean")
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def run_of(timelines, weights=None):
    table = timelines if weights else timelines.drop(columns="perspective")
    summary = {"scenario": "two-islands", "as_of": "2025-01-20", "timelines": len(table)}
    manifest = {"settings": {"perspective": "pool" if weights else "base", "seed": 1}}
    return SimpleNamespace(id="one", timelines=table, weights=weights, summary=summary, manifest=manifest)


def test_odds_of_one_perspective_are_counted():
    run = run_of(made_up({"base": 0.5}))
    before = run.timelines.copy(deep=True)
    result = given(run, "signed<=2025-06-30", "negotiated")
    pd.testing.assert_frame_equal(run.timelines, before)
    table = run.timelines
    held = table["signed"].notna()
    (row,) = result.table.to_dict("records")
    happened = table["headline"] == "negotiated"
    assert row["probability"] == pytest.approx(happened[held].mean())
    assert row["without"] == pytest.approx(happened.mean())
    assert row["otherwise"] == pytest.approx(happened[~held].mean())
    assert row["change"] == pytest.approx(row["probability"] - row["without"])
    assert result.about["given"] == "signed <= 2025-06-30"
    assert result.about["timelines_left"] == held.sum()
    assert result.about["weight_left"] == pytest.approx(held.mean())
    assert "a change of +" in result.sentences[-1]


def test_a_pool_gives_the_conditional_of_the_mixture():
    weights = {"a": 0.25, "b": 0.75}
    run = run_of(made_up({"a": 0.8, "b": 0.2}), weights)
    result = given(run, "signed != never", "negotiated")
    table = run.timelines
    held, happened = table["signed"].notna(), table["headline"] == "negotiated"
    own = {name: table["perspective"] == name for name in weights}
    top = sum(weights[m] * (held & happened)[own[m]].mean() for m in weights)
    below = sum(weights[m] * held[own[m]].mean() for m in weights)
    (row,) = result.table.to_dict("records")
    assert row["probability"] == pytest.approx(top / below)
    members = result.tables["members"].set_index("member")
    assert members["weight_given"].sum() == pytest.approx(1.0)
    assert members.loc["a", "weight_given"] == pytest.approx(0.25 * held[own["a"]].mean() / below)
    assert members.loc["a", "weight_given"] > 0.25  # the condition speaks for `a`


def test_a_member_without_the_column_is_left_out_and_named():
    weights = {"a": 0.2, "b": 0.2, "base-rates": 0.6}
    run = run_of(made_up({"a": 0.8, "b": 0.2, "base-rates": None}), weights)
    result = given(run, "attention_average < q50", "negotiated")
    assert result.about["left_out"] == ["base-rates"]
    assert any("`base-rates` does not simulate attention_average" in note for note in result.notes)
    table = run.timelines
    happened = table["headline"] == "negotiated"
    kept = [happened[table["perspective"] == name].mean() for name in ("a", "b")]
    (row,) = result.table.to_dict("records")
    assert row["without"] == pytest.approx(np.mean(kept))
    everybody = given(run, "signed != never", "negotiated")
    assert everybody.about["left_out"] == []
    assert everybody.table["without"][0] != pytest.approx(np.mean(kept))


def test_the_error_of_the_odds_agrees_with_that_of_clusters():
    """The linearised residuals of the change, for a condition that holds by chance, and of the odds themselves."""
    run = run_of(made_up({"a": 0.8, "b": 0.2}), {"a": 0.5, "b": 0.5})
    table = run.timelines
    x = (table["headline"] == "negotiated").to_numpy(float)
    y = table["signed"].notna().to_numpy(float)
    w = np.full(len(table), 1.0 / len(table))
    members = [(table["perspective"] == name).to_numpy() for name in ("a", "b")]
    clusters = clusters_of(table, run.weights)
    inside, without = clusters.share(x, y), clusters.share(x)
    found = change_given(x, y, w, table["draw"].to_numpy(), members)
    assert found.change == pytest.approx(inside.probability - without.probability)
    assert abs(inside.standard_error - without.standard_error) < found.error
    assert found.error < inside.standard_error + without.standard_error


@pytest.mark.statistical
def test_the_error_of_the_change_covers_repetitions():
    found = []
    for seed in range(200):
        run = run_of(made_up({"base": 0.5}, seed))
        (row,) = given(run, "attention_average < 0", "battlefield").table.to_dict("records")
        found.append((row["change"], row["change_error"]))
    change, error = np.array(found).T  # the condition has no bearing on the output: the true change is 0
    assert abs(change.mean()) < 4 * change.std() / np.sqrt(200)
    assert change.std() == pytest.approx(error.mean(), rel=4 / np.sqrt(2 * 200))


def test_too_few_timelines_and_unknown_outputs_are_refused():
    run = run_of(made_up({"base": 0.5}))
    with pytest.raises(InputError, match=r"holds in \d+ of 400 timelines, from \d+ draws; expected at least 100"):
        given(run, "attention_average < q5")
    with pytest.raises(InputError, match=r"found 'negotiate'.*similar: negotiated"):
        given(run, "signed = never", "negotiate")
    alone = run_of(made_up({"base-rates": None}), {"base-rates": 1.0})
    with pytest.raises(InputError, match="no member of the pool simulates"):
        given(alone, "attention_average < 0")
