"""The one model of all that is learnt: every block's parameters, latents and evidence, sampled together.

Each parameter is a standard normal score, turned into the parameter by its prior's quantile map. The blocks
have no parameter in common, so their posteriors are independent of each other; one model compiles and
samples them together. The numbers of the priors are data of the model like the evidence, and the maps of one
family are one operation on all its parameters: that saves a third of compiling them, and one compiled model
serves other priors of the same families too.

PyMC, PyTensor and nutpie are imported only when something is compiled.
"""

import atexit
import contextlib
import math
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.belief.aid import AidBlock
from forecast.belief.block import Block
from forecast.belief.capital import CapitalBlock
from forecast.belief.draws import luck
from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.belief.front import FrontBlock
from forecast.belief.instability import InstabilityBlock
from forecast.errors import InputError
from forecast.scenario.elicit import Array, Marginal, Ops
from forecast.scenario.spec import Scenario

if TYPE_CHECKING:
    import pymc
    import xarray

BLOCKS: tuple[Block[Any], ...] = (FrontBlock(), CapitalBlock(), AidBlock(), InstabilityBlock())
"""All blocks, in the order in which they are added to the model."""

PARAMETERS: tuple[str, ...] = tuple(name for block in BLOCKS for name in block.parameters)
"""Dotted names of all priors that evidence updates."""

SCORE = "score"
"""Name of the model's vector of scores, in the order of `PARAMETERS`."""

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and shape of every input of the model."""

Families = tuple[tuple[str, str, int], ...]
"""Dotted name of every parameter, the family of its prior, and how many numbers that has."""

# PyTensor's numba code gives other draws when it is loaded from the compile cache than when it is freshly
# compiled, and with fast math even from one compile to the next. The same evidence, priors and seed must give
# the same bytes, so both are off while the model is compiled and sampled, whatever the user's own settings
# are. It costs some seconds of compiling in each process; the fit itself is kept by `forecast.belief.cache`.
_FLAGS = {"numba__fastmath": False, "numba__cache": False}


def known(scenario: Scenario, day: date) -> dict[str, Any]:
    """What each block knows on a date, by the block's name.

    Raises:
        InputError: too little was known by then.
    """
    return {block.name: block.data(scenario, day) for block in BLOCKS}


def learnt_from(scenario: Scenario, day: date) -> dict[str, tuple[str, int]]:
    """What is learnt from on a date: by id of the series, the block that does and its number of figures.

    Raises:
        InputError: too little was known by then.
    """
    data = known(scenario, day)
    return {
        series: (block.name, len(days))
        for block in BLOCKS
        for series, (days, _) in block.observed(data[block.name]).items()
    }


def inputs(data: Mapping[str, Any]) -> dict[str, Array]:
    """The model's data: the inputs of all blocks."""
    return {name: values for block in BLOCKS for name, values in block.inputs(data[block.name]).items()}


def shapes(data: Mapping[str, Any]) -> Shapes:
    """What a compiled model depends on beside the priors; the same on every date of a scenario."""
    return tuple((name, np.shape(values)) for name, values in inputs(data).items())


def values(priors: Mapping[str, Marginal], scores: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters in their units, from their scores."""
    return {name: np.asarray(priors[name].quantile(score), dtype=np.float64) for name, score in scores.items()}


def prior_fit(data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings) -> Fit:
    """Draws from the prior: scores from Normal(0, 1), states as each block has them without evidence.

    Args:
        data: of every block, for its calendar.
        priors: of `PARAMETERS`.
        sampler: its chains, draws and seed count.
    """
    check_priors(priors)
    shape = (sampler.chains, sampler.draws)
    scores = {name: luck(sampler.seed, name).standard_normal(shape) for name in PARAMETERS}
    value = values(priors, scores)
    states: dict[str, Array] = {}
    for block in BLOCKS:
        states |= block.prior_states(value, data[block.name], luck(sampler.seed, f"{block.name}, states"))
    size = float(sampler.chains * sampler.draws)
    return Fit(scores, states, Diagnostics(rhat=1.0, ess_bulk=size, ess_tail=size, divergences=0), b"")


def families(priors: Mapping[str, Marginal]) -> Families:
    """What of the priors a compiled model depends on.

    Raises:
        InputError: a prior is missing or is of a family that cannot be updated.
    """
    check_priors(priors)
    return tuple((name, priors[name].family, len(priors[name].args)) for name in PARAMETERS)


def compile_model(form: Shapes, kinds: Families) -> "CompiledModel":
    """Compile the model for inputs of these shapes; it then fits any as-of date of the scenario.

    Takes about a minute, nearly all of it PyTensor's and numba's.

    Args:
        form: from `shapes`.
        kinds: from `families`.
    """
    nutpie, pytensor = _import_samplers()
    with _quietly(), pytensor.config.change_flags(**_FLAGS):
        return CompiledModel(form, kinds, nutpie.compile_pymc_model(build(form, kinds)))


@dataclass(frozen=True)
class CompiledModel:
    """The model compiled for one scenario.

    Attributes:
        form: names and shapes of the inputs that it takes.
        kinds: families of the priors that it takes.
        compiled: nutpie's compiled model.
    """

    form: Shapes
    kinds: Families
    compiled: Any

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
            priors: of `PARAMETERS`.
            sampler: settings; with the same settings, data and priors the draws are the same bytes.
            progress: show a progress bar on standard error.

        Raises:
            ValueError: the inputs have other names or shapes, or the priors are of other families.
        """
        from forecast.belief.tree import fit_of

        if (given := (shapes(data), families(priors))) != (self.form, self.kinds):
            raise ValueError(f"compiled for {self.form}, {self.kinds}; given {given}")
        held = inputs(data) | numbers(priors)
        return fit_of(self._sample(held, sampler, progress), data, priors, sampler)

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
                seed=sampler.seed,
                target_accept=sampler.target_accept,
                # Scales from the draws alone: about twice the effective draws, here, of scales from draws and
                # gradients.
                adaptation="draw_diag",
                progress_bar=progress,
                save_warmup=False,
            )
        return trace


def numbers(priors: Mapping[str, Marginal]) -> dict[str, Array]:
    """The priors as data of the model: of each family, each of its numbers for all parameters of that family."""
    return {
        f"prior_{family}_{k}": np.array([priors[name].args[k] for name in names])
        for (family, count), names in _by_family(families(priors)).items()
        for k in range(count)
    }


def build(form: Shapes, kinds: Families) -> "pymc.Model":
    """The PyMC model of all blocks; its data, `inputs` and `numbers`, are filled in later."""
    import pymc as pm

    ops = pytensor_ops()
    with pm.Model() as model:
        held = {name: pm.Data(name, np.ones(shape), shape=shape) for name, shape in form}
        score = pm.Normal(SCORE, 0.0, 1.0, shape=len(PARAMETERS))
        value: dict[str, Any] = {}
        for (family, count), names in _by_family(kinds).items():
            args = (pm.Data(f"prior_{family}_{k}", np.ones(len(names)), shape=(len(names),)) for k in range(count))
            own = score[[PARAMETERS.index(name) for name in names]]
            mapped = Marginal(family, tuple(args)).quantile(own, ops=ops)
            value |= {name: mapped[k] for k, name in enumerate(names)}
        for block in BLOCKS:
            given = {name: data for name, data in held.items() if name.startswith(f"{block.name}_")}
            block.add(given, {name: value[name] for name in block.parameters})
    return model


def _by_family(kinds: Families) -> dict[tuple[str, int], list[str]]:
    """Names of the parameters by family and how many numbers it has, in the order of `PARAMETERS`."""
    found: dict[tuple[str, int], list[str]] = {}
    for name, family, count in kinds:
        found.setdefault((family, count), []).append(name)
    return found


def pytensor_ops() -> Ops:
    """The elementary functions of the quantile maps, on PyTensor's variables."""
    import pytensor.tensor as pt

    return cast(
        Ops,
        SimpleNamespace(
            exp=pt.exp, sinh=pt.sinh, arcsinh=pt.arcsinh, ndtr=lambda x: 0.5 * pt.erfc(-x / math.sqrt(2.0))
        ),
    )


def check_priors(priors: Mapping[str, Marginal]) -> None:
    """Refuse priors that are missing, unknown, or without a closed form."""
    if set(priors) != set(PARAMETERS):
        raise InputError(f"the belief takes priors for {', '.join(PARAMETERS)}; found {', '.join(priors) or 'none'}")
    for name, marginal in priors.items():
        if marginal.family in ("beta", "gamma"):
            raise InputError(
                f"a {marginal.family} prior cannot be updated by evidence",
                key=name,
                mend="Give it as 5, 50 and 95% quantiles",
            )


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
