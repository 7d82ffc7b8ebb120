"""Finding a scenario: a folder, found by its name or given by its path."""

from contextlib import suppress
from pathlib import Path

from forecast.errors import InputError
from forecast.inputs.parsing import shortened
from forecast.inputs.validation import Place, list_folder
from forecast.locations import ROOT, data_root, expanded, folder_in_variable, in_checkout

DEFAULT = "default"
"""The file of a folder of scenarios that has the name of the one that is meant when none is named."""

VARIABLE = "FORECAST_PRIORS"
"""Environment variable that names a folder of scenarios."""

MARK = "scenario.toml"
"""The file by which a folder is known to be a scenario."""


def places(priors: Path | None = None) -> list[Path]:
    """Give the folders in which scenarios are looked for by name, in order.

    Args:
        priors: a folder of scenarios that was asked for: then nowhere else is looked.

    Returns:
        `priors` alone if given, else: what `$FORECAST_PRIORS` names; `priors` in the current folder; `priors`
        in the checkout that the package runs from, or else in the user's data folder; the package's own copy. Only the
        first must exist.

    Raises:
        InputError: `$FORECAST_PRIORS` names no folder. Nothing else is taken in its place.
    """
    if priors is not None:
        return [expanded(priors)]
    named = folder_in_variable(VARIABLE)
    if named is not None and not _is_folder(named):
        remedy = f"Name a folder of scenarios, or take {VARIABLE} out of the environment"
        raise InputError("there is no such folder", file=named, key=VARIABLE, remedy=remedy)
    found = [] if named is None else [named]
    found.append(Path.cwd() / "priors")
    if in_checkout():
        found.append(ROOT.parent / "priors")
    elif (data := data_root()) is not None:
        found.append(data / "priors")
    found.append(ROOT / "priors")
    return found


def scenarios(priors: Path | None = None) -> dict[str, Path]:
    """Give the scenarios there are, by name; where two have the same name, the first found.

    Args:
        priors: as for `places`.
    """
    found: dict[str, Path] = {}
    for place in places(priors):
        for name in _names(place):
            if MARK in _names(place / name):
                found.setdefault(name, place / name)
    return found


def find_scenario(name_or_folder: str | Path | None = None, *, priors: Path | None = None) -> Path:
    """Find the folder of a scenario.

    Args:
        name_or_folder: a folder that exists is that folder; anything else is a name. None is the folder
            `priors` if that is itself a scenario, else the default scenario: see `default_name`.
        priors: a folder of scenarios; with it, names are looked for nowhere else.

    Raises:
        InputError: `priors` is not a folder; a path that does not exist; a name that is nowhere. The error lists
            where it was looked for and which scenarios there are.
    """
    priors = None if priors is None else expanded(priors)
    if priors is not None and not _is_folder(priors):
        raise InputError("there is no such folder", file=priors, key="--priors", remedy="Give a folder of scenarios")
    if name_or_folder is None:
        if priors is not None and MARK in _names(priors):
            return priors
        name_or_folder = default_name(priors)
    if str(name_or_folder).startswith("~"):
        name_or_folder = expanded(Path(name_or_folder))
    name = str(name_or_folder)
    if name and _is_folder(Path(name)):
        return Path(name)
    remedy = f"Available scenarios: {', '.join(scenarios(priors)) or 'none'}"
    if isinstance(name_or_folder, Path) or "/" in name or "\\" in name or name in ("", ".", ".."):
        what = "there is no such folder; expected the name of a scenario or a folder that exists"
        raise InputError(what, key=repr(name), remedy=remedy)
    looked = places(priors)
    for place in looked:
        if _is_folder(place / name):
            return place / name
    where = ", ".join(str(place) for place in looked)
    raise InputError(f"no scenario has this name; looked in {where}", key=repr(name), remedy=remedy)


def default_name(priors: Path | None = None) -> str:
    """Give the name of the scenario that is meant when none is named.

    The first folder of scenarios decides that names one in its file `default`, or has exactly one.

    Args:
        priors: as for `places`.

    Raises:
        InputError: no folder names a scenario or has exactly one.
    """
    for place in places(priors):
        own = [name for name in _names(place) if MARK in _names(place / name)]
        try:
            text = (place / DEFAULT).read_text("utf-8").strip()
        except (OSError, ValueError):
            text = ""
        if text in own or len(own) == 1:
            return text if text in own else own[0]
        if text:
            what = f"found {shortened(repr(text))}; expected the name of a scenario in this folder"
            raise InputError(what, file=place / DEFAULT, remedy=f"Available scenarios: {', '.join(own) or 'none'}")
    found = ", ".join(scenarios(priors)) or "none"
    raise InputError("found no name of a scenario; expected one", remedy=f"Available scenarios: {found}")


def _names(folder: Path) -> list[str]:
    """Names in a folder; none if it is not a folder, or cannot be read."""
    with suppress(InputError):
        return list_folder(folder, Place(folder))
    return []


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder.

    Raises:
        InputError: a folder above it cannot be searched, so nobody knows.
    """
    try:
        return path.is_dir()
    except PermissionError as error:
        raise InputError(f"it cannot be read ({error.strerror})", file=path, remedy="Check its permissions") from error
    except (OSError, ValueError):
        # A name too long for the file system, or with a NUL, is no folder.
        return False
