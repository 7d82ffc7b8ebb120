"""Sobol' indices of sets of inputs, with bootstrap intervals, from a design of exchanged sets.

The design is Saltelli's (2002): two samples A and B of all sets, and for each set s the samples A_s (A with the set of
B) and B_s (B with the set of A). The points are those of a scrambled Sobol' sequence in twice as many dimensions as
there are sets, as in SALib; so the number of pairs must be a power of two. First and total indices are those of
`pick_freeze`. The second order of two sets i and j is

    S_ij = (mean[f(B_i) f(A_j)] - mean[f(A) f(B)]) / V - S_i - S_j

where B_i and A_j share the sets i and j and nothing else. A product of two values takes each from another seed, so that
noise that does not depend on the inputs is in none of the indices.

A. Saltelli, Computer Physics Communications 145, 280-297 (2002); A. Owen, ACM TOMACS 8, 71-102 (1998), for scrambling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.sweep.pick_freeze import mean_scale, noise_free, resamples, terms

LEAST, MOST = 16, 2048
"""Fewest and most pairs."""

INTERVAL = (0.05, 0.95)
"""Quantiles of the bootstrap that an interval goes from and to."""

WIDE = 0.1
"""Standard error of an index above which it is called imprecise."""


@dataclass(frozen=True)
class Values:
    """The values of a function in a design; each (pairs, 2 seeds).

    Attributes:
        a: in the sample A.
        b: in the sample B.
        a_moved: of each set, in A with the set of B.
        b_moved: of each set, in B with the set of A.
    """

    a: Array
    b: Array
    a_moved: Mapping[str, Array]
    b_moved: Mapping[str, Array]


@dataclass(frozen=True)
class Indices:
    """Indices of one output.

    Attributes:
        table: a row for each set: `set`, `first` and `total`, each with `_error`, `_low` and `_high`.
        pairs: a row for each two sets: `one`, `other`, `second` with its error and interval.
        variance: of the function, without noise.
        variance_error: its standard error.
        noise: variance of a value about the function, of one seed.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    variance: float
    variance_error: float
    noise: float

    @property
    def varies(self) -> bool:
        """Whether the variance can be told from 0."""
        return self.variance > 2.0 * self.variance_error and self.variance > 1e-12

    @property
    def widest(self) -> float:
        """The largest standard error of a total index."""
        return float(self.table["total_error"].max()) if self.varies else np.inf


def check_base(base: int) -> int:
    """Check the number of pairs of a design.

    Raises:
        InputError: it is not a power of two from 16 to 2,048.
    """
    if not LEAST <= base <= MOST or base & (base - 1):
        near = [2**k for k in range(4, 12)]
        remedy = f"Give {min(near, key=lambda n: (abs(n - base), n)):,}"
        what = f"found {base:,}; expected a power of two from {LEAST} to {MOST:,}, as a Sobol' sequence needs"
        raise InputError(what, key="--base", remedy=remedy)
    return base


def design(sets: int, base: int, seed: int) -> tuple[Array, Array]:
    """The points of the samples A and B in the unit cube, (base, sets) each.

    Raises:
        InputError: the number of pairs is not a power of two.
    """
    from scipy.stats import qmc  # imports for two seconds

    points = qmc.Sobol(2 * sets, scramble=True, rng=np.random.default_rng(seed)).random(check_base(base))
    return points[:, :sets], points[:, sets:]


def indices(values: Values, seed: int, *, second: bool = True) -> Indices:
    """The indices of each set, and of each two.

    Args:
        values: of the function. Its mean over the seeds counts; a function without noise has twice the same.
        seed: of the bootstrap.
        second: also of each two sets.
    """
    names = list(values.a_moved)
    weights = resamples(len(values.a), seed)
    a, b = values.a[..., None], values.b[..., None]
    own = {
        name: terms(a, b, values.a_moved[name][..., None], values.b_moved[name][..., None], noise_free)
        for name in names
    }
    scale = mean_scale(list(own.values()))
    variance, resampled = float(scale.mean()) / 4.0, weights @ scale / 4.0 / len(scale)
    made = Indices(
        table=pd.DataFrame({"set": names}),
        pairs=pd.DataFrame(columns=["one", "other", "second", "second_error", "second_low", "second_high"]),
        variance=variance,
        variance_error=float(resampled.std(ddof=1)),
        noise=float(((values.a[:, 0] - values.a[:, 1]) ** 2).mean() / 2.0),
    )
    rows: list[dict[str, Any]] = [{"set": name} for name in names]
    for row, name in zip(rows, names, strict=True):
        row |= _ratio("first", own[name].first, scale, weights, sound=made.varies)
        row |= _ratio("total", own[name].total, scale, weights, sound=made.varies)
    pairs = []
    if second and made.varies:
        pairs = _second(values, {name: own[name].first for name in names}, scale, weights)
    table = pd.DataFrame(pairs) if pairs else made.pairs
    return Indices(pd.DataFrame(rows), table, made.variance, made.variance_error, made.noise)


def _second(values: Values, first: Mapping[str, Array], scale: Array, weights: Array) -> list[dict[str, Any]]:
    """The rows of each two sets."""
    middle = (values.a.mean() + values.b.mean()) / 2.0
    a, b = values.a - middle, values.b - middle
    apart = _product(a, b)
    rows = []
    for one, other in combinations(first, 2):
        shared = _product(values.b_moved[one] - middle, values.a_moved[other] - middle)
        shared = (shared + _product(values.a_moved[one] - middle, values.b_moved[other] - middle)) / 2.0
        term = 4.0 * (shared - apart) - first[one] - first[other]
        rows.append({"one": one, "other": other} | _ratio("second", term, scale, weights, sound=True))
    return rows


def _product(x: Array, y: Array) -> Array:
    """The product of values by pair, each factor from another seed."""
    return noise_free(x[..., None], y[..., None])


def _ratio(name: str, top: Array, below: Array, weights: Array, *, sound: bool) -> dict[str, float]:
    """An index with its bootstrap error and interval; NaN if the variance is not sound."""
    keys = (name, f"{name}_error", f"{name}_low", f"{name}_high")
    if not sound:
        return dict.fromkeys(keys, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (weights @ top) / (weights @ below)
    found = found[np.isfinite(found)]
    ends = np.quantile(found, INTERVAL)
    numbers = (top.sum() / below.sum(), found.std(ddof=1), *ends)
    return dict(zip(keys, (float(x) for x in numbers), strict=True))


def cautions(found: Indices, output: str, base: int) -> list[str]:
    """Cautions about indices, in words."""
    if not found.varies:
        return [
            f"{output}: its variance between draws is {found.variance:.2g} with a standard error of "
            f"{found.variance_error:.2g}, which cannot be told from 0, so it has no indices. "
            "Ask for more timelines or a larger --base, or for another output."
        ]
    notes = []
    table = found.table
    low = table.loc[(table["first"] < 0.0) | (table["total"] < 0.0), "set"]
    if len(low):
        notes.append(
            f"{output}: {_some(low)} {'has' if len(low) == 1 else 'have'} an index below 0. True indices are not "
            "negative; these are estimates of small ones, within their error."
        )
    wide = table.loc[(table["total_error"] > WIDE) | (table["first_error"] > WIDE), "set"]
    if len(wide):
        notes.append(
            f"{output}: the standard error of an index is above {WIDE:g} for {_some(wide)}, which is imprecise. "
            f"Ask for more timelines, or for a --base above {base:,}."
        )
    return notes


def _some(names: Sequence[str]) -> str:
    """The first of some names, and the number of the others."""
    listed = list(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
