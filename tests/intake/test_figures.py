"""Single figures: new, revised, recorded already; ranges, days, sources, and what a run predicted."""

import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from intake_tools import REQUEST, TODAY, contents
from intake_tools import ukraine_folder as ukraine_folder

from forecast.errors import InputError
from forecast.intake.expected import Expected
from forecast.intake.figures import Figure, number, record_figures
from forecast.scenario.load import load_scenario
from forecast.store.manifest import read_manifest
from forecast.store.parquet import write_parquet

NEW = Figure("trust_kiis", date(2025, 12, 20), date(2025, 12, 27), 58.5)


def test_a_figure_is_a_row_of_its_series(ukraine_folder: Path) -> None:
    before = contents(ukraine_folder)
    report = record_figures(ukraine_folder, [replace(NEW, source="https://kiis.com.ua/x", note="a, b")], REQUEST)
    assert report.lines == ["trust_kiis: 58.5 % of respondents for 2025-12-20 added, available on 2025-12-27."]
    after = contents(ukraine_folder)
    row = b'2025-12-20,2025-12-27,58.5,"a, b",https://kiis.com.ua/x\n'
    assert after.pop("trust_kiis.csv") == before.pop("trust_kiis.csv") + row
    assert after == before


def test_the_same_again_is_unchanged_and_so_is_a_later_day_with_the_same_figure(ukraine_folder: Path) -> None:
    record_figures(ukraine_folder, [NEW], REQUEST)
    first = contents(ukraine_folder)
    for later in (NEW, replace(NEW, available=date(2026, 1, 5))):
        report = record_figures(ukraine_folder, [later], REQUEST)
        assert (report.added, report.revised, report.unchanged) == (0, 0, 1)
        assert report.lines == ["trust_kiis: 58.5 for 2025-12-20 is recorded already; unchanged."]
    assert contents(ukraine_folder) == first


def test_a_revision_is_a_new_row_of_its_own_day(ukraine_folder: Path) -> None:
    record_figures(ukraine_folder, [NEW], REQUEST)
    first = contents(ukraine_folder)
    for wrong in (NEW.available, NEW.available - timedelta(days=2)):
        with pytest.raises(InputError, match="A revision needs the day on which it became available, later than"):
            record_figures(ukraine_folder, [replace(NEW, value=59.0, available=wrong)], REQUEST)
    assert contents(ukraine_folder) == first
    record_figures(ukraine_folder, [replace(NEW, value=59.0, available=date(2026, 1, 5))], REQUEST)
    record_figures(ukraine_folder, [replace(NEW, available=date(2026, 1, 9))], REQUEST)  # and back
    evidence = load_scenario(ukraine_folder).evidence
    seen = [evidence.as_of(date(2026, 1, day)).series("trust_kiis").iloc[-1]["value"] for day in (4, 5, 9)]
    assert seen == [58.5, 59.0, 58.5]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"series": "trust_kis"}, "Did you mean trust_kiis"),
        ({"series": "../sources"}, "found the series '../sources'"),
        ({"series": "x" * 1_000_000}, "found the series 'xxx"),
        ({"value": 101.0}, "expected 10 to 95, the declared range of trust_kiis"),
        ({"value": -1e300}, "declared range"),
        ({"observed": date(1925, 12, 20)}, "Check the year"),
        ({"available": TODAY + timedelta(days=1)}, "a day to come"),
        ({"available": date(2025, 12, 1)}, "the day observed, or later. Check both dates"),
        ({"observed": date(2024, 12, 20)}, "expected at most 300 days"),
        ({"source": "a newspaper"}, "expected an id in sources.toml, or an address"),
        ({"source": "=cmd()"}, "takes for a formula"),
        ({"source": "@SUM(A1)"}, "takes for a formula"),
        ({"source": "https://x.org/\x1b[2J"}, "control characters"),
        ({"source": "https://x.org/\u202e"}, "control characters"),
        ({"source": "https://x.org/<b>"}, "expected an id in sources.toml, or an address"),
        ({"source": "https://x.org/" + "x" * 1_000_000}, "expected at most 2000"),
        ({"source": "../../etc/passwd"}, "expected an id in sources.toml"),
        ({"note": "-1+cmd|' /C calc'!A0"}, "takes for a formula"),
        ({"note": "two\nlines"}, "on one line"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(ukraine_folder: Path, change: dict, words: str) -> None:
    first = contents(ukraine_folder)
    with pytest.raises(InputError, match=words) as refused:
        record_figures(ukraine_folder, [replace(NEW, observed=date(2025, 12, 21)), replace(NEW, **change)], REQUEST)
    assert len(str(refused.value)) < 2000
    assert contents(ukraine_folder) == first


def test_a_scenario_that_does_not_load_is_left_alone(ukraine_folder: Path) -> None:
    index = ukraine_folder / "evidence" / "evidence.toml"
    index.write_text(index.read_text() + "\n[[series]]\nid = 7\n")
    first = contents(ukraine_folder)
    with pytest.raises(InputError, match=r"evidence\.toml"):
        record_figures(ukraine_folder, [NEW], REQUEST)
    assert contents(ukraine_folder) == first


@pytest.mark.parametrize(("value", "text"), [(5.0, "5"), (-0.25, "-0.25"), (116170.84, "116170.84"), (1e22, "1e+22")])
def test_numbers_are_written_with_their_fewest_digits(value: float, text: str) -> None:
    assert number(value) == text
    assert float(text) == value


# What the last run predicted


@pytest.fixture
def runs(kept_copy: Path, ukraine_folder: Path) -> Path:
    """A folder with a run of ukraine-2025 as of 2025-12-01, of which only the predictions are made up."""
    scenario = load_scenario(ukraine_folder)
    folder = kept_copy.parent / "ukraine-2025_2025-12-01_0123456789"
    shutil.copytree(kept_copy, folder)
    manifest = dict(read_manifest(kept_copy)) | {"as_of": "2025-12-01", "scenario": scenario.id, "id": folder.name}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    weeks = pd.date_range("2025-12-07", periods=4, freq="7D")
    gained = np.arange(4) * 100.0 + 3800.0
    bands = pd.DataFrame({"level": "km2", "ending": "all", "date": weeks, "q05": gained - 200, "q50": gained})
    write_parquet(bands.assign(q95=gained + 400), folder / "bands.parquet")
    summary = {"amounts": {"approval_4w": {"q05": 39.0, "q50": 42.0, "q95": 45.0}}}
    (folder / "summary.json").write_text(json.dumps(summary))
    return kept_copy.parent


@pytest.mark.parametrize(
    ("series", "day", "value", "flagged"),
    [
        ("area_deepstate", date(2025, 12, 12), 112072.35 + 3900, False),
        ("area_deepstate", date(2025, 12, 12), 112072.35 + 3900 + 790, False),
        ("area_deepstate", date(2025, 12, 12), 112072.35 + 3900 + 810, True),
        ("area_deepstate", date(2025, 12, 12), 112072.35 + 3900 - 410, True),
        ("approval_2025", date(2025, 12, 20), 47.0, False),
        ("approval_2025", date(2025, 12, 20), 49.0, True),
        ("losses_claimed", date(2025, 11, 29), 59000.0, False),
        ("aid_us", date(2026, 1, 31), 24.9, False),
    ],
)
def test_a_figure_far_from_the_forecast_is_taken_with_a_flag(
    ukraine_folder: Path, runs: Path, series: str, day: date, value: float, flagged: bool
) -> None:
    found = Expected(load_scenario(ukraine_folder), runs).flag(series, day, value)
    assert (found is not None) == flagged
    if found:
        assert "FAR FROM THE FORECAST" in found
        assert "ukraine-2025_2025-12-01_0123456789" in found


def test_the_flag_is_in_the_report_and_the_figure_is_recorded(ukraine_folder: Path, runs: Path) -> None:
    figure = Figure("area_deepstate", date(2025, 12, 12), date(2025, 12, 12), 119000.0)
    report = record_figures(ukraine_folder, [figure], replace(REQUEST, runs=runs))
    assert report.added == 1
    assert "FAR FROM THE FORECAST: area_deepstate is 119,000 km2 for 2025-12-12" in report.flags[0]


def test_without_a_run_a_change_larger_than_any_is_flagged(ukraine_folder: Path) -> None:
    expected = Expected(load_scenario(ukraine_folder), None)
    assert expected.flag("trust_kiis", date(2025, 12, 20), 60.0) is None
    assert expected.flag("losses_claimed", date(2026, 1, 31), 59_999.0) is None
    found = expected.flag("area_deepstate", date(2026, 1, 5), 124_000.0)
    assert found is not None
    assert found.startswith("UNUSUAL: area_deepstate is 124,000 km2 for 2026-01-05")
