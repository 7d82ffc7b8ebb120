"""The checks of a table against what is read so far."""

import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forecast.errors import InputError
from forecast.inputs.validation import Place
from forecast.scenario.elicit import Marginal, fit_quantiles
from forecast.scenario.load import load_scenario
from forecast.scenario.reader import Reader, check_capacity, check_reach
from forecast.scenario.records import Grounded
from forecast.timeline.fields import CAPACITY

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


# Numbers that cannot be computed with


@pytest.mark.parametrize(
    "marginal",
    [
        Marginal("normal", (0.0, 1.0)),
        Marginal("lognormal", (100.0, 1.0)),
        Marginal("uniform", (0.0, 1e6)),
        Marginal("point", (0.0,)),
        Marginal("gamma", (2.0, 3.0)),
        Marginal("beta", (0.5, 0.5)),
        fit_quantiles(8.0, 26.0, 70.0, 0.0, math.inf),
        fit_quantiles(-1.0, 0.0, 3.0, -math.inf, math.inf),
    ],
)
def test_priors_with_usual_numbers_pass(marginal: Marginal) -> None:
    check_reach(marginal, "as given", PLACE)


@pytest.mark.parametrize(
    "marginal",
    [
        Marginal("normal", (1e308, 1.0)),
        Marginal("normal", (0.0, 1e308)),
        Marginal("lognormal", (1.0, 100.0)),
        Marginal("uniform", (-1e308, 1e308)),
        Marginal("gamma", (1e308, 1e308)),
        Marginal("lognormal", (math.inf, 1.0)),
        fit_quantiles(8.0, 26.0, 1e308, 0.0, math.inf),
        fit_quantiles(8.0, 26.0, 1e30, 0.0, math.inf),
        fit_quantiles(-1.0, 0.0, 1e200, -math.inf, math.inf),
    ],
)
def test_priors_that_overflow_are_refused_without_a_warning(marginal: Marginal) -> None:
    with pytest.raises(
        InputError, match=r"x\.toml: entry: found as given, which reaches .*; expected numbers up to 1e\+12"
    ):
        check_reach(marginal, "as given", PLACE)


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "washington.toml",
            "[capital_half_life]\nquantiles = ",
            "[8, 26, 1e308]",
            "capital_half_life: found quantiles",
        ),
        ("parties.toml", "salience_spread = ", "1e300", "expected log weights of at most 100"),
    ],
)
def test_a_scenario_with_such_a_prior_is_refused(tiny_folder: Path, file: str, old: str, new: str, words: str) -> None:
    path = tiny_folder / file
    before, found, after = path.read_text().partition(old)
    assert found, f"{file} has no {old!r}"
    path.write_text(f"{before}{found}{new}\n{after.partition(chr(10))[2]}")
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    assert words in str(caught.value)
