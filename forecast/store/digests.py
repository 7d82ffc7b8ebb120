"""The identity of a run: digests of its inputs and files, versions of packages, and its name."""

import hashlib
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forecast.machine import processor
from forecast.store.json_text import to_json

PACKAGES = ("numpy", "scipy", "pandas", "pyarrow", "numba", "llvmlite", "pymc", "pytensor", "nutpie", "arviz")
"""Packages whose version may change a number."""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that may change a number, and the processor: its name and a hash."""
    name, *more = processor()
    kind = f"{name} {digest_of({'features': ' '.join(more)})[:10]}"
    return {"python": platform.python_version(), "processor": kind} | {name: version(name) for name in PACKAGES}


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(texts: Mapping[str, str]) -> str:
    """SHA-256 of named texts."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name].encode() + b"\0")
    return digest.hexdigest()


def run_name(scenario: str, as_of: date, depends_on: Any) -> str:
    """Name of a run: scenario, as-of date and a digest of everything that its numbers depend on."""
    digest = hashlib.sha256(to_json(depends_on).encode()).hexdigest()
    return f"{scenario}_{as_of.isoformat()}_{digest[:10]}"
