"""The front's block: what the weekly map says of the pace of the advance, its swings and its own errors.

One mapper measures the occupied area every Monday. Net advance of a week is taken on the scale
``z = asinh(net / 40 km2)``, near linear for small weeks of either sign and logarithmic for large ones. With
``m_t = level - mud * season_t`` and ``a = 2^(-1 / slow_half_life)``:

    slow    L_t = m_t + a (L_{t-1} - m_{t-1}) + slow_sd sqrt(1 - a^2) eps_t        eps ~ Normal(0, 1)
    fast    f_t = fast_persistence f_{t-1} + fast_scale tau_t                      tau ~ Student t, 4 degrees
    truth   X_{t+1} = X_t + 40 sinh(L_t + f_t)                                     km2
    map     A_t = X_t + mapper_error * u_t                                         u ~ Student t, 4 degrees

The simulator continues exactly this process from the last week that was seen. `front_data` says what goes in
and comes out, `front_model` how it is sampled, `front_tree` what is kept of the chains.

PyMC, ArviZ and xarray are imported only when something is compiled: reading a saved fit needs none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
from forecast.belief.front_model import compile_model, sample_model
from forecast.belief.front_tree import block_fit
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal

__all__ = [
    "FRONT_PARAMETERS",
    "NET_SCALE",
    "TAIL_DEGREES",
    "Array",
    "BlockFit",
    "CompiledFront",
    "Diagnostics",
    "FrontData",
    "SamplerSettings",
    "compile_front",
    "prior_front",
]


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
    return CompiledFront(weeks, dict(priors), compile_model(weeks, priors))


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
        trace = sample_model(self.compiled, data, sampler, progress=progress)
        return block_fit(trace, data, self.priors, sampler)


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
