"""Events and changes of recorded states, added by the coding guide; and the day until which all is coded.

A row is kept only if the scenario loads with it as coded and under each reading, without a contradiction.
"""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from forecast.errors import InputError
from forecast.evidence.coding_guide import AFTER_HORIZON, CHANGE_KEY, CHANGES, EVENT_KEY, EVENTS
from forecast.evidence.series import CODED_UNTIL, INDEX
from forecast.inputs.validation import Place, read_text
from forecast.intake.csv_lines import with_rows
from forecast.intake.folder import only_writer, replace_files
from forecast.intake.reports import ImportReport, safe_text
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario

_CODED: Final = re.compile(rf"^{CODED_UNTIL}[ \t]*=[ \t]*\S+", re.MULTILINE)


def add_event(
    folder: Path, *, observed: date, available: date, decision: str, event: str, reason: str, source: str, today: date
) -> ImportReport:
    """Add an event to `events.csv`.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        observed: the day on which it happened.
        available: the first day on which it was surely public.
        decision: the decision of the model that it stands for; empty for none.
        event: the event in a sentence.
        reason: the reason for this coding.
        source: id in `sources.toml` or an address.
        today: the latest day that can be given.

    Raises:
        InputError: the row is not one that the coding guide allows; nothing was written.
    """
    row = {"decision": decision, "event": event, "reason": reason, "source": source}
    return _add(folder, EVENTS, EVENT_KEY, observed, available, row, today)


def add_state(
    folder: Path, *, observed: date, available: date, state: str, value: str, reason: str, source: str, today: date
) -> ImportReport:
    """Add a change of a recorded state to `states.csv`.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        observed: the first day of the new value.
        available: the first day on which it was surely public.
        state: the state.
        value: its new value.
        reason: the reason for this coding.
        source: id in `sources.toml` or an address.
        today: the latest day that can be given.

    Raises:
        InputError: the row is not one that the coding guide allows; nothing was written.
    """
    row = {"state": state, "value": value, "reason": reason, "source": source}
    return _add(folder, CHANGES, CHANGE_KEY, observed, available, row, today)


def _add(
    folder: Path,
    file: str,
    key: tuple[str, ...],
    observed: date,
    available: date,
    row: Mapping[str, str],
    today: date,
) -> ImportReport:
    """Add a row to a file of the record, unless it is there."""
    for name, text in row.items():
        safe_text(text, Place("", f"--{name}"))
    for name, day in (("--date", observed), ("--available", available)):
        if day > today:
            raise InputError(
                f"found {day}, a day to come; expected {today} or before", key=name, remedy="Check the year"
            )
    cells = {"observed": str(observed), "available": str(available), **row}
    with only_writer(folder):
        scenario = load_scenario(folder)
        place = _place(folder, file)
        if not (folder / "evidence" / file).exists():
            raise place.error("the scenario has no record of events and states; expected coding.toml and its files")
        if (same := _same(scenario, file, key, cells)) is not None:
            if all(same[name] == cells[name] for name in row):
                return ImportReport(unchanged=1, lines=[f"{file} has this row of {observed} already; unchanged."])
            what = f"{file} has a row of {observed} with the same {', '.join(key[1:])} and available"
            raise InputError(what, remedy="A revision needs a later date in --available")
        _refuse_after_horizon(scenario, observed, "--date")
        if observed > (until := scenario.chronology.coded_until):
            what = f"found {observed}; events and states are coded until {until}"
            remedy = f"Code all that happened until then, and first say so: forecast evidence coded-until {observed}"
            raise InputError(what, key="--date", remedy=remedy)
        text = with_rows(read_text(folder / "evidence" / file, place), [cells])
        replace_files(folder, {file: text}, record=True)
    named = row.get("event") or f"{row.get('state')} becomes {row.get('value')}"
    return ImportReport(added=1, lines=[f"{file}: {observed}, available {available}, added: {named}"])


def _refuse_after_horizon(scenario: Scenario, day: date, key: str) -> None:
    """Refuse a day that the record of a scenario cannot have: the next scenario records it."""
    if day > scenario.horizon:
        what = f"found {day}; expected {scenario.horizon}, the horizon of {scenario.id}, or before"
        raise InputError(what, key=key, remedy=AFTER_HORIZON)


def _same(scenario: Scenario, file: str, key: tuple[str, ...], cells: Mapping[str, str]) -> dict[str, str] | None:
    """The row as coded that has the same key and the same `available`; None if there is none."""
    plain = scenario.chronology.under(())
    table = plain.events if file == EVENTS else plain.states
    for row in table.to_dict("records"):
        found = {str(name): _text(cell) for name, cell in row.items()}
        if all(found[name] == cells[name] for name in (*key, "available")):
            return found
    return None


def _text(cell: object) -> str:
    """A cell of a table as its file has it."""
    return str(cell.date()) if hasattr(cell, "date") else str(cell)


def code_until(folder: Path, day: date, today: date) -> ImportReport:
    """Say until when events and states are coded, in `evidence.toml`.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        day: the last day that somebody has looked at.
        today: the latest day that can be given.

    Raises:
        InputError: it is a day to come, after the horizon, or before the day given so far; nothing was written.
    """
    if day > today:
        raise InputError(f"found {day}, a day to come; expected {today} or before", key="DATE", remedy="Check the year")
    with only_writer(folder):
        scenario = load_scenario(folder)
        _refuse_after_horizon(scenario, day, "DATE")
        former = scenario.chronology.coded_until
        if day == former:
            return ImportReport(unchanged=1, lines=[f"Events and states are coded until {day} already; unchanged."])
        if day < former:
            what = f"found {day}; events and states are coded until {former}, and coded days stay coded"
            raise InputError(what, key="DATE", remedy=f"Edit {INDEX} by hand to take this back")
        place = _place(folder, INDEX)
        text, count = _CODED.subn(f"{CODED_UNTIL} = {day}", read_text(folder / "evidence" / INDEX, place), count=1)
        if not count:
            raise place.error(
                f"found no line that begins with {CODED_UNTIL} =; expected one above the first [[series]]"
            )
        replace_files(folder, {INDEX: text}, record=True)
    line = (
        f"Events and states are coded until {day} (until {former} before). A run takes the lack of a row in these days "
        "for evidence that nothing happened."
    )
    return ImportReport(revised=1, lines=[line])


def _place(folder: Path, file: str) -> Place:
    return Place(f"{folder.name}/evidence/{file}")
