"""Conditions on timelines: on values that are there and on those that are not, and combined."""

import numpy as np
import pandas as pd
import pytest

from forecast.outcomes.conditions import (
    Condition,
    above,
    at_least,
    below,
    equals,
    flag,
    happened,
    number,
    total,
)

TABLE = pd.DataFrame(
    {
        "ending": pd.Categorical(["pause", "still_fighting", "pause", "general_truce"]),
        "signed": pd.to_datetime(["2031-04-01", None, "2031-05-01", None]),
        "engaged": pd.array([True, False, None, True], dtype="boolean"),
        "age": [1.0, 2.0, np.nan, 3.0],
        "steps": [2.0, np.nan, 0.0, 1.0],
    }
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (equals("ending", "pause"), [True, False, True, False]),
        (equals("ending", "unknown"), [False] * 4),
        (happened("signed"), [True, False, True, False]),
        (flag("engaged"), [True, False, False, True]),
        (above("age", 2.0), [False, False, False, True]),
        (at_least("age", 2.0), [False, True, False, True]),
        (below("age", 2.0), [True, False, False, False]),
        (~above("age", 2.0), [True, True, True, False]),
        (happened("signed") & flag("engaged"), [True, False, False, False]),
        (~(happened("signed") & flag("engaged")), [False, True, True, True]),
        (number("steps"), [2.0, 0.0, 0.0, 1.0]),
        (total("steps", "engaged"), [3.0, 0.0, 0.0, 2.0]),
    ],
)
def test_a_condition_of_each_timeline(condition: Condition, expected: list[float]) -> None:
    assert condition.of(TABLE).tolist() == expected
