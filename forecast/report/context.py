"""The numbers of a report, and the words around them from a template: a function of a saved summary and its scenario.

No number is worked out in a template; it is given here as the text that it is printed as.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecast.clusters import MEMBER
from forecast.report.faults import far_out, outside
from forecast.report.numbers import (
    cell,
    day_in_words,
    effect,
    number,
    percent,
    row,
    two_figures,
    whole_percents,
    with_interval,
)
from forecast.scenario.reader import JUDGEMENT
from forecast.scenario.spec import Scenario

FROM_MEMORY = "from memory"
"""What the note of a source says that was cited from memory and not re-read."""

OUTSIDE_NAMED = 5
"""Most figures outside their declared range that a report names; the summary has all."""

NEAR = 3
"""Points under which odds are not called higher or lower than others."""

TEMPLATES = Path(__file__).parent / "templates"


def turning(scenario: Scenario, turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The priors that the odds turn on, with how much, and whether they are judgement; of a pool, by member."""
    out = []
    for entry in turns:
        prior = scenario.priors[entry["name"]]
        whose = entry.get(MEMBER, "")
        source = prior.source
        if whose in scenario.perspectives:
            own = {change.entry: change.source for change in scenario.perspectives[whose].changes}
            source = own.get(entry["name"], source)
        out.append(
            {
                "name": entry["name"],
                "whose": whose,
                "meaning": cell(meaning(scenario, entry["name"])),
                "low": number(entry["low"]),
                "high": number(entry["high"]),
                "unit": prior.unit,
                "negotiated": effect(entry["negotiated"], entry["negotiated_error"]),
                "battlefield": effect(entry["battlefield"], entry["battlefield_error"]),
                "source": "judgement alone" if source == JUDGEMENT else cell(source_title(scenario, source)),
                "judgement": source == JUDGEMENT,
            }
        )
    return out


def source_title(scenario: Scenario, source: str) -> str:
    """A source's title, marked if it was cited from memory."""
    found = scenario.sources[source]
    return f"{found.title} (from memory)" if FROM_MEMORY in found.note else found.title


def cited(scenario: Scenario) -> set[str]:
    """Ids of the sources that priors cite, judgement aside."""
    return {prior.source for prior in scenario.priors.values()} - {JUDGEMENT}


def recalled(scenario: Scenario) -> dict[str, int]:
    """How many sources priors cite, judgement aside, and how many of those were cited from memory and not re-read."""
    sources = cited(scenario)
    return {"cited": len(sources), "from_memory": sum(FROM_MEMORY in scenario.sources[s].note for s in sources)}


def owners(scenario: Scenario) -> dict[str, str]:
    """Names for readers of those who may be held to own a defeat."""
    labels = {party.id: party.label for party in scenario.parties}
    return labels | {
        "trump": f"the president in {labels['washington']}",
        "predecessor": "his predecessor",
    }


def meaning(scenario: Scenario, name: str) -> str:
    """What a prior is, in a phrase, with whose it is and the labels of its rows."""
    from forecast.timeline.parameters import field_of

    labels = {row.id: row.label for row in scenario.settlements}
    labels |= {row.id: row.label for row in scenario.regions}
    labels |= {row.id: row.label for row in scenario.issues}
    parties = {row.id: row.label for row in scenario.parties}
    part, _, *names = name.split(".")
    rows = [(labels | parties).get(row, row) for row in names]
    text = field_of(name).meaning
    if part in parties:
        return f"{parties[part]}: {text}"
    return f"{text} ({', '.join(rows)})" if rows else text


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """What sets a run apart from the plain forecast, a sentence each."""
    changed = [*summary["edits"], *(f"{name} held at {value:g}" for name, value in summary["fixed"].items())]
    return [
        *(["The evidence was left out of this run: it shows the priors alone."] if summary["prior_only"] else []),
        *([f"Changed for this run: {'; '.join(changed)}."] if changed else []),
        *(
            ["The sampler did not converge; these numbers are not to be relied on."]
            if summary["diagnostics"]["converged"] is False
            else []
        ),
        *(
            [
                "What has happened leaves few of the draws: the odds rest on as good as "
                f"{summary['diagnostics']['effective_draws']:.0f} of them, and are rougher than their intervals say."
            ]
            if summary["diagnostics"]["thin"]
            else []
        ),
    ]


def perspective(scenario: Scenario, detail: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A perspective and a row for each number that it changes; none for the base premises."""
    if detail is None:
        return None
    return {
        **{key: cell(detail[key]) for key in ("name", "title", "summary")},
        "changes": [
            {key: cell(text) for key, text in change_row(change).items()}
            | {"meaning": cell(meaning(scenario, change["entry"]))}
            for change in detail["changes"]
        ],
    }


def change_row(change: Mapping[str, Any]) -> dict[str, str]:
    """A number that a perspective changes: its median and its 5 to 95% range without the perspective and under it."""
    before, under = (
        f"{number(q['q50'])} ({number(q['q05'])} to {number(q['q95'])})" for q in (change["base"], change["quantiles"])
    )
    return {
        "name": change["entry"],
        "base": before,
        "under": f"{under} {change['unit']}",
        "medians": f"{number(change['base']['q50'])} → {number(change['quantiles']['q50'])} {change['unit']}",
        "premises": ", ".join(change["premises"]),
        "reason": " ".join(change["reason"].split()),
    }


def report_context(scenario: Scenario, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template prints."""
    odds = summary["odds"]
    shares = whole_percents([odds[h]["probability"] for h in ("battlefield", "negotiated", "unresolved")])
    labels = {ending.id: ending for ending in scenario.endings}
    endings = sorted(summary["endings"].items(), key=lambda item: -item[1]["probability"])
    reference = date.fromisoformat(summary["as_of"])
    turns = turning(scenario, summary["turns_on"])
    amounts = summary["amounts"]
    named = owners(scenario)
    flagged = summary["diagnostics"]["outside_declared_range"]
    return {
        "scenario": scenario,
        "summary": summary,
        "as_of": day_in_words(reference),
        "horizon": day_in_words(scenario.horizon),
        "reference": day_in_words(scenario.reference_date),
        "year": scenario.horizon.year,
        "cautions": cautions(summary),
        "perspective": perspective(scenario, summary["perspective_detail"]),
        "shares": dict(zip(("battlefield", "negotiated", "unresolved"), shares, strict=True)),
        "headline": [row(name, odds[name.lower()]) for name in ("Battlefield", "Negotiated", "Unresolved")],
        "resolved": {name: percent(entry["probability"]) for name, entry in summary["given_resolved"].items()},
        "endings": [row(labels[name].label, entry) | {"criteria": labels[name].criteria} for name, entry in endings],
        "beside": {name: row(name, entry) for name, entry in summary["beside"].items()},
        "defeat": {
            "count": summary["endings"]["ukraine_defeated"]["count"],
            "share": percent(summary["endings"]["ukraine_defeated"]["probability"]),
            "engaged": with_interval(summary["defeat"]["trump_engaged"]),
            "otherwise": with_interval(summary["defeat"]["trump_engaged_without_defeat"]),
            "told": summary["defeat"]["trump_engaged"]["probability"] is not None,
            "owners": [(named[name], with_interval(entry)) for name, entry in summary["defeat"]["owner"].items()],
        },
        "turns": turns,
        "turns_judgement": sum(turn["judgement"] for turn in turns),
        "km2": {q: two_figures(amounts["km2_end"][q]) for q in ("q05", "q50", "q95")},
        "learnt": learnt(summary),
        "predictive": bool(summary["predictive"]["checks"]),
        "far": [far_out(entry) for entry in summary["predictive"]["flagged"][:OUTSIDE_NAMED]],
        "far_more": max(0, len(summary["predictive"]["flagged"]) - OUTSIDE_NAMED),
        "seen": sum(entry["rows"] > 0 for entry in summary["diagnostics"]["evidence"].values()),
        "outside": [outside(entry) for entry in flagged[:OUTSIDE_NAMED]],
        "outside_more": max(0, len(flagged) - OUTSIDE_NAMED),
        "value_unit": any(turn["unit"] == "value" for turn in turns),
        "recalled": recalled(scenario),
        "coherence": coherence_lines(summary),
        "pool": pool(summary),
        "since": since_lines(summary),
    }


def since_lines(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is new since the reference date; none on it."""
    found = summary["since"]
    if found is None:
        return None

    def figure(value: float | None, observed: str | None) -> str:
        return "none" if value is None else f"{value:,.6g} ({observed})"

    return {
        "states": [
            {
                "state": entry["state"],
                "value": str(entry["value"]).replace("_", " "),
                "since": entry["since"] or f"before {found['reference']}",
            }
            for entry in found["states"]
        ],
        "happened": [
            entry | {"text": cell(entry["text"]), "reason": cell(entry["reason"])} for entry in found["happened"]
        ],
        "figures": [
            {
                "title": cell(entry["title"]),
                "unit": entry["unit"],
                "then": figure(entry["then"], entry["then_observed"]),
                "now": figure(entry["now"], entry["now_observed"]),
                "figures": entry["figures"],
            }
            for entry in found["figures"]
        ],
        "effective": two_figures(summary["diagnostics"]["effective_draws"] or 0.0),
    }


def pool(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members of a pool, each with its weights and its odds, and how far they disagree; none of one alone."""
    if "perspectives" not in summary:
        return None
    kinds = ("battlefield", "negotiated", "unresolved")
    told = summary["perspectives"]
    updated = whole_percents([summary["pool"]["updated_odds"][kind]["probability"] for kind in kinds])
    return {
        "members": [
            {
                "name": name,
                "title": cell(entry["title"]),
                "weight": percent(entry["weight"]),
                "updated": percent(entry["updated_weight"]),
                **{kind: with_interval(entry["odds"][kind]) for kind in kinds},
            }
            for name, entry in told.items()
        ],
        "disagreement": {kind: percent(summary["odds"][kind].get("between_members", 0.0)) for kind in kinds},
        "updated": dict(zip(kinds, updated, strict=True)),
        "periods": max(summary["pool"]["periods"].values()),
        "silent": [name for name, entry in told.items() if not entry["simulated"]],
    }


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
    return {
        "told": bool(found["wars"] or found["crowds"]),
        "ended": with_interval(found["implied"]["ended"]),
        "won": percent(found["implied"]["won_or_lost"]["probability"]),
        "negotiated": percent(found["implied"]["negotiated"]["probability"]),
        "truce": percent(found["implied"]["general_truce_without_agreement"]["probability"]),
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


def environment() -> Environment:
    """Templates of plain text; a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip


def report_text(scenario: Scenario, summary: Mapping[str, Any]) -> str:
    """The report of a run: one page in plain words, Markdown."""
    return environment().get_template("report.md.j2").render(report_context(scenario, summary))
