"""Files of publishers as tests make them, and scenarios to record them in."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from places import REPOSITORY

from forecast.intake.figures import Request

TODAY = date(2026, 11, 28)
REQUEST = Request(TODAY)


@pytest.fixture
def ukraine_folder(tmp_path: Path) -> Path:
    """A copy of the folder of ukraine-2025, to be written to."""
    return shutil.copytree(REPOSITORY / "priors" / "ukraine-2025", tmp_path / "priors" / "ukraine-2025")


def box(west: float = 34.0, south: float = 46.0, east: float = 38.2, north: float = 49.2, steps: int = 60) -> list[Any]:
    """A ring around a quadrangle of longitude and latitude, with many positions on each edge."""
    across = [west + (east - west) * k / steps for k in range(steps)]
    up = [south + (north - south) * k / steps for k in range(steps)]
    ring = [[x, south] for x in across] + [[east, y] for y in up]
    ring += [[east + west - x, north] for x in across] + [[west, north + south - y] for y in up]
    return [*ring, ring[0]]


def a_map(*rings: Any, **more: Any) -> dict[str, Any]:
    """A map as published, of polygons without holes."""
    polygons = [[ring] for ring in (rings or (box(),))]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPolygon", "coordinates": polygons}}
    return {"type": "FeatureCollection", "features": [feature]} | more


def saved_map(folder: Path, day: date | str = "2025-03-05", content: Any = None, name: str | None = None) -> Path:
    """A map in a file with its date in its name."""
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / (name or f"deepstatemap_data_{str(day).replace('-', '')}.geojson")
    path.write_text(json.dumps(a_map() if content is None else content), encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a scenario's evidence but the lock."""
    files = (path for path in sorted((folder / "evidence").iterdir()) if path.name != ".evidence.lock")
    return {path.name: path.read_bytes() for path in files}
