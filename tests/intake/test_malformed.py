"""Hundreds of malformed files: each is refused in one short message, and nothing is written."""

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from intake_tools import TODAY, a_map, box, contents
from intake_tools import ukraine_folder as ukraine_folder

from forecast.errors import InputError
from forecast.intake.inbox import import_file

MAP = "deepstatemap_data_20250305.geojson"
HEADER = "series,observed,available,value,source"
ROW = "area_survey,2031-03-05,2031-03-05,1500,survey"
DAY = date(2031, 4, 1)
PYTHON = re.compile(r"NoneType|\bNone\b|\bTrue\b|\bFalse\b|\bsys\.|found (?:int|float|str|list|dict|tuple)\b")
"""Words of the language, which say nothing to somebody who drops a file."""
RELEASE = "country,year,month,total\nUnited States,2025,11,0\nGermany,2025,11,7.131"


def with_position(position: Any) -> dict[str, Any]:
    ring = box()
    ring[7] = position
    return a_map(ring)


def geometry(**change: Any) -> dict[str, Any]:
    content = a_map()
    content["features"][0]["geometry"] = change
    return content


def maps() -> Iterator[tuple[str, bytes]]:
    """Malformed maps."""
    whole = json.dumps(a_map())
    rng = random.Random(1)
    for cut in sorted(rng.sample(range(1, len(whole) - 1), 40)):
        yield f"cut at {cut}", whole[:cut].encode()
    for position in (
        *([float("nan"), 46.0], [34.0, float("inf")], [34.0, -float("inf")]),
        *(["34.5", "46.5"], ["34.5", 46.5], [None, 46.0], [True, 46.0], [[34.0], [46.0]], {}, "x", None, 34.0),
        *([34.0, 46.0, 0.0], [34.0], [], [34.0, 46.0, 0.0, 1.0]),
        *(
            [46.0, 34.0],
            [-34.0, 46.0],
            [3400.0, 4600.0],
            [1e308, 1e308],
            [10**400, 46],
            [34, 10**30],
            [500000, 5000000],
        ),
    ):
        yield f"position {str(position)[:20]}", json.dumps(with_position(position)).encode()
    yield "number too large", whole.replace("34.0", "1e999", 1).encode()
    yield "number of many digits", whole.replace("34.0", "3" * 10_000, 1).encode()
    yield "three numbers a position", json.dumps(a_map([[x, y, 0.0] for x, y in box()])).encode()
    yield "positions as texts", json.dumps(a_map([[str(x), str(y)] for x, y in box()])).encode()
    yield "swapped", json.dumps(a_map([[y, x] for x, y in box()])).encode()
    yield "no area", json.dumps(a_map([[34, 46]] * 4)).encode()
    yield "a line", json.dumps(a_map([[34, 46], [35, 47], [34, 46], [34, 46]])).encode()
    for ring in ([], [[34, 46]], [[34, 46], [35, 46]], "ring", {}, None, 7, [box()]):
        yield f"ring {str(ring)[:20]}", json.dumps(a_map(ring)).encode()
    for form in ("Point", "LineString", "MultiPoint", "GeometryCollection", "polygon", "", None, 7, ["Polygon"], {}):
        yield f"geometry {form}", json.dumps(geometry(type=form, coordinates=[[box()]])).encode()
    for inside in (None, [], {}, "x", 7, [7], [None], [[]], [{}], True):
        yield f"coordinates {inside}", json.dumps(geometry(type="MultiPolygon", coordinates=inside)).encode()
    for features in (
        None,
        [],
        {},
        "x",
        [None],
        [7],
        [{}],
        [{"type": "Feature"}],
        [{"type": "Feature", "geometry": None}],
    ):
        yield f"features {features}", json.dumps(a_map(features=features)).encode()
    for kind in ("Feature", "Topology", "", None, 7, "<script>alert(1)</script>", "x" * 1_000_000):
        yield f"type {str(kind)[:20]}", json.dumps(a_map(type=kind)).encode()
    for crs in ("EPSG:3857", 7, {"properties": {"name": "urn:ogc:def:crs:EPSG::32636"}}, {"properties": None}, {}):
        yield f"crs {crs}", json.dumps(a_map(crs=crs)).encode()
    for properties in ("x", 7, [1], {"name": "Liberated"}, {"name": "=cmd()"}, {"x" * 1_000_000: "y"}):
        content = a_map()
        content["features"][0]["properties"] = properties
        yield f"properties {str(properties)[:20]}", json.dumps(content).encode()
    for day in (
        "2025-13-45",
        "2025-02-30",
        "tomorrow",
        20250305,
        None,
        "2025-03-06",
        "1925-03-05",
        "9999-12-31",
        "\x1b[2J",
    ):
        yield f"date {day}", json.dumps(a_map(date=day)).encode()
    yield "twice a key", b'{"type": "FeatureCollection", ' + whole.encode()[1:]
    for deep in (b"[" * 200_000, b'{"a":' * 100_000, b"[" * 50_000 + b"]" * 50_000):
        yield f"nested {deep[:5]!r}", deep
    deep_ring: Any = [34.0, 46.0]
    for _ in range(80):
        deep_ring = [deep_ring]
    yield "nested positions", json.dumps(a_map(deep_ring)).encode()
    for text in ("[]", "{}", "7", '"x"', "null", "true", "NaN", "[" + whole + "]", whole + whole, "var map = " + whole):
        yield f"JSON {text[:12]}", text.encode()
    yield from bytes_of_any_file(whole)


def bytes_of_any_file(whole: str) -> Iterator[tuple[str, bytes]]:
    """Files that are no text, or no text of this kind."""
    yield "empty", b""
    yield "blank", b" \n\t\n"
    yield "UTF-16", whole.encode("utf-16")
    yield "UTF-16 without mark", whole.encode("utf-16-le")
    yield "UTF-32", whole.encode("utf-32")
    yield "a mark alone", b"\xef\xbb\xbf"
    yield "binary", random.Random(2).randbytes(5000)
    yield "zip", b"PK\x03\x04" + random.Random(3).randbytes(500)
    yield "gzip", b"\x1f\x8b\x08\x00" + whole.encode()
    yield "NUL", whole.encode().replace(b"3", b"\0", 5)
    yield "Latin-1", "Überall Straße".encode("latin-1")
    yield "HTML", b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>"
    yield "pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n"
    yield "formula", b"=cmd|' /C calc'!A0"
    yield "path", b"../../../../etc/passwd"
    yield "a million characters", b"x" * 1_000_000
    yield "control characters", b"\x1b]0;title\x07\x1b[2J"


def tables() -> Iterator[tuple[str, bytes]]:
    """Malformed tables of figures and of aid."""
    cells = ROW.split(",")
    wrong = {
        0: ("", "nothing", "../area_survey", "=cmd()", "<b>area</b>", "x" * 1_000_000, "AREA_SURVEY", "\x1b[2J"),
        1: ("", "2031-3-5", "05.03.2031", "2031-02-30", "0000-00-00", "9999-12-31", "1825-03-05", "2031-03-05T00:00", "45721"),
        2: ("", "2031-03-04", "soon", "2033-03-05", "3031-03-05", "=TODAY()"),
        3: ("", "NaN", "inf", "-112400", "1e999", "112.400,5", "112 400", "=1+1", "0x10", "abc", "1_000", "7" * 5000, "9e99"),
        4: ("=cmd()", "+1", "-1", "@x", "nowhere", "javascript:alert(1)", "https://x.org/<b>", "https://x.org/\x1b[2J",
            "../sources.toml", "https://x.org/" + "x" * 1_000_000, "judgement,x", "ftp://x.org"),
    }  # fmt: skip
    for column, texts in wrong.items():
        for text in texts:
            row = ",".join([*cells[:column], text, *cells[column + 1 :]])
            yield f"column {column} {text[:20]!r}", f"{HEADER}\n{row}\n".encode()
    for header in (
        *("series,observed,available,value,value", "series,observed,value,source", "", "a,b,c", HEADER.upper()),
        *(HEADER.replace(",", "|"), HEADER + ",series", "<table><tr><td>series</td></tr></table>"),
    ):
        yield f"header {header}", f"{header}\n{ROW}\n".encode()
    for text in (
        HEADER,
        f"{HEADER}\n{ROW},more",
        f"{HEADER}\n{ROW[:30]}",
        f'{HEADER}\n"{ROW}',
        f'{HEADER}\n"a"b,{ROW}',
    ):
        yield f"rows {text[-20:]}", text.encode()
    yield "a good row and a wrong one", f"{HEADER}\n{ROW}\n{ROW.replace('1500', 'x')}\n".encode()
    yield "a revision without a later day", f"{HEADER}\n{ROW}\n{ROW.replace('1500', '1501')}\n".encode()
    yield "ends of lines of old", f"{HEADER}\r{ROW.replace('1500', 'x')}\r".encode()
    yield "a field too long", f'{HEADER}\n"{"x" * 200_000}"\n'.encode()
    for old, new in (
        *(
            ("7.131", "x"),
            ("7.131", "NaN"),
            ("7.131", "-7"),
            ("7.131", "700"),
            ("Germany", "Prussia"),
            ("Germany", "=A1"),
        ),
        *(("2025,11,0", "2025,0,0"), ("2025,11,0", "2025,11.5,0"), ("2025,11,0", "x,11,0"), ("2025,11,0", "9999,11,0")),
        *(("United States", "France"), ("Germany", "United States"), ("total", "Total,total"), (",0\n", "\n")),
        *(("month", "week"), ("total", "total (USD bn)"), ("\nUnited States,2025,11,0\nGermany,2025,11,7.131", "")),
    ):
        yield f"aid {old[:12]!r} {new[:12]!r}", RELEASE.replace(old, new).encode()
    yield from bytes_of_any_file(f"{HEADER}\n{ROW}\n")


@cache
def malformed() -> tuple[tuple[str, str, bytes], ...]:
    found = [(f"{n} {name}", MAP, content) for n, (name, content) in enumerate(maps())]
    found += [(f"{n} {name}", "figures.csv", content) for n, (name, content) in enumerate(tables())]
    found += [(f"{n} {name}", "book.xlsx", content) for n, (name, content) in enumerate(bytes_of_any_file(HEADER))]
    return tuple(found)


def test_there_are_more_than_two_hundred() -> None:
    assert len(malformed()) > 250
    assert len({(name, content) for _, name, content in malformed()}) == len(malformed())


def test_the_files_that_are_damaged_are_sound(ukraine_folder: Path, tiny_folder: Path, tmp_path: Path) -> None:
    sound = ((MAP, json.dumps(a_map()), ukraine_folder), ("b.csv", RELEASE, ukraine_folder))
    for name, text, folder in (*sound, ("a.csv", f"{HEADER}\n{ROW}\n", tiny_folder)):
        (tmp_path / name).write_text(text)
        report = import_file(tmp_path / name, folder, today=DAY)
        assert report.added + report.revised + report.unchanged > 0


@pytest.mark.parametrize("part", range(4))
def test_each_is_refused_and_nothing_is_written(
    ukraine_folder: Path, tiny_folder: Path, tmp_path: Path, part: int
) -> None:
    folders = {folder: contents(folder) for folder in (ukraine_folder, tiny_folder)}
    for label, name, content in malformed()[part::4]:
        path = tmp_path / name
        path.write_bytes(content)
        folder = tiny_folder if name == "figures.csv" and b"country" not in content else ukraine_folder
        with pytest.raises(InputError) as refused:
            pytest.fail(f"{label}: taken, {import_file(path, folder, today=DAY).lines}")
        assert 10 < len(str(refused.value)) < 2500, label
        assert "--" not in str(refused.value).replace("--accept", ""), label
        assert not PYTHON.search(str(refused.value)), (label, str(refused.value))
    assert {folder: contents(folder) for folder in folders} == folders


def test_names_that_no_file_should_have_are_refused(ukraine_folder: Path, tmp_path: Path) -> None:
    for name in ("\x1b[2J.geojson", "=cmd().csv", "a.exe", "noending", "<b>.csv", "x" * 250 + ".csv", ".hidden.csv"):
        (tmp_path / name).write_text("x")
        with pytest.raises(InputError):
            import_file(tmp_path / name, ukraine_folder, today=TODAY)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.exe")
    for path in (tmp_path / "folder.csv", tmp_path / "link.csv", tmp_path / "missing.csv", Path("a\0b.csv")):
        with pytest.raises(InputError):
            import_file(path, ukraine_folder, today=TODAY)
    assert date(2026, 1, 1) < TODAY
