"""TOML text with the line of each table and key, and edits of it that keep every other line as it stands.

The standard library reads TOML and loses its lines and comments. `TomlLines` finds where each key begins and ends by
giving the lines to that parser, one more at a time, until they are a whole statement. Each edit is also made in the
parsed tables, and the edited text must parse to them.
"""

import copy
import datetime
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forecast.inputs.validation import id_of

Way = tuple[str | int, ...]
"""Keys, and places in lists counted from 0, from the top of a file down to a table or a value."""

_HEADER = re.compile(r"\s*(\[\[?)(.+?)(\]\]?)\s*(#.*)?$")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    """Write a value as TOML on one line.

    Args:
        value: text, a truth value, a number, a day, a list or a mapping of these.

    Raises:
        TypeError: TOML has no such value.
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + "".join(_ESCAPED.get(c) or (f"\\u{ord(c):04X}" if _control(c) else c) for c in value) + '"'
        case float() if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        case int() | float():
            return repr(value)
        case datetime.date():
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case dict():
            inside = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
            return f"{{ {inside} }}" if inside else "{}"
    raise TypeError(f"TOML has no {type(value).__name__}")


def toml_key(key: str) -> str:
    """Write a key as TOML: bare where that is allowed, else in quotes."""
    return key if _BARE.fullmatch(key) else toml_value(key)


def _control(character: str) -> bool:
    return ord(character) < 0x20 or ord(character) == 0x7F


def keys_and_ways(table: Mapping[str, Any]) -> dict[str, Way]:
    """Give the way to each table and value of a parsed file, by dotted key as errors give it.

    An item of a list of tables is called by its `id`, `entry` or `date`, else by its number, counted from 1.
    """
    found: dict[str, Way] = {}
    for key, way, _ in _walk(table, "", ()):
        found.setdefault(key, way)
    return found


def _walk(value: Any, key: str, way: Way) -> Iterator[tuple[str, Way, Any]]:
    if way:
        yield key, way, value
    if isinstance(value, Mapping):
        steps: list[tuple[str | int, object, Any]] = [(name, name, inner) for name, inner in value.items()]
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        steps = [(number, _called(item, number), item) for number, item in enumerate(value)]
    else:
        return
    for step, name, inner in steps:
        yield from _walk(inner, f"{key}.{name}" if key else str(name), (*way, step))


def _called(item: Mapping[str, Any], number: int) -> object:
    """Give what to call an item of a list of tables."""
    if isinstance(day := item.get("date"), datetime.date):
        return day
    return id_of(item, number + 1, "id" if "id" in item else "entry")


def at_way(table: Any, way: Sequence[str | int]) -> Any:
    """Give the table or value at a way."""
    for step in way:
        table = table[step]
    return table


class TomlLines:
    """A TOML text, the places of its tables and keys, and the edits made to it.

    Attributes:
        tables: the parsed tables, with the edits.
    """

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self.tables: dict[str, Any] = tomllib.loads(text)
        self._headers: dict[Way, int] = {}
        self._keys: dict[Way, tuple[int, int]] = {}
        self._edits: dict[tuple[int, int], str] = {}
        self._scan()

    def _scan(self) -> None:
        """Find the line of each header and the lines of each key."""
        counts: dict[Way, int] = {}
        table: Way = ()
        number = 0
        while number < len(self._lines):
            line = self._lines[number]
            if not line.strip() or line.lstrip().startswith("#"):
                number += 1
            elif line.lstrip().startswith("[") and (header := _HEADER.match(line)):
                table = _resolved(_path(f"[{header[2]}]"), counts)
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, counts[table])
                self._headers[table] = number
                number += 1
            else:
                end = self._statement(number)
                way = (*table, *_path("".join(self._lines[number:end])))
                self._keys[way] = (number, end)
                number = end

    def _statement(self, first: int) -> int:
        """Give the line after the statement that begins on a line."""
        for end in range(first + 1, len(self._lines) + 1):
            try:
                tomllib.loads("".join(self._lines[first:end]))
            except tomllib.TOMLDecodeError:
                continue
            return end
        raise RuntimeError(f"line {first + 1} begins no statement")  # the whole text is TOML

    def line(self, way: Sequence[str | int]) -> int:
        """Give the line of a table or a value, counted from 1; of the nearest one around it if it has none."""
        steps = tuple(way)
        for depth in range(len(steps), 0, -1):
            if steps[:depth] in self._headers:
                return self._headers[steps[:depth]] + 1
            if steps[:depth] in self._keys:
                return self._keys[steps[:depth]][0] + 1
            below = [at for path, at in self._headers.items() if path[:depth] == steps[:depth]]
            if below:
                return min(below) + 1
        return 1

    def set(self, way: Sequence[str | int], value: Any) -> None:
        """Give a key, which has lines of its own, another value."""
        first, end = self._keys[tuple(way)]
        holder = at_way(self.tables, way[:-1])
        holder[way[-1]] = copy.deepcopy(value)
        self._edits[first, end] = f"{toml_key(str(way[-1]))} = {toml_value(value)}\n"

    def remove(self, way: Sequence[str | int]) -> None:
        """Take a key with lines of its own out."""
        at_way(self.tables, way[:-1]).pop(way[-1])
        self._edits[self._keys[tuple(way)]] = ""

    def add(self, table: Sequence[str | int], values: Mapping[str, Any]) -> None:
        """Add keys to a table, below its last key; to the file's own table without a key, at the top."""
        at_way(self.tables, table).update(copy.deepcopy(dict(values)))
        way = tuple(table)
        ends = [end for path, (_, end) in self._keys.items() if path[:-1] == way]
        after = max(ends) if ends else self._headers[way] + 1 if way else 0
        added = "".join(f"{toml_key(key)} = {toml_value(value)}\n" for key, value in values.items())
        self._edits[after, after] = self._edits.get((after, after), "") + added

    def update(self, table: Sequence[str | int], values: Mapping[str, Any], but: Sequence[str] = ()) -> None:
        """Give a table the values of some keys, and take others out; equal values keep their lines.

        Args:
            table: the way to the table; a table within one line is written again as a whole.
            values: by key.
            but: keys to take out.
        """
        way = tuple(table)
        held = at_way(self.tables, way)
        if way in self._keys:
            self.set(way, {key: value for key, value in held.items() if key not in but} | dict(values))
            return
        for key in but:
            if key in held:
                self._take(way, key)
        new = {}
        for key, value in values.items():
            if key in held and (*way, key) not in self._keys:
                self._take(way, key)
            if key not in held:
                new[key] = value
            elif held[key] != value:
                self.set((*way, key), value)
        if new:
            self.add(way, new)

    def _take(self, table: Way, key: str) -> None:
        """Take a key out of a table, whether it has lines of its own or is a table below."""
        way = (*table, key)
        if way in self._keys:
            self.remove(way)
        else:
            self.remove_table(way)

    def append(self, text: str) -> None:
        """Add tables at the end."""
        for key, value in tomllib.loads(text).items():
            self.tables[key] = value
        end = len(self._lines)
        self._edits[end, end] = self._edits.get((end, end), "") + text

    def remove_table(self, way: Sequence[str | int]) -> None:
        """Take a table with all below it out of the text; comments before the next header stay.

        Items of a list of tables are taken out by `remove_items`.
        """
        steps = tuple(way)
        holder = at_way(self.tables, steps[:-1])
        del holder[steps[-1]]
        self._cut(steps)

    def remove_items(self, way: Sequence[str | int], numbers: Sequence[int]) -> None:
        """Take some items of a list of tables out; the list itself goes with its last item."""
        steps = tuple(way)
        holder = at_way(self.tables, steps[:-1])
        kept = [item for number, item in enumerate(holder[steps[-1]]) if number not in numbers]
        if kept:
            holder[steps[-1]] = kept
        else:
            del holder[steps[-1]]
        for number in numbers:
            self._cut((*steps, number))

    def _cut(self, way: Way) -> None:
        """Cut the header and the keys of a table and of those below it."""
        for path, number in self._headers.items():
            if path[: len(way)] == way:
                end = number + 1
                while end < len(self._lines) and not self._lines[end].strip():
                    end += 1
                self._edits[number, end if not self._follows(end) else number + 1] = ""
        for path, (first, end) in self._keys.items():
            if path[: len(way)] == way:
                last = end
                while last < len(self._lines) and not self._lines[last].strip():
                    last += 1
                self._edits[first, last] = ""

    def _follows(self, number: int) -> bool:
        return any(first == number for first, _ in self._keys.values())

    def comment_above(self, way: Sequence[str | int], text: str) -> None:
        """Put a comment in the place of the comment lines right above a key."""
        first = end = self._keys[tuple(way)][0]
        while first > 0 and self._lines[first - 1].startswith("#"):
            first -= 1
        self._edits[first, end] = "".join(f"# {line}\n" for line in text.splitlines())

    def text(self) -> str:
        """Give the edited text.

        Raises:
            RuntimeError: the text does not parse to the edited tables, which is a bug.
        """
        lines = list(self._lines)
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        for (first, end), new in sorted(self._edits.items(), reverse=True):
            lines[first:end] = [new]
        made = "".join(lines)
        if tomllib.loads(made) != self.tables:
            raise RuntimeError("the edited TOML says something else than was asked for")
        return made


def _path(statement: str) -> Way:
    """Give the keys of a header or of a statement."""
    steps: list[str | int] = []
    found: Any = tomllib.loads(statement)
    bare = statement.lstrip().startswith("[")
    names = len(_names(statement.strip("[] \n") if bare else statement))
    while isinstance(found, dict) and found and len(steps) < names:
        name, found = next(iter(found.items()))
        steps.append(name)
    return tuple(steps)


def _names(text: str) -> list[str]:
    """Give the parts of a dotted key at the beginning of a text."""
    part = r'(?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+)'
    found = re.match(rf"\s*{part}(?:\s*\.\s*{part})*", text)
    return re.findall(part, found[0]) if found else []


def _resolved(path: Way, counts: Mapping[Way, int]) -> Way:
    """Give the way of a header: a list of tables in it stands for its last item."""
    way: Way = ()
    for place, name in enumerate(path):
        way = (*way, name)
        if way in counts and place < len(path) - 1:
            way = (*way, counts[way])
    return way
