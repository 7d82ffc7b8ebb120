"""The methods of `forecast sweep` that read a saved run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli import options
from forecast.cli.command import Printed, command
from forecast.cli.console import working

if TYPE_CHECKING:
    from forecast.store.run_folder import Run
    from forecast.sweep.result import SweepResult

ARun = Annotated[str, typer.Argument(metavar="[RUN]", help="Name of a run, `latest` or `previous`.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        metavar="NAME",
        help="battlefield, negotiated or unresolved, an ending, or an event such as signed; by default all three.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        parser=options.folder("--out"),
        metavar="DIR",
        help="Folder to save the result in; by default the files attached to the run.",
    ),
]

CHANGED = ("output", "probability", "standard_error", "without", "without_error", "change", "change_error")
"""Columns of the odds under a condition or an edit that a terminal shows; the files have all."""

DISCOVERED = ("rule", "density", "density_error", "coverage", "coverage_error", "fit_density", "fit_coverage")
"""Columns of the rules that a terminal shows."""

READ = ("reading", "output", "probability", "standard_error", "as_coded", "change", "change_error")
"""Columns of the odds under readings that a terminal shows."""


@command
def given(
    run: ARun = "latest",
    given_: Annotated[
        str,
        typer.Option(
            "--given",
            metavar="CONDITION",
            help='A condition on the columns of timelines.parquet, such as "signed <= 2025-06-30 and '
            'attention_average < q10". Operators: < <= > >= = != in; and, or, not, parentheses; never for an event '
            "that does not come.",
        ),
    ] = "",
    output: Output = None,
    out: Out = None,
    runs: options.Runs = None,
) -> Printed:
    """Odds of a saved run where a condition on its timelines holds, beside the odds without it."""
    from forecast.store.saved_run import open_run
    from forecast.sweep.given import given as odds_given
    from forecast.sweep.result import text_key

    with working():
        opened = open_run(run, runs)
        result = odds_given(opened, given_, output)
        return _saved(result, opened, out, f"given-{text_key(result.about['given'], output or '')}", CHANGED)


@command
def discover(
    run: ARun = "latest",
    output: Annotated[
        str,
        typer.Option("--output", metavar="NAME", help="battlefield, negotiated or unresolved, an ending, or an event."),
    ] = "negotiated",
    landmark: Annotated[
        str,
        typer.Option(
            "--landmark",
            metavar="4w|13w|26w",
            help="Weeks after the as-of date at which levels and events are read; only timelines that go on count.",
        ),
    ] = "13w",
    method: Annotated[
        str,
        typer.Option("--method", metavar="tree|prim", help="A scikit-learn tree, or PRIM of the EMA Workbench."),
    ] = "tree",
    out: Out = None,
    runs: options.Runs = None,
) -> Printed:
    """If-then rules of a saved run under which an output is likelier, measured in draws that they were not found in."""
    from forecast.store.saved_run import open_run
    from forecast.sweep.discover import discover as rules_of

    with working():
        opened = open_run(run, runs)
        result = rules_of(opened, output, landmark=landmark, method=method)
        return _saved(result, opened, out, f"discover-{output}-{landmark}-{method}", DISCOVERED)


@command
def reweight(
    run: ARun = "latest",
    set_: options.Set = None,
    output: Output = None,
    out: Out = None,
    runs: options.Runs = None,
) -> Printed:
    """Odds of a saved run under a changed prior, without simulating again: importance weights on its draws."""
    from forecast.store.saved_run import open_run
    from forecast.sweep.result import text_key
    from forecast.sweep.reweight import reweight as reweighted

    with working():
        opened = open_run(run, runs)
        result = reweighted(opened, set_ or [], output)
        return _saved(result, opened, out, f"reweight-{text_key(*(set_ or []), output or '')}", CHANGED)


@command
def readings(
    run: ARun = "latest",
    reading: options.Reading = None,
    output: Output = None,
    threads: options.Threads = None,
    out: Out = None,
    runs: options.Runs = None,
) -> Printed:
    """Odds of a saved run under each second reading of its chronology, or under those that --reading names."""
    from forecast.store.saved_run import open_run
    from forecast.sweep.readings import readings as under_readings
    from forecast.sweep.result import text_key

    with working() as notify:
        opened = open_run(run, runs)
        result = under_readings(opened, reading or (), output, threads=threads, notify=notify)
        return _saved(result, opened, out, f"readings-{text_key(*(reading or []), output or '')}", READ)


def _saved(result: "SweepResult", run: "Run", out: Path | None, name: str, columns: tuple[str, ...]) -> Printed:
    """Save a result in a folder, or as files attached to the run, and print it."""
    from forecast.cli.sweep_tables import printed
    from forecast.sweep.result import attach_result, save_result

    paths = attach_result(result, run, name) if out is None else save_result(result, out, name)
    return printed(result, paths, columns)
