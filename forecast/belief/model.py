"""The PyMC models of the blocks, their parameters and their data.

Each parameter is a standard normal score, mapped to its unit by the quantile function of its prior. The blocks have
no parameter in common, so their posteriors are independent, and each block is sampled separately. This takes half
the time of one joint model, since the smaller blocks need no small step size. Also, a perspective that changes a
prior of one block leaves the draws of the others as they are. The numbers of the priors are data of the model, as the
evidence is, and the quantile function of a family is one operation on all its parameters. This saves a third of the
compiling time, and one compiled model serves all priors of the same families.

`forecast.belief.compiled_model` compiles and samples them. PyMC and PyTensor are imported only when a model is built.
"""

import math
from collections.abc import Mapping
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from forecast.arrays import Array
from forecast.belief.aid import AidBlock
from forecast.belief.block import Block
from forecast.belief.capital import CapitalBlock
from forecast.belief.draws import generator
from forecast.belief.fit import Diagnostics, Fit, SamplerSettings
from forecast.belief.front import FrontBlock
from forecast.belief.instability import InstabilityBlock
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal
from forecast.scenario.families import Ops
from forecast.scenario.spec import Scenario

if TYPE_CHECKING:
    import pymc

BLOCKS: tuple[Block[Any], ...] = (FrontBlock(), CapitalBlock(), AidBlock(), InstabilityBlock())
"""All blocks, in the order of `PARAMETERS`."""

PARAMETERS: tuple[str, ...] = tuple(name for block in BLOCKS for name in block.parameters)
"""Dotted names of all priors that evidence updates."""

SCORE = "score"
"""Name of a model's vector of scores, in the order of the block's parameters."""

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and shape of every input of the models."""

Families = tuple[tuple[str, str, int], ...]
"""Dotted name of every parameter, the family of its prior, and the number of the family's arguments."""


def block_data(scenario: Scenario, day: date) -> dict[str, Any]:
    """The blocks' evidence on a date, by the block's name.

    Raises:
        InputError: the date has too little evidence.
    """
    return {block.name: block.data(scenario, day) for block in BLOCKS}


class SeriesUse(NamedTuple):
    """The use of a series in the fit.

    Attributes:
        block: the block that learns from it.
        observations: number of its observations in the fit.
        rows: number of rows of the series that they are made of.
    """

    block: str
    observations: int
    rows: int


def series_used(data: Mapping[str, Any]) -> dict[str, SeriesUse]:
    """The series that are used, by id.

    Args:
        data: of each block, from `block_data`.
    """
    return {
        series: SeriesUse(block.name, len(days), block.rows_used(data[block.name])[series])
        for block in BLOCKS
        for series, (days, _) in block.observed(data[block.name]).items()
    }


def inputs(data: Mapping[str, Any]) -> dict[str, Array]:
    """The models' data: the inputs of all blocks."""
    return {name: values for block in BLOCKS for name, values in block.inputs(data[block.name]).items()}


def shapes(data: Mapping[str, Any]) -> Shapes:
    """The shapes for which models are compiled; they are the same on every date of a scenario."""
    return tuple((name, np.shape(values)) for name, values in inputs(data).items())


def values(priors: Mapping[str, Marginal], scores: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters in their units, given their scores."""
    return {name: np.asarray(priors[name].quantile(score), dtype=np.float64) for name, score in scores.items()}


def prior_fit(data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings) -> Fit:
    """Draws from the prior: scores from Normal(0, 1), and each block's levels without evidence.

    Args:
        data: of every block, for its calendar.
        priors: of `PARAMETERS`.
        sampler: chains, draws and seed; other settings have no effect.
    """
    check_priors(priors)
    shape = (sampler.chains, sampler.draws)
    scores = {name: generator(sampler.seed, name).standard_normal(shape) for name in PARAMETERS}
    value = values(priors, scores)
    states: dict[str, Array] = {}
    paths: dict[str, Array] = {}
    for block in BLOCKS:
        states |= block.prior_states(value, data[block.name], generator(sampler.seed, f"{block.name}, states"))
        paths |= block.weekly(value, None, data[block.name], generator(sampler.seed, f"{block.name}, states"))
    size = float(sampler.chains * sampler.draws)
    return Fit(scores, states, paths, Diagnostics(rhat=1.0, ess_bulk=size, ess_tail=size, divergences=0), b"")


def families(priors: Mapping[str, Marginal]) -> Families:
    """The families of the priors, for which models are compiled.

    Raises:
        InputError: a prior is missing or its family cannot be updated.
    """
    check_priors(priors)
    return families_of({name: priors[name] for name in PARAMETERS})


def families_of(priors: Mapping[str, Marginal]) -> Families:
    """Name, family and number of arguments of each of these priors."""
    return tuple((name, marginal.family, len(marginal.args)) for name, marginal in priors.items())


def numbers(priors: Mapping[str, Marginal]) -> dict[str, Array]:
    """The priors as data of the model: an array for each argument of each family, over the family's parameters."""
    return {
        f"prior_{family}_{k}": np.array([priors[name].args[k] for name in names])
        for (family, count), names in _by_family(families_of(priors)).items()
        for k in range(count)
    }


def build(block: Block[Any], form: Shapes, kinds: Families) -> "pymc.Model":
    """The PyMC model of a block; its data (the inputs and `numbers`) are set later."""
    import pymc as pm

    ops = pytensor_ops()
    with pm.Model() as model:
        tensors = {name: pm.Data(name, np.ones(shape), shape=shape) for name, shape in form}
        score = pm.Normal(SCORE, 0.0, 1.0, shape=len(block.parameters))
        value: dict[str, Any] = {}
        for (family, count), names in _by_family(kinds).items():
            args = (pm.Data(f"prior_{family}_{k}", np.ones(len(names)), shape=(len(names),)) for k in range(count))
            own = score[[block.parameters.index(name) for name in names]]
            mapped = Marginal(family, tuple(args)).quantile(own, ops=ops)
            value |= {name: mapped[k] for k, name in enumerate(names)}
        block.add(tensors, value)
    return model


def _by_family(kinds: Families) -> dict[tuple[str, int], list[str]]:
    """Names of the parameters by family and number of its arguments, in the order of `PARAMETERS`."""
    found: dict[tuple[str, int], list[str]] = {}
    for name, family, count in kinds:
        found.setdefault((family, count), []).append(name)
    return found


def pytensor_ops() -> Ops:
    """The elementary functions of the quantile functions, for PyTensor."""
    import pytensor.tensor as pt

    return cast(
        Ops,
        SimpleNamespace(
            exp=pt.exp, sinh=pt.sinh, arcsinh=pt.arcsinh, ndtr=lambda x: 0.5 * pt.erfc(-x / math.sqrt(2.0))
        ),
    )


def check_priors(priors: Mapping[str, Marginal]) -> None:
    """Refuse priors that are missing, unknown or without a closed-form quantile function."""
    if set(priors) != set(PARAMETERS):
        raise InputError(f"priors are needed for {', '.join(PARAMETERS)}; found {', '.join(priors) or 'none'}")
    for name, marginal in priors.items():
        if marginal.family in ("beta", "gamma"):
            raise InputError(
                f"a {marginal.family} prior cannot be updated by evidence",
                key=name,
                remedy="Give it as 5, 50 and 95% quantiles",
            )
