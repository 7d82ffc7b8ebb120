"""The cache of fits: a folder of the user's, with an entry for each fit.

A fit takes half a minute. Its draws are a function of the evidence, the priors, the sampler's settings, the source
of these modules, the versions of the libraries and the processor, and the name of the entry is the SHA-256 of those.
No entry is ever changed, and deleting the folder costs only time. An entry is a folder:

    <key>/fit.json        the record, with the diagnostics
    <key>/draws.npz       scores, states and weekly paths
    <key>/posterior.nc    for ArviZ

Other processes see a complete entry or none, and entries used long ago are removed: see `forecast.cache`. A
damaged entry is logged and replaced. Where the cache is not writable, the fit is returned and not saved.

Reading an entry imports neither PyMC nor ArviZ, which makes a second run quick.
"""

import functools
import io
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
from forecast.cache.digests import canonical_json, sha256
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.locations import cache_root, source_digest
from forecast.machine import processor
from forecast.scenario.elicit import Marginal

LIBRARIES = ("arviz", "llvmlite", "numba", "numpy", "nutpie", "pymc", "pytensor", "scipy")
"""Packages that can change a draw or a diagnostic from one version to the next."""


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
        "source": belief_source(),
        "processor": processor(),
        "versions": library_versions(),
    }
    return sha256(canonical_json(content))


def belief_source() -> str:
    """SHA-256 of the source that determines a fit: these modules and the quantile maps."""
    return source_digest("belief", "scenario/elicit.py", "scenario/families.py")


@functools.cache
def library_versions() -> dict[str, str]:
    """The versions of Python and of `LIBRARIES`; a package cannot change under a running process."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def _json_value(value: Any) -> Any:
    """A block's evidence as values that JSON can represent; numbers that are not finite become text.

    Raises:
        TypeError: a value has another type.
    """
    if is_dataclass(value):
        return {field.name: _json_value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return [str(value.dtype), list(value.shape), sha256(np.ascontiguousarray(value).tobytes())]
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
    return load_entry("the cached fit", folder() / key, functools.partial(_fit, key))


def store(fit: Fit) -> None:
    """Save a fit under its key; log a warning if that fails.

    If another process has saved the same fit in the meantime, that entry stays.
    """
    draws = io.BytesIO()
    np.savez(
        draws,
        allow_pickle=False,
        **{f"score.{name}": values for name, values in fit.scores.items()},
        **{f"state.{name}": values for name, values in fit.states.items()},
        **{f"path.{name}": values for name, values in fit.paths.items()},
    )
    record = {"diagnostics": asdict(fit.diagnostics)}
    store_entry("the fit", folder() / fit.key, record, {"draws.npz": draws.getvalue(), "posterior.nc": fit.netcdf})


def _fit(key: str, record: Mapping[str, Any], files: Mapping[str, bytes]) -> Fit:
    """The fit of an entry.

    Raises:
        DamagedError: a part is missing.
    """
    draws: dict[str, dict[str, Array]] = {"score": {}, "state": {}, "path": {}}
    try:
        diagnostics = Diagnostics(**record["diagnostics"])
        with np.load(io.BytesIO(files["draws.npz"]), allow_pickle=False) as arrays:
            for entry in arrays.files:
                kind, _, name = entry.partition(".")
                draws[kind][name] = arrays[entry]
        return Fit(draws["score"], draws["state"], draws["path"], diagnostics, files["posterior.nc"], key)
    except (ValueError, KeyError, TypeError, BadZipFile) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
