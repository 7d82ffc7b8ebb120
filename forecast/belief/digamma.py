"""The digamma function in compiled models: scipy's own C function, called by a name.

PyTensor looks the function up through Python objects whenever a compiled model calls it, so that the object code could
not be kept: see `forecast.belief.object_code`. The function and its values are the same.
"""

import functools
from typing import Any

SYMBOL = "forecast_digamma"
"""The name of the function in object code."""


@functools.cache
def install() -> None:
    """Make the name known to LLVM in this process."""
    from llvmlite import binding as llvm
    from numba.core.extending import get_cython_function_address

    llvm.add_symbol(SYMBOL, get_cython_function_address("scipy.special.cython_special", "__pyx_fuse_1psi"))


@functools.cache
def register() -> None:
    """Let PyTensor call the function by its name."""
    from pytensor.link.numba.dispatch import basic
    from pytensor.scalar.math import Psi

    install()
    numba_form: Any = basic.register_funcify_and_cache_key
    numba_form(Psi)(_numba_form)


def _numba_form(op: Any, node: Any, **more: Any) -> Any:  # noqa: ARG001 (as PyTensor calls it)
    """The function for numba, and the name by which PyTensor caches it."""
    import numba

    # The second argument is Cython's: whether an override of the function in Python is skipped.
    signature: Any = numba.float64(numba.float64, numba.intc)
    digamma: Any = numba.types.ExternalFunction(SYMBOL, signature)

    @numba.njit
    def psi(x: float) -> Any:
        return digamma(x, 0)

    return psi, SYMBOL
