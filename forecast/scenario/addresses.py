"""The address of each entry in the tables as read, for changes made before the tables are checked."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from forecast.scenario.entries import WAYS
from forecast.scenario.settlements import ROWS_OF_CLAUSE, ROWS_OF_SETTLEMENT
from forecast.timeline.codes import PARTS
from forecast.timeline.fields import fields
from forecast.timeline.parameters import RECORDS, field_of

Tables = Mapping[str, dict[str, Any]]
"""The TOML files of a scenario as read, by path within its folder."""


class Address(NamedTuple):
    """Where an entry stands.

    Attributes:
        file: path within the scenario's folder.
        way: keys and places in lists from the file's own table down to the entry.
        key: its dotted key in the file, as errors give it.
    """

    file: str
    way: tuple[str | int, ...]
    key: str


def addresses(tables: Tables) -> dict[str, Address]:
    """Give the address of each entry, by its name.

    Nothing is checked yet: a value that is not a table is skipped here, and refused when the tables are checked.
    """

    def items(table: object, key: str) -> list[tuple[str, Any]]:
        inner = table.get(key) if isinstance(table, dict) else None
        return list(inner.items()) if isinstance(inner, dict) else []

    ways: dict[str, tuple[str, tuple[str | int, ...]]] = {}
    for part in PARTS:
        for key, declared in fields(RECORDS[part]).items():
            if not declared.shape and isinstance(tables[f"{part}.toml"].get(key), dict):
                ways[f"{part}.{key}"] = (f"{part}.toml", (key,))
    for region, table in items(tables["front.toml"], "region"):
        for key in ("held", "share"):
            if isinstance(table, dict) and key in table:
                ways[f"front.{key}.{region}"] = ("front.toml", ("region", region, key))
    for issue, table in items(tables["parties.toml"], "issue"):
        if isinstance(table, dict) and "toil" in table:
            ways[f"parties.toil.{issue}"] = ("parties.toml", ("issue", issue, "toil"))
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
        name: Address(file, way, shown.get(name) or ".".join(str(step) for step in way))
        for name, (file, way) in ways.items()
    }


def is_row(name: str) -> bool:
    """Whether an entry is given by centre and spread: a position, a salience or a term."""
    return field_of(name).form != "plain" or name.startswith("settlements.terms.")


def table_at(tables: Tables, address: Address) -> dict[str, Any]:
    """Give the table of an entry, to be changed in place; a row that is a number becomes the table with that centre."""
    holder: Any = tables[address.file]
    for step in address.way[:-1]:
        holder = holder[step]
    last = address.way[-1]
    if not isinstance(holder[last], dict):
        holder[last] = {"centre": holder[last]}
    entry: dict[str, Any] = holder[last]
    return entry


def held_premises(tables: Tables, address: Address) -> list[str]:
    """Give the premises that an entry rests on: its own, else those of the nearest table around it that has any."""
    held: list[str] = []
    table: Any = tables[address.file]
    for step in address.way:
        table = table[step]
        if isinstance(table, dict) and isinstance(table.get("premises"), list):
            held = table["premises"]
    return held


def clear_ways(entry: dict[str, Any], but: str = "") -> None:
    """Remove every way of giving a distribution from the table of an entry, except one."""
    for way in WAYS:
        if way != but:
            entry.pop(way, None)
