"""From a sampler's trace to a fit: scores, states, diagnostics, and a netCDF file of ArviZ groups with replicates.

ArviZ and xarray are imported only when a trace is converted.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.belief.block import Block, Series
from forecast.belief.draws import generator
from forecast.belief.fit import Chains, Diagnostics, Fit, SamplerSettings
from forecast.belief.model import BLOCKS, SCORE, values
from forecast.calendar import Dates
from forecast.scenario.elicit import Marginal

if TYPE_CHECKING:
    import xarray

POSTERIOR_DRAWS = 200
"""Number of draws of each chain, at most, in the netCDF file; the cached fit has all draws."""

PATH_DRAWS = 100
"""Number of draws of each chain, at most, with latent paths and with replicates of every series."""

_STATISTICS = ("diverging", "energy", "logp", "n_steps", "depth", "step_size", "mean_tree_accept")
"""The sampler's statistics of each draw that are saved."""

_OVER = ("chain", "draw")


def chains_of(found: "xarray.DataTree", parameters: tuple[str, ...]) -> Chains:
    """The parts of nutpie's trace of one block that are used.

    Args:
        found: nutpie's trace.
        parameters: the block's, in the order of its scores.
    """
    posterior, stats = found["posterior"].to_dataset(), found["sample_stats"].to_dataset()
    drawn = posterior[SCORE].values
    return Chains(
        {name: np.ascontiguousarray(drawn[..., k]) for k, name in enumerate(parameters)},
        {str(name): posterior[name].values for name in posterior.data_vars if name != SCORE},
        {name: stats[name].values for name in _STATISTICS},
    )


def fit_of(
    chains: Mapping[str, Chains], data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings
) -> Fit:
    """The draws of all blocks together, with diagnostics and the netCDF file.

    Args:
        chains: of every block, by the block's name.
        data: the blocks' evidence, by the block's name.
        priors: of every parameter.
        sampler: the settings of the chains.
    """
    scores, latents, value, states = _drawn(chains, data, priors, BLOCKS)
    paths: dict[str, Array] = {}
    for block in BLOCKS:
        paths |= block.weekly(value, latents, data[block.name], generator(sampler.seed, f"{block.name}, states"))
    diagnostics = diagnose(chains, data, priors, BLOCKS)
    groups = _groups(value, scores, states, latents, _statistics(chains), data, priors, sampler)
    groups["posterior"].attrs |= asdict(diagnostics)
    return Fit(scores, states, paths, diagnostics, _netcdf(groups))


def diagnose(
    chains: Mapping[str, Chains],
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    blocks: tuple[Block[Any], ...],
) -> Diagnostics:
    """Diagnostics of some blocks: whether their chains agree about parameters and states.

    Args:
        chains: by the block's name.
        data: the blocks' evidence, by the block's name.
        priors: of all their parameters.
        blocks: the blocks.
    """
    scores, _, _, states = _drawn(chains, data, priors, blocks)
    return _diagnostics(scores | states, sum(int(chains[block.name].stats["diverging"].sum()) for block in blocks))


def _drawn(
    chains: Mapping[str, Chains],
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    blocks: tuple[Block[Any], ...],
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Scores, latents, parameters and states of some blocks."""
    scores = {name: chains[block.name].scores[name] for block in blocks for name in block.parameters}
    value = values(priors, scores)
    latents = {name: drawn for block in blocks for name, drawn in chains[block.name].latents.items()}
    states: dict[str, Array] = {}
    for block in blocks:
        states |= block.states(latents, value, data[block.name])
    return scores, latents, value, states


def _statistics(chains: Mapping[str, Chains]) -> dict[str, NDArray[Any]]:
    """The sampler's statistics with the block's name as prefix, and `diverging`: whether any block diverged."""
    each = {f"{block}_{name}": drawn for block, own in chains.items() for name, drawn in own.stats.items()}
    return {"diverging": np.asarray(np.any([own.stats["diverging"] for own in chains.values()], axis=0))} | each


def _diagnostics(draws: Mapping[str, Array], divergences: int) -> Diagnostics:
    """The worst of each diagnostic over `draws`, each (chain, draw); NaN if any of them is NaN.

    A state that is equal in all draws, because its parameter is a constant, has no diagnostics and is left out.
    """
    import arviz
    import xarray

    kept = xarray.Dataset({name: (_OVER, drawn) for name, drawn in draws.items() if np.ptp(drawn) > 0.0})
    rhat, bulk = arviz.rhat(kept), arviz.ess(kept, method="bulk")
    tail = arviz.ess(kept, method="tail", prob=(0.05, 0.95))
    return Diagnostics(
        rhat=float(np.max([rhat[name] for name in kept])),
        ess_bulk=float(np.min([bulk[name] for name in kept])),
        ess_tail=float(np.min([tail[name] for name in kept])),
        divergences=divergences,
    )


def _groups(
    value: Mapping[str, Array],
    scores: Mapping[str, Array],
    states: Mapping[str, Array],
    latents: Mapping[str, Array],
    stats: Mapping[str, NDArray[Any]],
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    sampler: SamplerSettings,
) -> dict[str, "xarray.Dataset"]:
    """The groups of the netCDF file, by name. They contain no time of day, so that equal fits are equal bytes.

    posterior             parameters in their units, their scores (`_score`), levels on the as-of date (`_state`), of
                          one draw in several; the attributes have the sampler's settings and diagnostics of all draws
    sample_stats          the sampler's statistics of each block, `<block>_energy` and so on, and `diverging`, of the
                          same draws
    posterior_paths       latent paths over their days, for fewer draws and with four digits
    prior_predictive,     replicates of every series over its days (`<series>_date`), likewise
    posterior_predictive
    observed_data         the observations of every series
    """
    import xarray

    paths: dict[str, Any] = {}
    observed: dict[str, Any] = {}
    prior_predictive: dict[str, Any] = {}
    posterior_predictive: dict[str, Any] = {}
    path_days: dict[str, Dates] = {}
    series_days: dict[str, Dates] = {}
    for block in BLOCKS:
        own = data[block.name]
        few = _thinned(PATH_DRAWS, sampler)
        found: Series = block.paths(_each(latents, few), _each(value, few), own)
        path_days |= {f"{name}_date": days for name, (days, _) in found.items()}
        paths |= {name: ((*_OVER, f"{name}_date"), _four_digits(path)) for name, (_, path) in found.items()}
        seen: Series = block.observed(own)
        series_days |= {f"{name}_date": days for name, (days, _) in seen.items()}
        observed |= {name: (f"{name}_date", figures) for name, (_, figures) in seen.items()}
        after = block.replicates(
            _each(value, few), _each(latents, few), own, generator(sampler.seed, f"{block.name}, posterior")
        )
        before = block.replicates(
            values(priors, _prior_scores(block.parameters, sampler)), None, own,
            generator(sampler.seed, f"{block.name}, prior"),
        )  # fmt: skip
        posterior_predictive |= {name: ((*_OVER, f"{name}_date"), _four_digits(after[name])) for name in seen}
        prior_predictive |= {name: ((*_OVER, f"{name}_date"), _four_digits(before[name])) for name in seen}
    some = {
        size: {"chain": np.arange(sampler.chains), "draw": np.arange(sampler.draws)[_thinned(size, sampler)]}
        for size in (POSTERIOR_DRAWS, PATH_DRAWS)
    }
    kept = _thinned(POSTERIOR_DRAWS, sampler)
    return {
        "posterior": xarray.Dataset(
            {name: (_OVER, drawn[:, kept]) for name, drawn in value.items()}
            | {f"{name}_score": (_OVER, drawn[:, kept]) for name, drawn in scores.items()}
            | {f"{name}_state": (_OVER, drawn[:, kept]) for name, drawn in states.items()},
            some[POSTERIOR_DRAWS],
            asdict(sampler) | {"inference_library": "nutpie"},
        ),
        "sample_stats": xarray.Dataset(
            {name: (_OVER, drawn[:, kept]) for name, drawn in stats.items()}, some[POSTERIOR_DRAWS]
        ),
        "posterior_paths": xarray.Dataset(paths, some[PATH_DRAWS] | path_days),
        "prior_predictive": xarray.Dataset(prior_predictive, some[PATH_DRAWS] | series_days),
        "posterior_predictive": xarray.Dataset(posterior_predictive, some[PATH_DRAWS] | series_days),
        "observed_data": xarray.Dataset(observed, series_days),
    }


def _four_digits(values: Array) -> "NDArray[np.float32]":
    """Numbers in single precision with 13 of its 23 binary digits, about four decimal ones: more would be noise."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((bits + np.uint32(1 << 9)) & np.uint32(0xFFFFFFFF << 10 & 0xFFFFFFFF)).view(np.float32)


def _thinned(most: int, sampler: SamplerSettings) -> slice:
    """A slice that keeps every k-th draw, at most `most` of each chain."""
    return slice(None, None, -(-sampler.draws // most))


def _each(draws: Mapping[str, Array], few: slice) -> dict[str, Array]:
    return {name: drawn[:, few] for name, drawn in draws.items()}


def _prior_scores(names: tuple[str, ...], sampler: SamplerSettings) -> dict[str, Array]:
    """Scores from the prior, one for each replicate."""
    shape = (sampler.chains, len(range(sampler.draws)[_thinned(PATH_DRAWS, sampler)]))
    return {name: generator(sampler.seed, f"{name}, predictive").standard_normal(shape) for name in names}


def _netcdf(groups: Mapping[str, "xarray.Dataset"]) -> bytes:
    import xarray

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        # Bytes of equal weight lie together: random numbers take less space so.
        encoding = {
            f"/{name}": {str(variable): {"zlib": True, "shuffle": True} for variable in group.data_vars}
            for name, group in groups.items()
        }
        xarray.DataTree.from_dict(dict(groups)).to_netcdf(path, engine="h5netcdf", encoding=encoding)
        return path.read_bytes()
