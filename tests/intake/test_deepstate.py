"""Maps: the area of polygons, dates, repairs, and rows of every day of the week."""

import math
import os
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from intake_tools import REQUEST, TODAY, a_map, box, contents, saved_map
from intake_tools import ukraine_folder as ukraine_folder

from forecast.belief.front_data import front_data, front_inputs
from forecast.errors import InputError
from forecast.intake.deepstate import import_maps, read_map
from forecast.pipeline.workflow import cautions_of_record
from forecast.scenario.load import load_scenario

PUBLISHED = os.environ.get("FORECAST_PUBLISHED")
"""Folder of files as their publishers issued them."""


def quadrangle(west: float, south: float, east: float, north: float) -> float:
    """The area of a quadrangle on the ellipsoid WGS 84, km2, by the formula of its zone."""
    b, e = 6356.752314245, 0.0818191908426

    def zone(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return math.atanh(e * s) / (2 * e) + s / (2 * (1 - (e * s) ** 2))

    return math.radians(east - west) * b**2 * (zone(north) - zone(south))


def test_the_area_is_that_of_the_ellipsoid(tmp_path: Path) -> None:
    found = read_map(saved_map(tmp_path, content=a_map(box(steps=3000))))
    assert found.km2 == pytest.approx(quadrangle(34.0, 46.0, 38.2, 49.2), abs=0.05)
    assert (found.day, found.remarks) == (date(2025, 3, 5), ())


def test_a_hole_is_left_out_and_overlap_counts_once(tmp_path: Path) -> None:
    whole = read_map(saved_map(tmp_path)).km2
    hole = box(35.0, 47.0, 36.0, 48.0)
    content = a_map()
    content["features"][0]["geometry"]["coordinates"][0].append(hole)
    assert read_map(saved_map(tmp_path, content=content)).km2 == pytest.approx(
        whole - quadrangle(35, 47, 36, 48), abs=0.5
    )
    twice = read_map(saved_map(tmp_path, content=a_map(box(), hole)))
    assert twice.km2 == pytest.approx(whole, abs=0.01)
    assert "polygons overlap by" in twice.remarks[0]


def test_invalid_and_open_rings_are_repaired_and_said(tmp_path: Path) -> None:
    # A ring like an 8: two quadrangles that touch in a point.
    eight = [[34, 46], [36, 48], [34, 48], [36, 46], [34, 46]]
    found = read_map(saved_map(tmp_path, content=a_map(box(37, 46, 39, 49), eight)))
    assert found.remarks == ("deepstatemap_data_20250305.geojson: 1 invalid polygon repaired (self-intersection)",)
    crossing = read_map(saved_map(tmp_path, content=a_map([[34, 46], [35, 47], [36, 46], [34, 46]])))
    other = read_map(saved_map(tmp_path, content=a_map([[34, 48], [35, 47], [36, 48], [34, 48]])))
    alone = read_map(saved_map(tmp_path, content=a_map(eight)))
    assert alone.km2 == pytest.approx(crossing.km2 + other.km2, rel=2e-4)
    opened = read_map(saved_map(tmp_path, content=a_map(box()[:-1])))
    assert opened.km2 == read_map(saved_map(tmp_path)).km2
    assert opened.remarks[0].endswith("polygon 1, ring 1 was not closed, and was closed")


@pytest.mark.parametrize(
    ("name", "more", "day"),
    [
        ("deepstatemap_data_20250305.geojson", {}, date(2025, 3, 5)),
        ("map 2025-03-05 (1).geojson", {}, date(2025, 3, 5)),
        ("map.geojson", {"name": "deepstatemap_data_20250305"}, date(2025, 3, 5)),
        ("map.geojson", {"date": "2025-03-05T03:00:00Z"}, date(2025, 3, 5)),
        ("map.geojson", {"properties": {"date": "2025-03-05"}}, date(2025, 3, 5)),
    ],
)
def test_the_date_is_that_of_the_map_or_of_its_name(tmp_path: Path, name: str, more: dict, day: date) -> None:
    assert read_map(saved_map(tmp_path, content=a_map(**more), name=name)).day == day


def test_a_map_without_a_date_or_with_two_is_refused(tmp_path: Path) -> None:
    path = saved_map(tmp_path, name="map.geojson")
    with pytest.raises(InputError, match="found no date in the map or in the file's name"):
        read_map(path)
    assert read_map(path, date(2025, 3, 5)).day == date(2025, 3, 5)
    with pytest.raises(InputError, match="found two dates: 2025-03-06 from the property date and 2025-03-05"):
        read_map(saved_map(tmp_path, content=a_map(date="2025-03-06")))
    with pytest.raises(InputError, match="two dates"):
        read_map(saved_map(tmp_path), date(2025, 3, 6))


@pytest.mark.parametrize("day", ["20250306", "21251222", "1825-03-05", "9999.12.31", "0001_01_01"])
def test_any_calendar_date_in_the_name_that_is_not_the_map_s_is_refused(tmp_path: Path, day: str) -> None:
    with pytest.raises(InputError, match=r"found two dates: 2025-03-05 .*; expected one\. Check which is right"):
        read_map(saved_map(tmp_path, content=a_map(date="2025-03-05"), name=f"x_{day}.geojson"))


def test_a_number_of_other_digits_in_the_name_is_no_date(tmp_path: Path) -> None:
    for name in ("x_20251322.geojson", "x_120250306.geojson", "x_00000101.geojson"):
        assert read_map(saved_map(tmp_path, content=a_map(date="2025-03-05"), name=name)).day == date(2025, 3, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("null", "x_20250305.geojson: found null; expected a GeoJSON map"),
        ("7", "found a number; expected a GeoJSON map"),
        ("[]", "found a list; expected a GeoJSON map"),
        ('"x"', "found a text; expected a GeoJSON map"),
        ("{}", "found the type null; expected a GeoJSON map"),
        ('{"a": ' + "1" * 5000 + "}", "found a whole number of 5,000 digits; expected at most 1,000. Download"),
        ('{"a": NaN}', "found NaN; expected a finite number. Download the file again"),
        ('{"a": 1, "a": 2}', "found the key 'a' twice; expected each key once. Download the file again"),
        ("[" * 100_000, "found lists nested too deeply; expected a map. Download the file again"),
        ('{"type": "FeatureCollection", "features": [null]}', "feature 1: found null; expected an object of type"),
    ],
)
def test_a_file_that_is_no_map_is_refused_in_plain_words(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x_20250305.geojson"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_map(path)


def test_a_map_of_any_day_is_a_row_and_the_front_takes_mondays(ukraine_folder: Path, tmp_path: Path) -> None:
    before = load_scenario(ukraine_folder)
    days = [date(2025, 3, 4) + timedelta(days=k) for k in range(6)]
    report = import_maps(ukraine_folder, [saved_map(tmp_path / "maps", day) for day in days], REQUEST)
    assert (report.added, report.revised, report.unchanged) == (6, 0, 0)
    after = load_scenario(ukraine_folder)
    rows = after.evidence.series("area_deepstate")
    assert set(days) <= {day.date() for day in rows["observed"]}
    assert (rows["observed"] <= rows["available"]).all()
    for day in (date(2025, 3, 5), date(2025, 6, 2), after.horizon):
        old, new = (front_inputs(front_data(scenario, day)) for scenario in (before, after))
        assert all(old[name].tobytes() == new[name].tobytes() for name in old)
        assert cautions_of_record(after, day) == cautions_of_record(before, day)


def test_the_same_maps_twice_change_nothing(ukraine_folder: Path, tmp_path: Path) -> None:
    maps = [saved_map(tmp_path / "maps", day) for day in ("2025-03-04", "2025-03-05")]
    import_maps(ukraine_folder, maps, REQUEST)
    first = contents(ukraine_folder)
    report = import_maps(ukraine_folder, [*maps, maps[0]], REQUEST)
    assert (report.added, report.unchanged) == (0, 3)
    assert contents(ukraine_folder) == first
    assert report.lines == ["area_deepstate: 3 figures are recorded already; unchanged."]


def test_lines_that_were_there_keep_their_bytes_and_order(ukraine_folder: Path, tmp_path: Path) -> None:
    before = contents(ukraine_folder)["area_deepstate.csv"].splitlines()
    import_maps(ukraine_folder, [saved_map(tmp_path / "maps", day) for day in ("2025-03-05", "2026-01-02")], REQUEST)
    after = contents(ukraine_folder)["area_deepstate.csv"].splitlines()
    assert [line for line in after if line in before] == before
    assert after[-1].startswith(b"2026-01-02,2026-01-02,")
    days = [line[:10] for line in after[1:]]
    assert days == sorted(days)


def test_a_map_that_differs_from_the_one_recorded_needs_its_own_available(ukraine_folder: Path, tmp_path: Path) -> None:
    maps = [saved_map(tmp_path / "maps", day) for day in ("2025-03-03", "2025-03-04")]
    first = contents(ukraine_folder)
    with pytest.raises(
        InputError, match=r"expected 112409.04, which is recorded as available on 2025-03-03\. A revision needs"
    ):
        import_maps(ukraine_folder, maps[:1], REQUEST)
    with pytest.raises(InputError, match="A revision needs"):
        import_maps(ukraine_folder, maps, REQUEST)
    assert contents(ukraine_folder) == first
    left = import_maps(ukraine_folder, maps, replace(REQUEST, skip=True))
    assert left.added == 1
    assert left.flags[0].startswith("left out: deepstatemap_data_20250303.geojson: found ")
    with pytest.raises(InputError, match="A revision needs"):
        import_maps(ukraine_folder, maps[:1], replace(REQUEST, skip=True))
    report = import_maps(ukraine_folder, maps[:1], REQUEST, available=date(2025, 3, 20))
    assert report.revised == 1
    assert "revised from 112409.04 to" in report.lines[0]
    rows = load_scenario(ukraine_folder).evidence
    assert rows.as_of(date(2025, 3, 19)).series("area_deepstate").iloc[-1]["value"] != pytest.approx(112409.04)
    seen = [rows.as_of(date(2025, 3, day)).series("area_deepstate").set_index("observed") for day in (19, 20)]
    assert seen[0].loc["2025-03-03", "value"] == 112409.04
    assert seen[1].loc["2025-03-03", "value"] != 112409.04


def test_two_maps_of_a_day_that_differ_are_refused(ukraine_folder: Path, tmp_path: Path) -> None:
    one = saved_map(tmp_path / "a", "2025-03-05")
    other = saved_map(tmp_path / "b", "2025-03-05", a_map(box(north=49.3)))
    with pytest.raises(InputError, match="of the same day, has"):
        import_maps(ukraine_folder, [one, other], REQUEST)


def test_a_day_to_come_is_refused(ukraine_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a day to come"):
        import_maps(ukraine_folder, [saved_map(tmp_path / "maps", TODAY + timedelta(days=2))], REQUEST)


def test_an_area_outside_the_range_needs_a_reason(ukraine_folder: Path, tmp_path: Path) -> None:
    path = saved_map(tmp_path / "maps", content=a_map(box(north=46.5)))
    first = contents(ukraine_folder)
    with pytest.raises(InputError, match="expected 105000 to 125000, the declared range of area_deepstate"):
        import_maps(ukraine_folder, [path], REQUEST)
    assert contents(ukraine_folder) == first
    report = import_maps(ukraine_folder, [path], replace(REQUEST, accept="=the mapper lost a file"))
    assert report.added == 1
    assert "accepted, because" in report.flags[0]
    table = load_scenario(ukraine_folder).evidence.series("area_deepstate").set_index("observed")
    assert table.loc["2025-03-05", "note"] == "outside the declared range, accepted: =the mapper lost a file"


def test_a_scenario_of_another_mapper_asks_for_the_series(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"area_survey, which is not a series of DeepState's maps. Name the series"):
        import_maps(tiny_folder, [saved_map(tmp_path / "maps")], REQUEST)


@pytest.mark.skipif(PUBLISHED is None, reason="FORECAST_PUBLISHED names no folder of published files")
@pytest.mark.parametrize(
    ("day", "km2"),
    [("0120", 112072.35), ("0127", 112154.96), ("0203", 112211.58), ("0630", 113639.69), ("1229", 116170.84)],
)
def test_published_maps_have_the_area_of_the_daily_table(day: str, km2: float) -> None:
    found = read_map(Path(str(PUBLISHED)) / f"deepstatemap_data_2025{day}.geojson")
    assert found.km2 == pytest.approx(km2, abs=0.1)
    assert found.remarks == ()
