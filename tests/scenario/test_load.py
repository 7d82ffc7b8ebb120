"""A valid scenario: what it gives of its files."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from chronology_tools import chronicle
from damage import swap
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.ensemble.resolve import resolve
from forecast.errors import InputError
from forecast.pipeline.prior_check import check
from forecast.pipeline.workflow import cautions_of_record
from forecast.scenario.families import C95
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import PARTIES
from forecast.timeline.fields import fields
from forecast.timeline.parameters import Parameters


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
    assert (tiny.id, tiny.folder.name) == (TINY.name, TINY.name)
    assert (tiny.reference_date, tiny.horizon) == (date(2031, 3, 3), date(2031, 9, 29))
    assert tiny.season_peaks == ((3, 25), (11, 15))
    assert [event.date for event in tiny.upheavals + tiny.votes] == [date(2031, 5, 11), date(2031, 7, 31)]
    assert (tiny.start.rung, tiny.start.posture, tiny.start.truce) == ("none", "mediating", "none")
    assert tiny.start.banned
    assert [issue.id for issue in tiny.issues if issue.role == "guarantees"] == ["garrison"]
    assert [party.id for party in tiny.parties] == list(PARTIES)
    assert [clause.issue for clause in tiny.settlements[0].clauses] == ["line", ""]
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
    swap(tiny_folder, "parties.toml", "load = 0.6", "load = 1")
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


# Days of the maps


def with_second_map(folder: Path, move: Callable[[int, date], date]) -> Path:
    """Name a second map, a copy of the first, with each of its days moved."""
    evidence = folder / "evidence"
    head, *rows = (evidence / "area_survey.csv").read_text().splitlines()
    moved = []
    for number, row in enumerate(rows):
        _, available, rest = row.split(",", 2)
        day = move(number, date.fromisoformat(row[:10]))
        moved.append(f"{day},{max(available, day.isoformat())},{rest}")
    (evidence / "second.csv").write_text("\n".join([head, *moved]) + "\n")
    index = (evidence / "evidence.toml").read_text()
    series = index[index.index("[[series]]") :].replace("area_survey", "second")
    (evidence / "evidence.toml").write_text(f"{index}\n{series}")
    swap(
        folder,
        "scenario.toml",
        'area_series = "area_survey"',
        'area_series = "area_survey"\nsecond_area_series = "second"',
    )
    return folder


def test_maps_of_other_days_are_left_out_without_a_warning(tiny_folder: Path) -> None:
    scenario = load_scenario(with_second_map(tiny_folder, lambda n, day: day + timedelta(days=int(n == 5))))
    assert cautions_of_record(scenario, scenario.reference_date) == []


def test_maps_of_other_days_for_weeks_are_warned_of(tiny_folder: Path) -> None:
    scenario = load_scenario(with_second_map(tiny_folder, lambda n, day: day + timedelta(days=int(4 < n < 12))))
    (warning,) = cautions_of_record(scenario, scenario.reference_date)
    assert warning == (
        "second has maps of 7 weeks, from 2030-02-11, on other days than Mondays only; the front uses Mondays: check "
        "whether dates are shifted"
    )


def test_a_map_without_any_monday_is_refused(tiny_folder: Path) -> None:
    with_second_map(tiny_folder, lambda n, day: day - timedelta(days=1))
    with pytest.raises(InputError, match=r"second\.csv: row 2, column observed: .*a Sunday, and none of a Monday"):
        load_scenario(tiny_folder)


def test_a_map_of_any_day_is_valid(tiny_folder: Path) -> None:
    swap(tiny_folder, "evidence/area_survey.csv", "2030-01-14,2030-01-14", "2030-01-13,2030-01-14")
    scenario = load_scenario(tiny_folder)
    assert date(2030, 1, 13) in [day.date() for day in scenario.evidence.series("area_survey")["observed"]]


def test_an_observation_of_next_year_is_warned_of(tiny_folder: Path) -> None:
    swap(tiny_folder, "evidence/area_survey.csv", "2031-09-22,2031-09-22", "2032-09-20,2032-09-20")
    scenario = load_scenario(tiny_folder)
    assert cautions_of_record(scenario, scenario.reference_date) == [
        "area_survey has an observation after the horizon, from 2032-09-20, which no run uses: check the year, or see forecast roll"
    ]


def test_a_contradiction_of_later_rows_is_left_to_the_runs_that_see_it(tiny_folder: Path) -> None:
    changes = ("2031-03-05,2031-03-06,rung,contact,talks,gazette", "2031-08-05,2031-08-06,rung,text,a draft,gazette")
    scenario = load_scenario(chronicle(tiny_folder, changes=changes))
    found = cautions_of_record(scenario, date(2031, 4, 1))
    assert found == [
        "a later row, which this run does not use, contradicts the others: two-islands/evidence/states.csv: row 3: rung "
        "cannot go from contact to text; allowed after contact is none, terms. Give each step its row"
    ]
    for day in (date(2031, 3, 3), date(2031, 8, 5)):
        assert resolve(RunRequest(tiny_folder, as_of=day)).day == day
    with pytest.raises(InputError, match="row 3: rung cannot go from contact to text"):
        resolve(RunRequest(tiny_folder, as_of=date(2031, 8, 6)))
    with pytest.raises(InputError, match="row 3: rung cannot go from contact to text"):
        check(tiny_folder)
