"""Files dropped in an inbox: their kind, their dates, and what is revised."""

from datetime import date
from pathlib import Path

import pytest
from intake_tools import TODAY, a_map, box, contents, saved_map
from intake_tools import ukraine_folder as ukraine_folder

from forecast.errors import InputError
from forecast.intake.inbox import import_file
from forecast.scenario.load import load_scenario

RELEASE = "country,year,month,total\nUnited States,2025,11,0\nGermany,2025,11,7.2\n"


def test_a_map_enters_on_its_date_and_again_changes_nothing(ukraine_folder: Path, tmp_path: Path) -> None:
    path = saved_map(tmp_path / "inbox", "2025-03-05")
    assert import_file(path, ukraine_folder, today=date(2025, 3, 6)).added == 1
    first = contents(ukraine_folder)
    report = import_file(path, ukraine_folder, today=date(2025, 3, 12))
    assert (report.added, report.unchanged) == (0, 1)
    assert contents(ukraine_folder) == first


def test_a_redrawn_map_is_a_revision_of_the_day_of_import(ukraine_folder: Path, tmp_path: Path) -> None:
    path = saved_map(tmp_path / "inbox", "2025-03-03")
    report = import_file(path, ukraine_folder, today=date(2025, 3, 10))
    assert report.revised == 1
    assert "it differs from the map recorded for its day, and revises it" in report.flags[-1]
    row = load_scenario(ukraine_folder).evidence.series("area_deepstate").set_index("available").loc["2025-03-10"]
    assert {str(day.date()) for day in row["observed"]} == {"2025-03-03", "2025-03-10"}


def test_a_redrawn_map_of_long_ago_is_refused_in_words_for_an_inbox(ukraine_folder: Path, tmp_path: Path) -> None:
    first = contents(ukraine_folder)
    with pytest.raises(InputError, match="A redrawn map of a day so long ago is entered with") as refused:
        import_file(saved_map(tmp_path / "inbox", "2025-03-03"), ukraine_folder, today=TODAY)
    assert "--" not in str(refused.value)
    assert contents(ukraine_folder) == first


@pytest.mark.parametrize(("name", "available"), [("kiel_2026-02-12.csv", "2026-02-12"), ("kiel.csv", "2026-03-01")])
def test_a_release_is_of_the_date_in_its_name_or_of_today(
    ukraine_folder: Path, tmp_path: Path, name: str, available: str
) -> None:
    (tmp_path / name).write_text(RELEASE)
    report = import_file(tmp_path / name, ukraine_folder, today=date(2026, 3, 1))
    assert (report.revised, report.unchanged) == (1, 1)
    rows = load_scenario(ukraine_folder).evidence.series("aid_europe").query("value == 7.2")
    assert [str(day.date()) for day in rows["available"]] == [available]


def test_a_table_with_the_columns_of_evidence_is_read(ukraine_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(
        b"\xef\xbb\xbfvalue,series,observed,available,note\r\n61.5,trust_kiis,2025-12-20,2025-12-29,by telephone\r\n"
    )
    assert import_file(path, ukraine_folder, today=date(2026, 1, 1)).added == 1
    assert contents(ukraine_folder)["trust_kiis.csv"].endswith(b"2025-12-20,2025-12-29,61.5,by telephone,\n")


def test_an_area_outside_the_range_is_refused(ukraine_folder: Path, tmp_path: Path) -> None:
    path = saved_map(tmp_path, content=a_map(box(north=46.5)))
    with pytest.raises(InputError, match="expected 105000 to 125000, the declared range of area_deepstate"):
        import_file(path, ukraine_folder, today=date(2025, 3, 6))
