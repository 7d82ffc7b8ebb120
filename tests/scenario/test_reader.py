"""The checks of a table against what is read so far."""

from datetime import date
from typing import Any

import pytest

from forecast.errors import InputError
from forecast.scenario.reader import Reader, check_capacity
from forecast.scenario.records import Grounded
from forecast.timeline.fields import CAPACITY
from forecast.validation import Place

PLACE = Place("x.toml", "entry")
READING: dict[str, Any] = {
    "source": "gazette",
    "basis": "reading",
    "as_of": date(2031, 3, 3),
    "reason": "x",
    "premises": ("P1",),
}


def test_sound_grounds_pass(reader: Reader) -> None:
    reader.check_grounds(Grounded(**READING), PLACE)
    reader.check_grounds(Grounded(source="judgement", reason="x", premises=()), PLACE)


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ({"source": "gazete"}, "entry.source", "Did you mean gazette"),
        ({"premises": ("P9",)}, "entry.premises", "expected ids in premises.toml"),
        ({"premises": ("P1", "P1")}, "entry.premises", "twice"),
        ({"source": "judgement"}, "entry.basis", "leave it out where the source is judgement"),
        ({"as_of": None}, "entry.as_of", "it is missing"),
        ({"as_of": date(2031, 3, 4)}, "entry.as_of", "2031-03-03, or before"),
        ({"basis": None}, "entry.basis", "figure or reading"),
    ],
)
def test_wrong_grounds_are_refused(reader: Reader, change: dict[str, Any], key: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        reader.check_grounds(Grounded(**READING | change), PLACE)
    assert caught.value.key == key
    assert words in str(caught.value)


def test_there_is_room_for_as_many_tables_as_the_timeline_has() -> None:
    most = CAPACITY["region"]
    check_capacity(range(most), "region", PLACE)
    for count in (0, most + 1):
        with pytest.raises(InputError, match=f"found {count} tables of this kind; expected 1 to {most}"):
            check_capacity(range(count), "region", PLACE)
