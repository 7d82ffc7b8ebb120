"""`groups.toml`: every entry and every stream of random numbers of a scenario, each in one group.

A group lists its entries by patterns: the dotted name of an entry, or one with `*` for any characters, such as
`parties.position.kyiv.*`. Where several patterns match an entry, the most specific wins: the one with the most
characters other than `*`, and a full name before a pattern. Patterns of streams work in the same way, on the names of
decisions.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from forecast.inputs.validation import Place, as_table, near, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.reader import Reader
from forecast.scenario.records import EntrySet, Group
from forecast.timeline.cells import REDRAW
from forecast.timeline.particle_filter import RESAMPLE
from forecast.timeline.random_numbers import decisions

FILE = "groups.toml"

NAMED = 3
"""Entries that an error lists by name; it counts the others."""


class Pattern(NamedTuple):
    """A pattern of a group.

    Attributes:
        owner: id of the group or the part that it belongs to.
        text: the pattern.
        place: where it stands.
    """

    owner: str
    text: str
    place: Place

    @property
    def specificity(self) -> tuple[int, bool]:
        """Number of its characters other than `*`, and whether it is a full name."""
        wild = self.text.count("*")
        return len(self.text) - wild, not wild

    def matching(self, names: Collection[str]) -> list[str]:
        """The names that it matches, in their order."""
        pieces = self.text.split("*")
        expression = re.compile(".*".join(re.escape(piece) for piece in pieces))
        return [name for name in names if name.startswith(pieces[0]) and expression.fullmatch(name)]


def streams() -> tuple[str, ...]:
    """Names of the decisions that groups share out, in the order of their declaration.

    Two are left out: the numbers of parameters that vary by timeline belong to their entries, and the particle
    filter resamples before the timelines begin.
    """
    names = decisions()
    return tuple(name for name in names if name not in (names[REDRAW], names[RESAMPLE]))


def read_groups(reader: Reader, entries: Collection[str]) -> tuple[Group, ...]:
    """Read `groups.toml`; a scenario may lack it.

    Args:
        reader: with the tables of the scenario.
        entries: names of all priors, in their order.

    Raises:
        InputError: a key or a value is wrong, a pattern matches nothing, two equally specific patterns claim an entry
            for different groups, or an entry or a stream is in no group.
    """
    if FILE not in reader.tables:
        return ()
    place = reader.place(FILE)
    file = as_table(toml_tables.GroupsFile, reader.tables[FILE], place)
    top = place.at("group")
    tables = {name: as_table(toml_tables.GroupTable, raw, spot_of(top, name)) for name, raw in file.group.items()}
    held = assigned(_patterns(top, {name: table.entries for name, table in tables.items()}, "entries"), entries)
    drawn = assigned(_patterns(top, {name: table.streams for name, table in tables.items()}, "streams"), streams())
    for what, names, owners in (("entries", entries, held), ("streams of random numbers", streams(), drawn)):
        left = [name for name in names if name not in owners]
        if left:
            more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
            text = f"found {', '.join(left[:NAMED])}{more} in no group; expected all {what} in one"
            raise top.error(text, f"Add them to the {what.split()[0]} of a group")
    return tuple(
        Group(
            id=name,
            label=table.label,
            entries=tuple(entry for entry in entries if held[entry] == name),
            streams=tuple(stream for stream in streams() if drawn[stream] == name),
            parts=_parts(table, top.at(name, "part"), [entry for entry in entries if held[entry] == name]),
        )
        for name, table in tables.items()
    )


def _parts(group: toml_tables.GroupTable, place: Place, entries: Sequence[str]) -> tuple[EntrySet, ...]:
    """Read the parts of a group with these entries."""
    tables = {name: as_table(toml_tables.EntrySetTable, raw, spot_of(place, name)) for name, raw in group.part.items()}
    held = assigned(_patterns(place, {name: table.entries for name, table in tables.items()}, "entries"), entries)
    return tuple(
        EntrySet(id=name, label=table.label, entries=tuple(entry for entry in entries if held.get(entry) == name))
        for name, table in tables.items()
    )


def _patterns(place: Place, texts: dict[str, tuple[str, ...]], key: str) -> list[Pattern]:
    """The patterns under a key of each table, by the table's id."""
    return [
        Pattern(owner, text, place.at(owner, key, number))
        for owner, listed in texts.items()
        for number, text in enumerate(listed, start=1)
    ]


def assigned(patterns: Sequence[Pattern], names: Collection[str]) -> dict[str, str]:
    """The owner of each name: the one with the most specific pattern; names that no pattern matches are left out.

    Args:
        patterns: of all owners.
        names: of the entries or the streams that they may match.

    Raises:
        InputError: a pattern matches no name, or two equally specific patterns of different owners match the same.
    """
    matching = [pattern.matching(names) for pattern in patterns]
    best: dict[str, Pattern] = {}
    for pattern, matched in zip(patterns, matching, strict=True):
        if not matched:
            what = f"found {pattern.text!r}; expected a name that there is here, or a pattern with * that matches one"
            raise pattern.place.error(what, near(pattern.text, names))
        for name in matched:
            if name not in best or pattern.specificity > best[name].specificity:
                best[name] = pattern
    for pattern, matched in zip(patterns, matching, strict=True):
        for name in matched:
            other = best[name]
            if other.owner != pattern.owner and other.specificity == pattern.specificity:
                what = f"found {pattern.text!r}; {name} is in {other.owner} by {other.text!r}, which is as specific"
                raise pattern.place.error(what, "Take one of them out, or make one more specific")
    return {name: pattern.owner for name, pattern in best.items()}
