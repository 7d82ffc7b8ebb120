"""The cache of fits: a folder of the user's, with an entry for each fit.

A fit takes half a minute. Its draws are a function of the evidence, the priors, the sampler's settings, the source
of these modules, the versions of the libraries and the processor, and the name of the entry is the SHA-256 of those.
No entry is ever changed, and deleting the folder costs only time. An entry is a folder:

    <key>/fit.json        the key, the diagnostics, and the SHA-256 of each file, itself included
    <key>/draws.npz       scores, states and weekly paths
    <key>/posterior.nc    for ArviZ

Other processes see a complete entry or none, and entries used long ago are removed: see `forecast.cache`. A
damaged entry is logged and replaced. Where the cache is not writable, the fit is returned and not saved.

Reading an entry imports neither PyMC nor ArviZ, which makes a second run quick.
"""

import functools
import hashlib
import io
import json
import logging
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from forecast.arrays import Array
from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.cache.entries import remove_entry, store_entry
from forecast.cache.limit import mark_used
from forecast.locations import cache_root, source_digest
from forecast.machine import processor
from forecast.scenario.elicit import Marginal

LIBRARIES = ("arviz", "llvmlite", "numba", "numpy", "nutpie", "pymc", "pytensor")
"""Packages that can change a draw or a diagnostic from one version to the next."""

_log = logging.getLogger("forecast")


class _DamagedError(Exception):
    """An entry is damaged; the message says how."""


def folder() -> Path:
    """The folder of the entries: `posterior` in $FORECAST_CACHE, else in the user's cache folder for `forecast`."""
    return cache_root() / "posterior"


def fit_key(data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings) -> str:
    """The key of a fit: the SHA-256, 64 hexadecimal digits, of everything that its draws depend on.

    Args:
        data: the blocks' evidence, by the block's name.
        priors: of every parameter of the blocks.
        sampler: settings.
    """
    content = {
        "data": {name: _json_value(evidence) for name, evidence in data.items()},
        "priors": {name: [marginal.family, *marginal.args] for name, marginal in priors.items()},
        "sampler": asdict(sampler),
        "source": _source(),
        "processor": processor(),
        "versions": _versions() | {"python": platform.python_version()},
    }
    return _sha256(_json(content))


@functools.cache
def _versions() -> dict[str, str]:
    """The versions of the packages; a package cannot change under a running process."""
    return {name: metadata.version(name) for name in LIBRARIES}


def _json_value(value: Any) -> Any:
    """A block's evidence as values that JSON can represent; numbers that are not finite become text.

    Raises:
        TypeError: a value has another type.
    """
    if is_dataclass(value):
        return {field.name: _json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return [str(value.dtype), _json_value(value.tolist())]
    if isinstance(value, Mapping):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} cannot be part of the key of a fit")


def load(key: str) -> Fit | None:
    """Load the fit with this key; None if there is none. A damaged entry is logged and removed."""
    place = folder() / key
    try:
        fit = _read(place, key)
        mark_used(place)
        return fit
    except (OSError, _DamagedError) as error:
        if not place.is_dir():  # there is none, or another process has removed it meanwhile
            return None
        _log.warning("the cached fit %s is damaged (%s); it is removed and fitted again", place, error)
    remove_entry(place)
    return None


def store(key: str, fit: Fit) -> None:
    """Save a fit under its key; log a warning if that fails.

    If another process has saved the same fit in the meantime, that entry stays.
    """
    store_entry("the fit", folder() / key, lambda whole: _write(whole, key, fit))


def _write(place: Path, key: str, fit: Fit) -> None:
    """Write the three files of an entry."""
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
    """Read an entry and check it.

    Raises:
        _DamagedError: a file has changed since it was written.
        OSError: a file is missing or unreadable.
    """
    try:
        record = json.loads((place / "fit.json").read_bytes())
        own = record.pop("fit.json")
        if own != _sha256(_json(record)) or record["key"] != key:
            raise _DamagedError("fit.json has changed since it was written")
        diagnostics = Diagnostics(**record["diagnostics"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _DamagedError(f"fit.json: {error}") from error
    files = {name: (place / name).read_bytes() for name in ("draws.npz", "posterior.nc")}
    for name, content in files.items():
        if _sha256(content) != record[name]:
            raise _DamagedError(f"{name} has changed since it was written")
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
    """SHA-256 of the source that determines a fit: these modules and the quantile maps."""
    return source_digest("belief", "scenario/elicit.py", "scenario/families.py")


def _json(content: Mapping[str, Any]) -> bytes:
    """Canonical JSON; floats have the shortest digits that round-trip."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
