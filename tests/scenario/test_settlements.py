"""Settlements: their flags, their clauses and their entries."""

from typing import Any

import pytest

from forecast.errors import InputError
from forecast.scenario.reader import Reader
from forecast.scenario.records import Clause, Settlement
from forecast.scenario.settlements import ROWS_OF_CLAUSE, ROWS_OF_SETTLEMENT, read_settlements
from forecast.scenario.spec import Scenario
from forecast.scenario.toml_tables import ClauseTable, SettlementTable


def test_settlements_are_the_tables_without_their_entries(reader: Reader, tiny: Scenario) -> None:
    first, *_ = read_settlements(reader, tiny.issues)
    assert type(first) is Settlement
    assert (first.id, first.settles, first.signatories[-1]) == ("armistice", ("harbour",), "moscow")
    assert [(type(clause), clause.id, clause.issue) for clause in first.clauses] == [
        (Clause, "zone", "line"),
        (Clause, "return", ""),
    ]
    assert {f"settlements.{key}.armistice" for key in ROWS_OF_SETTLEMENT} <= set(reader.priors)
    assert {f"settlements.clause_{key}.armistice.zone" for key in ROWS_OF_CLAUSE} <= set(reader.priors)


def test_the_tables_have_a_key_for_each_entry() -> None:
    assert set(ROWS_OF_SETTLEMENT) <= set(SettlementTable.model_fields) - set(Settlement.model_fields)
    assert set(ROWS_OF_CLAUSE) <= set(ClauseTable.model_fields) - set(Clause.model_fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"settles": ["harbour", "harbour"]},
            "settlement.armistice.settles: found 'harbour'; expected harbour, line",
        ),
        ({"settles": ["harbor"]}, "Did you mean harbour"),
        ({"signatories": ["kyiv", "moscow", "moscow"]}, "settlement.armistice.signatories: found 'moscow'"),
        ({"id": "other"}, "settlement.armistice.id: unknown key"),
        ({"clauses": []}, "settlement.armistice.clauses: unknown key"),
        ({"legal": "none"}, "settlement.armistice.legal: found 'none'; expected a list, in [ ]"),
    ],
)
def test_a_wrong_settlement_is_refused(reader: Reader, tiny: Scenario, change: dict[str, Any], words: str) -> None:
    reader.tables["settlements.toml"]["settlement"]["armistice"] |= change
    with pytest.raises(InputError) as caught:
        read_settlements(reader, tiny.issues)
    assert words in str(caught.value)


def test_an_ending_of_every_scenario_is_no_settlement(reader: Reader, tiny: Scenario) -> None:
    tables = reader.tables["settlements.toml"]["settlement"]
    tables["general_truce"] = tables.pop("pause")
    with pytest.raises(
        InputError, match=r"settlement\.general_truce: found the id of an ending that every scenario has"
    ):
        read_settlements(reader, tiny.issues)
