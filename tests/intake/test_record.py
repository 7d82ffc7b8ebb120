"""Events and states by the coding guide: the scenario loads with the row under every reading, or nothing is written."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from intake_tools import TODAY, contents

from forecast.errors import InputError
from forecast.intake.record import add_event, add_state, code_until
from forecast.scenario.load import load_scenario

LATER = date(2031, 12, 1)
SOURCE = "https://example.org/a"


def event(folder: Path, **change: Any) -> Any:
    row = {
        "observed": date(2031, 9, 20),
        "available": date(2031, 9, 21),
        "decision": "",
        "event": "A storm.",
        "reason": "No decision of the model.",
        "source": SOURCE,
        "today": LATER,
    }
    return add_event(folder, **(row | change))


def state(folder: Path, **change: Any) -> Any:
    row = {
        "observed": date(2031, 9, 20),
        "available": date(2031, 9, 21),
        "state": "posture",
        "value": "mediating",
        "reason": "By the guide.",
        "source": SOURCE,
        "today": LATER,
    }
    return add_state(folder, **(row | change))


def standing(folder: Path) -> dict[str, str]:
    return load_scenario(folder).chronology.standing(LATER)


def test_an_event_is_added_in_the_order_of_days(tiny_folder: Path) -> None:
    before = contents(tiny_folder)["events.csv"].decode().splitlines()
    report = event(tiny_folder)
    assert (report.added, report.lines) == (1, ["events.csv: 2031-09-20, available 2031-09-21, added: A storm."])
    after = contents(tiny_folder)["events.csv"].decode().splitlines()
    assert [line for line in after if line in before] == before
    assert len(after) == len(before) + 1
    load_scenario(tiny_folder).chronology.check()


def test_the_same_event_again_is_unchanged_and_another_reason_is_refused(tiny_folder: Path) -> None:
    event(tiny_folder)
    first = contents(tiny_folder)
    assert event(tiny_folder).unchanged == 1
    with pytest.raises(InputError, match="A revision needs a later date in --available"):
        event(tiny_folder, reason="Another.")
    assert contents(tiny_folder) == first
    assert event(tiny_folder, reason="Another.", available=date(2031, 9, 25)).added == 1


def test_a_state_moves_as_the_guide_allows(tiny_folder: Path) -> None:
    now = standing(tiny_folder)["posture"]
    value = "mediating" if now != "mediating" else "pressing_moscow"
    assert state(tiny_folder, value=value).added == 1
    assert standing(tiny_folder)["posture"] == value
    assert state(tiny_folder, value=value).unchanged == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "mood"}, "found 'mood'; expected rung"),
        ({"value": "angry"}, "allowed for posture are"),
        ({"state": "rung", "value": "signed"}, "cannot go from"),
        ({"source": "judgement"}, "found 'judgement'"),
        ({"source": "=1+1"}, "takes for a formula"),
        ({"reason": "-x"}, "takes for a formula"),
        ({"reason": "a\x1b[31m"}, "control characters"),
        ({"reason": " "}, "expected text that is not blank"),
        ({"reason": "x" * 1_000_000}, "expected at most 2000"),
        ({"observed": date(2020, 1, 1), "available": date(2020, 1, 2)}, "the reference date"),
        ({"available": date(2031, 9, 1)}, "is before observed"),
        ({"available": date(2033, 9, 1)}, "a day to come"),
        ({"observed": date(2031, 10, 20), "available": date(2031, 10, 21)}, "the horizon"),
    ],
)
def test_a_row_that_the_guide_does_not_allow_changes_nothing(
    tiny_folder: Path, change: dict[str, Any], words: str
) -> None:
    first = contents(tiny_folder)
    with pytest.raises(InputError, match=words):
        state(tiny_folder, **change)
    assert contents(tiny_folder) == first


def test_an_event_that_moves_a_state_needs_the_change_first(tiny_folder: Path) -> None:
    first = contents(tiny_folder)
    with pytest.raises(InputError, match=r"talks\.ladder|rung"):
        event(tiny_folder, decision="talks.ladder")
    assert contents(tiny_folder) == first
    state(tiny_folder, state="rung", value="contact")
    assert event(tiny_folder, decision="talks.ladder").added == 1


def test_the_coded_days_grow_and_never_shrink(tiny_folder: Path) -> None:
    path = tiny_folder / "evidence" / "evidence.toml"
    path.write_text(path.read_text().replace("coded_until = 2031-09-29", "coded_until = 2031-09-17"))
    with pytest.raises(InputError, match="forecast evidence coded-until 2031-09-20"):
        event(tiny_folder)
    index = contents(tiny_folder)["evidence.toml"].decode()
    report = code_until(tiny_folder, date(2031, 9, 20), LATER)
    assert "coded until 2031-09-20 (until 2031-09-17 before)" in report.lines[0]
    after = contents(tiny_folder)["evidence.toml"].decode()
    assert after == index.replace("coded_until = 2031-09-17", "coded_until = 2031-09-20")
    assert code_until(tiny_folder, date(2031, 9, 20), LATER).unchanged == 1
    for day, words in (
        (date(2031, 8, 1), "coded days stay coded"),
        (date(2032, 1, 1), "a day to come"),
        (date(2035, 1, 1), "the horizon"),
    ):
        with pytest.raises(InputError, match=words):
            code_until(tiny_folder, day, max(LATER, day) if words == "the horizon" else LATER)
    assert event(tiny_folder).added == 1


def test_days_to_come_are_those_after_today(tiny_folder: Path) -> None:
    with pytest.raises(InputError, match="a day to come; expected 2026-11-28 or before"):
        event(tiny_folder, today=TODAY)
