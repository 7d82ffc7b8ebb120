"""The result of an import: counts, and sentences for the person who ran it."""

from dataclasses import dataclass, field

from forecast.inputs.validation import Place
from forecast.plain_text import is_formula, visible

LONGEST = 2000
"""Most characters of a text that is kept: a source, a reason, an event."""


@dataclass
class ImportReport:
    """The result of an import.

    Attributes:
        added: number of new observations, events or changes of state.
        revised: number of observations that have a new figure.
        unchanged: number of rows that were recorded already.
        lines: the changes, in plain sentences.
        flags: what somebody should look at, in plain sentences.
    """

    added: int = 0
    revised: int = 0
    unchanged: int = 0
    lines: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)

    def content(self) -> dict[str, object]:
        """Give the report as JSON holds it."""
        return {
            "added": self.added,
            "revised": self.revised,
            "unchanged": self.unchanged,
            "lines": list(self.lines),
            "flags": list(self.flags),
        }


def safe_text(text: str, place: Place) -> str:
    """Check a text that is kept with the evidence, and shown in reports and tables.

    Args:
        text: the text.
        place: the option or the cell that gives it.

    Raises:
        InputError: it is too long, has control characters or ends of lines, or begins like a formula of a spreadsheet.
    """
    if len(text) > LONGEST:
        raise place.error(f"found {len(text)} characters; expected at most {LONGEST}", "Shorten it")
    if is_formula(text):
        what = f"found a text that begins with {text.lstrip()[:1]!a}, which a spreadsheet takes for a formula"
        raise place.error(f"{what}; expected a word or a digit there", "Begin with a word")
    hidden = next((c for c in text if c in "\n\t" or visible(c) != c), None)
    if hidden is not None:
        what = f"found the character {hidden!a}; expected text on one line without control characters"
        raise place.error(what, "Take it out")
    return text
