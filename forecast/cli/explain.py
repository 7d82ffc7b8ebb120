"""The command `forecast explain`."""

from forecast.cli import options
from forecast.cli.console import set_verbosity, show


def explain(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    perspective: options.Perspective = "base",
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Explain the week in order: each part with its equations, parameters, units and premises."""
    set_verbosity(verbose, quiet)
    from forecast.cli.explain_tables import show_explanation
    from forecast.docs_pages import explanation

    found = explanation.explain(scenario, priors=priors, perspective=perspective)
    show(found, as_json, lambda console: show_explanation(found, console))
