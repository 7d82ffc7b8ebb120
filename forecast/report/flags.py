"""Unusual observations, in words: outside their declared range, or outliers under the fitted model."""

from collections.abc import Mapping
from typing import Any


def outside(entry: Mapping[str, Any]) -> str:
    """An observation outside its declared range, in words."""
    low, high = ("no limit" if x is None else f"{x:,g}" for x in (entry["lowest"], entry["highest"]))
    declared = f"outside its declared range of {low} to {high}"
    return f"{entry['series']} of {entry['observed']}: {entry['value']:,g} {entry['unit']}, {declared}"


def far_out(entry: Mapping[str, Any]) -> dict[str, str]:
    """An outlier under the fitted model, as cells of a table."""
    low, high, value = (f"{entry[key]:,.4g}" for key in ("low", "high", "value"))
    return {
        "series": entry["series"],
        "observed": entry["observed"],
        "value": value,
        "expected": f"{low} to {high}",
        "unit": entry["unit"],
    }
