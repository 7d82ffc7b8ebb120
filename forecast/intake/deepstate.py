"""Maps of DeepState: the occupied area of the published polygons, in an equal-area projection.

A published map is one GeoJSON file a day: a FeatureCollection whose only features are the occupied territory, as
polygons in longitude and latitude, without properties. The date stands in the collection's name and in the file's name.
The area of the five files at hand agrees with the daily table of the repository to 0.01 km2.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.inputs.parsing import kind_of, parse_day, shortened, whole_number
from forecast.inputs.validation import Place
from forecast.intake.figures import Figure, Request, record_figures
from forecast.intake.limits import dates_in, named, refuse_later, text_of
from forecast.intake.reports import ImportReport
from forecast.scenario.load import load_scenario
from forecast.scenario.spec import Scenario

ALBERS: Final = "+proj=aea +lat_1=46 +lat_2=51 +lat_0=0 +lon_0=36 +ellps=WGS84 +units=m"
"""The projection in which the recorded areas were measured."""

SAME: Final = 0.05
"""Areas of a map that differ by no more, in km2, are the same: recorded areas have two decimals."""

WEST, EAST, SOUTH, NORTH = 20.0, 45.0, 42.0, 56.0
"""Limits of the positions of a map, degrees: Ukraine and its surroundings."""

POLYGONS: Final = ("Polygon", "MultiPolygon")

CRS: Final = ("CRS84", "EPSG::4326", "EPSG:4326")
"""Ends of the names of coordinate systems in which a position is longitude and latitude."""

DATE_KEYS: Final = ("date", "Date", "day", "map_date")
"""Properties that give the date of a map."""


@dataclass(frozen=True)
class MapArea:
    """The occupied area of a map.

    Attributes:
        day: the date of the map.
        km2: the area, rounded to two decimals.
        remarks: repairs of its polygons, in plain sentences.
        place: the file.
    """

    day: date
    km2: float
    remarks: tuple[str, ...]
    place: Place


def import_maps(
    folder: Path,
    files: Sequence[Path],
    request: Request,
    *,
    day: date | None = None,
    available: date | None = None,
    series: str | None = None,
) -> ImportReport:
    """Record the areas of maps; all of them or none.

    Args:
        folder: the scenario's folder, from `writable_scenario`.
        files: the maps.
        request: how figures are recorded.
        day: the date of the only map, if neither the map nor its name says it.
        available: the day on which the maps became public, if not their own date.
        series: id of the series; by default the one that the front learns from.

    Raises:
        InputError: a file is not a map, has no date or an impossible area; see also `record_figures`.
    """
    if not files:
        raise InputError("found no file; expected at least one map", key="FILE.geojson...")
    if day is not None and len(files) > 1:
        raise InputError(
            "found one date for several maps; expected one map", key="--date", remedy="Import each with its date"
        )
    maps = [read_map(path, day) for path in files]
    name = series_of_maps(load_scenario(folder), series)
    figures = []
    for one in maps:
        refuse_later(one.day, request.today, one.place)
        when = one.day if available is None else available
        figures.append(Figure(name, one.day, when, one.km2, place=one.place, tolerance=SAME))
    _refuse_two_of_a_day(maps)
    report = record_figures(folder, figures, request)
    report.lines = [remark for one in maps for remark in one.remarks] + report.lines
    return report


def series_of_maps(scenario: Scenario, series: str | None = None) -> str:
    """Give the series that DeepState's maps belong to: the one named, else the first map that the front learns from.

    Raises:
        InputError: that is another mapper's series.
    """
    name = scenario.area_series if series is None else series
    spec = scenario.evidence.specs.get(name)
    if series is None and (spec is None or "deepstate" not in f"{spec.id} {spec.title} {spec.instrument}".lower()):
        what = f"the front of {scenario.id} learns from {name}, which is not a series of DeepState's maps"
        raise InputError(what, remedy="Name the series with --series")
    return name


def _refuse_two_of_a_day(maps: Iterable[MapArea]) -> None:
    """Refuse maps of one day that differ."""
    seen: dict[date, MapArea] = {}
    for one in maps:
        former = seen.setdefault(one.day, one)
        if abs(former.km2 - one.km2) > SAME:
            what = f"found {one.km2} km2 for {one.day}; {former.place.file}, of the same day, has {former.km2}"
            raise one.place.error(what, "Keep one of the two")


def read_map(path: Path, day: date | None = None) -> MapArea:
    """Read the date and the occupied area of a map.

    Args:
        path: a GeoJSON file.
        day: its date, if neither the file nor its name says it.

    Raises:
        InputError: it is not a map of occupied territory, or has no date, or two.
    """
    place = named(path)
    content = parse_json(text_of(path, place), place)
    geometries = _geometries(content, place)
    date_of_map = _date_of(content, path, place, day)
    remarks: list[str] = []
    km2 = round(_area(geometries, place, remarks), 2)
    if km2 <= 0.0:
        raise place.error("found polygons without an area; expected those of the occupied territory", "Check the file")
    return MapArea(date_of_map, km2, tuple(f"{place.file}: {remark}" for remark in remarks), place)


def parse_json(text: str, place: Place) -> Any:
    """Parse JSON; a key given twice, NaN and infinity are refused.

    Raises:
        InputError: it is not JSON, or nested too deeply.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for k, (key, _) in enumerate(pairs) if key in [name for name, _ in pairs[:k]])
            raise ValueError(f"found the key {shortened(twice)} twice; expected each key once")
        return found

    def constant(name: str) -> float:
        raise ValueError(f"found {name}; expected a finite number")

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=constant, parse_int=whole_number)
    except json.JSONDecodeError as error:
        spot = f"line {error.lineno}, column {error.colno}"
        raise place.at(spot).error(f"it is not JSON: {error.msg}", "Download the file again") from error
    except RecursionError as error:
        what = "found lists nested too deeply; expected a map"
        raise place.error(what, "Download the file again") from error
    except ValueError as error:
        raise place.error(str(error), "Download the file again") from error


def _geometries(content: Any, place: Place) -> list[tuple[Place, list[Any]]]:
    """The polygons of a map: the place of each feature, and its list of polygons."""
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        kind = f"the type {shortened(content.get('type'))}" if isinstance(content, dict) else kind_of(content)
        raise place.error(f"found {kind}; expected a GeoJSON map, of type FeatureCollection", "Give a published map")
    _check_crs(content.get("crs"), place.at("crs"))
    features = content.get("features")
    if not isinstance(features, list) or not features:
        raise place.at("features").error(
            "found none; expected the polygons of the occupied territory", "Check the file"
        )
    found = []
    for index, feature in enumerate(features, start=1):
        spot = place.at(f"feature {index}")
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise spot.error(f"found {kind_of(feature)}; expected an object of type Feature", "Download the file again")
        _check_properties(feature.get("properties"), spot.at("properties"))
        geometry = feature.get("geometry")
        form = geometry.get("type") if isinstance(geometry, dict) else None
        if not isinstance(geometry, dict) or form not in POLYGONS:
            raise spot.at("geometry").error(f"found {shortened(form)}; expected {' or '.join(POLYGONS)}")
        inside = geometry.get("coordinates")
        polygons = [inside] if form == "Polygon" else inside
        if not isinstance(polygons, list) or not polygons:
            raise spot.at("geometry").error("found no polygon; expected at least one", "Take the feature out")
        found.append((spot, polygons))
    return found


def _check_crs(crs: Any, place: Place) -> None:
    """Refuse coordinates that are not longitude and latitude."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not name.endswith(CRS):
        raise place.error(f"found {shortened(name)}; expected longitude and latitude, CRS84", "Export it in EPSG:4326")


def _check_properties(properties: Any, place: Place) -> None:
    """Refuse a feature with a name or a kind: the published maps have occupied territory only, and no properties."""
    if properties is None:
        return
    if not isinstance(properties, dict):
        raise place.error(f"found {shortened(properties)}; expected a table")
    for key, value in properties.items():
        if isinstance(value, str) and value.strip() and key not in DATE_KEYS:
            what = f"found {shortened(value)}; the published maps have occupied territory only, without such properties"
            raise place.at(shortened(key)).error(what, "Keep the features of the occupied territory, without names")


def _date_of(content: dict[str, Any], path: Path, place: Place, given: date | None) -> date:
    """The date of a map, from its properties, its name, and the file's name; all that say one agree."""
    found: dict[date, str] = {}
    tables = [content, content.get("properties"), *(feature.get("properties") for feature in content["features"])]
    for table in tables:
        for key in DATE_KEYS if isinstance(table, dict) else ():
            if key in table:
                found.setdefault(_property_date(table[key], place.at(key)), f"the property {key}")
    if isinstance(title := content.get("name"), str):
        for day in dates_in(title[:1000]):
            found.setdefault(day, f"the map's name, {shortened(title)}")
    for day in dates_in(path.name):
        found.setdefault(day, "the file's name")
    if given is not None:
        found.setdefault(given, "the date given")
    if not found:
        what = "found no date in the map or in the file's name"
        raise place.error(what, "Put the date into the file's name, as in deepstatemap_data_20250120.geojson")
    if len(found) > 1:
        says = " and ".join(f"{day} from {where}" for day, where in list(found.items())[:2])
        raise place.error(f"found two dates: {says}; expected one", "Check which is right")
    return next(iter(found))


def _property_date(value: Any, place: Place) -> date:
    """The date that a property gives, perhaps with a time of day behind it."""
    try:
        return parse_day(value[:10] if isinstance(value, str) and value[10:11] in ("T", " ") else value)
    except ValueError as error:
        raise place.error(f"found {shortened(value)}; expected {error}") from None


def _area(geometries: Sequence[tuple[Place, list[Any]]], place: Place, remarks: list[str]) -> float:
    """The area of all polygons together, km2; repairs are added to the remarks."""
    shapes = [_polygon(spot, k, rings, remarks) for spot, polygons in geometries for k, rings in enumerate(polygons, 1)]
    valid = shapely.is_valid(shapes)
    if not valid.all():
        reason = shapely.is_valid_reason(shapes[int(np.argmin(valid))]).partition("[")[0].strip().lower()
        count = int((~valid).sum())
        remarks.append(f"{count} invalid polygon{'s' if count > 1 else ''} repaired ({reason})")
        shapes = list(shapely.make_valid(shapes))
    whole = shapely.union_all(shapes) if len(shapes) > 1 else shapes[0]
    try:
        overlap = sum(map(_km2, shapes)) - (area := _km2(whole))
    except shapely.errors.GEOSException as error:
        raise place.error(f"its polygons cannot be measured ({error})") from error
    if overlap > SAME:
        remarks.append(f"polygons overlap by {overlap:.2f} km2, which is counted once")
    return area


def _polygon(spot: Place, number: int, rings: Any, remarks: list[str]) -> Any:
    """A polygon of shapely from its rings: the outer one, then holes."""
    where = spot.at("geometry", f"polygon {number}")
    if not isinstance(rings, list) or not rings:
        raise where.error("found no ring; expected at least one", "Take the polygon out")
    shell, *holes = (_ring(where.at(f"ring {k}"), ring, remarks) for k, ring in enumerate(rings, start=1))
    return shapely.Polygon(shell, holes)


def _ring(where: Place, ring: Any, remarks: list[str]) -> NDArray[np.float64]:
    """The positions of a ring, shape (n, 2), longitude and latitude in degrees."""
    try:
        found = np.array(ring)
    except ValueError as error:  # positions of different lengths
        raise where.error("its positions differ in length; expected pairs [longitude, latitude]") from error
    if found.dtype.kind not in "fi" or found.ndim != 2 or found.shape[1] != 2:
        what = f"found {_kind(found)}; expected positions [longitude, latitude] of numbers"
        raise where.error(what)
    found = found.astype(np.float64)
    if not np.isfinite(found).all():
        raise where.error("found a position that is not finite; expected numbers", "Download the file again")
    inside = (found >= (WEST, SOUTH)).all(axis=1) & (found <= (EAST, NORTH)).all(axis=1)
    if not inside.all():
        east, north = found[int(np.argmin(inside))]
        what = (
            f"found longitude {east:g}, latitude {north:g}; expected {WEST:g} to {EAST:g} and {SOUTH:g} to {NORTH:g}, "
            "Ukraine and its surroundings"
        )
        swapped = WEST <= north <= EAST and SOUTH <= east <= NORTH
        raise where.error(what, "Are the two swapped?" if swapped else None)
    if not (found[0] == found[-1]).all():
        remarks.append(f"{where.key.rpartition('geometry.')[2].replace('.', ', ')} was not closed, and was closed")
        found = np.vstack([found, found[:1]])
    if len(found) < 4:
        raise where.error(f"found {len(found)} positions; expected at least 4, the last the same as the first")
    return found


def _kind(found: NDArray[Any]) -> str:
    """Say what an array of positions holds instead of pairs of numbers."""
    if found.dtype.kind in "US":
        return "text"
    if found.dtype.kind in "fi" and found.ndim == 2:
        return f"positions of {found.shape[1]} numbers"
    return "something else"


def _km2(shape: Any) -> float:
    """The area of a shape in the equal-area projection, km2."""
    return float(shapely.transform(shape, _projected).area) / 1e6


def _projected(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions in metres in the equal-area projection."""
    return np.column_stack(_transformer().transform(positions[:, 0], positions[:, 1]))


_made: list[Any] = []


def _transformer() -> Any:
    """The projection, made once: it takes a tenth of a second."""
    if not _made:
        import pyproj

        _made.append(pyproj.Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True))
    return _made[0]


__all__ = ["MapArea", "import_maps", "read_map", "series_of_maps"]
