"""A result of a sweep, and its files."""

import errno
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import SystemRefusal
from forecast.store.attached import read_attached
from forecast.store.parquet import read_parquet
from forecast.store.run_folder import Run
from forecast.sweep.result import SweepResult, attach_result, save_result

TABLE = pd.DataFrame(
    {
        "input": ["a|b", "=c"],
        "change": [0.123456789, np.nan],
        "count": [3, 4],
        "until": pd.to_datetime(["2025-06-30", None]).astype("datetime64[s]"),
        "clear": [True, False],
    }
)
MADE = SweepResult(
    "tornado",
    {"scenario": "two-islands", "draws": np.int64(3), "replayed": False},
    {"inputs": TABLE},
    ("The odds move by 12 ± 3 points.",),
    ("A caution.",),
)


def test_json_has_plain_values_and_no_nan():
    content = json.loads(json.dumps(MADE.to_dict(), allow_nan=False))
    first, second = content["tables"]["inputs"]
    assert first == {"input": "a|b", "change": 0.123456789, "count": 3, "until": "2025-06-30", "clear": True}
    assert second == {"input": "=c", "change": None, "count": 4, "until": None, "clear": False}
    assert content["about"] == {"scenario": "two-islands", "draws": 3, "replayed": False}
    assert content["method"] == "tornado"


def test_files_are_saved_and_read(tmp_path):
    saved = save_result(MADE, tmp_path / "out")
    assert [path.name for path in saved] == [
        "tornado-inputs.csv",
        "tornado-inputs.parquet",
        "tornado.md",
        "tornado.json",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in saved)
    pd.testing.assert_frame_equal(read_parquet(saved[1]), TABLE, check_dtype=False)
    page = saved[2].read_text(encoding="utf-8")
    assert "The odds move by 12 ± 3 points." in page
    assert r"| a\|b | 0.1235 | 3 | 2025-06-30 | yes |" in page
    assert "- A caution." in page
    assert ",'=c" in saved[0].read_text(encoding="utf-8").replace("\n", ",")  # no formula


def test_the_same_result_has_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in save_result(MADE, tmp_path / "a")]
    assert first == [path.read_bytes() for path in save_result(MADE, tmp_path / "b")]


def test_a_full_disk_leaves_no_file_and_no_folder(tmp_path, monkeypatch):
    def full(path, content):
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.write_bytes(content)

    monkeypatch.setattr("forecast.sweep.result.replace_file", full)
    with pytest.raises(SystemRefusal, match="no space left"):
        save_result(MADE, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    former = tmp_path / "former"
    former.mkdir()
    (former / "tornado.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SystemRefusal):
        save_result(MADE, former)
    assert [path.name for path in former.iterdir()] == ["tornado.json"]
    assert (former / "tornado.json").read_text(encoding="utf-8") == "{}"


def test_a_result_is_attached_to_a_run(tmp_path):
    run = Run(Path(tmp_path) / "runs" / "one", {"schema": 2})
    run.folder.mkdir(parents=True)
    saved = attach_result(MADE, run, "tornado-2")
    assert saved[-1] == tmp_path / "runs" / "attached" / "one" / "tornado-2.json"
    content = read_attached(run, "tornado-2.json")
    assert content is not None
    assert json.loads(content)["sentences"] == list(MADE.sentences)
