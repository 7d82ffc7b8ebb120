"""Reference tables: their rows, and that each file is named once."""

import pytest

from forecast.errors import InputError
from forecast.scenario.reader import Reader
from forecast.scenario.reference_tables import read_reference

TABLE = {"file": "wars.csv", "title": "x", "unit": "x", "source": "gazette", "note": ""}


def read(reader: Reader, text: str, tables: dict[str, object] | None = None) -> Reader:
    given = {**reader.tables, "reference/reference.toml": tables or {"wars": TABLE}}
    fresh = Reader(reader.label, given, reader.sources)
    read_reference(fresh, {"reference/reference.toml": "", "reference/wars.csv": text})
    return fresh


def test_rows_go_by_their_columns(reader: Reader) -> None:
    found = read(reader, 'war,days\n"One, two",3\n')
    assert found.classes == {"wars": [{"war": "One, two", "days": "3"}]}


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("", "row 1", "found the columns none"),
        ("a,a\n1,2\n", "row 1", "found the columns a, a; expected names, each once"),
        ("a,\n1,2\n", "row 1", "names, each once"),
        ("a,b\n1,2\n1\n", "row 3", "found 1 cells; expected 2"),
        ("a,b\n", None, "it has no rows"),
    ],
)
def test_wrong_rows_are_refused(reader: Reader, text: str, key: str | None, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(reader, text)
    assert (caught.value.file, caught.value.key) == ("two-islands/reference/wars.csv", key)
    assert words in str(caught.value)


def test_a_file_is_named_once(reader: Reader) -> None:
    with pytest.raises(InputError, match=r"again\.file: found 'wars\.csv'; expected a CSV file .* named once"):
        read(reader, "a\n1\n", {"wars": TABLE, "again": TABLE})


# Cases that stand there twice, or contradict themselves

WARS = "war,start,end,duration_days,outcome\n"
ONE = "First,2001-04-02,2002-09-30,546,stalemate\n"


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("war,days\nOne,3\nTwo,4\nOne,3\n", "row 4", "found the same war, days as in row 2"),
        ("war,days,note\nOne,3,a\none ,3,b\n", "row 3", "found the same war, days as in row 2"),
        ("year,risings\n1990,3\n1991,3\n1990,4\n", "row 4", "found the same year as in row 2"),
        ("decade,risings,source\n1990,3,x\n1990,4,y\n", "row 3", "found the same decade as in row 2"),
        # Cases that contradict themselves
        ("year,attempts,successes\n1950,6,4\n1951,2,7\n", "row 3, column attempts", "found 7 in successes; expected 2"),
        ("year_from,year_to,wars_at_risk,ended\n0,1,65,95\n", "row 2, column wars_at_risk", "expected 65 at most"),
        ("decade,exits,irregular,regular\n1880,26,19,83\n", "row 2, column exits", "found 19 + 83 in irregular"),
        ("start,end,value\n2020-01-01,2019-12-31,3\n", "row 2, column end", "which is before 2020-01-01 in start"),
        ("year_from,year_to\n10,9\n", "row 2, column year_to", "found 9, which is before 10 in year_from"),
    ],
)
def test_a_case_at_fault_is_refused(reader: Reader, text: str, key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read(reader, text)
    assert caught.value.key == key
    assert words in str(caught.value)


def test_cases_that_differ_in_a_word_or_a_year_are_not_the_same(reader: Reader) -> None:
    assert len(read(reader, "war,days\nOne,3\nTwo,3\n").classes["wars"]) == 2
    assert len(read(reader, "year,island,risings\n1990,north,3\n1990,south,3\n").classes["wars"]) == 2


def of_file(reader: Reader, file: str, text: str) -> None:
    given = {**reader.tables, "reference/reference.toml": {"wars": TABLE | {"file": file}}}
    read_reference(
        Reader(reader.label, given, reader.sources, day=reader.day),
        {"reference/reference.toml": "", f"reference/{file}": text},
    )


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (ONE.replace("546", "546.0"), "duration_days", "found '546.0'; expected a whole number"),
        (ONE.replace("546", "-1"), "duration_days", "at least 0"),
        (ONE.replace("2001-04-02", "2001-W14-1"), "start", "expected a real day"),
        (ONE.replace("stalemate", "draw"), "outcome", "expected one of won_or_lost, stalemate, other"),
        (ONE + ONE.replace("546", "547"), "", "row 3: found First of 2001-04-02, which is row 2 already"),
        (
            ONE.replace("546", "1546"),
            "duration_days",
            "found 1546; expected 547, the days from 2001-04-02 to 2002-09-30",
        ),
        (ONE.replace("2002-09-30", "2001-03-30"), "end", "found 2001-03-30, which is before 2001-04-02 in start"),
        ("First,2030-12-01,2031-03-03,93,other\n", "end", "expected a day before 2031-03-03, the reference date"),
    ],
)
def test_wars_are_checked_row_by_row(reader: Reader, row: str, column: str, words: str) -> None:
    of_file(reader, "interstate_wars.csv", WARS + ONE)
    with pytest.raises(InputError) as caught:
        of_file(reader, "interstate_wars.csv", WARS + row)
    assert column in str(caught.value.key)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2031-03-01", "2031-W09-1", "row 2, column asked: found '2031-W09-1'"),
        ("0.5", "0,5", "row 2"),
        ("0.5", "1.5", "row 2, column probability: found '1.5'; expected a number of at most 1"),
        ("0.5", "\u0660.5", "row 2, column probability"),
        ("general_truce", "truce", "row 2, column event: found 'truce'; expected one of general_truce_28_days"),
        ("from", "begin", "row 2: the column from is missing"),
    ],
)
def test_crowds_are_checked_before_anything_is_simulated(reader: Reader, old: str, new: str, words: str) -> None:
    text = "platform,question,asked,from,to,event,probability\nX,y,2031-03-01,2031-03-03,2031-09-29,general_truce,0.5\n"
    of_file(reader, "crowds.csv", text)
    with pytest.raises(InputError) as caught:
        of_file(reader, "crowds.csv", text.replace(old, new))
    assert words in str(caught.value)
