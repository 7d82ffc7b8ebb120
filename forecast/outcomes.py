"""From timelines to odds: each with its Monte Carlo error and an interval of what we do not know.

Timelines come in clusters: those of one draw share what is not known. With p_d the share among the timelines of
draw d:

- the standard error is that of the mean of clusters, sqrt(sum_d (sum_i e_i)^2) / n, e_i = x_i - p;
- the interval is the 5 to 95% range over draws of ``p + (p_d - p) sqrt(max(0, V_between) / V_total)``, V_total the
  variance of the p_d and V_between what is left of it when the luck of finitely many timelines a draw is taken off;
  clipped to [0, 1] and widened to hold p. It says how far the odds could move if we knew what we do not know, the
  model taken as given. It is not an error of the simulation.

The standard error says how far another set of draws and luck might move the odds; it is an upper bound, since draws are
stratified and vary less than the independent ones it supposes, and more timelines of the same draws remove only a part.

A ratio (odds given an event, shares of a total) is treated alike, by its linearised residuals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.timeline.codes import OWNERS, PARTIES
from forecast.timeline.week import NEAR_MOSCOW

Array = NDArray[np.float64]

FEW_TIMELINES = 100
FEW_DRAWS = 30
"""With fewer timelines or draws than these in a condition its odds are not told."""

CEASEFIRE_WEEKS = 4.0
"""Weeks that a general ceasefire must last to count beside the odds."""


@dataclass(frozen=True)
class Estimate:
    """One number of the odds.

    Attributes:
        probability: the share, or None if too few timelines bear on it.
        standard_error: Monte Carlo error of it, clustered by draw.
        low: 5% end of the interval of what we do not know.
        high: 95% end.
        count: timelines in the numerator (a sum, where shares are added up).
        of: timelines that the share is taken of.
        draws: draws that those come from.
    """

    probability: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    count: float
    of: int
    draws: int

    def plain(self) -> dict[str, Any]:
        """As `summary.json` holds it."""
        out: dict[str, Any] = {
            "probability": self.probability,
            "standard_error": self.standard_error,
            "interval": None if self.low is None else [self.low, self.high],
            "count": int(self.count) if float(self.count).is_integer() else self.count,
            "of": self.of,
        }
        if self.probability is None:
            out["too_few"] = True
        return out


class Clusters:
    """The draws that timelines belong to, and estimates clustered by them."""

    def __init__(self, draw: NDArray[np.int64]) -> None:
        _, self._cluster = np.unique(draw, return_inverse=True)
        self._number = int(self._cluster.max()) + 1 if len(draw) else 0

    def _sums(self, x: Array) -> Array:
        return np.bincount(self._cluster, weights=x, minlength=self._number)

    def share(self, what: Any, given: Any = None, *, few: bool = False) -> Estimate:
        """Share of `what` among `given`.

        Args:
            what: (n,) true or false, or a number between 0 and 1, of each timeline.
            given: (n,) true where the timeline counts, or its weight; all by default.
            few: also hold back the share if too few timelines or draws bear on it.
        """
        x = np.asarray(what, dtype=float)
        y = np.ones_like(x) if given is None else np.asarray(given, dtype=float)
        x = np.where(y > 0, x, 0.0)
        sum_y, total = self._sums(y), float(y.sum())
        numerator, of, draws = float(x.sum()), int((y > 0).sum()), int((sum_y > 0).sum())
        if total == 0 or (few and (of < FEW_TIMELINES or draws < FEW_DRAWS)):
            return Estimate(None, None, None, None, numerator, of, draws)
        p = numerator / total
        error, low, high = self._spread(x - p * y, p, total)
        return Estimate(p, error, low, high, numerator, of, draws)

    def shares(self, what: Mapping[str, Any], given: Any = None, *, few: bool = False) -> dict[str, dict[str, Any]]:
        """Share of each of several things by name, as `summary.json` holds it; see `share`."""
        return {name: self.share(x, given, few=few).plain() for name, x in what.items()}

    def _spread(self, e: Array, p: float, total: float) -> tuple[float, float, float]:
        """Standard error and interval from residuals e that sum to 0; `total` is the denominator."""
        if self._number < 2:
            return 0.0, p, p
        sums, sizes = self._sums(e), self._sums(np.ones_like(e))
        error = float(np.sqrt((sums**2).sum() * self._number / (self._number - 1)) / total)
        # p_d = p + mean residual of the draw, relative to the mean denominator a timeline.
        scale = total / len(e)
        deviation = sums / sizes / scale
        within = np.maximum(self._sums(e**2) - sums**2 / sizes, 0.0) / np.maximum(sizes - 1, 1)
        v_total = float(np.average(deviation**2, weights=sizes)) * self._number / (self._number - 1)
        v_luck = float(np.average(within / sizes, weights=sizes)) / scale**2
        if v_total <= 0.0:
            return error, p, p
        shrink = np.sqrt(max(0.0, v_total - v_luck) / v_total) if sizes.min() > 1 else 0.0
        low, high = np.clip(p + np.quantile(deviation, [0.05, 0.95]) * shrink, 0.0, 1.0)
        return error, float(min(low, p)), float(max(high, p))


def differences(base: pd.DataFrame, other: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """What each headline odds does from one simulation to another of the same cells, and its paired standard error.

    Timeline i of both uses the same draw, replicate and luck, so that the error of the difference is much smaller than
    that of either; it is clustered by draw.

    Args:
        base: timelines of the first.
        other: the same timelines of the second.
    """
    clusters = Clusters(base["draw"].to_numpy())
    difference, error = {}, {}
    for name in base["headline"].cat.categories:
        moved = (other["headline"] == name).to_numpy(float) - (base["headline"] == name).to_numpy(float)
        estimate = clusters.share(moved)
        difference[name], error[name] = estimate.probability or 0.0, estimate.standard_error or 0.0
    return difference, error


def events(timelines: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Every recorded event: whether it happened in each timeline. Names are those of the columns of first dates."""
    skip = {"last_date", "limited_last", "general_last"}
    found = {
        name: timelines[name].notna().to_numpy()
        for name in timelines.columns
        if timelines[name].dtype.kind == "M" and name not in skip
    }
    found["limited_truce"] = found.pop("limited_first")
    found["general_truce"] = found.pop("general_first")
    return found


def odds(timelines: pd.DataFrame) -> dict[str, Any]:
    """All odds of a run, as plain data; the layout is that of `summary.json`.

    Args:
        timelines: the table of timelines of a run.

    Returns:
        `odds` (the headline three), `given_resolved`, `endings`, `beside`, `unresolved`, `negotiated`, `defeat`,
        `first_refusal`, `steps_down`, `given` (the headline given each recorded event). Every entry has
        `probability`, `standard_error`, `interval`, `count`, `of`; those that rest on too few timelines are null
        and have `too_few`.
    """
    t = timelines
    clusters = Clusters(t["draw"].to_numpy())
    headline = {name: (t["headline"] == name).to_numpy() for name in t["headline"].cat.categories}
    ending = {name: (t["ending"] == name).to_numpy() for name in t["ending"].cat.categories}
    happened = events(t)
    resolved = ~headline["unresolved"]
    index = t["term_index"].to_numpy()
    near_moscow, near_kyiv = index > NEAR_MOSCOW, index < 1.0 - NEAR_MOSCOW
    defeat, engaged = ending["ukraine_defeated"], t["engaged"].to_numpy()
    alive = t["talks_alive"].to_numpy()
    refused = t["first_refusal"].notna().to_numpy()
    down = {cause: t[f"down_{cause}"].to_numpy().astype(float) for cause in ("consent", "europe", "hawks", "kyiv")}
    steps = np.sum(list(down.values()), axis=0)
    young = headline["negotiated"] & (t["settlement_age"].to_numpy() < CEASEFIRE_WEEKS)

    shares = clusters.shares
    return {
        "odds": shares(headline),
        "given_resolved": shares({name: headline[name] for name in ("battlefield", "negotiated")}, resolved, few=True),
        "endings": shares(ending),
        "beside": shares(
            {
                "ever_signed": happened["signed"],
                "signed_and_broken": happened["broken"],
                "ceasefire_28_days": t["truce_longest"].to_numpy() >= CEASEFIRE_WEEKS,
                "limited_truce": happened["limited_truce"],
                "still_fighting": ending["still_fighting"],
                "general_truce_without_agreement": ending["general_truce"],
                "talks_alive": alive,
                "washington_engaged": engaged,
                "washington_ever_walked_away": happened["walked_away"],
                "negotiated_younger_than_28_days": young,
                "breakthrough": happened["breakthrough"],
                "kursk_expelled": happened["kursk_expelled"],
                "wider_war": happened["wider_war"],
            }
        ),
        "unresolved": shares(
            {
                "talks_alive_engaged": headline["unresolved"] & alive & engaged,
                "talks_alive_walked_away": headline["unresolved"] & alive & ~engaged,
                "talks_dead_engaged": headline["unresolved"] & ~alive & engaged,
                "talks_dead_walked_away": headline["unresolved"] & ~alive & ~engaged,
            }
        ),
        "negotiated": shares(
            {
                "near_kyiv": headline["negotiated"] & near_kyiv,
                "in_the_middle": headline["negotiated"] & ~near_kyiv & ~near_moscow,
                "near_moscow": headline["negotiated"] & near_moscow,
            }
        ),
        "defeat": {
            "trump_engaged": clusters.share(engaged, defeat, few=True).plain(),
            "trump_engaged_without_defeat": clusters.share(engaged, ~defeat, few=True).plain(),
            "owner": {
                owner: clusters.share(t[f"owner_{owner}"].fillna(0.0).to_numpy(), defeat, few=True).plain()
                for owner in OWNERS
            },
        },
        "first_refusal": shares(
            {p: (t["first_refusal"] == p).to_numpy() for p in PARTIES if p != "hawks"}, refused, few=True
        ),
        "steps_down": shares(down, steps, few=True),
        "given": {
            name: {
                "count": int(event.sum()),
                "draws": int(t["draw"][event].nunique()),
                "odds": shares(headline, event, few=True),
            }
            for name, event in happened.items()
        },
    }
