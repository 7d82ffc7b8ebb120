"""Figures that stand out, in words: outside their declared range, or far from what the model would give."""

from collections.abc import Mapping
from typing import Any


def outside(entry: Mapping[str, Any]) -> str:
    """A figure outside its declared range, in words."""
    low, high = ("no limit" if x is None else f"{x:,g}" for x in (entry["lowest"], entry["highest"]))
    declared = f"outside its declared range of {low} to {high}"
    return f"{entry['series']} of {entry['observed']}: {entry['value']:,g} {entry['unit']}, {declared}"


def far_out(entry: Mapping[str, Any]) -> str:
    """A figure that the model, having learnt, would hardly measure again, in words."""
    low, high, value = (f"{entry[key]:,.4g}" for key in ("low", "high", "value"))
    return f"`{entry['series']}` of {entry['observed']}: {value}, where it would give {low} to {high} ({entry['unit']})"
