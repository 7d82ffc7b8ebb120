"""The posterior as a table: one row for each draw, one column for each prior.

The priors that the evidence updates, here called the block, enter with their posterior scores. All others are drawn
given those scores, through a Gaussian copula. With the scores in the order block, world, timeline, and ``R = L L'``
the correlations of a connected group,

    s = L e,    e_block = s_block,    e_j ~ Normal(0, 1) for every other prior

Correlations inside the block are refused, so R of the block alone is the identity. The evidence changes another
prior only through its correlation with the block, so these are draws from the joint posterior.

**Random numbers belong to names.** e_j is a function of (seed, name of the prior, row): another prior, more rows or
another order of the files do not change it. A group is transformed in the sorted order of its names, so a new
member of a group changes that group only.

**Rows are stratified in blocks of 100.** Within rows 0-99, 100-199, and so on, each prior visits every hundredth of
its distribution once, in a random order of its own. A single row is a draw from the joint prior, and the orders of
two priors are independent, so joint distributions within a row are exactly those of the prior. The rows of one block
avoid each other in each prior alone, which reduces the noise in the effect of a single prior. Every prefix is a fair
sample, and a prefix of whole blocks (500 of 4,000) is as well stratified as the table. A Latin hypercube over all
rows would lose that property, and a van der Corput sequence in every column would correlate the columns.
"""

import functools
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.scenario.elicit import Marginal
from forecast.scenario.prior import Correlation, Prior

STRATA = 100
"""Rows of a block, in which every prior visits each hundredth of its distribution once."""

_FILE = "correlations.toml"


@dataclass(frozen=True)
class DrawTable:
    """Draws of every prior.

    Attributes:
        values: (count rows, a column per prior in the order given), in the unit of the prior. For a prior
            that varies by timeline: the median of its distribution given the row.
        scores: the normal scores of `values`.
        log_prior: (count,) log density of the joint prior at each row. It covers the priors that vary by world,
            those of the block included; a point contributes 0.
        timeline: names of the priors that vary by timeline, sorted.
        timeline_mean: (count, k) mean of their scores given the row.
        timeline_chol: (k, k) lower Cholesky factor of the covariance of their scores given the row: a
            timeline's scores are ``timeline_mean + timeline_chol @ e``, e from Normal(0, 1).
    """

    values: pd.DataFrame
    scores: pd.DataFrame
    log_prior: Array
    timeline: tuple[str, ...]
    timeline_mean: Array
    timeline_chol: Array


def draw_table(
    priors: Mapping[str, Prior],
    correlations: Sequence[Correlation],
    count: int,
    seed: int,
    block_scores: Mapping[str, Array],
    own: Mapping[str, Array] | None = None,
) -> DrawTable:
    """Draw every prior, given the posterior scores of the block.

    Args:
        priors: by dotted name.
        correlations: of the normal scores, each between two priors other than points; pairs without an entry are
            uncorrelated.
        count: rows.
        seed: of all random numbers.
        block_scores: scores of the priors that the evidence updates, (count,) each, by dotted name.
        own: (count,) numbers e_j that take the place of stratified ones, by dotted name; none by default.

    Raises:
        InputError: a correlation inside the block; correlations that are not positive definite.
        ValueError: block scores of an unknown prior, of one that varies by timeline, or of another length.
    """
    for name, scores in block_scores.items():
        if name not in priors or priors[name].varies != "world":
            raise ValueError(f"block scores of {name!r}, which is not a prior that varies by world")
        if np.shape(scores) != (count,):
            raise ValueError(f"block scores of {name!r} have shape {np.shape(scores)}, not ({count},)")
    _check_block(correlations, block_scores)
    own = own or {}

    timeline = tuple(sorted(name for name, prior in priors.items() if prior.varies == "timeline"))
    place = {name: index for index, name in enumerate(timeline)}
    mean, chol = np.zeros((count, len(timeline))), np.eye(len(timeline))
    scores_of: dict[str, Array] = {}
    values_of: dict[str, Array] = {}
    log_prior = np.zeros(count)

    for group in _groups(priors, correlations):
        names = _ordered(group, priors, block_scores)
        alone = names[0]
        if len(names) == 1 and alone not in block_scores and alone not in own and priors[alone].varies == "world":
            scores_of[alone], values_of[alone], density = independent(alone, priors[alone].marginal, count, seed)
            log_prior += density
            continue
        constant = [name for name in names if priors[name].varies == "world"]
        factor = _factor(names, correlations)
        drawn = np.column_stack(
            [
                block_scores[name] if name in block_scores else own.get(name, stratified(name, count, seed))
                for name in constant
            ]
            or [np.empty((count, 0))]
        )
        # Column by column, in a fixed order: a matrix product may round differently on another machine.
        mixed = sum((drawn[:, [j]] * factor[:, j] for j in range(len(constant))), np.zeros((count, len(names))))
        for j, name in enumerate(names):
            scores_of[name] = mixed[:, j]
        # Density of the copula: the joint density of the scores divided by the product of their densities.
        world = mixed[:, : len(constant)]
        log_prior += 0.5 * (world**2 - drawn**2).sum(axis=1) - np.log(np.diag(factor)[: len(constant)]).sum()
        for name in constant:
            log_prior += priors[name].marginal.log_density(scores_of[name])
        values_of |= {name: priors[name].marginal.quantile(scores_of[name]) for name in names}
        varying = names[len(constant) :]
        columns = [place[name] for name in varying]
        mean[:, columns] = mixed[:, len(constant) :]
        chol[np.ix_(columns, columns)] = factor[len(constant) :, len(constant) :]

    table = pd.DataFrame({name: scores_of[name] for name in priors})
    values = pd.DataFrame({name: values_of[name] for name in priors})
    # A far draw rounds to a chance of 1, which has no rate.
    yearly = [name for name, prior in priors.items() if prior.unit == "chance/year"]
    values[yearly] = values[yearly].clip(upper=float(np.nextafter(1.0, 0.0)))
    return DrawTable(values, table, log_prior, timeline, mean, chol)


def interleave(chains: Array, count: int) -> Array:
    """Thin chains to `count` draws: the chains take turns, and consecutive draws of a chain are far apart.

    The positions within a chain follow the reversed bits of 0, 1, 2, ... (van der Corput's order), so that
    any prefix spreads over all chains and over their whole length. All parameters of a fit have the same order.

    Args:
        chains: (chain, draw, ...).
        count: number of draws.

    Returns:
        (count, ...)

    Raises:
        InputError: the chains have fewer draws.
    """
    number, length = chains.shape[:2]
    if count > number * length:
        raise InputError(
            f"{count} draws requested from {number} chains of {length}", remedy="Request fewer draws, or sample more"
        )
    turn = np.arange(count)
    return np.asarray(chains[turn % number, _spread(length)[turn // number]], dtype=np.float64)


@functools.lru_cache(maxsize=8)
def _spread(length: int) -> NDArray[np.int64]:
    """The positions 0 to length - 1 in van der Corput's order."""
    bits = max(1, math.ceil(math.log2(length)))
    spread = [int(f"{index:0{bits}b}"[::-1], 2) for index in range(2**bits)]
    return np.array([position for position in spread if position < length])


def generator(seed: int, name: str) -> np.random.Generator:
    """A random number generator that depends on a seed and a name only."""
    key = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "little")))


@functools.lru_cache(maxsize=1024)
def stratified(name: str, count: int, seed: int) -> Array:
    """(count,) standard normals that depend on name and seed only, stratified in blocks of `STRATA` rows; read only."""
    rng = generator(seed, name)
    blocks = range(-(-count // STRATA))
    uniform = np.concatenate([(rng.permutation(STRATA) + rng.random(STRATA)) / STRATA for _ in blocks])
    # The outer strata may round to 0 or 1, which have infinite scores.
    found = np.asarray(special.ndtri(np.clip(uniform[:count], 2.0**-53, 1.0 - 2.0**-53)))
    found.flags.writeable = False  # shared by the members of a pool and by all dates
    return found


@functools.lru_cache(maxsize=1024)
def independent(name: str, marginal: Marginal, count: int, seed: int) -> tuple[Array, Array, Array]:
    """Scores, values and log densities of a prior that is correlated with no other; read only.

    Members of a pool share most of their priors, and the dates of a scenario share all.
    """
    scores = stratified(name, count, seed)
    values, density = marginal.quantile(scores), marginal.log_density(scores)
    for array in (values, density):
        array.flags.writeable = False
    return scores, values, density


def _check_block(correlations: Sequence[Correlation], block: Mapping[str, Array]) -> None:
    """Refuse a correlation inside the block."""
    for pair in correlations:
        if pair.first in block and pair.second in block:
            raise InputError(
                "both are updated by the same evidence, so their correlation is not an input",
                file=_FILE,
                key=f"{pair.first}, {pair.second}",
                remedy="Remove the correlation",
            )


def _groups(priors: Mapping[str, Prior], correlations: Sequence[Correlation]) -> list[list[str]]:
    """The priors in groups connected by correlations, each group and the list of groups in sorted order."""
    group = {name: [name] for name in priors}
    for pair in correlations:
        one, other = group[pair.first], group[pair.second]
        if one is not other:
            one.extend(other)
            for name in other:
                group[name] = one
    unique = {id(names): sorted(names) for names in group.values()}
    return sorted(unique.values())


def _ordered(group: Sequence[str], priors: Mapping[str, Prior], block: Mapping[str, Array]) -> list[str]:
    """A group's names: the block's, then the world's, then the timeline's, each sorted."""
    return sorted(group, key=lambda name: (priors[name].varies == "timeline", name not in block, name))


def _factor(names: Sequence[str], correlations: Sequence[Correlation]) -> Array:
    """The lower Cholesky factor of a group's correlations.

    Raises:
        InputError: the correlations contradict each other.
    """
    index = {name: i for i, name in enumerate(names)}
    matrix = np.eye(len(names))
    for pair in correlations:
        if pair.first in index:
            i, j = index[pair.first], index[pair.second]
            matrix[i, j] = matrix[j, i] = pair.rho
    try:
        return np.asarray(np.linalg.cholesky(matrix))
    except np.linalg.LinAlgError:
        raise InputError(
            f"no distribution has these correlations among {', '.join(names)}: not positive definite",
            file=_FILE,
            remedy="Make them weaker, or add the missing pairs, which count as uncorrelated",
        ) from None
