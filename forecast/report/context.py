"""The numbers of a report, and the words around them from a template: a function of a saved summary and its scenario.

No number is worked out in a template; it is given here as the text that it is printed as.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forecast.scenario.spec import Scenario

TEMPLATES = Path(__file__).parent / "templates"


def percent(p: float | None) -> str:
    """A probability for readers: whole percents, without false precision at the ends."""
    if p is None:
        return "too few to say"
    if p == 0.0:
        return "none seen"
    if p < 0.005:
        return "under 1%"
    if 0.995 < p < 1.0:
        return "over 99%"
    return f"{100.0 * p:.0f}%"


def whole_percents(shares: Sequence[float]) -> list[int]:
    """Shares that add up to 1 as whole percents that add up to 100 (largest remainder)."""
    floors = [int(100.0 * share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda k: (floors[k] - 100.0 * shares[k], k))
    for k in by_remainder[: 100 - sum(floors)]:
        floors[k] += 1
    return floors


def day_in_words(day: date) -> str:
    """A date as a reader writes it."""
    return f"{day.day} {day:%B %Y}"


def interval(entry: Mapping[str, Any]) -> str:
    """The interval of what is not known, as text."""
    if entry["interval"] is None:
        return ""
    low, high = (round(100.0 * x) for x in entry["interval"])
    return f"{low} to {high}%"


def error(entry: Mapping[str, Any]) -> str:
    """The simulation's own error, in points."""
    e = entry["standard_error"]
    return "" if e is None else f"{100.0 * e:.1f}"


def points(difference: float) -> str:
    """A difference between odds in whole points, signed."""
    whole = round(100.0 * difference)
    return f"{whole:+d}" if whole else "0"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def row(label: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """A line of a table of odds."""
    return {
        "label": cell(label),
        "percent": percent(entry["probability"]),
        "interval": interval(entry),
        "error": error(entry),
        "count": f"{entry['count']:,.0f}",
    }


def number(x: float) -> str:
    """A number of a prior, to three significant figures."""
    return f"{x:.3g}"


def turning(scenario: Scenario, turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The priors that the odds turn on, with how much, and whether they are judgement."""
    out = []
    for entry in turns:
        prior = scenario.priors[entry["name"]]
        moved = max(("battlefield", "negotiated", "unresolved"), key=lambda h: abs(entry[h]))
        out.append(
            {
                "name": entry["name"],
                "meaning": cell(meaning(scenario, entry["name"])),
                "low": number(entry["low"]),
                "high": number(entry["high"]),
                "unit": prior.unit,
                "negotiated": points(entry["negotiated"]),
                "battlefield": points(entry["battlefield"]),
                "error": f"{100 * entry[moved + '_error']:.0f}",
                "source": "judgement alone"
                if prior.source == "judgement"
                else cell(scenario.sources[prior.source].title),
                "judgement": prior.source == "judgement",
            }
        )
    return out


def meaning(scenario: Scenario, name: str) -> str:
    """What a prior is, in a phrase, with the labels of its rows."""
    from forecast.timeline.parameters import field_of

    labels = {row.id: row.label for row in scenario.settlements}
    labels |= {row.id: row.label for row in scenario.regions}
    labels |= {row.id: row.label for row in scenario.issues}
    labels |= {row.id: row.label for row in scenario.parties}
    rows = [labels.get(part, part) for part in name.split(".")[2:]]
    text = field_of(name).meaning
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
    ]


def report_context(scenario: Scenario, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template prints."""
    odds = summary["odds"]
    shares = whole_percents([odds[h]["probability"] for h in ("battlefield", "negotiated", "unresolved")])
    labels = {ending.id: ending for ending in scenario.endings}
    endings = sorted(summary["endings"].items(), key=lambda item: -item[1]["count"])
    reference = date.fromisoformat(summary["as_of"])
    turns = turning(scenario, summary["turns_on"])
    amounts = summary["amounts"]
    return {
        "scenario": scenario,
        "summary": summary,
        "as_of": day_in_words(reference),
        "horizon": day_in_words(scenario.horizon),
        "year": scenario.horizon.year,
        "cautions": cautions(summary),
        "shares": dict(zip(("battlefield", "negotiated", "unresolved"), shares, strict=True)),
        "headline": [row(name, odds[name.lower()]) for name in ("Battlefield", "Negotiated", "Unresolved")],
        "resolved": {name: percent(entry["probability"]) for name, entry in summary["given_resolved"].items()},
        "endings": [row(labels[name].label, entry) | {"criteria": labels[name].criteria} for name, entry in endings],
        "beside": {name: row(name, entry) for name, entry in summary["beside"].items()},
        "defeat": {
            "count": summary["defeat"]["trump_engaged"]["of"],
            "engaged": percent(summary["defeat"]["trump_engaged"]["probability"]),
            "otherwise": percent(summary["defeat"]["trump_engaged_without_defeat"]["probability"]),
            "told": summary["defeat"]["trump_engaged"]["probability"] is not None,
            "owners": [(name, percent(entry["probability"])) for name, entry in summary["defeat"]["owner"].items()],
        },
        "turns": turns,
        "turns_judgement": sum(turn["judgement"] for turn in turns),
        "km2": {q: f"{amounts['km2_end'][q]:,.0f}" for q in ("q05", "q50", "q95")},
        "used": [(name, entry) for name, entry in summary["diagnostics"]["evidence"].items() if entry["used"]],
        "seen": sum(entry["rows"] > 0 for entry in summary["diagnostics"]["evidence"].values()),
        "error": error(odds["negotiated"]),
    }


def environment() -> Environment:
    """Templates of plain text; a missing name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip


def report_text(scenario: Scenario, summary: Mapping[str, Any]) -> str:
    """The report of a run: one page in plain words, Markdown."""
    return environment().get_template("report.md.j2").render(report_context(scenario, summary))
