"""Which series play which part."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.evidence.series import Evidence
from forecast.scenario.reader import Reader
from forecast.scenario.records import SeriesRoles
from forecast.scenario.series_roles import LIMITS, check_series
from forecast.scenario.spec import Scenario


@pytest.fixture
def evidence(tiny: Scenario) -> Evidence:
    """The area alone, once more under another name."""
    table = tiny.evidence.table
    other = table.assign(series="other")
    spec = tiny.evidence.specs["area_survey"]
    specs = dict(tiny.evidence.specs) | {"other": spec.model_copy(update={"id": "other", "file": "other.csv"})}
    return replace(tiny.evidence, specs=specs, table=pd.concat([table, other]))


def check(reader: Reader, tiny: Scenario, evidence: Evidence, roles: Mapping[str, object]) -> None:
    check_series(reader, replace(tiny, series=SeriesRoles(**roles)), evidence)  # type: ignore[arg-type]


def test_every_part_has_limits() -> None:
    assert set(LIMITS) == set(SeriesRoles.model_fields)


def test_parts_are_named_with_their_series() -> None:
    roles = SeriesRoles(approval=("one", "two"), trust="three")
    assert list(roles.named()) == [("approval", "one"), ("approval", "two"), ("trust", "three")]


def test_a_series_may_play_a_part(reader: Reader, tiny: Scenario, evidence: Evidence) -> None:
    check(reader, tiny, evidence, {"aid_us": "other"})


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"trust": "othr"}, "series.trust: found 'othr'; expected a series of evidence/evidence.toml"),
        ({"trust": "area_survey"}, "series.trust: found 'area_survey', which is named already"),
        ({"aid_us": "other", "desertion": "other"}, "series.desertion: found 'other', which is named already"),
        ({"approval": ("other",)}, "allowed for approval are numbers above 0 and below 100"),
    ],
)
def test_a_wrong_part_is_refused(
    reader: Reader, tiny: Scenario, evidence: Evidence, roles: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        check(reader, tiny, evidence, roles)
    assert words in str(caught.value)
