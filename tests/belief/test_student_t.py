"""Student's t: the density for numbers and for tensors."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats

from forecast.belief.student_t import TAIL_DEGREES, log_density


@pytest.mark.parametrize("freedom", [TAIL_DEGREES, 1.0, 23.0])
def test_log_density_is_that_of_scipy(freedom):
    x, scale = np.array([-900.0, -1.0, 0.0, 2.5]), np.array([1.0, 0.3, 7.0, 2.0])
    assert np.allclose(log_density(x, freedom), stats.t.logpdf(x, freedom))
    assert np.allclose(log_density(x / scale, freedom) - np.log(scale), stats.t.logpdf(x, freedom, scale=scale))


def test_log_density_of_tensors_is_that_of_numbers():
    x = np.array([-3.0, 0.0, 0.5])
    found = log_density(pt.constant(x), log1p=pt.log1p).eval(mode="FAST_COMPILE")
    assert np.allclose(found, log_density(x))
