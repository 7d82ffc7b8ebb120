"""Names of the five parties for readers, and texts of the model with these names filled in.

The model's parts are called by role: Washington, its hawks, Europe, Kyiv and Moscow. A scenario says who plays each
role. Texts that readers see are declared with places for the names: `{kyiv}` is the label of that party,
`{kyiv.country}` its country, and `{kyiv.adjective}` the adjective of the country.
"""

import re
from collections.abc import Iterable, Mapping

from forecast.scenario.records import Party
from forecast.timeline.codes import PARTIES


class PartyName(str):
    """The label of a party, with the names of its country.

    Attributes:
        country: the country that the party speaks for; the label if the scenario names none.
        adjective: what belongs to it; the country if the scenario has no such word.
    """

    __slots__ = ("adjective", "country")

    country: str
    adjective: str

    def __new__(cls, label: str, country: str | None = None, adjective: str | None = None) -> "PartyName":
        """Make the name of a party."""
        name = super().__new__(cls, label)
        name.country = country or label
        name.adjective = adjective or name.country
        return name


def party_names(parties: Iterable[Party]) -> dict[str, PartyName]:
    """Give the names of parties, by id."""
    return {party.id: PartyName(party.label, party.country, party.adjective) for party in parties}


ROLES: Mapping[str, PartyName] = {party: PartyName(party.capitalize()) for party in PARTIES}
"""The names of the roles, for texts about no scenario."""

_ROLE = re.compile(rf"\b({'|'.join(role for role in ROLES.values() if role != 'Hawks')})\b")


def with_labels(text: str, names: Mapping[str, PartyName]) -> str:
    """Put the labels of a scenario's parties for the names of the roles, as in documentation of the model."""
    return _ROLE.sub(lambda found: names[found[0].lower()], text)
