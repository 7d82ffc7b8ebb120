"""Odds of how a war ends, from dated evidence and stated premises.

These functions do the steps of the command in Python::

    scenario = load_scenario("ukraine-2025")
    posterior = update(scenario)
    simulation = simulate(scenario, posterior, timelines=20_000, seed=1)
    odds(simulation.timelines)["odds"]["negotiated"]

``open_run("latest").timelines`` reads the timelines of a saved run.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forecast.belief.assemble import update
    from forecast.ensemble.simulated import simulate
    from forecast.outcomes.shares import odds
    from forecast.scenario.load import load_scenario
    from forecast.store.saved_run import open_run

__all__ = ["load_scenario", "odds", "open_run", "simulate", "update"]

_WHERE = {
    "load_scenario": "forecast.scenario.load",
    "update": "forecast.belief.assemble",
    "simulate": "forecast.ensemble.simulated",
    "odds": "forecast.outcomes.shares",
    "open_run": "forecast.store.saved_run",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `forecast --help` does not wait for any of them."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)
