"""The chart of `forecast history`."""

from pathlib import Path

import pytest
from made_up_runs import make_run

from forecast.errors import InputError
from forecast.report.history_figure import history_figure
from forecast.store.history import history_rows
from forecast.store.publication import publish
from forecast.store.record import runs_of_record
from forecast.store.saved_run import open_run


def test_equal_rows_give_equal_bytes(tmp_path: Path) -> None:
    for number in range(0, 90, 9):
        make_run(tmp_path, number)
    rows = history_rows(runs_of_record(tmp_path))
    assert history_figure(rows) == history_figure(rows)
    assert history_figure(rows, ".png")[:4] == b"\x89PNG"


@pytest.mark.parametrize("numbers", [[0], [0, 345], [344, 344 + 345]])
def test_one_run_or_one_date_can_be_drawn(tmp_path: Path, numbers: list[int]) -> None:
    for number in numbers:
        publish(open_run(make_run(tmp_path, number)))
    assert history_figure(history_rows(runs_of_record(tmp_path))).startswith(b"<?xml")


def test_hostile_names_are_harmless(tmp_path: Path) -> None:
    for name in ("$\\frac{1}{0}$", "<script>", "x" * 200, "=cmd()\x1b"):
        make_run(tmp_path, 3, scenario=name.replace("/", ""))
    rows = history_rows(runs_of_record(tmp_path))
    drawn = history_figure([row | {"scenario": f"{row['scenario']}{'y' * 100_000}"} for row in rows])
    assert b"<script" not in drawn


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(InputError, match="no run with odds"):
        history_figure([])
