"""Changes from the command line: `--set` edits the tables as read; `--fix` fixes a parameter at a value."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from forecast.errors import InputError
from forecast.inputs.parsing import given_number, parse_number, shortened
from forecast.inputs.validation import Place, interval, near
from forecast.scenario import toml_tables
from forecast.scenario.addresses import Address, Tables, addresses, clear_ways, is_row, table_at
from forecast.scenario.elicit import families
from forecast.scenario.entries import WAYS
from forecast.scenario.names import near_entry
from forecast.scenario.spec import Scenario
from forecast.timeline.parameters import field_of

Edited = tuple[str, Address]
"""An edit as given, and the address of the entry that it changed."""


def apply_edits(tables: Tables, edits: Sequence[str]) -> list[Edited]:
    """Apply edits to the tables as read, in order.

    Args:
        tables: by path within the scenario's folder; they are changed.
        edits: each `name.field=value`, the value in TOML; a bare word is text.

    Raises:
        InputError: an edit names no entry, or no field of one.
    """
    return [(text, _apply(tables, text)) for text in edits]


@contextmanager
def blame(edited: Sequence[Edited], label: str) -> Iterator[None]:
    """Add to an error in an entry that an edit changed it; `label` is the name of the scenario's folder."""
    try:
        yield
    except InputError as error:
        for text, address in reversed(edited):
            if stands_at(error, address, label):
                remedy = (
                    f"{error.remedy}; it was changed by --set {text!r}" if error.remedy else f"Change --set {text!r}"
                )
                raise InputError(error.what, file=error.file, key=error.key, remedy=remedy) from error
        raise


def stands_at(error: InputError, address: Address, label: str) -> bool:
    """Whether an error is in the entry at an address; `label` is the name of the scenario's folder."""
    return error.file == f"{label}/{address.file}" and f"{error.key}.".startswith(f"{address.key}.")


def parse_fixed(texts: Iterable[str]) -> dict[str, float]:
    """Read what `--fix` gives.

    Args:
        texts: each `part.key=V`, a parameter and a number in its unit.

    Returns:
        the values by name of the parameter; `check_fixable` says whether a scenario allows them.

    Raises:
        InputError: no `=`, no number, or a name given twice.
    """
    fixed: dict[str, float] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        place = Place("--fix", name)
        if not equals:
            raise place.error(f"found {text!r}; expected NAME=NUMBER")
        if name in fixed:
            raise place.error("it is given twice")
        fixed[name] = given_number(value, "--fix", name)
    return fixed


def check_fixable(scenario: Scenario, fixed: Mapping[str, float]) -> None:
    """Refuse parameters that a scenario does not allow to be fixed at these values.

    Args:
        scenario: whose priors are named.
        fixed: values by name of the prior, in its unit.

    Raises:
        InputError: an unknown name; a position or a salience, which are not values but rows that turn into them; a
            value that is not finite, or lies outside the prior's support or the parameter's limits.
    """
    for name, value in fixed.items():
        place = Place("--fix", name)
        if name not in scenario.priors:
            raise place.error("no entry has this name", near_entry(name, scenario.priors))
        declared, prior = field_of(name), scenario.priors[name]
        if declared.form != "plain":
            what = f"a {declared.form} cannot be fixed: it also depends on other draws of its party"
            raise place.error(what, f"Use --set {name}.centre={value}")
        try:
            number = parse_number(value)
        except ValueError:
            raise place.error(f"found {shortened(value)}; expected a finite number, in {prior.unit}") from None
        low, high = max(declared.low, prior.support[0]), min(declared.high, prior.support[1])
        if not low <= number <= high or (declared.unit == "chance/year" and number == 1.0):
            raise place.error(f"found {number:g}; expected {interval(low, high, declared.unit)}, in {prior.unit}")


def _apply(tables: Tables, text: str) -> Address:
    """Apply one edit to the tables as read; give the address of the entry that it changed."""
    left, equals, right = (part.strip() for part in text.partition("="))
    place = Place("--set", left)
    if not equals:
        raise place.error(f"found {text!r}; expected NAME.FIELD=VALUE")
    entries = addresses(tables)
    parts = left.split(".")
    depth = next((n for n in range(len(parts), 1, -1) if ".".join(parts[:n]) in entries), 0)
    if not depth:
        raise place.error("no entry has this name", near_entry(left, entries))
    name, path = ".".join(parts[:depth]), parts[depth:]
    row = is_row(name)
    allowed = list((toml_tables.RowTable if row else toml_tables.EntryTable).model_fields)
    deep = ["family", *dict.fromkeys(number for numbers in families().values() for number in numbers)]
    known = [*allowed, *(f"distribution.{number}" for number in deep if not row)]
    if ".".join(path) not in known:
        what = f"found the field {'.'.join(path)!r}; allowed after {name} are {', '.join(allowed)}"
        raise place.error(what, near(".".join(path), known))
    entry = table_at(tables, entries[name])
    if path[0] in WAYS:
        clear_ways(entry, path[0])
    if len(path) == 2:
        old = entry.get("distribution")
        entry["distribution"] = {**(old if isinstance(old, dict) else {}), path[1]: _value(right)}
    else:
        entry[path[0]] = _value(right)
    return entries[name]


def _value(text: str) -> object:
    """Parse a value as TOML; anything else is text."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text
