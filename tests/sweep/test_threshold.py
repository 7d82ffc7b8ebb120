"""Grids and thresholds: a chance by hand, a crossing with its interval, and none in the range."""

import math
from pathlib import Path

import numpy as np
import pytest
from places import TINY

from forecast.ensemble.request import RunRequest
from forecast.errors import InputError
from forecast.sweep.grid import grid
from forecast.sweep.threshold import crossing_near, threshold

REQUEST = RunRequest(TINY, perspective="base", prior_only=True, timelines=1000)

RANGE = "endings.defeat=0.01:0.3"


def test_a_crossing_lies_where_the_grid_crosses(tmp_path: Path) -> None:
    found = threshold(REQUEST, [RANGE], "battlefield", 0.1, out=tmp_path / "t")
    row = found.table.iloc[0]
    assert row["low"] < row["value"] < row["high"]
    assert row["rising"]
    around = grid(REQUEST, [f"endings.defeat={row['value'] - 0.02}:{row['value'] + 0.02}:2"], "battlefield").table
    assert around["value"].iloc[0] < 0.1 < around["value"].iloc[1]
    assert "passes above 10%" in found.sentences[0]
    again = threshold(REQUEST, [RANGE], "battlefield", 0.1, out=tmp_path / "t", resume=True)
    assert again.files() == found.files()


def test_none_in_the_range_is_said_plainly() -> None:
    found = threshold(REQUEST, [RANGE], "battlefield-negotiated", 0.9)
    assert found.table.empty
    assert "does not cross 90%" in found.sentences[0]


def test_the_chance_of_a_defeat_by_hand() -> None:
    """With the other causes nearly off, the odds of defeat follow from the yearly chance and the length of the forecast."""
    table = grid(REQUEST, ["endings.failure=0.001:0.9:2"], "south_gives_up").table
    few, many = table["value"]
    days = 210  # from the reference date to the horizon
    assert many == pytest.approx(1.0 - math.exp(math.log(0.1) * days / 365.25), abs=0.1)
    assert few < 0.02


def test_two_inputs_make_a_map() -> None:
    found = grid(REQUEST, ["endings.defeat=0.01:0.1:2", "talks.tempo=0.1:0.5:3"])
    assert len(found.table) == 2 * 3 * 3
    assert found.table["second"].nunique() == 3
    base = found.table[found.table["output"] == "battlefield"]
    assert (base["change_error"] <= base["value_error"]).all()


@pytest.mark.parametrize(
    ("axes", "found"),
    [
        ([], "expected one to 2"),
        (["endings.defeat=0.3:0.1"], "empty range"),
        (["endings.defeat=0.1:0.1"], "empty range"),
        (["endings.defeat=0.1"], "LOW:HIGH"),
        (["endings.defeat=0.1:2"], "expected"),
        (["endings.defeat=0.1:0.2:1"], "found 1 steps"),
        (["endings.defeat", "endings.defeat"], "same input twice"),
        (["endings.defet"], "endings.defeat"),
    ],
)
def test_axes_that_are_refused(axes: list[str], found: str) -> None:
    with pytest.raises(InputError, match=found):
        grid(REQUEST, axes)


def test_levels_that_are_refused() -> None:
    with pytest.raises(InputError, match="share from -1 to 1"):
        threshold(REQUEST, [RANGE], "battlefield", 10.0)


def test_the_nearest_crossing() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0])
    assert crossing_near(values, np.array([-1.0, 1.0, -1.0, -1.0]), 2.0) == 1.5
    assert crossing_near(values, np.array([1.0, 1.0, 1.0, 1.0]), 2.0) is None
