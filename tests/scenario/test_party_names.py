"""Names of the parties: a run of the made-up scenario names nobody of the war that the model was written for."""

import io
import json
import re
from pathlib import Path

import pytest
from places import TINY

from forecast.cli.check_tables import show_check
from forecast.cli.explain_tables import show_explanation
from forecast.cli.summary_text import print_run
from forecast.cli.terminal import PlainConsole
from forecast.cli.timeline_lines import show_timeline
from forecast.compare.comparison import compare
from forecast.compare.words import as_markdown
from forecast.docs_pages.explanation import explain
from forecast.ensemble.request import RunRequest
from forecast.narrative.story import story_of
from forecast.outcomes.shares import GROUPS, SHARES, group_title, label
from forecast.pipeline import workflow
from forecast.pipeline.prior_check import check
from forecast.scenario.load import load_scenario
from forecast.scenario.party_names import ROLES, PartyName, with_labels
from forecast.scenario.spec import Scenario
from forecast.store.saved_run import Run

PLACES = "Ukrain|Russia|Moscow|Kyiv|Kiev|Washington|Europe|Donetsk|Donbas|Kursk|Crimea|Dnipro|Minsk|Kremlin|Congress"
WAR = re.compile(rf"\b(?:(?:{PLACES}|Trump|Putin|Zelensk|DeepState)\w*|US|U\.S\.|EU|NATO|202[0-9])\b")
"""Names and years of the war of Russia and Ukraine. Ids such as `kyiv.worth` are parts of the model, in small letters."""


def console() -> PlainConsole:
    return PlainConsole(file=io.StringIO(), width=200)


def named(text: str) -> set[str]:
    return set(WAR.findall(text))


def test_a_name_is_a_label_with_a_country() -> None:
    name = PartyName("Kyiv", "Ukraine", "Ukrainian")
    text = "{kyiv} of {kyiv.country}, {kyiv.adjective}"
    assert text.format(kyiv=name) == "Kyiv of Ukraine, Ukrainian"
    assert (PartyName("Avalon").country, PartyName("Avalon").adjective) == ("Avalon", "Avalon")
    assert PartyName("Avalon", "the Isles").adjective == "the Isles"


def test_labels_take_the_place_of_roles(tiny: Scenario) -> None:
    text = "Moscow's fear, pressing_kyiv, Europe and Kyiv"
    assert (
        with_labels(text, tiny.names) == "South Island's fear, pressing_kyiv, The League of Harbours and North Island"
    )
    assert with_labels(text, ROLES) == text
    assert with_labels(text, load_scenario("ukraine-2025").names) == text


def test_every_share_and_group_is_named_by_labels(tiny: Scenario) -> None:
    texts = [label(share.group, share.name, tiny.names) for share in SHARES]
    texts += [group_title(group, tiny.names) for group in GROUPS]
    assert named("\n".join(texts)) == set()
    assert "Port Carrow at a defeat" in texts


def test_the_pattern_finds_what_it_looks_for(tiny: Scenario) -> None:
    assert named("net Russian gain, the US president, Kursk in 2025") == {"Russian", "US", "Kursk", "2025"}
    assert named(json.dumps(explain("ukraine-2025"), ensure_ascii=False)) >= {"Moscow", "Kyiv", "Washington", "Europe"}


def test_a_run_names_nobody_of_another_war(kept: Run) -> None:
    assert named(kept.report) == set()
    assert named(json.dumps(kept.summary, ensure_ascii=False)) == set()
    out = console()
    print_run(kept, out)
    assert {word for word in named(out.file.getvalue()) if word not in str(kept.folder)} == set()
    assert "Port Carrow engaged at the end" in out.file.getvalue()


def test_timelines_name_nobody_of_another_war(kept: Run) -> None:
    table = kept.timelines
    last = [table.index[table["ending"] == ending] for ending in table["ending"].cat.categories]
    out = console()
    for number in [int(rows[0]) for rows in last if len(rows)]:
        show_timeline(story_of(kept, number), out)
    assert "North Island" in out.file.getvalue()
    assert named(out.file.getvalue()) == set()


@pytest.mark.parametrize("perspective", ["base", "hopeful"])
def test_explanation_and_check_name_nobody_of_another_war(perspective: str) -> None:
    out = console()
    explained = explain(TINY, perspective=perspective)
    show_explanation(explained, out)
    show_check(check(TINY, perspective=perspective, timelines=200), out)
    assert named(out.file.getvalue()) == set()
    assert named(json.dumps(explained, ensure_ascii=False)) == set()
    assert "net southern gain" not in out.file.getvalue()  # a column of timelines, no parameter
    assert "defeat of North Island" in " ".join(out.file.getvalue().split())


def test_a_comparison_names_nobody_of_another_war(kept: Run, tmp_path: Path) -> None:
    edited = workflow.run(
        RunRequest(TINY, runs=tmp_path, timelines=400, prior_only=True, edits=("moscow.worth.centre=0.4",))
    )
    found = compare(kept.folder, edited.folder)
    assert named(as_markdown(found)) == set()
    assert named(json.dumps(found["odds"], ensure_ascii=False)) == set()
