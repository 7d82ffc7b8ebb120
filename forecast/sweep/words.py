"""Numbers of sweeps in words."""

import math


def points(value: float, error: float) -> str:
    """A share in percent with its standard error."""
    return f"{100.0 * value:.1f}%" + ("" if math.isnan(error) else f" (± {100.0 * error:.1f})")


def signed(value: float, error: float) -> str:
    """A change in points with its standard error."""
    return f"{100.0 * value:+.1f} points" + ("" if math.isnan(error) else f" (± {100.0 * error:.1f})")
