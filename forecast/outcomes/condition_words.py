"""A parsed condition as text again: canonical, and as a clause for readers."""

from collections.abc import Mapping
from datetime import date

from forecast.encoding.timeline_table import DATE
from forecast.outcomes.condition_text import (
    KEYWORDS,
    All,
    Column,
    Comparison,
    Never,
    Not,
    Other,
    Parsed,
    Quantile,
    Some,
    Value,
)

_ON_NUMBERS = {"<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least", "=": "is", "!=": "is not"}
_ON_DATES = {
    "<": "comes before",
    "<=": "comes by",
    ">": "comes after",
    ">=": "comes on or after",
    "=": "comes on",
    "!=": "does not come on",
}


def canonical(condition: Parsed) -> str:
    """The condition as text in one way of writing: parsed again, it gives the same condition."""
    if isinstance(condition, Comparison):
        return _comparison(condition)
    if isinstance(condition, Not):
        return f"not {_inside(condition.part, (All, Some))}"
    word, looser = (" and ", (Some,)) if isinstance(condition, All) else (" or ", ())
    return word.join(_inside(part, looser) for part in condition.parts)


def _inside(condition: Parsed, looser: tuple[type, ...]) -> str:
    text = canonical(condition)
    return f"({text})" if isinstance(condition, looser) else text


def _comparison(condition: Comparison) -> str:
    if condition.operator == "in":
        return f"{condition.column} in ({', '.join(_value(value) for value in condition.values)})"
    (value,) = condition.values
    return (
        condition.column
        if value is True and condition.operator == "="
        else (f"{condition.column} {condition.operator} {_value(value)}")
    )


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Quantile):
        return f"q{number_text(value.percent)}"
    if isinstance(value, Other):
        return value.column
    if isinstance(value, Never):
        return "never"
    plain = value not in KEYWORDS and value[:1].isalpha() and value.replace("-", "_").isidentifier() and value.isascii()
    return value if plain else f"'{value}'" if '"' in value else f'"{value}"'


def number_text(value: float) -> str:
    """A number in its shortest decimal text, whole numbers without a point."""
    return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def clause(condition: Parsed, columns: Mapping[str, Column], labels: Mapping[str, str] | None = None) -> str:
    """The condition as a clause for readers, to follow "where".

    Args:
        condition: the condition.
        columns: the columns, as for the parser.
        labels: the meaning of each column in words; by default its name.
    """
    names = labels or {}
    if isinstance(condition, Comparison):
        return _clause(condition, columns[condition.column].kind, names)
    if isinstance(condition, Not):
        return f"it is not so that {_grouped(condition.part, columns, names)}"
    word = " and " if isinstance(condition, All) else " or "
    return word.join(_grouped(part, columns, names) for part in condition.parts)


def _grouped(condition: Parsed, columns: Mapping[str, Column], labels: Mapping[str, str]) -> str:
    text = clause(condition, columns, labels)
    return f"({text})" if isinstance(condition, All | Some) else text


def _clause(condition: Comparison, kind: str, labels: Mapping[str, str]) -> str:
    name = _label(condition.column, labels)
    if condition.operator == "in":
        *first, last = (str(value) for value in condition.values)
        return f"{name} is {' or '.join([', '.join(first), last]) if first else last}"
    (value,) = condition.values
    if isinstance(value, bool):
        return f"{name} is {'true' if value == (condition.operator == '=') else 'false'}"
    if isinstance(value, Never):
        if kind == DATE:
            return f"{name} {'never comes' if condition.operator == '=' else 'comes'}"
        return f"{name} is {'empty' if condition.operator == '=' else 'known'}"
    verb = (_ON_DATES if kind == DATE else _ON_NUMBERS)[condition.operator]
    if isinstance(value, Quantile):
        return f"{name} {verb} its {number_text(value.percent)}% quantile"
    if isinstance(value, Other):
        return f"{name} {verb} {_label(value.column, labels)}"
    return f"{name} {verb} {_value(value)}"


def _label(column: str, labels: Mapping[str, str]) -> str:
    return f'"{labels[column]}"' if column in labels else column
