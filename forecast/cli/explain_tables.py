"""The tables that `forecast explain` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from forecast.report.numbers import three_figures
from forecast.timeline.codes import PARTIES


def show_explanation(found: Mapping[str, Any], console: Console) -> None:
    """Print an explanation."""
    console.print("The week, in order", style="bold", end="")
    console.print(f" ({found['scenario']}, perspective {found['perspective']})\n")
    console.print(found["order"])
    for part in found["parts"]:
        console.rule(f"{part['number']}. {part['part']}")
        console.print(f"{', '.join(part['files'])}. Premises: {', '.join(part['premises'])}\n")
        console.print(part["text"])
        table = Table("Function", "Purpose", title="In the code", title_justify="left")
        for function in part["functions"]:
            table.add_row(function["function"], function["does"])
        console.print(table)
        console.print(_parameters(part["parameters"] + part.get("regions", [])))
        for settlement in part.get("settlements", []):
            console.print(
                f"{settlement['label']} ({settlement['settlement']}). "
                f"Signed by {', '.join(found['parties'][party] for party in settlement['signatories'])}. "
                f"Steps: {', '.join(settlement['staging']) or 'none named'}. {settlement['criteria']}",
            )
        if "positions" in part:
            console.print(_positions(part, found["parties"]))


def _parameters(rows: Sequence[Mapping[str, Any]]) -> Any:
    table = Table("Parameter", "Meaning", "Unit", "5 / 50 / 95%", "Premises", title="Parameters", title_justify="left")
    for row in rows:
        table.add_row(
            row["name"].split(".", 1)[1] + (" *" if row["varies"] == "timeline" else ""),
            row["meaning"],
            row["unit"],
            " / ".join(three_figures(row[at]) for at in ("q05", "q50", "q95")),
            " ".join(row["premises"]),
        )
    table.caption = "* drawn in each timeline"
    return table


def _positions(part: Mapping[str, Any], labels: Mapping[str, str]) -> Any:
    table = Table(
        "Issue", "0 is", "1 is", *(labels[p] for p in PARTIES), title="Typical positions", title_justify="left"
    )
    for issue in part["issues"]:
        row = part["positions"][issue["issue"]]
        table.add_row(issue["label"], issue["zero"], issue["one"], *(f"{row[p]:.2f}" for p in PARTIES))
    return table
