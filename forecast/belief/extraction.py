"""How a compiled model finds its inputs: a plain function in the place of nutpie's general one.

nutpie hands a compiled model the address of a record, which has the place, size and shape of each input. The function
that nutpie makes of it reads the shapes at each call and checks their ranks, for all models. Compiling it takes
more than a third of the time of compiling a model, since numba repeats it for each input. The shapes of these models
never change once they are compiled, so they are written into the function here, and only the places are read.
The arrays have the same types as nutpie's, so the model itself is compiled to the same arithmetic, and gives the same
numbers bit for bit.

Such a model cannot notice an input of another shape: it would read other memory. So inputs are handed to a
model only by `with_inputs`, which compares the shapes.
"""

import contextlib
import inspect
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from forecast.arrays import Array

ARGUMENTS = ("inner", "shared_data", "shared_var_keys", "record_dtype")
"""Arguments of nutpie's function, `nutpie.compile_pymc.make_extraction_fn`, which is replaced."""

_log = logging.getLogger("forecast")

_replacing = threading.Lock()


class _OtherNutpieError(Exception):
    """An inner part of nutpie is not the one that is replaced; the message says which."""


def compile_plain(model: Any) -> Any:
    """Compile a PyMC model by nutpie, with plain extraction of its inputs.

    An inner function of nutpie is replaced meanwhile, which may change with any version. If it is not as expected, or
    compiling fails, the model is compiled with nutpie's own extraction, with a line in the log.

    Args:
        model: the PyMC model; the shapes of its data are final.

    Returns:
        nutpie's compiled model. Hand it inputs by `with_inputs`.
    """
    import nutpie

    try:
        with _plain_extraction() as made:
            compiled = nutpie.compile_pymc_model(model)
        if not made:
            _log.info("nutpie extracts inputs in another way than expected; the model is compiled with that")
        return compiled
    except Exception as error:  # inner parts of nutpie and numba may raise anything
        _log.info("compiling with nutpie's own extraction of inputs (%s: %s)", type(error).__name__, error)
    return nutpie.compile_pymc_model(model)


def with_inputs(compiled: Any, inputs: Mapping[str, Array]) -> Any:
    """Give the compiled model with these inputs.

    Args:
        compiled: nutpie's compiled model.
        inputs: all inputs of the model by name, with the shapes for which it was compiled.

    Raises:
        ValueError: an input is missing or unknown, or has another shape.
    """
    wanted = {variable.name: compiled.shared_data[key].shape for variable, key in compiled.shared_var_keys.items()}
    given = {name: np.shape(values) for name, values in inputs.items()}
    if given != wanted:
        raise ValueError(f"the model is compiled for inputs of the shapes {wanted}; given {given}")
    return compiled.with_data(**inputs)


@contextlib.contextmanager
def _plain_extraction() -> Iterator[list[tuple[str, ...]]]:
    """Let nutpie make plain functions for a while, one process-wide change at a time.

    Yields:
        the keys of the inputs, one entry for each function that nutpie has asked for so far.

    Raises:
        _OtherNutpieError: nutpie's function is missing or has other arguments.
    """
    from nutpie import compile_pymc

    with _replacing:
        general: Any = getattr(compile_pymc, "make_extraction_fn", None)
        if general is None or tuple(inspect.signature(general).parameters) != ARGUMENTS:
            raise _OtherNutpieError(f"make_extraction_fn is missing or its arguments are not {', '.join(ARGUMENTS)}")

        made: list[tuple[str, ...]] = []

        def make(inner: Any, shared_data: Any, shared_var_keys: Any, record_dtype: Any) -> Any:
            made.append(tuple(shared_var_keys))
            if not shared_var_keys:
                return general(inner, shared_data, shared_var_keys, record_dtype)
            return _extraction(inner, shared_data, shared_var_keys, record_dtype)

        replaced: Any = compile_pymc
        replaced.make_extraction_fn = make
        try:
            yield made
        finally:
            replaced.make_extraction_fn = general


def _extraction(inner: Any, data: Mapping[str, Array], keys: Sequence[str], record: "np.dtype[Any]") -> Any:
    """A function for numba of a point and the record's address, which calls the model's function.

    Args:
        inner: the model's function, of the point and the inputs.
        data: arrays of the shapes and types of the inputs, by nutpie's key.
        keys: of the inputs, in the order of the function's arguments.
        record: type of the record, `nutpie.compile_pymc.make_user_data`.

    Raises:
        _OtherNutpieError: the record has other parts.
    """
    import numba

    arrays = _arrays([data[key] for key in keys], [_place(record, key) for key in keys])

    @numba.njit(inline="always")
    def extract(point: Any, address: Any) -> Any:
        return inner(point, *arrays(address))

    return extract


def _place(record: "np.dtype[Any]", key: str) -> int:
    """Bytes from the start of the record to an input's address.

    Raises:
        _OtherNutpieError: it is not there.
    """
    place, part = 0, record
    for name in ("shared", "data", key):
        if part.fields is None or name not in part.fields:
            raise _OtherNutpieError(f"{name} is missing in the record of inputs")
        part, further = part.fields[name][:2]
        place += further
    if part != np.dtype(np.uintp):
        raise _OtherNutpieError(f"an input's address in the record is of the type {part}")
    return place


def _arrays(like: Sequence[Array], places: Sequence[int]) -> Any:
    """A function for numba of the record's address, which gives the inputs as a tuple of arrays.

    Args:
        like: arrays of the types, shapes and strides of the inputs.
        places: bytes from the start of the record to each input's address.
    """
    import numba
    from llvmlite import ir
    from numba.extending import intrinsic
    from numba.np import arrayobj

    types: Any = numba.types
    type_of: Any = numba.typeof
    numba_arrays: Any = arrayobj
    number: Any = ir.IntType(64)
    kinds = types.Tuple([type_of(one) for one in like])

    def array(context: Any, builder: Any, record: Any, kind: Any, one: Array, place: int) -> Any:
        pointer = context.get_data_type(kind.dtype).as_pointer()
        held = builder.bitcast(builder.gep(record, [number(place)]), pointer.as_pointer())
        made = numba_arrays.make_array(kind)(context, builder)
        numba_arrays.populate_array(
            made,
            data=builder.load(held),
            shape=[number(length) for length in one.shape],
            strides=[number(step) for step in one.strides],
            itemsize=number(one.itemsize),
            meminfo=None,
        )
        return made._getvalue()

    @intrinsic
    def arrays(typing: Any, address: Any) -> Any:  # noqa: ARG001 (as numba calls it)
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            made = [
                array(context, builder, arguments[0], kind, one, place)
                for kind, one, place in zip(kinds, like, places, strict=True)
            ]
            return context.make_tuple(builder, signature.return_type, made)

        return kinds(types.voidptr), code

    return arrays
