"""The command `forecast check`."""

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import working


@command
def check(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    perspective: options.Perspective = "base",
    set_: options.Set = None,
) -> Printed:
    """Validate a scenario, also under each reading of its record; show its priors and the year that they imply."""
    from forecast.cli.check_tables import show_check
    from forecast.pipeline import prior_check

    with working() as notify:
        found = prior_check.check(scenario, priors=priors, edits=set_ or (), perspective=perspective, notify=notify)
    return found, lambda console: show_check(found, console)
