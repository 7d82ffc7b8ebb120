"""Groups of the made-up scenario are exchanged with their parameters and their random numbers, and no others."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import TINY

from forecast.belief.assemble import Posterior, update
from forecast.encoding.timeline_table import HEADLINES
from forecast.ensemble.simulated import simulate
from forecast.errors import InputError
from forecast.scenario.records import Group
from forecast.scenario.spec import Scenario
from forecast.sweep import groups
from forecast.sweep.exchange import Simulator, columns_of, exchanged, independent_samples, sample_of
from forecast.sweep.groups import NAMES, ODDS, TIMELINE, GroupShares, group_shares, leading_judgements, shares_page
from forecast.timeline.random_numbers import decisions, week_keys

PAIRS, REPLICATES = 40, 6


@pytest.fixture(scope="module")
def believed(tiny: Scenario) -> Posterior:
    return update(tiny, prior_only=True)


@pytest.fixture(scope="module")
def simulator(tiny: Scenario, believed: Posterior) -> Simulator:
    return Simulator(tiny, believed, PAIRS, REPLICATES, 1, 2)


@pytest.fixture(scope="module")
def shares(tiny: Scenario, believed: Posterior) -> GroupShares:
    return group_shares(tiny, believed, timelines=1200, threads=2, parts_above=-1.0)


def everybody(scenario: Scenario) -> set[str]:
    return {group.id for group in scenario.groups}


def test_without_an_exchange_timelines_are_those_of_a_run(
    tiny: Scenario, believed: Posterior, simulator: Simulator
) -> None:
    found = simulator.run(simulator.inputs(sample_of(believed, slice(0, PAIRS))), ())
    table = simulate(tiny, believed, timelines=40 * PAIRS, draws=PAIRS, seed=1).timelines
    table = table[table["replicate"] < REPLICATES]
    assert [HEADLINES[k] for k in found.ravel()] == list(table["headline"])


def test_exchanging_everything_gives_the_other_sample(
    tiny: Scenario, believed: Posterior, simulator: Simulator
) -> None:
    a, b = independent_samples(tiny, believed, PAIRS, 1)
    moved = exchanged(a, b, columns_of(believed, set(tiny.priors)))
    entries = [name != "log_prior" for name in believed.draws.columns]
    for found, other in zip(moved, (b, a), strict=True):
        assert (found.values[:, entries] == other.values[:, entries]).all()
        assert (found.means == other.means).all()
    inputs, wanted = simulator.inputs(moved[0]), simulator.inputs(b)
    assert (simulator.both(inputs) == simulator.both(wanted)).all()
    # With the random numbers too: A becomes B, with the other seed.
    everything = everybody(tiny)
    assert (simulator.both(inputs, everything) == simulator.both(wanted)[:, ::-1]).all()
    assert (simulator.both(inputs) != simulator.both(simulator.inputs(a))).any()


def test_streams_are_exchanged_group_by_group(tiny: Scenario, believed: Posterior, simulator: Simulator) -> None:
    inputs = simulator.inputs(sample_of(believed, slice(0, PAIRS)))
    own = simulator.both(inputs)
    assert (simulator.both(inputs, {"settlements"}) == own).all()  # it has no random numbers
    assert (simulator.both(inputs, {"talks"}) != own).any()
    assert (simulator.both(inputs, {"talks"})[:, 0] != own[:, 1]).any()
    assert (own[:, 0] != own[:, 1]).any()


def test_parameters_that_vary_by_timeline_take_the_numbers_of_their_group(
    tiny: Scenario, believed: Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator(tiny, believed, 2, 1, 1, 1)
    inputs = simulator.inputs(sample_of(believed, slice(0, 2)))
    given = []

    def record(inputs: object, *others: object) -> None:
        given.append((inputs, others[1]))
        raise StopIteration

    monkeypatch.setattr("forecast.sweep.exchange.simulate_cells", record)
    for second in ((), {"front"}):
        with pytest.raises(StopIteration):
            simulator.run(inputs, second)
    lanes = [found.redrawn.lane for found, _ in given]
    moved = {name for name, before, after in zip(believed.redrawn, *lanes, strict=True) if before != after}
    assert moved == set(believed.redrawn) & set(tiny.groups[0].entries) != set()
    seeds = [found for _, found in given]
    assert {name for name in seeds[0] if seeds[0][name] != seeds[1][name]} == set(tiny.groups[0].streams)


def test_each_decision_may_have_a_seed_of_its_own() -> None:
    one, two = week_keys(1, 5), week_keys("2", 5)
    mixed = week_keys({name: 1 if k % 2 else "2" for k, name in enumerate(decisions())}, 5)
    assert (mixed[1::2] == one[1::2]).all()
    assert (mixed[::2] == two[::2]).all()


def test_groups_are_independent_and_whole(tiny: Scenario, believed: Posterior) -> None:
    a, _ = independent_samples(tiny, believed, PAIRS, 1)
    draws = believed.draws.to_numpy(float)
    chosen = []
    for group in tiny.groups:
        own = columns_of(believed, group.entries)
        source = [np.flatnonzero((draws[:, own.values] == row).all(axis=1)) for row in a.values[:, own.values]]
        assert [len(found) for found in source] == [1] * PAIRS  # all columns of a group come from one draw
        chosen.append(np.concatenate(source))
        assert (a.means[:, own.means] == believed.redrawn_mean[chosen[-1]][:, own.means]).all()
    assert np.mean(np.array(chosen[0]) == np.array(chosen[1])) < 0.1
    levels = {
        "washington.capital": "washington",
        "kyiv.instability": "kyiv",
        "front.slow": "front",
        "front.fast": "front",
    }
    for level, name in levels.items():
        (group,) = (group for group in tiny.groups if group.id == name)
        assert columns_of(believed, group.entries).values[believed.draws.columns.get_loc(level)]


def test_every_group_and_part_has_a_row(tiny: Scenario, shares: GroupShares) -> None:
    table = shares.table
    whole = table[table["part"] == ""]
    assert len(whole) == 2 * len(tiny.groups) * len(HEADLINES)
    assert list(dict.fromkeys(whole["group"])) == [group.id for group in tiny.groups]
    parts = table[table["part"] != ""]
    assert set(parts["variance"]) == {ODDS}
    assert {("moscow", "residual"), ("moscow", "private")} <= set(zip(parts["group"], parts["part"], strict=True))
    assert not table.duplicated(["variance", "group", "part", "outcome"]).any()
    assert shares.pairs == 100
    variance = shares.variance.set_index("outcome")
    p = variance["probability"]
    assert p.sum() == pytest.approx(1.0)
    for outcome in HEADLINES:
        error = variance.at[outcome, "timeline_error"]
        assert variance.at[outcome, "timeline"] == pytest.approx(
            p[outcome] * (1.0 - p[outcome]), abs=4.0 * error + 1e-3
        )
        assert variance.at[outcome, "odds"] < variance.at[outcome, "timeline"]


def test_a_group_without_effect_has_no_share(tiny: Scenario, believed: Posterior) -> None:
    idle = ("front.mapper_error", "front.second_error", "kyiv.trust_centre", "endings.total_defeat")
    rest = tuple(name for name in tiny.priors if name not in idle)
    streams = tuple(stream for group in tiny.groups for stream in group.streams)
    two = (
        Group(id="idle", label="Idle", entries=idle, streams=(), parts=()),
        Group(id="rest", label="The rest", entries=rest, streams=streams, parts=()),
    )
    table = group_shares(replace(tiny, groups=two), believed, timelines=600).table
    shares = table[["first", "first_error", "total", "total_error"]].to_numpy()
    known = ~np.isnan(shares).any(axis=1)
    assert known.any()
    assert (shares[(table["group"] == "idle") & known] == 0.0).all()
    assert shares[(table["group"] == "rest") & known][:, [0, 2]] == pytest.approx(1.0)
    assert known[table["variance"] == TIMELINE].all()


def test_shares_do_not_depend_on_threads(tiny: Scenario, believed: Posterior) -> None:
    one, two = (group_shares(tiny, believed, timelines=240, threads=n).table for n in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_the_page_names_both_variances(tiny: Scenario, shares: GroupShares) -> None:
    page = shares_page(shares, tiny.title)
    for name in NAMES.values():
        assert f"## Shares of {name}" in page
    for group in tiny.groups:
        assert page.count(f"| **{group.label}** |") == 2
    assert "| - private worth of a settlement |" in page
    assert "correlations between the priors of different groups are cut" in page
    assert "nan" not in page
    assert leading_judgements(shares) in page


def judged(*rows: tuple[str, str, float, float]) -> GroupShares:
    names = {"variance": ODDS, "outcome": "negotiated"}
    table = [
        names | {"group": g, "part": p, "label": g.capitalize(), "part_label": p, "first": first, "first_error": error}
        for g, p, first, error in rows
    ]
    return GroupShares("base", pd.DataFrame(table), pd.DataFrame(), 0, 0)


def test_the_largest_judgements_are_named() -> None:
    found = judged(
        ("moscow", "", 0.5, 0.02),
        ("moscow", "worth", 0.2, 0.02),
        ("moscow", "private", 0.25, 0.02),
        ("talks", "", 0.1, 0.02),
        ("kyiv", "", 0.08, 0.05),
        ("arms", "", 0.03, 0.001),
    )
    assert leading_judgements(found) == (
        "The largest shares of the variance of the negotiated odds between draws come from "
        "Moscow: private (25 ± 2%); Moscow: worth (20 ± 2%); Talks (10 ± 2%)."
    )
    assert leading_judgements(found, most=1) == (
        "The largest share of the variance of the negotiated odds between draws comes from Moscow: private (25 ± 2%)."
    )
    assert leading_judgements(judged(("arms", "", 0.03, 0.001))) == (
        "No judgement alone holds 5% of the variance of the negotiated odds between draws."
    )


def test_requests_that_cannot_be_met_are_refused(tiny: Scenario, believed: Posterior) -> None:
    with pytest.raises(InputError, match=r"two-islands/groups\.toml: it is missing; shares by group need it"):
        group_shares(replace(tiny, groups=()), believed)
    with pytest.raises(InputError, match=r"found 119 timelines .* expected at least 120 timelines and 20 draws"):
        group_shares(tiny, believed, timelines=119)
    later = replace(believed, as_of=tiny.reference_date + timedelta(days=7))
    with pytest.raises(InputError, match="expected the reference date, 2031-03-03"):
        group_shares(tiny, later)


def test_the_command_prints_the_page(
    believed: Posterior, tiny_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "update", lambda scenario: believed)
    assert groups.main([str(TINY), "--timelines", "120", "--perspective", "hopeful", "--threads", "2"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("# Uncertainty by group: The war of the two islands, perspective `hopeful`\n")
    assert "exchanging The strait" in printed.err
    (tiny_folder / "groups.toml").unlink()
    assert groups.main([str(tiny_folder)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "two-islands/groups.toml: it is missing; shares by group need it. Add it\n"
