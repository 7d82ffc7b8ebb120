"""Parties: the issues, and what each party wants."""

import pytest

from forecast.errors import InputError
from forecast.scenario.parties import read_parties
from forecast.scenario.reader import Reader
from forecast.scenario.records import Issue
from forecast.timeline.codes import PARTIES


def test_issues_and_parties_are_the_tables_without_their_entries(reader: Reader) -> None:
    issues, parties, lean = read_parties(reader)
    assert [issue.id for issue in issues] == ["harbour", "line", "garrison", "ferries"]
    assert type(issues[0]) is Issue
    assert not hasattr(issues[0], "toil")
    assert tuple(party.id for party in parties) == PARTIES
    assert lean.shape == (5, 4)
    assert not lean.flags.writeable


def test_stiffness_moves_positions_away_from_the_other_side(reader: Reader) -> None:
    _, parties, lean = read_parties(reader)
    for row, party in enumerate(parties):
        assert (lean[row] > 0).all() == (party.leans == "moscow"), party.id


def test_an_id_is_no_key_of_the_file(reader: Reader) -> None:
    reader.tables["parties.toml"]["issue"]["line"]["id"] = "other"
    with pytest.raises(InputError, match=r"issue\.line\.id: unknown key; expected label, zero, one"):
        read_parties(reader)
