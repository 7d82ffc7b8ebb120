"""How the simulator is compiled, and where the compiled code is kept.

numba notices an edit of the file that defines a kernel, but not of the files with functions that the kernel calls. So
compiled code is kept in a folder named by a hash of *all* the simulator's source files: any edit leads to another
folder. This module must be imported before any kernel is declared.

Set ``NUMBA_DISABLE_JIT=1`` to run the same source as ordinary Python, for a debugger.
"""

import hashlib
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba

from forecast.locations import cache_root, source_digest


def code_digest() -> str:
    """Hash of the simulator's source files and of the versions of Python, numba, llvmlite and numpy."""
    parts = (source_digest("timeline"), sys.version, version("numba"), version("llvmlite"), version("numpy"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _code_folder() -> Path:
    """The folder for compiled code; a temporary folder if the user's cache cannot be written."""
    folder = cache_root() / "compiled" / code_digest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return Path(tempfile.gettempdir()) / f"forecast-compiled-{code_digest()[:16]}"


numba.config.CACHE_DIR = str(_code_folder())  # type: ignore[attr-defined]


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a function for timelines: cached, without the interpreter's lock, with numpy's rules for division."""
    compile_it: Any = numba.njit(cache=True, nogil=True, error_model="numpy")
    compiled: F = compile_it(function)
    return compiled
