"""Input files: read as text, parsed as TOML, and their tables checked key by key.

An error names the file, the key, the value found and the values allowed. The messages of pydantic are put in the words
of somebody who writes such files.
"""

import math
import re
import stat
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from forecast.errors import InputError
from forecast.inputs.parsing import MOST_DIGITS, parse_day

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def _day(value: object) -> object:
    """Parse a day that is written as text, as in CSV; TOML gives a date already."""
    return parse_day(value) if isinstance(value, str) else value


def _numbers(count: int) -> BeforeValidator:
    """Check that a list of numbers has as many as it needs."""

    def check(value: object) -> object:
        if isinstance(value, list | tuple) and len(value) != count:
            raise ValueError(f"a list of {count} numbers")
        return value

    return BeforeValidator(check)


Text = Annotated[str, Field(pattern=r"\S")]
"""Text that is not blank."""

Texts = Annotated[tuple[Text, ...], Field(strict=False)]
"""A list of texts in the file, kept as a tuple."""

Raws = Annotated[tuple[Any, ...], Field(strict=False)]
"""A list whose items are checked one by one where they are read."""

Day = Annotated[date, BeforeValidator(_day)]
Positive = Annotated[float, Field(gt=0)]
Bound = Annotated[float, Field(allow_inf_nan=True)]
Pair = Annotated[tuple[Bound, Bound], Field(strict=False), _numbers(2)]
Triple = Annotated[tuple[float, float, float], Field(strict=False), _numbers(3)]

STRICT: Final = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""How the tables of files are checked: no key but their own, no type but the one declared, no infinite number."""


class Table(BaseModel):
    """A table of a file, checked and frozen; its class declares the keys, and is the record that is kept of it."""

    model_config = ConfigDict(frozen=True, **STRICT)

    def record[R: Table](self, kind: type[R], **resolved: object) -> R:
        """Give a record of another kind with the fields of this table that have the same names, and those resolved."""
        shared = {name: getattr(self, name) for name in kind.model_fields if name not in resolved}
        return kind.model_construct(**shared | resolved)


@dataclass(frozen=True)
class Place:
    """Where in the files something stands.

    Attributes:
        file: the file; of a scenario, with its folder before it.
        key: the dotted key in it.
    """

    file: str | Path
    key: str = ""

    def at(self, *parts: object) -> "Place":
        """Give the place of a key below this one."""
        return Place(self.file, ".".join(str(part) for part in (self.key, *parts) if part != ""))

    def error(self, what: str, remedy: str | None = None) -> InputError:
        """Give the error that something is wrong here."""
        return InputError(what, file=self.file, key=self.key or None, remedy=remedy)


def place_in(folder: Path, label: str | None, name: str) -> Place:
    """Give the place of a file in a folder that errors call `label`; by default they call it by its path."""
    return Place(f"{label}/{name}" if label else folder / name)


def read_text(path: Path, place: Place) -> str:
    """Read a file as UTF-8, with or without a byte-order mark; errors name `place`.

    Only a regular file is opened: a pipe would wait for ever, and a device may never end.

    Raises:
        InputError: there is no such file, it is not a regular file, it cannot be read, or it is not UTF-8.
    """
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
        if kind != stat.S_IFREG:
            raise place.error(f"it is {_KINDS.get(kind, 'not a regular file')}; expected a file", "Save it as a file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise place.error("there is no such file") from error
    except OSError as error:
        raise place.error(f"it cannot be read ({error.strerror})", "Check its permissions and its path") from error
    except UnicodeDecodeError as error:
        what = f"it is not UTF-8: byte {error.object[error.start]:#04x} at position {error.start}"
        raise place.error(what, "Save it as UTF-8") from error
    except ValueError as error:
        # The path has a byte 0, which is not shown as it is.
        where = Place(repr(str(place.file)), place.key)
        raise where.error("a file cannot have this name; expected one without the character 0") from error


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def list_folder(folder: Path, place: Place) -> list[str]:
    """Give the names in a folder, sorted; hidden files, such as those that macOS leaves beside others, are skipped.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except NotADirectoryError as error:
        raise place.error("it is a file; expected a folder") from error
    except OSError as error:
        raise place.error(f"it cannot be read ({error.strerror})", "Check its permissions and its path") from error


def parse_toml(text: str, place: Place) -> dict[str, Any]:
    """Parse a TOML file; errors name `place`, with line and column or the table that is given twice.

    Raises:
        InputError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # The parser gives the position in brackets at the end, and names a table given twice as a Python tuple.
        message = str(error)
        twice = re.match(r"Cannot declare \((.*?),?\) twice", message)
        where = re.search(r" \((at (line \d+, column \d+|end of document))\)$", message)
        spot = where[2] if where else ""
        if twice:
            key = ".".join(re.findall(r"'([^']*)'", twice[1]))
            raise place.at(key).error(f"the table is given twice, again at {spot}", "Keep one") from error
        if isinstance(error, RecursionError):
            raise place.error("found lists or tables nested too deeply; expected a few levels", "Check it") from error
        if not where and "Exceeds the limit" in message:  # advice to a programmer, without a position
            what = f"found a whole number of thousands of digits; expected at most {MOST_DIGITS:,}"
            raise place.error(what, "Write a shorter one") from error
        what = message[: where.start()] if where else message
        raise place.at(spot).error(f"it is not TOML: {what}") from error


def spot_of(place: Place, name: str, below: str | None = None) -> Place:
    """Give the place of a table by its id, which must be able to stand in the dotted name of an entry."""
    spot = place.at(name if below is None else below)
    if not _ID.fullmatch(name):
        what = f"found the id {name!r}; expected letters, digits, _ and -, a letter first"
        raise spot.error(what)
    return spot


def id_of(raw: object, number: int, key: str = "id") -> object:
    """Give what to call an item of a list: its id (what its `key` holds), if any, else its number, counted from 1."""
    name = raw.get(key) if isinstance(raw, dict) else None
    return name if isinstance(name, str) and name else number


def same_keys(found: Collection[str], wanted: Collection[str], place: Place, what: str) -> None:
    """Refuse a key too many, then a key too few."""
    unknown = [key for key in found if key not in wanted]
    if unknown:
        text = f"there is no such {what}"
        if len(unknown) > 1:
            text += f", nor {', '.join(unknown[1:])}"
        remedy = near(unknown[0], wanted, "Take it out")
        raise place.at(unknown[0]).error(f"{text}; expected {', '.join(wanted)}", remedy)
    missing = [key for key in wanted if key not in found]
    if missing:
        others = f", and so are {', '.join(missing[1:])}" if missing[1:] else ""
        raise place.at(missing[0]).error(f"this {what} is missing{others}", "Add them" if others else "Add it")


def as_table[T](model: type[T], raw: object, place: Place, **given: object) -> T:
    """Check the keys and types of a table.

    Args:
        model: a `Table`, or a dataclass of pydantic's that is checked as `STRICT`.
        raw: the table as parsed.
        place: where it stands.
        given: fields that the file does not give, such as the id that is the name of the table.

    Raises:
        InputError: a key is unknown or missing, or a value has not the type or the size declared.
    """
    check: Any = model
    try:
        if not isinstance(raw, dict):
            return check.__pydantic_validator__.validate_python(raw)  # type: ignore[no-any-return]
        for key in given.keys() & raw.keys():
            raise _unknown_key(key, model, place.at(key), given)
        return check(**raw, **given)  # type: ignore[no-any-return]
    except ValidationError as error:
        found = error.errors(include_url=False)
        # A misspelt key is both unknown and missing: the first says more.
        first = next((item for item in found if item["type"] in _UNKNOWN), found[0])
        raise _refusal(first, model, raw, place, given) from error


_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_ALLOWED = {
    "string_type": "text in quotes",
    "string_pattern_mismatch": "text that is not blank",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "date_type": "a day, written YYYY-MM-DD",
    "list_type": "a list, in [ ]",
    "tuple_type": "a list, in [ ]",
    "dict_type": "a table",
    "model_type": "a table",
    "literal_error": "{expected}",
    "greater_than": "a number greater than {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "value_error": "{error}",
}
"""The allowed values, by pydantic's kind of error. A table's own check raises a ValueError that names them."""


def _refusal(item: ErrorDetails, model: type[object], raw: object, place: Place, given: Collection[str]) -> InputError:
    """Put an error of pydantic's in the words of the files."""
    spot, inner = place, raw
    for part in item["loc"]:
        if isinstance(part, int):
            spot = spot.at(id_of(inner[part] if isinstance(inner, list) else None, part + 1))
        else:
            spot = spot.at(part)
        inner = _inside(inner, part)
    if item["type"] in ("missing", *_UNKNOWN):
        table = _table_at(model, item["loc"][:-1])
        hidden = given if table is model else ()
        if item["type"] == "missing":
            needed = [key for key, info in keys_of(table).items() if info.is_required() and key not in hidden]
            return spot.error(f"it is missing; a table here needs {', '.join(needed)}", "Add it")
        return _unknown_key(str(item["loc"][-1]), table, spot, hidden)
    allowed = _ALLOWED.get(item["type"], "another value").format(**item.get("ctx", {}))
    return spot.error(f"found {shown(item['input'])}; expected {allowed}")


def _unknown_key(key: str, table: type[object], spot: Place, hidden: Collection[str]) -> InputError:
    """Say that a table has no such key, and which it has."""
    known = [name for name in keys_of(table) if name not in hidden]
    return spot.error(f"unknown key; expected {', '.join(known)}", near(key, known, "Take it out"))


def keys_of(model: Any) -> dict[str, FieldInfo]:
    """Give the fields of a table by the key that each has in the file."""
    return {info.alias or name: info for name, info in model.__pydantic_fields__.items()}


def _inside(value: Any, part: str | int) -> Any:
    """Give what stands below a key or a place of a list, None if there is nothing."""
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _table_at(model: type[object], location: Iterable[str | int]) -> type[object]:
    """Give the class of the table at a location within another, through lists and tables of tables."""
    kind: Any = model
    for part in location:
        if hasattr(kind, "__pydantic_fields__"):
            kind = keys_of(kind)[str(part)].annotation
        else:  # a table by name, or a list: the class of its items comes last, or before an ellipsis
            kind = next(inner for inner in reversed(get_args(kind)) if inner is not ...)
        if hasattr(kind, "__pydantic_fields__"):
            model = kind
    return model


def shown(value: object) -> str:
    """Show a value as TOML would have it, shortened."""
    match value:
        case None:
            text = "null"
        case bool():
            text = str(value).lower()
        case float():
            text = f"{value:g}"
        case dict():
            text = "a table"
        case list() | tuple():
            text = f"[{', '.join(shown(item) for item in value)}]"
        case str():
            text = repr(value)
        case _:
            text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def interval(low: float, high: float, unit: str = "") -> str:
    """Say which numbers are allowed, between two ends of which either may be infinite."""
    if low == high:
        return f"{low:g}"
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{low:g} or more"
    if math.isinf(low):
        return f"{high:g} or less"
    return f"{low:g} to {high:g}" if unit != "chance/year" or high < 1 else f"{low:g} to less than 1"


def near(name: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Ask whether a known name was meant; if none is like it, say `otherwise`."""
    close = get_close_matches(name, list(known), n=3, cutoff=0.6)
    if not close:
        return otherwise
    return f"Did you mean {' or '.join(close)}?"
