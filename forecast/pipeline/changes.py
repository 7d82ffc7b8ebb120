"""News since the reference date: recorded states, events, readings, and the observations of each series."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from forecast.evidence.states import FOLLOWED, STATES, moved_state
from forecast.scenario.spec import Scenario


def in_words(scenario: Scenario, state: str, value: str) -> tuple[str, str]:
    """A recorded state and one of its values in short words."""
    names = scenario.names
    return STATES[state].label.format(**names), STATES[state].values[value].words.format(**names)


def since(scenario: Scenario, day: date, learnt: Iterable[str]) -> dict[str, Any] | None:
    """The evidence between the reference date and a later day, as `summary.json` holds it.

    Returns:
        `reference`; `coded_until`: the last day for which events and states are coded; `days_not_coded`: the days
        between it and the as-of date; `states`: each recorded state, and since when it is so; `happened`: events and
        changes of states in order of date, and whether they enter the odds; `figures`: for each series in use, the
        last observation known on the reference date, the last known now, and revisions. None on the reference date.
    """
    if day == scenario.reference_date:
        return None
    return {
        "reference": scenario.reference_date.isoformat(),
        "coded_until": scenario.chronology.coded_until.isoformat(),
        "days_not_coded": days_not_coded(scenario, day),
        "states": _states(scenario, day),
        "happened": _happened(scenario, day),
        "figures": _figures(scenario, day, learnt),
    }


def days_not_coded(scenario: Scenario, day: date) -> int:
    """Days before an as-of date for which events and recorded states are not coded."""
    return (day - scenario.chronology.known_until(day)).days


def readings_used(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """The readings of the record that a run as of a day uses, as `summary.json` holds them.

    Returns:
        for each reading its `id`, `title`, `reason` and `source`, and `rows`: the number of rows that it adds,
        replaces or removes among those public by that day; 0 means that it changes nothing by then.
    """
    record = scenario.chronology
    return [
        {"id": one.id, "title": one.title, "reason": one.reason, "source": one.source}
        | {"rows": record.edits_seen(one.id, day)}
        for one in map(record.readings.__getitem__, record.used)
    ]


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

    An event counts if its decision is recorded systematically and no recorded state covers it. A change of a state
    counts unless the state is only followed. `moves` names the state that an event changed on its day, `reading` the
    reading that gives the row.
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
            "reading": seen.reading_of(row["row"]),
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
            "reading": seen.reading_of(row["row"]),
            "reason": row["reason"],
            "source": row["source"],
            "counts": bool(row["systematic"]) and not state,
        }
        for _, row in seen.events.iterrows()
        for state in [moved_state(row["decision"])]
    ]
    return sorted([*events, *changes], key=lambda entry: str(entry["observed"]))


def _figures(scenario: Scenario, day: date, learnt: Iterable[str]) -> list[dict[str, Any]]:
    """The last figure of each series that is used, as known on the reference date and as known now, and revisions."""
    used = dict.fromkeys([*learnt, *([scenario.series.pocket] if scenario.series.pocket else [])])
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
