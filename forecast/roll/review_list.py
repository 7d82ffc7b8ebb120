"""The list of what a person must confirm in a rolled scenario: `review.toml` for the program, `REVIEW.md` to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from forecast.inputs.toml_lines import TomlLines, keys_and_ways, toml_value
from forecast.plain_text import markdown, one_line
from forecast.report.numbers import day_in_words
from forecast.scenario.review import FILE

SECTIONS: Final = {
    "wording": "The question, the criteria and other texts with dates",
    "start": "The start and the dated events",
    "levels": "Levels on the reference date",
    "overlays": "Perspectives that edit a start",
    "priors": "Numbers with a reason that speaks of a past date or an age",
    "premises": "Premises with a date",
    "records": "Past wars, crowds, the pool and the series",
}
"""The sections of `REVIEW.md`, in order; the items of all of them are in `review.toml`."""

LONGEST: Final = 700
"""Most characters of a reason on the list."""


@dataclass(frozen=True)
class Entry:
    """Something that a person must confirm.

    Attributes:
        section: one of `SECTIONS`.
        file: its file, by path within the scenario's folder.
        key: dotted key of a table or a value; `row N` in a CSV file.
        why: why it needs a look.
    """

    section: str
    file: str
    key: str
    why: str


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
            found[place] = Entry(entry.section, *place, one_line(entry.why, LONGEST))
        elif one_line(entry.why, LONGEST) not in before.why:
            found[place] = Entry(before.section, *place, one_line(f"{before.why} {entry.why}", 2 * LONGEST))
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
        f"\n[[item]]\nfile = {toml_value(entry.file)}\nkey = {toml_value(entry.key)}\nwhy = {toml_value(entry.why)}\n"
        for entry in entries
    )
    return head + "".join(items)


def lines_of(entries: Sequence[Entry], texts: Mapping[str, str]) -> list[int]:
    """Give the line of each entry in its file, counted from 1."""
    read: dict[str, tuple[TomlLines, dict[str, tuple[str | int, ...]]]] = {}
    lines = []
    for entry in entries:
        if not entry.file.endswith(".toml"):
            lines.append(int(entry.key.removeprefix("row ")))
            continue
        if entry.file not in read:
            parsed = TomlLines(texts[entry.file])
            read[entry.file] = parsed, keys_and_ways(parsed.tables)
        parsed, ways = read[entry.file]
        lines.append(parsed.line(ways[entry.key]))
    return lines


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
    lines = lines_of(entries, texts)
    parts = [
        f"# What to review\n\nThis scenario was rolled on from {markdown(source.id)} by `forecast roll`. Its reference "
        f"date is {day_in_words(reference)}, its horizon {day_in_words(horizon)}. It runs as it is.\n\n"
        f"A person must confirm the {len(entries)} entries below, because the program cannot judge them. "
        f"`forecast check` warns until each has `reviewed = YYYY-MM-DD` in its table, or in its item of `{FILE}`. "
        f"The date must be {source.as_of.isoformat()} or later.\n"
    ]
    for section, title in SECTIONS.items():
        own = [(entry, line) for entry, line in zip(entries, lines, strict=True) if entry.section == section]
        if own:
            parts.append(f"## {title}\n")
            parts.append(
                "\n".join(
                    f"- `{entry.file}:{line}` {markdown(entry.key)}: {markdown(entry.why)}" for entry, line in own
                )
            )
            parts.append("")
    if history:
        parts.append(
            "## History\n\nThese texts name dates too far back to age, or are comments. They need no confirmation.\n"
        )
        parts.append("\n".join(f"- `{file}:{line}` {markdown(words)}" for file, line, words in history))
        parts.append("")
    return "\n".join(parts)
