"""Which series play which part."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.evidence.series import Evidence
from forecast.inputs.validation import Place
from forecast.scenario.reader import Reader
from forecast.scenario.records import SeriesRoles
from forecast.scenario.series_roles import (
    LIMITS,
    after_horizon,
    check_mondays,
    check_month_ends,
    check_series,
    check_weekday,
    observed_days,
    weeks_without_monday,
)
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
    check(reader, tiny, evidence, {"pocket": "other"})


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"trust": "othr"}, "series.trust: found 'othr'; expected a series of evidence/evidence.toml"),
        ({"trust": "area_survey"}, "series.trust: found 'area_survey', which is named already"),
        ({"desertion": "other", "pocket": "other"}, "series.pocket: found 'other', which is named already"),
        ({"approval": ("other",)}, "allowed for approval are numbers above 0 and below 100"),
    ],
)
def test_a_wrong_part_is_refused(
    reader: Reader, tiny: Scenario, evidence: Evidence, roles: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError) as caught:
        check(reader, tiny, evidence, roles)
    assert words in str(caught.value)


# Days on which a part uses no figure


def shifted(evidence: Evidence, which: slice, days: int, unit: str = "D") -> Evidence:
    """The other series with some of its days moved."""
    table = evidence.table.reset_index(drop=True)
    rows = table.index[table["series"] == "other"][which]
    table.loc[rows, "observed"] += pd.Timedelta(days, unit)
    return replace(evidence, table=table, lines={("other", day): 7 for day in observed_days(evidence, "other")})


@pytest.mark.parametrize("which", [slice(0, 1), slice(5, 6), slice(1, 40)])
def test_a_week_counted_from_the_first_row_refuses_other_weekdays(evidence: Evidence, which: slice) -> None:
    check_weekday(evidence, "other", Place("void"))
    with pytest.raises(InputError, match=r"void/other\.csv: .*a Sunday; expected Mondays.*shifted by a day"):
        check_weekday(shifted(evidence, which, -1), "other", Place("void"))


def test_dates_that_are_all_shifted_are_one_weekday_and_still_refused_on_mondays(evidence: Evidence) -> None:
    all_of_them = shifted(evidence, slice(None), -1)
    check_weekday(all_of_them, "other", Place("void"))
    with pytest.raises(InputError, match=r"void/other\.csv: .*a Sunday, and none of a Monday; the front uses Mondays"):
        check_mondays(all_of_them, "other", Place("void"))


@pytest.mark.parametrize(
    ("which", "missed"), [(slice(0, 0), 0), (slice(5, 6), 0), (slice(5, 9), 0), (slice(5, 10), 5), (slice(2, 40), 38)]
)
def test_weeks_in_a_row_without_a_monday_are_counted(evidence: Evidence, which: slice, missed: int) -> None:
    moved = shifted(evidence, which, 1)
    check_mondays(moved, "other", Place("void"))
    assert len(weeks_without_monday(moved, "other", 5)) == missed


def test_a_month_has_one_figure_of_its_last_day(evidence: Evidence) -> None:
    ends = pd.date_range("2030-01-31", periods=90, freq="ME")
    table = evidence.table[evidence.table["series"] == "other"].assign(observed=ends)
    monthly = replace(evidence, table=table)
    check_month_ends(monthly, "other", Place("void"))
    for row, day in ((0, "2030-01-15"), (3, "2030-05-01"), (89, "2037-07-01")):
        other = table.copy()
        other.iloc[row, other.columns.get_loc("observed")] = pd.Timestamp(day)
        with pytest.raises(InputError, match=rf"found an observation of {day}; expected a month's last day"):
            check_month_ends(replace(evidence, table=other), "other", Place("void"))


def test_the_error_names_the_row(evidence: Evidence) -> None:
    with pytest.raises(InputError, match=r"void/other\.csv: row 7, column observed: found"):
        check_month_ends(shifted(evidence, slice(0, 0), 0), "other", Place("void"))


def test_aid_and_approval_are_checked_when_they_are_named(reader: Reader, tiny: Scenario, evidence: Evidence) -> None:
    with pytest.raises(InputError, match="expected a month's last day"):
        check(reader, tiny, evidence, {"aid_us": "other"})
    small = shifted(evidence, slice(0, 1), -1)
    table = small.table.assign(value=50.0)
    with pytest.raises(InputError, match="expected Mondays"):
        check(reader, tiny, replace(small, table=table), {"first_term_approval": "other"})


def test_observations_after_the_horizon_are_found(evidence: Evidence, tiny: Scenario) -> None:
    assert after_horizon(evidence, tiny.horizon) == {}
    assert after_horizon(shifted(evidence, slice(-1, None), 366), tiny.horizon) == {"other": [date(2032, 9, 22)]}
