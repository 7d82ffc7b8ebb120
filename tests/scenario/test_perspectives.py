"""Perspectives: what they change, what is refused, and where they come from."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from perspective_tools import ENTRIES, HEAD, VIEW, WORTH, change, put
from run_tools import TINY

from forecast.errors import InputError
from forecast.scenario.families import C95
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import PARTIES


@pytest.fixture(scope="module")
def hopeful() -> Scenario:
    return load_scenario(TINY, perspective="hopeful")


# What a perspective changes


def test_base_is_the_files_as_they_stand_and_tells_which_perspectives_there_are(tiny: Scenario) -> None:
    assert tiny.perspective == "base"
    assert list(tiny.perspectives) == ["hopeful"]
    told = tiny.perspectives["hopeful"]
    assert (told.name, told.title, told.holder) == ("hopeful", "The mediator's hopes", "commenter")
    assert told.summary.startswith("Held by the mediator's envoys. ")
    assert tuple(change.entry for change in told.changes) == ENTRIES
    worth = told.changes[0]
    assert (worth.elicited, worth.unit) == ("quantiles 0.2/0.35/0.5", "value")
    assert (worth.premises, worth.source) == (("P4",), "gazette")
    assert worth.reason == "The gazette tells of empty shops on South Island."
    assert (worth.base, worth.quantiles) == (pytest.approx((0.45, 0.6, 0.75)), pytest.approx((0.2, 0.35, 0.5)))
    # A position is used within its support.
    assert told.changes[2].base[1:] == (0.95, 1.0)
    assert load_scenario(TINY, perspective="base").priors == tiny.priors


def test_only_what_is_changed_changes(tiny: Scenario, hopeful: Scenario) -> None:
    assert hopeful.perspective == "hopeful"
    assert hopeful.perspectives == tiny.perspectives
    assert list(hopeful.priors) == list(tiny.priors)
    assert {name for name, prior in hopeful.priors.items() if prior != tiny.priors[name]} == set(ENTRIES)
    assert hopeful.texts == tiny.texts
    np.testing.assert_array_equal(hopeful.lean, tiny.lean)


def test_a_changed_entry_stands_on_the_grounds_of_the_change(tiny: Scenario, hopeful: Scenario) -> None:
    worth, before = hopeful.priors["moscow.worth"], tiny.priors["moscow.worth"]
    np.testing.assert_allclose(worth.marginal.quantile(np.array([-C95, 0.0, C95])), [0.2, 0.35, 0.5])
    for kept in ("unit", "support", "varies", "without"):
        assert getattr(worth, kept) == getattr(before, kept)
    assert (worth.source, worth.basis, worth.as_of) == ("gazette", "reading", date(2031, 2, 25))
    assert (worth.reason, worth.file) == (
        "The gazette tells of empty shops on South Island.",
        "perspectives/hopeful.toml",
    )
    # Its party's source is of a date, which judgement has not.
    row = hopeful.priors["parties.position.moscow.harbour"]
    assert tiny.priors[row.name].as_of == date(2031, 2, 20)
    assert (row.source, row.basis, row.as_of) == ("judgement", "judgement", None)
    assert (row.marginal.args, row.elicited) == ((0.6, pytest.approx(0.08)), "centre 0.6, spread 0.1, load 0.6")


def test_premises_are_the_entrys_own_and_those_of_the_change(hopeful: Scenario) -> None:
    assert hopeful.priors["moscow.worth"].premises == ("P1", "P3", "P4")
    # Of a table that has none; of its party and its issue, one of which is named again; of its settlement.
    assert hopeful.priors["washington.capital_start"].premises == ("P2",)
    assert hopeful.priors["parties.position.moscow.harbour"].premises == ("P3", "P2", "P1")
    assert hopeful.priors["settlements.clause_included.armistice.return"].premises == ("P2", "P4")
    assert "moscow.worth" in hopeful.premises_of()["P4"]


@pytest.mark.parametrize(
    ("entry", "numbers", "elicited"),
    [
        ("moscow.strain_start", "quantiles = [0.1, 0.2, 0.4]", "quantiles 0.1/0.2/0.4"),
        ("moscow.worth", 'distribution = { family = "point", value = 0.4 }', "point value=0.4"),
        ("parties.stiffness.moscow", 'distribution = { family = "normal", mean = 1, sd = 1 }', "normal mean=1 sd=1"),
        ("parties.position.moscow.line", "spread = 0.3", "centre 0.8, spread 0.3, load 0.6"),
        ("parties.position.kyiv.line", "spread = 0.3", "centre 0.05, spread 0.3, load 0.6"),
        ("parties.salience.kyiv.line", "centre = 1\nspread = 0.1", "centre 1, spread 0.1"),
        ("settlements.terms.pause.line", "centre = 0.4", "centre 0.4, spread 0.1"),
        ("settlements.weight.pause", "quantiles = [1, 2, 3]", "quantiles 1/2/3"),
        ("settlements.clause_without.armistice.zone", "quantiles = [0.1, 0.2, 0.3]", "quantiles 0.1/0.2/0.3"),
        ("front.held.highlands", "quantiles = [300, 400, 500]", "quantiles 300/400/500"),
    ],
)
def test_every_kind_of_entry_can_be_changed(tiny_folder: Path, entry: str, numbers: str, elicited: str) -> None:
    if "point" in numbers:
        text = (tiny_folder / "correlations.toml").read_text(encoding="utf-8")
        (tiny_folder / "correlations.toml").write_text(text.replace('"moscow.worth"', '"kyiv.worth"'), encoding="utf-8")
    base = load_scenario(tiny_folder)
    put(tiny_folder / "perspectives", HEAD + change(entry, numbers))
    scenario = load_scenario(tiny_folder, perspective="mine")
    prior, before = scenario.priors[entry], base.priors[entry]
    assert (prior.elicited, prior.reason) == (elicited, "So I hold.")
    assert sorted(prior.premises) == sorted({*before.premises, "P2"})
    assert {name for name, other in scenario.priors.items() if other != base.priors[name]} == {entry}
    if entry == "parties.position.kyiv.line":
        assert scenario.lean[PARTIES.index("kyiv"), 1] == pytest.approx(-0.6 * 0.3)


def test_edits_come_after_the_perspective(tiny_folder: Path) -> None:
    edits = ["moscow.worth.quantiles=[0.1, 0.2, 0.3]", "kyiv.ban.without=0.2"]
    both = load_scenario(tiny_folder, perspective="hopeful", edits=edits)
    worth = both.priors["moscow.worth"]
    assert worth.elicited == "quantiles 0.1/0.2/0.3"
    assert (worth.source, worth.premises) == ("gazette", ("P1", "P3", "P4"))
    assert both.priors["kyiv.ban"].without == 0.2
    assert both.edits == tuple(edits)
    # What is told of the perspective is told without them.
    assert both.perspectives["hopeful"].changes[0].elicited == "quantiles 0.2/0.35/0.5"
    with pytest.raises(InputError, match=r"two-islands/moscow\.toml: worth\.quantiles: .*--set"):
        load_scenario(tiny_folder, perspective="hopeful", edits=["moscow.worth.quantiles=[3, 2, 1]"])


def test_a_premise_may_rest_on_a_perspective_alone(tiny_folder: Path) -> None:
    premises = tiny_folder / "premises.toml"
    text = premises.read_text(encoding="utf-8")
    premises.write_text(f'{text}\n[P5]\nholder = "me"\nclaim = "Mine."\n', encoding="utf-8")
    with pytest.raises(InputError, match="P5: no entry"):
        load_scenario(tiny_folder)
    put(tiny_folder / "perspectives", VIEW.replace("P2", "P5"))
    assert load_scenario(tiny_folder).premises_of()["P5"] == []
    assert load_scenario(tiny_folder, perspective="mine").premises_of()["P5"] == ["moscow.worth"]


# What is refused

DAMAGES: list[tuple[str, str, str | None, tuple[str, ...]]] = [
    # Of the file
    ("no TOML", VIEW + "=", "line", ("is not TOML",)),
    (
        "no title",
        VIEW.replace("title =", "tittle ="),
        "tittle",
        ("unknown key", "title, holder, summary, reviewed, change"),
    ),
    ("blank holder", VIEW.replace('"me"', '" "'), "holder", ("found ' '", "text that is not blank")),
    ("no change", HEAD, "change", ("it is missing", "title, holder, summary, change")),
    ("changes that are none", f"{HEAD}change = []\n", "change", ("found []", "a list of at least 1")),
    ("a change that is a number", f"{HEAD}change = [3]\n", "change.1", ("found 3", "a table")),
    # Of the entry
    ("no entry", VIEW.replace("entry =", "# entry ="), "change.1.entry", ("it is missing",)),
    (
        "unknown entry",
        VIEW.replace("moscow.worth", "moscow.wurth"),
        "change.moscow.wurth",
        ("found the entry 'moscow.wurth'", "expected the name of one", "Did you mean moscow.worth"),
    ),
    (
        "a field of an entry",
        VIEW.replace("moscow.worth", "moscow.worth.quantiles"),
        "change.moscow.worth.quantiles",
        ("found the entry 'moscow.worth.quantiles'",),
    ),
    (
        "no entry but a table",
        VIEW.replace("moscow.worth", "season.zenith"),
        "change.season.zenith",
        ("`forecast check` lists them",),
    ),
    ("twice", VIEW + WORTH, "change.moscow.worth", ("'moscow.worth' again", "expected one", "Keep one")),
    # Of the ways in which it is given
    (
        "no numbers",
        HEAD + change("moscow.worth", ""),
        "change.moscow.worth",
        ("found neither quantiles nor distribution", "expected one of them"),
    ),
    (
        "two ways",
        HEAD + change("moscow.worth", 'quantiles = [1, 2, 3]\ndistribution = { family = "point", value = 1 }'),
        "change.moscow.worth",
        ("found both quantiles and distribution", "expected one of them"),
    ),
    (
        "centre of an entry",
        HEAD + change("moscow.worth", "centre = 0.3"),
        "change.moscow.worth.centre",
        ("found 0.3", "expected quantiles and distribution"),
    ),
    (
        "quantiles of a row",
        HEAD + change("parties.position.moscow.line", "quantiles = [0.1, 0.2, 0.3]"),
        "change.parties.position.moscow.line.quantiles",
        ("found [0.1, 0.2, 0.3]", "expected centre and spread"),
    ),
    (
        "distribution of a term",
        HEAD + change("settlements.terms.pause.line", 'distribution = { family = "point", value = 0.5 }'),
        "change.settlements.terms.pause.line.distribution",
        ("found a table", "expected centre and spread"),
    ),
    (
        "a row without numbers",
        HEAD + change("parties.salience.moscow.line", ""),
        "change.parties.salience.moscow.line",
        ("found neither centre nor spread", "expected either"),
    ),
    # Of what it may not change
    *(
        (
            f"another {key}",
            HEAD + change("moscow.worth", f"quantiles = [0.2, 0.3, 0.4]\n{key} = {value}"),
            f"change.moscow.worth.{key}",
            (f"found {told}", "a perspective cannot change this", "expected source, ", "Take it out"),
        )
        for key, value, told in (
            ("without", "0.5", "0.5"),
            ("support", "[0.0, 1.0]", "[0, 1]"),
            ("unit", '"share"', "'share'"),
            ("varies", '"timeline"', "'timeline'"),
        )
    ),
    (
        "an unknown field",
        VIEW.replace("quantiles =", "quantile ="),
        "change.moscow.worth.quantile",
        ("unknown key", "quantiles, distribution, centre, spread", "Did you mean quantiles"),
    ),
    # Of the numbers
    (
        "two quantiles",
        VIEW.replace("0.2, ", ""),
        "change.moscow.worth.quantiles",
        ("found [0.35, 0.5]", "a list of 3 numbers"),
    ),
    (
        "quantiles out of order",
        VIEW.replace("0.2, 0.35", "0.35, 0.2"),
        "change.moscow.worth.quantiles",
        ("found [0.35, 0.2, 0.5]", "increasing and inside the support"),
    ),
    (
        "quantiles outside the support",
        VIEW.replace("[0.2", "[-1.2"),
        "change.moscow.worth.quantiles",
        ("found [-1.2, 0.35, 0.5]", "inside the support, [-1, 1]"),
    ),
    (
        "a distribution outside the support",
        HEAD + change("moscow.worth", 'distribution = { family = "normal", mean = 0.3, sd = 0.1 }'),
        "change.moscow.worth.distribution",
        ("expected the support, [-1, 1]", "Give quantiles"),
    ),
    (
        "an unknown family",
        HEAD + change("moscow.strain_start", 'distribution = { family = "norml", mean = 0, sd = 1 }'),
        "change.moscow.strain_start.distribution.family",
        ("found 'norml'", "Did you mean normal"),
    ),
    (
        "a number too many",
        HEAD + change("moscow.strain_start", 'distribution = { family = "normal", mean = 0, se = 1 }'),
        "change.moscow.strain_start.distribution.se",
        ("expected mean, sd",),
    ),
    (
        "a position that is none",
        HEAD + change("parties.position.moscow.line", "centre = 1.3"),
        "change.parties.position.moscow.line.centre",
        ("found 1.3", "expected 0 to 1"),
    ),
    (
        "a clause's chance that is none",
        HEAD + change("settlements.clause_included.armistice.zone", "quantiles = [0.5, 0.9, 1.2]"),
        "change.settlements.clause_included.armistice.zone.quantiles",
        ("found [0.5, 0.9, 1.2]", "inside the support, [0, 1]"),
    ),
    (
        "no spread",
        HEAD + change("settlements.terms.pause.line", "spread = 0"),
        "change.settlements.terms.pause.line.spread",
        ("found 0", "a number greater than 0"),
    ),
    (
        "a point that something is tied to",
        HEAD + change("moscow.worth", 'distribution = { family = "point", value = 0.4 }'),
        "change",
        ("with these changes, two-islands/correlations.toml: correlation.2.first: found 'moscow.worth'", "a point"),
    ),
    # Of what it stands on
    ("no premises", VIEW.replace('["P2"]', "[]"), "change.moscow.worth.premises", ("found []", "at least 1")),
    (
        "an unknown premise",
        VIEW.replace('"P2"', '"P22"'),
        "change.moscow.worth.premises",
        ("found 'P22'", "expected ids in premises.toml", "Did you mean P2"),
    ),
    (
        "a premise twice",
        VIEW.replace('"P2"', '"P2", "P2"'),
        "change.moscow.worth.premises",
        ("found 'P2' twice", "expected once"),
    ),
    ("no reason", VIEW.replace("reason", "# reason"), "change.moscow.worth.reason", ("it is missing",)),
    (
        "an unknown source",
        VIEW.replace('"judgement"', '"gazete"'),
        "change.moscow.worth.source",
        ("found 'gazete'", "expected an id in sources.toml", "Did you mean gazette"),
    ),
    (
        "a source without a date",
        VIEW.replace('"judgement"', '"gazette"'),
        "change.moscow.worth.as_of",
        ("it is missing", "'gazette' needs the day"),
    ),
    (
        "a later source",
        VIEW.replace('"judgement"', '"gazette"\nas_of = 2031-03-04'),
        "change.moscow.worth.as_of",
        ("found 2031-03-04", "expected the reference date, 2031-03-03, or before"),
    ),
    (
        "a basis of judgement",
        VIEW.replace('"judgement"', '"judgement"\nbasis = "figure"'),
        "change.moscow.worth.basis",
        ("found 'figure'", "leave it out where the source is judgement"),
    ),
]


@pytest.mark.parametrize(("text", "key", "words"), [row[1:] for row in DAMAGES], ids=[row[0] for row in DAMAGES])
def test_a_wrong_perspective_is_refused_asked_for_or_not(
    tiny_folder: Path, tmp_path: Path, text: str, key: str, words: tuple[str, ...]
) -> None:
    file = put(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder, perspective=file)
    elsewhere = caught.value
    assert elsewhere.file == file
    put(tiny_folder / "perspectives", text)
    for perspective in ("base", "hopeful", "mine"):
        with pytest.raises(InputError) as caught:
            load_scenario(tiny_folder, perspective=perspective)
        told = caught.value
        assert told.file == "two-islands/perspectives/mine.toml"
        assert told.key is not None
        assert told.key.startswith(key) if key == "line" else told.key == key
        for word in words:
            assert word in str(told)
        assert (told.what, told.key, told.remedy) == (elsewhere.what, elsewhere.key, elsewhere.remedy)
        for jargon in ("pydantic", "Input should", "Value error", "\n", "None", "--set"):
            assert jargon not in str(told)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("base", "found the name 'base'; expected any name but base, base-rates, pool"),
        ("base-rates", "found the name 'base-rates'; expected any name but base, base-rates, pool"),
        ("my view", "found the id 'my view'; expected letters, digits, _ and -, a letter first"),
        ("2031", "found the id '2031'"),
    ],
)
def test_some_names_are_no_perspectives(tiny_folder: Path, tmp_path: Path, name: str, words: str) -> None:
    file = put(tmp_path, VIEW, f"{name}.toml")
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder, perspective=str(file))
    assert (caught.value.file, caught.value.key) == (file, "--perspective")
    put(tiny_folder / "perspectives", VIEW, f"{name}.toml")
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    assert caught.value.file == f"two-islands/perspectives/{name}.toml"
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("perspective", "words"),
    [
        ("hopefull", ("found 'hopefull'; expected base, hopeful, or the path of a file *.toml", "mean hopeful?")),
        ("", ("found ''; expected base, hopeful",)),
        ("Base", ("found 'Base'",)),
        ("perspectives/hopeful", ("found 'perspectives/hopeful'",)),
        ("nowhere.toml", ("nowhere.toml: --perspective: there is no such file",)),
        ("folder.toml", ("folder.toml: --perspective: it is a folder; expected a file",)),
    ],
)
def test_a_perspective_that_is_nowhere_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, perspective: str, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError) as caught:
        load_scenario(TINY, perspective=perspective)
    assert "--perspective" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


# From a file elsewhere


def test_a_file_anywhere_is_a_perspective_by_its_stem(tiny: Scenario, tmp_path: Path) -> None:
    file = put(tmp_path, VIEW)
    scenario = load_scenario(TINY, perspective=file)
    assert scenario.perspective == "mine"
    assert list(scenario.perspectives) == ["hopeful", "mine"]
    assert scenario.perspectives["mine"].title == "Another view"
    assert scenario.priors["moscow.worth"].elicited == "quantiles 0.2/0.35/0.5"
    assert scenario.texts == tiny.texts | {"perspectives/mine.toml": VIEW}


def test_a_file_in_the_scenarios_folder_is_the_perspective_of_that_name(hopeful: Scenario, tmp_path: Path) -> None:
    own = TINY / "perspectives" / "hopeful.toml"
    copy = put(tmp_path, own.read_text(encoding="utf-8"), "hopeful.toml")
    for file in (own, copy):
        scenario = load_scenario(TINY, perspective=file)
        assert (scenario.perspective, scenario.texts) == ("hopeful", hopeful.texts)
        assert scenario.priors == hopeful.priors
    copy.write_text(VIEW, encoding="utf-8")
    with pytest.raises(InputError, match="'hopeful', which two-islands has for another perspective"):
        load_scenario(TINY, perspective=copy)
