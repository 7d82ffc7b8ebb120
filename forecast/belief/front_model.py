"""The PyMC model of the front's block, and its sampling.

The equations are those of `forecast.belief.front`. Three choices matter to the sampler:

- The latents are the map's errors (in units of `mapper_error`) and the slow level itself, so that the fast
  part follows by subtraction: ``f = asinh((X_{t+1} - X_t) / 40) - L``, with the Jacobian
  ``-1/2 log(net^2 + 40^2)``.
- The slow level carries its mean and the season. With the mean added outside it the chains do not mix.
- Weeks after the last figure count for nothing: their latents get a standard normal of their own, independent
  of all else. That is exact, since nothing seen depends on them. Left in the process they would be sinh of a
  Student t, a distribution without a mean, through which no sampler walks. A Monday that is missing between
  two others does stay in the process; its area then has no figure to lean on.

So one compiled model, padded to the horizon, serves every as-of date of a scenario.

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
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from forecast.belief.front_data import (
    FRONT_PARAMETERS,
    NET_SCALE,
    TAIL_DEGREES,
    Array,
    FrontData,
    SamplerSettings,
)
from forecast.scenario.elicit import Marginal, Ops

if TYPE_CHECKING:
    import pymc
    import xarray
    from pytensor.tensor.variable import TensorVariable

    Tensor = TensorVariable[Any, Any]

# PyTensor's numba code gives other draws when it is loaded from the compile cache than when it is freshly
# compiled, and with fast math even from one compile to the next. The same evidence, priors and seed must give
# the same bytes, so both are off while the block is compiled and sampled, whatever the user's own settings
# are. It costs some seconds of compiling in each process; the fit itself is kept by `forecast.belief.cache`.
_FLAGS = {"numba__fastmath": False, "numba__cache": False}


def compile_model(weeks: int, priors: Mapping[str, Marginal]) -> Any:
    """The model as nutpie compiles it, for `weeks` weeks."""
    nutpie, pytensor = _import_samplers()
    with _quietly(), pytensor.config.change_flags(**_FLAGS):
        return nutpie.compile_pymc_model(front_model(weeks, priors))


def sample_model(compiled: Any, data: FrontData, sampler: SamplerSettings, *, progress: bool) -> "xarray.DataTree":
    """The trace of the compiled model, as nutpie gives it, given `data`."""
    nutpie, pytensor = _import_samplers()
    # The starting point is compiled when it is first called, so the flags must hold here too.
    with _quietly(), pytensor.config.change_flags(**_FLAGS):
        trace: xarray.DataTree = nutpie.sample(
            compiled.with_data(**model_data(data)),
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


def model_data(data: FrontData) -> dict[str, Array]:
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


def front_model(weeks: int, priors: Mapping[str, Marginal]) -> "pymc.Model":
    """The PyMC model of the block, for `weeks` weeks; its data, `model_data`, are filled in later."""
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


def pytensor_ops() -> Ops:
    """The elementary functions of the quantile maps, on PyTensor's variables."""
    import pytensor.tensor as pt

    return cast(
        Ops,
        SimpleNamespace(
            exp=pt.exp, sinh=pt.sinh, arcsinh=pt.arcsinh, ndtr=lambda x: 0.5 * pt.erfc(-x / math.sqrt(2.0))
        ),
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
