"""The heading of a page about a scenario, with the mark of what its numbers were made from."""

from forecast.locations import behaviour_digest
from forecast.report.numbers import day_in_words
from forecast.scenario.spec import Scenario
from forecast.store.digests import digest_of


def made_from(scenario: Scenario) -> str:
    """Digest of what the pages' numbers depend on most: the scenario's files but evidence and groups, and the code."""
    texts = {name: text for name, text in scenario.texts.items() if not name.startswith(("evidence/", "groups.toml"))}
    return digest_of(texts | {"simulator": behaviour_digest("timeline", "encoding")})[:12]


def heading(scenario: Scenario) -> dict[str, str]:
    """The heading of every page: the title, the date and the mark of the inputs that it was made from."""
    return {
        "title": scenario.title,
        "as_of": day_in_words(scenario.reference_date),
        "made_from": made_from(scenario),
    }
