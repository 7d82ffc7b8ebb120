"""A small made-up chronology for tests: its guide, its rows, and how they are written and loaded."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forecast.errors import InputError
from forecast.evidence.chronology import EVENT_COLUMNS, STATE_COLUMNS, Chronology, load_chronology
from forecast.evidence.states import STATES

START = {"rung": "none", "posture": "mediating", "truce": "none", "arms": "flowing", "ban": "stands", "pocket": "held"}
GUIDE: dict[str, dict[str, dict[str, Any]]] = {
    "state": {
        name: {"meaning": "what it is", "values": dict.fromkeys(state.values, "when")} for name, state in STATES.items()
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
    "2031-06-02,2031-06-02,pocket,lost,the map,survey",
)
LAST = date(2031, 9, 29)


def write(folder: Path, events: tuple[str, ...] = EVENTS, changes: tuple[str, ...] = CHANGES) -> Path:
    """Write both files; readings of other rows are taken out."""
    (folder / "readings.toml").unlink(missing_ok=True)
    (folder / "events.csv").write_text("\n".join([",".join(EVENT_COLUMNS), *events]) + "\n", encoding="utf-8")
    (folder / "states.csv").write_text("\n".join([",".join(STATE_COLUMNS), *changes]) + "\n", encoding="utf-8")
    return folder


def load(folder: Path, guide: object = GUIDE, coded_until: date = LAST) -> Chronology:
    """Load the chronology, whatever contradicts itself in it."""
    sources, first = {"gazette", "survey", "judgement"}, date(2031, 3, 3)
    return load_chronology(folder, sources, start=START, first=first, last=LAST, coded_until=coded_until, guide=guide)


def refusal(folder: Path, guide: object = GUIDE) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, guide).check()
    assert caught.value.exit_code == 2
    return str(caught.value)


def rows_of(view: Chronology) -> list[tuple[str, str]]:
    return list(zip(view.states["state"], view.states["value"], strict=True))


def chronicle(
    folder: Path,
    events: tuple[str, ...] = (),
    changes: tuple[str, ...] = CHANGES[:-1],
    decisions: dict[str, dict[str, Any]] | None = None,
) -> Path:
    """Give a copy of the made-up scenario what happened in its first weeks, and the guide that it is coded by."""
    moved = {"washington.posture": {"systematic": True, "guide": "a turn"}}
    guide = {"state": GUIDE["state"], "decision": GUIDE["decision"] | moved | (decisions or {})}
    lines = []
    for kind, entries in guide.items():
        for name, entry in entries.items():
            lines.append(f'[{kind}."{name}"]')
            lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items() if key != "values"]
            if "values" in entry:
                lines.append(f'[{kind}."{name}".values]')
                lines += [f'"{value}" = {json.dumps(text)}' for value, text in entry["values"].items()]
    (folder / "evidence" / "coding.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write(folder / "evidence", events, changes)
    return folder
