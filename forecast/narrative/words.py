"""The sentences of a story: the macros of `sentences.j2`, with the labels of a scenario."""

from collections.abc import Sequence
from typing import Any, Final

from forecast.locations import ROOT
from forecast.report.context import environment
from forecast.report.numbers import counted, day_in_words, listed, two_figures
from forecast.scenario.spec import Scenario
from forecast.timeline.endings import NEAR_MOSCOW

LEANS: Final = (
    (1.0 - NEAR_MOSCOW, "terms near {kyiv}'s"),
    (0.45, "terms that lean to {kyiv}"),
    (0.55, "terms about halfway"),
    (NEAR_MOSCOW, "terms that lean to {moscow}"),
    (1.0, "terms near {moscow}'s"),
)
"""Phrases for a term index, each with the highest index that it covers."""

CAUSES: Final = {
    "washington": "{washington} cannot deliver the draft on the table",
    "hawks": "{hawks} are the least ready to agree",
    "europe": "{europe} is the least ready to agree",
    "kyiv": "{kyiv} is the least ready to agree",
    "moscow": "{moscow} is the least ready to agree",
    "obstruction": "{europe} obstructs them",
    "sabotage": "{hawks} work against them",
    "events_in_kyiv": "events in {kyiv} set them back",
}
"""Phrases for the causes of a fall of the talks, by the names of `forecast.timeline.ladder.CAUSES`."""

POSTURES: Final = (
    "{washington} mediates",
    "{washington} presses {kyiv}",
    "{washington} presses {moscow}",
    "{washington} has walked away",
)
"""Phrases for Washington's posture, by code."""

LEADERS: Final = ("the incumbent", "a harder leader", "a leader readier to settle", "the Speaker of parliament")
"""Phrases for the leader in Kyiv, by code."""


class Words:
    """Puts events into sentences.

    Args:
        scenario: gives the labels.
        ending: label of the timeline's ending.
    """

    def __init__(self, scenario: Scenario, ending: str) -> None:
        self.labels = scenario.names
        templates = environment(ROOT / "narrative")
        templates.filters |= {
            "about": lambda x: f"about {two_figures(x)}" if abs(x) >= 10 else two_figures(x),
            "amount": two_figures,
            "causes": self.causes,
            "labels": lambda parties: listed([self.labels[party] for party in parties]),
            "leader": LEADERS.__getitem__,
            "listed": listed,
            "number": counted,
            "posture": lambda posture: self.filled(POSTURES[posture]),
            "terms": self.terms,
            "weeks": in_weeks,
            "words": day_in_words,
        }
        named = self.labels | {"ending": ending, "reference": day_in_words(scenario.reference_date)}
        self.macros: Any = templates.get_template("sentences.j2", globals=named).module

    def sentence(self, kind: str, values: dict[str, Any]) -> str:
        """Give an event as a sentence, from the macro that has the name of its kind, with `_` for the dot."""
        text = str(getattr(self.macros, kind.replace(".", "_"))(values))
        return text[:1].upper() + text[1:]

    def filled(self, text: str) -> str:
        """Fill the parties' labels into a text."""
        return text.format(**self.labels)

    def terms(self, index: float) -> str:
        """Give a term index in words."""
        return self.filled(next(text for most, text in LEANS if index <= most + 1e-9))

    def causes(self, found: Sequence[str]) -> str:
        """Give the causes of a fall of the talks in words."""
        return listed([self.filled(CAUSES[cause]) for cause in found])


def in_weeks(weeks: float) -> str:
    """Give a number of weeks in words."""
    if weeks < 0.95:
        return "less than a week"
    whole = round(weeks)
    return f"{whole} week{'s' if whole > 1 else ''}"
