"""The sentences in which a timeline is told: the macros of `sentences.j2`, with the labels of a scenario."""

from collections.abc import Sequence
from typing import Any, Final

from forecast.locations import ROOT
from forecast.report.context import environment
from forecast.report.numbers import day_in_words, listed, two_figures
from forecast.scenario.spec import Scenario

LEANS: Final = (
    (1 / 3, "terms near {kyiv}'s"),
    (0.45, "terms that lean to {kyiv}"),
    (0.55, "terms about halfway"),
    (2 / 3, "terms that lean to {moscow}"),
    (1.0, "terms near {moscow}'s"),
)
"""What a term index is called, up to which value."""

CAUSES: Final = {
    "washington": "{washington} cannot deliver what is on the table",
    "hawks": "{hawks} are the least ready to agree",
    "europe": "{europe} is the least ready to agree",
    "kyiv": "{kyiv} is the least ready to agree",
    "moscow": "{moscow} is the least ready to agree",
    "obstruction": "{europe} obstructs them",
    "sabotage": "{hawks} work against them",
    "events_in_kyiv": "events in {kyiv} set them back",
}
"""Why talks fall, by the names of `forecast.timeline.ladder.CAUSES`."""

POSTURES: Final = (
    "{washington} mediates",
    "{washington} presses {kyiv}",
    "{washington} presses {moscow}",
    "{washington} has walked away",
)
"""By the code of Washington's posture."""

LEADERS: Final = ("the incumbent", "a harder leader", "a leader readier to settle", "the Speaker of parliament")
"""By the code of who speaks for Kyiv."""

NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""Small numbers, spelled out."""


class Words:
    """Puts events into sentences.

    Args:
        scenario: whose labels are used.
        ending: what the timeline's ending is called.
    """

    def __init__(self, scenario: Scenario, ending: str) -> None:
        self.labels = {party.id: party.label for party in scenario.parties}
        templates = environment(ROOT / "narrative")
        templates.filters |= {
            "about": lambda x: f"about {two_figures(x)}" if abs(x) >= 10 else two_figures(x),
            "amount": two_figures,
            "causes": self.causes,
            "labels": lambda parties: listed([self.labels[party] for party in parties]),
            "leader": LEADERS.__getitem__,
            "listed": listed,
            "number": lambda count: NUMBERS[count] if count < len(NUMBERS) else str(count),
            "posture": lambda posture: self.filled(POSTURES[posture]),
            "terms": self.terms,
            "weeks": in_weeks,
            "words": day_in_words,
        }
        named = self.labels | {"ending": ending, "reference": day_in_words(scenario.reference_date)}
        self.macros: Any = templates.get_template("sentences.j2", globals=named).module

    def sentence(self, kind: str, values: dict[str, Any]) -> str:
        """An event as a sentence: that of the macro named by its kind, with `_` for the dot."""
        text = str(getattr(self.macros, kind.replace(".", "_"))(values))
        return text[:1].upper() + text[1:]

    def filled(self, text: str) -> str:
        """Text with the parties' labels in it."""
        return text.format(**self.labels)

    def terms(self, index: float) -> str:
        """A term index in words."""
        return self.filled(next(text for most, text in LEANS if index <= most + 1e-9))

    def causes(self, found: Sequence[str]) -> str:
        """Why talks fell."""
        return listed([self.filled(CAUSES[cause]) for cause in found])


def in_weeks(weeks: float) -> str:
    """A length of time."""
    if weeks < 0.95:
        return "less than a week"
    whole = round(weeks)
    return f"{whole} week{'s' if whole > 1 else ''}"
