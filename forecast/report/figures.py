"""Figures of a run, as SVG: the odds. matplotlib is imported only when something is drawn.

Equal numbers give equal bytes: no time, no random names.
"""

import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from forecast.encoding.timeline_table import HEADLINES
from forecast.plain_text import visible
from forecast.report.numbers import interval, percent, squares, whole
from forecast.scenario.spec import Scenario

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#22262b"
PALE = "#e9e7e2"
COLOURS = {"battlefield": "#a5553f", "negotiated": "#3d6f8e", "unresolved": "#b9b4a8"}
"""Colours of the three outcomes; they also differ in lightness."""

SHADES = (1.0, 0.72, 0.5, 0.36, 0.26, 0.2)
"""Strength of colour of the endings of one kind, the likeliest first."""

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "svg.hashsalt": "forecast",
    "svg.fonttype": "path",
    "text.parse_math": False,
}


def svg(figure: "Figure") -> str:
    """A figure as SVG, the same bytes each time."""
    out = io.StringIO()
    with warnings.catch_warnings():
        # A character that the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def png(figure: "Figure") -> bytes:
    """A figure as PNG, the same bytes each time."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from", UserWarning)
        figure.savefig(out, format="png", dpi=150, metadata={"Software": None})
    return out.getvalue()


def odds_figure(scenario: Scenario, summary: Mapping[str, Any]) -> str:
    """The odds as a picture: a hundred simulated years by outcome, and the 90% range of each of the three odds.

    Args:
        scenario: for the names of endings.
        summary: of a run.

    Returns:
        SVG.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure  # without pyplot, which takes as long again to import

    with mpl.rc_context(RC):
        figure = Figure(figsize=(10.8, 3.3), facecolor="white")
        _years(figure.add_axes((0.01, 0.03, 0.68, 0.84)), scenario, summary)
        _ranges(figure.add_axes((0.705, 0.12, 0.28, 0.75)), summary)
        for x, title in (
            (0.012, "A hundred simulated years, by outcome"),
            (0.71, "The odds and their 90% ranges"),
        ):
            figure.text(x, 0.92, title, fontsize=10.5, fontweight="bold")
        return svg(figure)


def _years(axes: "Axes", scenario: Scenario, summary: Mapping[str, Any]) -> None:
    """A hundred squares, one a simulated year, with a legend of endings and their shares."""
    from matplotlib.patches import Rectangle

    kinds = {ending.id: ending.kind for ending in scenario.endings}
    labels = {ending.id: ending.label for ending in scenario.endings}
    endings = sorted(
        summary["endings"],
        key=lambda e: (HEADLINES.index(kinds[e]), -summary["endings"][e]["probability"]),
    )
    shares = [summary["endings"][e]["probability"] for e in endings]
    counts = squares(shares)
    seen: dict[str, int] = dict.fromkeys(HEADLINES, 0)
    place, line = 0, 0
    for ending, share, count in zip(endings, shares, counts, strict=True):
        if not count and not whole(share):
            continue
        shade = SHADES[min(seen[kinds[ending]], len(SHADES) - 1)]
        seen[kinds[ending]] += 1
        colour = _mix(COLOURS[kinds[ending]], shade)
        for square in range(place, place + count):
            axes.add_patch(Rectangle((square // 10, square % 10), 0.86, 0.86, color=colour, linewidth=0))
        place += count
        axes.add_patch(Rectangle((10.6, 9.0 - 1.02 * line), 0.7, 0.7, color=colour, linewidth=0))
        axes.text(13.2, 9.35 - 1.02 * line, percent(share), va="center", ha="right", fontsize=8.5)
        axes.text(13.5, 9.35 - 1.02 * line, visible(labels[ending]), va="center", fontsize=8.5)
        line += 1
    axes.set_xlim(-0.1, 23.5)
    axes.set_ylim(-0.2, 10.1)
    axes.set_aspect("equal", anchor="W")
    axes.axis("off")


def _ranges(axes: "Axes", summary: Mapping[str, Any]) -> None:
    """Each of the three odds with its 90% range, if it has one."""
    for k, name in enumerate(HEADLINES):
        entry = summary["odds"][name]
        y = len(HEADLINES) - 1 - k
        low, high = (100.0 * x for x in entry["interval"] or (entry["probability"],) * 2)
        between = interval(entry)
        axes.plot([0, 100], [y, y], color=PALE, linewidth=9, solid_capstyle="butt", zorder=1)
        axes.plot([low, high], [y, y], color=COLOURS[name], linewidth=9, solid_capstyle="butt", zorder=2)
        axes.plot(100.0 * entry["probability"], y, "o", color="white", markeredgecolor=INK, markersize=7, zorder=3)
        axes.text(0, y + 0.22, name.capitalize(), fontsize=9.5, fontweight="bold", va="bottom")
        axes.text(
            100,
            y + 0.22,
            percent(entry["probability"]) + (f"  ({between})" if between else ""),
            va="bottom",
            ha="right",
        )
    axes.set_xlim(-2, 102)
    axes.set_ylim(-0.5, len(HEADLINES) - 0.35)
    axes.set_yticks([])
    axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100%"])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)


def _mix(colour: str, strength: float) -> tuple[float, float, float]:
    """A colour towards white."""
    from matplotlib.colors import to_rgb

    red, green, blue = (1.0 - strength * (1.0 - part) for part in to_rgb(colour))
    return red, green, blue
