"""The figure of each method of a sweep, from a small made-up table."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.report.sweep_bars import crux, name_of
from forecast.report.sweep_figures import METHODS, saved_figure, sweep_figures
from forecast.report.sweep_layout import wrapped
from forecast.sweep.result import SweepResult, save_result

OUTPUTS = ("battlefield", "unresolved")
LABEL = "moscow.worth: share of the territory"
HOSTILE = "<script>alert(1)</script> $x$ $\\frac{1}{ \u202egnp.\x1b[31m " + "A" * 1_000_000


def example(method: str, label: str = LABEL) -> SweepResult:
    """A small result of a method, with a label of an input."""
    about: dict[str, Any] = {"scenario": "two-islands", "perspective": label, "as_of": "2031-05-01"}
    odds = {"label": label, "probability": 0.3, "standard_error": 0.01}
    rows: list[dict[str, Any]]
    name = "rows"
    if method == "tornado":
        name, about["base"] = "inputs", {one: {"value": 0.3, "error": 0.01} for one in OUTPUTS}
        ends = {"at_low": 0.1, "at_low_error": 0.01, "at_high": -0.2, "at_high_error": 0.01, "difference": -0.3}
        facts = {"input": label, "label": label, "unit": label}
        rows = [facts | ends | {"moved": m, "low": 1, "high": 2} for m in ("alone", "with correlates")]
        rows.append(facts | ends | {"input": "edit", "moved": "alone", "low": None, "high": None})
    elif method == "morris":
        name = "effects"
        rows = [{"input": f"{label}{k}", "mu_star": 0.01 * k, "sigma": 0.02, "noise": 0.01} for k in range(12)]
    elif method == "sobol":
        name, about["labels"] = "indices", {"front": label}
        index = {f"{n}{part}": 0.4 for n in ("first", "total") for part in ("", "_error", "_low", "_high")}
        rows = [index | {"set": one} for one in ("front", label)]
    elif method == "grid":
        name = "cells"
        about |= {"inputs": ["a"], "units": [label], "labels": {"a": label}}
        rows = [{"first": x, "second": None, "value": 0.2 * x, "value_error": 0.01} for x in (1, 2)]
    elif method == "threshold":
        name = "curve"
        about |= {"inputs": ["a"], "unit": label, "labels": {"a": label}, "output": "a-b", "crosses": 0.1}
        rows = [{"value": x, "a-b": 0.2 * x, "a-b_error": 0.01} for x in (0, 1)]
    elif method == "crux":
        name, about["between"] = "groups", [label, "other"]
        rows = [{"group": g, "label": label, "points": p, "points_error": 0.5} for g, p in (("all", 3), ("a", 3))]
    elif method in ("given", "reweight"):
        name, about["given"], about["set"] = "odds", label, [label]
        rows = [odds | {"without": 0.2, "without_error": 0.01, "otherwise": None, "otherwise_error": None}]
    elif method == "readings":
        name = "readings"
        rows = [odds | {"reading": label, "title": label, "as_coded": 0.2, "as_coded_error": 0.01}]
    else:
        name, about["output"] = "rules", label
        numbers = ("density", "coverage", "fit_density", "fit_coverage", "base")
        errors = {"density_error": 0.02, "coverage_error": 0.02}
        rows = [{"rule": label} | errors | {n: 0.1 * k for k, n in enumerate(numbers)}]
    table = pd.DataFrame([row | {"output": one} for one in OUTPUTS for row in rows])
    tables = {name: table}
    if method == "threshold":
        crossing = {"value": 0.5, "low": 0.4, "high": np.nan, "rising": True, "slope": 0.2, "found": 0.9}
        tables = {"crossings": pd.DataFrame([crossing | {"high": 0.6}, crossing | {"low": np.nan}]), name: table}
    return SweepResult(method, about, tables)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_figure_with_the_same_bytes_each_time(method: str, tmp_path: Path) -> None:
    saved = save_result(example(method), tmp_path)
    picture = next(path for path in saved if path.suffix == ".svg").read_bytes()
    assert b"<svg" in picture
    assert next(path for path in saved if path.suffix == ".png").read_bytes().startswith(b"\x89PNG")
    assert saved_figure(tmp_path / f"{method}.json") == picture
    page = (tmp_path / f"{method}.md").read_text(encoding="utf-8")
    assert f"]({method}.png)" in page
    assert f"]({method}.svg)" in page


@pytest.mark.parametrize("method", METHODS)
def test_hostile_labels_are_harmless(method: str) -> None:
    made = sweep_figures(example(method, HOSTILE).to_dict())
    assert len(made[".svg"]) < 1_000_000
    assert b"<script" not in made[".svg"]


def test_a_grid_of_two_inputs_is_a_heat_map_with_failed_cells_left_blank() -> None:
    rows = [
        {"first": x, "second": y, "output": "a", "value": 0.1 * x if (x, y) != (2, 1) else None, "value_error": 0.01}
        for x in range(30)
        for y in range(2)
    ]
    about = {"inputs": ["one", "two"], "units": ["weeks", ""]}
    assert sweep_figures(SweepResult("grid", about, {"cells": pd.DataFrame(rows)}).to_dict())[".svg"]


def test_bars_of_a_crux_add_up_even_where_groups_are_joined() -> None:
    rows = [{"group": f"g{k}", "label": "g", "output": "a", "points": 1.0, "points_error": 0.1} for k in range(20)]
    whole = {"group": "all", "label": "all", "output": "a", "points": 20.0, "points_error": 0.1}
    blocks = crux({}, {"groups": pd.DataFrame([whole, *rows])})
    assert blocks
    made = sweep_figures(SweepResult("crux", {}, {"groups": pd.DataFrame([whole, *rows])}).to_dict())
    assert made[".png"]


def test_an_output_without_indices_a_result_without_rows_and_no_crossing_are_drawn() -> None:
    numbers = {f"{n}{part}": None for n in ("first", "total") for part in ("", "_error", "_low", "_high")}
    table = pd.DataFrame([numbers | {"set": "front", "output": "a"}])
    assert sweep_figures(SweepResult("sobol", {}, {"indices": table}).to_dict())
    assert sweep_figures(SweepResult("discover", {}, {"rules": pd.DataFrame()}).to_dict())
    found = example("threshold")
    tables = {"crossings": pd.DataFrame(), "curve": found.tables["curve"]}
    assert sweep_figures(SweepResult("threshold", found.about, tables).to_dict())


def test_a_method_without_a_figure_has_a_page_without_a_picture(tmp_path: Path) -> None:
    saved = save_result(SweepResult("stress", {}, {"moves": pd.DataFrame({"a": [1]})}), tmp_path)
    assert {path.suffix for path in saved} == {".csv", ".parquet", ".md", ".json"}
    with pytest.raises(InputError, match="without a figure"):
        saved_figure(saved[-1])


@pytest.mark.parametrize("text", ["no JSON", "[]", json.dumps({"method": "crux"})])
def test_a_file_that_is_not_of_a_sweep_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "crux.json"
    with pytest.raises(InputError):
        saved_figure(path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        saved_figure(path)


def test_texts_are_wrapped_and_named_in_plain_words() -> None:
    assert wrapped("a\x1b[31m" + "b" * 500, 2, 20)[0].startswith("a\\x1b")
    assert len(wrapped("word " * 500, 2, 20)) == 2
    assert name_of("battlefield-negotiated") == "Battlefield less negotiated"
