"""The data dictionary of a run's tables, made from the registry: `python -m forecast.docs_pages.data_dictionary`."""

import sys

from forecast.encoding.timeline_table import data_dictionary
from forecast.timeline.bands import LEVELS
from forecast.timeline.codes import LEADERS, PARTIES, POSTURES, RUNGS, TRUCES
from forecast.timeline.fields import UNITS


def dictionary() -> str:
    """The dictionary as Markdown."""
    lines = [
        "# What a run's tables hold",
        "",
        "Made by `python -m forecast.docs_pages.data_dictionary`; do not edit.",
        "",
        "## timelines.parquet: one row a timeline",
        "",
        "`<party>` stands for " + ", ".join(f"`{party}`" for party in PARTIES) + "; `<region>` for the ids of the",
        "regions in the scenario's `front.toml`. A date is empty if the event never happened. Events of a week are",
        "dated by its last day. Of a pool there is a column `perspective`, the member, and `base-rates` leaves empty",
        "what it has no answer to.",
        "",
        "| Column | Unit | Meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{name}` | {unit} | {meaning} |" for name, unit, meaning in data_dictionary()]
    lines += ["", "Words that stand for codes:", ""]
    for name, words in (("posture", POSTURES), ("rung", RUNGS), ("truce", TRUCES), ("leader", LEADERS)):
        lines.append(f"- `{name}`: {', '.join(words)}")
    lines += [
        "",
        "## bands.parquet: weekly quantiles of every level",
        "",
        "One row for each level, kind of ending (`all`, `battlefield`, `negotiated`, `unresolved`) and week, among the",
        "timelines still running: `level`, `unit`, `ending`, `week` (counted from the reference date), `date` (last",
        "day of the week), `q05`, `q25`, `q50`, `q75`, `q95`, `timelines` (how many). Quantiles are read from fine",
        "bins. The last week of a run may be a part of one.",
        "",
        "| Level | Unit |",
        "|---|---|",
    ]
    lines += [f"| `{level.name}` | {level.unit} |" for level in LEVELS]
    lines += [
        "",
        "## draws.parquet: one row a draw of the posterior",
        "",
        "A column for every prior by its dotted name, in the unit of its file; for a prior that is drawn anew in each",
        "timeline, its median given the row. `front.slow` and `front.fast` are the levels of the advance on the as-of",
        "date (z), `washington.capital` and `kyiv.instability` those of capital and instability (sd); `log_prior` is",
        "the log density of the joint prior. As of the reference date timelines use the first 500 rows, of a pool",
        "those of each `perspective`; as of a later date those that the replay has selected by their weights, some",
        "several times. A timeline's `draw` is the row's number, from 0, of a pool among those of its member.",
        "`draws_base-rates.parquet` has those of `base-rates`: `end` and `truce` (rates a year), `won_or_lost`,",
        "`stalemate`, `other` and `initiator_wins` (shares), `truce_breaks` (a year), `weight.<settlement>`, `km2` and",
        "`km2_sd` (change of area over four weeks).",
        "",
        "## Units",
        "",
    ]
    lines += [f"- {unit}: {meaning}" for unit, meaning in UNITS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(dictionary())
