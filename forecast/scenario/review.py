"""`review.toml`: what a person must confirm in a scenario that `forecast roll` has written.

    rolled_from     id of the scenario before it
    reference_date  its reference date
    as_of           the day of the replayed posterior that levels without a series start from
    [[item]]        `file`, `key` (the dotted key of a table or value, or `row N` of a CSV file), `why`, and, once a
                    person has confirmed it, `reviewed = DATE`

`reviewed = DATE` may stand in the table itself instead: in an entry, a row, a region, a party, a settlement, a clause,
an ending, a premise, a dated event, `[start]`, `[season]`, a perspective and its changes, a member of the pool, and a
table of `base_rates.toml`. A date before `as_of` confirms nothing: nobody knew then what the scenario starts from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from forecast.inputs.toml_lines import TomlLines, at_way, keys_and_ways
from forecast.inputs.validation import Day, Place, Raws, Table, Text, as_table, near
from forecast.scenario.reader import Reader

FILE: Final = "review.toml"
PAGE: Final = "REVIEW.md"
"""The same list for readers, with lines and reasons."""


class ItemTable(Table):
    """`[[item]]` of `review.toml`."""

    file: Text
    key: Text
    why: Text
    reviewed: Day | None = None


class ReviewFile(Table):
    """The whole file."""

    rolled_from: Text
    reference_date: Day
    as_of: Day
    item: Raws = ()


@dataclass(frozen=True)
class ReviewItem:
    """Something that a person must confirm.

    Attributes:
        file: its file, by path within the scenario's folder.
        line: its line there, counted from 1.
        key: dotted key of a table or a value; `row N` in a CSV file.
        why: why it needs a look.
        reviewed: the day on which it was confirmed; None if it was not.
    """

    file: str
    line: int
    key: str
    why: str
    reviewed: date | None


@dataclass(frozen=True)
class Review:
    """The entries that a person must confirm in a scenario that was rolled on.

    Attributes:
        rolled_from: id of the scenario before it.
        reference_date: the reference date of that scenario.
        as_of: the day of the replayed posterior.
        items: in the order of the file.
    """

    rolled_from: str
    reference_date: date
    as_of: date
    items: tuple[ReviewItem, ...]

    @property
    def open(self) -> tuple[ReviewItem, ...]:
        """The items that nobody has confirmed."""
        return tuple(item for item in self.items if item.reviewed is None)


def read_review(reader: Reader, texts: Mapping[str, str]) -> Review | None:
    """Read `review.toml`; None where the scenario has no such file.

    Args:
        reader: with the tables of all files.
        texts: the files as read, by path within the scenario's folder.

    Raises:
        InputError: a key or a value is wrong, an item names nothing in the scenario, or was confirmed too early.
    """
    if FILE not in reader.tables:
        return None
    place = reader.place(FILE)
    file = as_table(ReviewFile, reader.tables[FILE], place)
    if not file.reference_date <= file.as_of:
        what = f"found {file.as_of}; expected {file.reference_date}, the reference date before, or later"
        raise place.at("as_of").error(what)
    lines: dict[str, TomlLines] = {}
    ways = {name: keys_and_ways(table) for name, table in reader.tables.items()}
    items = []
    for number, raw in enumerate(file.item, start=1):
        spot = place.at("item", number)
        item = as_table(ItemTable, raw, spot)
        if item.reviewed is not None and item.reviewed < file.as_of:
            what = f"found {item.reviewed}; expected {file.as_of}, the day of the replayed posterior, or later"
            raise spot.at("reviewed").error(what)
        if item.file not in texts:
            what = f"found {item.file!r}; expected a file of the scenario"
            raise spot.at("file").error(what, near(item.file, texts, "Take the item out if the file is gone"))
        if item.file not in ways:
            items.append(
                ReviewItem(item.file, _row(item.key, texts[item.file], spot), item.key, item.why, item.reviewed)
            )
            continue
        if item.key not in ways[item.file]:
            what = f"found {item.key!r}; expected a key of {item.file}"
            raise spot.at("key").error(what, near(item.key, ways[item.file], "Take the item out if it is gone"))
        way = ways[item.file][item.key]
        own = _confirmed(at_way(reader.tables[item.file], way), file.as_of)
        # Lines are looked up for what is open alone: that reads the whole file again.
        line = 0
        if (item.reviewed or own) is None:
            line = lines.setdefault(item.file, TomlLines(texts[item.file])).line(way)
        items.append(ReviewItem(item.file, line, item.key, item.why, item.reviewed or own))
    return Review(file.rolled_from, file.reference_date, file.as_of, tuple(items))


def _confirmed(table: Any, as_of: date) -> date | None:
    """Give the day on which a table was confirmed in its own place, if it was late enough."""
    day = table.get("reviewed") if isinstance(table, Mapping) else None
    return day if isinstance(day, date) and day >= as_of else None


def _row(key: str, text: str, spot: Place) -> int:
    """Give the line of a row of a CSV file or of another text, by its key."""
    word, _, number = key.partition(" ")
    if word != "row" or not number.isdecimal() or len(number) > 9 or not 1 <= int(number) <= text.count("\n") + 1:
        raise spot.at("key").error(f"found {key!r}; expected `row N`, a line of the file")
    return int(number)
