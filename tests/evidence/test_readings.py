"""Readings of the record: their form, each kind of edit, what a day sees of them, and which cannot hold together."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from chronology_tools import CHANGES, EVENTS, GUIDE, LAST, START, rows_of, write
from places import TINY

from forecast.errors import InputError
from forecast.evidence.chronology import Chronology, load_chronology
from forecast.scenario.load import load_scenario

ROW = 'available = 2031-03-13\nreason = "a paper"\nsource = "gazette"\n'
LADDER = GUIDE["decision"] | {"talks.ladder": {"systematic": True, "guide": "a move"}}
MET = "2031-03-05,2031-03-06,talks.ladder,A meeting.,talks,gazette"


def reading(*edits: str, name: str = "other") -> str:
    """A reading with its edits; each begins with the last two parts of its key."""
    lines = [f'[reading.{name}]\ntitle = "Talks began otherwise."\nreason = "x"\nsource = "judgement"']
    for edit in edits:
        key, _, body = edit.partition("\n")
        lines.append(f"[[reading.{name}.{key}]]\n{body}")
    return "\n".join(lines) + "\n"


ADDED = f'states.add\nobserved = 2031-03-12\nstate = "rung"\nvalue = "terms"\n{ROW}'
REPLACED = f'states.replace\nobserved = 2031-03-05\nstate = "rung"\nvalue = "contact"\n{ROW}'
REMOVED = 'states.remove\nobserved = 2031-06-02\nstate = "pocket"\n'


def load(
    folder: Path,
    readings: str,
    reading: str | list[str] = "other",
    *,
    events: tuple[str, ...] = EVENTS,
    changes: tuple[str, ...] = CHANGES,
    kept: bool = False,
) -> Chronology:
    write(folder, events, changes)
    return load_chronology(
        folder, {"gazette", "survey", "judgement"}, start=START, first=date(2031, 3, 3), last=LAST,
        coded_until=LAST, guide=GUIDE | {"decision": LADDER}, readings=tomllib.loads(readings), reading=reading,
        label="islands/evidence", kept=kept,
    )  # fmt: skip


def refusal(folder: Path, readings: str, reading: str | list[str] = (), **given: Any) -> str:  # type: ignore[assignment]
    with pytest.raises(InputError) as caught:
        load(folder, readings, reading, **given).check()
    assert caught.value.exit_code == 2
    return str(caught.value)


# --- the edits


def test_a_row_is_added_with_its_own_dates(tmp_path: Path) -> None:
    found = load(tmp_path, reading(ADDED))
    assert rows_of(found)[:2] == [("rung", "contact"), ("rung", "terms")]
    assert found.used == ("other",)
    assert repr(found).endswith("coded until 2031-09-29, under other)")
    for days, seen in ((9, 0), (10, 1), (11, 1)):
        day = date(2031, 3, 3) + timedelta(days=days)
        assert found.edits_seen("other", day) == seen
        assert (("rung", "terms") in rows_of(found.as_of(day))) == bool(seen)
        assert (found.digest(day) != found.under(()).digest(day)) == bool(seen)


def test_a_row_is_replaced_in_its_place(tmp_path: Path) -> None:
    found = load(tmp_path, reading(REPLACED))
    assert rows_of(found) == rows_of(found.under(()))
    first = found.states.iloc[0]
    assert (first["row"], first["available"], first["reason"]) == (-1, pd.Timestamp("2031-03-13"), "a paper")
    # The row was public on 6 March, and under the reading a week later.
    assert rows_of(found.as_of(date(2031, 3, 12))) == []
    assert found.edits_seen("other", date(2031, 3, 12)) == 1
    assert (found.row_name("states.csv", 3), found.row_name("states.csv", -1)) == (
        "states.csv row 3",
        "readings.toml reading.other.states.replace.1",
    )
    assert (found.reading_of(-1), found.reading_of(3)) == ("other", None)


def test_a_row_is_removed_with_its_revisions(tmp_path: Path) -> None:
    revised = (*CHANGES, "2031-06-02,2031-07-01,pocket,lost,the map again,survey")
    found = load(tmp_path, reading(REMOVED), changes=revised)
    assert len(found.states) == len(revised) - 2
    assert ("pocket", "lost") not in rows_of(found)
    assert len(found.under(()).states) == len(revised)
    assert [line for line, _ in found.applied[0].old] == [8, 9]


def test_events_are_added_replaced_and_removed(tmp_path: Path) -> None:
    edits = (
        f'events.add\nobserved = 2031-03-12\ndecision = ""\nevent = "A letter."\n{ROW}',
        f'events.replace\nobserved = 2031-03-05\nreplaces = ""\ndecision = "talks.ladder"\nevent = "A meeting."\n{ROW}',
        'events.remove\nobserved = 2031-03-10\ndecision = "kyiv.coup"\n',
    )
    found = load(tmp_path, reading(*edits))
    assert list(zip(found.events["decision"], found.events["event"], strict=True)) == [
        ("talks.ladder", "A meeting."),
        ("", "A letter."),
        ("washington.crisis", "A storm."),
    ]
    assert found.contradictions == ()
    assert list(found.events["systematic"]) == [True, False, False]


def test_one_of_several_events_of_a_day_is_chosen_by_its_words(tmp_path: Path) -> None:
    events = (EVENTS[0], "2031-03-05,2031-03-06,,A dinner.,notable,gazette")
    base = 'observed = 2031-03-05\ndecision = ""\n'
    found = load(tmp_path, reading(f'events.remove\n{base}event = "A dinner."\n'), events=events)
    assert list(found.events["event"]) == ["A meeting."]
    changed = load(tmp_path, reading(f'events.replace\n{base}event = "A dinner."\n{ROW}'), events=events)
    assert sorted(changed.events["row"]) == [-1, 2]
    text = refusal(tmp_path, reading(f"events.remove\n{base}"), events=events)
    assert "events.remove.1: found rows 2, 3; expected a row of events.csv of 2031-03-05" in text
    assert text.endswith("Give the event as well")
    text = refusal(tmp_path, reading(f'events.replace\n{base}event = "A lunch."\n{ROW}'), events=events)
    assert "events.replace.1.event: found 'A lunch.'; expected the event of" in text


def test_moves_of_one_day_are_chosen_by_their_value(tmp_path: Path) -> None:
    moves = (CHANGES[0], "2031-03-05,2031-03-06,rung,terms,a paper,gazette")
    base = 'states.remove\nobserved = 2031-03-05\nstate = "rung"\n'
    found = load(tmp_path, reading(f'{base}value = "terms"\n'), changes=moves)
    assert rows_of(found) == [("rung", "contact")]
    assert refusal(tmp_path, reading(base), changes=moves).endswith("Give the value as well")
    assert refusal(tmp_path, reading(REPLACED), changes=moves).endswith("Remove these rows and add others")


def test_the_rows_that_a_saved_run_saw_are_not_edited_again(tmp_path: Path) -> None:
    found = load(tmp_path, reading(ADDED, REMOVED), changes=CHANGES[:1], kept=True)
    assert (rows_of(found), found.used, found.applied) == ([("rung", "contact")], ("other",), ())
    found.check()
    with pytest.raises(ValueError, match="needs the whole chronology"):
        found.under("other")


# --- what is refused


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (reading(), "reading.other: it edits no row; expected add, replace or remove"),
        (reading(ADDED).replace("judgement", "gazete"), "reading.other.source: found 'gazete'; expected an id"),
        (reading(ADDED).replace("title", "titel"), "reading.other.titel: unknown key; expected title, reason, source"),
        (reading(ADDED).replace("reading.other", 'reading."a b"'), "found the id 'a b'; expected letters"),
        (reading(ADDED).replace('"terms"', '"term"'), "states.add.1.value: found 'term'; allowed for rung are"),
        (
            reading(ADDED).replace('"gazette"', '"judgement"'),
            "states.add.1.source: found 'judgement'; expected another",
        ),
        (reading(ADDED).replace("2031-03-13", "2031-03-11"), "states.add.1.available: 2031-03-11 is before observed"),
        (reading(ADDED).replace("2031-03-12", '"2031-3-12"'), "states.add.1.observed: found '2031-3-12'; expected"),
        (reading(ADDED).replace("2031-03-12", "2030-03-12"), "states.add.1"),
        (reading(ADDED).replace('reason = "a paper"\n', ""), "states.add.1.reason: it is missing; a table here needs"),
        (reading(ADDED).replace("states.add", "states.added"), "states.added: unknown key; expected add, replace"),
        (reading(ADDED).replace("value", "replaces"), "states.add.1.replaces: unknown key"),
        (
            reading(REPLACED.replace("03-05", "03-06")),
            "states.replace.1: found no such row; expected a row of states.csv",
        ),
        (reading(REMOVED.replace("pocket", "rung")), "The rows of that day have state 'pocket'"),
        (reading(REMOVED + 'value = "held"\n'), "states.remove.1.value: found 'held'; expected the value of"),
        (reading(REMOVED, REMOVED), "found a row that reading.other.states.remove.1 edits too"),
        (
            reading(REPLACED.replace("states.replace", "states.add").replace("03-13", "03-06")),
            "states.add.1: found a row with the same observed, state, value and available as row 2 of states.csv",
        ),
        ("reading = 1\n", "reading: found 1; expected a table"),
        ("[readings.a]\n", "readings: unknown key; expected reading"),
    ],
)
def test_a_wrong_reading_is_refused_whether_it_is_used_or_not(tmp_path: Path, text: str, words: str) -> None:
    for used in ((), ("other",)):
        found = refusal(tmp_path, text, list(used))
        assert found.startswith("islands/evidence/readings.toml: ")
        assert words in found


def test_a_replacement_must_change_something(tmp_path: Path) -> None:
    same = 'states.replace\nobserved = 2031-03-05\navailable = 2031-03-06\nstate = "rung"\nvalue = "contact"\n'
    text = refusal(tmp_path, reading(f'{same}reason = "talks"\nsource = "gazette"\n'))
    assert "states.replace.1: found a row equal to row 2 of states.csv; expected another" in text


def test_readings_need_a_record(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"readings\.toml: found readings of a record that is not there"):
        load_chronology(
            tmp_path, {"gazette"}, start=START, first=date(2031, 3, 3), last=LAST, coded_until=LAST, readings={}
        )


# --- contradictions


def test_a_contradiction_names_file_reading_and_row(tmp_path: Path) -> None:
    jump = ADDED.replace('"terms"', '"text"')
    text = refusal(tmp_path, reading(jump))
    start = "islands/evidence/readings.toml: reading.other.states.add.1: rung cannot go from contact to text"
    assert text.startswith(start)
    first = 'states.remove\nobserved = 2031-03-18\nstate = "posture"\n'
    text = refusal(tmp_path, reading(first))
    assert text.startswith("islands/evidence/states.csv: row 4 under the reading other: arms are paused")
    text = refusal(tmp_path, reading(REPLACED.replace("replace", "remove").partition("value")[0]), events=(MET,))
    assert text.startswith(
        "islands/evidence/events.csv: row 2 under the reading other, column decision: states.csv has"
    )


def test_a_contradiction_stops_only_the_days_that_see_it(tmp_path: Path) -> None:
    found = load(tmp_path, reading(ADDED.replace('"terms"', '"text"')))
    found.as_of(date(2031, 3, 12))
    with pytest.raises(InputError, match=r"reading\.other\.states\.add\.1: rung cannot go"):
        found.as_of(date(2031, 3, 13))
    # As coded there is none.
    found.under(()).as_of(date(2031, 3, 13))


def test_readings_of_one_row_cannot_hold_together(tmp_path: Path) -> None:
    text = reading(ADDED, name="one") + reading(ADDED.replace('"terms"', '"none"'), name="two")
    assert load(tmp_path, text, "one").used == ("one",)
    assert refusal(tmp_path, text, ["one", "two"]) == (
        "--reading: one and two both change a row of states.csv of 2031-03-12, 'rung'; "
        "expected readings of different rows. Give one of them"
    )


def test_readings_of_different_rows_hold_together_in_any_order(tmp_path: Path) -> None:
    text = reading(ADDED, name="one") + reading(REMOVED, name="two")
    both = [load(tmp_path, text, order) for order in (["one", "two"], ["two", "one"])]
    assert both[0].used == both[1].used == ("one", "two")
    assert both[0].digest(LAST) == both[1].digest(LAST)
    assert rows_of(both[0])[1] == ("rung", "terms")
    assert ("pocket", "lost") not in rows_of(both[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("othr", "--reading: found 'othr'; expected other. Did you mean other?"),
        (["other", "other"], "--reading: found 'other' twice; expected each reading once"),
        (3, "--reading: found 3; expected a text or a list of texts"),
    ],
)
def test_unknown_readings_are_refused(tmp_path: Path, given: Any, words: str) -> None:
    assert refusal(tmp_path, reading(ADDED), given) == words


def test_a_scenario_without_readings_says_so(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(InputError, match=r"--reading: found 'x'; the scenario has no readings"):
        load_chronology(
            tmp_path, {"gazette", "survey"}, start=START, first=date(2031, 3, 3), last=LAST, coded_until=LAST,
            guide=GUIDE, reading="x",
        )  # fmt: skip


# --- of scenarios


def test_the_made_up_scenario_has_a_reading() -> None:
    coded, other = load_scenario(TINY).chronology, load_scenario(TINY, reading="cape-prisoners").chronology
    other.check()
    day = date(2031, 9, 5)
    assert (coded.standing(day)["rung"], other.standing(day)["rung"]) == ("contact", "none")
    assert coded.standing(LAST) == other.standing(LAST)
    assert other.contradictions == ()
    assert [other.edits_seen("cape-prisoners", day) for day in (date(2031, 9, 2), day, LAST)] == [0, 2, 4]
    assert other.guide == coded.guide
