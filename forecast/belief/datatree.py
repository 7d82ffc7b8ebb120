"""What is kept of a trace: scores, states, diagnostics, and a netCDF file of ArviZ groups with replicated series.

ArviZ and xarray are imported only when a trace is taken apart.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.belief.block import Block, Dates, Series
from forecast.belief.draws import luck
from forecast.belief.fit import Diagnostics, Fit, SamplerSettings, Trace
from forecast.belief.model import BLOCKS, SCORE, values
from forecast.scenario.elicit import Array, Marginal

if TYPE_CHECKING:
    import xarray

PATHS = 250
"""Draws of each chain, at most, whose latent paths are kept."""

REPLICATES = 100
"""Draws of each chain, at most, of which every series is replicated."""

_STATISTICS = ("diverging", "energy", "logp", "n_steps", "depth", "step_size", "mean_tree_accept")
"""What is kept of the sampler's own record of each draw."""

_OVER = ("chain", "draw")


def trace_of(found: "xarray.DataTree", parameters: tuple[str, ...]) -> Trace:
    """The parts of nutpie's trace of one block that are used.

    Args:
        found: as nutpie gives it.
        parameters: the block's, in the order of its scores.
    """
    posterior, stats = found["posterior"].to_dataset(), found["sample_stats"].to_dataset()
    drawn = posterior[SCORE].values
    return Trace(
        {name: np.ascontiguousarray(drawn[..., k]) for k, name in enumerate(parameters)},
        {str(name): posterior[name].values for name in posterior.data_vars if name != SCORE},
        {name: stats[name].values for name in _STATISTICS},
    )


def fit_of(
    traces: Mapping[str, Trace], data: Mapping[str, Any], priors: Mapping[str, Marginal], sampler: SamplerSettings
) -> Fit:
    """The draws of all blocks put together, with diagnostics and the netCDF file.

    Args:
        traces: of every block, by the block's name.
        data: of every block, by the block's name.
        priors: of every parameter.
        sampler: the settings it was sampled with.
    """
    scores, latents, value, states = _drawn(traces, data, priors, BLOCKS)
    paths: dict[str, Array] = {}
    for block in BLOCKS:
        paths |= block.weekly(value, latents, data[block.name], luck(sampler.seed, f"{block.name}, states"))
    groups = _groups(value, scores, states, latents, _statistics(traces), data, priors, sampler)
    return Fit(scores, states, paths, diagnose(traces, data, priors, BLOCKS), _netcdf(groups))


def diagnose(
    traces: Mapping[str, Trace],
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    blocks: tuple[Block[Any], ...],
) -> Diagnostics:
    """Whether the chains of some blocks agree, in their parameters and in the states that they hand on.

    Args:
        traces: by the block's name.
        data: likewise.
        priors: of all their parameters.
        blocks: which.
    """
    scores, _, _, states = _drawn(traces, data, priors, blocks)
    return _diagnostics(scores | states, sum(int(traces[block.name].stats["diverging"].sum()) for block in blocks))


def _drawn(
    traces: Mapping[str, Trace],
    data: Mapping[str, Any],
    priors: Mapping[str, Marginal],
    blocks: tuple[Block[Any], ...],
) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array], dict[str, Array]]:
    """Scores, latents, parameters and states of some blocks."""
    scores = {name: traces[block.name].scores[name] for block in blocks for name in block.parameters}
    value = values(priors, scores)
    latents = {name: drawn for block in blocks for name, drawn in traces[block.name].latents.items()}
    states: dict[str, Array] = {}
    for block in blocks:
        states |= block.states(latents, value, data[block.name])
    return scores, latents, value, states


def _statistics(traces: Mapping[str, Trace]) -> dict[str, NDArray[Any]]:
    """The sampler's record of every block under the block's name, and `diverging`, where any of them did."""
    each = {f"{block}_{name}": drawn for block, trace in traces.items() for name, drawn in trace.stats.items()}
    return {"diverging": np.asarray(np.any([trace.stats["diverging"] for trace in traces.values()], axis=0))} | each


def _diagnostics(draws: Mapping[str, Array], divergences: int) -> Diagnostics:
    """The worst of each diagnostic over `draws`, (chain, draw) each; not a number if any of them is not.

    A state that is the same in every draw, as that of a held parameter is, has no diagnostics and is left out.
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
    """The groups of the netCDF file, by name. Nothing in them tells the time, so that equal fits are equal bytes.

    posterior             parameters in their units, their scores (`_score`), levels on the as-of date (`_state`)
    sample_stats          the sampler's own record of each block, `<block>_energy` and so on, and `diverging` of any
    posterior_paths       latent paths, each over days of its own, of fewer draws
    prior_predictive,     every observed series as it would be measured again, over days of its own
    posterior_predictive  (`<series>_date`), of fewer draws
    observed_data         every observed series
    """
    import xarray

    paths: dict[str, Any] = {}
    replicated: dict[str, Any] = {}
    observed: dict[str, Any] = {}
    expected: dict[str, Any] = {}
    path_days: dict[str, Dates] = {}
    series_days: dict[str, Dates] = {}
    for block in BLOCKS:
        own = data[block.name]
        few = _thinned(PATHS, sampler)
        found: Series = block.paths(_each(latents, few), _each(value, few), own)
        path_days |= {f"{name}_date": days for name, (days, _) in found.items()}
        paths |= {name: ((*_OVER, f"{name}_date"), path.astype(np.float32)) for name, (_, path) in found.items()}
        seen: Series = block.observed(own)
        series_days |= {f"{name}_date": days for name, (days, _) in seen.items()}
        observed |= {name: (f"{name}_date", figures) for name, (_, figures) in seen.items()}
        few = _thinned(REPLICATES, sampler)
        again = block.replicates(
            _each(value, few), _each(latents, few), own, luck(sampler.seed, f"{block.name}, posterior")
        )
        before = block.replicates(
            values(priors, _prior_scores(block.parameters, sampler)), None, own,
            luck(sampler.seed, f"{block.name}, prior"),
        )  # fmt: skip
        replicated |= {name: ((*_OVER, f"{name}_date"), again[name].astype(np.float32)) for name in seen}
        expected |= {name: ((*_OVER, f"{name}_date"), before[name].astype(np.float32)) for name in seen}
    each = {"chain": np.arange(sampler.chains), "draw": np.arange(sampler.draws)}
    some = {size: each | {"draw": each["draw"][_thinned(size, sampler)]} for size in (PATHS, REPLICATES)}
    return {
        "posterior": xarray.Dataset(
            {name: (_OVER, drawn) for name, drawn in value.items()}
            | {f"{name}_score": (_OVER, drawn) for name, drawn in scores.items()}
            | {f"{name}_state": (_OVER, drawn) for name, drawn in states.items()},
            each,
            asdict(sampler) | {"inference_library": "nutpie"},
        ),
        "sample_stats": xarray.Dataset({name: (_OVER, drawn) for name, drawn in stats.items()}, each),
        "posterior_paths": xarray.Dataset(paths, some[PATHS] | path_days),
        "prior_predictive": xarray.Dataset(expected, some[REPLICATES] | series_days),
        "posterior_predictive": xarray.Dataset(replicated, some[REPLICATES] | series_days),
        "observed_data": xarray.Dataset(observed, series_days),
    }


def _thinned(most: int, sampler: SamplerSettings) -> slice:
    """Every so manieth draw, so that at most `most` of each chain are left."""
    return slice(None, None, -(-sampler.draws // most))


def _each(draws: Mapping[str, Array], few: slice) -> dict[str, Array]:
    return {name: drawn[:, few] for name, drawn in draws.items()}


def _prior_scores(names: tuple[str, ...], sampler: SamplerSettings) -> dict[str, Array]:
    """Scores from the prior, as many as series are replicated."""
    shape = (sampler.chains, len(range(sampler.draws)[_thinned(REPLICATES, sampler)]))
    return {name: luck(sampler.seed, f"{name}, predictive").standard_normal(shape) for name in names}


def _netcdf(groups: Mapping[str, "xarray.Dataset"]) -> bytes:
    import xarray

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        xarray.DataTree.from_dict(dict(groups)).to_netcdf(path, engine="h5netcdf")
        return path.read_bytes()
