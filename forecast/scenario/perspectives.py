"""Perspectives: other readers' sets of premises, applied to the scenario's own entries.

A perspective changes the distributions of existing entries, and their grounds. It adds no entry, and leaves the unit,
support, neutral value and way of varying of each entry as they are. The scenario's own perspectives are in its folder
`perspectives`; another can be read from any file. Every perspective is applied and checked once, selected or not.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from forecast.errors import InputError
from forecast.inputs.validation import Place, as_table, id_of, near, read_text, shown, spot_of
from forecast.scenario import toml_tables
from forecast.scenario.addresses import Address, Tables, addresses, clear_ways, held_premises, is_row, table_at
from forecast.scenario.beliefs import read_beliefs
from forecast.scenario.edits import stands_at
from forecast.scenario.names import near_entry
from forecast.scenario.perspective_names import BASE as BASE
from forecast.scenario.perspective_names import BASE_RATES as BASE_RATES
from forecast.scenario.perspective_names import POOL as POOL
from forecast.scenario.prior import Change, Perspective, Prior
from forecast.scenario.reader import Reader
from forecast.scenario.spec import Beliefs

KEPT: Final = (BASE, BASE_RATES, POOL)
"""Names that no perspective can have."""

OPTION: Final = "--perspective"
SUFFIX: Final = ".toml"


@dataclass(frozen=True)
class Overlay:
    """A perspective as its file has it.

    Attributes:
        path: its path within the scenario's folder, or the one that it would have there.
        place: its file, as errors call it.
        table: what the file says.
        changes: for each change: where it stands in the file, what it says, and where the entry stands.
    """

    path: str
    place: Place
    table: toml_tables.PerspectiveFile
    changes: tuple[tuple[Place, toml_tables.ChangeTable, Address], ...]


def find_perspective(given: str | Path, texts: dict[str, str], label: str) -> tuple[str, dict[str, Path]]:
    """Find the perspective that is asked for, by its name or by its file.

    Args:
        given: `base`, the name of one of the scenario's own, or a path that ends with `.toml`.
        texts: the scenario's files, by path within its folder. The text of a file from elsewhere is added, at the path
            that it would have in the folder.
        label: name of the scenario's folder.

    Returns:
        the perspective's name; and the path of the file from elsewhere, if there is one, by its path in `texts`.

    Raises:
        InputError: there is no such perspective or file, its name cannot be one, or it is that of another.
    """
    own = [Path(path).stem for path in texts if _is_perspective(path)]
    for name in own:
        _check_name(name, Place(f"{label}/{_path_of(name)}"))
    asked = str(given)
    if not asked.endswith(SUFFIX):
        if asked not in (BASE, *own):
            what = f"found {asked!r}; expected {', '.join((BASE, *own))}, or the path of a file *{SUFFIX}"
            raise Place(OPTION).error(what, near(asked, (BASE, *own)))
        return asked, {}
    file = Path(given)
    place, name = Place(file, OPTION), file.stem
    text = read_text(file, place)
    _check_name(name, place)
    if name not in own:
        texts[_path_of(name)] = text
        return name, {_path_of(name): file}
    if text != texts[_path_of(name)]:
        what = f"found the name {name!r}, which {label} has for another perspective; expected a name of its own"
        raise place.error(what, "Rename the file")
    return name, {}


def read_overlays(reader: Reader, elsewhere: Mapping[str, Path]) -> dict[str, Overlay]:
    """Read every perspective, as far as it can be checked without the entries that it changes.

    Args:
        reader: with everything read.
        elsewhere: paths of files from elsewhere, as `find_perspective` gives them.

    Returns:
        the perspectives by name.

    Raises:
        InputError: something in a perspective is wrong.
    """
    known = addresses(reader.tables)
    overlays = {}
    for path in filter(_is_perspective, reader.tables):
        place = Place(elsewhere[path]) if path in elsewhere else reader.place(path)
        table = as_table(toml_tables.PerspectiveFile, reader.tables[path], place)
        changes = _read_changes(reader, known, table.change, place.at("change"))
        overlays[Path(path).stem] = Overlay(path, place, table, changes)
    return overlays


def beliefs_under(reader: Reader, overlay: Overlay) -> Beliefs:
    """Read the entries under a perspective.

    Args:
        reader: with everything read.
        overlay: the perspective.

    Raises:
        InputError: an entry is wrong under the perspective; the error names the perspective's file.
    """
    with _blame(overlay, reader.label):
        return read_beliefs(replace(reader, tables=overlaid(reader.tables, overlay), priors={}))


def read_perspective(
    name: str, overlay: Overlay, priors: Mapping[str, Prior], base: Mapping[str, Prior]
) -> Perspective:
    """Give what a perspective changes.

    Args:
        name: the perspective's name.
        overlay: the perspective.
        priors: under it.
        base: without it.
    """
    changes = [
        change.record(
            Change,
            elicited=priors[change.entry].elicited,
            quantiles=_quantiles(priors[change.entry]),
            base=_quantiles(base[change.entry]),
            unit=base[change.entry].unit,
        )
        for _, change, _ in overlay.changes
    ]
    return overlay.table.record(Perspective, name=name, changes=tuple(changes))


def overlaid(tables: Tables, overlay: Overlay | None) -> dict[str, dict[str, Any]]:
    """Give a copy of the tables as read, with a perspective's changes in them if there is one."""
    copied = copy.deepcopy(dict(tables))
    for _, change, address in overlay.changes if overlay else ():
        premises = [*held_premises(copied, address), *change.premises]
        entry = table_at(copied, address)
        if not is_row(change.entry):
            clear_ways(entry)
        # Date and basis are the source's: a change has a source of its own.
        entry.pop("as_of", None)
        entry.pop("basis", None)
        entry |= change.model_dump(exclude={"entry"}, exclude_none=True) | {"premises": list(dict.fromkeys(premises))}
    return copied


def _quantiles(prior: Prior) -> tuple[float, float, float]:
    """Give the 5, 50 and 95% quantiles of a prior within its support, to which positions and terms are clipped."""
    low, middle, high = (min(max(x, prior.support[0]), prior.support[1]) for x in prior.quantiles())
    return low, middle, high


def _is_perspective(path: str) -> bool:
    """Whether a file of the scenario is a perspective."""
    return path.startswith("perspectives/") and path.endswith(SUFFIX)


def _path_of(name: str) -> str:
    """Give the path of a perspective within the scenario's folder."""
    return f"perspectives/{name}{SUFFIX}"


def _check_name(name: str, place: Place) -> None:
    """Check the name of a perspective."""
    spot_of(place, name, "")
    if name in KEPT:
        what = f"found the name {name!r}; expected any name but {', '.join(KEPT)}"
        raise place.error(what, "Rename the file")


def _read_changes(
    reader: Reader, known: Mapping[str, Address], raws: Sequence[Any], place: Place
) -> tuple[tuple[Place, toml_tables.ChangeTable, Address], ...]:
    """Read `[[change]]`, each of another entry."""
    changes: dict[str, tuple[Place, toml_tables.ChangeTable, Address]] = {}
    for number, raw in enumerate(raws, start=1):
        spot = place.at(id_of(raw, number, "entry"))
        change = _read_change(raw, known, spot)
        if change.entry in changes:
            raise spot.error(f"found the entry {change.entry!r} again; expected one change of an entry", "Keep one")
        reader.check_grounds(change, spot)
        changes[change.entry] = (spot, change, known[change.entry])
    return tuple(changes.values())


def _read_change(raw: object, known: Mapping[str, Address], place: Place) -> toml_tables.ChangeTable:
    """Read one change, and check that the entry can be given in this way."""
    allowed = list(toml_tables.ChangeTable.model_fields)
    given = raw if isinstance(raw, dict) else {}
    for key in given:
        if key in toml_tables.EntryTable.model_fields and key not in allowed:
            what = f"found {shown(given[key])}; a perspective cannot change this; expected {', '.join(allowed)}"
            raise place.at(key).error(what, "Take it out")
    change = as_table(toml_tables.ChangeTable, raw, place)
    if change.entry not in known:
        what = f"found the entry {change.entry!r}; expected the name of one that the scenario has"
        raise place.error(what, near_entry(change.entry, known, "`forecast check` lists them"))
    row = is_row(change.entry)
    ways = ("centre", "spread") if row else ("quantiles", "distribution")
    used = [key for key in ("quantiles", "distribution", "centre", "spread") if getattr(change, key) is not None]
    for key in used:
        if key not in ways:
            what = f"found {shown(getattr(change, key))}; expected {' and '.join(ways)}, by which the entry is given"
            raise place.at(key).error(what)
    if row and not used:
        raise place.error("found neither centre nor spread; expected either, or both")
    if not row and len(used) != 1:
        what = "both quantiles and distribution" if used else "neither quantiles nor distribution"
        raise place.error(f"found {what}; expected one of them")
    return change


@contextmanager
def _blame(overlay: Overlay, label: str) -> Iterator[None]:
    """Attribute an error in the entries under a perspective to its file: the entries had no error without it.

    Args:
        overlay: the perspective.
        label: name of the scenario's folder.
    """
    try:
        yield
    except InputError as error:
        for spot, _, address in overlay.changes:
            if stands_at(error, address, label):
                below = str(error.key).removeprefix(address.key).removeprefix(".")
                raise spot.at(below).error(error.what, error.remedy) from error
        raise overlay.place.at("change").error(f"with these changes, {error}") from error
