"""The command `forecast explain`."""

from forecast.cli import options
from forecast.cli.command import Printed, command


@command
def explain(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    perspective: options.Perspective = "base",
) -> Printed:
    """Explain the week in order: each part with its equations, parameters, units and premises."""
    from forecast.cli.explain_tables import show_explanation
    from forecast.docs_pages import explanation

    found = explanation.explain(scenario, priors=priors, perspective=perspective)
    return found, lambda console: show_explanation(found, console)
