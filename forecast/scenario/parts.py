"""The parts with a file of their own, one table for each parameter, and the regions of `front.toml`."""

from forecast.inputs.validation import Place, as_table, same_keys, shown, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.entries import inherit, read_entry
from forecast.scenario.reader import Reader, check_capacity
from forecast.scenario.records import Region
from forecast.timeline.codes import PARTS
from forecast.timeline.fields import fields
from forecast.timeline.parameters import RECORDS


def read_parts(reader: Reader) -> tuple[Region, ...]:
    """Read the files with one table a parameter, and the regions of `front.toml`."""
    regions: tuple[Region, ...] = ()
    for part in PARTS:
        place = reader.place(f"{part}.toml")
        raws = dict(reader.tables[f"{part}.toml"])
        scalars = [key for key, f in fields(RECORDS[part]).items() if not f.shape]
        if part == "front":
            same_keys(raws, [*scalars, "region"], place, "parameter")
            regions = read_regions(reader, raws.pop("region"), place.at("region"))
        same_keys(raws, scalars, place, "parameter")
        for key in scalars:
            read_entry(reader, f"{part}.{key}", raws[key], place.at(key))
    return regions


def read_regions(reader: Reader, raws: object, place: Place) -> tuple[Region, ...]:
    """Read `[region.<id>]` of `front.toml`."""
    if not isinstance(raws, dict):
        raise place.error(f"found {shown(raws)}; expected a table for each region")
    check_capacity(raws, "region", place)
    regions = []
    for name, raw in raws.items():
        spot = spot_of(place, name)
        table = as_table(toml_tables.RegionTable, raw, spot, id=name)
        reader.check_grounds(table, spot)
        read_entry(reader, f"front.held.{name}", inherit(table.held, table), spot.at("held"))
        if reader.priors[f"front.held.{name}"].support[1] > table.area_km2:
            what = f"found {shown(table.held['support'])}; expected at most the region's area,"
            raise spot.at("held.support").error(f"{what} {table.area_km2:g} km2")
        read_entry(reader, f"front.share.{name}", inherit(table.share, table), spot.at("share"))
        regions.append(table.record(Region))
    return tuple(regions)
