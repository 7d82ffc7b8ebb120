"""The command that repeats a run."""

import shlex

from forecast.ensemble.request import DRAW_SEED, SEED, RunRequest


def command_to_repeat(request: RunRequest, timelines: int) -> str:
    """The command that makes the run of a request with a number of timelines, for a POSIX shell.

    Args:
        request: the request; its precision and its time budget are left out.
        timelines: number of timelines, in a pool of each member.
    """
    words = ["forecast", "run"]
    if request.scenario is not None:
        words.append(str(request.scenario))
    for option, value, default in (
        ("--priors", request.priors, None),
        ("--runs", request.runs, None),
        ("--as-of", request.as_of, None),
        ("--timelines", timelines, None),
        ("--seed", request.seed, SEED),
        ("--draw-seed", request.draw_seed, DRAW_SEED),
        ("--perspective", request.perspective, None),
        *(("--reading", reading, None) for reading in request.reading),
        *(("--set", edit, None) for edit in request.edits),
        *(("--fix", f"{name}={value!r}", None) for name, value in request.fixed.items()),
    ):
        if value != default:
            words += [option, str(value)]
    words += ["--prior-only"] * request.prior_only + ["--allow-unconverged"] * request.allow_unconverged
    return shlex.join(words)
