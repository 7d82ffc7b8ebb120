"""The front's block: what the weekly map says of the pace of the advance, its swings and its own errors.

One mapper measures the occupied area every Monday. Net advance of a week is taken on the scale
``z = asinh(net / 40 km2)``, near linear for small weeks of either sign and logarithmic for large ones. With
``m_t = level - mud * season_t`` and ``a = 2^(-1 / slow_half_life)``:

    slow    L_t = m_t + a (L_{t-1} - m_{t-1}) + slow_sd sqrt(1 - a^2) eps_t        eps ~ Normal(0, 1)
    fast    f_t = fast_persistence f_{t-1} + fast_scale tau_t                      tau ~ Student t, 4 degrees
    truth   X_{t+1} = X_t + 40 sinh(L_t + f_t)                                     km2
    map     A_t = X_t + mapper_error * u_t                                         u ~ Student t, 4 degrees

The simulator continues exactly this process from the last week that was seen. Three choices matter to the
sampler:

- The latents are the map's errors (in units of `mapper_error`) and the slow level itself, so that the fast
  part follows by subtraction: ``f = asinh((X_{t+1} - X_t) / 40) - L``, with the Jacobian
  ``-1/2 log(net^2 + 40^2)``.
- The slow level carries its mean and the season. With the mean added outside it the chains do not mix.
- Weeks after the last figure count for nothing: their latents get a standard normal of their own, independent
  of all else. That is exact, since nothing seen depends on them. Left in the process they would be sinh of a
  Student t, a distribution without a mean, through which no sampler walks. A Monday that is missing between
  two others does stay in the process; its area then has no figure to lean on.

So one compiled model, padded to the horizon, serves every as-of date of a scenario.

PyMC, ArviZ and xarray are imported only when something is compiled: reading a saved fit needs none of them.
"""

import atexit
import contextlib
import io
import math
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.elicit import Marginal, Ops

if TYPE_CHECKING:
    import pymc
    import xarray
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]

Array = NDArray[np.float64]

NET_SCALE = 40.0
"""Net advance, km2 a week, at which the asinh scale turns from linear to logarithmic."""

TAIL_DEGREES = 4.0
"""Degrees of freedom of the fast part's shocks and of the map's errors: heavy tails, finite variance."""

FRONT_PARAMETERS = (
    "level",
    "slow_sd",
    "slow_half_life",
    "fast_persistence",
    "fast_scale",
    "mud",
    "mapper_error",
)
"""The parameters of the block, in the order in which they are sampled.

`level`, `slow_sd`, `fast_scale` and `mud` are in units of z, `slow_half_life` in weeks, `fast_persistence` is
a share (an autocorrelation), `mapper_error` is in km2.
"""

_PATHS = 250
"""Draws of each chain, at most, whose weekly paths and replicated weeks are kept."""

_STATISTICS = ("diverging", "energy", "logp", "n_steps", "depth", "step_size", "mean_tree_accept")
"""What is kept of the sampler's own record of each draw."""

# PyTensor's numba code gives other draws when it is loaded from the compile cache than when it is freshly
# compiled, and with fast math even from one compile to the next. The same evidence, priors and seed must give
# the same bytes, so both are off while the block is compiled and sampled, whatever the user's own settings
# are. It costs some seconds of compiling in each process; the fit itself is kept by `forecast.belief.cache`.
_FLAGS = {"numba__fastmath": False, "numba__cache": False}


@dataclass(frozen=True)
class FrontData:
    """The weekly map as it was known on the as-of date, padded to the horizon.

    Attributes:
        area: (T+1,) occupied km2 by one mapper on each Monday, from the first used to the last before the
            horizon; 0 where it is not seen.
        seen: (T+1,) 1 where the figure was public on the as-of date, 0 where it was not or is missing.
        season: (T,) calendar shape of mud in the week that follows each Monday, between 0 (dry) and 1.

    Raises:
        ValueError: the shapes do not fit, or something is not finite or outside its range.
        InputError: the first Monday is not seen, or fewer than two Mondays are.
    """

    area: Array
    seen: Array
    season: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            values = np.array(getattr(self, field.name), dtype=np.float64)
            values.flags.writeable = False
            object.__setattr__(self, field.name, values)
        weeks = self.season.size
        if self.season.ndim != 1 or self.area.shape != (weeks + 1,) or self.seen.shape != (weeks + 1,):
            raise ValueError(
                f"area {self.area.shape} and seen {self.seen.shape} must be (T+1,), season {self.season.shape} (T,)"
            )
        if not np.isin(self.seen, (0.0, 1.0)).all():
            raise ValueError("seen must be 0 or 1")
        if not (np.isfinite(self.area).all() and (self.season >= 0).all() and (self.season <= 1).all()):
            raise ValueError("area must be finite, season between 0 and 1")
        if self.seen.sum() < 2 or self.seen[0] == 0:
            raise InputError(
                f"the front has {int(self.seen.sum())} weekly figures on the as-of date, "
                f"the first Monday {'seen' if self.seen[0] else 'not seen'}; it needs the first and one more"
            )

    @property
    def weeks(self) -> int:
        """T, the weeks from the first Monday to the padded last."""
        return int(self.season.size)

    @property
    def last(self) -> int:
        """Index of the last Monday seen, and number of weeks before it."""
        return int(np.flatnonzero(self.seen)[-1])


@dataclass(frozen=True)
class SamplerSettings:
    """How the posterior is sampled.

    Attributes:
        chains: independent chains.
        draws: draws kept of each chain.
        tune: draws of each chain spent on adapting, not kept.
        target_accept: mean acceptance that the step size is adapted to, between 0 and 1.
        seed: of all luck in the fit, not negative.
    """

    chains: int = 4
    draws: int = 3000
    tune: int = 1500
    target_accept: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Diagnostics:
    """Whether the chains agree, over the block's parameters and the two states it hands on.

    Attributes:
        rhat: largest rank-normalised split R-hat (Vehtari et al., Bayesian Analysis 16(2), 2021).
        ess_bulk: least effective sample size in the bulk.
        ess_tail: least effective sample size of the 5 and 95% quantiles.
        divergences: divergent transitions after tuning.
    """

    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: int


@dataclass(frozen=True)
class BlockFit:
    """Draws of a block.

    Attributes:
        scores: normal score of each parameter, (chain, draw); `Marginal.quantile` turns it into the
        parameter.
        states: `slow` (L) and `fast` (f) of the week that ended on the last Monday seen, (chain, draw), units
        of z.
        diagnostics: of the sampler.
        netcdf: a netCDF file of the ArviZ groups posterior (parameters, and their scores), sample_stats,
            observed_data and constant_data, and two with fewer draws: posterior_paths (slow and fast part,
            week by week) and posterior_predictive (net km2 of a week, replicated). Empty for draws from the
            prior.
    """

    scores: dict[str, Array]
    states: dict[str, Array]
    diagnostics: Diagnostics
    netcdf: bytes

    def tree(self) -> "xarray.DataTree":
        """The fit as a DataTree for ArviZ (imports xarray)."""
        import xarray

        with xarray.open_datatree(io.BytesIO(self.netcdf), engine="h5netcdf") as tree:
            return tree.load()

    def save(self, path: Path) -> None:
        """Write the netCDF file to `path`, whole or not at all."""
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_bytes(self.netcdf)
        part.replace(path)


def prior_front(data: FrontData, priors: Mapping[str, Marginal], sampler: SamplerSettings) -> BlockFit:
    """Draws of the block from its prior: scores from Normal(0, 1), states from the stationary distribution.

    The season of the last week seen enters; no area does.

    Args:
        data: for the week that the states belong to.
        priors: of `FRONT_PARAMETERS`.
        sampler: its chains, draws and seed count.
    """
    _check_priors(priors)
    rng = np.random.default_rng(sampler.seed)
    shape = (sampler.chains, sampler.draws)
    scores = {name: rng.standard_normal(shape) for name in FRONT_PARAMETERS}
    value = {name: np.asarray(priors[name].quantile(scores[name]), dtype=float) for name in FRONT_PARAMETERS}
    mean = value["level"] - value["mud"] * data.season[data.last - 1]
    slow = mean + value["slow_sd"] * rng.standard_normal(shape)
    fast = np.zeros(shape)
    for _ in range(200):  # forgets its start of 0 even at a persistence of 0.97
        fast = value["fast_persistence"] * fast + value["fast_scale"] * rng.standard_t(TAIL_DEGREES, shape)
    independent = Diagnostics(rhat=1.0, ess_bulk=float(slow.size), ess_tail=float(slow.size), divergences=0)
    return BlockFit(scores, {"slow": slow, "fast": fast}, independent, b"")


def compile_front(weeks: int, priors: Mapping[str, Marginal]) -> "CompiledFront":
    """Compile the block for data of `weeks` weeks; it then fits any as-of date within them.

    Takes 15 to 30 s, most of it imports and compiling.

    Args:
        weeks: T, from the first Monday to the padded last.
        priors: of `FRONT_PARAMETERS`.

    Raises:
        InputError: a prior is missing or is of a family that cannot be updated.
    """
    _check_priors(priors)
    nutpie, pytensor = _import_samplers()
    with _quietly(), pytensor.config.change_flags(**_FLAGS):
        model = _model(weeks, priors)
        return CompiledFront(weeks, dict(priors), nutpie.compile_pymc_model(model))


@dataclass(frozen=True)
class CompiledFront:
    """The block compiled for one length of data and one set of priors.

    Attributes:
        weeks: T of the data it takes.
        priors: of the block's parameters.
        compiled: nutpie's compiled model.
    """

    weeks: int
    priors: dict[str, Marginal]
    compiled: Any

    def fit(self, data: FrontData, sampler: SamplerSettings, *, progress: bool = False) -> BlockFit:
        """Sample the posterior given `data`.

        Args:
            data: with T equal to `weeks`.
            sampler: settings; with the same settings, data and priors the draws are the same bytes.
            progress: show a progress bar on standard error.

        Raises:
            ValueError: `data` has another number of weeks.
        """
        if data.weeks != self.weeks:
            raise ValueError(f"compiled for {self.weeks} weeks, given {data.weeks}")
        nutpie, pytensor = _import_samplers()
        # The starting point is compiled when it is first called, so the flags must hold here too.
        with _quietly(), pytensor.config.change_flags(**_FLAGS):
            trace = nutpie.sample(
                self.compiled.with_data(**_inputs(data)),
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
        return _block_fit(trace, data, self.priors, sampler)


def pytensor_ops() -> Ops:
    """The elementary functions of the quantile maps, on PyTensor's variables."""
    import pytensor.tensor as pt

    return cast(
        Ops,
        SimpleNamespace(
            exp=pt.exp, sinh=pt.sinh, arcsinh=pt.arcsinh, ndtr=lambda x: 0.5 * pt.erfc(-x / math.sqrt(2.0))
        ),
    )


def _check_priors(priors: Mapping[str, Marginal]) -> None:
    """Refuse priors that are missing, unknown, or without a closed form."""
    if set(priors) != set(FRONT_PARAMETERS):
        raise InputError(
            f"the front's block takes priors for {', '.join(FRONT_PARAMETERS)}; found {', '.join(priors) or 'none'}"
        )
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


def _inputs(data: FrontData) -> dict[str, Array]:
    """The model's data.

    Returns:
        `area`: (T+1,) km2 above the first figure; gaps are filled, which only moves the origin of their
        latents. `seen`, `season`: as in `data`. `after`: (T+1,) 1 on Mondays after the last figure.
    """
    monday = np.arange(data.weeks + 1)
    at = data.seen > 0
    return {
        "area": np.interp(monday, monday[at], data.area[at] - data.area[0]),
        "seen": data.seen,
        "after": (monday > data.last).astype(np.float64),
        "season": data.season,
    }


def _model(weeks: int, priors: Mapping[str, Marginal]) -> "pymc.Model":
    """The PyMC model of the module's docstring, for `weeks` weeks; its data are filled in later."""
    import pymc as pm
    import pytensor.tensor as pt

    nu, ops = TAIL_DEGREES, pytensor_ops()
    constant = math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi)

    def log_t(x: "Tensor") -> "Tensor":
        return cast("Tensor", constant - 0.5 * (nu + 1) * pt.log1p(x**2 / nu))

    with pm.Model() as model:
        area = pm.Data("area", np.zeros(weeks + 1))
        seen = pm.Data("seen", np.ones(weeks + 1))
        after = pm.Data("after", np.zeros(weeks + 1))
        season = pm.Data("season", np.zeros(weeks))
        live = 1.0 - after[1:]
        value = {name: priors[name].quantile(pm.Normal(name, 0.0, 1.0), ops=ops) for name in FRONT_PARAMETERS}

        # The truth, by way of the map's errors. At a missing Monday 40 km2 is the latent's unit, no more.
        error = pm.Flat("error", shape=weeks + 1, initval=np.zeros(weeks + 1))
        truth = area + error * pt.switch(seen > 0, value["mapper_error"], NET_SCALE)
        pm.Potential("map", (seen * log_t(error) - 0.5 * after * error**2).sum())

        # The slow level around its mean and season, started in its stationary distribution.
        slow = pm.Flat("slow", shape=weeks, initval=np.full(weeks, 0.5))
        sd = value["slow_sd"]
        keep = pt.exp(-math.log(2.0) / value["slow_half_life"])
        step = sd * pt.sqrt(1.0 - keep**2)
        away = slow - (value["level"] - value["mud"] * season)
        start = -0.5 * (away[0] / sd) ** 2 - pt.log(sd)
        moves = -0.5 * ((away[1:] - keep * away[:-1]) / step) ** 2 - pt.log(step)
        pm.Potential("drift", start + pt.switch(live[1:] > 0, moves, -0.5 * slow[1:] ** 2).sum())

        # The fast part is what the slow level leaves of the week's net advance.
        net = truth[1:] - truth[:-1]
        fast = pt.arcsinh(net / NET_SCALE) - slow
        scale, persistence = value["fast_scale"], value["fast_persistence"]
        start_scale = scale / pt.sqrt(1.0 - persistence**2)
        shock = (fast[1:] - persistence * fast[:-1]) / scale
        pm.Potential(
            "shocks",
            log_t(fast[0] / start_scale)
            - pt.log(start_scale)
            + (live[1:] * (log_t(shock) - pt.log(scale))).sum()
            - 0.5 * (live * pt.log(net**2 + NET_SCALE**2)).sum(),
        )
    return model


def _block_fit(
    trace: "xarray.DataTree", data: FrontData, priors: Mapping[str, Marginal], sampler: SamplerSettings
) -> BlockFit:
    """The parts of nutpie's trace that are kept, with diagnostics and the netCDF file."""
    posterior, stats = trace["posterior"].to_dataset(), trace["sample_stats"].to_dataset()
    last = data.last
    scores = {name: np.ascontiguousarray(posterior[name].values) for name in FRONT_PARAMETERS}
    value = {name: np.asarray(priors[name].quantile(scores[name]), dtype=float) for name in FRONT_PARAMETERS}
    inputs = _inputs(data)
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
