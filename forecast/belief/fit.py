"""What a fit is asked for and what it gives: the sampler's settings, draws, and whether the chains agree.

xarray is imported only when the netCDF file of a fit is opened.
"""

import io
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecast.scenario.elicit import Array

if TYPE_CHECKING:
    import xarray


MAX_RHAT = 1.01
"""Largest R-hat at which draws are used (Vehtari et al., Bayesian Analysis 16(2), 2021)."""

MIN_ESS = 400
"""Least effective draws, in bulk and tails, at which they are used (same source: 100 a chain, of four)."""


LONGER = 4
"""Times as many draws that a second attempt takes; every so manieth is kept."""


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

    def longer(self) -> "SamplerSettings":
        """Settings for a second attempt, where chains did not agree: `LONGER` times the draws, twice the tuning."""
        careful = max(self.target_accept, 0.99)
        return replace(self, draws=LONGER * self.draws, tune=2 * self.tune, target_accept=careful)


@dataclass(frozen=True)
class Diagnostics:
    """Whether the chains agree: the worst over all parameters that are updated and all states handed on.

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


def failures(diagnostics: Diagnostics) -> list[str]:
    """Each diagnostic outside its limit, with the limit; empty for chains that agree."""
    found = diagnostics
    # Written so that a diagnostic that is not a number fails too.
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
class Trace:
    """What a sampler gives of one block.

    Attributes:
        scores: normal score of each parameter, by dotted name, (chain, draw).
        latents: by name, (chain, draw, ...).
        stats: the sampler's own record of each draw, by name, (chain, draw).
    """

    scores: dict[str, Array]
    latents: dict[str, Array]
    stats: dict[str, Array]

    def thinned(self, every: int) -> "Trace":
        """The same of every so manieth draw; a divergence is kept, whichever draw it was at."""
        few = {name: drawn[:, ::every] for name, drawn in self.stats.items()}
        wrong = self.stats["diverging"]
        few["diverging"] = wrong.reshape(len(wrong), -1, every).max(axis=2)
        return Trace(
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
        paths: levels week by week from the reference date to the as-of date, (chain, draw, K + 1); see
            `forecast.belief.block.Block.weekly`.
        diagnostics: of the sampler.
        netcdf: a netCDF file of ArviZ groups, see `forecast.belief.datatree`; empty for draws from the prior.
    """

    scores: dict[str, Array]
    states: dict[str, Array]
    paths: dict[str, Array]
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
