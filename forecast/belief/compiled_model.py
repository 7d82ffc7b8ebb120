"""The blocks' models, compiled and sampled by nutpie.

PyMC, PyTensor and nutpie are imported only when something is compiled.
"""

import atexit
import contextlib
import functools
import importlib
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from forecast.arrays import Array
from forecast.belief import digamma, extraction, model, object_code
from forecast.belief.block import Block
from forecast.belief.cache import fit_key
from forecast.belief.draws import generator
from forecast.belief.fit import LONGER, Chains, Fit, SamplerSettings, failures
from forecast.belief.model import Families, Shapes
from forecast.scenario.elicit import Marginal

if TYPE_CHECKING:
    import xarray

# PyTensor's numba code gives different draws when it comes from the compile cache than when it is freshly
# compiled, and with fast math even from one compilation to the next. Equal evidence, priors and seed must give
# equal bytes, so both are off while a model is compiled and sampled, whatever the user's settings are. This costs
# a few seconds of compiling in each process. The fit is cached by `forecast.belief.cache`.
_FLAGS = {"numba__fastmath": False, "numba__cache": False, "floatX": "float64"}


def compile_model(form: Shapes, kinds: Families) -> "CompiledModel":
    """Compile the model of every block for inputs of these shapes, which serves all as-of dates of the scenario.

    This takes a minute or more, nearly all of it in numba. A block that this process or an earlier one has compiled for
    the same shapes and families is used again.

    Args:
        form: from `forecast.belief.model.shapes`.
        kinds: from `forecast.belief.model.families`.
    """
    blocks: tuple[Any, ...] = model.BLOCKS
    parts = (
        _compiled_block(
            block,
            tuple(entry for entry in form if entry[0].startswith(f"{block.name}_")),
            tuple(kind for kind in kinds if kind[0] in block.parameters),
        )
        for block in blocks
    )
    return CompiledModel(form, kinds, tuple(parts))


@functools.lru_cache(maxsize=8)
def _compiled_block(block: Any, form: Shapes, kinds: Families) -> "CompiledBlock":
    key = object_code.model_key(block.name, form, kinds)
    if (kept := object_code.load(key)) is not None:
        return CompiledBlock(block, kept)
    with _compiling():
        digamma.register()
        compiled = extraction.compile_plain(model.build(block, form, kinds))
    object_code.store(key, compiled)
    return CompiledBlock(block, compiled)


@dataclass(frozen=True)
class CompiledBlock:
    """The model of one block, compiled.

    Attributes:
        block: the block.
        compiled: nutpie's compiled model.
        last: the last chains by their key, for the next fit with the same evidence and priors of this block.
    """

    block: Block[Any]
    compiled: Any
    last: dict[str, Chains] = field(default_factory=dict)

    def sample(self, data: Any, priors: Mapping[str, Marginal], sampler: SamplerSettings, progress: bool) -> Chains:
        """Sample the block's posterior, or give the last chains if they are those of the same arguments.

        Chains that do not agree are run once more, longer and with smaller steps, and thinned.

        Args:
            data: the block's evidence.
            priors: of its parameters.
            sampler: settings.
            progress: show a progress bar on standard error.
        """
        from forecast.belief.datatree import chains_of, diagnose

        key = fit_key({self.block.name: data}, priors, sampler)
        if key not in self.last:
            inputs = self.block.inputs(data) | model.numbers(priors)
            chains = chains_of(self._sample(inputs, sampler, progress), self.block.parameters)
            if failures(diagnose({self.block.name: chains}, {self.block.name: data}, priors, (self.block,))):
                longer = chains_of(self._sample(inputs, sampler.longer(), progress), self.block.parameters)
                chains = longer.thinned(LONGER)
            self.last.clear()
            self.last[key] = chains
        return self.last[key]

    def _sample(self, inputs: Mapping[str, Array], sampler: SamplerSettings, progress: bool) -> "xarray.DataTree":
        """Run nutpie and give its trace.

        nutpie's own waiting takes an interrupt for a wish to have the draws so far: here nothing is made of those.
        """
        # A model that this process has compiled compiles its starting point at the first call.
        with _compiling() if "pytensor" in sys.modules else contextlib.nullcontext():
            import nutpie

            sampling: Any = nutpie.sample(
                extraction.with_inputs(self.compiled, inputs),
                draws=sampler.draws,
                tune=sampler.tune,
                chains=sampler.chains,
                # A seed for each block: with one seed for all, the chains of two blocks would move together.
                seed=int(generator(sampler.seed, f"{self.block.name}, chains").integers(2**32)),
                target_accept=sampler.target_accept,
                # Scales from draws alone give about twice the effective sample size, here, of scales from draws and
                # gradients.
                adaptation="draw_diag",
                progress_bar=progress,
                save_warmup=False,
                blocking=False,
            )
            try:
                trace: xarray.DataTree = sampling.wait()
            except BaseException:
                sampling.cancel()
                raise
        return trace


@dataclass(frozen=True)
class CompiledModel:
    """The models of all blocks, compiled for one scenario.

    Attributes:
        form: names and shapes of the models' inputs.
        kinds: families of the models' priors.
        parts: the blocks' models.
    """

    form: Shapes
    kinds: Families
    parts: tuple[CompiledBlock, ...]

    def fit(
        self,
        data: Mapping[str, Any],
        priors: Mapping[str, Marginal],
        sampler: SamplerSettings,
        *,
        progress: bool = False,
    ) -> Fit:
        """Sample the posterior.

        Args:
            data: the blocks' evidence, by the block's name.
            priors: of `forecast.belief.model.PARAMETERS`.
            sampler: settings; equal settings, data and priors give equal bytes.
            progress: show a progress bar on standard error.

        Raises:
            ValueError: the inputs have other names or shapes, or the priors have other families.
        """
        from forecast.belief.datatree import fit_of

        if (given := (model.shapes(data), model.families(priors))) != (self.form, self.kinds):
            raise ValueError(f"compiled for {self.form}, {self.kinds}; given {given}")
        chains = {
            part.block.name: part.sample(
                data[part.block.name], {name: priors[name] for name in part.block.parameters}, sampler, progress
            )
            for part in self.parts
        }
        return fit_of(chains, data, priors, sampler)


@contextlib.contextmanager
def _compiling() -> Iterator[None]:
    """Import PyTensor and compile with this module's settings, whatever the user's are.

    When it is imported, PyTensor reads the user's settings and makes a folder. Settings such as `floatX` would give
    other draws, so none of them counts here but the folder's place. The folder's contents are not used. Without a place
    given, it is a temporary one, because a home directory may be missing or read-only.
    """
    if "pytensor" not in sys.modules:
        flags = os.environ.get("PYTENSOR_FLAGS", "").split(",")
        places = [flag for flag in flags if flag.partition("=")[0].strip() in ("base_compiledir", "compiledir")]
        if not places:
            folder = tempfile.mkdtemp(prefix="forecast-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            places = [f"base_compiledir={folder}"]
        with _environment(PYTENSOR_FLAGS=",".join(places), PYTENSORRC=os.devnull):
            importlib.import_module("pytensor")
    settings: Any = sys.modules["pytensor"].config
    with warnings.catch_warnings(), settings.change_flags(**_FLAGS):
        # PyTensor warns of a rewrite that it skips without a C compiler; the draws are the same.
        warnings.filterwarnings("ignore", "Loop fusion failed", UserWarning)
        yield


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
