"""What is kept of the front's trace: draws, diagnostics, and a netCDF file of ArviZ groups with replicated weeks.

ArviZ and xarray are imported only when a trace is taken apart.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.belief.front_data import (
    FRONT_PARAMETERS,
    NET_SCALE,
    TAIL_DEGREES,
    Array,
    BlockFit,
    Diagnostics,
    FrontData,
    SamplerSettings,
)
from forecast.belief.front_model import model_data
from forecast.scenario.elicit import Marginal

if TYPE_CHECKING:
    import xarray

_PATHS = 250
"""Draws of each chain, at most, whose weekly paths and replicated weeks are kept."""

_STATISTICS = ("diverging", "energy", "logp", "n_steps", "depth", "step_size", "mean_tree_accept")
"""What is kept of the sampler's own record of each draw."""


def block_fit(
    trace: "xarray.DataTree", data: FrontData, priors: Mapping[str, Marginal], sampler: SamplerSettings
) -> BlockFit:
    """The parts of nutpie's trace that are kept, with diagnostics and the netCDF file."""
    posterior, stats = trace["posterior"].to_dataset(), trace["sample_stats"].to_dataset()
    last = data.last
    scores = {name: np.ascontiguousarray(posterior[name].values) for name in FRONT_PARAMETERS}
    value = {name: np.asarray(priors[name].quantile(scores[name]), dtype=float) for name in FRONT_PARAMETERS}
    inputs = model_data(data)
    unit = np.where(data.seen[: last + 1] > 0, value["mapper_error"][..., None], NET_SCALE)
    truth = inputs["area"][: last + 1] + unit * posterior["error"].values[..., : last + 1]
    slow = posterior["slow"].values[..., :last]
    fast = np.arcsinh(np.diff(truth, axis=-1) / NET_SCALE) - slow
    states = {"slow": slow[..., -1].copy(), "fast": fast[..., -1].copy()}

    wrong = int(stats["diverging"].sum())
    netcdf = _netcdf(value, scores, states, {"slow": slow, "fast": fast}, stats, data, sampler)
    return BlockFit(scores, states, _diagnostics(scores | states, wrong), netcdf)


def _diagnostics(draws: Mapping[str, Array], divergences: int) -> Diagnostics:
    """The worst of each diagnostic over `draws`, (chain, draw) each; not a number if any of them is not."""
    import arviz
    import xarray

    kept = xarray.Dataset({name: (("chain", "draw"), values) for name, values in draws.items()})
    rhat, bulk = arviz.rhat(kept), arviz.ess(kept, method="bulk")
    tail = arviz.ess(kept, method="tail", prob=(0.05, 0.95))
    return Diagnostics(
        rhat=float(np.max([rhat[name] for name in draws])),
        ess_bulk=float(np.min([bulk[name] for name in draws])),
        ess_tail=float(np.min([tail[name] for name in draws])),
        divergences=divergences,
    )


def _netcdf(
    value: Mapping[str, Array],
    scores: Mapping[str, Array],
    states: Mapping[str, Array],
    paths: Mapping[str, Array],
    stats: "xarray.Dataset",
    data: FrontData,
    sampler: SamplerSettings,
) -> bytes:
    """The groups of `BlockFit.netcdf`. Nothing in them tells the time, so that equal fits are equal bytes.

    Args:
        value: parameters in their units, (chain, draw).
        scores: their normal scores, (chain, draw).
        states: slow and fast at the last week, (chain, draw).
        paths: slow and fast in all weeks seen, (chain, draw, week).
        stats: the sampler's record.
        data: the evidence.
        sampler: its settings.
    """
    import xarray

    over, by_week = ("chain", "draw"), ("chain", "draw", "week")
    some = slice(None, None, -(-sampler.draws // _PATHS))
    few = {name: draws[:, some] for name, draws in paths.items()}
    net = _replicates({name: draws[:, some] for name, draws in value.items()}, few["slow"], sampler.seed)
    seen = np.where(data.seen > 0, data.area, np.nan)[: data.last + 1]
    each = {"chain": np.arange(sampler.chains), "draw": np.arange(sampler.draws)}
    week = {"week": np.arange(data.last)}
    thinned = each | week | {"draw": each["draw"][some]}
    groups = {
        "posterior": xarray.Dataset(
            {name: (over, draws) for name, draws in value.items()}
            | {f"{name}_score": (over, draws) for name, draws in scores.items()}
            | {f"{name}_state": (over, draws) for name, draws in states.items()},
            each,
            asdict(sampler) | {"inference_library": "nutpie"},
        ),
        "posterior_paths": xarray.Dataset(
            {name: (by_week, path.astype(np.float32)) for name, path in few.items()}, thinned
        ),
        "posterior_predictive": xarray.Dataset({"net": (by_week, net.astype(np.float32))}, thinned),
        "sample_stats": xarray.Dataset({name: (over, stats[name].values) for name in _STATISTICS}, each),
        "observed_data": xarray.Dataset({"area": ("monday", seen), "net": ("week", np.diff(seen))}, week),
        "constant_data": xarray.Dataset({"season": ("week", data.season[: data.last])}, week),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posterior.nc"
        xarray.DataTree.from_dict(groups).to_netcdf(path, engine="h5netcdf")
        return path.read_bytes()


def _replicates(value: Mapping[str, Array], slow: Array, seed: int) -> Array:
    """Weekly net advance as the mapper would have drawn it again, given the slow level.

    Args:
        value: parameters in their units, (chain, draw).
        slow: the slow level, (chain, draw, week).
        seed: of the luck.

    Returns:
        (chain, draw, week), km2.
    """
    rng = np.random.default_rng([seed, 1])
    error = value["mapper_error"][..., None] * rng.standard_t(TAIL_DEGREES, (*slow.shape[:2], slow.shape[2] + 1))
    net = np.diff(error, axis=-1)
    persistence, scale = value["fast_persistence"], value["fast_scale"]
    fast = scale / np.sqrt(1.0 - persistence**2) * rng.standard_t(TAIL_DEGREES, scale.shape)
    for week in range(slow.shape[2]):
        if week:
            fast = persistence * fast + scale * rng.standard_t(TAIL_DEGREES, scale.shape)
        net[..., week] += NET_SCALE * np.sinh(slow[..., week] + fast)
    return net
