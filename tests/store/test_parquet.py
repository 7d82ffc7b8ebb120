"""Tables as files: written in parts, and read column by column, they are what was given."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.outcomes.shares import odds, odds_of
from forecast.store import parquet
from forecast.store.parquet import StoredTable, TableWriter, read_parquet, write_parquet
from forecast.store.saved_run import Run
from forecast.store.timeline_file import TimelineFile

NAMES = ["a", "b", "never"]


def table(first: int, count: int) -> pd.DataFrame:
    """Rows of every kind of column."""
    number = first + np.arange(count)
    return pd.DataFrame(
        {
            "number": number,
            "share": np.where(number % 3 == 0, np.nan, 1.0 / (1.0 + number)),
            "day": pd.array(np.datetime64("2025-01-20", "s") + number * np.timedelta64(86400, "s")),
            "name": pd.Categorical.from_codes(number % 2, categories=pd.Index(NAMES)),
            "flag": number % 5 == 0,
        }
    )


def test_parts_make_the_table(tmp_path: Path) -> None:
    with TableWriter(tmp_path / "parts.parquet") as writer:
        for first, count in ((0, 3), (3, 1), (4, 6)):
            writer.add(table(first, count))
    write_parquet(table(0, 10), tmp_path / "whole.parquet")
    found = read_parquet(tmp_path / "parts.parquet")
    pd.testing.assert_frame_equal(found, table(0, 10))
    pd.testing.assert_frame_equal(found, read_parquet(tmp_path / "whole.parquet"))
    assert found["name"].cat.categories.tolist() == NAMES


def test_repeated_numbers_take_less_space_and_stay_what_they_are(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1).random(1000)
    repeated = pd.DataFrame({"x": np.tile(numbers, 4)})
    write_parquet(repeated, tmp_path / "repeated.parquet")
    with TableWriter(tmp_path / "plain.parquet") as writer:
        writer.add(pd.DataFrame({"x": np.random.default_rng(2).random(4000)}))
    sizes = [(tmp_path / f"{name}.parquet").stat().st_size for name in ("repeated", "plain")]
    assert sizes[0] < 0.5 * sizes[1]
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "repeated.parquet"), repeated)


@pytest.mark.parametrize("short", [0, parquet.SHORT_BYTES])
def test_columns_are_read_as_the_table_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: int) -> None:
    write_parquet(table(0, 10), tmp_path / "t.parquet")
    monkeypatch.setattr(parquet, "CACHED_BYTES", 200)
    monkeypatch.setattr(parquet, "SHORT_BYTES", short)
    stored, plain = StoredTable(tmp_path / "t.parquet"), table(0, 10)
    assert len(stored) == 10
    assert list(stored.columns) == list(plain)
    assert "share" in stored
    assert "other" not in stored
    for _ in range(2):  # also those that were dropped meanwhile
        for name in plain:
            pd.testing.assert_series_equal(stored[name], plain[name])
    rows = stored.rows(4, 7)
    assert len(rows) == 3
    pd.testing.assert_series_equal(rows["share"], plain["share"].iloc[4:7])


def test_a_flag_that_is_empty_somewhere_stays_a_flag(tmp_path: Path) -> None:
    flags = pd.DataFrame({"flag": pd.array([True, None, False], dtype="boolean")})
    write_parquet(flags, tmp_path / "t.parquet")
    pd.testing.assert_series_equal(StoredTable(tmp_path / "t.parquet")["flag"], flags["flag"])


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match="missing or damaged"):
        read_parquet(tmp_path / "t.parquet")


def test_a_stored_run_has_the_odds_of_its_table(kept: Run) -> None:
    stored = StoredTable(kept.folder / "timelines.parquet")
    assert odds_of(stored) == odds(kept.timelines)


def test_the_blocks_of_members_are_told_apart(tmp_path: Path) -> None:
    with TimelineFile(tmp_path, ["one", "two"]) as file:
        for member, first, count in (("one", 0, 2), ("one", 2, 3), ("two", 0, 4)):
            file.keep(member, table(first, count).rename(columns={"number": "timeline"}))
    whole, of_member = file.read()
    assert whole["timeline"].tolist() == list(range(9))
    assert whole["perspective"].astype(str).tolist() == ["one"] * 5 + ["two"] * 4
    assert whole["perspective"].cat.categories.tolist() == ["one", "two"]
    assert [len(of_member[name]) for name in ("one", "two")] == [5, 4]
    assert of_member["two"]["timeline"].tolist() == [5, 6, 7, 8]
