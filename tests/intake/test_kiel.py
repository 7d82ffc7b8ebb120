"""Releases of the aid tracker: columns by name, months without aid, revisions on the day of the release."""

import os
from datetime import date
from pathlib import Path

import pytest
from intake_tools import REQUEST, contents
from intake_tools import ukraine_folder as ukraine_folder

from forecast.errors import InputError
from forecast.intake.kiel import import_kiel, read_release
from forecast.scenario.load import load_scenario

PUBLISHED = os.environ.get("FORECAST_PUBLISHED")

RELEASE = """"country","iso","year","month","total","financial","humanitarian","military","commitments"
"Germany","DEU",2025,11,4.5,1,1,2.5,9
"EU (Commission and Council)","EU",2025,11,2.631,2.631,0,0,9
"Turkiye","TUR",2025,11,0.5,0,0,0.5,9
"United States","USA",2025,11,0,0,0,0,9
"Canada","CAN",2026,1,0.2,0,0,0.2,9
"France","FRA",2026,1,1.25,0,0.25,1,9
"""


def saved(folder: Path, text: str = RELEASE, name: str = "release.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_aid_of_europe_and_of_the_united_states_by_month(tmp_path: Path) -> None:
    found = read_release(saved(tmp_path))
    assert found.months == (date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31))
    assert found.united_states == (0.0, 0.0, 0.0)
    assert found.europe == (7.131, 0.0, 1.25)


@pytest.mark.parametrize(
    "text",
    [
        "Ukraine Support Tracker;;;;\n;;;;\nTotal (EUR bn);Country;Month;Year;Note\n"
        "4.5;Germany;11;2025;\n2.631;EU institutions;11;2025;\n0;United States;11;2025;\n1.25;France;1;2026;x\n",
        "Military,Humanitarian,Donor,Financial,Date\n2.5,1,GERMANY,1,2025-11-01\n0,0,EU,2.631,2025-11-30\n"
        "0,0,USA,0,2025-11\n1,.25,France,,2026-1\n",
    ],
)
def test_titles_names_and_order_of_columns_may_change(tmp_path: Path, text: str) -> None:
    assert read_release(saved(tmp_path, text)).europe == (7.131, 0.0, 1.25)


def test_a_workbook_is_read_as_the_table_of_one_of_its_sheets(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["Read me"])
    sheet = book.create_sheet("Data")
    sheet.append(["Allocations by month"])
    for line in RELEASE.replace('"', "").splitlines():
        sheet.append([float(cell) if cell.replace(".", "").isdigit() else cell for cell in line.split(",")])
    book.save(tmp_path / "release.xlsx")
    assert read_release(tmp_path / "release.xlsx").europe == (7.131, 0.0, 1.25)


def test_changed_figures_are_revisions_of_the_day_of_the_release(ukraine_folder: Path, tmp_path: Path) -> None:
    before = load_scenario(ukraine_folder)
    later = RELEASE.replace("2.631,2.631", "3.131,3.131")
    report = import_kiel(ukraine_folder, saved(tmp_path, later), date(2026, 8, 20), REQUEST)
    # December is without aid in this made-up release, and 5.437 was recorded.
    assert (report.added, report.revised, report.unchanged) == (2, 2, 2)
    assert "aid_europe: 2025-11-30 revised from 7.131 to 7.631 EUR bn/month, available on 2026-08-20." in report.lines
    after = load_scenario(ukraine_folder).evidence
    pd_rows = after.as_of(date(2026, 8, 19)).series("aid_europe")
    assert pd_rows.equals(before.evidence.as_of(date(2026, 8, 19)).series("aid_europe"))
    rows = after.as_of(date(2026, 8, 20)).series("aid_europe").set_index("observed")["value"]
    assert list(rows["2025-11-30":]) == [7.631, 0.0, 1.25]
    again = contents(ukraine_folder)
    report = import_kiel(ukraine_folder, saved(tmp_path, later), date(2026, 9, 20), REQUEST)
    assert (report.added, report.revised, report.unchanged) == (0, 0, 6)
    assert contents(ukraine_folder) == again


def test_a_figure_revised_years_later_says_so_in_its_note(ukraine_folder: Path, tmp_path: Path) -> None:
    text = "country,year,month,total\nUnited States,2022,8,9.9\nGermany,2022,8,2.245\n"
    report = import_kiel(ukraine_folder, saved(tmp_path, text), date(2026, 8, 20), REQUEST)
    assert (report.revised, report.unchanged) == (1, 1)
    row = load_scenario(ukraine_folder).evidence.series("aid_us").set_index("available").loc["2026-08-20"]
    assert (row["value"], row["note"]) == (9.9, "as published on 2026-08-20")


def test_a_release_before_the_figures_recorded_is_refused_where_it_differs(
    ukraine_folder: Path, tmp_path: Path
) -> None:
    text = "country,year,month,total\nUnited States,2025,3,0\nGermany,2025,3,1.5\n"
    first = contents(ukraine_folder)
    with pytest.raises(InputError, match=r"expected 11\.897, which is recorded as available on 2025-05-30"):
        import_kiel(ukraine_folder, saved(tmp_path, text), date(2025, 4, 20), REQUEST)
    assert contents(ukraine_folder) == first


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"total","financial"', '"sum","fin"', "found no table of aid"),
        ("Germany", "Atlantis", "found the donor 'Atlantis'"),
        ("2025,11,4.5", "2025,13,4.5", "found the month '2025-13'"),
        ("2025,11,4.5", "1825,11,4.5", "found the month '1825-11'"),
        ("2025,11,4.5", "2025,11,4.5 bn", "found '4.5 bn'; expected a finite number"),
        ("2025,11,4.5", "2025,11,inf", "expected a finite number"),
        ("2025,11,4.5", "2025,11,=cmd()", "expected a finite number"),
        ("2025,11,4.5", "2025,11,900", "the declared range of aid_europe"),
        ("2025,11,4.5", "2025,11,-90", "the declared range of aid_europe"),
        ('"Canada","CAN",2026,1', '"France","FRA",2026,1', "has a row for 2026-01 already"),
        ('"iso"', '"Total"', "the column 'Total' is given twice|the column 'total' is given twice"),
        ('"total"', '"total (million EUR)"', "expected billions of euros"),
        ('"United States","USA"', '"Japan","JPN"', "no row of the United States"),
        ('"Germany","DEU",2025,11,4.5,1,1,2.5,9', '"Germany","DEU"', "found 2 cells; expected 9"),
        ("2026,1,0.2", "2026,12,0.2", "after its release on 2026-08-20"),
    ],
)
def test_a_wrong_release_changes_nothing(ukraine_folder: Path, tmp_path: Path, old: str, new: str, words: str) -> None:
    first = contents(ukraine_folder)
    assert old in RELEASE
    with pytest.raises(InputError, match=words):
        import_kiel(ukraine_folder, saved(tmp_path, RELEASE.replace(old, new, 1)), date(2026, 8, 20), REQUEST)
    assert contents(ukraine_folder) == first


def test_a_scenario_without_aid_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no series of aid"):
        import_kiel(tiny_folder, saved(tmp_path), date(2026, 8, 20), REQUEST)


@pytest.mark.skipif(PUBLISHED is None, reason="FORECAST_PUBLISHED names no folder of published files")
def test_the_published_table_agrees_with_the_recorded_months(ukraine_folder: Path) -> None:
    report = import_kiel(ukraine_folder, Path(str(PUBLISHED)) / "kiel_data_explorer.csv", date(2026, 8, 20), REQUEST)
    assert (report.added, report.revised, report.unchanged) == (8, 0, 96)
