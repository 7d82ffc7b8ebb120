"""Correlations: pairs of entries, and that a distribution can have all of them."""

import pytest

from forecast.errors import InputError
from forecast.scenario.correlations import read_correlations
from forecast.scenario.prior import Correlation
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Scenario


def given(reader: Reader, *pairs: tuple[str, str, float]) -> Reader:
    rows = [{"first": first, "second": second, "rho": rho, "reason": "x"} for first, second, rho in pairs]
    reader.tables["correlations.toml"]["correlation"] = rows
    return reader


def test_the_table_is_the_record(reader: Reader, tiny: Scenario) -> None:
    (found,) = read_correlations(given(reader, ("kyiv.ban", "moscow.worth", 0.5)), tiny.priors)
    assert found == Correlation(first="kyiv.ban", second="moscow.worth", rho=0.5, reason="x")


def test_there_may_be_none(reader: Reader, tiny: Scenario) -> None:
    assert read_correlations(given(reader), tiny.priors) == ()


@pytest.mark.parametrize(("rho", "sound"), [(-0.49, True), (-0.51, False)])
def test_three_that_move_against_each_other(reader: Reader, tiny: Scenario, rho: float, sound: bool) -> None:
    """Three equal correlations are those of a distribution if they are above -1/2."""
    names = ("kyiv.ban", "moscow.worth", "moscow.worth_gain")
    pairs = [(names[a], names[b], rho) for a, b in ((0, 1), (0, 2), (1, 2))]
    if sound:
        assert len(read_correlations(given(reader, *pairs), tiny.priors)) == 3
    else:
        with pytest.raises(InputError, match="contradict each other: least eigenvalue"):
            read_correlations(given(reader, *pairs), tiny.priors)
