"""Scenarios: what a valid one gives, what is refused, `--set`, `--fix`, and where scenarios are found."""

import os
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from places import REPOSITORY

from forecast.errors import InputError
from forecast.scenario.elicit import C95
from forecast.scenario.find import find_scenario, places, scenarios
from forecast.scenario.load import check_fixable, load_scenario, parse_fixed
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import PARTIES
from forecast.timeline.fields import CAPACITY, fields
from forecast.timeline.parameters import Parameters

NAME = "two-islands"


# A valid scenario


def test_valid_scenario_has_a_prior_for_every_parameter_in_registry_order(tiny: Scenario) -> None:
    wanted = []
    clauses = ("armistice.zone", "armistice.return")
    rows = {
        "party": PARTIES,
        "issue": ("harbour", "line", "garrison", "ferries"),
        "settlement": ("armistice", "pause", "surrender"),
        "region": ("north_shore", "highlands"),
    }
    for part, cls in get_type_hints(Parameters).items():
        for key, field in fields(cls).items():
            match field.shape:
                case ():
                    wanted.append(f"{part}.{key}")
                case (one,):
                    wanted += [f"{part}.{key}.{row}" for row in rows[one]]
                case (_, "clause"):
                    wanted += [f"{part}.{key}.{clause}" for clause in clauses]
                case (one, two):
                    wanted += [f"{part}.{key}.{a}.{b}" for a in rows[one] for b in rows[two]]
    assert list(tiny.priors) == wanted
    assert all(prior.name == name for name, prior in tiny.priors.items())


def test_valid_scenario_says_what_its_files_say(tiny: Scenario) -> None:
    assert (tiny.id, tiny.folder.name) == (NAME, NAME)
    assert (tiny.reference_date, tiny.horizon) == (date(2031, 3, 3), date(2031, 9, 29))
    assert tiny.season_peaks == ((3, 25), (11, 15))
    assert [event.date for event in tiny.upheavals + tiny.votes] == [date(2031, 5, 11), date(2031, 7, 31)]
    assert (tiny.start.rung, tiny.start.posture, tiny.start.truce, tiny.start.banned) == (0, 0, 0, True)
    assert [issue.id for issue in tiny.issues if issue.role == "guarantees"] == ["garrison"]
    assert [party.id for party in tiny.parties] == list(PARTIES)
    assert [clause.issue for clause in tiny.settlements[0].clauses] == [1, -1]
    assert [deal.id for deal in tiny.settlements if deal.ceasefire] == ["pause"]
    assert tiny.regions[1].later
    assert {ending.kind for ending in tiny.endings} == {"battlefield", "negotiated", "unresolved"}
    assert len(tiny.correlations) == 2
    assert len(tiny.evidence.series(tiny.area_series)) > 80
    assert tiny.edits == ()


def test_entry_becomes_prior(tiny: Scenario) -> None:
    prior = tiny.priors["front.breakthrough"]
    np.testing.assert_allclose(prior.marginal.quantile(np.array([-C95, 0.0, C95])), [0.08, 0.2, 0.4])
    assert (prior.unit, prior.support, prior.without) == ("chance/year", (0.0, 1.0), 0.2)
    assert (prior.elicited, prior.file, prior.source) == ("quantiles 0.08/0.2/0.4", "front.toml", "judgement")
    assert tiny.priors["front.level"].elicited == "normal mean=0.7 sd=0.3"
    assert tiny.priors["washington.approval_at_zero"].as_of == date(2031, 2, 20)
    assert tiny.priors["kyiv.successor_shift"].varies == "timeline"


def test_rows_inherit_and_override(tiny: Scenario) -> None:
    held = tiny.priors["front.held.highlands"]
    assert (held.source, held.as_of, held.varies, held.premises) == (
        "survey",
        date(2031, 3, 1),
        "world",
        ("P4",),
    )
    row = tiny.priors["parties.position.moscow.harbour"]
    # Its party's premise, and its issue's.
    assert (row.premises, row.source, row.as_of) == (("P3", "P1"), "gazette", date(2031, 2, 20))
    own = tiny.priors["parties.position.moscow.line"]
    # A row with a source of its own does not take the date of its party's source.
    assert (own.premises, own.source, own.as_of, own.reason) == (
        ("P4",),
        "judgement",
        None,
        "It has said both.",
    )
    clause = tiny.priors["settlements.clause_included.armistice.zone"]
    assert (clause.premises, clause.reason) == (("P4",), "It is in every draft.")
    assert tiny.priors["settlements.clause_included.armistice.return"].premises == ("P2",)
    assert tiny.priors["settlements.terms.armistice.harbour"].premises == ("P2", "P1")


def test_position_has_the_spread_given_split_between_stiffness_and_the_row(tiny: Scenario) -> None:
    row = tiny.priors["parties.position.moscow.line"]
    assert row.marginal.family == "normal"
    centre, sd = row.marginal.args
    lean = tiny.lean[PARTIES.index("moscow"), 1]
    assert (centre, row.without, row.support) == (0.8, 0.5, (0.0, 1.0))
    assert lean == pytest.approx(0.6 * 0.2)
    assert sd**2 + lean**2 == pytest.approx(0.2**2)
    assert tiny.lean[PARTIES.index("kyiv"), 1] == pytest.approx(-0.6 * 0.1)
    salience = tiny.priors["parties.salience.kyiv.line"]
    assert (salience.marginal.args, salience.without) == ((0.8, 0.4), 0.0)
    term = tiny.priors["settlements.terms.pause.line"]
    assert (term.marginal.args, term.without, term.support) == ((0.55, 0.1), 0.5, (0.0, 1.0))


def test_rows_that_share_all_their_spread_are_points(tiny_folder: Path) -> None:
    damage(tiny_folder, "parties.toml", swap("load = 0.6", "load = 1"))
    scenario = load_scenario(tiny_folder)
    assert scenario.priors["parties.position.moscow.line"].marginal.is_point
    assert scenario.lean[PARTIES.index("moscow"), 1] == pytest.approx(0.2)


def test_every_premise_holds_something(tiny: Scenario) -> None:
    held = tiny.premises_of()
    assert list(held) == ["P1", "P2", "P3", "P4"]
    assert {"issue.harbour", "moscow.worth", "parties.position.kyiv.harbour"} <= set(held["P1"])
    assert {"settlement.armistice", "clause.armistice.return", "kyiv.ban"} <= set(held["P2"])
    assert {"party.moscow", "moscow.worth", "parties.stiffness.moscow"} <= set(held["P3"])
    assert {"region.highlands", "front.held.highlands", "clause.armistice.zone"} <= set(held["P4"])


def test_texts_are_the_files_as_read(tiny: Scenario) -> None:
    paths = {path.relative_to(tiny.folder).as_posix() for path in tiny.folder.rglob("*") if path.is_file()}
    assert set(tiny.texts) == paths
    assert tiny.texts["evidence/area_survey.csv"].startswith("observed,available,value\n")


def test_a_readme_hidden_files_and_perspectives_may_be_there_or_not(tiny_folder: Path) -> None:
    (tiny_folder / ".DS_Store").write_bytes(b"\xff")
    (tiny_folder / "README.md").unlink()
    shutil.rmtree(tiny_folder / "perspectives")
    assert ".DS_Store" not in load_scenario(tiny_folder).texts


# What is refused


Edit = Callable[[str], str | bytes | None]
"""What becomes of a file's text; None: the file is gone."""


def swap(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return edit


def within(header: str, old: str, new: str) -> Edit:
    """Swap only after the line `header`."""

    def edit(text: str) -> str:
        before, found, after = text.partition(f"{header}\n")
        assert found
        assert old in after
        return before + found + after.replace(old, new, 1)

    return edit


def add(more: str) -> Edit:
    return lambda text: f"{text}\n{more}"


def cut(header: str) -> Edit:
    """Take a table out, up to the next one."""
    return lambda text: re.sub(rf"(?m)^{re.escape(header)}\n(?:[^\[\n].*\n|\n)*", "", text, count=1)


def gone(_: str) -> None:
    return None


def many(table: str, count: int) -> Edit:
    """Copy the lines of a table, all its inner tables included, under new ids."""

    def edit(text: str) -> str:
        kind, _, name = table.partition(".")
        lines = text.splitlines()
        own = re.compile(rf"\[+{kind}\.{name}[.\]]")
        keep, copied = False, []
        for line in lines:
            if line.startswith("["):
                keep = own.match(line) is not None
            if keep:
                copied.append(line)
        body = "\n".join(copied)
        return "\n".join([text, *(body.replace(f"{kind}.{name}", f"{kind}.more{n}") for n in range(count))])

    return edit


def damage(folder: Path, file: str, edit: Edit) -> None:
    path = folder / file
    after = edit(path.read_text(encoding="utf-8") if path.is_file() else "")
    if after is None:
        path.unlink()
    elif isinstance(after, bytes):
        path.write_bytes(after)
    else:
        path.write_text(after, encoding="utf-8", newline="\n")


def corr(first: str, second: str, rho: str) -> str:
    return f'[[correlation]]\nfirst = "{first}"\nsecond = "{second}"\nrho = {rho}\nreason = "x"\n'


ENDING = '[[ending]]\nid = "{}"\nlabel = "x"\nkind = "{}"\ncriteria = "x"\n'
WORTH = "quantiles = [0.45, 0.6, 0.75]"

DAMAGES: list[tuple[str, Edit, str, str, str]] = [
    # Keys and types
    ("moscow.toml", swap("[worth]\n", "[worth]\nlikely = 1\n"), "moscow.toml", "worth.likely", "unknown key"),
    ("moscow.toml", within("[worth]", "unit", "unitt"), "moscow.toml", "worth.unitt", "Did you mean unit"),
    ("moscow.toml", within("[worth]", 'unit = "value"\n', ""), "moscow.toml", "worth.unit", "it is missing"),
    (
        "moscow.toml",
        within("[worth]", WORTH, 'quantiles = [0.45, "0.6", 0.75]'),
        "moscow.toml",
        "worth.quantiles.2",
        "found '0.6'; allowed is a number",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, "quantiles = [0.45, true, 0.75]"),
        "moscow.toml",
        "worth.quantiles.2",
        "found true; allowed is a number",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, "quantiles = [0.45, 0.75]"),
        "moscow.toml",
        "worth.quantiles",
        "a list of at least 3",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, "quantiles = [0.45, nan, 0.75]"),
        "moscow.toml",
        "worth.quantiles.2",
        "finite",
    ),
    (
        "scenario.toml",
        swap("banned = true", 'banned = "yes"'),
        "scenario.toml",
        "start.banned",
        "true or false",
    ),
    ("scenario.toml", swap('step = "week"', 'step = "day"'), "scenario.toml", "step", "'week'"),
    ("scenario.toml", swap("step =", "stop ="), "scenario.toml", "stop", "Did you mean step"),
    ("scenario.toml", cut("[season]"), "scenario.toml", "season", "it is missing"),
    (
        "parties.toml",
        within("[party.moscow]", '"Made up."', '" "'),
        "parties.toml",
        "party.moscow.reason",
        "blank",
    ),
    (
        "parties.toml",
        swap("harbour = 0.5", "harbour = true"),
        "parties.toml",
        "position.harbour",
        "found true",
    ),
    # Distributions
    (
        "moscow.toml",
        within("[worth]", WORTH, "quantiles = [0.6, 0.45, 0.75]"),
        "moscow.toml",
        "worth.quantiles",
        "found [0.6, 0.45, 0.75]",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, "quantiles = [-0.1, 0.6, 0.75]"),
        "moscow.toml",
        "worth.quantiles",
        "inside the support, [0, inf]",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, f'{WORTH}\ndistribution = {{ family = "point", value = 1 }}'),
        "moscow.toml",
        "worth.quantiles",
        "one of quantiles, distribution, reference_class",
    ),
    ("moscow.toml", within("[worth]", f"{WORTH}\n", ""), "moscow.toml", "worth.quantiles", "missing"),
    ("moscow.toml", swap("sd = 0.4 }", "sd = -0.4 }"), "moscow.toml", "strain_start.distribution.sd", "-0.4"),
    (
        "moscow.toml",
        swap('"normal"', '"norml"'),
        "moscow.toml",
        "strain_start.distribution.family",
        "Did you mean normal",
    ),
    (
        "moscow.toml",
        swap("sd = 0.4 }", "se = 0.4 }"),
        "moscow.toml",
        "strain_start.distribution.se",
        "mean, sd",
    ),
    (
        "moscow.toml",
        within("[strain_start]", "[-inf, inf]", "[0.0, inf]"),
        "moscow.toml",
        "strain_start.distribution",
        "allowed is the support, [0, inf]",
    ),
    (
        "front.toml",
        within("[breakthrough]", "[0.0, 1.0]", "[0.0, 2.0]"),
        "front.toml",
        "breakthrough.support",
        "found [0, 2]; allowed is [low, high] with low < high, within 0 to 1",
    ),
    (
        "front.toml",
        within("[breakthrough]", "[0.0, 1.0]", "[1, 0]"),
        "front.toml",
        "breakthrough.support",
        "[1, 0]",
    ),
    (
        "front.toml",
        within("[breakthrough]", "[0.0, 1.0]", "[nan, 1]"),
        "front.toml",
        "breakthrough.support",
        "[nan, 1]",
    ),
    (
        "front.toml",
        within("[breakthrough]", "quantiles = [0.08, 0.2, 0.4]", 'distribution = { family = "point", value = 1 }'),
        "front.toml",
        "breakthrough.distribution.value",
        "below 1",
    ),
    (
        "front.toml",
        within("[breakthrough]", 'unit = "chance/year"', 'unit = "chance"'),
        "front.toml",
        "breakthrough.unit",
        "found 'chance'; allowed is 'chance/year'",
    ),
    (
        "front.toml",
        within("[breakthrough]", "without = 0.2", "without = 1.2"),
        "front.toml",
        "breakthrough.without",
        "found 1.2; allowed is 0 to 1",
    ),
    (
        "front.toml",
        within("[region.highlands.held]", "1400.0]", "1500.0]"),
        "front.toml",
        "region.highlands.held.support",
        "1400 km2",
    ),
    (
        "front.toml",
        swap("area_km2 = 90000.0", "area_km2 = 0"),
        "front.toml",
        "region.north_shore.area_km2",
        "than 0",
    ),
    # Parameters and rows
    ("moscow.toml", cut("[worth]"), "moscow.toml", "worth", "this parameter is missing"),
    ("moscow.toml", swap("[worth]", "[wort]"), "moscow.toml", "wort", "Did you mean worth"),
    ("talks.toml", gone, "talks.toml", "", "it is missing"),
    ("talk.toml", lambda _: "", "talk.toml", "", "Did you mean talks.toml"),
    ("notes.txt", lambda _: "x", "notes.txt", "", "no such file"),
    ("evidence/notes.txt", lambda _: "x", "evidence/notes.txt", "", "*.csv"),
    ("front.toml", many("region.highlands", 11), "front.toml", "region", "found 13 tables"),
    ("settlements.toml", many("settlement.pause", 8), "settlements.toml", "settlement", "found 11 tables"),
    ("parties.toml", many("issue.ferries", 17), "parties.toml", "issue", "found 21 tables"),
    ("parties.toml", swap("[party.hawks]", "[party.doves]"), "parties.toml", "party.doves", "no such party"),
    (
        "parties.toml",
        swap("ferries = 0.4\n", ""),
        "parties.toml",
        "party.washington.position.ferries",
        "missing",
    ),
    (
        "parties.toml",
        swap("ferries = 0.4", "ferries = 0.4\nferry = 0.4"),
        "parties.toml",
        "party.washington.position.ferry",
        "no such issue",
    ),
    ("parties.toml", swap("ferries = 0.4", "ferries = 1.4"), "parties.toml", "ferries.centre", "found 1.4"),
    (
        "parties.toml",
        swap("spread = 0.2", "spread = 0"),
        "parties.toml",
        "party.moscow.position.line.spread",
        "greater than 0",
    ),
    ("parties.toml", swap("load = 0.6", "load = 1.6"), "parties.toml", "rows.load", "at most 1"),
    (
        "parties.toml",
        swap("[issue.line]", '["issue"."the.line"]'),
        "parties.toml",
        "the.line",
        "letters, digits",
    ),
    (
        "parties.toml",
        within("[issue.line]", "premises", 'role = "guarantees"\npremises'),
        "parties.toml",
        "issue.garrison.role",
        "one such",
    ),
    # Sources and premises
    (
        "moscow.toml",
        within("[worth]", '"P3"', '"P33"'),
        "moscow.toml",
        "worth.premises",
        "found 'P33'",
    ),
    ("moscow.toml", within("[worth]", '"P3"', '"P1"'), "moscow.toml", "worth.premises", "twice"),
    (
        "moscow.toml",
        within("[worth]", '"judgement"', '"gazete"'),
        "moscow.toml",
        "worth.source",
        "mean gazette",
    ),
    (
        "moscow.toml",
        within("[worth]", '"judgement"', '"gazette"'),
        "moscow.toml",
        "worth.as_of",
        "it is missing",
    ),
    (
        "front.toml",
        swap("2031-02-20", "2031-03-04"),
        "front.toml",
        "kursk_start.as_of",
        "2031-03-03, or before",
    ),
    ("front.toml", swap("2031-02-20", '"20 February"'), "front.toml", "kursk_start.as_of", "YYYY-MM-DD"),
    ("front.toml", swap('basis = "reading"\n', ""), "front.toml", "kursk_start.basis", "it is missing"),
    (
        "front.toml",
        swap('basis = "reading"', 'basis = "hearsay"'),
        "front.toml",
        "kursk_start.basis",
        "'figure' or 'reading'",
    ),
    (
        "moscow.toml",
        within("[worth]", 'source = "judgement"', 'source = "judgement"\nbasis = "figure"'),
        "moscow.toml",
        "worth.basis",
        "allowed is none where the source is judgement",
    ),
    (
        "premises.toml",
        add('[P5]\nholder = "x"\nclaim = "x"\n'),
        "premises.toml",
        "P5",
        "no entry, issue, party, region, settlement or clause names this premise",
    ),
    ("premises.toml", swap("claim", "clam"), "premises.toml", "P1.clam", "Did you mean claim"),
    ("sources.toml", swap("[judgement]", "[judgment]"), "sources.toml", "judgement", "it is missing"),
    # TOML
    ("moscow.toml", add("[worth]\n"), "moscow.toml", "worth", "given twice"),
    ("parties.toml", add("[party.moscow]\n"), "parties.toml", "party.moscow", "given twice"),
    ("moscow.toml", swap("[worth]", "[worth"), "moscow.toml", "line", "it is not TOML"),
    ("moscow.toml", swap('"Made up."', '"Made up.'), "moscow.toml", "line", "it is not TOML"),
    (
        "moscow.toml",
        lambda text: text.encode().replace(b"Made", b"M\xe4de", 1),
        "moscow.toml",
        "",
        "not UTF-8",
    ),
    ("perspectives/hopeful.toml", add("="), "perspectives/hopeful.toml", "line", "it is not TOML"),
    ("kyiv.toml", lambda _: "", "kyiv.toml", "instability_start", "this parameter is missing"),
    # Settlements
    (
        "settlements.toml",
        swap("ceasefire = false", "ceasefire = true"),
        "settlements.toml",
        "settlement.pause.ceasefire",
        "one such",
    ),
    (
        "settlements.toml",
        swap('"washington", ', '"hawks", '),
        "settlements.toml",
        "settlement.armistice.signatories",
        "found 'hawks'",
    ),
    (
        "settlements.toml",
        swap('"kyiv", "moscow"]', '"kyiv"]'),
        "settlements.toml",
        "settlement.armistice.signatories",
        "with moscow",
    ),
    (
        "settlements.toml",
        lambda text: text.replace("dictated = false", "dictated = true"),
        "settlements.toml",
        "settlement",
        "every settlement is dictated",
    ),
    (
        "settlements.toml",
        swap('issue = "line"', 'issue = "lien"'),
        "settlements.toml",
        "clause.zone.issue",
        "Did you mean line",
    ),
    (
        "settlements.toml",
        swap('id = "return"', 'id = "zone"'),
        "settlements.toml",
        "settlement.armistice.clause.zone",
        "two clauses",
    ),
    (
        "settlements.toml",
        cut("[settlement.armistice.clause.without]"),
        "settlements.toml",
        "settlement.armistice.clause.zone.without",
        "it is missing",
    ),
    # Correlations
    (
        "correlations.toml",
        swap("kyiv.instability_ground", "kyiv.ground"),
        "correlations.toml",
        "correlation.1.first",
        "no entry has this name",
    ),
    (
        "correlations.toml",
        add(corr("moscow.worth_advance", "moscow.worth", "0.1")),
        "correlations.toml",
        "correlation.3",
        "twice",
    ),
    (
        "correlations.toml",
        add(corr("kyiv.ban", "kyiv.ban", "0.1")),
        "correlations.toml",
        "correlation.3.second",
        "another",
    ),
    (
        "correlations.toml",
        swap("rho = 0.5", "rho = -1"),
        "correlations.toml",
        "correlation.1.rho",
        "found -1",
    ),
    ("correlations.toml", swap("rho = 0.5", "rho = 1"), "correlations.toml", "correlation.1.rho", "found 1"),
    (
        "correlations.toml",
        add(corr("kyiv.ban", "moscow.worth", "0.9") + corr("kyiv.ban", "moscow.worth_advance", "0.9")),
        "correlations.toml",
        "correlation",
        "among kyiv.ban, moscow.worth, moscow.worth_advance contradict each other: least eigenvalue -0.4",
    ),
    (
        "moscow.toml",
        within("[worth]", WORTH, 'distribution = { family = "point", value = 0.6 }'),
        "correlations.toml",
        "correlation.2.first",
        "a point",
    ),
    # The question
    (
        "scenario.toml",
        swap("2031-09-29\n", "2031-03-03\n"),
        "scenario.toml",
        "horizon",
        "after the reference date",
    ),
    ("scenario.toml", swap("2030-01-07", "2030-01-08"), "scenario.toml", "front.first_week", "a Tuesday"),
    ("scenario.toml", swap('"area_survey"', '"area"'), "scenario.toml", "front.area_series", "found 'area'"),
    ("scenario.toml", swap("2031-09-29", "2034-09-29"), "scenario.toml", "horizon", "160 weeks"),
    ("scenario.toml", swap('rung = "none"', 'rung = "signed"'), "scenario.toml", "start.rung", "'signed'"),
    (
        "evidence/area_survey.csv",
        swap("2030-01-14,2030-01-14", "2030-01-15,2030-01-15"),
        "evidence/area_survey.csv",
        "observed",
        "a Tuesday",
    ),
    ("scenario.toml", swap('"03-25"', '"02-29"'), "scenario.toml", "season.peaks", "found '02-29'"),
    ("scenario.toml", swap('"mediating"', '"watching"'), "scenario.toml", "start.posture", "'pressing Kyiv'"),
    ("scenario.toml", within("[[vote]]", '"gazette"', '"x"'), "scenario.toml", "vote.1.source", "found 'x'"),
    ("scenario.toml", swap('id = "pause"', 'id = "paus"'), "scenario.toml", "ending.paus.id", "mean pause"),
    (
        "scenario.toml",
        add(ENDING.format("surrender", "negotiated")),
        "scenario.toml",
        "ending.surrender.id",
        "no settlement that can be made",
    ),
    (
        "scenario.toml",
        add(ENDING.format("pause", "negotiated")),
        "scenario.toml",
        "ending.pause",
        "two endings",
    ),
    (
        "scenario.toml",
        swap("negotiated", "unresolved"),
        "scenario.toml",
        "ending.armistice.kind",
        "'negotiated'",
    ),
    ("scenario.toml", swap('id = "two-islands"', 'id = "two islands"'), "scenario.toml", "id", "two islands"),
    # Evidence and reference classes
    (
        "evidence/area_survey.csv",
        swap("800.1", "many"),
        "evidence/area_survey.csv",
        "row 2, column value",
        "many",
    ),
    ("evidence/evidence.toml", gone, "evidence/evidence.toml", "", "no such file"),
    (
        "evidence/evidence.toml",
        swap('"survey"', '"surv"'),
        "evidence/evidence.toml",
        "area_survey.source",
        "surv",
    ),
    ("reference/reference.toml", gone, "reference/reference.toml", "", "it is missing"),
    (
        "reference/reference.toml",
        swap("wars.csv", "w.csv"),
        "reference/reference.toml",
        "island_wars.file",
        "w.csv",
    ),
    ("reference/more.csv", lambda _: "a\n1\n", "reference/more.csv", "", "does not name this file"),
    (
        "reference/island_wars.csv",
        lambda text: f"{text}Third,2020-01-01\n",
        "reference/island_wars.csv",
        "row 4",
        "found 2 cells",
    ),
    ("reference/island_wars.csv", lambda _: "a,b\n", "reference/island_wars.csv", "", "no rows"),
    ("reference/island_wars.csv", lambda _: 'a,b\n"1,2\n', "reference/island_wars.csv", "row", "not CSV"),
]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("file", "edit", "wrong", "key", "words"),
    DAMAGES,
    ids=[f"{n}-{row[2]}-{row[3] or 'file'}" for n, row in enumerate(DAMAGES)],
)
def test_damage_is_told_in_one_error_with_file_and_key(
    tiny_folder: Path, file: str, edit: Edit, wrong: str, key: str, words: str
) -> None:
    damage(tiny_folder, file, edit)
    before = contents(tiny_folder.parent)
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    told = caught.value
    assert told.file == f"{NAME}/{wrong}"
    assert (key in (told.key or "")) if key else told.key is None
    assert words in str(told)
    assert str(told).startswith(f"{NAME}/{wrong}: ")
    # One line, in our words.
    for jargon in ("pydantic", "Input should", "Extra inputs", "Value error", "https://errors", "\n", "None"):
        assert jargon not in str(told)
    assert contents(tiny_folder.parent) == before


def test_too_many_clauses_are_refused(tiny_folder: Path) -> None:
    text = (tiny_folder / "settlements.toml").read_text()
    body = re.search(r'(?s)\[\[settlement\.armistice\.clause\]\]\nid = "return".*?(?=\n\[settlement\.pause\])', text)
    assert body is not None
    more = "\n".join(body[0].replace('"return"', f'"return{n}"') for n in range(CAPACITY["clause"] - 1))
    damage(tiny_folder, "settlements.toml", swap("\n[settlement.pause]", f"\n{more}\n[settlement.pause]"))
    with pytest.raises(InputError, match=r"settlement\.armistice\.clause: found 9 clauses; allowed are 8"):
        load_scenario(tiny_folder)


def test_missing_parameters_are_all_listed(tiny_folder: Path) -> None:
    damage(tiny_folder, "moscow.toml", cut("[worth]"))
    damage(tiny_folder, "moscow.toml", cut("[distrust]"))
    with pytest.raises(InputError, match="worth: this parameter is missing, and so are distrust"):
        load_scenario(tiny_folder)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="void: the folder is empty"):
        load_scenario(tmp_path / "void")


# --set


def test_edit_of_quantiles_takes_a_distribution_away_and_the_reverse(tiny_folder: Path) -> None:
    scenario = load_scenario(
        tiny_folder,
        edits=[
            "moscow.strain_start.quantiles=[0.1, 0.2, 0.3]",
            'moscow.worth.distribution={family = "normal", mean = 0.5, sd = 0.1}',
            "moscow.worth.support = [-inf, inf]",
            "front.level.distribution.sd=0.5",
        ],
    )
    assert scenario.priors["moscow.strain_start"].elicited == "quantiles 0.1/0.2/0.3"
    assert scenario.priors["moscow.worth"].elicited == "normal mean=0.5 sd=0.1"
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
        ("moscow.worth", "--set", "moscow.worth", "allowed is the name of an entry"),
        ("moscow.wurth.quantiles=[1,2,3]", "--set", "moscow.wurth", "Did you mean moscow.worth"),
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
    damage(tiny_folder, "moscow.toml", swap("sd = 0.4 }", "sd = -0.4 }"))
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
        (["moscow.worth"], "allowed is the name of an entry, =, a number"),
        (["moscow.wort=1"], "Did you mean moscow.worth"),
        (["moscow.worth=1", "moscow.worth=2"], "it is given twice"),
        (["moscow.worth=inf"], "found inf; allowed is a finite number, in value"),
        (["moscow.worth=much"], "found 'much'"),
        (["moscow.worth=-1"], "found -1; allowed is 0 or more, in value"),
        (["front.breakthrough=1"], "found 1; allowed is 0 to less than 1, in chance/year"),
        (["front.held.highlands=1401"], "found 1401; allowed is 0 to 1400, in km2"),
        (["parties.position.kyiv.line=0.5"], "a position cannot be fixed"),
        (["parties.salience.kyiv.line=0.5"], "Use --set parties.salience.kyiv.line.centre=0.5"),
    ],
)
def test_wrong_fix_is_refused(tiny: Scenario, texts: list[str], words: str) -> None:
    with pytest.raises(InputError) as caught:
        check_fixable(tiny, parse_fixed(texts))
    assert caught.value.file == "--fix"
    assert words in str(caught.value)


# Finding


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, without $FORECAST_PRIORS."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("FORECAST_PRIORS", raising=False)
    return folder


def test_folder_that_exists_is_the_scenario(
    tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_scenario(tiny_folder) == tiny_folder
    assert find_scenario(str(tiny_folder)) == tiny_folder
    assert find_scenario(f"../{tiny_folder.parent.name}/{NAME}").resolve() == tiny_folder.resolve()
    monkeypatch.chdir(tiny_folder)
    assert load_scenario(".").folder == tiny_folder.resolve()


def test_name_is_looked_for_in_order(tiny_folder: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no scenario has this name"):
        find_scenario(NAME)
    here = elsewhere / "priors" / NAME
    shutil.copytree(tiny_folder, here)
    assert find_scenario(NAME) == here
    named = elsewhere / "named" / NAME
    shutil.copytree(tiny_folder, named)
    monkeypatch.setenv("FORECAST_PRIORS", str(named.parent))
    assert find_scenario(NAME) == named
    assert find_scenario(NAME, priors=tiny_folder.parent) == tiny_folder
    assert scenarios()[NAME] == named


def test_default_is_the_checkout_s(elsewhere: Path) -> None:
    folder = REPOSITORY / "priors" / "ukraine-2025"
    assert find_scenario() == folder
    assert places()[1:] == [folder.parent, REPOSITORY / "forecast" / "priors"]


def test_priors_that_were_asked_for_are_the_only_ones(tiny_folder: Path, elsewhere: Path) -> None:
    # That of the checkout is not taken in its stead.
    with pytest.raises(InputError, match=NAME):
        find_scenario("ukraine-2025", priors=tiny_folder.parent)
    assert find_scenario(priors=tiny_folder) == tiny_folder
    with pytest.raises(InputError, match="there is no such folder"):
        find_scenario(NAME, priors=elsewhere / "none")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", "/no/such/folder", "a\0b", "x" * 300, "Ukraine"])
def test_name_of_nothing_is_refused(name: str, tiny_folder: Path, elsewhere: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_scenario(name, priors=tiny_folder.parent)
    assert f"Scenarios there are: {NAME}" in str(caught.value)


def test_error_lists_where_a_name_was_looked_for(elsewhere: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_scenario("atlantis")
    for place in places():
        assert str(place) in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_linked_folder_goes_by_its_own_name(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tiny_folder)
    assert load_scenario(tmp_path / "link").folder.name == NAME
