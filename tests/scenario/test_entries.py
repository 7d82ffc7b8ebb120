"""Entries: a table of a file becomes a prior."""

import math
from typing import Any

import pytest

from forecast.errors import InputError
from forecast.inputs.validation import Place
from forecast.scenario.elicit import Marginal
from forecast.scenario.entries import inherit, read_entry
from forecast.scenario.reader import Reader
from forecast.scenario.records import Grounded

ENTRY: dict[str, Any] = {
    "distribution": {"family": "normal", "mean": 1, "sd": 2},
    "unit": "sd",
    "support": [-math.inf, math.inf],
    "varies": "world",
    "without": 0.0,
    "source": "judgement",
    "reason": "x",
    "premises": ["P1"],
}
PLACE = Place("two-islands/moscow.toml", "strain_start")


def test_an_entry_is_kept_as_a_prior(reader: Reader) -> None:
    read_entry(reader, "moscow.strain_start", ENTRY, PLACE)
    prior = reader.priors["moscow.strain_start"]
    assert prior.marginal == Marginal("normal", (1.0, 2.0))
    assert (prior.elicited, prior.file, prior.basis) == ("normal mean=1 sd=2", "moscow.toml", "judgement")
    assert (prior.unit, prior.premises, prior.as_of) == ("sd", ("P1",), None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "km2"}, "strain_start.unit: found 'km2'; expected 'sd'"),
        ({"support": [1, 0]}, "strain_start.support: found [1, 0]"),
        ({"support": [0]}, "strain_start.support: found [0]; expected a list of 2 numbers"),
        ({"quantiles": [1, 2, 3]}, "quantiles and distribution are given"),
        ({"distribution": {"family": "point"}}, "strain_start.distribution.value: this number of point is missing"),
        ({"distribution": {"family": "point", "value": True}}, "found true; expected a number"),
    ],
)
def test_a_wrong_entry_is_refused(reader: Reader, change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_entry(reader, "moscow.strain_start", ENTRY | change, PLACE)
    assert words in str(caught.value)
    assert not reader.priors


def test_a_row_inherits_the_grounds_of_its_table() -> None:
    table = Grounded.model_validate({"source": "gazette", "reason": "x", "premises": ["P1"], "basis": "reading"})
    assert inherit({"centre": 1}, table) == {
        "source": "gazette",
        "reason": "x",
        "premises": ("P1",),
        "basis": "reading",
        "varies": "world",
        "centre": 1,
    }
    # Basis and date are the source's: a row with its own source does not inherit them.
    assert "basis" not in inherit({"source": "judgement"}, table)  # type: ignore[operator]
    assert inherit(3, table) == 3
