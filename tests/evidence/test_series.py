"""The evidence: what a day may see, and what is refused."""

import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from places import REPOSITORY

from forecast.errors import InputError
from forecast.evidence.series import COLUMNS, Evidence, SeriesSpec, load_evidence
from forecast.inputs.validation import Place

DAY = date(2025, 1, 20)
PRIORS = REPOSITORY / "priors" / "ukraine-2025"
HEADER = "observed,available,value\n"
AREA = HEADER + (
    "2024-12-30,2024-12-30,100\n"
    "2025-01-06,2025-01-06,110\n"
    "2025-01-06,2025-01-15,111\n"
    "2025-01-13,2025-01-13,120.5\n"
    "2025-01-27,2025-01-27,900\n"
)
POLL = (
    "observed,available,value,low,high,note,source\n"
    '2024-12-17,2025-01-14,52,49,55,"a note, with a comma",https://example.org/poll\n'
    "2025-01-10,2025-02-01,60,,,,other\n"
)


def entry(name: str, **changes: object) -> str:
    keys: dict[str, object] = {
        "id": f'"{name}"',
        "file": f'"{name}.csv"',
        "title": '"what it is"',
        "unit": '"km2"',
        "instrument": '"a map"',
        "lag_days": 0,
        "every_days": 7,
        "range": "[0, 500]",
        "source": '"maps"',
        "note": '""',
    }
    lines = (f"{key} = {value}" for key, value in (keys | changes).items() if value is not None)
    return "[[series]]\n" + "\n".join(lines) + "\n"


def write(folder: Path, index: str | None = None, **files: str) -> Path:
    (folder / "evidence.toml").write_text(index or entry("area") + entry("poll"), encoding="utf-8")
    for name, text in ({"area": AREA, "poll": POLL} | files).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def load(folder: Path) -> Evidence:
    return load_evidence(folder, {"maps", "other"})


def refusal(folder: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load(folder)
    return caught.value


# --- what a day sees


def test_a_day_sees_what_was_available_and_the_latest_revision(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    area = evidence.as_of(DAY).series("area")
    assert list(area["observed"]) == [pd.Timestamp(day) for day in ("2024-12-30", "2025-01-06", "2025-01-13")]
    assert list(area["value"]) == [100.0, 111.0, 120.5]
    assert list(evidence.as_of(date(2025, 1, 14)).series("area")["value"]) == [100.0, 110.0, 120.5]
    assert list(evidence.as_of(date(2025, 1, 15)).series("area")["value"]) == [100.0, 111.0, 120.5]
    poll = evidence.as_of(DAY).series("poll")
    assert poll.to_dict("records") == [
        {
            "series": "poll",
            "observed": pd.Timestamp("2024-12-17"),
            "available": pd.Timestamp("2025-01-14"),
            "value": 52.0,
            "low": 49.0,
            "high": 55.0,
            "note": "a note, with a comma",
            "source": "https://example.org/poll",
        }
    ]


def test_a_revision_of_a_past_observation_is_not_seen_early(tmp_path: Path) -> None:
    evidence = load(write(tmp_path, area=AREA + "2024-12-30,2025-01-21,1\n"))
    assert evidence.as_of(DAY).series("area")["value"][0] == 100.0
    assert evidence.as_of(date(2025, 1, 21)).series("area")["value"][0] == 1.0


def test_a_series_with_nothing_yet_is_empty_with_the_same_columns(tmp_path: Path) -> None:
    view = load(write(tmp_path)).as_of(date(2025, 1, 7))
    empty = view.series("poll")
    assert empty.empty
    assert list(empty.columns) == list(COLUMNS)
    assert list(empty.dtypes) == list(view.series("area").dtypes)


def test_all_revisions_stay_without_an_as_of_date(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    assert evidence.day is None
    assert list(evidence.series("area")["value"]) == [100.0, 110.0, 111.0, 120.5, 900.0]


def test_a_view_is_of_its_own_day_only(tmp_path: Path) -> None:
    view = load(write(tmp_path)).as_of(DAY)
    assert view.day == DAY
    assert view.digest(DAY) == load(tmp_path).digest(DAY)
    assert view.as_of(DAY) is view
    # Neither is possible: a revision hides the row it replaced, and later rows are gone.
    for other in (date(2025, 1, 7), date(2025, 1, 21)):
        with pytest.raises(ValueError, match="needs all the evidence"):
            view.as_of(other)


def test_before_any_evidence_names_the_first_available_date(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    assert len(evidence.rows(date(2024, 12, 30))) == 1
    with pytest.raises(InputError, match=r"2024-12-29.*2024-12-30"):
        evidence.as_of(date(2024, 12, 29))


def test_an_unknown_series_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'sea'.*area, poll"):
        load(write(tmp_path)).as_of(DAY).series("sea")


def test_rows_are_those_of_the_view_and_a_copy(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    rows = evidence.rows(DAY)
    assert list(rows["series"]) == ["area", "area", "area", "poll"]
    pd.testing.assert_frame_equal(rows, evidence.as_of(DAY).table)
    rows["value"] = 0.0
    assert evidence.rows(DAY)["value"].min() == 52.0


# --- as-of discipline: nothing that a day may not see can touch it

LATER = {
    "a row added": {"area": AREA + "2025-01-20,2025-01-21,7\n"},
    "a revision added": {"area": AREA + "2024-12-30,2025-01-21,7\n"},
    "a row changed": {"area": AREA.replace("900", "-5")},
    "a row removed": {"area": AREA.replace("2025-01-27,2025-01-27,900\n", "")},
    "a note changed": {"poll": POLL.replace("60,,,,other", "61,60,62,later,maps")},
    "a row made later": {"area": AREA.replace("2025-01-27,2025-01-27", "2025-01-27,2025-03-01")},
}
SAME = {
    "rows in another order": {"area": HEADER + "".join(reversed(AREA.splitlines(keepends=True)[1:]))},
    "columns in another order": {
        "area": "".join(",".join(reversed(line.split(","))) + "\n" for line in AREA.splitlines())
    },
    "numbers spelt otherwise": {"area": AREA.replace("120.5", "+1.2050e2").replace(",100\n", ",100.0\n")},
    "windows line ends and a byte order mark": {"area": "\ufeff" + AREA.replace("\n", "\r\n")},
    "a superseded row changed": {"area": AREA.replace("2025-01-06,110", "2025-01-06,109")},
    "optional columns left empty": {
        "area": "observed,available,value,note,low\n" + "".join(f"{line},,\n" for line in AREA.splitlines()[1:])
    },
}
SEEN = {
    "a value": {"area": AREA.replace("120.5", "120.6")},
    "an observed date": {"area": AREA.replace("2024-12-30,", "2024-12-29,", 1)},
    "an available date": {"area": AREA.replace("2025-01-13,120.5", "2025-01-14,120.5")},
    "a row added": {"area": AREA + "2025-01-20,2025-01-20,130\n"},
    "a row removed": {"area": AREA.replace("2024-12-30,2024-12-30,100\n", "")},
    "a low": {"poll": POLL.replace("49", "48")},
    "a note": {"poll": POLL.replace("a note", "another")},
    "a source": {"poll": POLL.replace("https://example.org/poll", "maps")},
    "a later row made early": {"poll": POLL.replace("2025-02-01", "2025-01-20")},
}  # fmt: skip


@pytest.mark.parametrize("files", (LATER | SAME).values(), ids=(LATER | SAME).keys())
def test_what_is_not_seen_changes_neither_rows_nor_digest(tmp_path: Path, files: dict[str, str]) -> None:
    before = load(write(tmp_path))
    rows, digest = before.rows(DAY), before.digest(DAY)
    after = load(write(tmp_path, **files))
    pd.testing.assert_frame_equal(after.rows(DAY), rows)
    assert after.digest(DAY) == digest
    assert after.vintage(DAY).equals(before.vintage(DAY))
    assert after.flags(DAY).equals(before.flags(DAY))


@pytest.mark.parametrize("files", LATER.values(), ids=LATER.keys())
def test_the_control_what_comes_later_is_seen_later(tmp_path: Path, files: dict[str, str]) -> None:
    later = date(2025, 2, 15)
    before = load(write(tmp_path)).digest(later)
    assert load(write(tmp_path, **files)).digest(later) != before


@pytest.mark.parametrize("files", SEEN.values(), ids=SEEN.keys())
def test_what_is_seen_changes_the_digest(tmp_path: Path, files: dict[str, str]) -> None:
    before = load(write(tmp_path)).digest(DAY)
    assert load(write(tmp_path, **files)).digest(DAY) != before


def test_a_later_revision_may_not_blank_an_earlier_one(tmp_path: Path) -> None:
    """A row that vanishes on a later day would be a row without a value, which is refused."""
    error = refusal(write(tmp_path, area=AREA + "2024-12-30,2025-01-21,\n"))
    assert error.key == "row 7, column value"


def test_the_digest_is_of_the_canonical_text(tmp_path: Path) -> None:
    write(tmp_path, entry("area"), area=HEADER + "2025-01-06,2025-01-07,-0\n")
    (tmp_path / "poll.csv").unlink()
    # sha256 of: ["area", "2025-01-06", "2025-01-07", 0.0, null, null, "", ""] and a newline
    assert load(tmp_path).digest(DAY) == "7c181e05d902a75c60701fd3ff87a8df4d61203d7fe0b52255dbde99ee884df4"


# --- flags and vintage


def test_values_outside_the_range_are_flagged_and_kept(tmp_path: Path) -> None:
    evidence = load(write(tmp_path, area=AREA.replace("120.5", "500.5").replace(",100\n", ",500\n")))
    assert 500.5 in set(evidence.rows(DAY)["value"])
    flags = evidence.flags(DAY)
    assert list(flags["value"]) == [500.5]
    assert flags.loc[0, ["series", "lowest", "highest"]].tolist() == ["area", 0.0, 500.0]
    assert list(evidence.flags(date(2025, 1, 27))["value"]) == [500.5, 900.0]
    assert load(write(tmp_path)).flags(DAY).empty


def test_vintage_tells_how_fresh_each_series_is(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    vintage = evidence.vintage(date(2025, 1, 13))
    assert list(vintage.index) == ["area", "poll"]
    assert list(vintage["count"]) == [3, 0]
    assert vintage.loc["area", "last_observed"] == pd.Timestamp("2025-01-13")
    assert pd.isna(vintage.loc["poll", "last_observed"])
    assert pd.isna(vintage.loc["poll", "last_available"])
    later = evidence.vintage(DAY)
    assert list(later["count"]) == [3, 1]
    assert later.loc["area", "last_available"] == pd.Timestamp("2025-01-15")


# --- refusals: rows

ROW = "2025-01-06,2025-01-07,5"
BAD_ROWS = {
    "slashes": ("2025/01/06,2025-01-07,5", "observed", "'2025/01/06'"),
    "no zeros": ("2025-1-6,2025-01-07,5", "observed", "'2025-1-6'"),
    "compact": ("20250106,2025-01-07,5", "observed", "'20250106'"),
    "week date": ("2025-W02-1,2025-01-07,5", "observed", "'2025-W02-1'"),
    "month only": ("2025-01,2025-01-07,5", "observed", "'2025-01'"),
    "with a time": ("2025-01-06T00:00:00,2025-01-07,5", "observed", "YYYY-MM-DD"),
    "space": (" 2025-01-06,2025-01-07,5", "observed", "' 2025-01-06'"),
    "other digits": ("\u0662\u0660\u0662\u0665-01-06,2025-01-07,5", "observed", "YYYY-MM-DD"),
    "no such day": ("2025-02-29,2025-03-07,5", "observed", "real day"),
    "empty date": ("2025-01-06,,5", "available", "''"),
    "available before observed": ("2025-01-06,2025-01-05,5", "available", "2025-01-05 is before"),
    "empty value": ("2025-01-06,2025-01-07,", "value", "''"),
    "nan": ("2025-01-06,2025-01-07,NaN", "value", "'NaN'"),
    "inf": ("2025-01-06,2025-01-07,-inf", "value", "'-inf'"),
    "too large": ("2025-01-06,2025-01-07,1e999", "value", "'1e999'"),
    "too large to compute with": ("2025-01-06,2025-01-07,1e300", "value", "expected a number of at most 1e+12"),
    "word": ("2025-01-06,2025-01-07,n/a", "value", "'n/a'"),
    "underscore": ("2025-01-06,2025-01-07,1_000", "value", "'1_000'"),
    "decimal comma": ('2025-01-06,2025-01-07,"1,5"', "value", "'1,5'"),
    "padded": ("2025-01-06,2025-01-07, 5", "value", "' 5'"),
    "hexadecimal": ("2025-01-06,2025-01-07,0x10", "value", "'0x10'"),
}


@pytest.mark.parametrize(("row", "column", "says"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_a_bad_cell_is_refused_with_its_place(tmp_path: Path, row: str, column: str, says: str) -> None:
    error = refusal(write(tmp_path, area=f"{HEADER}2024-12-30,2024-12-30,1\n{row}\n"))
    assert error.file == tmp_path / "area.csv"
    assert error.key == f"row 3, column {column}"
    assert says in error.what
    assert "expected" in error.what
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        ("5,nan,,,", "low", "'nan'"),
        ("5,,x,,", "high", "'x'"),
        ("5,6,,,", "low", "6.0 is above the value, 5.0"),
        ("5,,4,,", "high", "4.0 is below the value, 5.0"),
        ("5,,,,nobody", "source", "found 'nobody'"),
        (
            "5,,,,ftp://example.org",
            "source",
            "found 'ftp://example.org'; expected an id in sources.toml, or an address",
        ),
    ],
)
def test_a_bad_optional_cell_is_refused(tmp_path: Path, cells: str, column: str, says: str) -> None:
    header = "observed,available,value,low,high,note,source\n"
    error = refusal(write(tmp_path, poll=f"{header}2025-01-06,2025-01-07,{cells}\n"))
    assert error.file == tmp_path / "poll.csv"
    assert error.key == f"row 2, column {column}"
    assert says in error.what


def test_a_pair_given_twice_is_refused(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, area=f"{HEADER}{ROW}\n2025-01-13,2025-01-13,1\n{ROW}\n"))
    assert error.key == "row 4"
    assert "available as row 2" in error.what
    assert error.remedy == "A revision needs a later date in available"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("", None, "empty"),
        ("\n" + HEADER + ROW, None, "empty"),
        (HEADER, None, "no rows"),
        ("observed,available\n2025-01-06,2025-01-07\n", "row 1, column value", "missing"),
        ("available,value\n2025-01-06,5\n", "row 1, column observed", "missing"),
        ("observed,available,value,colour\n" + ROW + ",red\n", "row 1, column colour", "unknown column"),
        ("Observed,available,value\n" + ROW + "\n", "row 1, column Observed", "unknown column"),
        ("observed,available,value,value\n" + ROW + ",5\n", "row 1, column value", "given twice"),
        (HEADER + ROW + ",6\n", "row 2", "found 4 cells"),
        (HEADER + "2025-01-06,2025-01-07\n", "row 2", "found 2 cells"),
        (HEADER + ROW + "\n\n" + ROW + "\n", "row 3", "found 0 cells"),
        (HEADER + '2025-01-06,2025-01-07,"5"x\n', "row 2", "not CSV"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, key: str | None, says: str) -> None:
    error = refusal(write(tmp_path, area=text))
    assert error.file == tmp_path / "area.csv"
    assert error.key == key
    assert says in error.what


def test_a_row_of_later_days_is_checked_too(tmp_path: Path) -> None:
    assert refusal(write(tmp_path, area=AREA.replace("900", "x"))).key == "row 6, column value"


def test_a_file_not_in_utf8_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "area.csv").write_bytes(AREA.replace("value", "value,note", 1).encode() + b"\xe9\n")
    error = refusal(tmp_path)
    assert error.file == tmp_path / "area.csv"
    assert "0xe9" in error.what


def test_text_in_utf8_is_kept(tmp_path: Path) -> None:
    note = "Київ\u2028\x0c — “fine”"
    evidence = load(write(tmp_path, area=f"observed,available,value,note\n2025-01-06,2025-01-07,5,{note}\n"))
    assert evidence.series("area")["note"][0] == note


# --- refusals: files and index


def test_a_file_named_but_missing_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "poll.csv").unlink()
    error = refusal(tmp_path)
    assert error.file == tmp_path / "poll.csv"
    assert "no such file" in error.what


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "poll.csv").unlink()
    (tmp_path / "poll.csv").mkdir()
    assert refusal(tmp_path).what == "it is a folder; expected a file"


@pytest.mark.parametrize("name", ["sea.csv", "sea.CSV"])
def test_a_file_that_is_not_named_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path)
    (tmp_path / name).write_text(AREA, encoding="utf-8")
    error = refusal(tmp_path)
    assert error.file == tmp_path / name
    assert error.remedy is not None


def test_other_files_are_let_be(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    assert len(load(tmp_path).table) == 7


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").file == tmp_path / "nowhere" / "evidence.toml"


@pytest.mark.parametrize(
    ("index", "key", "says"),
    [
        ("[[series]\n", "line 1, column 9", "not TOML"),
        ("# nothing\n", "series", "at least one"),
        ("series = 3\n", "series", "at least one"),
        ("series = [3]\n", "series.1", "found 3; expected a table"),
        ("colour = 1\n" + entry("area"), "colour", "unknown key"),
        (
            entry("area", unit=None),
            "series.area.unit",
            "it is missing; a table here needs id, file, title, unit, instrument, lag_days",
        ),
        (entry("area", id=None), "series.1.id", "it is missing"),
        (entry("area", id='"Area 1"'), "series.Area 1.id", "found 'Area 1'; expected a name of lower-case letters"),
        (entry("area", file='"../area.csv"'), "series.area.file", "found '../area.csv'; expected a name"),
        (entry("area", colour=1), "series.area.colour", "unknown key; expected id, file"),
        (entry("area", unit=None, unitt='"km2"'), "series.area.unitt", "unknown key"),
        (entry("area", lag_days=-1), "series.area.lag_days", "found -1; expected a number of at least 0"),
        (entry("area", lag_days='"7"'), "series.area.lag_days", "found '7'; expected a whole number"),
        (entry("area", range="[1]"), "series.area.range", "found [1]; expected a list of at least 2"),
        (entry("area", range="[1, 2, 3]"), "series.area.range", "expected a list of at most 2"),
        (entry("area", range="7"), "series.area.range", "found 7; expected a list"),
        (entry("area", range="[5, 1]"), "series.area.range", "found [5, 1]; expected [low, high] with low < high"),
        (entry("area", range="[0, inf]"), "series.area.range.2", "expected a finite number"),
        (entry("area", range="[0, nan]"), "series.area.range.2", "expected a finite number"),
        (entry("area", range='["0", 1]'), "series.area.range.1", "found '0'; expected a number"),
        (entry("area", title='""'), "series.area.title", "found ''; expected text that is not blank"),
        (entry("area", source='"nobody"'), "series.area.source", "found 'nobody'; expected an id in sources.toml"),
        (entry("area") + entry("area", file='"poll.csv"'), "series.area.id", "two series"),
        (entry("area") + entry("poll", file='"area.csv"'), "series.poll.file", "two series"),
    ],
)
def test_a_bad_index_is_refused(tmp_path: Path, index: str, key: str | None, says: str) -> None:
    error = refusal(write(tmp_path, index))
    assert error.file == tmp_path / "evidence.toml"
    assert error.key == key
    assert says in error.what


def test_an_index_not_in_utf8_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "evidence.toml").write_bytes(b"\xff\xfe")
    assert "not UTF-8" in refusal(tmp_path).what


def test_an_index_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert set(load(write(tmp_path, "\ufeff" + entry("area") + entry("poll"))).specs) == {"area", "poll"}


def test_a_spec_is_frozen_and_has_defaults(tmp_path: Path) -> None:
    spec = load(write(tmp_path, entry("area", note=None) + entry("poll"))).specs["area"]
    assert isinstance(spec, SeriesSpec)
    assert (spec.note, spec.range) == ("", (0.0, 500.0))
    with pytest.raises(ValueError, match="frozen"):
        spec.unit = "mi2"  # type: ignore[misc]


# --- the scenario's own evidence


def toml(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((PRIORS / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ukraine() -> Evidence:
    return load_evidence(PRIORS / "evidence", toml("sources.toml").keys())


def test_the_reference_date_sees_the_front_and_no_poll_of_the_new_term(ukraine: Evidence) -> None:
    vintage = ukraine.vintage(DAY)
    assert vintage.loc["area_deepstate", "last_observed"] == pd.Timestamp(DAY)
    assert (vintage[vintage.index.str.startswith("approval_2025")]["count"] == 0).all()
    assert ukraine.rows(DAY)["available"].max() <= pd.Timestamp(DAY)
    assert ukraine.flags(DAY).empty
    area = ukraine.as_of(DAY).series("area_deepstate")
    assert area["value"].iloc[-1] == pytest.approx(112072.35, abs=1)


def test_no_row_is_out_of_range(ukraine: Evidence) -> None:
    assert ukraine.flags(date(2026, 3, 1)).empty


def test_weekly_series_are_of_mondays(ukraine: Evidence) -> None:
    for name in ("area_deepstate", "area_owlmaps", "kursk_held_deepstate", "approval_first_term"):
        rows = ukraine.series(name)
        days = rows["observed"][rows["value"] > 0].dt.day_of_week
        assert set(days) == {0}, name


def test_every_source_and_reference_class_is_declared() -> None:
    sources = toml("sources.toml")
    for name, source in sources.items():
        assert {"title", "publisher", "url", "published", "grade", "note"} <= source.keys(), name
        if source["published"]:
            assert date.fromisoformat(source["published"]) <= DAY, name
    reference = toml("reference/reference.toml")
    assert {f"{name}.csv" for name in reference} == {path.name for path in (PRIORS / "reference").glob("*.csv")}
    assert {entry["source"] for entry in reference.values()} <= sources.keys()


def test_there_are_72_premises_each_with_a_holder() -> None:
    premises = toml("premises.toml")
    assert len(premises) == 72
    holders = {"article", "commenter", "washington", "record", "another reader"}
    assert {premise["holder"] for premise in premises.values()} == holders
    assert all(premise["claim"].endswith(".") for premise in premises.values())


# --- late rows, and files of others


def test_a_series_may_declare_later_figures(tmp_path: Path) -> None:
    late = POLL + "2024-01-10,2025-02-10,60,,,known from a yearly count,\n"
    error = refusal(write(tmp_path, poll=late))
    assert (error.key, error.exit_code) == ("row 4, column available", 2)
    index = entry("area") + entry("poll", longest_lag_days=500)
    assert len(load(write(tmp_path, index, poll=late)).series("poll")) == 3
    error = refusal(write(tmp_path, entry("area") + entry("poll", longest_lag_days=30)))
    assert "longest_lag_days: found 30; expected a number of at least 300" in str(error)


def test_hidden_files_beside_the_series_are_ignored(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "._area.csv").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / ".DS_Store").write_bytes(b"\x00")
    assert len(load(tmp_path).specs) == 2


def test_an_observation_knows_its_line(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    folder = Place("void/evidence")
    assert evidence.place("area", date(2025, 1, 13), folder) == Place(
        "void/evidence/area.csv", "row 5, column observed"
    )
    seen = load_evidence(tmp_path, {"maps", "other"}, seen=evidence.table)
    assert seen.place("area", date(2025, 1, 13), folder) == Place("void/evidence/area.csv", "observed")


def test_evidence_shows_itself_in_a_line(tmp_path: Path) -> None:
    evidence = load(write(tmp_path))
    assert repr(evidence) == "Evidence(2 series, 7 rows)"
    assert repr(evidence.as_of(DAY)) == "Evidence(2 series, 4 rows, as of 2025-01-20)"
