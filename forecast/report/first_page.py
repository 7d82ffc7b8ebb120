"""The numbers of a report's first page: frequencies, the leading inputs, the changes and the events to watch."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.clustering import FEW_TIMELINES
from forecast.plain_text import markdown
from forecast.report.numbers import (
    day_in_words,
    frequency,
    interval,
    number,
    percent,
    two_figures,
    whole,
)
from forecast.report.sections import by_member
from forecast.scenario.spec import Scenario

LEADING = 3
"""Most inputs that the first page names."""

HELD = 2
"""Most inputs that it names as holding a part of the variance of an outcome's odds."""

MOVES = 4
"""Most changes of recorded states that it names, the last ones."""

DATES = 3
"""Most dated events that it names, the next ones."""

WATCHED = ("breakthrough", "pocket_lost", "limited_truce", "general_truce", "walked_away", "wider_war")
"""Events after which the odds may differ, by their keys in `given`."""

LEAST_EFFECT = 0.01
"""Least effect of an input on one of the odds that is named; it must also exceed two standard errors."""

SHIFT = 0.05
"""Least difference of one of the odds for which an event is named."""

OPEN = 0.9
"""Width of a 90% range beyond which the first page says that it covers nearly everything."""

PRECISE = 0.1
"""Largest Monte Carlo error that is small beside a 90% range, as a share of the range's width."""


def share(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A share for a sentence: its frequency, its percentage and its 90% range; `known` is false without a share."""
    p = entry["probability"]
    return {
        "known": p is not None,
        "often": "" if p is None else frequency(p),
        "percent": percent(p),
        "interval": interval(entry),
    }


def main_endings(scenario: Scenario, summary: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """The two most frequent endings of each outcome that reach a whole percent, without the outcome in their label."""
    found: dict[str, list[dict[str, str]]] = {}
    for kind in HEADLINES:
        own = [ending for ending in scenario.endings if ending.kind == kind]
        odds = {ending.id: summary["endings"][ending.id]["probability"] for ending in own}
        common = sorted((e for e in own if whole(odds[e.id])), key=lambda e: -odds[e.id])[:2]
        found[kind] = [
            {"label": markdown(e.label.removeprefix(f"{kind.capitalize()}: ")), "percent": percent(odds[e.id])}
            for e in common
        ]
    return found


def battlefield_by_member(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each member's share of battlefield endings among its timelines in which the war ends; empty without a pool."""
    found = []
    for name, member in by_member(summary).items():
        battlefield, negotiated = member["odds"]["battlefield"], member["odds"]["negotiated"]
        ended = battlefield["count"] + negotiated["count"]
        enough = ended >= FEW_TIMELINES
        found.append({"name": name, "percent": percent(battlefield["count"] / ended if enough else None)})
    return found


def disagreement_of_members(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """The members with the lowest and the highest odds of each way in which the war ends; empty without a pool."""
    members = by_member(summary)
    found = []
    for kind in HEADLINES[:2] if members else ():
        odds = {name: member["odds"][kind]["probability"] for name, member in members.items()}
        low, high = min(odds, key=lambda name: odds[name]), max(odds, key=lambda name: odds[name])
        found.append(
            {"kind": kind, "low": low, "lowest": percent(odds[low]), "high": high, "highest": percent(odds[high])}
        )
    return found


def leading(turns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The inputs on which the odds depend most, each once, with the odds that it clearly moves.

    Args:
        turns: `turns_on` of the summary.
        rows: the same as the report's table has them.
    """
    found: dict[str, dict[str, Any]] = {}
    for turn, row in sorted(zip(turns, rows, strict=True), key=lambda pair: -pair[0]["largest"]):
        clear = [
            {"kind": kind, "points": str(abs(round(100 * turn[kind]))), "higher": turn[kind] > 0}
            for kind in sorted(HEADLINES, key=lambda kind: -abs(turn[kind]))
            if abs(turn[kind]) > max(LEAST_EFFECT, 2.0 * turn[f"{kind}_error"])
        ]
        if turn["name"] not in found and clear:
            meaning = row["meaning"][:1].upper() + row["meaning"][1:]
            low, high = (amount(turn[end], row["unit"]) for end in ("low", "high"))
            low = low.partition(" ")[0]  # the unit follows the high value
            found[turn["name"]] = {**row, "meaning": meaning, "low": low, "high": high, "effects": clear}
    return list(found.values())[:LEADING]


def amount(x: float, unit: str) -> str:
    """A value of an input in its unit, for a sentence."""
    match unit:
        case "chance/year":
            return f"{whole(x)}% a year"
        case "1/year":
            return f"{number(x)} a year"
        case "chance" | "share":
            return f"{whole(x)}%"
        case "value":
            return f"{whole(x)}% of all at stake"
        case "km2" | "EUR bn" | "EUR bn/month" | "km2/week" | "weeks":
            return f"{two_figures(x) if abs(x) >= 10 else f'{x:.2g}'} {unit.replace('/', ' a ')}"
        case _:
            return number(x)


def moves(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """The last changes of recorded states, newest first, each with the event that made it."""
    since = summary["since"]
    changed = sorted((entry for entry in since["states"] if entry["since"]), key=lambda entry: entry["since"])
    why = {(event["observed"], event["moves"]): event["text"] for event in since["happened"] if event["moves"]}
    return [
        {
            "day": day_in_words(date.fromisoformat(entry["since"])),
            "state": markdown(entry["label"]),
            "words": markdown(entry["words"]),
            "why": markdown(first_sentence(why.get((entry["since"], entry["state"]), ""))),
        }
        for entry in changed[: -MOVES - 1 : -1]
    ]


def first_sentence(text: str) -> str:
    """The first sentence of a text."""
    return re.split(r"(?<=[\w)]\.)\s+(?=[A-Z])", text, maxsplit=1)[0]


def area(scenario: Scenario, summary: Mapping[str, Any]) -> dict[str, str] | None:
    """The change of the occupied area since the reference date; None without a new observation."""
    for entry in summary["since"]["figures"]:
        if entry["series"] == scenario.area_series and entry["then"] is not None:
            change = entry["now"] - entry["then"]
            day = date.fromisoformat(entry["now_observed"])
            return {
                "title": markdown(entry["title"]),
                "change": f"{'+' * (change > 0)}{two_figures(change)}",
                "day": day_in_words(day),
            }
    return None


def dates(scenario: Scenario, as_of: date) -> list[dict[str, str]]:
    """The next events with a date that is known beforehand."""
    coming = sorted((*scenario.votes, *scenario.upheavals), key=lambda event: event.date)
    within = [event for event in coming if as_of < event.date <= scenario.horizon]
    return [{"day": day_in_words(event.date), "label": markdown(event.label)} for event in within[:DATES]]


def watched(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The events after which the odds differ most, with the odds in the timelines in which they happen."""
    odds, found = summary["odds"], []
    for event in WATCHED:
        after = summary["given"].get(event, {}).get("odds", {})
        if any(after.get(kind, {}).get("probability") is None for kind in HEADLINES):
            continue
        shift = max(abs(after[kind]["probability"] - odds[kind]["probability"]) for kind in HEADLINES)
        if shift >= SHIFT:
            shares = {kind: percent(after[kind]["probability"]) for kind in HEADLINES}
            found.append({"event": event, "shift": shift, **shares})
    return sorted(found, key=lambda entry: -entry["shift"])[:LEADING]


def first_to_refuse(summary: Mapping[str, Any]) -> dict[str, str] | None:
    """The party that most often has the least consent when talks first fall back for lack of it; None if too few do."""
    shares = {party: entry["probability"] for party, entry in summary["first_refusal"].items()}
    if any(p is None for p in shares.values()):
        return None
    party = max(shares, key=lambda party: shares[party])
    return {"party": party, "percent": percent(shares[party])}


def widest(summary: Mapping[str, Any]) -> dict[str, str] | None:
    """The widest 90% range of the three odds; None if there are none."""
    ranges = {kind: entry["interval"] for kind, entry in summary["odds"].items() if entry["interval"]}
    if not ranges:
        return None
    kind = max(ranges, key=lambda kind: ranges[kind][1] - ranges[kind][0])
    return {"kind": kind, "interval": interval(summary["odds"][kind])}


def precision(summary: Mapping[str, Any]) -> str:
    """The largest Monte Carlo error of the three odds in whole points; empty if it is not known."""
    errors = [entry["standard_error"] for entry in summary["odds"].values()]
    known = [error for error in errors if error]
    return str(round(100.0 * max(known))) if known else ""


def open_ranges(resolved: Mapping[str, Any]) -> bool:
    """Whether the 90% ranges of the outcomes of wars that end cover nearly everything."""
    ranges = [resolved[kind]["interval"] for kind in HEADLINES[:2]]
    return all(ends is not None and ends[1] - ends[0] > OPEN for ends in ranges)


def precise(summary: Mapping[str, Any]) -> bool:
    """Whether the Monte Carlo errors of the three odds are small beside their 90% ranges."""
    return all(
        entry["interval"] is not None
        and entry["standard_error"] is not None
        and entry["standard_error"] <= PRECISE * (entry["interval"][1] - entry["interval"][0])
        for entry in summary["odds"].values()
    )


def judged(leads: Sequence[Mapping[str, Any]]) -> str:
    """The leading input that rests on judgement, as a phrase; empty if none does."""
    return next((str(lead["meaning"]) for lead in leads if lead["basis"] != "figure"), "")


def held(summary: Mapping[str, Any], meanings: Mapping[str, str]) -> list[dict[str, Any]]:
    """The parts that hold most of the uncertainty of the two ways to an end, the less certain way first.

    Args:
        summary: of the run.
        meanings: of the inputs by name, as the report words them.

    Returns:
        For each outcome of which something can be said: `kind`, `members` (empty for one member) and `priors`, each
        with `meaning` and `percent`.
    """
    found = []
    wide = [kind for kind in HEADLINES[:2] if summary["odds"][kind]["interval"] and summary["uncertainty"][kind]]
    for kind in sorted(wide, key=lambda kind: -float(np.ptp(summary["odds"][kind]["interval"]))):
        parts = summary["uncertainty"][kind]
        members = "" if parts["members"] is None else percent(parts["members"])
        priors = [
            {"meaning": meanings[entry["name"]], "percent": percent(entry["share"])} for entry in parts["priors"][:HELD]
        ]
        if members or priors:
            found.append({"kind": kind, "members": members, "priors": priors})
    return found


def simulated(summary: Mapping[str, Any]) -> dict[str, str]:
    """The odds among the years that were simulated week by week: in a pool, of the members that have such years."""
    weekly = [member for member in summary.get("perspectives", {}).values() if member["simulated"]]
    if not weekly:
        return {kind: percent(entry["probability"]) for kind, entry in summary["odds"].items()}
    total = sum(member["weight"] for member in weekly)
    return {
        kind: percent(sum(member["weight"] * member["odds"][kind]["probability"] for member in weekly) / total)
        for kind in HEADLINES
    }


def first_page(
    scenario: Scenario, summary: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], meanings: Mapping[str, str]
) -> dict[str, Any]:
    """Everything that the first page prints and the appendix does not.

    Args:
        scenario: of the run.
        summary: of the run.
        rows: the inputs on which the odds depend, as the report's table has them.
        meanings: of the inputs that hold the uncertainty, by name.
    """
    as_of = date.fromisoformat(summary["as_of"])
    resolved = summary["given_resolved"]
    leads = leading(summary["turns_on"], rows)
    return {
        "odds": {kind: share(summary["odds"][kind]) for kind in HEADLINES},
        "main": main_endings(scenario, summary),
        "ends": frequency(1.0 - summary["odds"]["unresolved"]["probability"]),
        "resolved": {kind: share(resolved[kind]) for kind in HEADLINES[:2]},
        "beside": {key: share(entry) for key, entry in summary["beside"].items()},
        "refuses": first_to_refuse(summary),
        "after_breakthrough": share(summary["given"]["breakthrough"]["odds"]["battlefield"]),
        "by_member": battlefield_by_member(summary),
        "open": open_ranges(resolved),
        "leading": leads,
        "judged": judged(leads),
        "held": held(summary, meanings),
        "apart": disagreement_of_members(summary),
        "moves": [] if summary["since"] is None else moves(summary),
        "area": None if summary["since"] is None else area(scenario, summary),
        "days_left": (scenario.horizon - as_of).days + 1,
        "days": (scenario.horizon - scenario.reference_date).days + 1,
        "dates": dates(scenario, as_of),
        "watched": watched(summary),
        "simulated": simulated(summary),
        "widest": widest(summary),
        "precision": precision(summary),
        "precise": precise(summary),
    }
