"""The question: sources and premises that all else names, and `scenario.toml` with its dates, start and endings."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from forecast import calendar
from forecast.scenario import toml_tables
from forecast.scenario.reader import JUDGEMENT, Reader
from forecast.scenario.spec import DatedEvent, Ending, Premise, Settlement, Source, Start
from forecast.timeline.codes import POSTURES, RUNGS, SIGNED, TRUCES
from forecast.timeline.fields import CAPACITY
from forecast.validation import Place, as_table, id_of, near, same_keys, spot_of

BATTLEFIELD = ("ukraine_defeated", "russia_fails")
UNRESOLVED = ("still_fighting", "general_truce")
"""The endings that every scenario has beside its settlements."""


def read_sources(reader: Reader) -> None:
    """Read `sources.toml`."""
    place = reader.place("sources.toml")
    for name, raw in reader.tables["sources.toml"].items():
        table = as_table(toml_tables.SourceTable, raw, spot_of(place, name))
        reader.sources[name] = Source(name, **table.model_dump())
    if JUDGEMENT not in reader.sources:
        raise place.at(JUDGEMENT).error("it is missing; every scenario has this source")


def read_premises(reader: Reader) -> None:
    """Read `premises.toml`."""
    place = reader.place("premises.toml")
    for name, raw in reader.tables["premises.toml"].items():
        table = as_table(toml_tables.PremiseTable, raw, spot_of(place, name))
        reader.premises[name] = Premise(name, table.holder, table.claim)


def read_question(reader: Reader) -> toml_tables.ScenarioFile:
    """Read `scenario.toml`, but for what its lists hold."""
    place = reader.place("scenario.toml")
    table = as_table(toml_tables.ScenarioFile, reader.tables["scenario.toml"], place)
    spot_of(place.at("id"), table.id, "")
    if table.horizon <= table.reference_date:
        what = f"found {table.horizon}; allowed is a day after the reference date, {table.reference_date}"
        raise place.at("horizon").error(what)
    last = calendar.monday(table.reference_date) + timedelta(days=7 * CAPACITY["week"] - 1)
    if table.horizon > last:
        what = (
            f"found {table.horizon}; allowed is {last} at the latest, {CAPACITY['week']} weeks from the reference date"
        )
        raise place.at("horizon").error(what)
    first = table.front.first_week
    if first.weekday() != 0 or first >= table.reference_date:
        what = f"found {first}, a {first:%A}; allowed is a Monday before the reference date"
        raise place.at("front.first_week").error(what)
    reader.check_source(table.season.source, place.at("season.source"))
    reader.check_source(table.start.source, place.at("start.source"))
    reader.day = table.reference_date
    return table


def read_events(reader: Reader, key: str, raws: list[Any]) -> tuple[DatedEvent, ...]:
    """Read `[[upheaval]]` or `[[vote]]`, sorted by date."""
    events = []
    for number, raw in enumerate(raws, start=1):
        place = reader.place("scenario.toml").at(key, number)
        table = as_table(toml_tables.DatedTable, raw, place)
        reader.check_source(table.source, place.at("source"))
        events.append(DatedEvent(table.date, table.label, table.source))
    return tuple(sorted(events, key=lambda event: event.date))


def read_endings(reader: Reader, raws: list[Any], settlements: Sequence[Settlement]) -> tuple[Ending, ...]:
    """Read `[[ending]]`: one for each settlement that can be made, and the four that are always there."""
    kinds = dict.fromkeys(BATTLEFIELD, "battlefield")
    kinds |= {deal.id: "negotiated" for deal in settlements if not deal.dictated}
    kinds |= dict.fromkeys(UNRESOLVED, "unresolved")
    place = reader.place("scenario.toml").at("ending")
    endings: dict[str, Ending] = {}
    for number, raw in enumerate(raws, start=1):
        table = as_table(toml_tables.EndingTable, raw, place.at(id_of(raw, number)))
        spot = place.at(table.id)
        if table.id in endings:
            raise spot.error("two endings have this id", "Keep one")
        if table.id not in kinds:
            what = f"no settlement that can be made has this id; allowed are {', '.join(kinds)}"
            raise spot.at("id").error(what, near(table.id, kinds))
        if table.kind != kinds[table.id]:
            raise spot.at("kind").error(f"found {table.kind!r}; allowed is {kinds[table.id]!r}")
        endings[table.id] = Ending(table.id, table.label, table.kind, table.criteria)
    same_keys(endings, kinds, place, "ending")
    return tuple(endings.values())


def read_peaks(reader: Reader, season: toml_tables.SeasonTable) -> tuple[tuple[int, int], ...]:
    """Read the depths of the mud: month and day of each."""
    place = reader.place("scenario.toml").at("season.peaks")
    peaks = []
    for text in season.peaks:
        try:
            if not re.fullmatch(r"\d\d-\d\d", text):
                raise ValueError
            # 2001 is no leap year: a peak is a day that every year has.
            day = date.fromisoformat(f"2001-{text}")
        except ValueError:
            raise place.error(f"found {text!r}; allowed is a day of every year, written MM-DD") from None
        peaks.append((day.month, day.day))
    return tuple(peaks)


def read_start(reader: Reader, start: toml_tables.StartTable) -> Start:
    """Read `[start]`: its words become codes."""
    place = reader.place("scenario.toml").at("start")
    return Start(
        # A settlement in force is the end of the story, not its start.
        rung=_code(start.rung, RUNGS[:SIGNED], place.at("rung")),
        posture=_code(start.posture, POSTURES, place.at("posture")),
        truce=_code(start.truce, TRUCES, place.at("truce")),
        banned=start.banned,
        martial_law=start.martial_law,
        legitimate=start.legitimate,
        paused=start.paused,
        lapsed=start.lapsed,
        source=start.source,
        reason=start.reason,
    )


def _code(word: str, words: Sequence[str], place: Place) -> int:
    if word not in words:
        raise place.error(f"found {word!r}; allowed are {', '.join(repr(known) for known in words)}")
    return words.index(word)
