"""Parts of a report that only some runs have, as text: new evidence, the pool, the comparison with past wars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.encoding.timeline_table import HEADLINES
from forecast.evidence.states import FOLLOWED
from forecast.plain_text import markdown
from forecast.report.numbers import (
    counted,
    listed,
    narrow,
    percent,
    rounding,
    two_figures,
    with_interval,
)

NEAR = 3
"""Points under which odds are not called higher or lower than others."""

REVISIONS_NAMED = 3
"""Most revised observations of a series that a report names, the last ones; the summary has all."""


def since_lines(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The evidence since the reference date; None on that date."""
    found = summary["since"]
    if found is None:
        return None

    def figure(value: float | None, observed: str | None, outside: bool = False) -> str:
        if value is None:
            return "none"
        return f"{value:,.6g} ({observed}{'; outside its declared range' if outside else ''})"

    return {
        "states": [
            {
                "state": markdown(entry["label"]),
                "value": markdown(entry["words"]),
                "since": entry["since"] or f"before {found['reference']}",
            }
            for entry in found["states"]
        ],
        "happened": [
            entry | {"text": markdown(entry["text"]), "reason": reason_of(entry), "odds": in_the_odds(entry)}
            for entry in found["happened"]
        ],
        "figures": [
            {
                "title": markdown(entry["title"]),
                "unit": markdown(entry["unit"]),
                "then": figure(entry["then"], entry["then_observed"]),
                "now": figure(entry["now"], entry["now_observed"], entry["now_outside"]),
                "figures": entry["figures"],
            }
            for entry in found["figures"]
        ],
        "revised": [revised_in_words(entry) for entry in found["figures"] if entry["revised"]],
        "effective": effective_in_words(summary),
        "not_coded": found.get("days_not_coded", 0) > 0,
        "coded_until": found.get("coded_until", ""),
    }


def reason_of(entry: Mapping[str, Any]) -> str:
    """The reason why an event or a change is coded so, with the reading that it comes from."""
    reason = markdown(entry["reason"])
    return f"{reason} (Reading `{entry['reading']}`.)" if entry.get("reading") else reason


def in_the_odds(entry: Mapping[str, Any]) -> str:
    """Whether an event enters the odds, directly or by the change of state that it made."""
    if entry["counts"]:
        return "yes"
    return "through the change of state" if entry["moves"] not in (None, FOLLOWED) else ""


def revised_in_words(entry: Mapping[str, Any]) -> str:
    """The observations of a series that were known on the reference date and were revised later."""
    last = entry["revised"][-REVISIONS_NAMED:]
    words = [f"that of {one['observed']} revised from {one['was']:,.6g} to {one['now']:,.6g}" for one in last]
    more = len(entry["revised"]) - len(last)
    series = f"{markdown(entry['title'])} ({markdown(entry['unit'])})"
    return f"{series}: {', '.join(words)}{f', and {more} earlier ones' if more else ''}"


def by_member(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry of each member in a pool's summary; empty for a single perspective."""
    members: Mapping[str, Any] = summary.get("perspectives", {})
    return members


def effective_in_words(summary: Mapping[str, Any]) -> str:
    """The effective sample size in words, in a pool for each member with a particle filter."""
    each = {name: entry["effective_draws"] for name, entry in by_member(summary).items()}
    sizes = [f"{two_figures(draws)} in `{name}`" for name, draws in each.items() if draws is not None]
    return listed(sizes) if sizes else two_figures(summary["diagnostics"]["effective_draws"] or 0.0)


def draws_in_words(summary: Mapping[str, Any]) -> str:
    """The number of different draws behind the timelines, in a pool for each member."""
    each = [entry["draws"] for entry in by_member(summary).values()]
    if not each:
        return f"{summary['draws']:,} draw{'' if summary['draws'] == 1 else 's'}"
    low, high = min(each), max(each)
    return f"{low:,} draw{'' if low == 1 else 's'} each" if low == high else f"{low:,} to {high:,} different draws each"


def timelines_in_words(summary: Mapping[str, Any]) -> str:
    """The number of timelines of a run."""
    number = summary["timelines"]
    of = f" of {len(summary['perspectives'])} members" if "perspectives" in summary else ""
    return f"{number:,} timeline{'' if number == 1 else 's'}{of}"


def pool(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members of a pool with their weights, odds and disagreement; None without a pool."""
    if "perspectives" not in summary:
        return None
    members, updated = summary["perspectives"], summary["pool"]["updated_odds"]
    return {
        "size": counted(len(members)),
        "simulated": counted(sum(entry["simulated"] for entry in members.values())),
        "members": [
            {
                "name": name,
                "title": markdown(entry["title"]),
                "weight": percent(entry["weight"]),
                "updated": percent(entry["updated_weight"]),
                **{kind: with_interval(entry["odds"][kind]) for kind in HEADLINES},
            }
            for name, entry in members.items()
        ],
        "rounded": any_rounded(summary),
        "disagreement": listed(disagreement(summary)),
        "updated": listed([f"{kind} {percent(updated[kind]['probability'])}" for kind in HEADLINES]),
        "periods": max(summary["pool"]["periods"].values()),
        "silent": [name for name, entry in members.items() if not entry["simulated"]],
    }


def any_rounded(summary: Mapping[str, Any]) -> bool:
    """Whether the rounded shares of a member do not add up to 100."""
    return any(rounding(shares_of(entry["odds"])) for entry in by_member(summary).values())


def shares_of(odds: Mapping[str, Mapping[str, Any]]) -> list[float | None]:
    """The headline three as shares."""
    return [odds[kind]["probability"] for kind in HEADLINES]


def disagreement(summary: Mapping[str, Any]) -> list[str]:
    """The share of the variance of the odds that is between members, for 90% ranges that are wide enough."""
    odds = summary["odds"]
    found = [(kind, part) for kind in HEADLINES if (part := part_between(odds[kind]))]
    first = [f"{part} of the variance of the {kind} odds" for kind, part in found[:1]]
    return first + [f"{part} for {kind}" for kind, part in found[1:]]


def part_between(entry: Mapping[str, Any]) -> str:
    """The share of a range's variance that is between members; empty if the range is too narrow."""
    return "" if narrow(entry) or "between_members" not in entry else percent(entry["between_members"])


def learnt(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The series in the fit, with their posterior predictive check."""
    checks = {row["series"]: row for row in summary["predictive"]["checks"] if row["group"] == "posterior_predictive"}
    return [
        {
            "block": entry["block"],
            "series": name,
            "figures": entry["learnt_from"],
            "rows": entry["rows"],
            "rows_used": entry.get("rows_used", ""),
            "last_observed": entry["last_observed"],
            "last_available": entry["last_available"],
            **{key: percent(checks[name][key]) if name in checks else "" for key in ("within_50", "within_90")},
        }
        for name, entry in summary["diagnostics"]["evidence"].items()
        if entry["learnt_from"]
    ]


def coherence_lines(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The odds compared with past wars and crowd forecasts; `known` is false if there are neither."""
    found = summary["coherence"]
    gaps = [100.0 * (row["forecast"]["probability"] - row["crowd"]) for row in found["crowds"]]
    days = (date.fromisoformat(summary["horizon"]) - date.fromisoformat(summary["as_of"])).days + 1
    return {
        "known": bool(found["wars"] or found["crowds"]),
        "days": f"{days} day{'' if days == 1 else 's'}",
        "ended": with_interval(found["implied"]["ended"]),
        "won": percent(found["implied"]["won_or_lost"]["probability"]),
        "negotiated": percent(found["implied"]["negotiated"]["probability"]),
        "truce": percent(found["implied"]["general_truce_without_settlement"]["probability"]),
        "wars": [
            {
                "wars": markdown(str(row["wars"])),
                "war_years": f"{row['war_years']:.0f}",
                "ended": percent(row["ended_a_year"]),
                "won": f"{percent(row['won_or_lost_a_year'])} were" if row["ends"]["won_or_lost"] else "none was",
            }
            for row in found["wars"]
        ],
        "crowds": [
            {
                **{key: markdown(row[key]) for key in ("platform", "question", "compared_with")},
                "asked": row["asked"],
                "to": row["to"],
                "crowd": percent(row["crowd"]),
                "here": with_interval(row["forecast"]),
            }
            for row in found["crowds"]
        ],
        "gap": gap_in_words(gaps),
    }


def gap_in_words(gaps: Sequence[float]) -> str:
    """A sentence on the differences from the crowds' odds, in points."""
    if not gaps:
        return ""
    low, high = round(min(gaps)), round(max(gaps))
    if high <= -NEAR:
        return f"The odds here are lower, by {-high} to {-low} points."
    if low >= NEAR:
        return f"The odds here are higher, by {low} to {high} points."
    return f"The odds here differ from theirs by {low:+d} to {high:+d} points."
