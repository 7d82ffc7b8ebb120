"""Stale series: when a row was due, and what each series declares."""

from datetime import date
from pathlib import Path

import pytest
from damage import swap
from places import REPOSITORY
from run_tools import TINY

from forecast.errors import InputError
from forecast.pipeline.staleness import from_plain, stale_series
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario

MAPS = "evidence/evidence.toml"


def stale(folder: Path | Scenario, day: date) -> list[str]:
    scenario = load_scenario(folder) if isinstance(folder, Path) else folder
    return [f"{entry.series} {entry.last_available} {entry.expected}" for entry in stale_series(scenario, day)]


def rows_until(folder: Path, last: str) -> None:
    """Take the later rows of the map away."""
    path = folder / "evidence" / "area_survey.csv"
    head, *rows = path.read_text().splitlines()
    path.write_text("\n".join([head, *(row for row in rows if row[:10] <= last)]) + "\n")


def test_a_series_is_stale_after_its_interval_and_its_lag(tiny_folder: Path) -> None:
    rows_until(tiny_folder, "2031-02-10")
    scenario = load_scenario(tiny_folder)
    assert stale(scenario, date(2031, 2, 17)) == []
    assert stale(scenario, date(2031, 2, 18)) == ["area_survey 2031-02-10 2031-02-17"]
    (entry,) = stale_series(scenario, date(2031, 3, 3))
    assert entry.sentence() == (
        "area_survey is stale: its last row is of 2031-02-10, and another was expected by 2031-02-17"
    )
    assert from_plain([entry.plain()]) == (entry,)


def test_the_usual_lag_is_the_median_of_the_rows_known_by_then(tiny_folder: Path) -> None:
    rows_until(tiny_folder, "2030-01-14")
    path = tiny_folder / "evidence" / "area_survey.csv"
    path.write_text(
        "observed,available,value\n2030-01-07,2030-01-10,800\n2030-01-14,2030-01-18,801\n2030-01-21,2030-03-01,802\n"
    )
    # Lags of 3 and 4 days, then of 39: a median of 3.5, rounded up, and of 4.
    scenario = load_scenario(tiny_folder)
    assert stale(scenario, date(2030, 1, 29)) == []
    assert stale(scenario, date(2030, 1, 30)) == ["area_survey 2030-01-18 2030-01-29"]
    assert stale(scenario, date(2030, 3, 12)) == []
    assert stale(scenario, date(2030, 3, 13)) == ["area_survey 2030-03-01 2030-03-12"]


def test_a_series_that_has_ended_is_never_stale(tiny_folder: Path) -> None:
    swap(tiny_folder, MAPS, "every_days = 7", "ended = 2031-02-10")
    rows_until(tiny_folder, "2031-02-10")
    assert stale(tiny_folder, date(2031, 9, 29)) == []


def test_the_scenarios_are_fresh_on_their_dates() -> None:
    assert stale(TINY, date(2031, 9, 29)) == []
    ukraine = load_scenario("ukraine-2025", priors=REPOSITORY / "priors")
    assert stale(ukraine, date(2025, 1, 20)) == []
    # No row yet: expected within the interval from the reference date on.
    assert "approval_2025_gallup None 2025-03-30" in stale(ukraine, date(2025, 4, 1)) or not [
        line for line in stale(ukraine, date(2025, 4, 1)) if "gallup" in line
    ]
    # A Monday without a map is stale until the next.
    assert "area_deepstate 2025-03-24 2025-03-31" in stale(ukraine, date(2025, 4, 1))
    assert not [line for line in stale(ukraine, date(2025, 4, 7)) if line.startswith("area_")]
    ended = {name for name, spec in ukraine.evidence.specs.items() if spec.ended}
    assert "desertion_awol" in ended
    assert not ended & {line.split()[0] for line in stale(ukraine, date(2025, 12, 31))}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "series.area_survey: found neither every_days nor ended; expected one of them. Add one"),
        ("every_days = 7\nended = 2031-12-31", "series.area_survey: found every_days and ended; expected one of them"),
        ("every_days = 0", "every_days: found 0; expected a number of at least 1"),
        ("every_days = 1000000000000", "every_days: found 1000000000000; expected a number of at most 3660"),
        ('every_days = "=cmd()"', "every_days: found '=cmd()'; expected a whole number"),
        ("every_days = 7.5", "every_days: found 7.5; expected a whole number"),
        ('ended = "2031-12-31"', "ended: found '2031-12-31'; expected a day, written YYYY-MM-DD"),
        ("ended = 2031-09-15", "row 91, column observed: 2031-09-22 is after 2031-09-15, when the series ended by"),
    ],
)
def test_a_cadence_that_is_refused(tiny_folder: Path, line: str, words: str) -> None:
    swap(tiny_folder, MAPS, "every_days = 7  # a map each Monday", line)
    with pytest.raises(InputError) as caught:
        load_scenario(tiny_folder)
    assert words in str(caught.value)
