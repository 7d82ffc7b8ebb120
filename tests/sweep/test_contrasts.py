"""Each driver held low or high all year moves the odds and the terms the way that is argued."""

import pandas as pd
import pytest
from timeline_tools import ukraine

from forecast.sweep.contrasts import CONTRASTS, contrasts, markdown

SIGNS = [
    ("pace", "battlefield", 1),
    ("pace", "term_index", 1),
    ("capital", "negotiated", 1),
    ("attention", "negotiated", 1),
    ("obstruction", "negotiated", -1),
    ("obstruction", "term_index", -1),
    ("instability", "battlefield", 1),
    ("instability", "term_index", 1),
    ("arms", "battlefield", -1),
    ("strain", "negotiated", 1),
    ("strain", "term_index", -1),
    ("power", "term_index", 1),
]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    scenario, posterior = ukraine()
    return contrasts(scenario, posterior, timelines=8000).set_index("contrast")


@pytest.mark.statistical
@pytest.mark.parametrize(("contrast", "outcome", "sign"), SIGNS)
def test_drivers_move_what_they_should(table: pd.DataFrame, contrast: str, outcome: str, sign: int) -> None:
    row = table.loc[contrast]
    assert sign * row[outcome] > 2 * row[f"{outcome}_error"] > 0


@pytest.mark.statistical
def test_power_moves_the_terms_rather_than_the_odds(table: pd.DataFrame) -> None:
    row = table.loc["power"]
    assert row["term_index"] > 0.055
    assert abs(row["negotiated"]) < 4.0


def test_the_table_has_a_line_for_each_contrast(table: pd.DataFrame) -> None:
    lines = markdown(table.reset_index()).splitlines()
    assert len(lines) == 2 + len(CONTRASTS)
    assert list(table.index) == list(CONTRASTS)
    assert all(label in line for label, line in zip(table["label"], lines[2:], strict=True))
    assert "{" not in "".join(lines)
