"""A TOML file cut into its tables, so that an entry can be taken out or put in without rewriting the others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_HEADER = re.compile(r"^\[([^\[\]]+)\]\s*(#.*)?$")
_LIST = re.compile(r"^\[\[.+\]\]\s*(#.*)?$")


@dataclass(frozen=True)
class Part:
    """Some lines of a file.

    Attributes:
        entry: the name in the header of a table; None for the head of the file, and for an item of a list.
        text: the lines.
    """

    entry: str | None
    text: str


def split(text: str) -> list[Part]:
    """Cut a file before each header. A header within a text of several lines counts as one too."""
    parts: list[Part] = []
    entry: str | None = None
    lines: list[str] = []
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line)
        if header or _LIST.match(line):
            parts.append(Part(entry, "".join(lines)))
            entry, lines = header[1].strip() if header else None, []
        lines.append(line)
    return [*parts, Part(entry, "".join(lines))]


def joined(parts: Iterable[Part]) -> str:
    """The text of some parts; those without an entry keep their place."""
    return "".join(part.text if part.text.endswith("\n") or not part.text else f"{part.text}\n" for part in parts)


def entries_of(parts: Iterable[Part]) -> set[str]:
    """Names of the entries."""
    return {part.entry for part in parts if part.entry is not None}
