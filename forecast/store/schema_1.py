"""Saved runs of schema 1, read with the names of schema 2. `CHANGELOG.md` has the table of names."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SUMMARY = {
    "beside.kursk_expelled": "pocket_lost",
    "beside.general_truce_without_agreement": "general_truce_without_settlement",
    "coherence.implied.general_truce_without_agreement": "general_truce_without_settlement",
    "given.kursk_expelled": "pocket_lost",
    "defeat.trump_engaged": "washington_engaged",
    "defeat.trump_engaged_without_defeat": "washington_engaged_without_defeat",
    "defeat.owner.trump": "president",
}
"""Keys of `summary.json` by their dotted name, each with its name in schema 2."""

STATES = {"kursk": "pocket"}
VALUES = {
    "expelled": "lost",
    "pressing Kyiv": "pressing_kyiv",
    "pressing Moscow": "pressing_moscow",
    "walked away": "walked_away",
}
"""Recorded states and their values, in the part of the summary about the time since the reference date."""

COLUMNS = {"last_template": "last_settlement", "owner_trump": "owner_president", "kursk_expelled": "pocket_lost"}
"""Columns of `timelines.parquet`."""

LEVELS = {"kursk": "pocket"}
"""Levels of `bands.parquet`."""


def summary_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """A summary with the names of the present schema."""
    found = {key: _renamed(value, key) for key, value in content.items()} | {"schema": 2}
    if found.get("since"):
        for group in ("states", "happened"):
            found["since"][group] = [_recorded(entry) for entry in found["since"][group]]
    return found


def timelines_of(table: "pd.DataFrame") -> "pd.DataFrame":
    """A table of timelines with the columns and postures of the present schema."""
    return _values_renamed(table.rename(columns=COLUMNS), "posture", VALUES)


def bands_of(table: "pd.DataFrame") -> "pd.DataFrame":
    """Weekly quantiles with the levels of the present schema."""
    return _values_renamed(table, "level", LEVELS)


def _renamed(content: Any, place: str) -> Any:
    if not isinstance(content, dict):
        return content
    return {SUMMARY.get(f"{place}.{key}", key): _renamed(value, f"{place}.{key}") for key, value in content.items()}


def _recorded(entry: Mapping[str, Any]) -> dict[str, Any]:
    names = {"state": STATES, "moves": STATES, "value": VALUES}
    return {key: names.get(key, {}).get(value, value) if key in names else value for key, value in entry.items()}


def _values_renamed(table: "pd.DataFrame", column: str, names: Mapping[str, str]) -> "pd.DataFrame":
    import pandas as pd

    values = table[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return table.assign(**{column: values.cat.rename_categories(dict(names))})
    return table.assign(**{column: values.replace(dict(names))})
