"""The tables that `forecast check` prints."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from forecast.pipeline.prior_check import MUCH
from forecast.report.context import NOT_CHECKED
from forecast.report.numbers import three_figures
from forecast.scenario.perspectives import BASE
from forecast.scenario.review import FILE, PAGE


def show_check(found: Mapping[str, Any], console: Console) -> None:
    """Print the priors, their implications, and the year that they make."""
    counts = found["counts"]
    console.print(
        f"{found['scenario']}: valid. {counts['files']} files, {counts['priors']} priors, "
        f"{counts['premises']} premises, {counts['sources']} sources, "
        f"{counts['evidence_rows']} evidence rows by the reference date. "
        f"Priors cite {counts['sources_cited']} sources, "
        f"{counts['sources_from_memory']} of them {NOT_CHECKED}."
    )
    console.print(_perspectives(found))
    for line in _readings(found):
        console.print(line)
    for line in review_lines(found["review"]):
        console.print(line)
    table = _table("Prior", "As elicited", "As fitted: 5 / 50 / 95%", "Unit", "Varies by")
    for row in found["priors"]:
        fitted = " / ".join(three_figures(row[at]) for at in ("q05", "q50", "q95"))
        table.add_row(row["name"], row["elicited"], fitted, row["unit"], row["varies"])
    console.print(table)

    table = _table("Chance a year", "As elicited", "From reference levels", "On the reference date", "Ratio", "Acts")
    for row in found["intensities"]:
        reference = (
            "" if row["reference"] is None else f"{100 * row['reference']:.2f}% (error {100 * row['error']:.2f})"
        )
        seen = "" if row["simulated"] is None else f"{100 * row['simulated']:.1f}%"
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}" + (" !" if row["beyond"] else "")
        table.add_row(row["name"], f"{100 * row['elicited']:.2f}%", reference, seen, ratio, row["acts"])
    console.print(table)
    for row in found["intensities"]:
        if row["beyond"]:
            reason = (
                row["reason"] or "No reason is written down: add on_the_date to the entry, or look again at its prior."
            )
            console.print(f"! {row['name']}: on the reference date more than {MUCH:g} times as likely. {reason}")

    table = Table(f"Defeat of {found['countries']['kyiv']}, a year", "5%", "50%", "95%")
    for name in ("elicited", "breakthrough_then_collapse", "direct", "together"):
        row = found["defeat"][name]
        table.add_row(name.replace("_", " "), *(f"{100 * row[q]:.2f}%" for q in ("q05", "q50", "q95")))
    console.print(table)
    console.print(f"Simulated over 52 weeks: {_with_error(found['defeat']['simulated'])}")
    ceiling = found["ceiling"]
    console.print(
        f"Ceiling of the ladder within 52 weeks, if everybody always consented: "
        f"signed {_with_error(ceiling['signed'])}, "
        f"in force {_with_error(ceiling['in_force'])}"
    )
    _show_year(found["year"], console)


def review_lines(review: Mapping[str, Any] | None) -> list[str]:
    """The entries that a person must still confirm, a line each, below a line that counts them; perhaps none."""
    if review is None or not review["open"]:
        return []
    head = (
        f"! Rolled on from {review['rolled_from']}: {len(review['open'])} of {review['items']} entries are not "
        f"confirmed. {PAGE} says why each needs a look. Confirm one with reviewed = DATE in its table, or in its item "
        f"of {FILE}."
    )
    return [head, *(f"! {item['file']}:{item['line']} {item['key']}: {item['why']}" for item in review["open"])]


def _perspectives(found: Mapping[str, Any]) -> str:
    """The perspectives, and the one that is in use."""
    names = [f"{row['name']} ({row['title']}; priors changed: {row['changes']})" for row in found["perspectives"]]
    return f"Perspectives: {', '.join([BASE, *names])}. The numbers below are under {found['perspective']}."


def _readings(found: Mapping[str, Any]) -> list[str]:
    """The readings of the record, a line each; the record has been checked under each of them."""
    lines = [f"  {row['id']}: {row['title']} (rows changed: {row['rows']})" for row in found["readings"]]
    return ["Readings of the record, each without a contradiction:", *lines] if lines else []


def _show_year(year: Mapping[str, Any], console: Console) -> None:
    """The year that the priors make, compared with past wars and with crowd forecasts."""
    table = Table("Within 52 weeks", "Odds")
    for name, entry in year["implied"].items():
        table.add_row(name.replace("_", " "), _with_error(entry))
    console.print(table)
    for row in year["wars"]:
        ends = ", ".join(f"{count} {how.replace('_', ' ')}" for how, count in row["ends"].items())
        console.print(
            f"Interstate wars between two and five years old ({row['wars']}): {row['war_years']:.1f} war-years, "
            f"ended: {ends}; {100 * row['ended_a_year']:.0f}% a year, "
            f"won or lost {100 * row['won_or_lost_a_year']:.0f}%."
        )
    if year["crowds"]:
        table = Table("Question to a crowd", "Crowd", "Compared with", "Until", "Here")
        for row in year["crowds"]:
            crowd = f"{100 * row['crowd']:.0f}%"
            asked = f"{row['platform']}: {row['question']}"
            table.add_row(asked, crowd, row["compared_with"], row["to"], _with_error(row["forecast"]))
        console.print(table)


def _table(first: str, *others: str) -> Table:
    """A table that never cuts its first column, which has the names."""
    return Table(Column(first, no_wrap=True, overflow="fold"), *others)


def _with_error(entry: Mapping[str, Any]) -> str:
    error = entry["standard_error"]
    return f"{100 * entry['probability']:.1f}%" + ("" if error is None else f" (error {100 * error:.1f})")
