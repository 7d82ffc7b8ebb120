"""The files of the next scenario: those of the scenario before, with new dates and starts, the record carried on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import pandas as pd

from forecast import calendar
from forecast.evidence.chronology import Chronology
from forecast.evidence.coding_guide import CHANGES, EVENTS
from forecast.evidence.csv_rows import read_cells
from forecast.inputs.parsing import parse_day
from forecast.inputs.toml_lines import TomlLines, Way, at_way, keys_and_ways, toml_key, toml_value
from forecast.inputs.validation import Place
from forecast.plain_text import one_line
from forecast.roll.carried_evidence import any_columns, carried_evidence, kept_rows, late_rows, unrecorded_days
from forecast.roll.dates_in_text import Dates, ages, dates_named, phrases, redated
from forecast.roll.review_list import (
    Entry,
    Lines,
    Quote,
    Source,
    joined,
    review_file,
    review_page,
    unrecorded_words,
)
from forecast.roll.starting_levels import LEVELS, StartingLevel, measured_starts
from forecast.roll.starting_record import StartingRecord, last_changes
from forecast.scenario.addresses import addresses
from forecast.scenario.reference_tables import CROWDS
from forecast.scenario.review import FILE, PAGE
from forecast.scenario.spec import Scenario

SHORTEST_WINDOW: Final = 0.9
"""Part of the former number of weeks before the reference date that the front must go on learning from."""

LONGEST_QUOTE: Final = 400
"""Most characters of a phrase that is quoted in the list of entries to review."""

STALE_DAYS: Final = 60
"""Days from a series' last observation to the reference date from which the list asks for a successor."""

READ_TEXTS: Final = (
    *("reason", "on_the_date", "claim", "criteria", "summary", "title", "question", "second_question", "label", "text"),
    *("temper_reason", "floor_reason", "common_reason", "note", "zero", "one"),
)
"""Keys of the texts that are searched for dates."""

NOT_READ: Final = ("evidence/", "sources.toml", "groups.toml", FILE)
"""Files without such texts, by the beginning of their paths."""

DATED_EVENTS: Final = {"upheaval": "political upheavals", "vote": "votes"}
"""The kinds of dated events, and the words for them."""

REDATED: Final = ("title", "question", "second_question")
"""Keys of the question that are re-dated where that is certain."""


@dataclass
class NextScenario:
    """The files of the next scenario as they are made.

    Attributes:
        scenario: the scenario before.
        id: the new id.
        old: its dates.
        new: the new dates.
        as_of: the day of the replayed posterior.
        texts: the files by path.
        entries: what a person must confirm.
    """

    scenario: Scenario
    id: str
    old: Dates
    new: Dates
    as_of: date
    texts: dict[str, str]
    entries: list[Entry] = field(default_factory=list)

    @property
    def source(self) -> str:
        """Id of the source of all numbers from the replayed posterior."""
        return "replay_" + self.scenario.id.replace("-", "_")

    def need(self, section: str, file: str, key: str, why: str, quotes: Sequence[Quote] = ()) -> None:
        """Put an entry on the list of what a person must confirm."""
        self.entries.append(Entry(section, file, key, why, tuple(quotes)))

    def redate(self, lines: TomlLines, file: str, way: Way, key: str) -> None:
        """Put new dates into a text where that is certain, and put it on the list."""
        before = at_way(lines.tables, way)
        after = redated(before, self.old, self.new)
        if after != before:
            lines.set(way, after)
            self.need("wording", file, key, f"Re-dated. Before: {before}")


def next_files(
    scenario: Scenario,
    name: str,
    new: Dates,
    as_of: date,
    levels: Sequence[StartingLevel],
    record: StartingRecord,
) -> tuple[dict[str, str], list[Entry]]:
    """Give the files of the next scenario by path, and what a person must confirm.

    Args:
        scenario: the scenario before, under its base premises.
        name: the new id.
        new: the new dates.
        as_of: the day of the replayed posterior.
        levels: priors that start from the replayed posterior.
        record: the new `[start]`.
    """
    old = Dates(scenario.reference_date, scenario.horizon)
    texts = {path: text for path, text in scenario.texts.items() if path not in (FILE, PAGE)}
    made = NextScenario(scenario, name, old, new, as_of, texts)
    write_question(made, record)
    write_levels(made, levels)
    write_wording(made)
    write_evidence(made)
    list_starts(made)
    list_dated_texts(made, {level.prior for level in levels})
    list_crowds(made)
    entries = joined(made.entries)
    source = Source(scenario.id, old.reference, as_of)
    made.texts[FILE] = review_file(source, entries)
    made.texts[PAGE] = review_page(source, new.reference, new.horizon, entries, history(made, entries), made.texts)
    return made.texts, entries


def write_question(made: NextScenario, record: StartingRecord) -> None:
    """Write `scenario.toml`: dates, `[start]`, the wording, and only those dated events that are still to come."""
    scenario, new, file = made.scenario, made.new, "scenario.toml"
    lines = TomlLines(made.texts[file])
    lines.set(("id",), made.id)
    lines.set(("reference_date",), new.reference)
    lines.set(("horizon",), new.horizon)
    for key in REDATED:
        made.redate(lines, file, (key,), key)
    for number, ending in enumerate(lines.tables["ending"]):
        for key in ("label", "criteria"):
            made.redate(lines, file, ("ending", number, key), f"ending.{ending['id']}")
    first = first_week(scenario, new)
    if first != scenario.first_week:
        lines.set(("front", "first_week"), first)
        why = f"The front learns from {first} on. Before: {scenario.first_week}. The window moves with the dates."
        made.need("records", file, "front", why)
    seen = scenario.chronology.as_of(new.reference)
    given = record.values | {"source": made.source, "reason": start_reason(made, seen)}
    lines.update(("start",), given, [key for key in lines.tables["start"] if key not in given])
    doubts = [f"{key} is true in {share:.0%} of the replays." for key, share in record.uncertain.items()]
    late = [
        f"{name} {row}"
        for name in (EVENTS, CHANGES)
        for row in late_rows(made.texts.get(f"evidence/{name}", "observed\n"), new.reference)
    ]
    missing = unrecorded_days(scenario.chronology.coded_until, new.reference)
    between = [] if missing is None else [f"{unrecorded_words(missing)} Check it against these days."]
    lost = [f"Not in it: {row}, which nobody knew on the reference date." for row in late]
    made.need("start", file, "start", " ".join(["The states on the reference date.", *between, *doubts, *lost]))
    for kind, words in DATED_EVENTS.items():
        take_out_passed(made, lines, kind, words)
    made.texts[file] = lines.text()


def take_out_passed(made: NextScenario, lines: TomlLines, kind: str, words: str) -> None:
    """Take dated events outside the new dates out of `scenario.toml`, and ask for those of the new period.

    Args:
        made: the next scenario.
        lines: its `scenario.toml`.
        kind: `upheaval` or `vote`.
        words: what such events are, for the list.
    """
    events = lines.tables.get(kind, [])
    first, last = made.new.reference, made.new.horizon
    passed = [number for number, event in enumerate(events) if not first <= event["date"] <= last]
    gone = ", ".join(f"{events[number]['date']} {events[number]['label']}" for number in passed)
    if passed:
        lines.remove_items((kind,), passed)
    key = kind if kind in lines.tables else "horizon"
    out = f" Taken out: {gone}." if passed else ""
    made.need("start", "scenario.toml", key, f"Add the {words} with a known date up to {last}.{out}")


def start_reason(made: NextScenario, seen: Chronology) -> str:
    """Give the reason of `[start]`: since when each recorded state stands, and where the rest is from."""
    changes = last_changes(seen)
    standing = seen.standing(made.new.reference)
    stands = [
        f"{state} {value}" + (f" since {changes[state][0].isoformat()}" if state in changes else "")
        for state, value in standing.items()
    ]
    return (
        f"Recorded states as known on {made.new.reference.isoformat()}: {', '.join(stands)}. The others are those "
        f"of most replays of {made.scenario.id} as of {made.as_of.isoformat()} under its base premises, amounts are "
        "their means."
    )


def first_week(scenario: Scenario, new: Dates) -> date:
    """Give the Monday from which the front learns.

    The number of weeks from there to the horizon stays if that leaves enough weeks before the reference date, so that
    one compiled model serves both scenarios. Otherwise the number of weeks before the reference date stays. If the area
    was not observed on that Monday, it is the nearest Monday before it that was, else the next after it.
    """
    first, reference = scenario.first_week, calendar.monday(scenario.reference_date)
    length = calendar.monday(scenario.horizon) - first
    window = reference - first
    begin = calendar.monday(new.horizon) - length
    if calendar.monday(new.reference) - begin < SHORTEST_WINDOW * window:
        begin = calendar.monday(new.reference) - window
    seen = scenario.evidence.as_of(new.reference).series(scenario.area_series)
    observed: list[date] = [day.date() for day in seen["observed"]]
    days = [day for day in observed if day.weekday() == 0 and day >= first]
    before = [day for day in days if day <= begin]
    return max(before) if before else min(days)


def write_levels(made: NextScenario, levels: Sequence[StartingLevel]) -> None:
    """Write the priors that start from the replayed posterior, and the source that they name."""
    scenario = made.scenario
    files = {path: TomlLines(text) for path, text in made.texts.items() if path.endswith(".toml") and "/" not in path}
    where = addresses({path: lines.tables for path, lines in files.items()})
    for level in levels:
        prior, address = scenario.priors[level.prior], where[level.prior]
        low, middle, high = (f"{float(f'{number:.3g}'):g}" for number in level.quantiles)
        reason = (
            f"The replayed posterior of {scenario.id} as of {made.as_of.isoformat()} under its base premises has the "
            f"5, 50 and 95% quantiles {low}, {middle} and {high}. On {scenario.reference_date.isoformat()} the prior "
            f"was {prior.elicited}."
        )
        values = level.fitted | {"source": made.source, "as_of": made.as_of, "basis": "figure", "reason": reason}
        but = ["quantiles", "distribution", "reference_class", "on_the_date", "reviewed"]
        files[address.file].update(address.way, values, [key for key in but if key not in values])
        why = f"Starts from the replayed posterior. Before: {prior.elicited}."
        if level.prior == "front.pocket_start" and level.quantiles[2] == 0.0:
            why += " The pocket is lost: priors, premises and issues about it have no effect any more."
        made.need("levels", address.file, address.key, why)
    sources = files["sources.toml"]
    if made.source not in sources.tables:
        keys = (f"{key} = {toml_value(value)}\n" for key, value in _source(made).items())
        sources.append(f"\n[{toml_key(made.source)}]\n{''.join(keys)}")
    made.texts |= {path: lines.text() for path, lines in files.items()}


def _source(made: NextScenario) -> dict[str, str]:
    """The source of numbers from the replayed posterior."""
    return {
        "title": f"Replay of {made.scenario.id} as of {made.as_of.isoformat()}, base premises",
        "publisher": "this forecaster (forecast roll)",
        "url": "",
        "published": made.as_of.isoformat(),
        "grade": "A",
        "note": f"The posterior of that scenario, replayed with its record from {made.old.reference.isoformat()}. Its "
        "own sources are those of that scenario.",
    }


def write_wording(made: NextScenario) -> None:
    """Put new dates into the criteria of settlements and the titles of perspectives, where that is certain."""
    for path, text in list(made.texts.items()):
        if path != "settlements.toml" and not (path.startswith("perspectives/") and path.endswith(".toml")):
            continue
        lines = TomlLines(text)
        if path == "settlements.toml":
            for name in lines.tables["settlement"]:
                for key in ("label", "criteria"):
                    made.redate(lines, path, ("settlement", name, key), f"settlement.{name}")
        else:
            made.redate(lines, path, ("title",), "title")
        made.texts[path] = lines.text()


def write_evidence(made: NextScenario) -> None:
    """Carry the evidence on, and list series that have ended and readings that were dropped."""
    scenario, reference = made.scenario, made.new.reference
    dropped = list(scenario.chronology.readings)
    for path, text in carried_evidence(
        made.texts, reference, made.new.horizon, scenario.chronology.coded_until
    ).items():
        if text is None:
            del made.texts[path]
        else:
            made.texts[path] = text
            if path.endswith("readings.toml"):
                dropped = [name for name in dropped if name not in TomlLines(text).tables["reading"]]
    if dropped:
        made.need("start", "scenario.toml", "start", f"Readings of rows before it were dropped: {', '.join(dropped)}.")
    for name, spec in scenario.evidence.specs.items():
        path = f"evidence/{spec.file}"
        made.texts[path], out = kept_rows(made.texts[path], *spec.range)
        if out:
            why = f"Left out, since outside the declared range without an accepted reason: {', '.join(out)}."
            made.need("records", "evidence/evidence.toml", f"series.{name}", why)
    seen = scenario.evidence.as_of(reference)
    used = {series for _, series in scenario.series.named()} | set(scenario.front.named().values())
    for name in scenario.evidence.specs:
        if name not in used:
            continue
        if found := ages(scenario.evidence.specs[name].title, made.old, made.new):
            why = f"Its title, which reports show, speaks of {', '.join(found)}: {scenario.evidence.specs[name].title}"
            made.need("records", "evidence/evidence.toml", f"series.{name}", why)
        last = max((day.date() for day in seen.series(name)["observed"]), default=None)
        if last is None or (reference - last).days > STALE_DAYS:
            when = "no row was public" if last is None else f"the last row is of {last}"
            why = f"On the reference date {when}. Carry it on, or name its successor in scenario.toml."
            made.need("records", "evidence/evidence.toml", f"series.{name}", why)
    for name in scenario.series.approval:
        rows = scenario.evidence.as_of(made.as_of).series(name)
        if (rows["observed"] >= pd.Timestamp(reference)).any():
            why = f"Polls of {reference} or later are in the posterior that capital starts from, and count again."
            made.need("records", "evidence/evidence.toml", f"series.{name}", why)


def list_starts(made: NextScenario) -> None:
    """List the starts that keep their priors, and every perspective that edits a start."""
    where = addresses({path: TomlLines(text).tables for path, text in made.texts.items() if _is_part(path)})
    for name in measured_starts(made.scenario):
        why = f"It keeps the prior of {made.old.reference}, since series measure the level and are carried on."
        made.need("levels", where[name].file, where[name].key, why)
    starts = {*LEVELS, *(f"front.held.{region.id}" for region in made.scenario.regions)}
    for perspective in made.scenario.perspectives.values():
        path = f"perspectives/{perspective.name}.toml"
        for change in perspective.changes:
            if change.entry in starts and path in made.texts:
                why = f"It edits a start: {change.elicited} stands for {made.old.reference}. Reason: {change.reason}"
                made.need("overlays", path, f"change.{change.entry}", why)


def _is_part(path: str) -> bool:
    return path.endswith(".toml") and "/" not in path


def list_dated_texts(made: NextScenario, replaced: set[str]) -> None:
    """List the texts that name a date or an age that a later reference date may have made old.

    Args:
        made: the next scenario.
        replaced: priors that start from the replayed posterior, whose reasons are new.
    """
    where = addresses({path: TomlLines(text).tables for path, text in made.texts.items() if _is_part(path)})
    new_reasons = {(where[name].file, where[name].key) for name in replaced} | {("scenario.toml", "start")}
    for path, key, way, text in dated_texts(made.texts):
        found = ages(text, made.old, made.new)
        if found and (path, key) not in new_reasons:
            quotes = [Quote(way, one_line(phrase, LONGEST_QUOTE)) for phrase in phrases(text, found)]
            made.need(section_of(path), path, key, f"It speaks of {', '.join(found)}.", quotes)
    if "base_rates.toml" in made.texts:
        weeks = (made.new.reference - made.old.reference).days // 7
        why = f"The war is {weeks} weeks older than on {made.old.reference}. Do wars of these ages still compare?"
        made.need("records", "base_rates.toml", "class", why)


def dated_texts(texts: Mapping[str, str]) -> Iterator[tuple[str, str, Way, str]]:
    """Give the texts that are searched for dates: the file, the key to confirm, the way to the text, and the text."""
    for path, text in texts.items():
        if not path.endswith(".toml") or path.startswith(NOT_READ):
            continue
        tables = TomlLines(text).tables
        ways = keys_and_ways(tables)
        places = {way: key for key, way in ways.items()}
        for key, way in ways.items():
            value = at_way(tables, way)
            if isinstance(value, str) and way[-1] in READ_TEXTS:
                yield path, places.get(way[:-1], key), way, value


def section_of(path: str) -> str:
    """Give the section of the list for a dated text of a file."""
    if path in ("base_rates.toml", "pool.toml") or path.startswith("reference/"):
        return "records"
    if path == "premises.toml":
        return "premises"
    return "wording" if path in ("scenario.toml",) or path.startswith("perspectives/") else "priors"


def list_crowds(made: NextScenario) -> None:
    """List the questions that crowds were asked about days before the new reference date: none is compared any more."""
    path = f"reference/{CROWDS}"
    for number, cells in read_cells(made.texts.get(path, ""), Place(path), any_columns):
        if parse_day(cells["from"]) < made.new.reference:
            period = f"{cells['from']} to {cells['to']}"
            why = f"Asked about {period}, so it is not compared. Add questions of the new period."
            made.need("records", path, f"row {number}", why)


def history(made: NextScenario, entries: Sequence[Entry]) -> list[tuple[str, int, str]]:
    """Give dated texts and comments that need no confirmation: their file, line and dates."""
    listed = {(entry.file, entry.key) for entry in entries}
    found: dict[tuple[str, str], list[str]] = {}
    for path, key, _, text in dated_texts(made.texts):
        if (path, key) not in listed and (named := dates_named(text)):
            found.setdefault((path, key), []).extend(name for name in named)
    places = [Entry("priors", path, key, ", ".join(dict.fromkeys(named))) for (path, key), named in found.items()]
    lines = Lines(made.texts)
    rows = [(entry.file, lines.of(entry), f"{entry.key}: {entry.why}") for entry in places]
    for path, text in made.texts.items():
        if path.endswith((".toml", ".md")) and path != FILE:
            for number, line in enumerate(text.splitlines(), start=1):
                if (path.endswith(".md") or line.startswith("#")) and (named := dates_named(line)):
                    rows.append((path, number, f"comment or note: {', '.join(named)}"))
    return rows
