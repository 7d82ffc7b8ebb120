"""What is new since the reference date: where things stand, what happened, how the figures have moved."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import pandas as pd

from forecast.belief.model import series_used
from forecast.evidence.states import FOLLOWED
from forecast.scenario.spec import Scenario

WORDS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "rung": (
        "Talks on ending the war",
        {
            "none": "none agreed or under way",
            "contact": "agreed or under way, no written terms yet",
            "terms": "written terms in the hands of both sides",
            "text": "one draft worked on by all who must sign it",
            "signed": "a settlement signed",
        },
    ),
    "posture": (
        "{washington}",
        {
            "mediating": "mediating between both sides",
            "pressing_kyiv": "pressing {kyiv}",
            "pressing_moscow": "pressing {moscow}",
            "walked_away": "walked away",
        },
    ),
    "truce": (
        "Truce without a settlement",
        {
            "none": "none",
            "limited": "a limited one (one kind of attack, one place or a holiday)",
            "general": "a general one, along the whole front",
        },
    ),
    "arms": ("US arms for {kyiv}", {"flowing": "delivered", "paused": "held back"}),
    "ban": ("{kyiv}'s ban on negotiating", {"stands": "stands", "lifted": "lifted"}),
    "kursk": ("The pocket in Kursk region", {"held": "held by {kyiv}", "expelled": "no longer held by {kyiv}"}),
}
"""Recorded states and their values for readers; the coding guide has their criteria."""


def in_words(scenario: Scenario, state: str, value: str) -> tuple[str, str]:
    """A recorded state and one of its values in short words."""
    label, values = WORDS[state]
    named = {party.id: party.label for party in scenario.parties}
    return label.format(**named), values[value].format(**named)


def since(scenario: Scenario, day: date) -> dict[str, Any] | None:
    """What a run as of a day knows of the time since the reference date, as `summary.json` holds it.

    Returns:
        `reference`; `states`: where each recorded state stands, and since when; `happened`: events and changes of
        states in order of date, with whether the odds rest on them; `figures`: of each series that is learnt from or
        followed, the last figure as known on the reference date and as known now, and what was revised. None on the
        reference date.
    """
    if day == scenario.reference_date:
        return None
    return {
        "reference": scenario.reference_date.isoformat(),
        "states": _states(scenario, day),
        "happened": _happened(scenario, day),
        "figures": _figures(scenario, day),
    }


def _states(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """Each recorded state: its meaning, its value and since when it stands; null since before the reference date."""
    seen = scenario.chronology.as_of(day)
    found = []
    for state, guide in seen.guide.state.items():
        rows = seen.states[seen.states["state"] == state]
        last = None if rows.empty else rows.iloc[-1]
        value = seen.start[state] if last is None else str(last["value"])
        label, words = in_words(scenario, state, value)
        found.append(
            {
                "state": state,
                "label": label,
                "meaning": guide.meaning,
                "value": value,
                "words": words,
                "criterion": guide.values[value],
                "since": None if last is None else last["observed"].date().isoformat(),
            }
        )
    return found


def _happened(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """Events and changes of states, in order of date.

    An event counts if its decision is recorded systematically and no state tells of it; a change of a state does unless
    that is only followed. `moves` is the state of which an event made the change of that day.
    """
    seen = scenario.chronology.as_of(day)
    moved = set(zip(seen.states["observed"], seen.states["state"], strict=True))
    changes = [
        {
            "observed": row["observed"].date().isoformat(),
            "text": ": ".join(in_words(scenario, row["state"], row["value"])),
            "state": row["state"],
            "value": row["value"],
            "decision": None,
            "moves": None,
            "reason": row["reason"],
            "source": row["source"],
            "counts": row["state"] != FOLLOWED,
        }
        for _, row in seen.states.iterrows()
    ]
    events = [
        {
            "observed": row["observed"].date().isoformat(),
            "text": row["event"],
            "state": None,
            "value": None,
            "decision": row["decision"] or None,
            "moves": state if (row["observed"], state) in moved else None,
            "reason": row["reason"],
            "source": row["source"],
            "counts": bool(row["systematic"]) and not state,
        }
        for _, row in seen.events.iterrows()
        for state in [seen.guide.decision[row["decision"]].state if row["decision"] else ""]
    ]
    return sorted([*events, *changes], key=lambda entry: str(entry["observed"]))


def _figures(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """The last figure of each series that is used, as known on the reference date and as known now, and revisions."""
    used = dict.fromkeys([*series_used(scenario, day), *([scenario.series.kursk] if scenario.series.kursk else [])])
    before, now = scenario.evidence.as_of(scenario.reference_date), scenario.evidence.as_of(day)
    found = []
    for name in used:
        old, new = before.series(name), now.series(name)
        figures, revised = int((~new["observed"].isin(old["observed"])).sum()), _revised(old, new)
        if not figures and not revised:
            continue
        spec = scenario.evidence.specs[name]
        low, high = spec.range
        found.append(
            {
                "series": name,
                "title": spec.title,
                "unit": spec.unit,
                "figures": figures,
                "then": None if old.empty else float(old["value"].iloc[-1]),
                "then_observed": None if old.empty else old["observed"].iloc[-1].date().isoformat(),
                "now": float(new["value"].iloc[-1]),
                "now_observed": new["observed"].iloc[-1].date().isoformat(),
                "now_outside": not low <= float(new["value"].iloc[-1]) <= high,
                "revised": revised,
            }
        )
    return found


def _revised(old: pd.DataFrame, new: pd.DataFrame) -> list[dict[str, Any]]:
    """The figures that were known on the reference date and have another value now, in order of date."""
    both = old.merge(new, on="observed", suffixes=("_was", "_now"))
    rows = both[both["value_was"] != both["value_now"]]
    return [
        {"observed": observed.date().isoformat(), "was": float(was), "now": float(now)}
        for observed, was, now in zip(rows["observed"], rows["value_was"], rows["value_now"], strict=True)
    ]
