"""What happened: the files, the view as of a day, which changes can follow each other, and the real tables."""

import re
import shutil
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from run_tools import MadeUpSampler

from forecast import pipeline
from forecast.calendar import monday
from forecast.chronology import EVENT_COLUMNS, STATE_COLUMNS, Chronology, load_chronology
from forecast.coding import Guide
from forecast.errors import InputError
from forecast.evidence import load_evidence
from forecast.recorded import STATES, Change, faults
from forecast.report.coding import coding_page
from forecast.rerun import reopened
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario
from forecast.store import Run
from forecast.timeline import codes, simulate
from forecast.timeline.luck import decisions

START = {"rung": "none", "posture": "mediating", "truce": "none", "arms": "flowing", "ban": "stands", "kursk": "held"}
GUIDE = {
    "state": {
        state: {"meaning": "what it is", "values": dict.fromkeys(values, "when")} for state, values in STATES.items()
    },
    "decision": {
        "kyiv.coup": {"systematic": True, "guide": "an attempt"},
        "washington.crisis": {"systematic": False, "guide": "a crisis elsewhere"},
    },
}
EVENTS = (
    "2031-03-05,2031-03-06,,A meeting.,notable,gazette",
    '2031-03-10,2031-04-20,kyiv.coup,"A plot, told late.",an attempt,https://example.org/plot',
    "2031-04-01,2031-04-02,washington.crisis,A storm.,a crisis,gazette",
)
CHANGES = (
    "2031-03-05,2031-03-06,rung,contact,talks,gazette",
    "2031-03-18,2031-03-19,posture,pressing_kyiv,arms stop,gazette",
    "2031-03-18,2031-03-19,arms,paused,arms stop,gazette",
    "2031-04-02,2031-05-01,posture,mediating,told late,gazette",
    "2031-04-02,2031-05-01,arms,flowing,told late,gazette",
    "2031-04-16,2031-04-17,posture,pressing_moscow,a deadline,gazette",
    "2031-06-02,2031-06-02,kursk,expelled,the map,survey",
)
LAST = date(2031, 9, 29)
TWO_ISLANDS = Path(__file__).parent / "scenarios" / "two-islands"


def write(folder: Path, events: tuple[str, ...] = EVENTS, changes: tuple[str, ...] = CHANGES) -> Path:
    (folder / "events.csv").write_text("\n".join([",".join(EVENT_COLUMNS), *events]) + "\n", encoding="utf-8")
    (folder / "states.csv").write_text("\n".join([",".join(STATE_COLUMNS), *changes]) + "\n", encoding="utf-8")
    return folder


def load(folder: Path, guide: object = GUIDE) -> Chronology:
    first = date(2031, 3, 3)
    return load_chronology(folder, {"gazette", "survey", "judgement"}, start=START, first=first, last=LAST, guide=guide)


def refusal(folder: Path, guide: object = GUIDE) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, guide)
    assert caught.value.exit_code == 2
    return str(caught.value)


def seen(view: Chronology) -> list[tuple[str, str]]:
    return list(zip(view.states["state"], view.states["value"], strict=True))


# --- what a day sees


def test_tables_have_their_columns_and_what_the_guide_says(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    columns = ["row", "observed", "available", "decision", "event", "systematic", "reason", "source"]
    assert list(told.events.columns) == columns
    assert list(told.states.columns) == ["row", *STATE_COLUMNS]
    assert list(told.events["systematic"]) == [False, True, False]
    assert list(told.states["row"]) == list(range(1, 8))
    empty = told.as_of(date(2031, 3, 3))
    assert (len(empty.events), len(empty.states)) == (0, 0)
    for table, full in ((empty.events, told.events), (empty.states, told.states)):
        assert list(table.dtypes) == list(full.dtypes)


def test_a_day_sees_what_was_public_and_had_happened_before_it(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    assert list(told.as_of(date(2031, 3, 5)).events["event"]) == []
    assert list(told.as_of(date(2031, 3, 6)).events["event"]) == ["A meeting."]
    # Public on its own day: still of the future on that day.
    assert ("kursk", "expelled") not in seen(told.as_of(date(2031, 6, 2)))
    assert ("kursk", "expelled") in seen(told.as_of(date(2031, 6, 3)))
    # Early, and told late.
    assert "A plot, told late." not in set(told.as_of(date(2031, 4, 19)).events["event"])
    assert list(told.as_of(date(2031, 4, 20)).events["event"]) == ["A meeting.", "A plot, told late.", "A storm."]
    assert list(told.as_of(date(2031, 4, 20)).events["row"]) == [1, 2, 3]


def test_a_change_waits_for_the_row_between(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    pressed = [("rung", "contact"), ("arms", "paused"), ("posture", "pressing_kyiv")]
    # Pressing Moscow is public, the mediating before it is not.
    assert seen(told.as_of(date(2031, 4, 30))) == pressed
    assert told.as_of(date(2031, 4, 30)).standing(date(2031, 4, 30))["posture"] == "pressing_kyiv"
    later = [("arms", "flowing"), ("posture", "mediating"), ("posture", "pressing_moscow")]
    assert seen(told.as_of(date(2031, 5, 1))) == [*pressed, *later]
    assert told.standing(date(2031, 4, 15)) == START | {"rung": "contact"}
    assert told.standing(date(2031, 4, 16))["posture"] == "pressing_moscow"
    assert told.standing(date(2031, 3, 4)) == START


def test_changes_of_one_event_wait_for_each_other(tmp_path: Path) -> None:
    late = tuple(row.replace("2031-05-01,arms", "2031-05-09,arms") for row in CHANGES)
    told = load(write(tmp_path, changes=late))
    # The turn to mediating would leave arms paused: it waits for their flowing again.
    assert ("posture", "mediating") not in seen(told.as_of(date(2031, 5, 8)))
    assert ("posture", "mediating") in seen(told.as_of(date(2031, 5, 9)))


def test_a_revision_takes_the_place_of_the_row_and_can_take_it_back(tmp_path: Path) -> None:
    rows = (*CHANGES[:1], "2031-03-05,2031-04-01,rung,none,there were no talks,gazette")
    again = (*EVENTS[:1], "2031-03-05,2031-03-20,,A meeting.,of no weight,gazette")
    told = load(write(tmp_path, again, rows))
    assert seen(told.as_of(date(2031, 3, 31))) == [("rung", "contact")]
    assert seen(told.as_of(date(2031, 4, 1))) == []
    assert told.standing(LAST) == START
    assert list(told.as_of(date(2031, 3, 19)).events["reason"]) == ["notable"]
    assert list(told.as_of(date(2031, 3, 20)).events["reason"]) == ["of no weight"]


def test_a_view_is_of_its_own_day_only(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    view = told.as_of(date(2031, 5, 1))
    assert view.as_of(date(2031, 5, 1)) is view
    assert view.digest(date(2031, 5, 1)) == told.digest(date(2031, 5, 1))
    with pytest.raises(ValueError, match="needs the whole chronology"):
        view.as_of(date(2031, 5, 2))


@pytest.mark.parametrize("day", [date(2031, 3, 3), date(2031, 3, 6), date(2031, 4, 3), date(2031, 5, 1)])
@pytest.mark.parametrize("how", ["changed", "removed", "added"])
def test_rows_not_yet_public_change_nothing(tmp_path: Path, day: date, how: str) -> None:
    before = load(write(tmp_path))
    hidden = [row.split(",")[1] > day.isoformat() for row in (*EVENTS, *CHANGES)]
    assert any(hidden)

    def other(rows: tuple[str, ...], more: str) -> tuple[str, ...]:
        later = [row for row in rows if row.split(",")[1] > day.isoformat()]
        kept = [row for row in rows if row not in later]
        changed = {
            "changed": [f"{row.rsplit(',', 1)[0]},https://example.org/other" for row in later],
            "removed": [],
            "added": [*later, more],
        }[how]
        return tuple(sorted([*kept, *changed], key=lambda row: row[:10]))

    events = other(EVENTS, "2031-03-03,2031-09-28,kyiv.coup,Before all others.,told last,gazette")
    changes = other(CHANGES, "2031-03-03,2031-09-28,ban,lifted,told last,gazette")
    after = load(write(tmp_path, events, changes))
    assert after.digest(day) == before.digest(day)
    for name in ("events", "states"):
        pd.testing.assert_frame_equal(getattr(after.as_of(day), name), getattr(before.as_of(day), name))
    assert after.digest(LAST) != before.digest(LAST)


# --- which changes can follow each other


def judged(*rows: tuple[str, str, str], **start: str) -> list[str | None]:
    found = faults([Change(date.fromisoformat(day), state, value) for day, state, value in rows], START | start)
    return [None if fault is None else fault.what for fault in found]


TALKS = tuple(
    (f"2031-03-{day}", "rung", value)
    for day, value in (("04", "contact"), ("05", "terms"), ("06", "text"), ("07", "signed"))
)


def test_rungs_may_follow_each_other_within_a_week() -> None:
    stopped = (("2031-03-07", "truce", "general"), ("2031-03-08", "rung", "contact"), ("2031-03-20", "truce", "none"))
    assert judged(*TALKS, *stopped[:1], *stopped[2:], ban="lifted")[:5] == [None] * 5
    assert (
        judged(*TALKS, stopped[0], ("2031-03-18", "rung", "contact"), ("2031-03-18", "truce", "none"), ban="lifted")
        == [None] * 7
    )
    # A signature and a dead letter on one day, each with its row.
    assert judged(*TALKS, ("2031-03-07", "rung", "contact")) == [None] * 5


@pytest.mark.parametrize(
    ("rows", "start", "told"),
    [
        ([("2031-03-04", "rung", "none")], {}, "rung is none already on 2031-03-04"),
        ([("2031-03-04", "rung", "terms")], {}, "rung cannot go from none to terms; allowed after none is contact"),
        ([("2031-03-04", "rung", "signed")], {"rung": "terms", "ban": "lifted"}, "cannot go from terms to signed"),
        ([("2031-03-04", "rung", "text")], {"rung": "signed"}, "cannot go from signed to text"),
        ([("2031-03-04", "rung", "signed")], {"rung": "text"}, "rung is signed while the ban stands"),
        ([("2031-03-04", "rung", "signed")], {"rung": "text", "ban": "lifted"}, "signed while truce is none"),
        ([("2031-03-04", "truce", "limited")], {}, "truce becomes limited while rung is none"),
        ([("2031-03-04", "truce", "limited")], {"truce": "general", "rung": "text"}, "from general to limited"),
        (
            [("2031-03-04", "posture", "pressing_moscow")],
            {"posture": "pressing_kyiv"},
            "allowed after pressing_kyiv is",
        ),
        ([("2031-03-04", "posture", "pressing_kyiv")], {"posture": "walked_away"}, "after walked_away is mediating"),
        ([("2031-03-04", "arms", "paused")], {}, "arms are paused while posture is mediating"),
        ([("2031-03-04", "arms", "paused")], {"posture": "pressing_moscow"}, "while posture is pressing_moscow"),
        (
            [("2031-03-04", "posture", "mediating")],
            {"posture": "pressing_kyiv", "arms": "paused"},
            "arms are paused while posture is mediating",
        ),
        ([("2031-03-04", "kursk", "held")], {"kursk": "expelled"}, "cannot go from expelled to held"),
        ([("2031-03-04", "ban", "stands")], {"ban": "lifted"}, "cannot go from lifted to stands"),
    ],
)
def test_a_change_that_the_model_cannot_make(
    rows: list[tuple[str, str, str]], start: dict[str, str], told: str
) -> None:
    (found,) = judged(*rows, **start)
    assert found is not None
    assert told in found


def test_two_changes_of_a_state_in_a_week_but_of_the_rung() -> None:
    turn = ("2031-03-04", "posture", "pressing_kyiv")
    assert judged(turn, ("2031-03-10", "posture", "mediating")) == [None, None]
    first, second = judged(turn, ("2031-03-09", "posture", "mediating"))
    assert first is None
    assert second == "posture changes twice in the week of 2031-03-03, on 2031-03-04 and 2031-03-09"


def test_arms_are_paused_in_the_week_of_the_turn_or_after_walking_away() -> None:
    turn = ("2031-03-04", "posture", "pressing_kyiv")
    assert judged(turn, ("2031-03-09", "arms", "paused")) == [None, None]
    late = ("2031-03-10", "arms", "paused")
    assert judged(turn, late)[1] == "arms are paused on 2031-03-10, but posture is pressing_kyiv since 2031-03-04"
    assert judged(("2031-03-04", "posture", "walked_away"), ("2031-05-10", "arms", "paused")) == [None, None]


def test_the_codes_of_values_are_those_of_the_timeline() -> None:
    assert STATES["rung"].index("signed") == codes.SIGNED
    assert STATES["posture"].index("pressing_moscow") == codes.PRESSING_MOSCOW
    assert STATES["truce"].index("general") == codes.GENERAL
    assert [
        STATES[state].index(value) for state, value in (("arms", "paused"), ("ban", "stands"), ("kursk", "held"))
    ] == [1] * 3


# --- what is refused


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2031-13-01,2031-03-06,,x,y,gazette", "row 2.observed: found '2031-13-01'; allowed is a real day"),
        ("2031-03-05,20310306,,x,y,gazette", "row 2.available: found '20310306'; allowed is a real day"),
        ("2031-03-05,2031-03-04,,x,y,gazette", "row 2.available: 2031-03-04 is before observed, 2031-03-05"),
        (
            "2031-03-02,2031-03-04,,x,y,gazette",
            "row 2.observed: found 2031-03-02; allowed are 2031-03-03, the reference",
        ),
        ("2031-09-30,2031-10-01,,x,y,gazette", "to 2031-09-29, the horizon"),
        ("2031-03-05,2031-03-06,kyiv.coups,x,y,gazette", "row 2.decision: found 'kyiv.coups'; allowed is nothing, or"),
        ("2031-03-05,2031-03-06,kyiv.ban,x,y,gazette", "row 2.decision: found 'kyiv.ban'"),
        ("2031-03-05,2031-03-06,,,y,gazette", "row 2.event: found ''; allowed is text that is not blank"),
        ("2031-03-05,2031-03-06,,x, ,gazette", "row 2.reason: found ' '; allowed is text that is not blank"),
        ("2031-03-05,2031-03-06,,x,y,memory", "row 2.source: found 'memory'; allowed is an id in sources.toml"),
        ("2031-03-05,2031-03-06,,x,y,judgement", "row 2.source: found 'judgement'"),
        ("2031-03-05,2031-03-06,,x,y", "row 2: found 5 cells; the header names 6 columns"),
        ('2031-03-05,2031-03-06,,"x,y,gazette', "it is not CSV"),
        (
            "2031-03-05,2031-03-06,,x,y,gazette\n2031-03-04,2031-03-06,,x,y,gazette",
            "row 3.observed: 2031-03-04 is before",
        ),
        ("2031-03-05,2031-03-06,,x,y,gazette\n2031-03-05,2031-03-06,,x,z,gazette", "row 3: it repeats row 2"),
    ],
)
def test_an_event_that_is_refused(tmp_path: Path, row: str, told: str) -> None:
    text = refusal(write(tmp_path, events=(row,)))
    assert text.startswith(f"{tmp_path}/events.csv: ")
    assert told in text


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (("2031-03-05,2031-03-06,rungs,contact,y,gazette",), "row 2.state: found 'rungs'; allowed are rung, posture"),
        (
            ("2031-03-05,2031-03-06,rung,contacts,y,gazette",),
            "row 2.value: found 'contacts'; allowed for rung are none",
        ),
        ((CHANGES[0], "2031-04-05,2031-04-06,rung,contact,y,gazette"), "row 3: rung is contact already on 2031-04-05"),
        ((*CHANGES[:1], *CHANGES[2:3]), "row 3: arms are paused while posture is mediating"),
        (CHANGES[3:4], "row 2: posture is mediating already"),
        ((*CHANGES[:2], *CHANGES[5:6]), "row 4: posture cannot go from pressing_kyiv to pressing_moscow"),
    ],
)
def test_a_change_that_is_refused(tmp_path: Path, rows: tuple[str, ...], told: str) -> None:
    text = refusal(write(tmp_path, changes=rows))
    assert text.startswith(f"{tmp_path}/states.csv: ")
    assert told in text


def test_the_columns_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "events.csv").write_text("observed,available,event\n")
    assert "events.csv: row 1: found the columns observed, available, event; allowed are observed" in refusal(tmp_path)


def test_the_three_files_go_together_or_not_at_all(tmp_path: Path) -> None:
    nothing = load(tmp_path, None)
    assert (len(nothing.events), len(nothing.states), nothing.guide) == (0, 0, Guide())
    assert nothing.digest(LAST) == nothing.as_of(LAST).digest(LAST)
    assert "events.csv: it is missing; coding.toml, events.csv, states.csv go together" in refusal(tmp_path)
    assert "coding.toml: it is missing" in refusal(write(tmp_path), None)
    (tmp_path / "states.csv").unlink()
    assert "states.csv: it is missing" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": {k: v for k, v in GUIDE["state"].items() if k != "ban"}}, "state.ban: this state is missing"),
        ({"state": GUIDE["state"] | {"mood": {"meaning": "x", "values": {}}}}, "state.mood: there is no such state"),
        (
            {"state": GUIDE["state"] | {"ban": {"meaning": "x", "values": {"stands": "y"}}}},
            "state.ban.values.lifted: this value is missing",
        ),
        ({"decision": {"kyiv.coop": {"systematic": True, "guide": "x"}}}, "Did you mean kyiv.coup"),
        ({"decision": {"kyiv.ban": {"systematic": True, "guide": "x", "state": "bans"}}}, "Did you mean ban?"),
        ({"decision": {"kyiv.ban": {"systematic": "yes", "guide": "x"}}}, "allowed is true or false"),
    ],
)
def test_a_guide_that_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    text = refusal(write(tmp_path), GUIDE | change)
    assert text.startswith(f"{tmp_path}/coding.toml: ")
    assert told in text


def test_the_two_files_are_no_series(tmp_path: Path) -> None:
    shutil.copytree(TWO_ISLANDS / "evidence", tmp_path, dirs_exist_ok=True)
    rows = len(load_evidence(tmp_path, {"survey"}).table)
    write(tmp_path)
    assert len(load_evidence(tmp_path, {"survey"}).table) == rows
    index = tmp_path / "evidence.toml"
    index.write_text(index.read_text().replace('"area_survey.csv"', '"events.csv"'))
    with pytest.raises(InputError, match=r"allowed is a name other than events\.csv and states\.csv"):
        load_evidence(tmp_path, {"survey"})


# --- of a scenario, and of a run


def guide_text() -> str:
    lines = []
    for state, values in STATES.items():
        lines += [f'[state.{state}]\nmeaning = "x"\n[state.{state}.values]', *(f'{value} = "y"' for value in values)]
    return "\n".join([*lines, '[decision."kyiv.coup"]\nsystematic = true\nguide = "x"\n'])


@pytest.fixture
def chronicled(tiny_folder: Path) -> Path:
    """The made-up scenario with a chronology; nothing of Kursk is held there."""
    events = tuple(row for row in EVENTS if "crisis" not in row)
    write(tiny_folder / "evidence", events, CHANGES[:-1])
    (tiny_folder / "evidence" / "coding.toml").write_text(guide_text(), encoding="utf-8")
    return tiny_folder


def test_a_scenario_without_the_files_has_an_empty_chronology(tiny: Scenario) -> None:
    assert tiny.chronology.events.empty
    assert tiny.chronology.states.empty
    assert tiny.chronology.start == START | {"kursk": "expelled"}


def test_a_scenario_names_the_file_as_others_do(chronicled: Path) -> None:
    assert len(load_scenario(chronicled).chronology.states) == 6
    path = chronicled / "evidence" / "states.csv"
    path.write_text(path.read_text().replace("rung,contact", "rung,terms"))
    told = "^two-islands/evidence/states.csv: row 2: rung cannot go from none to terms"
    with pytest.raises(InputError, match=told):
        load_scenario(chronicled)


def test_the_rows_that_a_run_saw_give_the_same_view_again(chronicled: Path, tmp_path: Path) -> None:
    whole, kept = load_scenario(chronicled).chronology, tmp_path / "inputs"
    for day in (date(2031, 4, 10), date(2031, 4, 30), date(2031, 5, 1), LAST):
        kept.mkdir(exist_ok=True)
        whole.event_rows(day).to_csv(kept / "events.csv", index=False)
        whole.state_rows(day).to_csv(kept / "states.csv", index=False)
        again = load_scenario(chronicled, happened=kept).chronology
        assert len(again.states) == len(whole.as_of(day).states)
        assert again.digest(day) == whole.digest(day)
        pd.testing.assert_frame_equal(again.as_of(day).states, whole.as_of(day).states)
        pd.testing.assert_frame_equal(again.as_of(day).events, whole.as_of(day).events)


def test_a_run_keeps_the_rows_that_it_saw_and_no_other_moves_it(
    chronicled: Path, tmp_path: Path, sampler: MadeUpSampler
) -> None:
    def made(name: str) -> Run:
        return pipeline.run(chronicled, runs=tmp_path / name, timelines=100, prior_only=True)

    first = made("first")
    for name, columns in (("events", EVENT_COLUMNS), ("states", STATE_COLUMNS)):
        assert (first.folder / "inputs" / f"{name}.csv").read_text() == ",".join(columns) + "\n"
    files = [path for path in first.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"told late" in path.read_bytes()]
    again = reopened(first)
    assert again.chronology.guide == load_scenario(chronicled).chronology.guide
    seen_then = first.manifest["hashes"]["evidence_seen"]
    assert pipeline.seen_digest(again, again.reference_date) == seen_then
    later = load_scenario(chronicled)
    assert pipeline.seen_digest(later, date(2031, 4, 10)) != seen_then
    states = chronicled / "evidence" / "states.csv"
    states.write_text(
        states.read_text().replace("told late", "told later") + "2031-09-01,2031-09-02,ban,lifted,x,gazette\n"
    )
    second = made("second")
    assert second.id == first.id
    assert second.manifest["files"] == first.manifest["files"]


# --- the real tables


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


NOTED = """
01-20 01-22 02-12 02-18 02-28 03-02 03-03 03-11 03-13 03-18 04-18 04-19 04-26 04-28 04-30 05-10 05-16 05-19 07-14 07-22
07-23 07-28 07-31 08-15 08-18 09-12 10-16 10-22 10-23 11-10 11-20 11-28 12-01 12-02 12-12 12-19 12-28 12-29 12-31
"""
"""Days of the 39 events that a chronicle of the year was collected with."""


def test_all_noted_events_are_there_and_public_the_day_after(ukraine: Scenario) -> None:
    events = ukraine.chronology.events
    days = [date.fromisoformat(f"2025-{day}") for day in NOTED.split()]
    assert len(days) == 39
    for day in days:
        rows = events[events["observed"] == pd.Timestamp(day)]
        assert (rows["available"] == pd.Timestamp(day + timedelta(days=1))).any(), day


def test_every_coded_decision_is_one_of_the_model_and_the_guide_has_all_that_can_be_events(ukraine: Scenario) -> None:
    guide = set(ukraine.chronology.guide.decision)
    assert set(ukraine.chronology.events["decision"]) - {""} <= guide < set(decisions())
    assert decisions()[simulate.ANEW] == "parameters.timeline"
    no_event = {
        *("parameters.timeline", "front.drift", "front.fast", "front.adequacy", "front.shares", "moscow.strain"),
        *("washington.capital", "washington.attention", "washington.posture_which", "hawks.level"),
        *("europe.obstruction", "kyiv.successor", "kyiv.coup_succeeds", "endings.which"),
        *("talks.private_worth", "talks.template", "talks.opening_terms", "talks.clauses", "talks.ladder_which"),
        *("talks.cause", "talks.implemented"),
    }
    assert guide | no_event == set(decisions())
    assert not guide & no_event


def test_what_happened_ends_where_the_record_does(ukraine: Scenario) -> None:
    told = ukraine.chronology
    end = {
        "rung": "terms",
        "posture": "mediating",
        "truce": "none",
        "arms": "flowing",
        "ban": "stands",
        "kursk": "expelled",
    }
    assert told.standing(ukraine.horizon) == end
    assert told.start == START
    assert told.standing(date(2025, 3, 9)) == START | {"rung": "contact", "posture": "pressing_kyiv", "arms": "paused"}
    view = told.as_of(date(2026, 1, 2))
    assert (len(view.events), len(view.states)) == (len(told.events), len(told.states))


def test_no_state_but_the_rung_changes_twice_in_a_week(ukraine: Scenario) -> None:
    rows = ukraine.chronology.states
    for state in set(STATES) - {"rung"}:
        weeks = [monday(day.date()) for day in rows[rows["state"] == state]["observed"]]
        assert all(one < other for one, other in pairwise(weeks)), state


def test_a_reason_names_no_day_after_the_row_was_public(ukraine: Scenario) -> None:
    named = 0
    for table in (ukraine.chronology.events, ukraine.chronology.states):
        for row in table.to_dict("records"):
            for day in re.findall(r"\b\d{1,2} [A-Z][a-z]+\b", row["reason"]):
                named += 1
                when = pd.Timestamp(datetime.strptime(f"{day} 2025", "%d %B %Y"))  # noqa: DTZ007 - a day has no zone
                assert when <= row["available"], (row["observed"], day)
    assert named > 5


def test_each_day_of_the_year_has_a_view_without_a_row_waiting(ukraine: Scenario) -> None:
    told, counts = ukraine.chronology, []
    for days in range(346):
        day = ukraine.reference_date + timedelta(days=days)
        at = pd.Timestamp(day)
        public = told.states[(told.states["available"] <= at) & (told.states["observed"] < at)]
        counts.append(len(told.as_of(day).states))
        assert counts[-1] == len(public)
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, len(told.states))


def test_the_page_is_up_to_date(ukraine: Scenario) -> None:
    kept = Path(__file__).resolve().parents[1] / "docs" / "coding.md"
    assert kept.read_text(encoding="utf-8") == coding_page(ukraine), "python -m forecast.report.coding > docs/coding.md"
