"""Which priors the odds turn on: the odds in draws where a number is high against those where it is low.

Within one run, draws that have a number in the highest fifth are compared with those that have it in the lowest. The
difference is what moves with the number, not always what the number itself does: correlated priors move together.
"""

import numpy as np
import pandas as pd

from forecast.scenario.elicit import Array
from forecast.scenario.spec import Scenario
from forecast.timeline.table import HEADLINES

FIFTH = 0.2

COLUMNS = ["name", "low", "high", *HEADLINES, *(f"{h}_error" for h in HEADLINES), "largest", "sureness"]


def influence(timelines: pd.DataFrame, draws: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """What the headline odds do between the lowest and the highest fifth of every prior.

    Args:
        timelines: of one run.
        draws: its draws, of which the timelines use the first ones.
        scenario: for the priors.

    Returns:
        A row for each prior that differs between draws, largest effect first: `name`, `low` and `high` (medians
        of the fifths, in the prior's unit), for each of the headline odds the difference in probability
        (`battlefield`, ...) and its standard error (`battlefield_error`, ...), `largest`, the largest difference
        in absolute value, and `sureness`, the most standard errors that one of them is from 0. Empty with fewer
        than 50 draws.
    """
    shares = pd.get_dummies(timelines["headline"]).astype(float).groupby(timelines["draw"].to_numpy()).mean()
    if len(shares) < 50:
        return pd.DataFrame(columns=COLUMNS)
    p = shares.reindex(columns=list(HEADLINES), fill_value=0.0).to_numpy()
    used = draws.iloc[shares.index.to_numpy()]
    fifth = round(FIFTH * len(used))
    rows = []
    for name in scenario.priors:
        values = used[name].to_numpy()
        order = np.argsort(values, kind="stable")
        low, high = order[:fifth], order[-fifth:]
        if values[low].max() >= values[high].min():
            continue
        difference = p[high].mean(axis=0) - p[low].mean(axis=0)
        error = np.sqrt((p[high].var(axis=0, ddof=1) + p[low].var(axis=0, ddof=1)) / fifth)
        rows.append(
            {"name": name, "low": float(np.median(values[low])), "high": float(np.median(values[high]))}
            | {h: float(difference[k]) for k, h in enumerate(HEADLINES)}
            | {f"{h}_error": float(error[k]) for k, h in enumerate(HEADLINES)}
            | {"largest": float(np.abs(difference).max()), "sureness": sureness(difference, error)}
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values("largest", ascending=False, ignore_index=True, kind="stable")


def sureness(difference: Array, error: Array) -> float:
    """The most standard errors that one of several differences is from 0; one without an error counts for nothing."""
    return float(np.max(np.divide(np.abs(difference), error, out=np.zeros_like(error), where=error > 0)))
