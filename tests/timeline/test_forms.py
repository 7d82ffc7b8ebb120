"""The forms that parts share: worked by hand."""

import math

import pytest
from part_tools import logistic, near, ratio

from forecast.timeline import forms
from forecast.timeline.fields import WEEKS_PER_YEAR, to_kernel


def test_forms() -> None:
    assert forms.decay(4.0, 8.0) == near(0.25)
    assert forms.revert(3.0, 1.0, 10.0, 10.0, 0.0) == near(2.0)
    assert forms.revert(3.0, 1.0, 10.0, 10.0, 2.0) == near(2.0 + 2 * math.sqrt(0.75))
    assert forms.bounded(1.5, 1.5) == near(1.5 / math.sqrt(2))
    assert forms.ratio(0.7) == near(ratio(0.7))
    assert forms.wide_ratio(-0.7) == near(ratio(-0.7, 12))
    assert forms.logistic(-2.0) == near(logistic(-2))
    assert forms.logistic(-800.0) == 0.0
    for x in (0.0, 1e-9, -0.3, 7.0, -1e9):
        assert forms.asinh(x) == pytest.approx(math.asinh(x), rel=1e-14, abs=1e-15)
    assert forms.logistic(800.0) == 1.0


def test_intensities_become_weekly_rates() -> None:
    rate = to_kernel("chance/year", 0.2)
    assert 1 - math.exp(-rate * WEEKS_PER_YEAR) == near(0.2)
    assert to_kernel("1/year", 2.0) * WEEKS_PER_YEAR == near(2.0)
    assert to_kernel("weeks", 3.0) == 3.0
