"""The page on which the figures of sweeps are drawn: blocks below each other, with places in inches.

A label stands above its bar and is wrapped, so that it has the whole width: the page is as wide as a phone can show.
"""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from forecast.plain_text import visible, without_middle
from forecast.report.figures import INK, PALE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.4
"""Width of a page, inches."""

LEFT, RIGHT = 0.2, 1.5
"""Margins of the bars, inches; texts beside bars are in the right one."""

LINE = 0.175
"""Height of a line of text or of a bar, inches."""

LETTERS = 84
"""Letters of a line of text."""

TALLEST = 200.0
"""Most inches of a page."""


@dataclass(frozen=True)
class Block:
    """A part of a page.

    Attributes:
        height: in inches.
        draw: called with the figure, the axes of the page (in inches) and the place of the block's upper edge.
    """

    height: float
    draw: "Callable[[Figure, Axes, float], None]"


@dataclass(frozen=True)
class Mark:
    """A bar or a point.

    Attributes:
        value: its end, or its place.
        low: lower end of its error; NaN for none.
        high: upper end.
        start: where a bar begins; None for a point.
        style: a key of `STYLES`.
        text: its number, right of the bars.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")
    start: float | None = None
    style: str = "strong"
    text: str = ""


@dataclass(frozen=True)
class Row:
    """A label, and marks below it, line by line."""

    label: str
    lines: tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True)
class Panel:
    """Rows that have an axis in common.

    Attributes:
        title: above the rows.
        rows: from the top.
        colour: of strong marks.
        axis: label of the axis.
        empty: said in place of rows if there are none.
    """

    title: str
    rows: tuple[Row, ...]
    colour: str
    axis: str
    empty: str = "Nothing to show."


STYLES = {"strong": "o", "pale": "o", "other": "s", "joint": "D"}
"""Shapes of points. Only strong marks are filled, so that they differ without colours."""


def wrapped(text: object, most: int = 2, letters: int = LETTERS) -> list[str]:
    """A text in at most `most` lines for a picture, without control characters."""
    short = visible(" ".join(without_middle(str(text), 2 * most * letters).split()))
    return textwrap.wrap(short, letters, max_lines=most, placeholder=" ...") or [""]


def stacked(blocks: Sequence[Block]) -> "Figure":
    """A figure of blocks, the first at the top."""
    from matplotlib.figure import Figure  # without pyplot, which takes as long again to import

    height = min(TALLEST, sum(block.height for block in blocks) + 0.2)
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1))
    page.set_xlim(0, WIDTH)
    page.set_ylim(0, height)
    page.autoscale(enable=False)
    page.axis("off")
    page.set_zorder(5)  # texts stand above the backgrounds of charts
    top = height - 0.1
    for block in blocks:
        block.draw(figure, page, top)
        top -= block.height
    return figure


def words(text: object, size: float = 9.0, *, bold: bool = False, most: int = 3, gap: float = 0.06) -> Block:
    """A block of text."""
    step = LINE * size / 9.0
    lines = wrapped(text, most, int(LETTERS * 9.0 / size * (0.84 if bold else 1.0)))

    def draw(_: "Figure", page: "Axes", top: float) -> None:
        for k, line in enumerate(lines):
            weight = "bold" if bold else "normal"
            page.text(LEFT, top - k * step, line, fontsize=size, fontweight=weight, va="top")

    return Block(len(lines) * step + gap, draw)


def head(title: str, about: Mapping[str, Any], key: Sequence[tuple[str, str]] = (), note: str = "") -> list[Block]:
    """The title, the forecast that was asked, the key of styles, and how errors are drawn."""
    named = [about.get("scenario"), about.get("perspective"), about.get("as_of") and f"as of {about['as_of']}"]
    blocks = [words(title, 12.0, bold=True), words(", ".join(str(part) for part in named if part), most=2)]
    blocks += [_key(style, meaning) for style, meaning in key]
    return [*blocks, words(note, 8.5), Block(0.06, _nothing)] if note else blocks


def _nothing(_: "Figure", page: "Axes", top: float) -> None:
    """Leave space."""


def _key(style: str, meaning: str) -> Block:
    """A line of the key: `bar-strong` and `bar-pale` are bars, the other styles points."""
    lines = wrapped(meaning, 2, LETTERS - 4)

    def draw(_: "Figure", page: "Axes", top: float) -> None:
        mark = Mark(LEFT + 0.25, start=LEFT, style=style.removeprefix("bar-"))
        if not style.startswith("bar-"):
            mark = Mark(LEFT + 0.12, style=style)
        _mark(page, mark, top - 0.075, INK)
        for k, line in enumerate(lines):
            page.text(LEFT + 0.35, top - k * LINE, line, fontsize=9, va="top")

    return Block(len(lines) * LINE + 0.03, draw)


def panels(made: Sequence[Panel]) -> Iterator[Block]:
    """The blocks of panels, all with the same range of their axes."""
    ends = [x for panel in made for x in _places(panel) if isfinite(x)]
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    pad = 0.04 * (high - low) or 1.0
    limits = (low - pad if low < 0.0 else low, high + pad)
    for panel in made:
        yield words(panel.title, 10.5, bold=True, most=2)
        yield _rows(panel, limits) if panel.rows else words(panel.empty, gap=0.25)


def _places(panel: Panel) -> Iterator[float]:
    yield 0.0
    for row in panel.rows:
        for mark in (mark for line in row.lines for mark in line):
            yield from (mark.value, mark.low, mark.high, mark.start or 0.0)


def _rows(panel: Panel, limits: tuple[float, float]) -> Block:
    """The rows of a panel, and their axis."""
    labels = [wrapped(row.label) for row in panel.rows]
    sizes = [(len(label) + len(row.lines)) * LINE + 0.16 for label, row in zip(labels, panel.rows, strict=True)]
    inside, below = sum(sizes), 0.6

    def draw(figure: "Figure", page: "Axes", top: float) -> None:
        axes = axes_at(figure, (LEFT, top - inside, WIDTH - RIGHT, top))
        axes.set_xlim(*limits)
        axes.set_ylim(0, inside)
        axes.autoscale(enable=False)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=PALE, linewidth=0.8)
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1.5)
        axes.set_xlabel("\n".join(wrapped(panel.axis, 2, 60)), fontsize=9)
        place = inside
        for row, label, size in zip(panel.rows, labels, sizes, strict=True):
            _row(axes, page, row, label, place, (top - inside, panel.colour))
            place -= size

    return Block(inside + below + 0.15, draw)


def _row(
    axes: "Axes", page: "Axes", row: Row, label: Sequence[str], place: float, base_and_colour: tuple[float, str]
) -> None:
    """A label and its marks, from a place downwards."""
    base, colour = base_and_colour
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    for line in label:
        page.text(LEFT + 0.03, base + place - 0.02, line, fontsize=8.8, va="top", bbox=behind)
        place -= LINE
    for marks in row.lines:
        middle = place - LINE / 2.0 - 0.02
        for mark in marks:
            _mark(axes, mark, middle, colour)
        if text := next((mark.text for mark in marks if mark.text), ""):
            page.text(WIDTH - RIGHT + 0.08, base + middle, text, fontsize=8.5, va="center")
        place -= LINE


def _mark(axes: "Axes", mark: Mark, y: float, colour: str) -> None:
    """A bar or a point, with its error as a thin line."""
    if not isfinite(mark.value):
        return
    from matplotlib.patches import Rectangle

    fill = colour if mark.style == "strong" else "white"
    if mark.start is not None:
        length = mark.value - mark.start
        bar = Rectangle((mark.start, y - 0.0575), length, 0.115, facecolor=fill, edgecolor=INK, linewidth=0.7, zorder=2)
        axes.add_patch(bar)
    if isfinite(mark.low) and isfinite(mark.high):
        axes.plot([mark.low, mark.high], [y, y], color=INK, linewidth=1.1, zorder=2.5)
        if mark.start is not None:
            axes.plot([mark.low, mark.high], [y, y], "|", color=INK, markersize=4.5, zorder=2.5)
    if mark.start is None:
        size = 4.5 if mark.style == "joint" else 6.0
        shape = STYLES[mark.style]
        axes.plot(mark.value, y, shape, color=fill, markeredgecolor=INK, markersize=size, zorder=3)


def axes_at(figure: "Figure", box: tuple[float, float, float, float]) -> "Axes":
    """Axes in a box of left, lower, right and upper edges in inches, without a frame on top and at the right."""
    left, low, right, top = box
    width, height = (float(x) for x in figure.get_size_inches())
    axes = figure.add_axes((left / width, low / height, (right - left) / width, (top - low) / height))
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes


def chart(
    height: float, draw: "Callable[[Axes], None]", *, left: float = 0.75, right: float = 0.25, below: float = 0.6
) -> Block:
    """A block with axes of some height.

    Args:
        height: of the axes, inches.
        draw: called with the axes.
        left: margin for numbers and the label of the upright axis.
        right: margin.
        below: room for numbers and the label of the level axis.
    """

    def place(figure: "Figure", _: "Axes", top: float) -> None:
        draw(axes_at(figure, (left, top - height, WIDTH - right, top)))

    return Block(height + below + 0.1, place)
