"""The chart of `forecast history`: the three odds by as-of date. matplotlib is imported only when it is drawn."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from forecast.errors import InputError
from forecast.plain_text import visible, without_middle
from forecast.report.figures import COLOURS, INK, RC, png, svg
from forecast.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DOTS = 40
"""Most runs of a scenario for which each has a dot."""

APART = 0.045
"""Least distance between two labels, as a share of the height."""


def history_figure(rows: Sequence[Mapping[str, Any]], suffix: str = ".svg") -> bytes:
    """Draw the odds by as-of date: a line for each end, and its 90% range as a band.

    If several runs have the same as-of date, the one that counts is on the line, and the others are hollow dots. The
    lines of different scenarios are not joined.

    Args:
        rows: from `forecast.store.history.history_rows`.
        suffix: `.svg` or `.png`.

    Raises:
        InputError: no row has odds.
    """
    rows = [row for row in rows if row["battlefield_probability"] is not None]
    if not rows:
        remedy = "Make a run with: forecast run, or give --all"
        raise InputError("there is no run with odds to draw", key="--chart", remedy=remedy)
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(RC):
        figure = Figure(figsize=(9.6, 4.8), facecolor="white")
        axes = figure.add_axes((0.07, 0.13, 0.76, 0.73))
        by_scenario: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            by_scenario.setdefault(row["scenario"], []).append(row)
        for name, own in by_scenario.items():
            _lines(axes, own)
            if len(by_scenario) > 1:
                _divide(axes, name, own)
        _labels(axes, rows)
        _style(axes, rows)
        named = ", ".join(visible(without_middle(name, 40)) for name in list(by_scenario)[:4])
        figure.text(0.07, 0.935, f"The odds by as-of date: {named}", fontsize=11, fontweight="bold")
        note = "Line: probability. Band: 90% range."
        if any(row["superseded_by"] for row in rows):
            note += " Hollow dot: superseded by another run."
        figure.text(0.07, 0.89, note, fontsize=8.5)
        if suffix == ".png":
            return png(figure)
        return svg(figure).encode()


def _lines(axes: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """The three lines of one scenario."""
    counting = [row for row in rows if row["superseded_by"] is None]
    others = [row for row in rows if row["superseded_by"] is not None]
    days: Any = [date.fromisoformat(row["as_of"]) for row in counting]
    marker = "o" if len(counting) <= DOTS else None
    for end, colour in COLOURS.items():
        if days:
            low, middle, high = (_percents(counting, end, name) for name in ("low", "probability", "high"))
            axes.fill_between(days, low, high, color=colour, alpha=0.16, linewidth=0)
            if len(days) == 1:
                axes.vlines(days, low, high, color=colour, alpha=0.3, linewidth=6)
            axes.plot(days, middle, color=colour, linewidth=1.8, marker=marker, markersize=4.5)
        hollow: Any = [date.fromisoformat(row["as_of"]) for row in others]
        points = _percents(others, end, "probability")
        axes.plot(hollow, points, "o", markerfacecolor="white", markeredgecolor=colour, markersize=5, zorder=4)


def _percents(rows: Sequence[Mapping[str, Any]], end: str, measure: str) -> list[float]:
    """A number of each row in percent; where there is no range, the probability stands for both ends."""
    found = []
    for row in rows:
        value = row[f"{end}_{measure}"]
        found.append(100.0 * (row[f"{end}_probability"] if value is None else value))
    return found


def _labels(axes: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    """The name and the last probability of each end, right of the last date, moved apart where they would overlap."""
    last = next((row for row in reversed(rows) if row["superseded_by"] is None), rows[-1])
    below = -1.0
    for end in sorted(COLOURS, key=lambda end: last[f"{end}_probability"]):
        chance = last[f"{end}_probability"]
        place = max(chance, below + APART)
        below = place
        text = f"{end.capitalize()} {percent(chance)}"
        colour = INK if end == "unresolved" else COLOURS[end]
        axes.text(1.015, place, text, transform=axes.transAxes, color=colour, va="center", fontsize=10)


def _divide(axes: "Axes", name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    first: Any = min(date.fromisoformat(row["as_of"]) for row in rows)
    axes.axvline(first, color=INK, linewidth=0.6, linestyle=":")
    shown = visible(without_middle(name, 30))
    axes.text(first, 99, f" {shown}", fontsize=8, va="top", ha="left", rotation=90)


def _style(axes: "Axes", rows: Sequence[Mapping[str, Any]]) -> None:
    from datetime import timedelta

    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    days = [date.fromisoformat(row["as_of"]) for row in rows]
    pad = max(timedelta(days=3), (max(days) - min(days)) / 50)
    first: Any = min(days) - min(pad, min(days) - date.min)
    last: Any = max(days) + min(pad, date.max - max(days))
    axes.set_xlim(first, last)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.grid(axis="y", color="#e9e7e2", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("As-of date")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
