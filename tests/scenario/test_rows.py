"""Rows: a position, a salience or a term for each issue."""

from typing import Any

import pytest

from forecast.errors import InputError
from forecast.inputs.validation import Place
from forecast.scenario.reader import Reader
from forecast.scenario.records import Grounded, Issue
from forecast.scenario.rows import check_position, keep_row, read_rows

PLACE = Place("two-islands/parties.toml", "position")
GROUNDS = Grounded(source="judgement", reason="x", premises=("P2",))
ISSUES = [Issue(id=name, label="x", zero="x", one="x", premises=("P1",)) for name in ("harbour", "line")]


def test_a_number_is_a_row_with_the_spread_of_its_table(reader: Reader) -> None:
    rows = read_rows(reader, {"line": {"centre": 0.3, "spread": 0.1}, "harbour": 0.5}, ISSUES, GROUNDS, 0.2, PLACE)
    assert [(issue.id, row.centre, row.spread) for issue, row, _ in rows] == [("harbour", 0.5, 0.2), ("line", 0.3, 0.1)]
    assert rows[1][2].key == "position.line"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"harbour": 0.5}, "position.line: this issue is missing"),
        ({"harbour": 0.5, "line": True}, "position.line: found true; expected a number, or a table with centre"),
        ({"harbour": 0.5, "line": {"spread": 0.1}}, "position.line.centre: it is missing"),
    ],
)
def test_wrong_rows_are_refused(reader: Reader, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_rows(reader, given, ISSUES, GROUNDS, 0.2, PLACE)
    assert words in str(caught.value)


def test_a_row_rests_on_its_issue_too(reader: Reader) -> None:
    ((issue, row, where), _) = read_rows(reader, {"harbour": 0.5, "line": 0.5}, ISSUES, GROUNDS, 0.2, PLACE)
    keep_row(reader, "parties.position.kyiv.harbour", issue, row, 0.12, where, ", load 0.8")
    prior = reader.priors["parties.position.kyiv.harbour"]
    assert (prior.premises, prior.marginal.args) == (("P2", "P1"), (0.5, 0.12))
    assert prior.elicited == "centre 0.5, spread 0.2, load 0.8"
    keep_row(reader, "parties.salience.kyiv.harbour", issue, row, 0.0, where)
    assert reader.priors["parties.salience.kyiv.harbour"].marginal.is_point


def test_a_position_is_between_the_ideals() -> None:
    check_position(1.0, PLACE)
    with pytest.raises(InputError, match=r"position: found 1\.01; expected 0 to 1"):
        check_position(1.01, PLACE)
