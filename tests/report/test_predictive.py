"""Predictive checks: how figures lie among their replicates, drawn and kept."""

import io
from pathlib import Path

import numpy as np
import pytest
import xarray
from scipy import stats

from forecast.belief.student_t import TAIL_DEGREES
from forecast.report.flags import far_out
from forecast.report.predictive import (
    GROUPS,
    RARE,
    Predictive,
    coverage,
    flagged,
    predictive,
    tail_probability,
    units,
)
from forecast.scenario.load import load_scenario


@pytest.fixture
def netcdf(tmp_path: Path) -> bytes:
    """A fit of two made-up series whose posterior fits and whose prior is too wide."""
    rng = np.random.default_rng(4)
    days = np.arange("2024-01-01", "2024-06-01", 7, dtype="datetime64[D]").astype("datetime64[s]")
    each = {"chain": range(2), "draw": range(100)}

    def again(sd: float) -> xarray.Dataset:
        shape = (2, 100, len(days))
        return xarray.Dataset(
            {name: (("chain", "draw", f"{name}_date"), sd * rng.standard_normal(shape)) for name in ("area", "trust")},
            each | {"area_date": days, "trust_date": days},
        )

    figures = {name: (f"{name}_date", rng.standard_normal(len(days))) for name in ("area", "trust")}
    groups = {
        "prior_predictive": again(50.0),
        "posterior_predictive": again(1.0),
        "observed_data": xarray.Dataset(figures, {"area_date": days, "trust_date": days}),
    }
    path = tmp_path / "fit.nc"
    xarray.DataTree.from_dict(groups).to_netcdf(path, engine="h5netcdf")
    return path.read_bytes()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FORECAST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_coverage_by_hand() -> None:
    again = np.tile(np.arange(101.0)[:, None], (1, 4))
    assert coverage(np.array([50.0, 30.0, 10.0, 99.0]), again) == {
        "within_50": 0.5,
        "within_90": 0.75,
        "median_place": pytest.approx((30.5 + 50.5) / 2 / 101, abs=1e-4),
    }


def test_every_series_is_checked_before_and_after(netcdf: bytes) -> None:
    made = predictive(netcdf, {"area": "Area", "trust": "Trust"}, {"area": "km2"})
    rows = {(row["series"], row["group"]): row for row in made.checks}
    assert len(rows) == 4
    for series in ("area", "trust"):
        assert rows[series, "prior_predictive"]["within_50"] == 1.0
        assert 0.2 <= rows[series, "posterior_predictive"]["within_50"] <= 0.8
        assert rows[series, "posterior_predictive"]["figures"] == 22
    assert set(made.figures) == {"prior_predictive.svg", "posterior_predictive.svg"}
    assert all(figure.startswith("<?xml") for figure in made.figures.values())


def test_second_time_it_is_taken_from_the_cache_without_drawing(netcdf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    first = predictive(netcdf, {}, {})

    def refuse(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("forecast.report.predictive._check", refuse)
    assert predictive(netcdf, {}, {}) == first
    with pytest.raises(AssertionError, match="drawn again"):
        predictive(netcdf, {"area": "Another title"}, {})


def test_a_tail_is_that_of_student_t_on_each_side() -> None:
    # Quartiles 4 below and 10 above the median; the t's own quartile is 0.7407.
    again = np.concatenate([np.linspace(-8.0, 0.0, 501), np.linspace(0.0, 20.0, 501)])[:, None]
    for figure, quartile in ((-80.0, 4.0), (80.0, 10.0)):
        score = abs(figure) * stats.t.ppf(0.75, TAIL_DEGREES) / quartile
        found = tail_probability(np.array([figure]), again)
        assert found[0] == pytest.approx(2 * stats.t.sf(score, TAIL_DEGREES), rel=0.02)
    assert tail_probability(np.array([0.0]), again)[0] == pytest.approx(1.0)
    # Replicates without spread: what agrees with them is not far out, all else is.
    assert tail_probability(np.array([1.0, 2.0]), np.ones((50, 2))).tolist() == [1.0, 0.0]


def test_chance_flags_are_as_rare_as_they_are_said_to_be() -> None:
    # Figures and replicates of the same instrument: about one in a thousand, however few the replicates.
    rng = np.random.default_rng(2)
    figures, again = rng.standard_t(TAIL_DEGREES, 40_000), rng.standard_t(TAIL_DEGREES, (400, 40_000))
    share = float((tail_probability(figures, again) < RARE).mean())
    assert 0.5 * RARE < share < 2.0 * RARE
    # Lighter tails give fewer.
    normal = tail_probability(rng.standard_normal(40_000), rng.standard_normal((400, 40_000)))
    assert float((normal < RARE).mean()) < 0.2 * RARE


def test_what_is_far_out_is_flagged_with_its_range() -> None:
    rng = np.random.default_rng(6)
    days = np.array(["2025-12-15", "2025-12-22", "2025-12-29"], "datetime64[D]")
    again = 100.0 + 10.0 * rng.standard_t(TAIL_DEGREES, (400, 3))
    (row,) = flagged("area", days, np.array([105.0, -900.0, 60.0]), again, "km2")
    assert (row["series"], row["observed"], row["value"], row["unit"]) == ("area", "2025-12-22", -900.0, "km2")
    assert row["low"] == pytest.approx(100.0 - 10.0 * stats.t.ppf(0.975, TAIL_DEGREES), abs=8.0)
    assert row["high"] == pytest.approx(100.0 + 10.0 * stats.t.ppf(0.975, TAIL_DEGREES), abs=8.0)
    words = far_out(row)
    low, high = (f"{row[end]:,.4g}" for end in ("low", "high"))
    assert list(words.values()) == ["area", "2025-12-22", "-900", f"{low} to {high}", "km2"]


def test_flags_are_of_the_posterior_and_come_back_from_the_cache(tmp_path: Path, netcdf: bytes) -> None:
    assert predictive(netcdf, {}, {}).flagged == []
    with xarray.open_datatree(io.BytesIO(netcdf), engine="h5netcdf") as opened:
        tree = opened.load()
    figures = tree["observed_data"]["trust"]
    figures[3] = 40.0  # within the prior's replicates, not within the posterior's
    tree["observed_data"] = xarray.DataTree(tree["observed_data"].to_dataset().assign(trust=figures))
    path = tmp_path / "spoilt.nc"
    tree.to_netcdf(path, engine="h5netcdf")
    made = predictive(path.read_bytes(), {}, {"trust": "%"})
    assert [(row["series"], row["observed"], row["value"], row["unit"]) for row in made.flagged] == [
        ("trust", "2024-01-22", 40.0, "%")
    ]
    assert predictive(path.read_bytes(), {}, {"trust": "%"}) == made


def test_units_are_of_what_is_learnt_from() -> None:
    found = units(load_scenario("ukraine-2025"))
    assert found["area_deepstate"] == "change in a week, km2"
    assert found["aid_us"] == "sum of a quarter, EUR bn"
    assert found["trust_kiis"] == "% of respondents"


def test_damaged_cache_is_made_again(netcdf: bytes, cache: Path) -> None:
    first = predictive(netcdf, {}, {})
    (kept,) = (cache / "predictive").iterdir()
    (kept / "checks.json").write_text("{")
    assert predictive(netcdf, {}, {}) == first
    (kept / "flagged.json").unlink()
    assert predictive(netcdf, {}, {}) == first
    (kept / "prior_predictive.svg").unlink()
    assert predictive(netcdf, {}, {}) == first


EDITS = {
    "an empty table": ("checks.json", b"{}"),
    "other numbers": ("checks.json", b"[]"),
    "no list of rows": ("flagged.json", b'["x"]'),
    "another picture": ("prior_predictive.svg", b"<svg/>"),
    "not UTF-8": ("posterior_predictive.svg", b"\xff"),
    "no entry": ("entry.json", b"{}"),
    "entry is a list": ("entry.json", b"[]"),
    "entry is cut": ("entry.json", b'{"key'),
    "entry of another": ("entry.json", b'{"key": "x", "entry.json": "y"}'),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_cache_is_made_again(
    netcdf: bytes, cache: Path, edit: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Predictive([{"series": "a"}], {f"{group}.svg": "<svg>é</svg>" for group in GROUPS}, [])
    monkeypatch.setattr("forecast.report.predictive._check", lambda *_: made)
    assert predictive(netcdf, {}, {}) == made
    (kept,) = (cache / "predictive").iterdir()
    name, content = EDITS[edit]
    before = (kept / name).read_bytes()
    (kept / name).write_bytes(content)
    assert predictive(netcdf, {}, {}) == made
    assert "cannot be used" in caplog.text
    caplog.clear()
    assert predictive(netcdf, {}, {}) == made
    assert (kept / name).read_bytes() == before
    assert caplog.text == ""


def test_without_a_fit_there_are_no_checks() -> None:
    made = predictive(b"", {}, {})
    assert (made.checks, made.figures, made.flagged) == ([], {}, [])
