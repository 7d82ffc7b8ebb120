"""The text of a condition on timelines: its grammar, and the parser. Nothing in it is run as code.

    condition   =  both { "or" both }
    both        =  single { "and" single }
    single      =  "not" single | "(" condition ")" | comparison
    comparison  =  column operator value | column "in" "(" value { "," value } ")" | column
    operator    =  "<" | "<=" | ">" | ">=" | "=" | "!="
    value       =  number | day | quantile | name | "text in quotes" | "true" | "false" | "never"

A column stands alone if it is a flag. A column of numbers is compared with a number, with a quantile of its own (`q10`,
the 10% quantile) or with another column of numbers; a column of dates with a day, a quantile or another column of
dates; a column of names with a name by `=`, `!=` or `in`. `= never` holds in an empty cell, `!= never` in the others.
Every other comparison of an empty cell is false, except `!=`: it is the opposite of `=`. `not` is the opposite of its
condition. So `not signed <= 2025-06-30` holds also where nothing is ever signed.

The parser is a recursive descent over the tokens of the text. It knows the columns, so an error names the position, the
token found, and the values allowed. `forecast.outcomes.condition_words` prints a condition again, and
`forecast.outcomes.condition_rows` finds the timelines in which it holds.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple

from forecast.encoding.timeline_table import CATEGORY, DATE, FLAG, NUMBER
from forecast.errors import InputError
from forecast.inputs.parsing import parse_day, parse_number
from forecast.plain_text import without_middle

KEYWORDS = ("and", "or", "not", "in", "never", "true", "false")
"""Words that cannot be the name of a column; as a value they are written in quotes."""

ORDERED = ("<", "<=", ">", ">=")
"""Operators that need an order."""

LONGEST, DEEPEST, NEAREST = 4000, 50, 3
"""Most characters of a condition, most conditions within each other, and most similar names in an error."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9A-Za-z_-]))
    |(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.-]))
    |(?P<quantile>q[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.-]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    |(?P<quoted>"[^"]*"|'[^']*')
    |(?P<operator><=|>=|!=|==|=|<|>)
    |(?P<mark>[(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Column:
    """A column that conditions may use.

    Attributes:
        kind: its content: `CATEGORY`, `DATE`, `FLAG` or `NUMBER`.
        values: of a column of names, the names.
    """

    kind: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantile:
    """A quantile of the column that is compared with it.

    Attributes:
        percent: from 0 to 100.
    """

    percent: float


@dataclass(frozen=True)
class Other:
    """Another column of the same timeline.

    Attributes:
        column: its name.
    """

    column: str


@dataclass(frozen=True)
class Never:
    """An empty cell."""


Value = float | date | str | bool | Quantile | Other | Never


@dataclass(frozen=True)
class Comparison:
    """A comparison of a column; with several values the operator is `in`.

    Attributes:
        column: its name.
        operator: `<`, `<=`, `>`, `>=`, `=`, `!=` or `in`.
        values: one value, or those of `in`.
    """

    column: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: "Parsed"


@dataclass(frozen=True)
class All:
    """All of some conditions, two or more; none is an `All` itself."""

    parts: tuple["Parsed", ...]


@dataclass(frozen=True)
class Some:
    """At least one of some conditions, two or more; none is a `Some` itself."""

    parts: tuple["Parsed", ...]


Parsed = Comparison | Not | All | Some


class Token(NamedTuple):
    """A token of the text.

    Attributes:
        kind: day, number, quantile, name, quoted, operator, mark or end.
        text: as written.
        position: of its first character, from 1.
    """

    kind: str
    text: str
    position: int


def parse_condition(text: str, columns: Mapping[str, Column], key: str = "--given") -> Parsed:
    """Parse a condition.

    Args:
        text: the condition.
        columns: the columns that it may use, by name.
        key: the option or argument that errors name.

    Raises:
        InputError: with the position, the token found and the values allowed.
    """
    if not isinstance(text, str) or not text.strip():
        what = f"found {'nothing' if isinstance(text, str) else type(text).__name__}; expected a condition"
        raise InputError(what, key=key, remedy='Example: "signed <= 2025-06-30 and attention_average < 0"')
    if len(text) > LONGEST:
        raise InputError(f"found {len(text)} characters; expected at most {LONGEST}", key=key)
    return _Parser(_tokens(text, key), columns, key).whole()


def columns_used(condition: Parsed) -> tuple[str, ...]:
    """The names of the columns that a condition uses, each once, in the order of their first use."""
    return tuple(dict.fromkeys(_used(condition)))


def _used(condition: Parsed) -> Iterable[str]:
    if isinstance(condition, Comparison):
        yield condition.column
        yield from (value.column for value in condition.values if isinstance(value, Other))
    else:
        for part in (condition.part,) if isinstance(condition, Not) else condition.parts:
            yield from _used(part)


def similar(name: str, names: Iterable[str]) -> str:
    """The most similar names, in brackets, for an error; empty if none is similar."""
    found = get_close_matches(name, list(names), NEAREST, cutoff=0.6)
    return f" (similar: {', '.join(found)})" if found else ""


def _tokens(text: str, key: str) -> list[Token]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            start = place + len(text[place:]) - len(text[place:].lstrip())
            word = re.split(r"[\s<>=!(),]", text[start:], maxsplit=1)[0] or text[start]
            what = (
                f"position {start + 1}: found {without_middle(word, 40)!r}; expected a column, an operator or a value"
            )
            raise InputError(what, key=key)
        kind = str(match.lastgroup)
        found.append(Token(kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return [*found, Token("end", "", len(text) + 1)]


@dataclass
class _Parser:
    """The parser, at one of the tokens."""

    tokens: list[Token]
    columns: Mapping[str, Column]
    key: str
    place: int = 0
    depth: int = 0

    def whole(self) -> Parsed:
        found = self.condition()
        if self.token.kind != "end":
            raise self.error("`and`, `or` or the end of the condition")
        return found

    def condition(self) -> Parsed:
        return self.joined(Some, "or", lambda: self.joined(All, "and", self.single))

    def joined(self, kind: type[All] | type[Some], word: str, part: Callable[[], Parsed]) -> Parsed:
        parts = [part()]
        while self.keyword(word):
            parts.append(part())
        flat = [inner for found in parts for inner in (found.parts if isinstance(found, kind) else (found,))]
        return flat[0] if len(flat) == 1 else kind(tuple(flat))

    def single(self) -> Parsed:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"at most {DEEPEST} conditions within each other")
        if self.keyword("not"):
            found: Parsed = Not(self.single())
        elif self.mark("("):
            found = self.condition()
            if not self.mark(")"):
                raise self.error("`)`, `and` or `or`")
        else:
            found = self.comparison()
        self.depth -= 1
        return found

    def comparison(self) -> Comparison:
        name = self.column("a column of the timelines")
        column = self.columns[name]
        if self.keyword("in"):
            return Comparison(name, "in", self.names(name, column))
        token = self.token
        if token.kind != "operator":
            if column.kind == FLAG:
                return Comparison(name, "=", (True,))
            raise self.error("an operator (<, <=, >, >=, =, !=) or `in`")
        operator = "=" if token.text == "==" else token.text
        if operator in ORDERED and column.kind in (CATEGORY, FLAG):
            raise self.error(f"= or !=, since {name} has no order")
        self.place += 1
        return Comparison(name, operator, (self.value(name, column, operator),))

    def names(self, name: str, column: Column) -> tuple[Value, ...]:
        if column.kind != CATEGORY:
            self.place -= 1
            raise self.error(f"an operator, since {name} has {column.kind}, not names")
        if not self.mark("("):
            raise self.error("`(` and names, such as (a, b)")
        found = [self.value(name, column, "=", never=False)]
        while self.mark(","):
            found.append(self.value(name, column, "=", never=False))
        if not self.mark(")"):
            raise self.error("`,` or `)`")
        return tuple(dict.fromkeys(found))

    def value(self, name: str, column: Column, operator: str, *, never: bool = True) -> Value:
        token = self.token
        if never and token.kind == "name" and token.text == "never":
            if operator not in ("=", "!="):
                raise self.error(f"a value: only = and != compare {name} with never")
            self.place += 1
            return Never()
        reader = {NUMBER: self.number, DATE: self.day, CATEGORY: self.name, FLAG: self.flag}[column.kind]
        found = reader(name, column, operator)
        self.place += 1
        return found

    def number(self, name: str, column: Column, operator: str) -> Value:
        token = self.token
        if token.kind == "number":
            try:
                return parse_number(token.text)
            except ValueError as error:
                raise self.error(str(error)) from None
        return self.quantile(operator) or self.other(name, column, "a number, a quantile such as q10")

    def day(self, name: str, column: Column, operator: str) -> Value:
        token = self.token
        if token.kind == "day":
            try:
                return parse_day(token.text)
            except ValueError as error:
                raise self.error(str(error)) from None
        return self.quantile(operator) or self.other(name, column, "a day YYYY-MM-DD, a quantile such as q10")

    def quantile(self, operator: str) -> Quantile | None:
        token = self.token
        if token.kind != "quantile":
            return None
        percent = float(token.text[1:])
        if not 0.0 <= percent <= 100.0:
            raise self.error("a quantile from q0 to q100")
        if operator not in ORDERED:
            raise self.error("a value; a quantile is compared by <, <=, > or >=")
        return Quantile(percent)

    def other(self, name: str, column: Column, beside: str) -> Other:
        same = [other for other, its in self.columns.items() if its.kind == column.kind and other != name]
        token = self.token
        if token.kind != "name" or token.text not in same:
            near = similar(token.text, same) if token.kind == "name" and token.text not in KEYWORDS else ""
            raise self.error(f"{beside}, or another column of {column.kind}{near}")
        return Other(token.text)

    def name(self, name: str, column: Column, operator: str) -> str:
        del operator
        token = self.token
        text = token.text[1:-1] if token.kind == "quoted" else token.text
        written = token.kind == "quoted" or (token.kind == "name" and text not in KEYWORDS)
        if not written or text not in column.values:
            raise self.error(f"a value of {name}: {', '.join(column.values)}")
        return text

    def flag(self, name: str, column: Column, operator: str) -> bool:
        del column, operator
        if self.token.text not in ("true", "false"):
            raise self.error(f"true or false, as {name} is a flag")
        return self.token.text == "true"

    def column(self, expected: str) -> str:
        token = self.token
        if token.kind != "name" or token.text in KEYWORDS:
            raise self.error(expected)
        if token.text not in self.columns:
            raise self.error(f"{expected}{similar(token.text, self.columns)}")
        self.place += 1
        return token.text

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def keyword(self, word: str) -> bool:
        return self.taken("name", word)

    def mark(self, text: str) -> bool:
        return self.taken("mark", text)

    def taken(self, kind: str, text: str) -> bool:
        if self.token.kind != kind or self.token.text != text:
            return False
        self.place += 1
        return True

    def error(self, expected: str) -> InputError:
        found = "the end" if self.token.kind == "end" else repr(without_middle(self.token.text, 40))
        return InputError(f"position {self.token.position}: found {found}; expected {expected}", key=self.key)
