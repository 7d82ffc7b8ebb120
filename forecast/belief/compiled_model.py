"""The blocks' models compiled by nutpie, and sampled.

PyMC, PyTensor and nutpie are imported only when something is compiled.
"""

import atexit
import contextlib
import functools
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.belief import model
from forecast.belief.block import Block
from forecast.belief.cache import fit_key
from forecast.belief.draws import luck
from forecast.belief.fit import LONGER, Fit, SamplerSettings, Trace, failures
from forecast.belief.model import Families, Shapes
from forecast.scenario.elicit import Array, Marginal

if TYPE_CHECKING:
    import xarray

# PyTensor's numba code gives other draws when it is loaded from the compile cache than when it is freshly
# compiled, and with fast math even from one compile to the next. The same evidence, priors and seed must give
# the same bytes, so both are off while the model is compiled and sampled, whatever the user's own settings
# are. It costs some seconds of compiling in each process; the fit itself is kept by `forecast.belief.cache`.
_FLAGS = {"numba__fastmath": False, "numba__cache": False}


def compile_model(form: Shapes, kinds: Families) -> "CompiledModel":
    """Compile the model of every block for inputs of these shapes; it then fits any as-of date of the scenario.

    Takes about a minute and a half, nearly all of it PyTensor's and numba's. What was compiled in this process for
    the same shapes and families of a block is used again.

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
    nutpie, pytensor = _import_samplers()
    with _quietly(), pytensor.config.change_flags(**_FLAGS):
        return CompiledBlock(block, nutpie.compile_pymc_model(model.build(block, form, kinds)))


@dataclass(frozen=True)
class CompiledBlock:
    """The model of one block, compiled.

    Attributes:
        block: the block.
        compiled: nutpie's compiled model.
        last: the last trace by what it depends on, for the next fit that asks for the same of this block.
    """

    block: Block[Any]
    compiled: Any
    last: dict[str, Trace] = field(default_factory=dict)

    def sample(self, data: Any, priors: Mapping[str, Marginal], sampler: SamplerSettings, progress: bool) -> Trace:
        """Sample the block's posterior, or give what was sampled last, if that was the same.

        Where the chains do not agree they are run once more, longer and with smaller steps, and thinned.

        Args:
            data: what the block knows.
            priors: of its parameters.
            sampler: settings.
            progress: show a progress bar on standard error.
        """
        from forecast.belief.datatree import diagnose, trace_of

        key = fit_key({self.block.name: data}, priors, sampler)
        if key not in self.last:
            held = self.block.inputs(data) | model.numbers(priors)
            trace = trace_of(self._sample(held, sampler, progress), self.block.parameters)
            if failures(diagnose({self.block.name: trace}, {self.block.name: data}, priors, (self.block,))):
                again = trace_of(self._sample(held, sampler.longer(), progress), self.block.parameters)
                trace = again.thinned(LONGER)
            self.last.clear()
            self.last[key] = trace
        return self.last[key]

    def _sample(self, held: Mapping[str, Array], sampler: SamplerSettings, progress: bool) -> "xarray.DataTree":
        """The trace, as nutpie gives it."""
        nutpie, pytensor = _import_samplers()
        # The starting point is compiled when it is first called, so the flags must hold here too.
        with _quietly(), pytensor.config.change_flags(**_FLAGS):
            trace: xarray.DataTree = nutpie.sample(
                self.compiled.with_data(**held),
                draws=sampler.draws,
                tune=sampler.tune,
                chains=sampler.chains,
                # Luck of each block's own: with one seed for all, the chains of two blocks would move together.
                seed=int(luck(sampler.seed, f"{self.block.name}, chains").integers(2**32)),
                target_accept=sampler.target_accept,
                # Scales from the draws alone: about twice the effective draws, here, of scales from draws and
                # gradients.
                adaptation="draw_diag",
                progress_bar=progress,
                save_warmup=False,
            )
        return trace


@dataclass(frozen=True)
class CompiledModel:
    """The models of all blocks, compiled for one scenario.

    Attributes:
        form: names and shapes of the inputs that they take.
        kinds: families of the priors that they take.
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
            data: of every block.
            priors: of `forecast.belief.model.PARAMETERS`.
            sampler: settings; with the same settings, data and priors the draws are the same bytes.
            progress: show a progress bar on standard error.

        Raises:
            ValueError: the inputs have other names or shapes, or the priors are of other families.
        """
        from forecast.belief.datatree import fit_of

        if (given := (model.shapes(data), model.families(priors))) != (self.form, self.kinds):
            raise ValueError(f"compiled for {self.form}, {self.kinds}; given {given}")
        traces = {
            part.block.name: part.sample(
                data[part.block.name], {name: priors[name] for name in part.block.parameters}, sampler, progress
            )
            for part in self.parts
        }
        return fit_of(traces, data, priors, sampler)


def _import_samplers() -> tuple[Any, Any]:
    """The modules nutpie and pytensor.

    PyTensor makes a folder under the user's home when it is imported, and fails where it cannot. Nothing that
    is kept there is used here, so in that case it is given a temporary one.
    """
    home = Path.home() / ".pytensor"
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    usable = os.access(home if home.is_dir() else home.parent, os.W_OK)
    if "pytensor" not in sys.modules and not usable and "base_compiledir" not in flags:
        folder = tempfile.mkdtemp(prefix="forecast-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, f"base_compiledir={folder}")))
    import nutpie
    import pytensor

    return nutpie, pytensor


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Silence PyTensor on a rewrite that it skips where there is no C compiler; the draws are the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Loop fusion failed", UserWarning)
        yield
