"""A fit: the sampler's settings, the draws, and diagnostics of the chains.

xarray is imported only when the netCDF file of a fit is opened.
"""

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from forecast.arrays import Array

if TYPE_CHECKING:
    import xarray


MAX_RHAT = 1.01
"""Largest acceptable R-hat (Vehtari et al., Bayesian Analysis 16(2), 2021)."""

MIN_ESS = 400
"""Smallest acceptable effective sample size, in bulk and tails (same source: 100 for each of four chains)."""


LONGER = 4
"""Factor by which a second attempt has more draws; it is thinned by the same factor."""


@dataclass(frozen=True)
class SamplerSettings:
    """Settings of the sampler.

    Attributes:
        chains: number of independent chains.
        draws: draws of each chain after tuning.
        tune: draws of each chain that adapt the sampler and are discarded.
        target_accept: mean acceptance probability to which the step size is adapted, between 0 and 1.
        seed: of all random numbers in the fit, not negative.
    """

    chains: int = 4
    draws: int = 3000
    tune: int = 1500
    target_accept: float = 0.95
    seed: int = 0

    def longer(self) -> "SamplerSettings":
        """Settings for a second attempt, if chains did not agree: `LONGER` times the draws, twice the tuning."""
        careful = max(self.target_accept, 0.99)
        return replace(self, draws=LONGER * self.draws, tune=2 * self.tune, target_accept=careful)


@dataclass(frozen=True)
class Diagnostics:
    """Whether the chains agree: the worst values over all updated parameters and all levels.

    Attributes:
        rhat: largest rank-normalised split R-hat (Vehtari et al., Bayesian Analysis 16(2), 2021).
        ess_bulk: smallest effective sample size in the bulk.
        ess_tail: smallest effective sample size of the 5 and 95% quantiles.
        divergences: divergent transitions after tuning.
    """

    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: int


def failures(diagnostics: Diagnostics) -> list[str]:
    """Each diagnostic outside its limit, with the limit; empty if the chains agree."""
    found = diagnostics
    # Written so that NaN fails too.
    return [
        text
        for text, good in (
            (f"R-hat {found.rhat:.4f} (at most {MAX_RHAT})", found.rhat <= MAX_RHAT),
            (f"bulk ESS {found.ess_bulk:.0f} (at least {MIN_ESS})", found.ess_bulk >= MIN_ESS),
            (f"tail ESS {found.ess_tail:.0f} (at least {MIN_ESS})", found.ess_tail >= MIN_ESS),
            (f"{found.divergences} divergences (at most 0)", found.divergences == 0),
        )
        if not good
    ]


@dataclass(frozen=True)
class Chains:
    """The chains of one block.

    Attributes:
        scores: normal score of each parameter, by dotted name, (chain, draw).
        latents: by name, (chain, draw, ...).
        stats: the sampler's statistics of each draw, by name, (chain, draw).
    """

    scores: dict[str, Array]
    latents: dict[str, Array]
    stats: dict[str, Array]

    def thinned(self, every: int) -> "Chains":
        """Keep one draw in `every`; a kept draw counts as divergent if any of its group was."""
        few = {name: drawn[:, ::every] for name, drawn in self.stats.items()}
        wrong = self.stats["diverging"]
        few["diverging"] = wrong.reshape(len(wrong), -1, every).max(axis=2)
        return Chains(
            {name: np.ascontiguousarray(drawn[:, ::every]) for name, drawn in self.scores.items()},
            {name: np.ascontiguousarray(drawn[:, ::every]) for name, drawn in self.latents.items()},
            few,
        )


@dataclass(frozen=True)
class Fit:
    """Draws of all blocks, jointly.

    Attributes:
        scores: normal score of each parameter, by dotted name, (chain, draw); `Marginal.quantile` turns it into
            the parameter.
        states: levels on the as-of date, by dotted name, (chain, draw).
        paths: levels by week from the reference date to the as-of date, (chain, draw, K + 1); see
            `forecast.belief.block.Block.weekly`.
        diagnostics: of the sampler.
        netcdf: a netCDF file of ArviZ groups, see `forecast.belief.datatree`; empty for draws from the prior.
        key: the key under which the cache keeps it, see `forecast.belief.cache`; empty for draws from the prior.
    """

    scores: dict[str, Array]
    states: dict[str, Array]
    paths: dict[str, Array]
    diagnostics: Diagnostics
    netcdf: bytes
    key: str = ""

    def tree(self) -> "xarray.DataTree":
        """The fit as a DataTree for ArviZ (imports xarray)."""
        import xarray

        with xarray.open_datatree(io.BytesIO(self.netcdf), engine="h5netcdf") as tree:
            return tree.load()
