"""The report of a run: its numbers as text, and a template for the words around them.

A report is a function of a saved summary and its scenario. Templates compute no numbers.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecast.encoding.timeline_table import HEADLINES
from forecast.locations import ROOT
from forecast.outcomes.clustering import FEW_DRAWS, FEW_TIMELINES, MEMBER
from forecast.outcomes.influence import FEWEST
from forecast.outcomes.shares import label
from forecast.plain_text import markdown
from forecast.replay.starting_points import THIN
from forecast.report.first_page import first_page
from forecast.report.flags import far_out, outside
from forecast.report.numbers import (
    day_in_words,
    effect,
    listed,
    number,
    percent,
    rounding,
    row,
    two_figures,
    whole,
    with_interval,
)
from forecast.report.sections import (
    by_member,
    coherence_lines,
    draws_in_words,
    learnt,
    pool,
    shares_of,
    since_lines,
    timelines_in_words,
)
from forecast.scenario.perspectives import BASE_RATES
from forecast.scenario.reader import JUDGEMENT
from forecast.scenario.spec import Scenario

FROM_MEMORY = "from memory"
"""Words in the note of a source that was cited from memory and not checked."""

NOT_CHECKED = "cited from memory and not checked"
"""The same fact in the words for readers."""

OUTSIDE_NAMED = 5
"""Most observations outside their declared range, or outliers, that a report names; the summary has all."""

TEMPLATES = ROOT / "report" / "templates"


def turning(scenario: Scenario, turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The priors on which the odds depend, with their effects and their basis; in a pool, by member."""
    out = []
    for entry in turns:
        prior = scenario.priors[entry["name"]]
        whose = entry.get(MEMBER, "")
        source, basis = prior.source, str(prior.basis)
        if whose in scenario.perspectives:
            own = {change.entry: change.source for change in scenario.perspectives[whose].changes}
            if entry["name"] in own:
                source, basis = own[entry["name"]], JUDGEMENT if own[entry["name"]] == JUDGEMENT else "reading"
        out.append(
            {
                "name": entry["name"],
                "whose": whose,
                "meaning": markdown(meaning(scenario, entry["name"])),
                "low": number(entry["low"]),
                "high": number(entry["high"]),
                "unit": markdown(prior.unit),
                "negotiated": effect(entry["negotiated"], entry["negotiated_error"]),
                "battlefield": effect(entry["battlefield"], entry["battlefield_error"]),
                "source": "judgement alone" if source == JUDGEMENT else markdown(source_title(scenario, source)),
                "judgement": source == JUDGEMENT,
                "basis": basis,
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
    """How many sources priors cite, judgement aside, and how many of those were cited from memory and not checked."""
    sources = cited(scenario)
    return {"cited": len(sources), "from_memory": sum(FROM_MEMORY in scenario.sources[s].note for s in sources)}


def meaning(scenario: Scenario, name: str) -> str:
    """The meaning of a prior in a phrase, with the label of its party and the labels of its rows."""
    from forecast.timeline.parameters import field_of

    labels = {row.id: row.label for row in scenario.settlements}
    labels |= {row.id: row.label for row in scenario.regions}
    labels |= {row.id: row.label for row in scenario.issues}
    parties = scenario.names
    part, _, *names = name.split(".")
    rows = [(labels | parties).get(row, row) for row in names]
    text = field_of(name).meaning.format(**parties)
    if part in parties:
        return f"{parties[part]}: {text}"
    return f"{text} ({', '.join(rows)})" if rows else text


def cautions(summary: Mapping[str, Any]) -> list[str]:
    """Reasons not to read a run as the plain forecast, a sentence each."""
    found = []
    thin = summary["diagnostics"]["thin"]
    if summary["prior_only"] and summary["since"] is None:
        found.append("The evidence was left out of this run: it shows the priors alone.")
    elif summary["prior_only"]:
        found.append("The series were left out of this run: it shows the priors and the recorded events below.")
    changed = [*summary["edits"], *(f"{name} fixed at {value:g}" for name, value in summary["fixed"].items())]
    if changed:
        aside = (
            f" The member {BASE_RATES} uses the files without these changes."
            if BASE_RATES in by_member(summary)
            else ""
        )
        found.append(f"Changed for this run: {'; '.join(changed)}.{aside}")
    found += [reading_in_words(entry, summary["as_of"]) for entry in summary.get("readings", ())]
    if summary["diagnostics"]["converged"] is False:
        found.append("The sampler did not converge; these numbers are not to be relied on.")
    if note := not_coded(summary):
        found.append(note)
    if thin:
        found.append(
            "Few parameter draws fit what has happened so far (effective sample size "
            f"{listed(small_samples(summary))}): the odds are less precise than their ranges suggest."
        )
    if summary["timelines"] < FEW_TIMELINES or (most_draws(summary) < FEW_DRAWS and not thin):
        found.append(f"Only {timelines_in_words(summary)}, from {draws_in_words(summary)}: too few for odds.")
    return found


def reading_in_words(entry: Mapping[str, Any], as_of: str) -> str:
    """A reading of the record that a run uses, and whether it changes a row by then."""
    title = entry["title"].rstrip(".")
    if not entry["rows"]:
        day = day_in_words(date.fromisoformat(as_of))
        return f"Reading {entry['id']}: {title}. It changes nothing here: none of its rows was public by {day}."
    rows = "1 row" if entry["rows"] == 1 else f"{entry['rows']} rows"
    return f"Reading {entry['id']}: {title}. It changes {rows} of the record as coded."


def not_coded(summary: Mapping[str, Any]) -> str:
    """A caution that the last days before the as-of date are not coded; empty if all are."""
    since = summary["since"] or {}
    days = since.get("days_not_coded", 0)
    if not days:
        return ""
    until = day_in_words(date.fromisoformat(since["coded_until"]))
    span = "the day" if days == 1 else f"the {days} days"
    return (
        f"Events and recorded states are coded only up to {until}. For {span} between then and the as-of date, "
        "the model does not know what happened: it simulates them, and only the series count as evidence there."
    )


def small_samples(summary: Mapping[str, Any]) -> list[str]:
    """The small effective sample sizes, in a pool with the name of the member; a size may be 0."""
    sizes = {name: entry["effective_draws"] for name, entry in by_member(summary).items()}
    if not sizes:
        return [f"{summary['diagnostics']['effective_draws']:.0f}"]
    return [f"{size:.0f} for {name}" for name, size in sizes.items() if size is not None and size < THIN]


def perspective(scenario: Scenario, detail: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A perspective and a row for each prior that it changes; None for the base premises."""
    if detail is None:
        return None
    return {
        **{key: markdown(detail[key]) for key in ("name", "title", "summary")},
        "changes": [
            {key: markdown(text) for key, text in change_row(change).items()}
            | {"meaning": markdown(meaning(scenario, change["entry"]))}
            for change in detail["changes"]
        ],
    }


def change_row(change: Mapping[str, Any]) -> dict[str, str]:
    """A prior that a perspective changes: its median and 5 to 95% range without the perspective and under it."""
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
    labels = {ending.id: ending for ending in scenario.endings}
    endings = sorted(summary["endings"].items(), key=lambda item: -item[1]["probability"])
    reference = date.fromisoformat(summary["as_of"])
    turns = turning(scenario, summary["turns_on"])
    held = [entry["name"] for found in summary["uncertainty"].values() if found for entry in found["priors"]]
    meanings = {name: markdown(meaning(scenario, name)) for name in held}
    amounts = summary["amounts"]
    parties = {party.id: markdown(party.label) for party in scenario.parties}
    flagged = summary["diagnostics"]["outside_declared_range"]
    return {
        "title": markdown(scenario.title),
        "question": markdown(scenario.question),
        "pooled_elsewhere": scenario.pool is not None,
        "summary": summary,
        "as_of": day_in_words(reference),
        "horizon": day_in_words(scenario.horizon),
        "reference": day_in_words(scenario.reference_date),
        "year": scenario.horizon.year,
        "cautions": [markdown(caution) for caution in cautions(summary)],
        "perspective": perspective(scenario, summary["perspective_detail"]),
        "labels": parties,
        "first_page": first_page(scenario, summary, turns, meanings),
        "headline": [row(label("odds", name), odds[name]) for name in HEADLINES],
        "rounding": bool(rounding(shares_of(odds))),
        "error_known": any(entry["standard_error"] is not None for entry in odds.values()),
        "endings": [row(labels[name].label, entry) for name, entry in endings],
        "beside": {name: row(name, entry) for name, entry in summary["beside"].items()},
        "defeat": {
            "count": f"{summary['endings'][scenario.defeat]['count']:,}",
            "none": summary["endings"][scenario.defeat]["count"] == 0,
            "share": percent(summary["endings"][scenario.defeat]["probability"]),
            "engaged": with_interval(summary["defeat"]["washington_engaged"]),
            "otherwise": with_interval(summary["defeat"]["washington_engaged_without_defeat"]),
            "label": markdown(labels[scenario.defeat].label),
            "known": summary["defeat"]["washington_engaged"]["probability"] is not None,
            "owners": [
                (label("defeat.owner", name, parties), with_interval(entry))
                for name, entry in summary["defeat"]["owner"].items()
            ],
        },
        "turns": turns,
        "grounds": grounds(turns),
        "turns_few": most_draws(summary) < FEWEST,
        "likelier": beyond(summary["beside"]["ceasefire_28_days"], odds["negotiated"]),
        "km2": {q: two_figures(amounts["km2_end"][q]) for q in ("q05", "q50", "q95")},
        "learnt": learnt(summary),
        "predictive": bool(summary["predictive"]["checks"]),
        "far": [
            {key: markdown(text) for key, text in far_out(entry).items()}
            for entry in summary["predictive"]["flagged"][:OUTSIDE_NAMED]
        ],
        "far_more": max(0, len(summary["predictive"]["flagged"]) - OUTSIDE_NAMED),
        "seen": sum(entry["rows"] > 0 for entry in summary["diagnostics"]["evidence"].values()),
        "outside": [markdown(outside(entry)) for entry in flagged[:OUTSIDE_NAMED]],
        "outside_more": max(0, len(flagged) - OUTSIDE_NAMED),
        "value_unit": any(turn["unit"] == "value" for turn in turns),
        "recalled": recalled(scenario),
        "not_checked": NOT_CHECKED,
        "coherence": coherence_lines(summary),
        "pool": pool(summary),
        "since": since_lines(summary),
        "unseen": any(entry["probability"] == 0.0 for part in ("odds", "endings") for entry in summary[part].values()),
        "draws": draws_in_words(summary),
        "timelines": timelines_in_words(summary),
    }


def grounds(turns: Sequence[Mapping[str, Any]]) -> str:
    """The basis of the priors on which the odds depend, in a sentence or two."""
    alone, figures = (sum(turn["basis"] == basis for turn in turns) for basis in (JUDGEMENT, "figure"))
    kinds = {
        "judgement alone": alone,
        "judgement informed by a source": len(turns) - alone - figures,
        "a figure from a source": figures,
    }
    given = [(words, count) for words, count in kinds.items() if count]
    if len(given) == 1:
        words = f"{'This input rests' if len(turns) == 1 else 'All inputs rest'} on {given[0][0]}."
    elif not figures:
        words = f"All inputs rest on judgement: {alone} on judgement alone, the rest informed by a source."
    else:
        words = f"Basis of these inputs: {listed([f'{words} ({count})' for words, count in given])}."
    return words if figures else f"{words} No source determines the values."


def most_draws(summary: Mapping[str, Any]) -> int:
    """The number of different draws behind the timelines, in a pool the largest of a simulated member."""
    members = by_member(summary).values()
    return max((entry["draws"] for entry in members if entry["simulated"]), default=int(summary["draws"]))


def beyond(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a share is larger than another in whole percents."""
    return whole(one["probability"]) > whole(other["probability"])


def environment(folder: Path = TEMPLATES) -> Environment:
    """Templates of plain text in a folder; a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip


def report_text(scenario: Scenario, summary: Mapping[str, Any]) -> str:
    """The report of a run as Markdown: a first page for every reader, then an appendix of tables."""
    return environment().get_template("report.md.j2").render(report_context(scenario, summary))
