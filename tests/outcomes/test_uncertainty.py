"""The parts of the variance of the odds, against sums by hand."""

import numpy as np
import pandas as pd
import pytest

from forecast.encoding.timeline_table import HEADLINES
from forecast.outcomes.influence import variance_between
from forecast.outcomes.uncertainty import parts_of_variance

NEGOTIATED = HEADLINES[1]


def table(*negotiated: int) -> pd.DataFrame:
    """Timelines of draws, ten of each, with that many negotiated and the others unresolved."""
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(len(negotiated)), 10),
            "headline": [NEGOTIATED if k < n else HEADLINES[2] for n in negotiated for k in range(10)],
        }
    )


def held(**shares: float) -> pd.DataFrame:
    """The table of a member's effects in which priors hold these shares of each variance, each with an error of 1%."""
    each = {f"{kind}_share": list(shares.values()) for kind in HEADLINES}
    errors = {f"{kind}_share_error": [0.01] * len(shares) for kind in HEADLINES}
    return pd.DataFrame({"name": list(shares), **each, **errors})


def variance(*negotiated: int) -> float:
    return float(variance_between(np.array(negotiated)[:, None] / 10, np.full(len(negotiated), 10.0))[0])


def test_two_members_and_their_priors() -> None:
    a, b = (0, 2, 10, 8), (1, 9, 0, 10, 10)
    effects = {"a": held(first=0.5, second=0.02), "b": held(second=0.6, first=0.3)}
    between = dict.fromkeys(HEADLINES, 0.2)
    parts = parts_of_variance(effects, {"a": table(*a), "b": table(*b)}, {"a": 0.25, "b": 0.75}, between)
    within = np.array([0.25 * variance(*a), 0.75 * variance(*b)])
    within *= 0.8 / within.sum()
    priors = parts[NEGOTIATED]
    assert priors is not None
    assert list(priors["name"]) == ["second", "first"]
    by_hand = {"first": within @ [0.5, 0.3], "second": within @ [0.02, 0.6]}
    assert dict(zip(priors["name"], priors["share"], strict=True)) == pytest.approx(by_hand)
    assert priors["share_error"].to_numpy() == pytest.approx(0.01 * np.hypot(*within))
    assert parts["battlefield"] is None


def test_small_and_uncertain_shares_are_not_named() -> None:
    effects = held(large=0.5, small=0.04, uncertain=0.2)
    effects["negotiated_share_error"] = [0.1, 0.001, 0.11]
    alone = dict.fromkeys(HEADLINES, 0.0)
    found = parts_of_variance({"base": effects}, {"base": table(0, 10, 5, 0)}, None, alone)[NEGOTIATED]
    assert found is not None
    assert list(found["name"]) == ["large"]


def test_with_too_few_draws_nothing_is_said() -> None:
    none = held().iloc[:0]
    found = parts_of_variance({"base": none}, {"base": table(1, 2)}, None, dict.fromkeys(HEADLINES, 0.0))
    assert found == dict.fromkeys(HEADLINES)
