"""The command `forecast check`."""

from forecast.cli import options
from forecast.cli.console import set_verbosity, show, working


def check(
    scenario: options.Scenario = None,
    priors: options.Priors = None,
    runs: options.Runs = None,
    perspective: options.Perspective = "base",
    set_: options.Set = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Validate a scenario; show each prior as elicited and as fitted, and what the priors imply for a year."""
    set_verbosity(verbose, quiet)
    from forecast.cli.check_tables import show_check
    from forecast.pipeline import prior_check

    with working() as tell:
        found = prior_check.check(scenario, priors=priors, edits=set_ or [], perspective=perspective, tell=tell)
    show(found, as_json, lambda console: show_check(found, console))
