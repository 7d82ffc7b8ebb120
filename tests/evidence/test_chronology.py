"""What happened: the view as of a day, the rows that a run keeps."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from chronology_tools import CHANGES, EVENTS, GUIDE, LAST, START, load, rows_of, write
from damage import swap
from run_tools import MadeUpSampler

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.evidence.chronology import EVENT_COLUMNS, STATE_COLUMNS, Chronology
from forecast.evidence.states import STATES
from forecast.narrative.rerun import scenario_of
from forecast.pipeline import workflow
from forecast.scenario.load import load_scenario
from forecast.store.saved_run import Run


def same_but_for_lines(one: Chronology, other: Chronology) -> None:
    """Other rows in the files move the lines that errors name, and nothing else."""
    for name in ("events", "states"):
        tables = (getattr(view, name).drop(columns="row") for view in (one, other))
        pd.testing.assert_frame_equal(*tables)


# --- what a day sees


def test_tables_have_their_columns_and_what_the_guide_says(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    columns = ["row", "observed", "available", "decision", "event", "systematic", "reason", "source"]
    assert list(told.events.columns) == columns
    assert list(told.states.columns) == ["row", *STATE_COLUMNS]
    assert list(told.events["systematic"]) == [False, True, False]
    assert list(told.states["row"]) == [2, 4, 3, 6, 5, 7, 8]
    empty = told.as_of(date(2031, 3, 3))
    assert (len(empty.events), len(empty.states)) == (0, 0)
    for table, full in ((empty.events, told.events), (empty.states, told.states)):
        assert list(table.dtypes) == list(full.dtypes)


def test_a_day_sees_what_was_public_and_had_happened_before_it(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    assert list(told.as_of(date(2031, 3, 5)).events["event"]) == []
    assert list(told.as_of(date(2031, 3, 6)).events["event"]) == ["A meeting."]
    # Public on its own day: still of the future on that day.
    assert ("pocket", "lost") not in rows_of(told.as_of(date(2031, 6, 2)))
    assert ("pocket", "lost") in rows_of(told.as_of(date(2031, 6, 3)))
    # Early, and told late.
    assert "A plot, told late." not in set(told.as_of(date(2031, 4, 19)).events["event"])
    assert list(told.as_of(date(2031, 4, 20)).events["event"]) == ["A meeting.", "A plot, told late.", "A storm."]
    assert list(told.as_of(date(2031, 4, 20)).events["row"]) == [2, 3, 4]


def test_a_change_waits_for_the_row_between(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    pressed = [("rung", "contact"), ("arms", "paused"), ("posture", "pressing_kyiv")]
    # Pressing Moscow is public, the mediating before it is not.
    assert rows_of(told.as_of(date(2031, 4, 30))) == pressed
    assert told.as_of(date(2031, 4, 30)).standing(date(2031, 4, 30))["posture"] == "pressing_kyiv"
    later = [("arms", "flowing"), ("posture", "mediating"), ("posture", "pressing_moscow")]
    assert rows_of(told.as_of(date(2031, 5, 1))) == [*pressed, *later]
    assert told.standing(date(2031, 4, 15)) == START | {"rung": "contact"}
    assert told.standing(date(2031, 4, 16))["posture"] == "pressing_moscow"
    assert told.standing(date(2031, 3, 4)) == START


def test_changes_of_one_event_wait_for_each_other(tmp_path: Path) -> None:
    late = tuple(row.replace("2031-05-01,arms", "2031-05-09,arms") for row in CHANGES)
    told = load(write(tmp_path, changes=late))
    # The turn to mediating would leave arms paused: it waits for their flowing again.
    assert ("posture", "mediating") not in rows_of(told.as_of(date(2031, 5, 8)))
    assert ("posture", "mediating") in rows_of(told.as_of(date(2031, 5, 9)))


def test_a_revision_takes_the_place_of_the_row_and_can_take_it_back(tmp_path: Path) -> None:
    rows = (*CHANGES[:1], "2031-03-05,2031-04-01,rung,none,there were no talks,gazette")
    again = (*EVENTS[:1], "2031-03-05,2031-03-20,,A meeting.,of no weight,gazette")
    told = load(write(tmp_path, again, rows))
    assert rows_of(told.as_of(date(2031, 3, 31))) == [("rung", "contact")]
    assert rows_of(told.as_of(date(2031, 4, 1))) == []
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
    same_but_for_lines(after.as_of(day), before.as_of(day))
    assert after.digest(LAST) != before.digest(LAST)


# --- of a scenario, and of a run


def guide_text() -> str:
    lines = []
    for name, state in STATES.items():
        lines.append(f'[state.{name}]\nmeaning = "x"\n[state.{name}.values]')
        lines += [f'{value} = "y"' for value in state.values]
    return "\n".join([*lines, '[decision."kyiv.coup"]\nsystematic = true\nguide = "x"\n'])


@pytest.fixture
def chronicled(tiny_folder: Path) -> Path:
    """The made-up scenario with a chronology; nothing of Kursk is held there."""
    events = tuple(row for row in EVENTS if "crisis" not in row)
    write(tiny_folder / "evidence", events, CHANGES[:-1])
    (tiny_folder / "evidence" / "coding.toml").write_text(guide_text(), encoding="utf-8")
    return tiny_folder


def test_a_scenario_without_the_files_has_an_empty_chronology(tiny_folder: Path) -> None:
    for name in ("coding.toml", "events.csv", "states.csv", "readings.toml"):
        (tiny_folder / "evidence" / name).unlink()
    tiny = load_scenario(tiny_folder)
    assert tiny.chronology.events.empty
    assert tiny.chronology.states.empty
    assert tiny.chronology.start == START | {"pocket": "lost"}


def test_a_scenario_names_the_file_as_others_do(chronicled: Path) -> None:
    assert len(load_scenario(chronicled).chronology.states) == 6
    path = chronicled / "evidence" / "states.csv"
    path.write_text(path.read_text().replace("rung,contact", "rung,terms"))
    told = "^two-islands/evidence/states.csv: row 2: rung cannot go from none to terms"
    with pytest.raises(InputError, match=told):
        load_scenario(chronicled).chronology.check()


def test_the_rows_that_a_run_saw_give_the_same_view_again(chronicled: Path, tmp_path: Path) -> None:
    whole, kept = load_scenario(chronicled).chronology, tmp_path / "inputs"
    for day in (date(2031, 4, 10), date(2031, 4, 30), date(2031, 5, 1), LAST):
        kept.mkdir(exist_ok=True)
        whole.event_rows(day).to_csv(kept / "events.csv", index=False)
        whole.state_rows(day).to_csv(kept / "states.csv", index=False)
        again = load_scenario(chronicled, happened=kept).chronology
        assert len(again.states) == len(whole.as_of(day).states)
        assert again.digest(day) == whole.digest(day)
        same_but_for_lines(again.as_of(day), whole.as_of(day))


def test_a_run_keeps_the_rows_that_it_saw_and_no_other_moves_it(
    chronicled: Path, tmp_path: Path, sampler: MadeUpSampler
) -> None:
    def made(name: str) -> Run:
        return workflow.run(RunRequest(chronicled, runs=tmp_path / name, timelines=100, prior_only=True))

    first = made("first")
    for name, columns in (("events", EVENT_COLUMNS), ("states", STATE_COLUMNS)):
        assert (first.folder / "inputs" / f"{name}.csv").read_text() == ",".join(columns) + "\n"
    files = [path for path in first.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"told late" in path.read_bytes()]
    again = scenario_of(first)
    assert again.chronology.guide == load_scenario(chronicled).chronology.guide
    seen_then = first.manifest["hashes"]["evidence_seen"]
    assert workflow.seen_digest(again, again.reference_date) == seen_then
    later = load_scenario(chronicled)
    assert workflow.seen_digest(later, date(2031, 4, 10)) != seen_then
    states = chronicled / "evidence" / "states.csv"
    states.write_text(
        states.read_text().replace("told late", "told later") + "2031-09-01,2031-09-02,ban,lifted,x,gazette\n"
    )
    second = made("second")
    assert second.id == first.id
    assert second.manifest["files"] == first.manifest["files"]


# --- what is later does not bear on what is earlier

LATE_FAULT = tuple(row for row in CHANGES if not row.startswith("2031-04-02"))
"""Without the turn to mediating in April, pressing Moscow later that month cannot follow."""


def test_a_contradiction_stops_the_days_that_see_it_and_no_other(tmp_path: Path) -> None:
    told = load(write(tmp_path, changes=LATE_FAULT))
    with pytest.raises(InputError, match=r"row 5: posture cannot go from pressing_kyiv to pressing_moscow"):
        told.check()
    for day in (date(2031, 3, 3), date(2031, 4, 15), date(2031, 4, 16)):
        assert ("posture", "pressing_moscow") not in rows_of(told.as_of(day))
    for day in (date(2031, 4, 17), date(2031, 5, 1), LAST):
        with pytest.raises(InputError, match="row 5: posture cannot go"):
            told.as_of(day)


def test_an_event_without_its_change_stops_the_days_that_see_it(tmp_path: Path) -> None:
    guide = {"state": GUIDE["state"], "decision": {"kyiv.ban": {"systematic": True, "guide": "x"}}}
    told = load(write(tmp_path, ("2031-06-02,2031-06-03,kyiv.ban,x,y,gazette",), CHANGES[:1]), guide)
    assert told.as_of(date(2031, 6, 2)).events.empty
    with pytest.raises(InputError, match=r"row 2, column decision: states\.csv has no row of 2031-06-02"):
        told.as_of(date(2031, 6, 3))


def test_a_later_revision_does_not_make_an_earlier_view_contradictory(tmp_path: Path) -> None:
    undone = "2031-03-05,2031-08-01,rung,none,there were no talks,gazette"
    rows = (CHANGES[0], undone, "2031-03-20,2031-03-21,rung,terms,a paper,gazette")
    told = load(write(tmp_path, changes=rows))
    assert rows_of(told.as_of(date(2031, 7, 31))) == [("rung", "contact"), ("rung", "terms")]
    with pytest.raises(InputError, match="row 4: rung cannot go from none to terms"):
        told.as_of(date(2031, 8, 1))


def test_rows_that_wait_for_others_are_not_contradictions(tmp_path: Path) -> None:
    told = load(write(tmp_path))
    told.check()
    assert told.contradictions == ()


# --- until when all is coded


def test_rows_after_the_last_coded_day_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"row 8, column observed: found 2031-06-02; expected 2031-06-01, which is coded_until"
    ):
        load(write(tmp_path), coded_until=date(2031, 6, 1))
    with pytest.raises(InputError, match=r"events\.csv: row 4, column observed: found 2031-04-01; expected 2031-03-31"):
        load(write(tmp_path), coded_until=date(2031, 3, 31))


def test_a_day_knows_what_is_coded_before_it(tmp_path: Path) -> None:
    told = load(write(tmp_path), coded_until=date(2031, 6, 2))
    for day in (date(2031, 3, 3), date(2031, 6, 2), date(2031, 6, 3)):
        assert told.known_until(day) == day
    assert told.known_until(date(2031, 6, 4)) == told.as_of(LAST).known_until(LAST) == date(2031, 6, 3)
    assert repr(told) == "Chronology(3 events, 7 changes of states, coded until 2031-06-02)"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "coded_until: it is missing; expected the last day for which events and recorded states are coded"),
        (
            "coded_until = 2031-03-01",
            "coded_until: found 2031-03-01; expected 2031-03-02, the day before the reference date",
        ),
        ("coded_until = 2031-09-30", "to 2031-09-29, the horizon"),
        ('coded_until = "2031-W20-1"', "coded_until: found '2031-W20-1'; expected a real day, written YYYY-MM-DD"),
        ("coded_until = true", "coded_until: found true; expected a day, written YYYY-MM-DD"),
        ("coded_untill = 2031-09-29", "unknown key; expected coded_until and [[series]]"),
    ],
)
def test_every_scenario_says_until_when_it_is_coded(tiny_folder: Path, line: str, words: str) -> None:
    swap(tiny_folder, "evidence/evidence.toml", "coded_until = 2031-09-29", line)
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    assert str(caught.value).startswith("two-islands/evidence/evidence.toml: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("line", ["2031-03-02", "2031-03-03", '"2031-09-29"'])
def test_the_last_coded_day_may_be_any_of_the_forecast_period(tiny_folder: Path, line: str) -> None:
    write(tiny_folder / "evidence", (), ())
    swap(tiny_folder, "evidence/evidence.toml", "coded_until = 2031-09-29", f"coded_until = {line}")
    assert load_scenario(tiny_folder).chronology.coded_until.isoformat() == line.strip('"')
