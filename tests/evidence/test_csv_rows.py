"""Rows of CSV files: their lines, their columns and what is refused."""

import pytest

from forecast.errors import InputError
from forecast.evidence.csv_rows import DatedRow, read_cells, read_rows, row_place
from forecast.validation import Place

PLACE = Place("void/rows.csv")
DAYS = "2031-03-05,2031-03-06"


class Row(DatedRow):
    name: str
    source: str = ""


def rows(text: str) -> list[tuple[int, Row]]:
    return read_rows(Row, text, PLACE, {"gazette"}, key=("observed", "name"))


def test_rows_have_their_lines_as_an_editor_counts_them() -> None:
    found = read_cells('a,b\n"two\nlines",1\nx,y\n', PLACE, lambda *_: None)
    assert found == [(3, {"a": "two\nlines", "b": "1"}), (4, {"a": "x", "b": "y"})]


def test_places_say_row_and_column() -> None:
    assert row_place(PLACE, 3).key == "row 3"
    assert row_place(PLACE, 3).at("name") == Place("void/rows.csv", "row 3, column name")


def test_columns_may_stand_in_any_order_and_those_with_a_default_be_left_out() -> None:
    ((line, row),) = rows(f"name,observed,available\nx,{DAYS}\n")
    assert (line, row.name, row.source, row.observed.day, row.available.day) == (2, "x", "", 5, 6)


def test_a_revision_has_a_later_date() -> None:
    assert len(rows(f"observed,available,name\n{DAYS},x\n2031-03-05,2031-03-07,x\n{DAYS},y\n")) == 3


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("", None, "allowed there are the columns observed, available, name, source"),
        ("observed,available\n", "row 1, column name", "the column is missing; found observed, available"),
        ("observed,available,nam\n", "row 1, column nam", "Did you mean name"),
        ("observed,available,name,name\n", "row 1, column name", "given twice"),
        (f"observed,available,name\n{DAYS}\n", "row 2", "found 2 cells; expected 3"),
        (
            "observed,available,name\n2031-03-05,2031-03-04,x\n",
            "row 2, column available",
            "2031-03-04 is before observed",
        ),
        ("observed,available,name\n2031-3-5,2031-03-06,x\n", "row 2, column observed", "expected a real day"),
        (f"observed,available,name,source\n{DAYS},x,gazete\n", "row 2, column source", "Did you mean gazette"),
        (f"observed,available,name\n{DAYS},x\n{DAYS},x\n", "row 3", "same observed, name and available as row 2"),
        (f'observed,available,name\n{DAYS},"x"y\n', "row 2", "it is not CSV"),
    ],
)
def test_wrong_rows_are_refused(text: str, key: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        rows(text)
    assert (caught.value.file, caught.value.key) == ("void/rows.csv", key)
    assert words in str(caught.value)
