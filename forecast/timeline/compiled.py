"""How the simulator is compiled, and where the compiled code is kept.

numba notices an edit of the file that a kernel stands in, but not of the files it calls. So compiled code is
kept in a folder named by the content of *all* the simulator's source files: an edit anywhere means another
folder. This module must be imported before any kernel is declared.

Set ``NUMBA_DISABLE_JIT=1`` to run the same source as ordinary Python, for a debugger.
"""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_path


def source_digest() -> str:
    """Hash of the source files of `forecast.timeline` and of what compiles them."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for part in (sys.version, version("numba"), version("llvmlite"), version("numpy")):
        digest.update(part.encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """The user's cache folder for this program: `$FORECAST_CACHE`, else the platform's."""
    given = os.environ.get("FORECAST_CACHE")
    return Path(given) if given else user_cache_path("forecast")


def _code_folder() -> Path:
    """The folder for compiled code; a temporary one where the user's cache cannot be written."""
    folder = cache_root() / "compiled" / source_digest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir()) / f"forecast-compiled-{source_digest()[:16]}"


numba.config.CACHE_DIR = str(_code_folder())  # type: ignore[attr-defined]


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a function for timelines: cached, without the interpreter's lock, divisions as in numpy."""
    compile_it: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
    compiled: F = compile_it(function)
    return compiled
