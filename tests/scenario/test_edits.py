"""What the command line changes: `--set` and `--fix`."""

from datetime import date
from pathlib import Path

import pytest
from damage import swap

from forecast.errors import InputError
from forecast.scenario.load import check_fixable, load_scenario, parse_fixed
from forecast.scenario.spec import Scenario

NAME = "two-islands"

# --set


def test_edit_of_quantiles_takes_a_distribution_away_and_the_reverse(tiny_folder: Path) -> None:
    scenario = load_scenario(
        tiny_folder,
        edits=[
            "moscow.strain_start.quantiles=[0.1, 0.2, 0.3]",
            'moscow.distrust.distribution={family = "normal", mean = 0.5, sd = 0.1}',
            "moscow.distrust.support = [-inf, inf]",
            "front.level.distribution.sd=0.5",
        ],
    )
    assert scenario.priors["moscow.strain_start"].elicited == "quantiles 0.1/0.2/0.3"
    assert scenario.priors["moscow.distrust"].elicited == "normal mean=0.5 sd=0.1"
    assert scenario.priors["front.level"].marginal.args == (0.7, 0.5)
    assert scenario.edits[-1] == "front.level.distribution.sd=0.5"
    assert "mean = 0.7, sd = 0.3" in scenario.texts["front.toml"]


@pytest.mark.parametrize(
    ("edit", "name", "attribute", "value"),
    [
        ("settlements.breakdown.pause.quantiles=[0.2,0.5,0.9]", "", "elicited", "quantiles 0.2/0.5/0.9"),
        ("settlements.terms.pause.line.centre=0.4", "", "elicited", "centre 0.4, spread 0.1"),
        ("settlements.clause_included.armistice.return.without=0.1", "", "without", 0.1),
        ("settlements.clause_without.armistice.zone.reason=whim", "", "reason", "whim"),
        ("parties.position.kyiv.line.centre=0.3", "", "elicited", "centre 0.3, spread 0.1, load 0.6"),
        ("parties.salience.moscow.line.spread=1.5", "", "elicited", "centre 0.4, spread 1.5"),
        ("parties.stiffness.moscow.distribution.mean=1", "", "elicited", "normal mean=1 sd=1"),
        ("front.held.highlands.premises=[]", "", "premises", ()),
        ("front.share.highlands.varies=timeline", "", "varies", "timeline"),
        ("kyiv.ban.source = judgement", "", "source", "judgement"),
        ("kyiv.ban.as_of = 2031-01-01", "", "as_of", date(2031, 1, 1)),
    ],
)
def test_edit_reaches_every_kind_of_entry(
    tiny: Scenario, tiny_folder: Path, edit: str, name: str, attribute: str, value: object
) -> None:
    scenario = load_scenario(tiny_folder, edits=[edit])
    name = edit.partition("=")[0].strip().rpartition(".")[0].removesuffix(".distribution")
    assert getattr(scenario.priors[name], attribute) == value
    changed = [other for other, prior in scenario.priors.items() if prior != tiny.priors[other]]
    assert set(changed) <= {name}


def test_later_edit_wins(tiny_folder: Path) -> None:
    scenario = load_scenario(tiny_folder, edits=["kyiv.ban.without=0.2", "kyiv.ban.without=0.3"])
    assert scenario.priors["kyiv.ban"].without == 0.3


@pytest.mark.parametrize(
    ("edit", "file", "key", "words"),
    [
        ("moscow.worth", "--set", "moscow.worth", "expected NAME.FIELD=VALUE"),
        ("moscow.wurth.quantiles=[1,2,3]", "--set", "moscow.wurth", "Did you mean moscow.worth"),
        ("moscow.kursk_cost.without=0", "--set", "moscow.kursk_cost", "It is called moscow.pocket_cost now"),
        ("moscow.worth.quantile=[1,2,3]", "--set", "moscow.worth", "Did you mean quantiles"),
        ("moscow.worth=3", "--set", "moscow.worth", "allowed after moscow.worth are"),
        ("moscow.worth.quantiles.1=3", "--set", "moscow.worth.quantiles.1", "found the field 'quantiles.1'"),
        ("parties.position.kyiv.line.quantiles=[1,2,3]", "--set", "kyiv.line", "centre, spread"),
        ("parties.rows.load=0", "--set", "parties.rows", "no entry"),
        ("moscow.worth.quantiles=[3,2,1]", f"{NAME}/moscow.toml", "worth.quantiles", "Change --set"),
        ("moscow.worth.without=high", f"{NAME}/moscow.toml", "worth.without", "found 'high'"),
        (
            "moscow.worth.distribution.sd=1",
            f"{NAME}/moscow.toml",
            "worth.distribution.family",
            "Change --set",
        ),
        ("parties.position.kyiv.line.centre=3", f"{NAME}/parties.toml", "kyiv.position.line.centre", "--set"),
        (
            "settlements.clause_included.armistice.zone.unit=x",
            f"{NAME}/settlements.toml",
            "settlement.armistice.clause.zone.included.unit",
            "--set",
        ),
    ],
)
def test_wrong_edit_is_refused(tiny_folder: Path, edit: str, file: str, key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder, edits=["kyiv.ban.without=0.2", edit])
    assert caught.value.file == file
    assert key in (caught.value.key or "")
    assert words in str(caught.value)


def test_error_that_no_edit_caused_does_not_blame_one(tiny_folder: Path) -> None:
    swap(tiny_folder, "moscow.toml", "sd = 0.4 }", "sd = -0.4 }")
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder, edits=["moscow.worth.without=0.2"])
    assert "--set" not in str(caught.value)


# --fix


def test_fix_gives_numbers_by_name() -> None:
    texts = ["moscow.worth=0.5", "front.held.highlands = 1e3", "settlements.terms.pause.line=1"]
    assert parse_fixed(texts) == {
        "moscow.worth": 0.5,
        "front.held.highlands": 1000.0,
        "settlements.terms.pause.line": 1.0,
    }


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["moscow.worth"], "expected NAME=NUMBER"),
        (["moscow.wort=1"], "Did you mean moscow.worth"),
        (["front.kursk_start=400"], "It is called front.pocket_start now"),
        (["moscow.cheating=0.1"], "It is gone; moscow.rearmament has its part now"),
        (["moscow.worth=1", "moscow.worth=2"], "it is given twice"),
        (["moscow.worth=inf"], "found 'inf'; expected a finite number"),
        (["moscow.worth=much"], "found 'much'"),
        (["moscow.worth=\u0660.\u0665"], "expected a finite number"),
        (["moscow.worth=1_0"], "found '1_0'; expected a finite number"),
        (["moscow.worth=-2"], "found -2; expected -1 to 1, in value"),
        (["front.breakthrough=1"], "found 1; expected 0 to less than 1, in chance/year"),
        (["front.held.highlands=1401"], "found 1401; expected 0 to 1400, in km2"),
        (
            ["parties.position.kyiv.line=0.5"],
            "a position cannot be fixed: it also depends on other draws of its party",
        ),
        (["parties.salience.kyiv.line=0.5"], "Use --set parties.salience.kyiv.line.centre=0.5"),
    ],
)
def test_wrong_fix_is_refused(tiny: Scenario, texts: list[str], words: str) -> None:
    with pytest.raises(InputError) as caught:
        check_fixable(tiny, parse_fixed(texts))
    assert caught.value.file == "--fix"
    assert words in str(caught.value)
