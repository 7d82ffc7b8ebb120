"""Rows of CSV files: their lines, their columns and what is refused."""

import pytest

from forecast.errors import InputError
from forecast.evidence.csv_rows import DatedRow, read_cells, read_rows, row_place
from forecast.inputs.validation import Place

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


# How late a row may become public


class NotedRow(DatedRow):
    name: str
    note: str = ""


def noted(text: str, most: int = 300) -> list[tuple[int, NotedRow]]:
    return read_rows(NotedRow, f"observed,available,name,note\n{text}\n", PLACE, (), ("observed",), most)


@pytest.mark.parametrize("row", ["2031-03-05,2032-03-06,x,", "2030-03-05,2031-03-06,x,", "2031-03-05,2032-03-06,x,why"])
def test_a_mistyped_year_is_refused(row: str) -> None:
    with pytest.raises(
        InputError, match=r"row 2, column available: found 203\d-03-06, 36[67] days after observed.*at most 300"
    ):
        noted(row)


def test_a_late_row_needs_a_series_that_says_so_and_a_reason() -> None:
    assert len(noted("2031-03-05,2031-12-30,x,")) == 1
    assert len(noted("2031-03-05,2032-03-06,x,known from a later count", most=700)) == 1
    for row, words in (
        ("2031-03-05,2032-03-06,x, ", "row 2, column note: it is empty; expected the reason"),
        ("2031-03-05,2033-03-06,x,why", "at most 700 days"),
    ):
        with pytest.raises(InputError, match=words):
            noted(row, most=700)
