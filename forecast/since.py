"""What is new since the reference date: where things stand, what happened, how the figures have moved."""

from datetime import date
from typing import Any

from forecast.belief.model import learnt_from
from forecast.scenario.spec import Scenario

FOLLOWED = "kursk"
"""The recorded state that is followed by its series and weighs nothing."""


def since(scenario: Scenario, day: date) -> dict[str, Any] | None:
    """What a run as of a day knows of the time since the reference date, as `summary.json` holds it.

    Returns:
        `reference`; `states`: where each recorded state stands, and since when; `happened`: events and changes of
        states in order of date, with whether the odds rest on them; `figures`: of each series that is learnt from or
        followed, the last figure as known on the reference date and as known now. None on the reference date.
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
        found.append(
            {
                "state": state,
                "meaning": guide.meaning,
                "value": seen.start[state] if last is None else last["value"],
                "since": None if last is None else last["observed"].date().isoformat(),
            }
        )
    return found


def _happened(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """Events and changes of states, in order of date.

    An event counts if its decision is recorded systematically and no state tells of it; a change of a state does unless
    that is only followed.
    """
    seen = scenario.chronology.as_of(day)
    changes = [
        {
            "observed": row["observed"].date().isoformat(),
            "text": f"{row['state']}: {row['value'].replace('_', ' ')}",
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
            "reason": row["reason"],
            "source": row["source"],
            "counts": bool(row["systematic"]) and not seen.guide.decision[row["decision"]].state,
        }
        for _, row in seen.events.iterrows()
    ]
    return sorted([*events, *changes], key=lambda entry: str(entry["observed"]))


def _figures(scenario: Scenario, day: date) -> list[dict[str, Any]]:
    """The last figure of each series that is used, as known on the reference date and as known now."""
    used = dict.fromkeys([*learnt_from(scenario, day), *([scenario.series.kursk] if scenario.series.kursk else [])])
    before, now = scenario.evidence.as_of(scenario.reference_date), scenario.evidence.as_of(day)
    found = []
    for name in used:
        old, new = before.series(name), now.series(name)
        if new.empty or (not old.empty and old["observed"].iloc[-1] == new["observed"].iloc[-1]):
            continue
        spec = scenario.evidence.specs[name]
        found.append(
            {
                "series": name,
                "title": spec.title,
                "unit": spec.unit,
                "figures": len(new) if old.empty else int((new["observed"] > old["observed"].iloc[-1]).sum()),
                "then": None if old.empty else float(old["value"].iloc[-1]),
                "then_observed": None if old.empty else old["observed"].iloc[-1].date().isoformat(),
                "now": float(new["value"].iloc[-1]),
                "now_observed": new["observed"].iloc[-1].date().isoformat(),
            }
        )
    return found
