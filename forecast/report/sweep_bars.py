"""Figures of sweeps as rows of bars or points: tornado, sobol, crux, given, reweight and readings."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from forecast.report.figures import COLOURS
from forecast.report.sweep_layout import Block, Mark, Panel, Row, head, panels, words

MOST = 12
"""Most rows of a panel; with several panels, fewer."""

FEWER = 8
"""Most rows of each of several panels."""

TWO = "Thin lines: two standard errors on each side."

Tables = Mapping[str, pd.DataFrame]
"""The tables of a saved sweep, by name."""


def colour_of(output: str) -> str:
    """The colour of an output: that of the outcome, or of none."""
    return COLOURS.get(output, "#6d6a75")


def name_of(output: str) -> str:
    """An output in plain words: `battlefield-negotiated` is `Battlefield less negotiated`."""
    plain = str(output).replace("-", " less ").replace("_", " ")
    return plain[:1].upper() + plain[1:]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def outputs(table: pd.DataFrame) -> list[str]:
    """The outputs of a table, in its order; the three outcomes in their usual order."""
    found = list(dict.fromkeys(table["output"]))
    return [*(o for o in COLOURS if o in found), *(o for o in found if o not in COLOURS)]


def tornado(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """For each output the inputs that move it most: its change with the input low, and high."""
    table = tables["inputs"]
    made = []
    for output in outputs(table):
        own = table[table["output"] == output]
        alone = own[own["moved"] == "alone"]
        size = alone["difference"].abs()
        top = alone.loc[size.sort_values(ascending=False, kind="stable").index].head(_most(table))
        along = own[own["moved"] != "alone"].set_index("input")
        rows = tuple(_tornado_row(row, along) for row in records(top))
        base = (about.get("base") or {}).get(output)
        title = name_of(output) + (f": {100 * base['value']:.1f}% as it stands" if base else "")
        made.append(Panel(title, rows, colour_of(output), "Change of the odds, points"))
    key = [
        ("bar-pale", "the input is low (at its 5% quantile), all others as they are"),
        ("bar-strong", "the input is high (at its 95% quantile)"),
    ]
    if (table["moved"] != "alone").any():
        key.append(("joint", "the same, with the inputs correlated with it moving along"))
    note = f"{TWO} Right: value of the input, and change in points."
    blocks = [*head("Tornado: each input low and high", about, key, note), *panels(made)]
    shown, of = min(_most(table), table["input"].nunique()), table["input"].nunique()
    return blocks if shown == of else [*blocks, words(f"The {shown} largest of {of} inputs; the table has all.")]


def _tornado_row(row: Mapping[str, Any], along: pd.DataFrame) -> Row:
    lines = []
    edited = pd.isna(row["low"])
    for end, style in (("high", "strong"),) if edited else (("low", "pale"), ("high", "strong")):
        value, error = 100 * row[f"at_{end}"], 100 * row[f"at_{end}_error"]
        at = "edited" if edited else f"at {row[end]:.3g}"
        text = f"{at}: {value:+.1f}"
        marks = [Mark(value, value - 2 * error, value + 2 * error, 0.0, style, text)]
        if row["input"] in along.index:
            marks.append(Mark(100 * float(along.loc[row["input"], f"at_{end}"]), style="joint"))
        lines.append(tuple(marks))
    unit = "" if edited or not row["unit"] else f" ({row['unit']})"
    return Row(f"{row['label']}{unit}", tuple(lines))


def sobol(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """For each output the total and the first-order index of each set."""
    table, labels = tables["indices"], about.get("labels") or {}
    made = []
    for output in outputs(table):
        own = table[(table["output"] == output) & table["total"].notna()]
        own = own.sort_values("total", ascending=False, kind="stable").head(_most(table))
        rows = [Row(str(labels.get(row["set"], row["set"])), _indices(row)) for row in records(own)]
        empty = "No indices: the variance between draws cannot be distinguished from 0."
        axis = "Share of the variance of the odds between draws, %"
        made.append(Panel(name_of(output), tuple(rows), colour_of(output), axis, empty))
    key = [("strong", "total: alone and through interactions"), ("pale", "first order: alone")]
    note = "Thin lines: 90% intervals. Right: share and its standard error."
    blocks = [*head("Sobol' indices: shares of the variance", about, key, note), *panels(made)]
    shown, of = min(_most(table), table["set"].nunique()), table["set"].nunique()
    return blocks if shown == of else [*blocks, words(f"The {shown} largest of {of}; the table has all.")]


def _indices(row: Mapping[str, Any]) -> tuple[tuple[Mark, ...], ...]:
    lines = []
    for name, style in (("total", "strong"), ("first", "pale")):
        value, error, low, high = (100 * row[f"{name}{part}"] for part in ("", "_error", "_low", "_high"))
        lines.append((Mark(value, low, high, None, style, f"{value:.0f}% ± {error:.0f}"),))
    return tuple(lines)


def crux(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """For each output a bar for each group, each beginning where the last one ends, and their sum."""
    table = tables["groups"]
    between = [str(name) for name in about.get("between") or ("the first", "the second")]
    made = []
    for output in outputs(table):
        own = table[table["output"] == output]
        whole, lines = own[own["group"] == "all"], own[own["group"] != "all"]
        rows, place = [], 0.0
        most = _most(table)
        for row in records(lines.head(most)):
            rows.append(_crux_row(row["label"], row["points"], row["points_error"], place))
            place += row["points"]
        if len(rest := lines.iloc[most:]):
            rows.append(_crux_row(f"{len(rest)} other groups", rest["points"].sum(), float("nan"), place))
        for row in records(whole):
            rows.append(_crux_row("All groups together", row["points"], row["points_error"], 0.0, "pale"))
        axis = f"Odds of {between[-1]} less those of {between[0]}, points"
        made.append(Panel(name_of(output), tuple(rows), colour_of(output), axis))
    key = [
        ("bar-strong", "part of one group; it begins where the bar above it ends"),
        ("bar-pale", "the whole difference, to which the parts add up"),
    ]
    title = f"Crux: from {between[0]} to {between[-1]}"
    return [*head(title, about, key, f"{TWO} Right: points and standard error."), *panels(made)]


def _crux_row(label: object, value: float, error: float, place: float, style: str = "strong") -> Row:
    end = place + value
    text = f"{value:+.1f}" + ("" if pd.isna(error) else f" ± {error:.1f}")
    return Row(str(label), ((Mark(end, end - 2 * error, end + 2 * error, place, style, text),),))


def given(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """The odds where the condition holds, without it, and where it does not hold."""
    kinds = (
        ("strong", "where the condition holds", "probability", "standard_error"),
        ("pale", "without the condition", "without", "without_error"),
        ("other", "where it does not hold", "otherwise", "otherwise_error"),
    )
    return _beside(f"Given: {about.get('given', '')}", about, tables["odds"], kinds)


def reweight(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """The odds under the edited prior and without the edit."""
    kinds = (
        ("strong", "under the edited prior", "probability", "standard_error"),
        ("pale", "without the edit", "without", "without_error"),
    )
    title = f"Reweight: {', '.join(str(edit) for edit in about.get('set') or ())}"
    return _beside(title, about, tables["odds"], kinds)


Kinds = Sequence[tuple[str, str, str, str]]
"""Style, meaning, column of the value and column of its error."""


def _beside(title: str, about: Mapping[str, Any], table: pd.DataFrame, kinds: Kinds) -> list[Block]:
    rows = tuple(Row(str(row["label"]), _odds(row, kinds)) for row in records(table.head(MOST)))
    panel = Panel("Odds", rows, COLOURS["negotiated"], "Probability, %")
    key = [(style, meaning) for style, meaning, _, _ in kinds]
    return [*head(title, about, key, f"{TWO} Right: probability and standard error."), *panels([panel])]


def _odds(row: Mapping[str, Any], kinds: Kinds) -> tuple[tuple[Mark, ...], ...]:
    lines = []
    for style, _, column, spread in kinds:
        value, error = 100 * row[column], 100 * row[spread]
        if not pd.isna(value):
            text = f"{value:.1f}%" + ("" if pd.isna(error) else f" ± {error:.1f}")
            lines.append((Mark(value, value - 2 * error, value + 2 * error, None, style, text),))
    return tuple(lines)


def readings(about: Mapping[str, Any], tables: Tables) -> list[Block]:
    """For each output the odds under each reading, beside those of the rows as coded."""
    table = tables["readings"]
    kinds = (
        ("strong", "under the reading", "probability", "standard_error"),
        ("pale", "rows as coded", "as_coded", "as_coded_error"),
    )
    made = []
    for output in outputs(table):
        own = table[table["output"] == output]
        rows = [Row(f"{row['reading']}: {row['title']}", _odds(row, kinds)) for row in records(own.head(MOST))]
        made.append(Panel(str(own["label"].iloc[0]), tuple(rows), colour_of(output), "Probability, %"))
    key = [(style, meaning) for style, meaning, _, _ in kinds]
    note = f"{TWO} Right: probability and standard error."
    return [*head("Readings: the odds under second readings of the record", about, key, note), *panels(made)]


def _most(table: pd.DataFrame) -> int:
    return MOST if table["output"].nunique() == 1 else FEWER
