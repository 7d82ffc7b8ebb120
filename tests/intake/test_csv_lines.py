"""Rows added to the text of CSV files."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.intake.csv_lines import with_rows

ROW = {"observed": "2025-03-05", "available": "2025-03-06", "value": "3", "note": "", "source": ""}


def test_a_row_goes_behind_those_of_its_day() -> None:
    text = "observed,available,value\n2025-03-04,2025-03-04,1\n2025-03-05,2025-03-05,2\n2025-03-06,2025-03-06,4\n"
    lines = with_rows(text, [ROW]).splitlines()
    assert lines[3] == "2025-03-05,2025-03-06,3"
    assert len(lines) == 5


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ends_of_lines_stay_and_a_missing_one_is_added(end: str) -> None:
    text = end.join(["observed,available,value", "2025-03-04,2025-03-04,1"])
    assert with_rows(text, [ROW]) == end.join([text, "2025-03-05,2025-03-06,3", ""])


def test_a_column_is_added_only_for_a_row_that_needs_it() -> None:
    text = 'observed,available,value,"a, b"\n2025-03-04,2025-03-04,1,"two\nlines"\n'
    assert with_rows(text, [ROW]).startswith(text)
    more = with_rows(text, [ROW | {"note": 'said "so"'}])
    rows = list(csv.DictReader(io.StringIO(more)))
    assert [row["note"] for row in rows] == ["", 'said "so"']
    assert rows[0]["a, b"] == "two\nlines"


def test_a_file_without_the_column_is_refused() -> None:
    with pytest.raises(InputError, match="expected observed among them"):
        with_rows("", [ROW])


@given(
    st.lists(st.dates().map(str), min_size=1, max_size=20).map(sorted),
    st.lists(st.dates().map(str), min_size=1, max_size=5),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n")),
)
def test_every_row_that_was_there_stays_and_order_is_kept(there: list[str], new: list[str], note: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([("observed", "available", "note"), *((d, d, note) for d in there)])
    text = out.getvalue()
    after = with_rows(text, [{"observed": day, "available": day} for day in new])
    days = [row["observed"] for row in csv.DictReader(io.StringIO(after, newline=""))]
    assert days == sorted(there + new)
    kept = [row for row in csv.DictReader(io.StringIO(after, newline="")) if row["note"]]
    assert len(kept) == (len(there) if note else 0)
