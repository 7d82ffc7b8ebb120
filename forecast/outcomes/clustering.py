"""Shares of timelines with their Monte Carlo error and their 90% range, for one member or a pool.

Timelines come in clusters: those of one draw have the same parameters. With p_d the share among the timelines of
draw d:

- the standard error is that of the mean of clusters, sqrt(sum_d (sum_i e_i)^2) / n, e_i = x_i - p;
- the interval is the 5 to 95% range over draws of the probability behind p_d, with the noise of finitely many timelines
  removed (`between_draws`). It is widened to contain p. It shows how far the odds could move if the parameters were
  known, and assumes that the model is right. It is not an error of the simulation.

The standard error estimates how much the odds would vary if the simulation were repeated with other draws and random
numbers. It takes the draws for a random sample, unless the scores of the priors that were drawn in strata are given.
Each of these visits every hundredth of its distribution equally often, so what the share owes to one of them alone
does not vary from sample to sample (Stein, Technometrics 29, 1987), and the error is that of what they leave
unexplained (`Strata`). So it is as of the reference date, in the summary of a run. As of a later date draws are
selected by their weights, and a draw that is selected several times is one cluster. Where few draws carry most of the
weight, the estimate is itself imprecise (`diagnostics.effective_draws` of `summary.json`). More timelines of the same
draws remove only a part of the error.
Where all timelines agree the error is 0, which does not mean that the share is exact: an event that happens in none of
n timelines may have a probability up to about 3 / n. A single draw has neither error nor interval.

The error of a ratio (odds given an event, shares of a total) is that of its linearised residuals. In its interval a
draw counts in proportion to its denominator.

A pool has several members m of weight w_m. Each has its own timelines, from the same draw numbers and random numbers.
Then, with p_m the share among a member's own timelines:

- the share is p = sum_m w_m p_m; for a ratio, sum_m w_m X_m / sum_m w_m Y_m, X and Y being means over the timelines of
  each member;
- the standard error is that of sum_d (sum_m sum_i w_m e_mi / n_m): clusters are draw numbers, across members;
- the interval is the 5 to 95% range of the mixture, over members and draws, of the probability given a member and a
  draw. A member has the weight w_m in it; in a ratio w_m Y_m, so that the mixture's mean is p;
- `between_members` is the share of the mixture's variance that lies between the p_m: how much of the interval is
  disagreement between members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.arrays import Array
from forecast.errors import InputError
from forecast.inputs.parsing import given_number, shortened
from forecast.outcomes.between_draws import quantiles_between_draws
from forecast.outcomes.conditions import Timelines

MEMBER = "perspective"
"""Column of a pool's tables that says which member a row is of."""

FEW_TIMELINES = 100
FEW_DRAWS = 30
"""With fewer timelines or draws than these in a condition, its odds are null."""

FEWEST_STRATIFIED = 200
"""Draws from which on the strata count in an error."""

MOST_CONTROLS = 20
"""Most scores that an error is freed from."""

CLEAR = 3.0
"""Standard errors from 0 of a correlation above which a score enters the fit."""

LEAST_LEFT = 0.2
"""Least part of what the fit leaves that the other scores leave too: their part is known to about a fifth."""

LOW, HIGH = 0.05, 0.95
"""The quantiles that an interval goes from and to."""


@dataclass(frozen=True)
class Estimate:
    """One number of the odds.

    Attributes:
        probability: the share, or None if too few timelines bear on it.
        standard_error: Monte Carlo error of it, clustered by draw; None from one draw.
        low: 5% end of the interval; None from one draw.
        high: 95% end.
        count: timelines in the numerator (a sum, where shares are added up); plain ones, of whatever member.
        of: timelines that the share is taken of.
        draws: draws that those come from.
        between_members: share of the interval's variance that is between members; None for one member alone.
    """

    probability: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    count: float
    of: int
    draws: int
    between_members: float | None = None

    def plain(self) -> dict[str, Any]:
        """As `summary.json` holds it."""
        out: dict[str, Any] = {
            "probability": self.probability,
            "standard_error": self.standard_error,
            "interval": None if self.low is None else [self.low, self.high],
            "count": int(self.count) if float(self.count).is_integer() else self.count,
            "of": self.of,
        }
        if self.between_members is not None:
            out["between_members"] = self.between_members
        if self.probability is None:
            out["too_few"] = True
        return out


@dataclass(frozen=True)
class Spread:
    """A share among the timelines of one member.

    Attributes:
        numerator: mean of the numerator a timeline.
        denominator: mean of the denominator a timeline; where it is 0 the member has no share.
        values: equally likely values of the share given a draw.
    """

    numerator: float
    denominator: float
    values: Array


class Rows(NamedTuple):
    """Timelines of one member.

    Attributes:
        place: the rows in the table; a slice where they follow each other, which copies nothing.
        cluster: (n,) number of the draw of each, from 0 without a gap.
        draws: number of draws.
    """

    place: slice | NDArray[np.int64]
    cluster: NDArray[np.int64]
    draws: int


class Clusters:
    """The draws that timelines belong to, and estimates clustered by them.

    Args:
        draw: (n,) number of the draw of each timeline.
        member: (n,) number of the member that each timeline is of; of one alone by default.
        weights: (k,) weight of each member, adding up to 1; that of one alone is 1.
        stratified: scores of the priors that were drawn in strata, a column each; the index has the numbers of draws.
    """

    def __init__(
        self,
        draw: NDArray[np.int64],
        member: NDArray[np.int64] | None = None,
        weights: Array | None = None,
        stratified: pd.DataFrame | None = None,
    ) -> None:
        drawn, self._cluster = np.unique(draw, return_inverse=True)
        self._strata = None if stratified is None else Strata(stratified.loc[drawn].to_numpy())
        self._number = int(self._cluster.max()) + 1 if len(draw) else 0
        self._weights = np.ones(1) if weights is None else np.asarray(weights, dtype=float)
        members = np.zeros(len(draw), np.int64) if member is None else np.asarray(member)
        rows = [np.flatnonzero(members == m) for m in range(len(self._weights))]
        self._whole = [Rows(_as_slice(own), *numbered(self._cluster[own])) for own in rows]

    def _sums(self, x: Array) -> Array:
        return np.bincount(self._cluster, weights=x, minlength=self._number)

    def share(self, what: Any, given: Any = None, *, few: bool = False) -> Estimate:
        """Share of `what` among `given`.

        A timeline without an answer (`what` or `given` is not a number) does not count. A member of such timelines
        alone is left out, and the weights of the others are scaled up to 1; so a split that it has no answer to adds
        up to the share of the whole among the others.

        Args:
            what: (n,) true or false, or a number between 0 and 1, of each timeline.
            given: (n,) true where the timeline counts, or its weight; all by default.
            few: also hold back the share if too few timelines or draws bear on it.
        """
        x = np.asarray(what, dtype=float)
        y = np.ones_like(x) if given is None else np.asarray(given, dtype=float)
        answered = ~(np.isnan(x) | np.isnan(y))
        y = np.where(answered, y, 0.0)
        x = np.where(y > 0, x, 0.0)
        sum_y, total = self._sums(y), float(y.sum())
        numerator, of, draws = float(x.sum()), int((y > 0).sum()), int((sum_y > 0).sum())
        if total == 0 or (few and (of < FEW_TIMELINES or draws < FEW_DRAWS)):
            return Estimate(None, None, None, None, numerator, of, draws)
        if len(self._weights) > 1:
            return self._pooled(x, y, answered, (numerator, of, draws))
        p = numerator / total
        error = self._error(self._sums(x - p * y) / total)
        if error is None:
            return Estimate(p, None, None, None, numerator, of, draws)
        low, high = np.quantile(self._between(x, y, self._cluster, self._number), [LOW, HIGH])
        return Estimate(p, error, float(min(low, p)), float(max(high, p)), numerator, of, draws)

    def mean(self, x: Array) -> tuple[float, float]:
        """Mean of a number that may be negative, over the timelines of one member, with its standard error.

        The error is 0 if there is a single draw.
        """
        mean = float(np.mean(x))
        return mean, self._error(self._sums(x - mean) / len(x)) or 0.0

    def shares(self, what: Mapping[str, Any], given: Any = None, *, few: bool = False) -> dict[str, dict[str, Any]]:
        """Share of each of several things by name, as `summary.json` holds it; see `share`."""
        return {name: self.share(x, given, few=few).plain() for name, x in what.items()}

    def _error(self, sums: Array) -> float | None:
        """Standard error of an estimate from the residuals of each draw, as parts of the estimate."""
        return error_between_draws(sums, self._strata)

    @staticmethod
    def _between(x: Array, y: Array, cluster: NDArray[np.int64], number: int) -> Array:
        """Equally likely values of the share given a draw."""
        part, whole = (np.bincount(cluster, weights=what, minlength=number) for what in (x, y))
        share = part / np.where(whole > 0.0, whole, 1.0)
        squares = np.bincount(cluster, weights=(x - share[cluster] * y) ** 2, minlength=number)
        return quantiles_between_draws(part, whole, squares, np.bincount(cluster, weights=y > 0.0, minlength=number))

    def _pooled(self, x: Array, y: Array, answered: NDArray[np.bool_], raw: tuple[float, int, int]) -> Estimate:
        """A pool's share, with its error and interval; `raw` has the numbers of timelines and draws."""
        rows = [self._answered(m, answered) for m in range(len(self._weights))]
        present = [m for m, own in enumerate(rows) if own.draws]
        weights = self._weights[present] / self._weights[present].sum()
        spreads = [self._member_spread(x[rows[m].place], y[rows[m].place], rows[m]) for m in present]
        top, below = (np.array([getattr(s, name) for s in spreads]) for name in ("numerator", "denominator"))
        total = float(weights @ below)
        if total == 0.0:  # only members of no weight have an answer
            return Estimate(None, None, None, None, *raw)
        p = float(weights @ top) / total
        sums = np.zeros(self._number)
        for m, weight, spread in zip(present, weights, spreads, strict=True):
            own = rows[m].place
            residual = (x[own] - spread.numerator) - p * (y[own] - spread.denominator)
            sums += np.bincount(self._cluster[own], weight / len(residual) * residual, minlength=self._number)
        error = self._error(sums / total)
        if error is None:
            return Estimate(p, None, None, None, *raw)
        low, high, between = mixture(p, weights * below / total, spreads)
        return Estimate(p, error, low, high, *raw, between if len(present) > 1 else None)

    def _member_spread(self, x: Array, y: Array, rows: Rows) -> Spread:
        """A member's share, and its values in each draw."""
        return Spread(float(x.mean()), float(y.mean()), self._between(x, y, rows.cluster, rows.draws))

    def _answered(self, m: int, answered: NDArray[np.bool_]) -> "Rows":
        """The rows of a member that have an answer."""
        whole = self._whole[m]
        kept = answered[whole.place]
        if kept.all():
            return whole
        place = np.arange(len(answered))[whole.place][kept]
        return Rows(place, *numbered(self._cluster[place]))


class Strata:
    """Scores of the priors that were drawn in strata, and the variance that they leave unexplained.

    Args:
        scores: (draws, n) scores of mean 0 and variance 1.
    """

    def __init__(self, scores: Array) -> None:
        self._scores = scores
        self._squares = (scores**2).sum(axis=1)

    def unexplained(self, sums: Array) -> float:
        """The sum of squares over draws that no single score explains, scaled as a variance of their sum.

        The scores that the sums move with most enter a joint least-squares fit, each as a quadratic. Those chosen by
        chance alone are few, and the fit's degrees of freedom are counted. The many others explain little each and are
        more than the draws, so that no fit can hold them. Only the total of their part in what the fit leaves, r, is
        estimated: the sum over scores z of unbiased estimates of the square of the mean of r z (as J. Haseman and
        R. Elston, Behavior Genetics 2, 1972, do for traits that many genes move a little),

            [(sum_d r_d z_d)^2 - sum_d (r_d z_d)^2] / (draws - 1)

        Args:
            sums: (draws,) residuals, which sum to 0.
        """
        scores, number = self._scores, len(sums)
        total = float((sums**2).sum())
        if total <= 0.0:
            return 0.0
        rho = np.abs(scores.T @ sums) / np.sqrt(number * total)
        clear = rho * np.sqrt(number) > CLEAR
        most = np.argsort(-np.where(clear, rho, 0.0), kind="stable")[: min(int(clear.sum()), MOST_CONTROLS)]
        fitted = scores[:, most]
        x = np.column_stack([np.ones(number), fitted, fitted**2])
        residual = sums - x @ np.linalg.lstsq(x.T @ x, x.T @ sums, rcond=None)[0]  # normal equations: far fewer rows
        squares = residual**2
        others = ((scores.T @ residual) ** 2).sum() - (self._squares - (fitted**2).sum(axis=1)) @ squares
        left = max(squares.sum() - others / (number - 1.0), LEAST_LEFT * squares.sum())
        return float(left * number / (number - x.shape[1]))


def error_between_draws(sums: Array, strata: Strata | None) -> float | None:
    """Standard error of an estimate.

    Args:
        sums: (draws,) residuals of each draw, as parts of the estimate; they sum to 0.
        strata: of the draws; None if they are a random sample.

    Returns:
        The error; None from one draw.
    """
    number = len(sums)
    if number < 2:
        return None
    if strata is None or number < FEWEST_STRATIFIED:
        return float(np.sqrt((sums**2).sum() * number / (number - 1)))
    return float(np.sqrt(strata.unexplained(sums)))


def numbered(cluster: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Clusters numbered from 0 without a gap, in the same order, and their number."""
    present = np.bincount(cluster) > 0
    return (np.cumsum(present) - 1)[cluster], int(present.sum())


def _as_slice(rows: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def mixture(p: float, weights: Array, spreads: list[Spread]) -> tuple[float, float, float]:
    """Interval of a mixture of members, and the share of its variance that is between them.

    Args:
        p: mean of the mixture.
        weights: (k,) of the members in it, adding up to 1.
        spreads: of the members.
    """
    values = np.concatenate([s.values for s in spreads])
    masses = np.concatenate([np.full(len(s.values), w / len(s.values)) for w, s in zip(weights, spreads, strict=True)])
    counted = masses > 0.0
    ends = np.quantile(values[counted], [LOW, HIGH], weights=masses[counted], method="inverted_cdf")
    low, high = np.clip(ends, 0.0, 1.0)
    middles = [s.numerator / s.denominator if s.denominator else p for s in spreads]
    between = float(weights @ (np.array(middles) - p) ** 2)
    within = float(weights @ [np.mean((s.values - m) ** 2) for s, m in zip(spreads, middles, strict=True)])
    part = between / (between + within) if between + within > 0.0 else 0.0
    return float(min(low, p)), float(max(high, p)), part


def check_once(timelines: Timelines) -> None:
    """Check that there are timelines, and that none is counted twice.

    Raises:
        InputError: the table is empty, or a timeline stands in it twice.
    """
    if not len(timelines):
        raise InputError("found no timelines; expected at least one", key="timelines")
    if "timeline" not in timelines:
        return
    again = timelines["timeline"].duplicated()
    if again.any():
        number = timelines["timeline"][again].iloc[0]
        what = f"timeline {number} stands in the table twice, as {int(again.sum())} timelines do; expected each once"
        advice = "Give the timelines of one run; for more, ask one run for more timelines"
        raise InputError(what, key="timelines", remedy=advice)


def clusters_of(
    timelines: Timelines, weights: Mapping[str, float] | None = None, stratified: pd.DataFrame | None = None
) -> Clusters:
    """The clusters of a table of timelines: of one member, or of a pool if it has the column `perspective`.

    Args:
        timelines: with `draw`, and of a pool with `perspective`, the member.
        weights: of a pool, the weight of each member by name, adding up to 1; of one member alone none is needed.
        stratified: scores of the priors that were drawn in strata, by draw; without them errors take the draws for a
            random sample.

    Raises:
        InputError: there are no timelines, or some stand in the table twice; there are timelines of several members
            without weights, or weights that are not theirs.
    """
    check_once(timelines)
    draw = timelines["draw"].to_numpy()
    if weights is not None:
        if not isinstance(weights, Mapping):
            raise InputError(f"found {shortened(weights)}; expected a weight for each member by name", key="weights")
        weights = {name: given_number(weight, "weights", name) for name, weight in weights.items()}
    if MEMBER not in timelines:
        if weights is not None and list(weights.values()) != [1.0]:
            what = f"found weights of {', '.join(weights) or 'nobody'}; expected none: the timelines have no members"
            raise InputError(what, key="weights", remedy="Leave the weights out")
        return Clusters(draw, stratified=stratified)
    member = timelines[MEMBER].astype("category").cat.remove_unused_categories()
    names = [str(name) for name in member.cat.categories]
    if len(names) == 1 and weights is None:
        return Clusters(draw, stratified=stratified)
    fits = weights is not None and set(weights) == set(names) and min(weights.values()) >= 0.0
    if weights is None or not fits or abs(sum(weights.values()) - 1.0) > 1e-9:
        found = "none" if weights is None else ", ".join(f"{name} {w:g}" for name, w in weights.items())
        what = f"the timelines belong to {', '.join(names)}, but the weights are {found}"
        advice = "Give each of them a weight, adding up to 1; those of a saved run are its `weights`"
        raise InputError(what, key="weights", remedy=advice)
    return Clusters(
        draw, np.asarray(member.cat.codes, np.int64), np.array([weights[name] for name in names]), stratified
    )
