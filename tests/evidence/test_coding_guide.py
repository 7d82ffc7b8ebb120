"""How what happened is coded: which changes can follow each other, and which files are refused."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from chronology_tools import CHANGES, GUIDE, LAST, START, load, refusal, write
from places import TINY

from forecast.errors import InputError
from forecast.evidence.chronology import load_chronology
from forecast.evidence.coding_guide import Guide
from forecast.evidence.series import load_evidence
from forecast.evidence.states import STATES, StateChange, faults
from forecast.timeline import codes

# --- which changes can follow each other


def judged(*rows: tuple[str, str, str], **start: str) -> list[str | None]:
    found = faults([StateChange(date.fromisoformat(day), state, value) for day, state, value in rows], START | start)
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
        ([("2031-03-04", "pocket", "held")], {"pocket": "lost"}, "cannot go from lost to held"),
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
    assert STATES["rung"].code("signed") == codes.SIGNED
    assert STATES["posture"].code("pressing_moscow") == codes.PRESSING_MOSCOW
    assert STATES["truce"].code("general") == codes.GENERAL
    flags = (("arms", "paused"), ("ban", "stands"), ("pocket", "held"))
    assert [STATES[state].code(value) for state, value in flags] == [1] * 3


# --- what is refused


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2031-13-01,2031-03-06,,x,y,gazette", "row 2, column observed: found '2031-13-01'; expected a real day"),
        ("2031-03-05,20310306,,x,y,gazette", "row 2, column available: found '20310306'; expected a real day"),
        ("2031-03-05,2031-03-04,,x,y,gazette", "row 2, column available: 2031-03-04 is before observed, 2031-03-05"),
        (
            "2031-03-02,2031-03-04,,x,y,gazette",
            "row 2, column observed: found 2031-03-02; expected 2031-03-03, the reference",
        ),
        ("2031-09-30,2031-10-01,,x,y,gazette", "to 2031-09-29, the horizon"),
        (
            "2031-03-05,2031-03-06,kyiv.coups,x,y,gazette",
            "row 2, column decision: found 'kyiv.coups'; expected a decision of",
        ),
        ("2031-03-05,2031-03-06,kyiv.ban,x,y,gazette", "row 2, column decision: found 'kyiv.ban'"),
        ("2031-03-05,2031-03-06,,,y,gazette", "row 2, column event: found ''; expected text that is not blank"),
        ("2031-03-05,2031-03-06,,x, ,gazette", "row 2, column reason: found ' '; expected text that is not blank"),
        ("2031-03-05,2031-03-06,,x,y,memory", "row 2, column source: found 'memory'; expected an id in sources.toml"),
        ("2031-03-05,2031-03-06,,x,y,judgement", "row 2, column source: found 'judgement'"),
        ("2031-03-05,2031-03-06,,x,y", "row 2: found 5 cells; expected 6"),
        ('2031-03-05,2031-03-06,,"x,y,gazette', "it is not CSV"),
        (
            "2031-03-05,2031-03-06,,x,y,gazette\n2031-03-04,2031-03-06,,x,y,gazette",
            "row 3, column observed: 2031-03-04 is before",
        ),
        (
            "2031-03-05,2031-03-06,,x,y,gazette\n2031-03-05,2031-03-06,,x,z,gazette",
            "row 3: found a row with the same observed, decision, event and available as row 2",
        ),
    ],
)
def test_an_event_that_is_refused(tmp_path: Path, row: str, told: str) -> None:
    text = refusal(write(tmp_path, events=(row,)))
    assert text.startswith(f"{tmp_path}/events.csv: ")
    assert told in text


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (
            ("2031-03-05,2031-03-06,rungs,contact,y,gazette",),
            "row 2, column state: found 'rungs'; expected rung, posture",
        ),
        (
            ("2031-03-05,2031-03-06,rung,contacts,y,gazette",),
            "row 2, column value: found 'contacts'; allowed for rung are none",
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


def test_an_event_that_moves_a_state_goes_with_its_row_there(tmp_path: Path) -> None:
    decisions = {
        "talks.limited_truce": {"systematic": True, "guide": "x"},
        "talks.truce_ends": {"systematic": True, "guide": "x"},
    }
    guide = {"state": GUIDE["state"], "decision": GUIDE["decision"] | decisions}
    events = ("2031-03-12,2031-03-13,talks.limited_truce,x,y,gazette",)
    truce = "2031-03-12,2031-03-14,truce,limited,y,gazette"
    assert len(load(write(tmp_path, events, (CHANGES[0], truce)), guide).events) == 1
    told = refusal(write(tmp_path, events, CHANGES[:1]), guide)
    assert "row 2, column decision: states.csv has no row of 2031-03-12 in which truce becomes limited" in told
    ends = (events[0].replace("limited_truce", "truce_ends"),)
    assert "truce becomes none" in refusal(write(tmp_path, ends, (CHANGES[0], truce)), guide)
    # A saved run may have seen the event a day before the change.
    folder = write(tmp_path, events, CHANGES[:1])
    first = date(2031, 3, 3)
    kept = load_chronology(
        folder, {"gazette"}, start=START, first=first, last=LAST, coded_until=LAST, guide=guide, kept=True
    )
    assert len(kept.events) == 1


def test_the_columns_are_those_of_the_file(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "events.csv").write_text("observed,available,event\n")
    assert "events.csv: row 1, column decision: the column is missing; found observed, available, event" in refusal(
        tmp_path
    )


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
        (
            {"decision": {"kyiv.ban": {"systematic": True, "guide": "x", "state": "ban"}}},
            "decision.kyiv.ban.state: unknown key; expected systematic, guide",
        ),
        (
            {"decision": {"europe.upheaval": {"systematic": True, "guide": "x"}}},
            "systematic: found true; allowed only for decisions that move a state, and for endings.any",
        ),
        (
            {"state": GUIDE["state"] | {"ban": {"mening": "x", "values": {}}}},
            "state.ban.mening: unknown key; expected meaning, values",
        ),
        (
            {"state": GUIDE["state"] | {"ban": {"meaning": "x"}}},
            "state.ban.values: it is missing; a table here needs meaning, values",
        ),
        ({"decision": {"kyiv.coup": {"guide": "x"}}}, "decision.kyiv.coup.systematic: it is missing"),
        (
            {"decision": {"replay.resample": {"systematic": False, "guide": "x"}}},
            "decision.replay.resample: no such decision can be recorded; expected endings.any",
        ),
        ({"decision": {"kyiv.ban": {"systematic": "yes", "guide": "x"}}}, "expected true or false"),
    ],
)
def test_a_guide_that_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    text = refusal(write(tmp_path), GUIDE | change)
    assert text.startswith(f"{tmp_path}/coding.toml: ")
    assert told in text


def test_the_two_files_are_no_series(tmp_path: Path) -> None:
    shutil.copytree(TINY / "evidence", tmp_path, dirs_exist_ok=True)
    rows = len(load_evidence(tmp_path, {"survey"}).table)
    write(tmp_path)
    assert len(load_evidence(tmp_path, {"survey"}).table) == rows
    index = tmp_path / "evidence.toml"
    index.write_text(index.read_text().replace('"area_survey.csv"', '"events.csv"'))
    with pytest.raises(InputError, match=r"expected a name other than events\.csv and states\.csv"):
        load_evidence(tmp_path, {"survey"})
