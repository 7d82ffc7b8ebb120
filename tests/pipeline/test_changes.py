"""What is new since the reference date, in words: states, what happened, figures and their revisions."""

import io
import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from chronology_tools import CHANGES, chronicle
from damage import swap
from run_tools import TINY

from forecast.belief import model
from forecast.cli.summary_table import show_summary
from forecast.cli.terminal import PlainConsole
from forecast.cli.timeline_lines import show_timeline
from forecast.ensemble.request import RunRequest
from forecast.evidence.states import STATES
from forecast.narrative.rerun import scenario_of
from forecast.narrative.story import story_of
from forecast.pipeline import workflow
from forecast.pipeline.changes import in_words, since
from forecast.report.context import cautions, not_coded, report_text
from forecast.report.sections import in_the_odds, revised_in_words
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run

DAY = date(2031, 4, 23)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A small run of the made-up scenario as of a later date, with what happened before."""
    folder = chronicle(Path(shutil.copytree(TINY, tmp_path_factory.mktemp("scenario") / TINY.name)))
    return workflow.run(
        RunRequest(folder, runs=tmp_path_factory.mktemp("runs"), as_of=DAY, timelines=300, prior_only=True)
    )


def test_every_recorded_state_and_value_has_its_words() -> None:
    scenario = load_scenario("ukraine-2025")
    for name, state in STATES.items():
        for value in state.values:
            label, words = in_words(scenario, name, value)
            assert not set("{}_") & set(label + words)
    assert in_words(scenario, "posture", "pressing_moscow") == ("Washington", "pressing Moscow")


def test_the_report_and_the_terminal_tell_states_in_words(later: Run) -> None:
    found = {entry["state"]: entry for entry in later.summary["since"]["states"]}
    assert list(found) == list(STATES)
    assert (found["rung"]["value"], found["rung"]["since"]) == ("contact", "2031-03-05")
    assert all({"label", "words", "meaning", "criterion"} <= set(entry) for entry in found.values())
    out = io.StringIO()
    show_summary(later.summary, PlainConsole(file=out, width=200))
    for entry in found.values():
        assert f"| {entry['label']} | {entry['words']} | " in later.report
        assert f"{entry['label']}: {entry['words']} (" in out.getvalue()
    for text in (later.report, out.getvalue()):
        assert not any(words in text for words in ("posture: ", "rung: ", "pressing_", "pressing kyiv"))


def test_a_timeline_of_a_later_run_begins_with_what_is_recorded(later: Run) -> None:
    told = story_of(later, 7)
    changes = [entry for entry in later.summary["since"]["happened"] if entry["state"] or entry["counts"]]
    assert [(day.isoformat(), text) for day, text in told.recorded] == [(e["observed"], e["text"]) for e in changes]
    assert changes
    assert told.begin == DAY
    first, *rest = told.lines
    assert (first.begin, first.end, first.part) == (DAY, DAY, "levels")
    assert "a week" not in first.text
    assert all(line.begin >= DAY for line in rest)
    assert list(told.plain()) == ["timeline", "recorded", "stands", "lines"]
    out = io.StringIO()
    show_timeline(told, PlainConsole(file=out, width=300))
    lines = out.getvalue().splitlines()
    heads = [f"Recorded before {DAY}, the same in every timeline:", f"Simulated from {DAY} on:"]
    recorded, simulated = (lines.index(head) for head in heads)
    assert recorded < simulated
    assert lines[recorded + 1].startswith(changes[0]["observed"])
    assert lines[simulated + 1].startswith(f"{DAY} ")


def test_an_event_that_made_a_change_points_to_it() -> None:
    scenario, day = load_scenario("ukraine-2025"), date(2025, 6, 10)
    found = since(scenario, day, model.series_used(model.block_data(scenario, day)))
    assert found is not None
    by_change = {entry["observed"]: in_the_odds(entry) for entry in found["happened"] if entry["moves"]}
    # The pocket in Kursk is followed on its map and gives no weight; the memoranda of that day do.
    kursk = [in_the_odds(entry) for entry in found["happened"] if "pocket" in (entry["moves"], entry["state"])]
    assert kursk == ["", ""]
    assert by_change["2025-02-12"] == "through the change of state"
    for entry in found["happened"]:
        if entry["moves"]:
            changes = [one for one in found["happened"] if one["observed"] == entry["observed"]]
            assert entry["moves"] in [one["state"] for one in changes]
            assert not entry["counts"]
    weighed = {entry["state"] for entry in found["happened"] if in_the_odds(entry) == "yes"}
    assert weighed == {"rung", "posture", "arms", "truce"}


def test_revised_figures_are_told(tiny_folder: Path) -> None:
    area = tiny_folder / "evidence" / "area_survey.csv"
    rows = [line.split(",") for line in area.read_text(encoding="utf-8").splitlines()]
    known = [row for row in rows[1:] if row[1] <= "2031-03-03"]
    last = known[-1]
    revised = [last[0], "2031-03-20", str(float(last[2]) + 5.0), *last[3:]]
    place = rows.index(last) + 1
    area.write_text(
        "\n".join(",".join(row) for row in [*rows[:place], revised, *rows[place:]]) + "\n", encoding="utf-8"
    )
    scenario = load_scenario(tiny_folder)

    def told(day: date) -> dict[str, object]:
        found = since(scenario, day, model.series_used(model.block_data(scenario, day)))
        assert found is not None
        return next(entry for entry in found["figures"] if entry["series"] == "area_survey")

    change = {"observed": last[0], "was": float(last[2]), "now": float(last[2]) + 5.0}
    assert told(date(2031, 3, 20))["revised"] == [change]
    assert told(date(2031, 3, 19))["revised"] == []
    assert revised_in_words({"title": "Area", "unit": "km2", "revised": [change] * 5}) == (
        "Area (km2): "
        + ", ".join([f"that of {last[0]} revised from {change['was']:,.6g} to {change['now']:,.6g}"] * 3)
        + ", and 2 earlier ones"
    )


def test_the_report_names_revisions_and_figures_outside_their_range(later: Run) -> None:
    summary = json.loads(json.dumps(later.summary))
    entry = summary["since"]["figures"][0]
    entry |= {"now_outside": True, "revised": [{"observed": "2031-02-24", "was": 1000.0, "now": 1005.0}]}
    text = report_text(scenario_of(later), summary)
    assert "Observations known on 3 March 2031 that were revised: " in text
    assert "that of 2031-02-24 revised from 1,000 to 1,005." in text
    assert "; outside its declared range)" in text
    assert "that were revised" not in later.report


# Days that are not coded


@pytest.fixture(scope="module")
def uncoded(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run as of 23 April 2031 of a scenario that is coded until 9 April."""
    folder = Path(shutil.copytree(TINY, tmp_path_factory.mktemp("scenario") / TINY.name))
    chronicle(folder, changes=CHANGES[:1])
    swap(folder, "evidence/evidence.toml", "coded_until = 2031-09-29", "coded_until = 2031-04-09")
    return workflow.run(
        RunRequest(folder, runs=tmp_path_factory.mktemp("runs"), as_of=DAY, timelines=300, prior_only=True)
    )


def test_a_run_says_until_when_events_are_coded(later: Run, uncoded: Run) -> None:
    assert (later.summary["since"]["coded_until"], later.summary["since"]["days_not_coded"]) == ("2031-09-29", 0)
    assert not_coded(later.summary) == ""
    assert (uncoded.summary["since"]["coded_until"], uncoded.summary["since"]["days_not_coded"]) == ("2031-04-09", 13)
    caution = (
        "Events and recorded states are coded only up to 9 April 2031. For the 13 days between then and the as-of date, "
        "the model does not know what happened: it simulates them, and only the series count as evidence there."
    )
    assert caution in cautions(uncoded.summary)
    out = io.StringIO()
    show_summary(uncoded.summary, PlainConsole(file=out, width=400))
    assert caution in out.getvalue()
    assert f"**{caution}**" in uncoded.report
    assert "| State | On 2031-04-09 | Since |" in uncoded.report
    assert "the absence of all other recorded events up to 2031-04-09." in " ".join(uncoded.report.split())
    assert "coded only up to" not in later.report
    assert "| State | Now | Since |" in later.report


def test_the_warnings_before_the_work_say_so_too(uncoded: Run) -> None:
    scenario = scenario_of(uncoded)
    assert workflow.cautions_of_record(scenario, DAY) == [
        "events and recorded states are coded until 2031-04-09; the 13 days after it are simulated"
    ]
    assert workflow.cautions_of_record(scenario, date(2031, 4, 10)) == []


def test_a_timeline_of_such_a_run_can_be_narrated(uncoded: Run) -> None:
    assert story_of(uncoded, 7).plain()
