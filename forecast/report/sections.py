"""Parts of a report that only some runs have, as the text that they are printed as: what is new, a pool, past wars."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.encoding.timeline_table import HEADLINES
from forecast.evidence.states import FOLLOWED
from forecast.report.numbers import cell, day_in_words, listed, narrow, percent, rounding, two_figures, with_interval

NEAR = 3
"""Points under which odds are not called higher or lower than others."""

REVISIONS_NAMED = 3
"""Most revised figures of a series that a report names, the last ones; the summary has all."""

ENDS_IN = {"battlefield": "on the battlefield", "negotiated": "by agreement", "unresolved": "not at all"}
"""How the war ends, in the words of a sentence."""


def since_lines(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is new since the reference date; none on it."""
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
                "state": cell(entry["label"]),
                "value": cell(entry["words"]),
                "since": entry["since"] or f"before {found['reference']}",
            }
            for entry in found["states"]
        ],
        "happened": [
            entry | {"text": cell(entry["text"]), "reason": cell(entry["reason"]), "odds": in_the_odds(entry)}
            for entry in found["happened"]
        ],
        "figures": [
            {
                "title": cell(entry["title"]),
                "unit": entry["unit"],
                "then": figure(entry["then"], entry["then_observed"]),
                "now": figure(entry["now"], entry["now_observed"], entry["now_outside"]),
                "figures": entry["figures"],
            }
            for entry in found["figures"]
        ],
        "revised": [revised_in_words(entry) for entry in found["figures"] if entry["revised"]],
        "effective": effective_in_words(summary),
    }


def in_the_odds(entry: Mapping[str, Any]) -> str:
    """Whether the odds rest on what happened, by itself or by the change of state that it made."""
    if entry["counts"]:
        return "yes"
    return "by the change below" if entry["moves"] not in (None, FOLLOWED) else ""


def revised_in_words(entry: Mapping[str, Any]) -> str:
    """The figures of a series that were known on the reference date and were revised since."""
    last = entry["revised"][-REVISIONS_NAMED:]
    told = [f"that of {one['observed']} revised from {one['was']:,.6g} to {one['now']:,.6g}" for one in last]
    more = len(entry["revised"]) - len(last)
    return f"{entry['title']} ({entry['unit']}): {', '.join(told)}{f', and {more} earlier ones' if more else ''}"


def by_member(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a pool's summary says of each member; empty for one perspective alone."""
    told: Mapping[str, Any] = summary.get("perspectives", {})
    return told


def effective_in_words(summary: Mapping[str, Any]) -> str:
    """How many equal draws the unequal ones are as good as, of a pool for each member that has been replayed."""
    each = {name: entry["effective_draws"] for name, entry in by_member(summary).items()}
    told = [f"{two_figures(draws)} equal ones in `{name}`" for name, draws in each.items() if draws is not None]
    return listed(told) if told else f"{two_figures(summary['diagnostics']['effective_draws'] or 0.0)} equal ones"


def draws_in_words(summary: Mapping[str, Any]) -> str:
    """From how many different draws of the posterior the timelines are, in a pool those of each member."""
    each = [entry["draws"] for entry in by_member(summary).values()]
    if not each:
        return f"{summary['draws']:,} draw{'' if summary['draws'] == 1 else 's'}"
    low, high = min(each), max(each)
    return f"{low:,} draw{'' if low == 1 else 's'} each" if low == high else f"{low:,} to {high:,} different draws each"


def timelines_in_words(summary: Mapping[str, Any]) -> str:
    """How many timelines a run has."""
    number = summary["timelines"]
    of = f" of {len(summary['perspectives'])} members" if "perspectives" in summary else ""
    return f"{number:,} timeline{'' if number == 1 else 's'}{of}"


def pool(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members of a pool, each with its weights and its odds, and how far they disagree; none of one alone."""
    if "perspectives" not in summary:
        return None
    told, updated = summary["perspectives"], summary["pool"]["updated_odds"]
    return {
        "members": [
            {
                "name": name,
                "title": cell(entry["title"]),
                "weight": percent(entry["weight"]),
                "updated": percent(entry["updated_weight"]),
                **{kind: with_interval(entry["odds"][kind]) for kind in HEADLINES},
            }
            for name, entry in told.items()
        ],
        "rounded": any_rounded(summary),
        "disagreement": listed(disagreement(summary)),
        "updated": listed([f"{percent(updated[kind]['probability'])} {ENDS_IN[kind]}" for kind in HEADLINES]),
        "periods": max(summary["pool"]["periods"].values()),
        "silent": [name for name, entry in told.items() if not entry["simulated"]],
    }


def any_rounded(summary: Mapping[str, Any]) -> bool:
    """Whether a member's shares, each rounded by itself, do not add up to 100."""
    return any(rounding(shares_of(entry["odds"])) for entry in by_member(summary).values())


def shares_of(odds: Mapping[str, Mapping[str, Any]]) -> list[float | None]:
    """The headline three as shares."""
    return [odds[kind]["probability"] for kind in HEADLINES]


def disagreement(summary: Mapping[str, Any]) -> list[str]:
    """How much of the variance of each range is between members, of the ranges that are wide enough to ask."""
    odds = summary["odds"]
    names = dict(zip(HEADLINES, ("for the battlefield", "for a negotiated end", "for none"), strict=True))
    return [f"{part} {names[kind]}" for kind in HEADLINES if (part := part_between(odds[kind]))]


def part_between(entry: Mapping[str, Any]) -> str:
    """The part of a range's variance that is between members; empty where the range is too narrow to ask."""
    return "" if narrow(entry) or "between_members" not in entry else percent(entry["between_members"])


def learnt(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The series that a run learnt from, with how their figures lie among those that the model would measure again."""
    checks = {row["series"]: row for row in summary["predictive"]["checks"] if row["group"] == "posterior_predictive"}
    return [
        {
            "block": entry["block"],
            "series": name,
            "figures": entry["learnt_from"],
            "last_observed": entry["last_observed"],
            "last_available": entry["last_available"],
            **{key: percent(checks[name][key]) if name in checks else "" for key in ("within_50", "within_90")},
        }
        for name, entry in summary["diagnostics"]["evidence"].items()
        if entry["learnt_from"]
    ]


def coherence_lines(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The odds beside wars that lasted as long and what crowds said; `told` is false where there is neither."""
    found = summary["coherence"]
    gaps = [100.0 * (row["forecast"]["probability"] - row["crowd"]) for row in found["crowds"]]
    days = (date.fromisoformat(summary["horizon"]) - date.fromisoformat(summary["as_of"])).days + 1
    return {
        "told": bool(found["wars"] or found["crowds"]),
        "days": f"{days} day{'' if days == 1 else 's'}",
        "ended": with_interval(found["implied"]["ended"]),
        "won": percent(found["implied"]["won_or_lost"]["probability"]),
        "negotiated": percent(found["implied"]["negotiated"]["probability"]),
        "truce": percent(found["implied"]["general_truce_without_settlement"]["probability"]),
        "wars": [
            {
                "wars": row["wars"],
                "war_years": f"{row['war_years']:.0f}",
                "ended": percent(row["ended_a_year"]),
                "won": f"{percent(row['won_or_lost_a_year'])} a year were won or lost"
                if row["ends"]["won_or_lost"]
                else "none was won or lost",
            }
            for row in found["wars"]
        ],
        "crowds": [
            {
                **{key: cell(row[key]) for key in ("platform", "question", "compared_with")},
                "asked": row["asked"],
                "to": day_in_words(date.fromisoformat(row["to"])),
                "crowd": percent(row["crowd"]),
                "here": with_interval(row["forecast"]),
            }
            for row in found["crowds"]
        ],
        "gap": gap_in_words(gaps),
    }


def gap_in_words(gaps: Sequence[float]) -> str:
    """Where the odds stand to those of crowds, from the differences in points."""
    if not gaps:
        return ""
    low, high = round(min(gaps)), round(max(gaps))
    if high <= -NEAR:
        return f"The odds here are lower, by {-high} to {-low} points."
    if low >= NEAR:
        return f"The odds here are higher, by {low} to {high} points."
    return f"The odds here differ from theirs by {low:+d} to {high:+d} points."
