"""Differences between two simulations of the same timelines, on the same draws and random numbers."""

import pandas as pd

from forecast.outcomes.clustering import Clusters


def differences(base: pd.DataFrame, other: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """The difference of each outcome's odds between two simulations, and its paired standard error.

    Timeline i of both uses the same draw, replicate and random numbers, so the error of the difference is much smaller
    than that of either. It is clustered by draw.

    Args:
        base: timelines of the first.
        other: the same timelines of the second.
    """
    clusters = Clusters(base["draw"].to_numpy())
    difference, error = {}, {}
    for name in base["headline"].cat.categories:
        moved = (other["headline"] == name).to_numpy(float) - (base["headline"] == name).to_numpy(float)
        difference[name], error[name] = clusters.mean(moved)
    return difference, error
