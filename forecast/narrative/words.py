"""The words in which a timeline is told: the macros of `templates/telling.j2`, with the labels of a scenario."""

from collections.abc import Sequence
from typing import Any, Final

from forecast.narrative.talks import Cause
from forecast.report.context import environment
from forecast.report.numbers import day_in_words, listed, two_figures
from forecast.scenario.spec import Scenario

LEANS: Final = (
    (1 / 3, "terms near {kyiv}'s"),
    (0.45, "terms lean to {kyiv}"),
    (0.55, "terms about even"),
    (2 / 3, "terms lean to {moscow}"),
    (1.0, "terms near {moscow}'s"),
)
"""What a term index is called, up to which value."""

CAUSES: Final = {
    "consent": "{party} is the least ready to agree",
    "deliver": "{washington} cannot deliver what is on the table",
    "unknown": "consent is wanting",
    "europe": "{europe} obstructs",
    "hawks": "{hawks} work against them",
    "kyiv": "set back by what happened in {kyiv}",
}
"""Why talks fell, by the row's column; `unknown` where consent was wanting and nothing tells whose."""

POSTURES: Final = (
    "{washington} is mediating",
    "{washington} is pressing {kyiv}",
    "{washington} is pressing {moscow}",
    "{washington} has walked away",
)
"""By the code of Washington's posture."""

LEADERS: Final = ("the incumbent", "a harder leader", "a leader readier to settle", "the Speaker")
"""By the code of who speaks for Kyiv."""


class Words:
    """Puts what happened into words.

    Args:
        scenario: whose labels are used.
        ending: what the timeline's ending is called.
    """

    def __init__(self, scenario: Scenario, ending: str) -> None:
        self.labels = {party.id: party.label for party in scenario.parties}
        templates = environment()
        templates.filters |= {
            "amount": two_figures,
            "causes": self.causes,
            "engaged": lambda engaged: self.filled(
                "{washington} is " + ("still engaged" if engaged else "not engaged")
            ),
            "label": self.labels.__getitem__,
            "labels": lambda parties: listed([self.labels[party] for party in parties]),
            "leader": LEADERS.__getitem__,
            "listed": listed,
            "posture": lambda posture: self.filled(POSTURES[posture]),
            "rungs": lambda count: "a rung" if count == 1 else f"{count} rungs",
            "terms": self.terms,
            "weeks": in_weeks,
        }
        named = self.labels | {"ending": ending, "reference": day_in_words(scenario.reference_date)}
        self.macros: Any = templates.get_template("telling.j2", globals=named).module

    def say(self, kind: str, values: dict[str, Any]) -> str:
        """Give an event in words."""
        return str(getattr(self.macros, kind)(**values))

    def filled(self, text: str, **own: str) -> str:
        """Text with the parties' labels in it."""
        return text.format(**self.labels, **own)

    def terms(self, index: float) -> str:
        """A term index in words, with its number."""
        lean = next(text for most, text in LEANS if index <= most + 1e-9)
        return f"{self.filled(lean)}, {index:.2f}"

    def causes(self, found: Sequence[Cause]) -> str:
        """Why talks fell; Washington consents to what it can deliver."""
        out = []
        for why, party in found:
            known = why != "consent" or party is not None
            phrase = CAUSES[("deliver" if party == "washington" else why) if known else "unknown"]
            out.append(self.filled(phrase, party=self.labels.get(party or "", "")))
        return listed(out)


def in_weeks(weeks: float) -> str:
    """A length of time."""
    if weeks < 0.95:
        return "less than a week"
    whole = round(weeks)
    return f"{whole} week{'s' if whole > 1 else ''}"
