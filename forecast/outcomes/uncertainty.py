"""The parts of the uncertainty of the odds that single priors hold.

The variance of an outcome's odds is that between draws, with the noise of finitely many timelines taken out, and in a
pool that between members beside it. The share that lies between members is `between_members` of the odds
(`clustering`); the rest lies within members, in proportion to w_m variance_m. A prior's share of a member's variance is
the first-order share of `influence`.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.conditions import Timelines
from forecast.outcomes.influence import shares_of_draws, variance_between

HELD_ABOVE = 0.05
"""Share of the variance of the odds above which a prior is named as holding a part of the uncertainty."""


def parts_of_variance(
    effects: Mapping[str, pd.DataFrame],
    of_member: Mapping[str, Timelines],
    weights: Mapping[str, float] | None,
    between_members: Mapping[str, float],
) -> dict[str, pd.DataFrame | None]:
    """The parts of the variance of each outcome's odds that priors hold.

    Args:
        effects: of each member, from `influence`.
        of_member: timelines of each member.
        weights: of a pool, the weight of each member.
        between_members: by outcome, the share of the variance that lies between members; 0 for one alone.

    Returns:
        For each of `HEADLINES` a table with `name`, `share` and `share_error` of the priors that clearly hold more than
        `HELD_ABOVE`, largest first, summed over members. None where nothing can be said: with too few draws, or without
        any variance.
    """
    if all(table.empty for table in effects.values()):
        return dict.fromkeys(HEADLINES)
    names = list(of_member)
    variance = np.zeros((len(names), len(HEADLINES)))
    for m, name in enumerate(names):
        shares, sizes = shares_of_draws(of_member[name])
        if len(sizes) > 1:
            variance[m] = (1.0 if weights is None else weights[name]) * variance_between(shares.to_numpy(), sizes)
    total = variance.sum(axis=0)
    found: dict[str, pd.DataFrame | None] = dict.fromkeys(HEADLINES)
    for k, kind in enumerate(HEADLINES):
        if total[k] > 0.0:
            parts = (1.0 - between_members[kind]) * variance[:, k] / total[k]
            found[kind] = _held(kind, effects, dict(zip(names, parts, strict=True)))
    return found


def _held(kind: str, effects: Mapping[str, pd.DataFrame], parts: Mapping[str, float]) -> pd.DataFrame:
    """The shares of an outcome's variance that priors hold, given the part of it that lies within each member."""
    each = [
        pd.DataFrame(
            {
                "name": table["name"],
                "share": parts[member] * table[f"{kind}_share"],
                "squared": (parts[member] * table[f"{kind}_share_error"]) ** 2,
            }
        )
        for member, table in effects.items()
        if not table.empty
    ]
    held = pd.concat(each).groupby("name", sort=False, as_index=False).sum()
    held["share_error"] = np.sqrt(held.pop("squared"))
    clear = held["share"] > np.maximum(HELD_ABOVE, 2.0 * held["share_error"])
    return held[clear].sort_values("share", ascending=False, ignore_index=True, kind="stable")
