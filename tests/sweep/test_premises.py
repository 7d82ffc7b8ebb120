"""What premises and single priors do to the odds: every premise of the default scenario has an effect."""

from dataclasses import replace

import numpy as np
import pytest

from forecast.belief.assemble import Posterior, fix_parameters, update
from forecast.ensemble.simulated import simulate
from forecast.outcomes.paired import differences
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.sweep.one_at_a_time import ends, swings
from forecast.sweep.premises import NO_WEIGHT, Effect, compare, effects, switched_off

pytestmark = pytest.mark.calibration

TIMELINES = 6000


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


@pytest.fixture(scope="module")
def believed(ukraine: Scenario) -> Posterior:
    return update(ukraine, prior_only=True)


@pytest.fixture(scope="module")
def found(ukraine: Scenario, believed: Posterior) -> dict[str, Effect]:
    return {effect.premise: effect for effect in effects(ukraine, believed, timelines=TIMELINES)}


def test_every_premise_changes_some_timeline(ukraine: Scenario, found: dict[str, Effect]) -> None:
    assert len(found) == len(ukraine.premises) == 72
    assert [premise for premise, effect in found.items() if effect.changed == 0.0] == []


def test_a_premise_that_only_a_check_rests_on_has_no_effect(ukraine: Scenario, believed: Posterior) -> None:
    """The control: `endings.total_defeat` is compared with, and enters no timeline."""
    only = ukraine.priors["endings.total_defeat"]
    bare = {name: prior.model_copy(update={"premises": ()}) for name, prior in ukraine.priors.items()}
    idle = replace(
        ukraine,
        priors=bare | {only.name: only.model_copy(update={"premises": ("T1",)})},
        issues=tuple(issue.model_copy(update={"premises": ()}) for issue in ukraine.issues),
    )
    (effect,) = effects(idle, believed, ["T1"], timelines=2000)
    assert effect.entries == ("endings.total_defeat",)
    assert (effect.changed, effect.endings, effect.clear) == (0.0, 0.0, False)


def test_differences_add_up(found: dict[str, Effect]) -> None:
    for effect in found.values():
        assert sum(effect.difference.values()) == pytest.approx(0.0, abs=1e-12)
        assert all(error >= 0.0 for error in effect.error.values())
        assert effect.endings <= effect.changed


@pytest.mark.parametrize(
    ("premise", "headline", "sign"),
    [
        ("D1", "negotiated", +1),  # Moscow's baseline
        ("D3", "negotiated", +1),  # it fights on if refused
        ("D4", "negotiated", +1),  # no freezing before the rest is agreed
        ("D5", "negotiated", +1),  # it trusts no American deal
        ("D6", "negotiated", -1),  # it hurts
        ("D7", "negotiated", +1),  # it is content to continue
        ("K1", "negotiated", +1),  # the ban
        ("K2", "negotiated", +1),  # no permanent loss
        ("T6", "negotiated", -1),  # his cards
        ("K5", "battlefield", -1),  # Ukraine is fragile
        ("O2", "battlefield", -1),  # the bet
    ],
)
def test_main_premises_pull_the_way_they_say(found: dict[str, Effect], premise: str, headline: str, sign: int) -> None:
    effect = found[premise]
    assert sign * effect.difference[headline] > 2.0 * effect.error[headline]


def test_what_an_issue_rests_on_puts_it_on_the_agenda(ukraine: Scenario) -> None:
    off = switched_off(ukraine, "C12")
    saliences = [name for name in off if name.startswith("parties.salience.")]
    assert sorted(saliences) == sorted(f"parties.salience.{party.id}.transit" for party in ukraine.parties)
    assert {off[name] for name in saliences} == {NO_WEIGHT}
    assert not any(name.startswith(("parties.position.", "settlements.terms.")) for name in off)


def test_what_names_a_premise_goes_to_its_neutral_value(ukraine: Scenario) -> None:
    off = switched_off(ukraine, "D5")
    assert off["moscow.distrust"] == ukraine.priors["moscow.distrust"].without
    named = {name for name, prior in ukraine.priors.items() if "D5" in prior.premises}
    assert set(off) == named


def test_unknown_premise_is_a_bug(ukraine: Scenario) -> None:
    with pytest.raises(KeyError, match="Z9"):
        switched_off(ukraine, "Z9")


def test_nothing_switched_off_changes_nothing(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    base = simulate(tiny, posterior, timelines=800).timelines
    again = simulate(tiny, fix_parameters(posterior, {}), timelines=800).timelines
    effect = compare("none", (), base, again)
    assert (effect.changed, set(effect.difference.values()), set(effect.error.values())) == (0.0, {0.0}, {0.0})


def test_paired_error_is_that_of_differences_by_draw(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    base = simulate(tiny, posterior, timelines=2000).timelines
    other = simulate(tiny, fix_parameters(posterior, {"moscow.worth": 0.3}), timelines=2000).timelines
    difference, error = differences(base, other)
    moved = (other["headline"] == "negotiated").astype(float) - (base["headline"] == "negotiated").astype(float)
    by_draw = moved.groupby(base["draw"]).mean()
    assert difference["negotiated"] == pytest.approx(moved.mean())
    assert error["negotiated"] == pytest.approx(by_draw.std(ddof=1) / np.sqrt(len(by_draw)))


def test_held_in_every_draw_and_every_timeline(ukraine: Scenario, believed: Posterior) -> None:
    name = believed.redrawn[0]
    held = fix_parameters(believed, {name: 0.5, "moscow.worth": 0.4})
    assert name not in held.redrawn
    assert set(held.draws["moscow.worth"]) == {0.4}
    assert held.fixed == {name: 0.5, "moscow.worth": 0.4}
    assert name in believed.redrawn  # the one that was given stays as it was


def test_swings_are_those_of_held_runs_largest_first(tiny: Scenario) -> None:
    posterior = update(tiny, prior_only=True)
    found = swings(tiny, posterior, ["endings.failure", "front.mapper_error"], timelines=2000)
    assert [swing.name for swing in found] == ["endings.failure", "front.mapper_error"]
    failure, none = found
    low, high = ends(tiny, posterior, "endings.failure")
    assert (failure.low, failure.high) == (low, high)
    tables = [
        simulate(tiny, fix_parameters(posterior, {"endings.failure": x}), timelines=2000).timelines for x in (low, high)
    ]
    shares = [(table["headline"] == "battlefield").mean() for table in tables]
    assert failure.difference["battlefield"] == pytest.approx(shares[1] - shares[0])
    assert failure.largest >= failure.difference["battlefield"] > 0.0
    assert none.largest == 0.0  # an error of measurement moves no timeline


def test_ends_of_what_varies_by_timeline_are_over_timelines(ukraine: Scenario, believed: Posterior) -> None:
    name = believed.redrawn[0]
    low, high = ends(ukraine, believed, name)
    assert low < float(ukraine.priors[name].marginal.quantile(0.0)) < high
