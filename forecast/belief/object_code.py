"""Compiled models kept between processes: the object code of a model, and all that nutpie needs with it.

Compiling the models takes most of the time of a run with a new date, and the code depends on the shapes of the inputs
alone. So the object code of a model's two functions (the log density with its gradient, and the expansion of a
draw) is kept. The next process loads it and needs neither PyMC nor PyTensor. An entry is a folder:

    <key>/model.json    the record, with names, shapes, order of the inputs, starting points, and the probe
    <key>/logp.o        object code of the log density
    <key>/expand.o      object code of the expansion

An entry is used only if nothing speaks against it; otherwise the model is compiled, as if there were no entry:

- The key names the model, its shapes, the source of the belief, the versions of libraries, numba's target (the
  processor and its features), and all settings of numba. (Those of PyTensor do not count: see `compiled_model`.)
- Every file has the hash that the entry says. This finds damage. It does not defend against somebody who can write in
  the user's cache, so the folder must belong to the user and be closed to everybody else.
- Every symbol that the code calls exists. LLVM ends the process at a missing one.
- The loaded functions return, bit for bit, what they returned where they were compiled, at a point of the entry.

Inner parts of numba and nutpie are used, which may change with any version. Whatever they raise is a reason to compile,
with a line in the log.
"""

import ctypes
import itertools
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from forecast.arrays import Array
from forecast.belief import digamma
from forecast.belief.cache import belief_source, library_versions
from forecast.belief.extraction import with_inputs
from forecast.cache.digests import canonical_json, sha256
from forecast.cache.entries import DamagedError, load_entry, store_entry
from forecast.locations import cache_root, private_folder

UNCONSTRAINED = "unconstrained_parameter"
"""nutpie's coordinate of the flat vector of parameters."""

TEST_SEED = 20_250_120
"""Seed for which the starting point of an entry must be that of the compiled model."""

FUNCTIONS = ("logp", "expand")

_log = logging.getLogger("forecast")


class _UnfitError(Exception):
    """The model cannot be kept, or the entry cannot be used; the message says why."""


@dataclass(frozen=True)
class _Function:
    """A compiled function, as nutpie uses it.

    Attributes:
        address: of the function.
        engine: what owns its code.
    """

    address: int
    engine: Any


@dataclass(frozen=True, eq=False)
class _Shared:
    """An input, in the place of PyTensor's shared variable; told apart by identity, as that one is."""

    name: str
    ndim: int


def folder() -> Path:
    """The folder of the entries: `models` in the user's cache folder for `forecast`."""
    return cache_root() / "models"


def model_key(block: str, form: Any, kinds: Any) -> str:
    """The key of a compiled model: the SHA-256, 64 hexadecimal digits, of everything that its code depends on.

    Args:
        block: the block's name.
        form: names and shapes of its inputs.
        kinds: families of its priors.
    """
    from numba.core.registry import cpu_target

    settings = {name: value for name, value in sorted(os.environ.items()) if name.startswith("NUMBA_")}
    settings.pop("NUMBA_CACHE_DIR", None)
    content = {
        "block": block,
        "form": form,
        "kinds": kinds,
        "source": belief_source(),
        "versions": library_versions(),
        "target": [str(part) for part in cpu_target.target_context.codegen().magic_tuple()],
        "settings": settings,
    }
    return sha256(canonical_json(content))


def load(key: str) -> Any | None:
    """Give nutpie's model of an entry, ready to be sampled; None if there is none or it cannot be used."""
    place = folder() / key
    if not place.is_dir() or not private_folder(folder()):
        return None
    return load_entry("the compiled model", place, _model, logging.INFO)


def store(key: str, compiled: Any) -> None:
    """Keep a model compiled by nutpie; log why if that cannot be."""
    try:
        record, objects = _packed(compiled)
    except Exception as error:
        _log.info("the compiled model cannot be kept (%s: %s)", type(error).__name__, error)
        return
    if not (private_folder(folder()) and os.access(folder(), os.W_OK)):
        _log.info("the compiled model cannot be kept: %s is open to others or cannot be written", folder())
        return
    store_entry("the compiled model", folder() / key, record, objects)


def _packed(compiled: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The record of an entry and its object code."""
    names, _, shapes = compiled.shape_info
    coords = dict(compiled.coords)
    coords.pop(UNCONSTRAINED)
    if coords or compiled.dims or compiled.reparameterized_names:
        raise _UnfitError("the model has coordinates, dimensions or transformed variables")
    objects, functions = {}, {}
    for name, function in _functions(compiled).items():
        library = function._library
        if library.has_dynamic_globals or library._reload_init:
            raise _UnfitError(f"{name} has globals of this process")
        module = library._final_module
        needed = [
            one.name
            for one in (*module.functions, *module.global_variables)
            if one.is_declaration and not one.name.startswith("llvm.")
        ]
        objects[f"{name}.o"] = library.serialize_using_object_code()[2][0]
        functions[name] = {"entry": function.native_name, "needed": sorted(needed)}
    record: dict[str, Any] = {
        "dimensions": int(compiled.n_dim),
        "expanded": int(compiled.n_expanded),
        "names": list(names),
        "shapes": [[int(length) for length in shape] for shape in shapes],
        "coordinate": [str(name) for name in compiled.coords[UNCONSTRAINED]],
        "inputs": [
            {
                "name": variable.name,
                "key": code,
                "shape": list(compiled.shared_data[code].shape),
                "dtype": str(compiled.shared_data[code].dtype),
            }
            for variable, code in compiled.shared_var_keys.items()
        ],
        "functions": functions,
        "start": _start_of(compiled),
    }
    record["probe"] = _probe(compiled)
    return record, objects


def _functions(compiled: Any) -> dict[str, Any]:
    return dict(zip(FUNCTIONS, (compiled.compiled_logp_func, compiled.compiled_expand_func), strict=True))


def _model(record: Mapping[str, Any], objects: Mapping[str, bytes]) -> Any:
    """Nutpie's model of an entry.

    Raises:
        DamagedError: inner parts of numba or nutpie raised something; they may raise anything.
    """
    try:
        return _loaded(record, objects)
    except Exception as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def _loaded(record: Mapping[str, Any], objects: Mapping[str, bytes]) -> Any:
    """Nutpie's model of an entry.

    Raises:
        _UnfitError: a symbol is missing, or the functions give other numbers than where they were compiled.
    """
    import pandas as pd
    from nutpie.compile_pymc import CompiledPyMCModel, make_user_data

    inputs = {_Shared(entry["name"], len(entry["shape"])): entry for entry in record["inputs"]}
    data = {entry["key"]: np.zeros(entry["shape"], entry["dtype"]) for entry in inputs.values()}
    keys = {shared: entry["key"] for shared, entry in inputs.items()}
    functions = {
        name: _function(objects[f"{name}.o"], record["functions"][name]["entry"], record["functions"][name]["needed"])
        for name in FUNCTIONS
    }
    ends = np.cumsum([prod(shape) for shape in record["shapes"]]).tolist()
    compiled = CompiledPyMCModel(
        _n_dim=record["dimensions"],
        dims={},
        _coords={UNCONSTRAINED: pd.Index(record["coordinate"])},
        _shapes={name: tuple(shape) for name, shape in zip(record["names"], record["shapes"], strict=True)},
        compiled_logp_func=functions["logp"],
        compiled_expand_func=functions["expand"],
        initial_point_func=_start(record["start"]),
        shared_data=data,
        shared_var_keys=keys,
        user_data=make_user_data(keys, data),
        n_expanded=record["expanded"],
        shape_info=(
            record["names"],
            [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)],
            [np.array(shape, dtype=np.int64) for shape in record["shapes"]],
        ),
        logp_func=None,
        expand_func=None,
        reparameterized_names=[],
    )
    if _probe(compiled) != record["probe"]:
        raise _UnfitError("its functions give other numbers here than where they were compiled")
    return compiled


def _function(content: bytes, entry: str, needed: list[str]) -> _Function:
    """Load object code.

    Raises:
        _UnfitError: a symbol that it calls is missing here.
    """
    import numba
    from llvmlite import binding as llvm
    from numba.core.registry import cpu_target
    from numba.core.runtime.nrt import rtsys

    context: Any = cpu_target.target_context
    context.refresh()
    rtsys.initialize(context)
    digamma.install()
    missing = [name for name in needed if not llvm.address_of_symbol(name)]
    if missing:
        raise _UnfitError(f"symbols are missing: {', '.join(missing)}")
    codegen = context.codegen()
    options: dict[str, Any] = {"opt": numba.config.OPT}  # type: ignore[attr-defined]
    codegen._customize_tm_features()
    codegen._customize_tm_options(options)
    module = llvm.parse_assembly("")
    module.triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(**options)
    # An engine of its own: names of one model may be those of another.
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(content))
    engine.finalize_object()
    address = engine.get_function_address(entry)
    if not address:
        raise _UnfitError(f"{entry} is not in the object code")
    return _Function(address, engine)


def _start_of(compiled: Any) -> list[dict[str, Any]]:
    """How PyMC makes the starting point: by variable its middle, and which stream of random numbers it takes.

    PyMC adds a uniform number between -1 and 1 to the middle, from one stream for each variable. The order of the
    streams is found by trying.

    Raises:
        _UnfitError: the starting point is made in another way.
    """
    names = list(compiled.shape_info[0])
    shapes = [tuple(int(length) for length in shape) for shape in compiled.shape_info[2]]
    count = next(k for k in range(len(names) + 1) if sum(map(prod, shapes[:k])) == compiled.n_dim)
    wanted, other = (compiled.initial_point_func(seed) for seed in (TEST_SEED, TEST_SEED + 1))
    for order in itertools.permutations(range(count)):
        jitter = _jitter(shapes[:count], order, TEST_SEED)
        middle = np.round(wanted - jitter, 9)
        ends = np.cumsum([0, *map(prod, shapes[:count])])
        found = [
            {"shape": list(shape), "stream": stream, "middle": middle[a:b].tolist()}
            for shape, stream, a, b in zip(shapes[:count], order, ends, ends[1:], strict=False)
        ]
        start = _start(found)
        if np.array_equal(start(TEST_SEED), wanted) and np.array_equal(start(TEST_SEED + 1), other):
            return found
    raise _UnfitError("its starting points are not a fixed point and uniform numbers")


def _jitter(shapes: list[tuple[int, ...]], order: tuple[int, ...], seed: Any) -> Array:
    """Uniform numbers between -1 and 1, as PyMC draws them for a seed: flat, one stream for each variable."""
    streams = np.random.SeedSequence(seed).spawn(len(shapes))
    parts = [
        np.random.Generator(np.random.PCG64(streams[stream])).uniform(-1.0, 1.0, size=shape).ravel()
        for shape, stream in zip(shapes, order, strict=True)
    ]
    return np.concatenate(parts)


def _start(parts: list[dict[str, Any]]) -> Callable[[Any], Array]:
    """The starting point by seed, as `_start_of` describes it."""
    middle = np.concatenate([np.array(part["middle"], dtype=float) for part in parts])
    shapes, order = [tuple(part["shape"]) for part in parts], tuple(part["stream"] for part in parts)

    def start(seed: Any = None) -> Array:
        return np.asarray(middle + _jitter(shapes, order, seed))

    return start


def _probe(compiled: Any) -> dict[str, str]:
    """Both functions' results at a point between 0.2 and 0.8, with inputs alike, in hexadecimal digits.

    Raises:
        _UnfitError: a function fails there.
    """
    inputs = {
        variable.name: _spread(compiled.shared_data[code].shape) for variable, code in compiled.shared_var_keys.items()
    }
    given = with_inputs(compiled, inputs)
    point, pointer = _spread((compiled.n_dim,)), ctypes.POINTER(ctypes.c_double)
    density, gradient, expanded = np.zeros(1), np.zeros(compiled.n_dim), np.zeros(compiled.n_expanded)
    whole, address = ctypes.c_uint64, ctypes.c_void_p(given.user_data.ctypes.data)

    def at(values: Array) -> Any:
        return values.ctypes.data_as(pointer)

    logp = ctypes.CFUNCTYPE(ctypes.c_int64, whole, pointer, pointer, pointer, ctypes.c_void_p)
    expand = ctypes.CFUNCTYPE(ctypes.c_int64, whole, whole, pointer, pointer, ctypes.c_void_p)
    functions = _functions(given)
    codes = (
        logp(functions["logp"].address)(given.n_dim, at(point), at(gradient), at(density), address),
        expand(functions["expand"].address)(given.n_dim, given.n_expanded, at(point), at(expanded), address),
    )
    if any(codes):
        raise _UnfitError(f"its functions return {codes} at the probe")
    return {
        "density": density.tobytes().hex(),
        "gradient": gradient.tobytes().hex(),
        "expanded": expanded.tobytes().hex(),
    }


def _spread(shape: tuple[int, ...]) -> Array:
    """Numbers between 0.2 and 0.8, each another."""
    return np.asarray(0.2 + 0.6 * (np.arange(prod(shape)) * 0.6180339887498949 % 1.0).reshape(shape))
