"""What the command line changes: `--set`, in the tables as read, and `--fix`, a parameter held at a value."""

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from forecast.errors import InputError
from forecast.scenario import shapes
from forecast.scenario.elicit import families
from forecast.scenario.files import OWN_FILES
from forecast.scenario.settlements import ROWS_OF_CLAUSE, ROWS_OF_SETTLEMENT
from forecast.scenario.spec import Scenario
from forecast.tables import Place, interval, near
from forecast.timeline.parameters import RECORDS, field_of
from forecast.timeline.registry import fields

Edited = tuple[str, str, str]
"""An edit as given, and the file and the dotted key of the entry that it changed."""


def apply_edits(tables: Mapping[str, dict[str, Any]], edits: Sequence[str]) -> list[Edited]:
    """Apply edits to the tables as read, in order.

    Args:
        tables: by path within the scenario's folder; they are changed.
        edits: each `name.field=value`, the value in TOML; a bare word is text.

    Raises:
        InputError: an edit names no entry, or no field of one.
    """
    return [(text, *_apply(tables, text)) for text in edits]


@contextmanager
def blame(edited: Sequence[Edited], label: str) -> Iterator[None]:
    """Add to an error in an entry that an edit changed it; `label` is the name of the scenario's folder."""
    try:
        yield
    except InputError as error:
        for text, file, key in reversed(edited):
            if error.file == f"{label}/{file}" and f"{error.key}.".startswith(f"{key}."):
                mend = f"{error.mend}; it was changed by --set {text!r}" if error.mend else f"Change --set {text!r}"
                raise InputError(error.what, file=error.file, key=error.key, mend=mend) from error
        raise


def parse_fix(scenario: Scenario, texts: Iterable[str]) -> dict[str, float]:
    """Read what `--fix` holds at one value.

    Args:
        scenario: whose priors are named.
        texts: each `part.key=V`: the name of an entry, and a number in its unit.

    Returns:
        the values by name of the prior, in its unit.

    Raises:
        InputError: no `=`; an unknown name, or one given twice; a position or a salience, which are no values
            but rows that turn into them; no finite number, or one outside the entry's support or the
            parameter's limits.
    """
    fixed: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        place = Place("--fix", name)
        if not equals:
            raise place.error(f"found {text!r}; allowed is the name of an entry, =, a number")
        if name not in scenario.priors:
            raise place.error("no entry has this name", near(name, scenario.priors))
        if name in fixed:
            raise place.error("it is given twice")
        declared, prior = field_of(name), scenario.priors[name]
        if declared.form != "plain":
            what = f"a {declared.form} cannot be held at a value: it also depends on what is drawn for its party"
            raise place.error(what, f"Use --set {name}.centre={value}")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise place.error(f"found {value!r}; allowed is a finite number, in {prior.unit}")
        low, high = max(declared.low, prior.support[0]), min(declared.high, prior.support[1])
        if not low <= number <= high or (declared.unit == "chance/year" and number == 1.0):
            raise place.error(f"found {number:g}; allowed is {interval(low, high, declared.unit)}, in {prior.unit}")
        fixed[name] = number
    return fixed


def _apply(tables: Mapping[str, dict[str, Any]], text: str) -> tuple[str, str]:
    """Apply one edit to the tables as read; give the file and the dotted key of the entry it changed."""
    left, equals, right = (part.strip() for part in text.partition("="))
    place = Place("--set", left)
    if not equals:
        raise place.error(f"found {text!r}; allowed is the name of an entry, a field of it, =, a value")
    entries = _addresses(tables)
    parts = left.split(".")
    depth = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in entries), 0)
    if not depth:
        raise place.error("no entry has this name", near(left, entries))
    name, path = ".".join(parts[:depth]), parts[depth:]
    file, way, key = entries[name]
    is_row = field_of(name).form != "plain" or name.startswith("settlements.terms.")
    allowed = list((shapes.RowTable if is_row else shapes.EntryTable).model_fields)
    deep = ["family", *dict.fromkeys(number for numbers in families().values() for number in numbers)]
    known = [*allowed, *(f"distribution.{number}" for number in deep if not is_row)]
    if ".".join(path) not in known:
        what = f"found the field {'.'.join(path)!r}; allowed after {name} are {', '.join(allowed)}"
        raise place.error(what, near(".".join(path), known))
    holder: Any = tables[file]
    for step in way[:-1]:
        holder = holder[step]
    entry = holder[way[-1]]
    if not isinstance(entry, dict):
        entry = holder[way[-1]] = {"centre": entry}
    if path[0] in ("quantiles", "distribution"):
        entry.pop("distribution" if path[0] == "quantiles" else "quantiles", None)
    if len(path) == 2:
        old = entry.get("distribution")
        entry["distribution"] = {**(old if isinstance(old, dict) else {}), path[1]: _value(right)}
    else:
        entry[path[0]] = _value(right)
    return file, key


def _value(text: str) -> object:
    """Read a value written in TOML; what is none is text."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _addresses(tables: Mapping[str, dict[str, Any]]) -> dict[str, tuple[str, tuple[str | int, ...], str]]:
    """Where each entry stands, by its name: file, way through the tables as read, dotted key.

    Nothing is checked yet: what has not the shape of an entry is passed over, for the checks to tell.
    """

    def items(table: object, key: str) -> list[tuple[str, Any]]:
        inner = table.get(key) if isinstance(table, dict) else None
        return list(inner.items()) if isinstance(inner, dict) else []

    ways: dict[str, tuple[str, tuple[str | int, ...]]] = {}
    for part in OWN_FILES:
        for key, declared in fields(RECORDS[part]).items():
            if not declared.shape and isinstance(tables[f"{part}.toml"].get(key), dict):
                ways[f"{part}.{key}"] = (f"{part}.toml", (key,))
    for region, table in items(tables["front.toml"], "region"):
        for key in ("held", "share"):
            if isinstance(table, dict) and key in table:
                ways[f"front.{key}.{region}"] = ("front.toml", ("region", region, key))
    for party, table in items(tables["parties.toml"], "party"):
        if isinstance(table, dict) and "stiffness" in table:
            ways[f"parties.stiffness.{party}"] = ("parties.toml", ("party", party, "stiffness"))
        for key in ("position", "salience"):
            for issue, _ in items(table, key):
                ways[f"parties.{key}.{party}.{issue}"] = ("parties.toml", ("party", party, key, issue))
    shown: dict[str, str] = {}
    for deal, table in items(tables["settlements.toml"], "settlement"):
        for key in ROWS_OF_SETTLEMENT:
            if isinstance(table, dict) and key in table:
                ways[f"settlements.{key}.{deal}"] = ("settlements.toml", ("settlement", deal, key))
        for issue, _ in items(table, "terms"):
            ways[f"settlements.terms.{deal}.{issue}"] = (
                "settlements.toml",
                ("settlement", deal, "terms", issue),
            )
        clauses = table.get("clause") if isinstance(table, dict) else None
        for number, clause in enumerate(clauses if isinstance(clauses, list) else []):
            for key in ROWS_OF_CLAUSE:
                if isinstance(clause, dict) and key in clause:
                    name = f"settlements.clause_{key}.{deal}.{clause.get('id')}"
                    ways[name] = ("settlements.toml", ("settlement", deal, "clause", number, key))
                    shown[name] = f"settlement.{deal}.clause.{clause.get('id')}.{key}"
    return {
        name: (file, way, shown.get(name) or ".".join(str(step) for step in way)) for name, (file, way) in ways.items()
    }
