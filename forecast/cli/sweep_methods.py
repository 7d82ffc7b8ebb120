"""The methods of `forecast sweep` that simulate: each cell of a sweep is a small simulation."""

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import working
from forecast.ensemble.request import DRAW_SEED, SEED, TIMELINES, RunRequest

if TYPE_CHECKING:
    from forecast.sweep.result import SweepResult

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--inputs",
        metavar="NAME",
        help="An input: a parameter as for --fix, or a level; * matches any characters. By commas, or repeated.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="NAME",
        help="An outcome, an ending, an event, or the difference of two, such as battlefield-negotiated; "
        "by default the three outcomes.",
    ),
]
Size = Annotated[
    int,
    typer.Option(
        "--timelines",
        parser=options.count("--timelines"),
        metavar="INTEGER",
        help="Timelines of a cell, of each member.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=options.folder("--out"),
        metavar="DIR",
        help="Folder for the result's files and for the journal of finished cells.",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the journal in the folder of --out.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Simulate on a Dask cluster: tcp://HOST:PORT of its scheduler, or local to start one with two workers.",
    ),
]
Patience = Annotated[
    float,
    typer.Option(
        "--cluster-patience",
        metavar="SECONDS",
        min=1.0,
        help="End with what there is after this time without a sign of life from the cluster.",
    ),
]
PriorOnly = Annotated[bool, typer.Option("--prior-only", help="Leave the series out.")]


def shared(work: Callable[..., Printed], timelines: int = TIMELINES) -> Callable[..., None]:
    """Make a command of a method, with the options that all methods have: they arrive as a request.

    Args:
        work: the method's command; it takes the request, then its own options.
        timelines: of a cell, by default.
    """

    @functools.wraps(work)
    def with_request(
        scenario: str | None,
        priors: Path | None,
        runs: Path | None,
        as_of: str | None,
        perspective: str | None,
        seed: int,
        draw_seed: int,
        threads: int | None,
        timelines: int,
        reading: list[str] | None,
        set_: list[str] | None,
        fix: list[str] | None,
        prior_only: bool,
        cluster: str | None,
        cluster_patience: float,
        **own: Any,
    ) -> Printed:
        request = RunRequest(
            scenario=scenario,
            priors=priors,
            runs=runs,
            as_of=options.day(as_of),
            timelines=timelines,
            seed=seed,
            draw_seed=draw_seed,
            threads=threads,
            perspective=perspective,
            reading=reading or (),
            edits=set_ or (),
            fixed=options.fixed(fix),
            prior_only=prior_only,
        )
        if cluster is None:
            return work(request, **own)
        from forecast.sweep.cluster import on_cluster

        with on_cluster(cluster, cluster_patience):
            return work(request, **own)

    common = {
        "scenario": (options.Scenario, None),
        "priors": (options.Priors, None),
        "runs": (options.Runs, None),
        "as_of": (options.AsOf, None),
        "perspective": (options.Whose, None),
        "seed": (options.Seed, SEED),
        "draw_seed": (options.DrawSeed, DRAW_SEED),
        "threads": (options.Threads, None),
        "timelines": (Size, timelines),
        "reading": (options.Reading, None),
        "set_": (options.Set, None),
        "fix": (options.Fix, None),
        "prior_only": (PriorOnly, False),
        "cluster": (Cluster, None),
        "cluster_patience": (Patience, 60.0),
    }
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(n, keyword, default=d, annotation=a) for n, (a, d) in common.items()]
    own = (p for p in inspect.signature(work).parameters.values() if p.name != "request")
    parameters += [p.replace(kind=keyword) for p in own]
    with_request.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command(with_request)


def finished(
    method: Callable[..., "SweepResult"], columns: Sequence[str], *given: Any, out: Path | None, **own: Any
) -> Printed:
    """Call a method, save its result in a folder if there is one, and print it.

    Args:
        method: called with the arguments, the folder, and a function that reports progress.
        columns: of the main table that a terminal shows.
        given: arguments of the method.
        out: the folder.
        own: further arguments of the method by name.
    """
    from forecast.cli.sweep_tables import printed
    from forecast.sweep.result import save_result

    with working() as notify:
        result = method(*given, out=out, notify=notify, **own)
        saved = () if out is None else save_result(result, out)
    return printed(result, saved, columns)


def listed(given: list[str] | None) -> list[str] | None:
    """Names given by repeated options or by commas; a comma within brackets belongs to an edit."""
    if not given:
        return None
    return [name.strip() for text in given for name in re.split(r",(?![^\[]*\])", text) if name.strip()]


@shared
def tornado(
    request: RunRequest,
    inputs: Inputs = None,
    output: Output = None,
    keep: Annotated[
        int,
        typer.Option(
            "--keep",
            parser=options.count("--keep"),
            metavar="INTEGER",
            help="Inputs that are simulated with all timelines, after all were screened with fewer.",
        ),
    ] = 50,
    screen: Annotated[
        int,
        typer.Option(
            "--screen",
            parser=options.count("--screen"),
            metavar="INTEGER",
            help="Timelines of a cell in the screening.",
        ),
    ] = 1000,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """Each input at its 5% and at its 95% quantile, one at a time, and with its declared correlates.

    An edit of a prior, NAME.FIELD=VALUE, is an input too. By default all parameters are screened.
    """
    from forecast.sweep.tornado import tornado as made

    columns = ("input", "moved", "output", "low", "high", "difference", "difference_error", "changed")
    given = request, listed(inputs), output
    return finished(made, columns, *given, kept=keep, screen=screen, out=out, resume=resume)


Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--inputs",
        metavar="NAME[=LOW:HIGH[:STEPS]]",
        help="An input and its values; by default within its prior's range. Several by commas, or repeated.",
    ),
]


@shared
def grid(
    request: RunRequest,
    inputs: Axes = None,
    output: Output = None,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """One or two inputs over ranges, with the same draws and random numbers everywhere."""
    from forecast.sweep.grid import grid as made

    columns = ("first", "second", "output", "value", "value_error", "change", "change_error")
    return finished(made, columns, request, listed(inputs) or [], output, out=out, resume=resume)


@shared
def threshold(
    request: RunRequest,
    inputs: Axes = None,
    output: Annotated[str, typer.Option("--output", metavar="NAME", help="As for the other methods.")] = "battlefield",
    crosses: Annotated[
        float, typer.Option("--crosses", metavar="SHARE", help="The level, as a share: 0.1 is 10%.")
    ] = 0.5,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """The value of an input at which an output, or the difference of two, crosses a level, with its interval."""
    from forecast.sweep.threshold import threshold as made

    columns = ("value", "low", "high", "rising", "slope", "found")
    return finished(made, columns, request, listed(inputs) or [], output, float(crosses), out=out, resume=resume)


@shared
def sobol(
    request: RunRequest,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--inputs",
            metavar="NAME",
            help="A parameter, a level, a group of groups.toml, or GROUP.PART; by default all groups. By commas, or "
            "repeated.",
        ),
    ] = None,
    output: Output = None,
    base: Annotated[
        int,
        typer.Option(
            "--base", parser=options.count("--base"), metavar="INTEGER", help="Pairs of draws: a power of two."
        ),
    ] = 1024,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="SET", help="Simulate only this set of the design. Repeatable."),
    ] = None,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """Shares of the variance of the odds: first, total and second order, by input or by group, without noise.

    Timelines of a cell are doubled, up to --timelines, until every total index has a standard error of 0.015.
    """
    from forecast.sweep.sobol import sobol as made

    columns = ("set", "parameters", "output", "first", "first_error", "total", "total_error")
    return finished(made, columns, request, listed(inputs), output, base=base, only=only, out=out, resume=resume)


@shared
def crux(
    request: RunRequest,
    between: Annotated[
        list[str] | None,
        typer.Option("--between", metavar="ONE,OTHER", help="Two perspectives: names, or .toml files; base is one."),
    ] = None,
    output: Output = None,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """Why two perspectives differ: the Shapley share of each group of judgements in the difference of the odds."""
    from forecast.sweep.crux import crux as made

    columns = ("group", "label", "changed", "output", "points", "points_error")
    return finished(made, columns, request, listed(between) or [], output, out=out, resume=resume)


@functools.partial(shared, timelines=1000)
def morris(
    request: RunRequest,
    inputs: Inputs = None,
    output: Output = None,
    trajectories: Annotated[
        int,
        typer.Option(
            "--trajectories",
            parser=options.count("--trajectories"),
            metavar="INTEGER",
            help="Paths through the inputs.",
        ),
    ] = 10,
    out: Out = None,
    resume: Resume = False,
) -> Printed:
    """Elementary effects: cheap screening of many inputs or groups, with the noise of the simulator removed."""
    from forecast.sweep.morris import morris as made

    columns = ("input", "output", "mu", "mu_error", "mu_star", "rms", "sigma", "noise")
    given = request, listed(inputs), output
    return finished(made, columns, *given, trajectories=trajectories, out=out, resume=resume)
