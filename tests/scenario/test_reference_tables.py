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
