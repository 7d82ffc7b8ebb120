"""`check` and `explain`: every prior, part, parameter and premise is told, and the numbers are those of the files."""

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any, get_type_hints

import numpy as np
import pytest
from places import REPOSITORY
from run_tools import TINY, Done

from forecast.cli.check_tables import show_check
from forecast.cli.explain_tables import show_explanation
from forecast.cli.terminal import PlainConsole
from forecast.docs_pages import explanation
from forecast.errors import InputError
from forecast.pipeline import prior_check
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.timeline.codes import PARTS
from forecast.timeline.fields import fields
from forecast.timeline.parameters import Parameters

SCENARIOS = {"two-islands": TINY, "ukraine-2025": "ukraine-2025"}


@pytest.fixture(scope="module", params=SCENARIOS)
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return load_scenario(SCENARIOS[request.param])


@pytest.fixture(scope="module")
def checked(scenario: Scenario) -> dict[str, Any]:
    return prior_check.check(SCENARIOS[scenario.id], timelines=4000)


@pytest.fixture(scope="module")
def explained(scenario: Scenario) -> dict[str, Any]:
    return explanation.explain(SCENARIOS[scenario.id])


def printed(show: Callable[..., None], content: dict[str, Any], width: int = 250) -> str:
    text = StringIO()
    show(content, PlainConsole(file=text, width=width))
    return text.getvalue()


# check


def test_check_lists_every_prior_as_elicited_and_as_fitted(scenario: Scenario, checked: dict[str, Any]) -> None:
    assert [row["name"] for row in checked["priors"]] == list(scenario.priors)
    for row in checked["priors"]:
        prior = scenario.priors[row["name"]]
        assert row["elicited"] == prior.elicited
        assert row["q05"] <= row["q50"] <= row["q95"]
        if row["elicited"].startswith("quantiles "):
            wanted = [float(x) for x in row["elicited"].removeprefix("quantiles ").split("/")]
            assert [row["q05"], row["q50"], row["q95"]] == pytest.approx(wanted, rel=1e-4), row["name"]


def test_check_counts_what_was_read(scenario: Scenario, checked: dict[str, Any]) -> None:
    cited = {prior.source for prior in scenario.priors.values()} - {"judgement"}
    assert checked["counts"] == {
        "files": len(scenario.texts),
        "priors": len(scenario.priors),
        "premises": len(scenario.premises),
        "sources": len(scenario.sources),
        "sources_cited": len(cited),
        "sources_from_memory": sum("from memory" in scenario.sources[source].note for source in cited),
        "evidence_rows": len(scenario.evidence.rows(scenario.reference_date)),
    }


def test_check_tells_every_intensity(scenario: Scenario, checked: dict[str, Any]) -> None:
    rows = {row["name"]: row for row in checked["intensities"]}
    rates = {name for name, prior in scenario.priors.items() if prior.unit in ("chance/year", "1/year")}
    assert set(rows) == rates - {"endings.total_defeat"} | {"endings.collapse"}
    for name, row in rows.items():
        assert 0.0 <= row["elicited"] <= 1.0, name
        if row["simulated"] is not None:
            assert 0.0 <= row["simulated"] <= 1.0
            assert row["ratio"] == pytest.approx(row["simulated"] / row["elicited"])
            assert row["beyond"] == (row["ratio"] > prior_check.MUCH)
        if row["reference"] is not None:
            # Four standard errors: some twenty of these are checked. Some chances need what few timelines have.
            assert abs(row["reference"] - row["elicited"]) < 4.0 * row["error"] + 0.01, name
    assert set(prior_check.WATCHED) <= set(rows)
    # What acts at a constant rate happens as often as was elicited.
    assert rows["front.mobilisation_chance"]["simulated"] is not None


def test_check_sets_the_parts_of_defeat_beside_the_total(scenario: Scenario, checked: dict[str, Any]) -> None:
    defeat = checked["defeat"]
    assert list(defeat) == ["elicited", "breakthrough_then_collapse", "direct", "together", "simulated"]
    for name in ("breakthrough_then_collapse", "direct", "together"):
        assert 0.0 <= defeat[name]["q05"] <= defeat[name]["q50"] <= defeat[name]["q95"] <= 1.0
    together = defeat["together"]["mean"]
    assert together > max(defeat["breakthrough_then_collapse"]["mean"], defeat["direct"]["mean"])
    assert together < defeat["breakthrough_then_collapse"]["mean"] + defeat["direct"]["mean"]
    total = scenario.priors["endings.total_defeat"]
    assert "/".join(f"{defeat['elicited'][q]:g}" for q in ("q05", "q50", "q95")) in total.elicited


def test_no_more_can_be_agreed_than_when_everybody_consents(checked: dict[str, Any]) -> None:
    ceiling, year = checked["ceiling"], checked["year"]["implied"]
    assert ceiling["signed"]["probability"] >= ceiling["in_force"]["probability"]
    assert ceiling["in_force"]["probability"] > year["negotiated"]["probability"] + 0.05
    ways = ("won_or_lost", "negotiated", "general_truce_without_settlement")
    assert year["ended"]["count"] == sum(year[way]["count"] for way in ways)


def test_reference_class_is_that_of_the_file(scenario: Scenario, checked: dict[str, Any]) -> None:
    rows = checked["year"]["wars"]
    if scenario.id == "two-islands":
        assert rows == []
        return
    every, recent = rows
    assert (every["wars"], recent["wars"]) == ("all", "since 1945")
    assert (every["ends"]["won_or_lost"], round(every["war_years"], 1)) == (6, 29.8)
    assert (recent["ends"]["won_or_lost"], round(recent["war_years"], 1)) == (0, 10.7)
    assert every["won_or_lost_a_year"] == pytest.approx(1.0 - np.exp(-6 / every["war_years"]))
    assert recent["won_or_lost_a_year"] == 0.0
    assert sum(every["ends"].values()) > 6


def test_check_leaves_the_evidence_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path))
    monkeypatch.setattr("forecast.belief.update._compiled", lambda *_: pytest.fail("it sampled"))
    one, two = (prior_check.check(TINY, timelines=80) for _ in range(2))
    assert one == two
    assert not list(tmp_path.iterdir())


def test_check_takes_edits() -> None:
    found = prior_check.check(TINY, edits=["moscow.worth.quantiles=[0.2,0.3,0.4]"], timelines=80)
    (row,) = (row for row in found["priors"] if row["name"] == "moscow.worth")
    assert row["elicited"] == "quantiles 0.2/0.3/0.4"


def test_check_is_json_and_prints(checked: dict[str, Any], scenario: Scenario) -> None:
    assert json.loads(json.dumps(checked, allow_nan=False))["scenario"] == scenario.id
    text = printed(show_check, checked)
    assert f"{scenario.id}: valid." in text
    for name in scenario.priors:
        assert name in text
    assert "nan" not in text.replace("finance", "")
    if scenario.id == "ukraine-2025":
        assert "(all): 29.8 war-years, ended: 6 won or lost" in text
        assert "(since 1945): 10.7 war-years, ended: 0 won or lost" in text


def test_check_never_cuts_a_name(checked: dict[str, Any], scenario: Scenario) -> None:
    text = printed(show_check, checked, width=110)
    for name in scenario.priors:
        assert name in text
    counts = checked["counts"]
    told = f"Priors cite {counts['sources_cited']} sources, {counts['sources_from_memory']} of them cited from memory and not checked"
    assert told in " ".join(text.split())


# explain


def test_explain_goes_through_the_parts_in_order(explained: dict[str, Any]) -> None:
    assert [part["part"] for part in explained["parts"]] == list(PARTS)
    assert len(PARTS) == 8
    assert [part["number"] for part in explained["parts"]] == list(range(1, 9))
    assert "order" in explained["order"]
    text = printed(show_explanation, explained)
    places = [text.index(f" {number}. {part} ") for number, part in enumerate(PARTS, start=1)]
    assert places == sorted(places)


def test_every_scalar_parameter_is_explained(scenario: Scenario, explained: dict[str, Any]) -> None:
    wanted = {
        f"{part}.{key}": declared
        for part, cls in get_type_hints(Parameters).items()
        for key, declared in fields(cls).items()
        if not declared.shape
    }
    rows = {row["name"]: row for part in explained["parts"] for row in part["parameters"]}
    assert set(rows) == set(wanted)
    text = printed(show_explanation, explained)
    for name, declared in wanted.items():
        assert rows[name]["meaning"] == declared.meaning.format(**scenario.names)
        assert rows[name]["unit"] == declared.unit
        assert rows[name]["q05"] <= rows[name]["q50"] <= rows[name]["q95"]
        assert name.split(".")[1] in text


def test_every_premise_appears(scenario: Scenario, explained: dict[str, Any]) -> None:
    told = {premise for part in explained["parts"] for premise in part["premises"]}
    told |= {
        premise for part in explained["parts"] for deal in part.get("settlements", []) for premise in deal["premises"]
    }
    assert told == set(scenario.premises)
    assert explanation.premise_order("T2") < explanation.premise_order("T10") < explanation.premise_order("U1")


def test_every_issue_settlement_and_region_appears(scenario: Scenario, explained: dict[str, Any]) -> None:
    parts = {part["part"]: part for part in explained["parts"]}
    talks = parts["talks"]
    assert [row["issue"] for row in talks["issues"]] == [issue.id for issue in scenario.issues]
    assert [row["settlement"] for row in talks["settlements"]] == [deal.id for deal in scenario.settlements]
    regions = {row["name"].split(".")[2] for row in parts["front"]["regions"]}
    assert regions == {region.id for region in scenario.regions}


def test_each_part_has_its_equations_and_functions(explained: dict[str, Any]) -> None:
    for part in explained["parts"]:
        assert len(part["text"]) > 100, part["part"]
        names = [function["function"] for function in part["functions"]]
        assert {"step", "events"} & set(names), part["part"]
        assert all(function["does"].endswith(".") for function in part["functions"])


def test_files_of_a_part_are_all_that_its_decisions_are_taken_in(explained: dict[str, Any]) -> None:
    root = REPOSITORY
    texts = {path: path.read_text(encoding="utf-8") for path in (root / "forecast" / "timeline").glob("*.py")}
    for part in explained["parts"]:
        declared = re.compile(rf'^[A-Z_]+ = decision\("{part["part"]}\.', re.MULTILINE)
        found = {path.relative_to(root).as_posix() for path, text in texts.items() if declared.search(text)}
        assert found == set(part["files"]), part["part"]


def test_explain_is_json(explained: dict[str, Any]) -> None:
    assert json.loads(json.dumps(explained, allow_nan=False)) == explained


@pytest.mark.parametrize("name", ["check", "explain"])
def test_commands_print_the_same(command: Callable[..., Done], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prior_check, "TIMELINES", 400)
    done = command(name, TINY, "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["scenario"] == "two-islands"
    tables = command(name, TINY)
    assert (tables.code, tables.err) == (0, "")
    assert "moscow.worth" in tables.out or "worth_gain" in tables.out


def test_wrong_scenarios_are_refused() -> None:
    for work in (prior_check.check, explanation.explain):
        with pytest.raises(InputError, match="no scenario has this name"):
            work("nowhere")
