"""Log weights of draws: their mean and their effective sample size."""

import numpy as np

from forecast.arrays import Array


def log_mean(log_weight: Array) -> Array:
    """Log of the mean weight over the draws, the first axis; -inf where all weights are 0."""
    most = np.maximum(log_weight.max(axis=0), np.finfo(float).min)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(log_weight - most).mean(axis=0)) + most)


def effective_size(log_weight: Array) -> float:
    """Effective sample size of (n,) log weights, 1 / sum of squared weights; 0 if all weights are 0."""
    if not np.isfinite(log_weight).any():
        return 0.0
    weight = np.exp(log_weight - log_weight.max())
    return float(weight.sum() ** 2 / np.sum(weight**2))
