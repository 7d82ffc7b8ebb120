"""What the front's block takes and what it gives: evidence, settings, draws and the chains' diagnostics.

xarray is imported only when the netCDF file of a fit is opened.
"""

import io
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError

if TYPE_CHECKING:
    import xarray

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
