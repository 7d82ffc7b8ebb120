"""From timelines to odds: every share that a run tells, of one member's timelines or of a pool's.

How a share, its error and its interval are worked out stands in `forecast.outcomes.clustering`. The error is an
estimate that takes draws for a random sample: on the reference date they are stratified, and it errs high; later they
are selected by weights, and it is rough where few draws carry the rest. Some members of a pool do not follow the course
of the war but only how it ends: of what they have no answer to, the odds are those of the others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.outcomes.clustering import FEW_DRAWS, FEW_TIMELINES, Array, Clusters, Estimate, clusters_of
from forecast.timeline.codes import OWNERS, PARTIES
from forecast.timeline.week import NEAR_MOSCOW

__all__ = [
    "ENDS", "FEW_DRAWS", "FEW_TIMELINES", "Clusters", "Estimate", "differences", "events", "followed", "headline_odds",
    "odds",
]  # fmt: skip

CEASEFIRE_WEEKS = 4.0
"""Weeks that a general ceasefire must last to count beside the odds."""

ENDS = ("general_truce", "signed", "broken")
"""Recorded events that a member answers for which follows only how the war ends."""


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


def followed(timelines: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether the course of the war was followed in each timeline, or only how it ends: then talks have no entry."""
    return timelines["talks_alive"].notna().to_numpy()


def headline_odds(timelines: pd.DataFrame, weights: Mapping[str, float] | None = None) -> dict[str, dict[str, Any]]:
    """The headline three alone, as `odds` gives them; the arguments are its own."""
    kinds = timelines["headline"]
    return clusters_of(timelines, weights).shares({name: (kinds == name).to_numpy() for name in kinds.cat.categories})


def odds(timelines: pd.DataFrame, weights: Mapping[str, float] | None = None) -> dict[str, Any]:
    """All odds of a run, as plain data; the layout is that of `summary.json`.

    Args:
        timelines: the table of timelines of a run; of a pool's, with the column `perspective`.
        weights: weight of each member of a pool, by name, adding up to 1; those of a saved run are `Run.weights`.

    Returns:
        `odds` (the headline three), `given_resolved`, `endings`, `beside`, `unresolved`, `negotiated`, `defeat`,
        `first_refusal`, `steps_down`, `given` (the headline given each recorded event). Every entry has
        `probability`, `standard_error`, `interval`, `count`, `of`; those that rest on too few timelines are null
        and have `too_few`; from one draw error and interval are null. `count` and `of` are plain timelines; in a pool
        the probability is the weighted mean of the members', and not their quotient. There entries have
        `between_members` too, the part of the interval's variance that is between members.

    Raises:
        InputError: timelines of several members without weights, or weights that are not theirs.
    """
    t = timelines
    clusters = clusters_of(t, weights)
    course = followed(t)

    def known(x: Any) -> Any:
        """What only members that follow the course of the war can tell; of the others it is not a number."""
        return x if course.all() else np.where(course, x, np.nan)

    def of_course(name: str) -> Array:
        """A column of theirs as numbers."""
        return t[name].to_numpy(float, na_value=0.0)

    headline = {name: (t["headline"] == name).to_numpy() for name in t["headline"].cat.categories}
    ending = {name: (t["ending"] == name).to_numpy() for name in t["ending"].cat.categories}
    happened = {name: x if name in ENDS else known(x) for name, x in events(t).items()}
    resolved = ~headline["unresolved"]
    index = t["term_index"].to_numpy()
    near_moscow, near_kyiv = index > NEAR_MOSCOW, index < 1.0 - NEAR_MOSCOW
    defeat, engaged = ending["ukraine_defeated"], of_course("engaged") > 0.0
    alive = of_course("talks_alive") > 0.0
    refused = known(t["first_refusal"].notna().to_numpy())
    down = {cause: known(of_course(f"down_{cause}")) for cause in ("consent", "europe", "hawks", "kyiv")}
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
                "talks_alive": known(alive),
                "washington_engaged": known(engaged),
                "washington_ever_walked_away": happened["walked_away"],
                "negotiated_younger_than_28_days": young,
                "breakthrough": happened["breakthrough"],
                "pocket_lost": happened["pocket_lost"],
                "wider_war": happened["wider_war"],
            }
        ),
        "unresolved": shares(
            {
                "talks_alive_engaged": known(headline["unresolved"] & alive & engaged),
                "talks_alive_walked_away": known(headline["unresolved"] & alive & ~engaged),
                "talks_dead_engaged": known(headline["unresolved"] & ~alive & engaged),
                "talks_dead_walked_away": known(headline["unresolved"] & ~alive & ~engaged),
            }
        ),
        "negotiated": shares(
            {
                "near_kyiv": known(headline["negotiated"] & near_kyiv),
                "in_the_middle": known(headline["negotiated"] & ~near_kyiv & ~near_moscow),
                "near_moscow": known(headline["negotiated"] & near_moscow),
            }
        ),
        "defeat": {
            "trump_engaged": clusters.share(known(engaged), defeat, few=True).plain(),
            "trump_engaged_without_defeat": clusters.share(known(engaged), ~defeat, few=True).plain(),
            "owner": {
                owner: clusters.share(known(of_course(f"owner_{owner}")), defeat, few=True).plain() for owner in OWNERS
            },
        },
        "first_refusal": shares(
            {p: (t["first_refusal"] == p).to_numpy() for p in PARTIES if p != "hawks"}, refused, few=True
        ),
        "steps_down": shares(down, steps, few=True),
        "given": {
            name: {
                "count": int(np.nansum(event)),
                "draws": int(t["draw"][event == 1.0].nunique()),
                "odds": shares(headline, event, few=True),
            }
            for name, event in happened.items()
        },
    }
