"""Figures of sweeps with two axes: morris, grid, threshold and discover."""

from collections.abc import Mapping, Sequence
from math import hypot, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.report.figures import INK, PALE
from forecast.report.sweep_bars import Tables, colour_of, name_of, outputs, records
from forecast.report.sweep_layout import Block, chart, head, words, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUMBERED = 8
"""Points of a scatter that have a number and a line in the list below it."""

MOST_SHOWN = 11
"""Most columns of a heat map that has its numbers written in the cells."""

DASHES = ("-", "--", ":", "-.")
"""Lines of outputs, which so differ without colours."""

BAND = "Band: two standard errors on each side."


def morris(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """For each output the mean size of the effect of each input against its standard deviation between paths."""
    table, labels = tables["effects"], about.get("labels") or {}
    blocks = head(
        "Elementary effects: size against variation",
        about,
        note="Right: the input matters more. Up: its effect depends more on the other inputs or is not straight. "
        "Grey: the mean size that the noise of the simulator alone would give.",
    )
    for output in outputs(table):
        own = table[(table["output"] == output) & table["mu_star"].notna()]
        own = own.sort_values("mu_star", ascending=False, kind="stable")
        blocks.append(words(name_of(output), 10.5, bold=True))
        blocks.append(chart(2.7, lambda axes, own=own: _effects(axes, own)))  # type: ignore[misc]
        names = [str(labels.get(name, name)) for name in own["input"].head(NUMBERED)]
        blocks += _list(names)
    return blocks


def _effects(axes: "Axes", own: pd.DataFrame) -> None:
    """The scatter of one output."""
    x, y = 100 * own["mu_star"].to_numpy(float), 100 * own["sigma"].to_numpy(float)
    noise = 100 * 0.8 * float(own["noise"].median()) if len(own) else 0.0
    if isfinite(noise):
        axes.axvspan(0.0, noise, color=PALE, linewidth=0)
    axes.set_xlim(0, 1.08 * max(x.max(initial=0.0), noise, 0.1))
    axes.set_ylim(-0.03 * (top := max(y.max(initial=0.0), 0.1)), 1.12 * top)
    axes.plot(x[NUMBERED:], y[NUMBERED:], "o", color="white", markeredgecolor=INK, markersize=5, clip_on=False)
    axes.plot(x[:NUMBERED], y[:NUMBERED], "o", color=INK, markersize=6, clip_on=False)
    _numbers(axes, x, y)
    axes.set_xlabel("Mean size of the effect of the whole range (mu*), points", fontsize=9)
    axes.set_ylabel("Standard deviation (sigma), points", fontsize=9)


SIDES = ((0.13, 0.0), (0.0, 0.14), (-0.13, 0.0), (0.0, -0.14), (0.11, 0.12), (-0.11, 0.12), (0.2, 0.2))
"""Places of a number beside its point, inches."""

CORNERS = ((0.12, 0.1), (-0.12, 0.1), (0.12, -0.1), (-0.12, -0.1))
"""The same where errors are drawn as a cross."""


def _numbers(
    axes: "Axes",
    x: Array,
    y: Array,
    sides: Sequence[tuple[float, float]] = SIDES,
    others: Sequence[Sequence[float] | Array] = ((), ()),
) -> None:
    """Numbers beside the first points, each at the side where it is farthest from points and from other numbers."""
    box = axes.get_window_extent()
    scale = (
        box.width / axes.figure.dpi / float(np.ptp(axes.get_xlim())),
        box.height / axes.figure.dpi / float(np.ptp(axes.get_ylim())),
    )
    points = [*zip(x, y, strict=True), *zip(*others, strict=True)]
    taken = [(float(a) * scale[0], float(b) * scale[1]) for a, b in points]
    for k, (a, b) in enumerate(zip(x[:NUMBERED], y[:NUMBERED], strict=True)):
        here = (float(a) * scale[0], float(b) * scale[1])

        def room(side: tuple[float, float], here: tuple[float, float] = here, own: int = k) -> float:
            apart = (spot for j, spot in enumerate(taken) if j != own)
            near = [hypot(here[0] + side[0] - p, here[1] + side[1] - q) for p, q in apart]
            return min([0.15, *near])

        side = max(sides, key=room)
        taken.append((here[0] + side[0], here[1] + side[1]))
        place = (72 * side[0], 72 * side[1])
        axes.annotate(
            f"{k + 1}", (a, b), xytext=place, textcoords="offset points", fontsize=9, ha="center", va="center"
        )


def _list(names: Sequence[str], most: int = 2) -> list[Block]:
    """A numbered list below a scatter."""
    made = [words(f"{k + 1}  {name}", 8.8, most=most, gap=0.02) for k, name in enumerate(names)]
    return [*made, words("", gap=0.1)]


def grid(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """The odds over one input as lines with bands; over two inputs as heat maps."""
    table = tables["cells"]
    names = _axis_names(about, 2)
    if table["second"].isna().all():
        shown = [(output, table[table["output"] == output]) for output in outputs(table)]
        blocks = head("Grid: the odds over one input", about, note=BAND)
        return [*blocks, chart(3.4, lambda axes: _lines(axes, shown, names[0]), right=1.35, below=0.85)]
    blocks = head("Grid: the odds over two inputs", about)
    for output in outputs(table):
        own = table[table["output"] == output]
        error = f"largest standard error {100 * own['value_error'].max():.1f} points"
        blocks.append(words(f"{name_of(output)}, % ({error})", 10.5, bold=True))
        cells = own.pivot_table(index="second", columns="first", values="value", aggfunc="first", dropna=False)
        blocks.append(chart(2.9, lambda axes, c=cells, o=output: _heat(axes, c, o, names), left=1.1, below=0.85))  # type: ignore[misc]
    return blocks


def _axis_names(about: Mapping[str, Any], count: int) -> list[str]:
    """The inputs in words, each with its unit."""
    inputs = [str(name) for name in about.get("inputs") or ()]
    labels = about.get("labels") or {}
    units = list(about.get("units") or [about.get("unit")])
    units += [None] * (len(inputs) - len(units))
    made = [
        f"{labels.get(name, name)}" + (f" ({unit})" if unit else "")
        for name, unit in zip(inputs, units[: len(inputs)], strict=True)
    ]
    return [*made, *["input"] * (count - len(made))]


def _lines(axes: "Axes", shown: Sequence[tuple[str, pd.DataFrame]], name: str) -> None:
    """Lines of outputs, each with its band and its name at the right."""
    ends = []
    for (output, own), dash in zip(shown, DASHES * len(shown), strict=False):
        x, y = own["first"].to_numpy(float), 100 * own["value"].to_numpy(float)
        error = 200 * own["value_error"].to_numpy(float)
        colour = _dark(output)
        axes.fill_between(x, y - error, y + error, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, y, color=colour, linestyle=dash, linewidth=1.8, marker="o", markersize=3.5)
        ends.append((float(y[-1]), output, colour))
    _percent_axis(axes)
    low, high = axes.get_ylim()
    below = -1.0
    for value, output, colour in sorted(ends):
        place = max((value - low) / (high - low), below + 0.13)
        below = place
        text = "\n".join(wrapped(f"{name_of(output)} {value:.0f}%", 2, 17))
        axes.text(1.02, place, text, transform=axes.transAxes, va="center", fontsize=9, color=colour)
    axes.set_xlabel("\n".join(wrapped(name, 3, 66)), fontsize=9)


def _dark(output: str) -> str:
    """The colour of a line on white: that of unresolved is too pale for a line."""
    return INK if output == "unresolved" else colour_of(output)


def _percent_axis(axes: "Axes") -> None:
    axes.set_ylabel("Probability, %", fontsize=9)
    axes.grid(color=PALE, linewidth=0.8)


def _heat(axes: "Axes", cells: pd.DataFrame, output: str, names: Sequence[str]) -> None:
    """A heat map; a cell that could not be simulated is crossed out."""
    from matplotlib.colors import LinearSegmentedColormap

    values = 100 * cells.to_numpy(float)
    shades = LinearSegmentedColormap.from_list("odds", ["#f7f5f0", colour_of(output), INK])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = (high - low) or 1.0
    for (i, j), value in np.ndenumerate(values):
        shade = (value - low) / span if isfinite(value) else 0.0
        colour = shades(shade) if isfinite(value) else (1.0, 1.0, 1.0, 1.0)
        axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=colour, linewidth=0)
        if not isfinite(value):
            axes.plot([j, j + 1], [i, i + 1], color=INK, linewidth=0.6)
        elif max(values.shape) <= MOST_SHOWN:
            bright = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
            ink = INK if bright > 0.5 else "white"
            axes.text(j + 0.5, i + 0.5, f"{value:.0f}", ha="center", va="center", fontsize=8.5, color=ink)
    _ticks(axes, cells, names)


def _ticks(axes: "Axes", cells: pd.DataFrame, names: Sequence[str]) -> None:
    for axis, own, length in ((axes.xaxis, list(cells.columns), 7), (axes.yaxis, list(cells.index), 11)):
        step = -(-len(own) // length)
        axis.set_ticks([k + 0.5 for k in range(0, len(own), step)], [f"{v:.3g}" for v in own[::step]])
    axes.set_xlim(0, len(cells.columns))
    axes.set_ylim(0, len(cells.index))
    axes.tick_params(length=0)
    axes.set_xlabel("\n".join(wrapped(names[0], 3, 66)), fontsize=9)
    axes.set_ylabel("\n".join(wrapped(names[1], 3, 36)), fontsize=9)


def threshold(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """The output over the input, and where it crosses the level."""
    curve, output, level = tables["curve"], str(about["output"]), 100 * float(about["crosses"])
    crossings = tables.get("crossings", pd.DataFrame())
    name = _axis_names(about, 1)[0]
    said = [_crossing(row) for row in records(crossings)]
    note = f"{BAND} Dashed: the level {level:g}%. Grey: 90% interval of the crossing."
    blocks = head(f"Threshold: {name_of(output)} at {level:g}%", about, note=note)
    blocks.append(chart(3.2, lambda axes: _crossed(axes, curve, crossings, (output, level, name)), below=0.85))
    return [*blocks, *(words(line) for line in said or ["It does not cross the level in this range."])]


def _crossing(row: Mapping[str, Any]) -> str:
    way = "above" if row["rising"] else "below"
    between = "interval open" if pd.isna(row["low"]) else f"90% interval {row['low']:.4g} to {row['high']:.4g}"
    return f"Passes {way} the level at {row['value']:.4g} ({between})."


def _crossed(axes: "Axes", curve: pd.DataFrame, crossings: pd.DataFrame, named: tuple[str, float, str]) -> None:
    output, level, name = named
    own = curve.sort_values("value")
    x, y = own["value"].to_numpy(float), 100 * own[output].to_numpy(float)
    error = 200 * own[f"{output}_error"].to_numpy(float)
    colour = _dark(output)
    for row in records(crossings):
        if not pd.isna(row["low"]):
            axes.axvspan(row["low"], row["high"], color="#d8d5ce", linewidth=0, zorder=0.5)
        axes.axvline(row["value"], color=INK, linewidth=1.0, zorder=1)
    axes.fill_between(x, y - error, y + error, color=colour, alpha=0.25, linewidth=0)
    axes.plot(x, y, color=colour, linewidth=1.8, marker="o", markersize=3.5)
    axes.axhline(level, color=INK, linewidth=1.0, linestyle="--")
    _percent_axis(axes)
    axes.set_ylabel(f"{'Difference, points' if '-' in output else 'Probability, %'}", fontsize=9)
    axes.set_xlabel("\n".join(wrapped(name, 3, 66)), fontsize=9)


def discover(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """Coverage against density of each rule, in the held-out draws and in those that it was found in."""
    table = tables["rules"]
    title = f"Rules under which {name_of(about.get('output', '')).lower()} is likelier"
    if table.empty:
        return [*head(title, about), words("No rule was found.")]
    note = (
        "Filled: in the held-out draws; thin lines: two standard errors on each side. Hollow: in the draws that the "
        "rule was found in. Dashed: the odds without a rule."
    )
    blocks = [*head(title, about, note=note), chart(3.2, lambda axes: _rules(axes, table))]
    return [*blocks, *_list([str(rule) for rule in table["rule"].head(NUMBERED)], 4)]


def _rules(axes: "Axes", table: pd.DataFrame) -> None:
    x, y = (100 * table[name].to_numpy(float) for name in ("coverage", "density"))
    for name, error in (("coverage", "coverage_error"), ("density", "density_error")):
        spread = 200 * table[error].to_numpy(float)
        where = {"xerr": spread} if name == "coverage" else {"yerr": spread}
        axes.errorbar(x, y, fmt="none", ecolor=INK, elinewidth=0.9, **where)  # type: ignore[arg-type]
    a, b = (100 * table[name].to_numpy(float) for name in ("fit_coverage", "fit_density"))
    for k in range(len(table)):
        axes.plot([x[k], a[k]], [y[k], b[k]], color=INK, linewidth=0.5, linestyle=":")
    axes.plot(a, b, "o", color="white", markeredgecolor=INK, markersize=5)
    axes.plot(x, y, "o", color=INK, markersize=6)
    axes.axhline(100 * float(table["base"].iloc[0]), color=INK, linewidth=1.0, linestyle="--")
    axes.grid(color=PALE, linewidth=0.8)
    axes.set_xlabel("Coverage: part of such timelines that the rule has, %", fontsize=9)
    axes.set_ylabel("Density: odds under the rule, %", fontsize=9)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    _numbers(axes, x, y, CORNERS, (a, b))
