"""Dates in the texts of a scenario: those that can be replaced for certain, and those that a reader must judge.

Certain are the horizon and the reference date, spelt out, and the year of a scenario with both dates in one year. A
year beside a month, a season or another date is left as it stands.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MONTH = "|".join(MONTHS)
_BESIDE = rf"(?:{_MONTH}|[Ss]pring|[Ss]ummer|[Aa]utumn|[Ww]inter|[Ee]arly|[Ll]ate|[Mm]id)[\s-]+(?:of\s+)?"
_YEAR = r"(?<![\d/.,-])(?P<beside>{beside})?{year}(?![\d/-]|\.\d)"
_ANY_YEAR = re.compile(r"(?<![\d,.])(?:1[5-9]|20)\d\d(?!\d|[,.]\d)")
_MONTHS = re.compile(
    rf"\b(?:{_MONTH.replace('|May|', '|')})\b|\b(?:in|since|of|by|to|from|until) May\b|\b\d{{1,2}} May\b"
)
_THE_DATE = re.compile(
    r"\b(?:[Oo]n|[Bb]y|[Bb]efore|[Aa]fter|of|[Ss]ince) the (?:reference )?date\b"
    r"|\b[Tt]he (?:incoming|outgoing|new) (?:team|president)\b"
)
_AGE = re.compile(r"\b(?:aged \d+|years? old|(?:his|her) age)\b")

AROUND: Final = 60
"""Characters quoted before and after a date."""

YEARS_BEFORE: Final = 2
"""Years before the old reference date that count as its own time; a date before them is history and does not age."""


@dataclass(frozen=True)
class Dates:
    """The two dates of a scenario."""

    reference: date
    horizon: date

    @property
    def year(self) -> int | None:
        """The year in which both lie; None if there are two."""
        return self.reference.year if self.reference.year == self.horizon.year else None

    @property
    def years(self) -> str:
        """The year in which both lie, or the first and the last."""
        return str(self.year or f"{self.reference.year}-{self.horizon.year % 100:02d}")


SPELLINGS: Final[tuple[Callable[[date], str], ...]] = (
    lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    lambda day: day.isoformat(),
)
"""The ways in which a day is spelt out."""


def redated(text: str, old: Dates, new: Dates) -> str:
    """Give a text with the old dates replaced where that is certain.

    Args:
        text: a question, a title or a criterion.
        old: the dates of the scenario before.
        new: the dates of the next scenario.
    """
    marks: dict[str, str] = {}
    for before, after in ((old.horizon, new.horizon), (old.reference, new.reference)):
        for spelt in SPELLINGS:
            mark = f"\ue000{len(marks)}\ue001"
            found = re.sub(rf"(?<!\d){re.escape(spelt(before))}(?!\d)", mark, text)
            if found != text:
                marks[mark], text = spelt(after), found
    if old.year is not None:
        pattern = re.compile(_YEAR.format(beside=_BESIDE, year=old.year))
        text = pattern.sub(lambda match: match[0] if match["beside"] else new.years, text)
    for mark, spelling in marks.items():
        text = text.replace(mark, spelling)
    return text


def dates_named(text: str) -> list[str]:
    """Give the years, months, ages and words for the reference date that a text names, each once, in order."""
    found = [match for pattern in (_ANY_YEAR, _MONTHS, _THE_DATE, _AGE) for match in pattern.finditer(text)]
    return list(dict.fromkeys(match[0] for match in sorted(found, key=lambda match: match.start())))


def phrases(text: str, words: Sequence[str]) -> tuple[str, ...]:
    """Give the parts of a text that name a date, each with the words around it; parts that touch are one.

    Args:
        text: the text.
        words: the dates that it names, from `dates_named`.
    """
    spans: list[list[int]] = []
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text) if words else ():
        first, last = max(0, match.start() - 2 * AROUND), min(len(text), match.end() + 2 * AROUND)
        begin = text.rfind(" ", first, max(first, match.start() - AROUND)) + 1 or first
        end = text.find(" ", match.end() + AROUND, last)
        end = last if end < 0 else end
        if spans and begin <= spans[-1][1]:
            spans[-1][1] = end
        else:
            spans.append([begin, end])
    cut = "..."
    return tuple(f"{cut * (a > 0)}{text[a:b].strip()}{cut * (b < len(text))}" for a, b in spans)


def ages(text: str, old: Dates, new: Dates) -> list[str]:
    """Give the dates in a text that a later reference date may have made old; history is left out.

    Args:
        text: a reason, a title, a claim or a criterion.
        old: the dates of the scenario before.
        new: the dates of the next scenario; its own dates are not old.
    """
    for day in (new.reference, new.horizon):
        for spelt in SPELLINGS:
            text = text.replace(spelt(day), "")
    named = dates_named(text)
    years = [int(name) for name in named if name.isdecimal()]
    if any(old.reference.year - YEARS_BEFORE < year <= old.horizon.year for year in years):
        return named
    words = [name for name in named if not name.isdecimal()]
    # A month beside a year of history belongs to that year.
    return named if words and (not years or any(_THE_DATE.search(word) or _AGE.search(word) for word in words)) else []
