"""The list of what a person must confirm in a rolled scenario: `review.toml` for the program, `REVIEW.md` to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from forecast.inputs.toml_lines import TomlLines, Way, keys_and_ways, toml_value
from forecast.plain_text import markdown, one_line
from forecast.report.numbers import day_in_words
from forecast.scenario.review import FILE

SECTIONS: Final = {
    "wording": "The question, the criteria and other texts with dates: do they ask about the new period?",
    "start": "The start and the dated events: was it so, and which votes and upheavals will come?",
    "levels": "Levels on the reference date: do the new numbers agree with what is known?",
    "overlays": "Perspectives that edit a start: does the edit still stand?",
    "priors": "Numbers with a reason that speaks of a past date or an age: does the reason still hold? If not, change "
    "the number and its reason.",
    "premises": "Premises with a date: can they still be true?",
    "records": "Past wars, crowds, the pool and the series: do they still serve?",
}
"""The kinds of entries, in the order of `review.toml`, each with what a person decides."""

LONGEST: Final = 700
"""Most characters of a reason on the list."""


@dataclass(frozen=True)
class Quote:
    """A phrase that speaks of a past date, and the way to the text that has it."""

    way: Way
    words: str


@dataclass(frozen=True)
class Entry:
    """Something that a person must confirm.

    Attributes:
        section: one of `SECTIONS`.
        file: its file, by path within the scenario's folder.
        key: dotted key of a table or a value; `row N` in a CSV file.
        why: why it needs a look.
        quotes: the phrases that speak of a past date.
    """

    section: str
    file: str
    key: str
    why: str
    quotes: tuple[Quote, ...] = ()

    @property
    def text(self) -> str:
        """Why it needs a look, with the phrases in quotation marks."""
        quoted = "; ".join(f'"{quote.words}"' for quote in self.quotes)
        return f"{self.why} It says: {quoted}" if quoted else self.why


@dataclass(frozen=True)
class Source:
    """The scenario before and the day of its replayed posterior."""

    id: str
    reference: date
    as_of: date


def joined(entries: Sequence[Entry]) -> list[Entry]:
    """Give the entries in the order of the sections, those of one file and key as one."""
    found: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda entry: list(SECTIONS).index(entry.section)):
        place = entry.file, entry.key
        before = found.get(place)
        if before is None:
            found[place] = Entry(entry.section, *place, one_line(entry.why, LONGEST), entry.quotes)
            continue
        quotes = before.quotes + tuple(quote for quote in entry.quotes if quote not in before.quotes)
        why = before.why
        if one_line(entry.why, LONGEST) not in why:
            why = one_line(f"{why} {entry.why}", 2 * LONGEST)
        found[place] = Entry(before.section, *place, why, quotes)
    return list(found.values())


def review_file(source: Source, entries: Sequence[Entry]) -> str:
    """Give `review.toml`."""
    head = (
        "# The entries that a person must confirm in this scenario, which `forecast roll` has written; see REVIEW.md.\n"
        "# `forecast check` warns until each item, or the table that it names, has reviewed = YYYY-MM-DD.\n\n"
        f"rolled_from = {toml_value(source.id)}\n"
        f"reference_date = {source.reference.isoformat()}\n"
        f"as_of = {source.as_of.isoformat()}\n"
    )
    items = (
        f"\n[[item]]\nfile = {toml_value(entry.file)}\nkey = {toml_value(entry.key)}\n"
        f"why = {toml_value(one_line(entry.text))}\n"
        for entry in entries
    )
    return head + "".join(items)


class Lines:
    """The lines of entries and of quoted texts, counted from 1; each file is parsed once.

    Args:
        texts: the files of the new scenario, by path.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._read: dict[str, tuple[TomlLines, dict[str, Way]]] = {}

    def of(self, entry: Entry) -> int:
        """Give the line of an entry."""
        if not entry.file.endswith(".toml"):
            return int(entry.key.removeprefix("row "))
        parsed, ways = self._parsed(entry.file)
        return parsed.line(ways[entry.key])

    def at(self, file: str, way: Way) -> int:
        """Give the line of a value."""
        return self._parsed(file)[0].line(way)

    def _parsed(self, file: str) -> tuple[TomlLines, dict[str, Way]]:
        if file not in self._read:
            parsed = TomlLines(self._texts[file])
            self._read[file] = parsed, keys_and_ways(parsed.tables)
        return self._read[file]


def unrecorded_words(days: tuple[date, date]) -> str:
    """Say which days no scenario records.

    Args:
        days: the first and the last of them.
    """
    first, last = map(day_in_words, days)
    between = f"{first} lies" if first == last else f"The days from {first} to {last} lie"
    return f"{between} between the record of the scenario before and this one: nobody has recorded them."


def review_page(
    source: Source,
    reference: date,
    horizon: date,
    entries: Sequence[Entry],
    history: Sequence[tuple[str, int, str]],
    texts: Mapping[str, str],
) -> str:
    """Give `REVIEW.md`.

    Args:
        source: the scenario before.
        reference: the new reference date.
        horizon: the new horizon.
        entries: what must be confirmed, from `joined`.
        history: file, line and dates of texts and comments that need no confirmation.
        texts: the files of the new scenario, by path.
    """
    lines = Lines(texts)
    kinds = "\n".join(f"- {words}" for section, words in SECTIONS.items() if _any_of(entries, section))
    parts = [
        f"# What to review\n\nThis scenario was rolled on from {markdown(source.id)} by `forecast roll`. Its reference "
        f"date is {day_in_words(reference)}, its horizon {day_in_words(horizon)}.\n\n"
        f"A person must confirm the {len(entries)} entries below, because the program cannot judge them. Until then "
        "the scenario can be run, and its odds are provisional. "
        f"`forecast check` warns until each has `reviewed = YYYY-MM-DD` in its table, or in its item of `{FILE}`. "
        f"The date must be {source.as_of.isoformat()} or later.\n",
        f"The entries are of these kinds, and stand below by file, in the order of lines:\n\n{kinds}\n",
    ]
    for file in dict.fromkeys(entry.file for entry in entries):
        own = sorted((entry for entry in entries if entry.file == file), key=lines.of)
        parts.append(f"## {file} ({len(own)})\n")
        parts += [item for entry in own for item in _items(entry, lines)]
        parts.append("")
    if history:
        parts.append(
            "## History\n\nThese texts name dates too far back to age, or are comments. They need no confirmation.\n"
        )
        parts.append("\n".join(f"- `{file}:{line}` {markdown(words)}" for file, line, words in history))
        parts.append("")
    return "\n".join(parts)


def _any_of(entries: Sequence[Entry], section: str) -> bool:
    return any(entry.section == section for entry in entries)


def _items(entry: Entry, lines: Lines) -> list[str]:
    """The lines of `REVIEW.md` for an entry: itself, and each phrase below it with its own file and line."""
    head = f"- `{entry.file}:{lines.of(entry)}` {markdown(entry.key)}: {markdown(entry.why)}"
    quotes = [
        f'  - `{entry.file}:{lines.at(entry.file, quote.way)}` "{markdown(quote.words)}"' for quote in entry.quotes
    ]
    return [head, *quotes]
