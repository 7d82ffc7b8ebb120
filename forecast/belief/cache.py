"""Fits that were made before, kept in the user's cache folder under a name made of all that they depend on.

A fit costs half a minute and its draws are a function of the evidence seen, the priors, the sampler's
settings, the source of these modules and the versions of the libraries. The entry's name is the SHA-256 of
those; nothing is ever updated in place, and deleting the folder loses nothing but time. An entry is a folder:

    <key>/fit.json        the diagnostics, what the entry is of, the SHA-256 of the other files and of itself
    <key>/draws.npz       scores, states and weekly paths
    <key>/posterior.nc    for ArviZ

It is written beside its place and renamed, so that processes at work together see it whole or not at all.
What is damaged is told of in the log and made again; where nothing can be written, the fit is made and not
kept.

Reading imports neither PyMC nor ArviZ: that is what makes a second run quick.
"""

import hashlib
import io
import json
import logging
import math
import platform
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.locations import cache_root, source_digest
from forecast.scenario.elicit import Array, Marginal

LIBRARIES = ("arviz", "llvmlite", "numba", "numpy", "nutpie", "pymc", "pytensor")
"""Distributions whose version may change a draw or a diagnostic."""

_log = logging.getLogger("forecast")


class _DamagedError(Exception):
    """An entry that cannot be trusted, and why."""


def folder() -> Path:
    """Where fits are kept: `posterior` in $FORECAST_CACHE, else in the user's cache folder for `forecast`."""
    return cache_root() / "posterior"


def fit_key(data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings) -> str:
    """The name of a fit: a SHA-256, 64 hexadecimal digits, of everything its draws depend on.

    Args:
        data: what each block knows, by the block's name.
        priors: of every parameter that is updated.
        sampler: settings.
    """
    content = {
        "data": {name: _plain(known) for name, known in data.items()},
        "priors": {name: [marginal.family, *marginal.args] for name, marginal in priors.items()},
        "sampler": asdict(sampler),
        "source": _source(),
        "versions": {name: metadata.version(name) for name in LIBRARIES} | {"python": platform.python_version()},
    }
    return _sha256(_json(content))


def _plain(known: Any) -> Any:
    """What a block knows as what JSON can hold; numbers that are not finite as text.

    Raises:
        TypeError: it is of a kind that has no such form.
    """
    if is_dataclass(known):
        return {field.name: _plain(getattr(known, field.name)) for field in fields(known)}
    if isinstance(known, np.ndarray):
        return [str(known.dtype), _plain(known.tolist())]
    if isinstance(known, Mapping):
        return {str(key): _plain(value) for key, value in known.items()}
    if isinstance(known, list | tuple):
        return [_plain(value) for value in known]
    if isinstance(known, float) and not math.isfinite(known):
        return str(known)
    if isinstance(known, date):
        return known.isoformat()
    if known is None or isinstance(known, str | int | float):
        return known
    raise TypeError(f"{type(known).__name__} cannot be part of the name of a fit")


def load(key: str) -> Fit | None:
    """The fit of this name, None if there is none; one that is damaged is told of in the log and removed."""
    place = folder() / key
    try:
        return _read(place, key)
    except (OSError, _DamagedError) as error:
        if not place.is_dir():
            return None
        _log.warning("the saved fit %s is damaged (%s) and is made again", place, error)
    remove(place)
    return None


def store(key: str, fit: Fit) -> None:
    """Keep a fit under its name; if that cannot be done, a warning in the log.

    If another process has kept the same fit meanwhile, that one stays.
    """
    keep("the fit", folder() / key, lambda whole: _write(whole, key, fit))


def keep(what: str, place: Path, write: Callable[[Path], None]) -> None:
    """Put an entry of the cache in its place, whole or not at all; if that cannot be done, a warning in the log.

    Args:
        what: what the entry is, for the log.
        place: a folder; if there is one by now, made by another process, it stays.
        write: writes the entry's files into the folder it is given, which is then renamed.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=place.parent) as part:
            whole = Path(part) / place.name
            whole.mkdir()
            write(whole)
            try:
                whole.rename(place)
            except OSError:
                if not place.is_dir():
                    raise
    except OSError as error:
        _log.warning("%s cannot be kept in %s (%s) and will be made again", what, place.parent, error)


def remove(place: Path) -> None:
    """Take an entry away as a whole. Should it be a good one by now, it is made once more, no worse."""
    try:
        with tempfile.TemporaryDirectory(prefix=".part-", dir=place.parent) as part:
            place.rename(Path(part) / place.name)
    except OSError as error:
        _log.warning("the saved entry %s cannot be removed (%s)", place, error)


def _write(place: Path, key: str, fit: Fit) -> None:
    """The three files of an entry."""
    draws = io.BytesIO()
    np.savez(
        draws,
        allow_pickle=False,
        **{f"score.{name}": values for name, values in fit.scores.items()},
        **{f"state.{name}": values for name, values in fit.states.items()},
        **{f"path.{name}": values for name, values in fit.paths.items()},
    )
    record: dict[str, Any] = {
        "key": key,
        "diagnostics": asdict(fit.diagnostics),
        "draws.npz": _sha256(draws.getvalue()),
        "posterior.nc": _sha256(fit.netcdf),
    }
    record["fit.json"] = _sha256(_json(record))
    (place / "draws.npz").write_bytes(draws.getvalue())
    (place / "posterior.nc").write_bytes(fit.netcdf)
    (place / "fit.json").write_bytes(_json(record))


def _read(place: Path, key: str) -> Fit:
    """An entry, checked.

    Raises:
        _DamagedError: a file is not what was written.
        OSError: a file is missing or unreadable.
    """
    try:
        record = json.loads((place / "fit.json").read_bytes())
        own = record.pop("fit.json")
        if own != _sha256(_json(record)) or record["key"] != key:
            raise _DamagedError("fit.json is not as it was written")
        diagnostics = Diagnostics(**record["diagnostics"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _DamagedError(f"fit.json: {error}") from error
    files = {name: (place / name).read_bytes() for name in ("draws.npz", "posterior.nc")}
    for name, content in files.items():
        if _sha256(content) != record[name]:
            raise _DamagedError(f"{name} is not as it was written")
    draws: dict[str, dict[str, Array]] = {"score": {}, "state": {}, "path": {}}
    try:
        with np.load(io.BytesIO(files["draws.npz"]), allow_pickle=False) as arrays:
            for entry in arrays.files:
                kind, _, name = entry.partition(".")
                draws[kind][name] = arrays[entry]
    except (ValueError, KeyError, BadZipFile) as error:
        raise _DamagedError(f"draws.npz: {error}") from error
    return Fit(draws["score"], draws["state"], draws["path"], diagnostics, files["posterior.nc"])


def _source() -> str:
    """SHA-256 of the source of what makes a fit: these modules and the quantile maps."""
    return source_digest("belief", "scenario/elicit.py")


def _json(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON; floats as the shortest digits that give them back."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
