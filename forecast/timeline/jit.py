"""How the simulator is compiled, and where the compiled code is kept.

numba notices an edit of the file that defines a kernel, but not of the files with functions that the kernel calls. So
compiled code is kept in a folder named by a hash of *all* the simulator's source files: any edit leads to another
folder. This module must be imported before any kernel is declared. Files are checked before use: see `code_cache`.

Set ``NUMBA_DISABLE_JIT=1`` to run the same source as ordinary Python, for a debugger.
"""

import hashlib
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numba

from forecast.cache.limit import keep_below_limit, mark_used
from forecast.locations import cache_root, private_folder, source_digest
from forecast.machine import processor
from forecast.timeline.code_cache import CheckedCache


def code_digest() -> str:
    """Hash of the simulator's source files, the versions of Python, numba, llvmlite and numpy, and the processor."""
    parts = (source_digest("timeline"), sys.version, version("numba"), version("llvmlite"), version("numpy"))
    return hashlib.sha256("\0".join((*parts, *processor())).encode()).hexdigest()


def _code_folder() -> Path | None:
    """The folder for compiled code; None if it cannot be made, or if others could put code there."""
    folder = cache_root() / "compiled" / code_digest()[:16]
    new = not folder.exists()
    if not (private_folder(folder.parent) and private_folder(folder)):
        return None
    mark_used(folder)
    if new:
        keep_below_limit()
    return folder


CODE_FOLDER = _code_folder()
"""The folder for compiled code. Without one, each process compiles for itself and keeps nothing."""

numba.config.CACHE_DIR = str(CODE_FOLDER or "")  # type: ignore[attr-defined]
numba.config.CACHE_LOCATOR_CLASSES = ""  # type: ignore[attr-defined]


def kernel[F: Callable[..., Any]](function: F) -> F:
    """Compile a function for timelines: cached, without the interpreter's lock, with numpy's rules for division.

    The code that calls it includes a copy of it, which saves a fifth of the time. A function that is large, or rarely
    called, is declared by `routine`.
    """
    return _compiled(function, forceinline=True)


def routine[F: Callable[..., Any]](function: F) -> F:
    """Compile a function as `kernel` does, but only once: calls go to the same code."""
    return _compiled(function, forceinline=False)


def _compiled[F: Callable[..., Any]](function: F, *, forceinline: bool) -> F:
    compile_it: Any = numba.njit(nogil=True, error_model="numpy", forceinline=forceinline)
    compiled: Any = compile_it(function)
    if CODE_FOLDER is not None and hasattr(compiled, "_cache"):  # uncompiled, it is the function itself
        compiled._cache = CheckedCache(function)
    kept: F = compiled
    return kept
