"""The ledger in words: a sentence for each headline odds, and Markdown to paste."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.outcomes.rounding import tenths
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

ROUNDING = "They are rounded so that each column adds up, and agree with the odds as printed; JSON has all digits."
REAL_WORDS = "lines larger than three standard errors, and whole moves larger than two"
"""Sentences under a table of changes."""

MOST_NAMED = 3
"""Most causes that a sentence names."""


def points(change: float) -> str:
    """A change in points with a sign and one decimal."""
    text = f"{change:+.1f}"
    return text.replace("-", MINUS) if float(text) else "0.0"


def change_text(line: Mapping[str, Any]) -> str:
    """The change of a line or of a whole move as it is printed, with its standard error.

    Args:
        line: as JSON: `shown` and `standard_error`.
    """
    size = line["standard_error"]
    if size == 0.0:
        return points(line["shown"])
    text = f"{size:.1f}" if size >= 0.095 else f"{size:.2f}" if size >= 0.005 else "under 0.01"
    return f"{points(line['shown'])} ± {text}"


def sentence(name: str, entry: Mapping[str, Any], earlier: Mapping[str, Any], later: Mapping[str, Any]) -> str:
    """A sentence about the move in a headline odds, ready to be published.

    Args:
        name: of the outcome.
        entry: its ledger, as JSON.
        earlier: the earlier run, as JSON: `as_of` and `odds`.
        later: the later run, likewise.
    """
    total = entry["shown"]
    before, after = (f"{tenths(run['odds'][name]) / 10:.1f}%" for run in (earlier, later))
    since = _since(earlier["as_of"], later["as_of"])
    odds = f"The odds of {OUTCOMES.get(name, name)}"
    if not entry["real"]:
        moved = "have not changed" if total == 0.0 else f"have moved by {change_text(entry)} points"
        tail = "" if entry["total"] == 0.0 else ", within the simulation's error"
        first = f"{odds} {moved} {since}, from {before} to {after}{tail}."
        raised, lowered = (_reasons(entry["lines"], sign) for sign in (1.0, -1.0))
        clear = [f"{text} {verb} them" for text, verb in ((raised, "raised"), (lowered, "lowered")) if text]
        return f"{first} Clear of that error alone: {'; '.join(clear)}." if clear else first
    verb = "fell" if total < 0.0 else "rose"
    by = f"by {change_text({**entry, 'shown': abs(total)}).lstrip('+')} points"
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
    """The causes that are real and moved the odds in the direction of a total, largest first."""
    real = [line for line in lines if line["real"] and line["change"] * total > 0.0]
    real.sort(key=lambda line: -abs(line["change"]))
    largest = [line for line in real if abs(line["change"]) >= 0.2 * abs(real[0]["change"])][:MOST_NAMED]
    return listed([f"{_short(line)} ({change_text(line)})" for line in largest])


def _short(line: Mapping[str, Any]) -> str:
    """A cause in a sentence."""
    if line["cause"] == "time":
        return "the time that passed without news"
    if line["cause"] == "evidence/all":
        return "new figures of the series"
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
        f"Changes in points, with their standard errors. {ROUNDING} In bold: {REAL_WORDS}.",
        "",
        "| Cause | " + " | ".join(name.capitalize() for name in content["odds"]) + " |",
        "|---|" + "---|" * len(content["odds"]),
    ]
    entries = list(content["odds"].values())
    for number, line in enumerate(entries[0]["lines"]):
        cells = [_cell(entry["lines"][number]) for entry in entries]
        out.append(f"| {markdown(line['label'])} | " + " | ".join(cells) + " |")
    totals = [_cell(entry) for entry in entries]
    out.append("| All together | " + " | ".join(totals) + " |")
    out += ["", *(markdown(note) for note in content["notes"])]
    endings = content["endings"]
    out += ["", markdown(ending_sentence(endings))]
    for example in endings["examples"]:
        for side in ("earlier", "later"):
            out += ["", f"**{markdown(example[side]['title'])}**", ""]
            out += [f"- {line['date']}: {markdown(line['text'])}" for line in example[side]["lines"]]
    return "\n".join(out).rstrip() + "\n"


def ending_sentence(endings: Mapping[str, Any]) -> str:
    """How many timelines changed their ending, in plain text."""
    if not endings["paired"]:
        return "The two runs have no timeline with the same parameters and random numbers."
    size = f"{endings['paired']:,} {'timeline' if endings['paired'] == 1 else 'timelines'}"
    first = (
        f"Both runs have {size} with the same parameters and random numbers; each keeps the draws that fit its record."
    )
    if not endings["changed"]:
        return f"{first} None of them ends otherwise in the later run."
    named = endings["moves"][:3]
    moves = [f"in {move['timelines']:,}, “{move['from_label']}” became “{move['to_label']}”" for move in named]
    if others := endings["changed"] - sum(move["timelines"] for move in named):
        moves.append(f"{others:,} {'other' if others == 1 else 'others'}")
    return f"{first} Of these, {endings['changed']:,} end otherwise in the later run: {'; '.join(moves)}."


def _cell(line: Mapping[str, Any]) -> str:
    text = change_text(line)
    return f"**{text}**" if line["real"] else text
