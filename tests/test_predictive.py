"""Predictive checks: how figures lie among their replicates, drawn and kept."""

from pathlib import Path

import numpy as np
import pytest
import xarray

from forecast.report.predictive import coverage, predictive


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

    monkeypatch.setattr("forecast.report.predictive._make", refuse)
    assert predictive(netcdf, {}, {}) == first
    with pytest.raises(AssertionError, match="drawn again"):
        predictive(netcdf, {"area": "Another title"}, {})


def test_damaged_cache_is_made_again(netcdf: bytes, cache: Path) -> None:
    first = predictive(netcdf, {}, {})
    (kept,) = (cache / "predictive").iterdir()
    (kept / "checks.json").write_text("{")
    assert predictive(netcdf, {}, {}) == first
    (kept / "prior_predictive.svg").unlink()
    assert predictive(netcdf, {}, {}) == first


def test_without_a_fit_there_are_no_checks() -> None:
    made = predictive(b"", {}, {})
    assert (made.checks, made.figures, made.flagged) == ([], {}, [])
