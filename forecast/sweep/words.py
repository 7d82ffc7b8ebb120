"""Numbers of sweeps in words."""

import math


def points(value: float, error: float) -> str:
    """A share in percent with its standard error."""
    return f"{100.0 * value:.1f}%" + ("" if math.isnan(error) else f" (± {100.0 * error:.1f})")


def signed(value: float, error: float) -> str:
    """A change in points with its standard error."""
    return f"{100.0 * value:+.1f} points" + ("" if math.isnan(error) else f" (± {100.0 * error:.1f})")


def percent_and_error(share: float | None, error: float | None) -> str:
    """A share of a saved run in percent with its standard error in points."""
    if share is None:
        return "too few to say"
    return f"{100.0 * share:.1f}%" + ("" if error is None else f" ± {100.0 * error:.1f}")


def change_and_error(change: float, error: float | None) -> str:
    """A change of a share of a saved run in points with its standard error."""
    return f"{100 * change:+.1f} ± {100 * (error or 0.0):.1f} points"
