"""The ledger in words: a sentence for each headline odds, and Markdown to paste."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.plain_text import markdown
from forecast.report.numbers import day_in_words, listed

OUTCOMES = {
    "battlefield": "an end on the battlefield",
    "negotiated": "a negotiated end",
    "unresolved": "a war that goes on",
}
"""The headline outcomes in a sentence: `the odds of ...`."""

MINUS = "\u2212"
"""The sign before a negative number in text."""

MOST_NAMED = 3
"""Most causes that a sentence names."""


def points(change: float) -> str:
    """A change in points with a sign and one decimal, two below 0.1."""
    digits = 1 if abs(change) >= 0.095 or change == 0.0 else 2
    text = f"{change:+.{digits}f}"
    return text.replace("-", MINUS) if float(text) else "0.0"


def error(size: float) -> str:
    """A standard error in points."""
    if size == 0.0:
        return ""
    return f"{size:.1f}" if size >= 0.095 else f"{size:.2f}" if size >= 0.005 else "under 0.01"


def sentence(name: str, entry: Mapping[str, Any], earlier: Mapping[str, Any], later: Mapping[str, Any]) -> str:
    """A sentence about the move in a headline odds, ready to be published.

    Args:
        name: of the outcome.
        entry: its ledger, as JSON.
        earlier: the earlier run, as JSON: `as_of` and `odds`.
        later: the later run, likewise.
    """
    total, size = entry["total"], entry["standard_error"]
    before, after = (f"{100.0 * run['odds'][name]:.1f}%" for run in (earlier, later))
    since = _since(earlier["as_of"], later["as_of"])
    odds = f"The odds of {OUTCOMES.get(name, name)}"
    if not entry["real"]:
        moved = "have not changed" if total == 0.0 else f"have moved by {points(total)} points"
        tail = "" if total == 0.0 else ", within the simulation's error"
        first = f"{odds} {moved} {since}, from {before} to {after}{tail}"
        reasons = _reasons(entry["lines"], 0.0)
        return f"{first}." if not reasons else f"{first}. Clear of it alone: {reasons}."
    verb = "fell" if total < 0.0 else "rose"
    by = f"by {points(abs(total)).lstrip('+')} points{f' (± {error(size)})' if size else ''}"
    first = f"{odds} {verb} {by} {since}, from {before} to {after}"
    reasons = _reasons(entry["lines"], total)
    against = _reasons(entry["lines"], -total)
    if not reasons:
        return f"{first}; no single cause is clear of the simulation's error."
    return f"{first}, mostly because of {reasons}" + (f"; against it worked {against}." if against else ".")


def _since(before: str, after: str) -> str:
    """The days between two runs in words."""
    one, other = date.fromisoformat(before), date.fromisoformat(after)
    if one == other:
        return f"between two runs as of {day_in_words(other)}"
    return "since last week" if (other - one).days == 7 else f"since {day_in_words(one)}"


def _reasons(lines: Sequence[Mapping[str, Any]], total: float) -> str:
    """The causes that are real and moved the odds in the direction of a total, largest first; of 0 in any."""
    real = [line for line in lines if line["real"] and (total == 0.0 or line["change"] * total > 0.0)]
    real.sort(key=lambda line: -abs(line["change"]))
    largest = [line for line in real if abs(line["change"]) >= 0.2 * abs(real[0]["change"])][:MOST_NAMED]
    return listed([f"{_short(line)} ({points(line['change'])})" for line in largest])


def _short(line: Mapping[str, Any]) -> str:
    """A cause in a sentence."""
    if line["cause"] == "time":
        return "the time that passed without news"
    if line["cause"] == "code":
        return "changes in the code or its packages"
    return f"“{line['label']!s}”"


def as_markdown(content: Mapping[str, Any]) -> str:
    """The ledger as Markdown.

    Args:
        content: the ledger, as JSON.
    """
    earlier, later = content["earlier"], content["later"]
    out = [
        f"## The move in the odds, {earlier['as_of']} to {later['as_of']}",
        "",
        *(f"- {markdown(entry['sentence'])}" for entry in content["odds"].values()),
        "",
        "Changes in points, with their standard errors; those in bold are larger than two standard errors.",
        "",
        "| Cause | " + " | ".join(name.capitalize() for name in content["odds"]) + " |",
        "|---|" + "---|" * len(content["odds"]),
    ]
    entries = list(content["odds"].values())
    for number, line in enumerate(entries[0]["lines"]):
        cells = [_cell(entry["lines"][number]) for entry in entries]
        out.append(f"| {markdown(line['label'])} | " + " | ".join(cells) + " |")
    totals = [_cell({"change": e["total"], "standard_error": e["standard_error"], "real": e["real"]}) for e in entries]
    out.append("| All together | " + " | ".join(totals) + " |")
    out += ["", *(markdown(note) for note in content["notes"])]
    endings = content["endings"]
    out += ["", ending_sentence(endings)]
    for example in endings["examples"]:
        for side in ("earlier", "later"):
            out += ["", f"**{markdown(example[side]['title'])}**", ""]
            out += [f"- {line['date']}: {markdown(line['text'])}" for line in example[side]["lines"]]
    return "\n".join(out).rstrip() + "\n"


def ending_sentence(endings: Mapping[str, Any]) -> str:
    """How many timelines changed their ending."""
    if not endings["paired"]:
        return "The two runs have no timelines with the same draw and replicate."
    moves = [f"{move['timelines']:,} from {move['from']} to {move['to']}" for move in endings["moves"][:3]]
    text = f"{endings['changed']:,} of {endings['paired']:,} timelines that both runs have changed their ending"
    return f"{text}{': ' if moves else ''}{listed(moves)}."


def _cell(line: Mapping[str, Any]) -> str:
    size = error(line["standard_error"])
    text = points(line["change"]) + (f" ± {size}" if size else "")
    return f"**{text}**" if line["real"] else text
