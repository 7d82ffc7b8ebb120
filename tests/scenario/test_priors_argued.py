"""Every number of the default scenario says what it stands on, and stands on nothing that came later."""

import re
from datetime import date

import pytest

from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
LATER = re.compile(
    r"2025-(?:0[2-9]|1[0-2]|01-(?:2[1-9]|3\d))"
    rf"|\b(?:{MONTHS.removeprefix('January|')}) 2025"
    r"|\b(?:2[1-9]|3[01]) January 2025"
)
"""A day or a month after the reference date, written out."""

KNOWN_BEFOREHAND = ("2025-02-08", "15 March", "31 January")
"""Days to come that were known on the reference date: to when martial law and sanctions had been prolonged."""


@pytest.fixture(scope="module")
def ukraine() -> Scenario:
    return load_scenario("ukraine-2025")


def test_basis_and_source_go_together(ukraine: Scenario) -> None:
    for prior in ukraine.priors.values():
        assert (prior.source == "judgement") == (prior.basis == "judgement"), prior.name
        assert prior.source in ukraine.sources, prior.name


def test_reasons_are_reasons(ukraine: Scenario) -> None:
    reasons = [prior.reason for prior in ukraine.priors.values()]
    assert all(len(reason.split()) >= 4 for reason in reasons)
    # Rows that differ do not share one reason: a reason belongs to at most a few numbers.
    assert max(map(reasons.count, set(reasons))) <= 3


def test_sources_were_public_by_the_reference_date(ukraine: Scenario) -> None:
    for prior in ukraine.priors.values():
        assert prior.as_of is None or prior.as_of <= ukraine.reference_date, prior.name
        published = ukraine.sources[prior.source].published
        assert not published or date.fromisoformat(published) <= ukraine.reference_date, prior.source


def test_cited_sources_say_who_and_where_or_that_they_were_recalled(ukraine: Scenario) -> None:
    for name in {prior.source for prior in ukraine.priors.values()} - {"judgement"}:
        source = ukraine.sources[name]
        assert source.title, name
        assert source.publisher, name
        assert source.url or source.note, name


def test_no_reason_speaks_of_what_came_later(ukraine: Scenario) -> None:
    texts = [(prior.name, prior.reason) for prior in ukraine.priors.values()]
    texts += [(pair.first, pair.reason) for pair in ukraine.correlations]
    texts += [
        (f"{name}: {change.entry}", change.reason)
        for name, perspective in ukraine.perspectives.items()
        for change in perspective.changes
    ]
    found = []
    for name, text in texts:
        for known in KNOWN_BEFOREHAND:
            text = text.replace(known, "")
        if told := LATER.search(text):
            found.append((name, told[0]))
    assert found == []


def test_the_search_for_later_days_finds_them() -> None:
    """The control."""
    for text in ("as of 2025-01-21", "on 2025-03-04", "in March 2025", "on 23 January 2025"):
        assert LATER.search(text), text
    for text in ("as of 2025-01-20", "in January 2025", "on 19 December 2024", "through 2025"):
        assert not LATER.search(text), text
