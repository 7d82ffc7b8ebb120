"""Addresses: where an entry stands in the tables as read."""

from forecast.scenario.addresses import addresses, clear_ways, held_premises, is_row, table_at
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Scenario


def test_every_prior_has_an_address(reader: Reader, tiny: Scenario) -> None:
    assert set(addresses(reader.tables)) == set(tiny.priors)


def test_an_address_leads_to_the_entry(reader: Reader) -> None:
    address = addresses(reader.tables)["settlements.clause_included.armistice.zone"]
    assert (address.file, address.key) == ("settlements.toml", "settlement.armistice.clause.zone.included")
    assert "quantiles" in table_at(reader.tables, address)


def test_a_row_that_is_a_number_becomes_a_table(reader: Reader) -> None:
    address = addresses(reader.tables)["parties.position.washington.ferries"]
    assert table_at(reader.tables, address) == {"centre": 0.4}
    assert reader.tables["parties.toml"]["party"]["washington"]["position"]["ferries"] == {"centre": 0.4}


def test_premises_are_those_of_the_nearest_table(reader: Reader) -> None:
    known = addresses(reader.tables)
    assert held_premises(reader.tables, known["moscow.worth"]) == ["P1", "P3"]
    assert held_premises(reader.tables, known["settlements.weight.armistice"]) == ["P2"]
    assert held_premises(reader.tables, known["settlements.clause_included.armistice.zone"]) == ["P4"]


def test_rows_are_those_given_by_centre_and_spread() -> None:
    assert is_row("parties.position.kyiv.line")
    assert is_row("settlements.terms.pause.line")
    assert not is_row("settlements.weight.pause")


def test_what_is_no_entry_has_no_address(reader: Reader) -> None:
    reader.tables["moscow.toml"]["worth"] = 3
    assert "moscow.worth" not in addresses(reader.tables)


def test_all_ways_but_one_are_taken_out() -> None:
    entry = {"quantiles": [1, 2, 3], "distribution": {}, "unit": "1"}
    clear_ways(entry, "quantiles")
    assert entry == {"quantiles": [1, 2, 3], "unit": "1"}
