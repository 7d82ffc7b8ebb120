"""The rows of `forecast history`: columns that keep their meaning, and texts that do nothing."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from made_up_runs import make_run
from places import DOCS

from forecast.encoding.timeline_table import HEADLINES
from forecast.store.history import COLUMNS, ENDS, history_csv, history_json, history_rows
from forecast.store.json_text import to_json
from forecast.store.publication import publish
from forecast.store.record import mark_scheduled, runs_of_record
from forecast.store.saved_run import open_run

INSTANT = datetime(2025, 3, 3, 6, tzinfo=UTC)
RELEASED = (
    *("run", "scenario", "as_of", "saved", "scheduled_job", "published"),
    *("battlefield_probability", "battlefield_standard_error", "battlefield_low", "battlefield_high"),
    *("negotiated_probability", "negotiated_standard_error", "negotiated_low", "negotiated_high"),
    *("unresolved_probability", "unresolved_standard_error", "unresolved_low", "unresolved_high"),
    *("of_record", "superseded_by", "corrects", "perspective", "timelines"),
)
"""The columns of version 0.2.0. They are never changed: others are added behind them."""


def test_the_released_columns_stay() -> None:
    assert COLUMNS[: len(RELEASED)] == RELEASED
    assert ENDS == HEADLINES


def test_every_column_is_documented() -> None:
    text = (DOCS / "history.md").read_text(encoding="utf-8")
    missing = [name for name in COLUMNS if f"`{name}`" not in text and f"`<end>_{name.partition('_')[2]}`" not in text]
    assert not missing


def test_a_row_has_the_numbers_of_the_run(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path, 3))
    mark_scheduled(run, "weekly", INSTANT)
    published = publish(run).publication.published
    (row,) = history_rows(runs_of_record(tmp_path))
    assert tuple(row) == COLUMNS
    for end, entry in run.summary["odds"].items():
        found = [row[f"{end}_{name}"] for name in ("probability", "standard_error", "low", "high")]
        assert found == [entry["probability"], entry["standard_error"], *entry["interval"]]
    assert (row["scheduled_job"], row["published"], row["of_record"]) == ("weekly", published, True)
    (read,) = csv.DictReader(io.StringIO(history_csv([row])))
    assert {name: float(read[name]) for name in COLUMNS if name.endswith("_low")} == {
        name: row[name] for name in COLUMNS if name.endswith("_low")
    }
    assert (read["superseded_by"], read["of_record"]) == ("", "true")
    assert json.loads(to_json(history_json([row])))["rows"] == [row]


def test_of_the_same_date_the_later_run_counts_and_a_correction_goes_first(tmp_path: Path) -> None:
    first, second, third = (open_run(make_run(tmp_path, 3 + 345 * number)) for number in range(3))
    other = open_run(make_run(tmp_path, 4))
    for run in (first, second, third, other):
        publish(run)
    rows = {row["run"]: row["superseded_by"] for row in history_rows(runs_of_record(tmp_path))}
    assert rows == {first.id: third.id, second.id: third.id, third.id: None, other.id: None}
    corrected = open_run(make_run(tmp_path, 3 + 345 * 3))
    publish(corrected, corrects=third, reason="A wrong sheet.")
    rows = {row["run"]: row["superseded_by"] for row in history_rows(runs_of_record(tmp_path))}
    assert (rows[third.id], rows[second.id], rows[first.id]) == (corrected.id,) * 3


def test_hostile_texts_are_harmless(tmp_path: Path) -> None:
    hostile = ["=cmd()|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\x1b[2J\u202e", 'a\nb,c"d', "<script>", "x" * 1_000_000]
    for number, name in enumerate(hostile):
        mark_scheduled(open_run(make_run(tmp_path, number)), name, INSTANT)
    rows = history_rows(runs_of_record(tmp_path))
    assert [row["scheduled_job"] for row in rows] == hostile
    text = history_csv(rows)
    read = [row["scheduled_job"] for row in csv.DictReader(io.StringIO(text))]
    assert read[:7] == [
        *("'=cmd()|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)"),
        *("\\x1b[2J\\u202e", 'a b,c"d', "<script>"),
    ]
    assert len(read[7]) <= 1000
    assert text.isprintable() or set(text) - {"\n"} == {c for c in text if c.isprintable()}
    assert "\x1b" not in to_json(history_json(rows))


def test_a_run_with_a_changed_summary_has_no_odds(tmp_path: Path) -> None:
    folder = make_run(tmp_path, 3)
    (folder / "summary.json").write_text("{}")
    (row,) = history_rows(runs_of_record(tmp_path, everything=True))
    assert row["negotiated_probability"] is None
    assert row["changed"]
    assert ",,," in history_csv([row])
