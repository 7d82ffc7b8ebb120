"""The timelines of two runs that changed their ending, and two of them described side by side.

Timelines are paired by member, draw and replicate: the same parameters and the same random numbers, from two dates. A
timeline whose draw only one of the runs uses has no partner.
"""

import tomllib
from typing import Any

import pandas as pd

from forecast.errors import InputError
from forecast.narrative.story import Story, story_of
from forecast.outcomes.clustering import MEMBER
from forecast.outcomes.shares import followed
from forecast.scenario.perspectives import BASE_RATES
from forecast.store.saved_run import Run

MOST_LINES = 12
"""Most lines of a timeline that are shown beside those of another."""

SHOWN_PARTS = ("talks", "washington", "endings", "kyiv")
"""Parts of the week of which events are shown first."""


def changed_endings(a: Run, b: Run) -> dict[str, Any]:
    """The paired timelines of an earlier and a later run, as JSON.

    Returns:
        `paired` and `changed` are numbers of timelines. `moves` has the numbers by ending in the earlier and the later
        run, with labels, largest first. `examples` has two timelines; fewer if fewer changed or can be simulated again.
    """
    paired = _paired(a, b)
    moved = paired[paired["ending_a"] != paired["ending_b"]]
    counts = moved.groupby(["ending_a", "ending_b"]).size().sort_values(ascending=False, kind="stable")
    labels = _labels(b)
    moves = [
        {
            **{"from": one, "to": other, "timelines": int(count)},
            **{"from_label": labels.get(one, one), "to_label": labels.get(other, other)},
        }
        for (one, other), count in zip(counts.index.tolist(), counts, strict=True)
    ]
    found = {"paired": len(paired), "changed": len(moved), "moves": moves}
    examples, notes = [], []
    for move in moves[:2]:
        rows = moved[(moved["ending_a"] == move["from"]) & (moved["ending_b"] == move["to"]) & moved["weekly"]]
        if rows.empty:
            continue
        one, other = int(rows["timeline_a"].iloc[0]), int(rows["timeline_b"].iloc[0])
        try:
            examples.append(_example(story_of(a, one), story_of(b, other)))
        except (InputError, KeyError, OSError) as error:
            notes.append(f"timelines {one} and {other} cannot be described: {error}")
    return found | {"examples": examples, "notes": notes}


def _labels(run: Run) -> dict[str, str]:
    """The labels of endings by id, from the run's own inputs; empty if they cannot be read."""
    try:
        tables = tomllib.loads((run.folder / "inputs" / "priors" / "scenario.toml").read_text(encoding="utf-8"))
        return {str(row["id"]): str(row["label"]) for row in tables["ending"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _paired(a: Run, b: Run) -> pd.DataFrame:
    """The timelines that both runs have, by member, draw and replicate."""
    settings = [run.manifest.get("settings", {}) for run in (a, b)]
    keys = ["member", "draw", "replicate"]
    parts = []
    for run in (a, b):
        table = run.timelines
        member = (
            table[MEMBER].astype(str)
            if MEMBER in table
            else pd.Series(run.manifest["settings"]["perspective"], table.index)
        )
        parts.append(
            pd.DataFrame(
                {
                    "member": member,
                    "draw": table["draw"],
                    "replicate": table["replicate"],
                    "timeline": table["timeline"],
                    "ending": table["ending"].astype(str),
                    "weekly": followed(table) & (member != BASE_RATES).to_numpy(),
                }
            )
        )
    if settings[0].get("draw_seed", 1) != settings[1].get("draw_seed", 1):
        parts[0] = parts[0].iloc[:0]  # the draws of two seeds have nothing in common but their numbers
    both = parts[0].merge(parts[1], on=keys, suffixes=("_a", "_b"))
    return both.assign(weekly=both["weekly_a"] & both["weekly_b"]).drop(columns=["weekly_a", "weekly_b"])


def _example(one: Story, other: Story) -> dict[str, Any]:
    """Two timelines side by side: their titles, and lines by day."""
    return {
        "earlier": {"title": one.title, "lines": _lines(one, other)},
        "later": {"title": other.title, "lines": _lines(other, one)},
    }


def _lines(story: Story, other: Story) -> list[dict[str, str]]:
    """The lines of a timeline that the other one lacks, the last `MOST_LINES`; those about the ending come last."""
    theirs = {(line.end, line.text) for line in other.lines}
    own = [line for line in story.lines if line.part != "levels" and (line.end, line.text) not in theirs]
    first = [line for line in own if line.part in SHOWN_PARTS][-MOST_LINES:] or own[-MOST_LINES:]
    return [{"date": line.begin.isoformat(), "text": line.text} for line in first]
